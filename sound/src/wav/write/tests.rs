//! Written files are read back, after any interruption.

use super::*;
use crate::wav::{Finding, Health, Notes, Wav};
use proptest::prelude::*;
use std::io::Cursor;

/// A disk that records each write and takes a limited number of bytes.
#[derive(Debug)]
struct Disk {
    file: Cursor<Vec<u8>>,
    room_bytes: usize,
    writes: Vec<(usize, Vec<u8>)>,
}

impl Disk {
    fn of(room_bytes: usize) -> Disk {
        Disk { file: Cursor::new(Vec::new()), room_bytes, writes: Vec::new() }
    }

    fn bytes(&self) -> &[u8] {
        self.file.get_ref()
    }

    /// The file after so many writes, and so many bytes of the next.
    fn after(&self, writes: usize, bytes: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let whole = self.writes.iter().take(writes).map(|(at, write)| (*at, &write[..]));
        let part = self.writes.get(writes).map(|(at, write)| (*at, &write[..bytes]));
        for (at, write) in whole.chain(part) {
            file.resize(file.len().max(at + write.len()), 0);
            file[at..at + write.len()].copy_from_slice(write);
        }
        file
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at = self.file.position() as usize;
        let taken = bytes.len().min(self.room_bytes.saturating_sub(at));
        if taken == 0 && !bytes.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        self.writes.push((at, bytes[..taken].to_vec()));
        self.file.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

prop_compose! {
    fn shape()(
        channels in prop::sample::select(vec![1, 2, 3, 8, 32]),
        sample_rate_hz in prop::sample::select(vec![8_000, 44_100, 48_000, 192_000]),
        depth in prop::sample::select(vec![Depth::Int16, Depth::Int24, Depth::Float32]),
    ) -> WavShape {
        WavShape { channels, sample_rate_hz, depth }
    }
}

fn mark(frame: u64, label: &str) -> Mark {
    Mark { frame, label: label.to_owned() }
}

fn program() -> Info {
    Info(vec![(*b"ISFT", "busker".to_owned()), (*b"ICMT", "odd".to_owned())])
}

/// Audio that is no text and no zeros.
fn audio(shape: WavShape, frames: u64) -> Vec<u8> {
    (0..frames * shape.frame_bytes()).map(|at| (at as u8).wrapping_mul(37) | 0x80).collect()
}

fn wav_of(bytes: &[u8]) -> (Wav, Notes) {
    let mut file = Cursor::new(bytes);
    let wav = Wav::read(&mut file).unwrap();
    let notes = Notes::read(&mut file, &wav).unwrap();
    (wav, notes)
}

/// The file after its repair, which is then valid.
fn mended(bytes: &[u8]) -> (Vec<u8>, Wav, Notes) {
    let mut file = Cursor::new(bytes.to_vec());
    if let Some(repair) = Wav::read(&mut file).unwrap().repair {
        repair.write(&mut file).unwrap();
    }
    let bytes = file.into_inner();
    let (wav, notes) = wav_of(&bytes);
    assert_eq!(wav.health(), Health::Sound, "{:?}", wav.findings);
    assert_eq!(wav.data.unwrap().start, AUDIO_AT);
    (bytes, wav, notes)
}

proptest! {
    #[test]
    fn a_written_file_is_read_back(
        shape in shape(),
        parts in prop::collection::vec(0..50_u64, 0..6),
        has_origin in any::<bool>(),
        labels in prop::collection::vec("\\PC{0,20}", 0..80),
        texts in prop::collection::vec("\\PC{1,20}", 0..4),
    ) {
        let origin = Origin { description: "a take".into(), time_reference: u64::MAX - 7, ..Origin::default() };
        let origin = has_origin.then_some(origin);
        let all = audio(shape, parts.iter().sum());
        let mut wav = WavFile::create(Cursor::new(Vec::new()), shape, origin.as_ref()).unwrap();
        let mut rest = &all[..];
        for frames in parts {
            let (part, after) = rest.split_at((frames * shape.frame_bytes()) as usize);
            wav.write(part).unwrap();
            wav.make_true(&[]).unwrap();
            let (told, _) = wav_of(wav.file().get_ref());
            prop_assert_eq!((told.health(), told.said_frames()), (Health::Sound, Some(wav.frames())));
            prop_assert!(told.findings.iter().all(|finding| matches!(finding, Finding::NoPadByte | Finding::NoFrames)));
            rest = after;
        }
        let frames = wav.frames();
        let place = |at: usize| at as u64 * frames / labels.len() as u64;
        let marks: Vec<_> = labels.iter().enumerate().map(|(at, label)| mark(place(at), label)).collect();
        let info = Info(texts.into_iter().map(|text| (*b"ICMT", text)).collect());
        let (file, done) = wav.finish(&marks, &info);
        done.unwrap();
        let (wav, notes) = wav_of(file.get_ref());
        prop_assert!(wav.findings.iter().all(|finding| matches!(finding, Finding::NoFrames)), "{:?}", wav.findings);
        prop_assert_eq!((wav.health(), wav.said_frames()), (Health::Sound, Some(frames)));
        let format = wav.format.unwrap();
        prop_assert_eq!(
            (format.channels, format.sample_rate_hz, format.bits),
            (shape.channels, shape.sample_rate_hz, shape.depth.bits()),
        );
        prop_assert_eq!(&file.get_ref()[AUDIO_AT as usize..][..all.len()], &all[..]);
        prop_assert_eq!(notes, Notes { origin, marks, info });
        // hound agrees.
        let mut theirs = hound::WavReader::new(Cursor::new(file.get_ref())).unwrap();
        prop_assert_eq!((u64::from(theirs.duration()), theirs.spec().channels), (frames, shape.channels));
        let read: Vec<u8> = match shape.depth {
            Depth::Float32 => theirs.samples::<f32>().flat_map(|sample| sample.unwrap().to_le_bytes()).collect(),
            depth => theirs.samples::<i32>().flat_map(|s| s.unwrap().to_le_bytes()[..depth.bytes()].to_vec()).collect(),
        };
        prop_assert_eq!(all, read);
    }

    /// A kill between any two writes, and within those that are longer than a page of header.
    #[test]
    fn a_kill_at_any_moment_leaves_the_audio_that_was_written(shape in shape(), frames in 2..40_u64, torn in any::<bool>()) {
        let all = audio(shape, frames);
        let marks: Vec<_> = (0..frames).map(|at| mark(at, if at % 2 == 0 { "odd" } else { "" })).collect();
        let mut wav = WavFile::create(Disk::of(usize::MAX), shape, None).unwrap();
        let half = (frames / 2 * shape.frame_bytes()) as usize;
        wav.write(&all[..half]).unwrap();
        wav.make_true(&marks[..(frames / 2) as usize]).unwrap();
        wav.write(&all[half..]).unwrap();
        let (disk, done) = wav.finish(&marks, &program());
        done.unwrap();
        for writes in 1..=disk.writes.len() {
            // A page is written as one; audio and tail may end anywhere.
            let next = disk.writes.get(writes).filter(|(at, _)| *at > 0).map_or(0, |(_, write)| write.len());
            for part in 0..if torn { next.max(1) } else { 1 } {
                let (bytes, wav, notes) = mended(&disk.after(writes, part));
                let there = wav.data.unwrap().bytes as usize;
                prop_assert!(there <= all.len());
                prop_assert_eq!(&bytes[AUDIO_AT as usize..][..there], &all[..there], "{} + {}", writes, part);
                // create, write, make_true, write
                let want = match writes {
                    1 => (part.min(half) as u64) / shape.frame_bytes(),
                    2 => frames / 2,
                    3 => frames / 2 + part as u64 / shape.frame_bytes(),
                    _ => frames,
                };
                prop_assert_eq!(wav.frames(), Some(want), "{} + {}", writes, part);
                prop_assert!(marks.starts_with(&notes.marks));
                if writes > 4 {
                    prop_assert_eq!(&notes.marks, &marks);
                }
            }
        }
    }

    #[test]
    fn a_full_disk_keeps_every_written_frame(
        shape in shape(), frames in 1..20_u64, short in 0..700_usize, frees in any::<bool>(),
    ) {
        let all = audio(shape, frames);
        let room = (AUDIO_AT as usize + all.len() + 250).saturating_sub(short).max(AUDIO_AT as usize);
        let mut wav = WavFile::create(Disk::of(room), shape, None).unwrap();
        let written = wav.write(&all);
        let there = ((room as u64 - AUDIO_AT) / shape.frame_bytes()).min(frames);
        prop_assert_eq!(wav.frames(), there);
        prop_assert_eq!(written.is_ok(), there == frames);
        let marks = [mark(0, "begin"), mark(there, "disk full")];
        wav.make_true(&marks).unwrap();
        let (told, notes) = wav_of(wav.file().bytes());
        prop_assert_eq!((told.health(), told.said_frames()), (Health::Sound, Some(there)), "{:?}", told.findings);
        prop_assert_eq!(&notes.marks[..], &marks[..]);
        let mut want = &all[..(there * shape.frame_bytes()) as usize];
        if frees {
            wav.file.room_bytes = usize::MAX;
            wav.write(&all[want.len()..]).unwrap();
            want = &all;
        }
        let (disk, done) = wav.finish(&marks, &program());
        let (told, notes) = wav_of(disk.bytes());
        let there = want.len() as u64 / shape.frame_bytes();
        prop_assert_eq!((told.health(), told.said_frames()), (Health::Sound, Some(there)), "{:?}", told.findings);
        prop_assert_eq!(&disk.bytes()[AUDIO_AT as usize..][..want.len()], want);
        prop_assert_eq!(&notes.marks[..], &marks[..]);
        prop_assert_eq!(notes.info, if done.is_ok() { program() } else { Info::default() });
        prop_assert!(done.is_ok() || !frees);
    }
}

const STEREO: WavShape = WavShape { channels: 2, sample_rate_hz: 48_000, depth: Depth::Int24 };

#[test]
fn a_call_is_one_write_and_the_header_is_one_page() {
    let mut wav = WavFile::create(Disk::of(usize::MAX), STEREO, Some(&Origin::default())).unwrap();
    wav.write(&[0x81; 600]).unwrap();
    wav.write(&[]).unwrap();
    wav.make_true(&[mark(3, "here")]).unwrap();
    wav.write(&[0x81; 60]).unwrap();
    let (disk, done) = wav.finish(&[mark(3, "here")], &program());
    done.unwrap();
    let writes: Vec<_> = disk.writes.iter().map(|(at, write)| (*at, write.len())).collect();
    let page = (0, 4096);
    assert_eq!(writes, [page, (4096, 600), page, (4696, 60), page, (4756, writes[5].1), page]);
}

#[test]
fn the_first_marks_stay_if_not_all_have_room() {
    let marks: Vec<_> = (0..20_000).map(|at| mark(at, &format!("mark {at}"))).collect();
    let shape = WavShape { channels: 1, depth: Depth::Int16, ..STEREO };
    let history = "A=PCM\r\n".repeat(1000);
    let origin = Origin { coding_history: history, ..Origin::default() };
    let mut wav = WavFile::create(Cursor::new(Vec::new()), shape, Some(&origin)).unwrap();
    wav.write(&[0x81; 40_000]).unwrap();
    wav.make_true(&marks).unwrap();
    let (_, notes) = wav_of(wav.file().get_ref());
    assert!(notes.marks.len() > 40, "{} marks in the header", notes.marks.len());
    assert!(marks.starts_with(&notes.marks));
    let (file, done) = wav.finish(&marks, &Info::default());
    done.unwrap();
    let (told, notes) = wav_of(file.get_ref());
    assert_eq!(told.health(), Health::Sound);
    assert_eq!(notes.marks, marks[..10_000]);
}

#[test]
fn the_room_ends_before_four_gibibytes_with_place_for_the_chunks() {
    let mut wav = WavFile::create(tempfile::tempfile().unwrap(), STEREO, None).unwrap();
    let all = wav.room_frames();
    assert!((AUDIO_AT + all * 6 + (1 << 20)..=1 << 32).contains(&((1 << 32) - 1)));
    // As if they had been written: the file is sparse.
    wav.frames = all - 1;
    assert_eq!(wav.room_frames(), 1);
    assert_eq!(wav.write(&[0x81; 12]).unwrap_err().kind(), ErrorKind::FileTooLarge);
    wav.write(&[0x81; 6]).unwrap();
    assert_eq!((wav.room_frames(), wav.frames()), (0, all));
    let long = "x".repeat(1000);
    let marks: Vec<_> = (0..20_000).map(|at| mark(all - at, &long)).collect();
    let info = Info(vec![(*b"ICMT", "x".repeat(1 << 20)); 3]);
    let (mut file, done) = wav.finish(&marks, &info);
    done.unwrap();
    let told = Wav::read(&mut file).unwrap();
    assert_eq!((told.health(), told.said_frames()), (Health::Sound, Some(all)), "{:?}", told.findings);
    assert!(told.file_bytes < 1 << 32);
    let notes = Notes::read(&mut file, &told).unwrap();
    assert!(notes.marks.len() > 3000);
    assert!(notes.info.get(b"ICMT").is_some_and(|text| text.len() > 60_000));
}

#[test]
fn partial_frames_and_shapes_no_header_can_hold_are_refused() {
    let mut wav = WavFile::create(Cursor::new(Vec::new()), STEREO, None).unwrap();
    assert_eq!(wav.write(&[0; 5]).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!((wav.frames(), wav.file().get_ref().len()), (0, 4096));
    for (channels, sample_rate_hz) in [(0, 48_000), (2, 0), (u16::MAX, 48_000), (1024, u32::MAX)] {
        let shape = WavShape { channels, sample_rate_hz, ..STEREO };
        let error = WavFile::create(Cursor::new(Vec::new()), shape, None).unwrap_err();
        assert_eq!(error.to_string(), format!("no WAV file can hold {shape}"));
    }
}

#[test]
fn the_text_of_a_depth_reads_back() {
    for depth in [Depth::Int16, Depth::Int24, Depth::Float32] {
        assert_eq!(depth.to_string().parse(), Ok(depth));
    }
    assert_eq!("32".parse(), Ok(Depth::Float32));
    let error = "20".parse::<Depth>().unwrap_err();
    assert_eq!(error.to_string(), "'20' is not a bit depth: write 16, 24 or 32f");
}
