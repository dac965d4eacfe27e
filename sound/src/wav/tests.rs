//! Reading and repair of complete, interrupted, damaged and random files.

use super::*;
use proptest::prelude::*;
use std::{
    fs::File,
    io::{Cursor, SeekFrom, Write},
    time::Instant,
};

/// A file to be built.
#[derive(Clone, Debug)]
struct Plan {
    tag: u16,
    bits: u16,
    channels: u16,
    extensible: bool,
    is_64: bool,
    before: Vec<(ChunkId, Vec<u8>)>,
    after: Vec<(ChunkId, Vec<u8>)>,
    audio: Vec<u8>,
}

/// A built file, and the offset of its audio.
#[derive(Clone, Debug)]
struct Built {
    bytes: Vec<u8>,
    start: usize,
    frame: usize,
}

fn push(bytes: &mut Vec<u8>, id: &[u8; 4], content: &[u8]) {
    bytes.extend(id);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes.extend(vec![0; content.len() % 2]);
}

impl Plan {
    fn frame(&self) -> usize {
        usize::from(self.channels * self.bits / 8)
    }

    fn built(&self) -> Built {
        let frame = self.frame();
        let mut format = Vec::new();
        let tag = if self.extensible { 0xFFFE } else { self.tag };
        for word in [tag, self.channels] {
            format.extend(word.to_le_bytes());
        }
        format.extend(48_000_u32.to_le_bytes());
        format.extend((48_000 * frame as u32).to_le_bytes());
        for word in [frame as u16, self.bits] {
            format.extend(word.to_le_bytes());
        }
        if self.extensible {
            format.extend([22, 0]);
            format.extend(self.bits.to_le_bytes());
            format.extend([0; 4]);
            format.extend(self.tag.to_le_bytes());
            format.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }
        let mut bytes = if self.is_64 { b"RF64\xFF\xFF\xFF\xFFWAVE".to_vec() } else { b"RIFF0000WAVE".to_vec() };
        if self.is_64 {
            push(&mut bytes, b"ds64", &[0; 28]);
        }
        for (id, content) in &self.before {
            push(&mut bytes, &id.0, content);
        }
        push(&mut bytes, b"fmt ", &format);
        let start = bytes.len() + 8;
        push(&mut bytes, b"data", &self.audio);
        for (id, content) in &self.after {
            push(&mut bytes, &id.0, content);
        }
        let riff = bytes.len() as u64 - 8;
        if self.is_64 {
            bytes[start - 4..start].fill(0xFF);
            bytes[20..28].copy_from_slice(&riff.to_le_bytes());
            bytes[28..36].copy_from_slice(&(self.audio.len() as u64).to_le_bytes());
        } else {
            bytes[4..8].copy_from_slice(&(riff as u32).to_le_bytes());
        }
        Built { bytes, start, frame }
    }
}

impl Built {
    /// Writes the size of the audio to the field of the container.
    fn say(&mut self, data: u64, riff: u64) {
        if self.bytes.starts_with(b"RF64") {
            self.bytes[20..28].copy_from_slice(&riff.to_le_bytes());
            self.bytes[28..36].copy_from_slice(&data.to_le_bytes());
        } else {
            self.bytes[4..8].copy_from_slice(&(riff as u32).to_le_bytes());
            self.bytes[self.start - 4..self.start].copy_from_slice(&(data as u32).to_le_bytes());
        }
    }
}

fn chunks() -> impl Strategy<Value = Vec<(ChunkId, Vec<u8>)>> {
    let id = prop::sample::select(vec![*b"LIST", *b"bext", *b"cue ", *b"JUNK"]);
    prop::collection::vec((id.prop_map(ChunkId), prop::collection::vec(any::<u8>(), 0..40)), 0..3)
}

prop_compose! {
    fn plan()(
        (tag, bits) in prop::sample::select(vec![(1, 8), (1, 16), (1, 24), (1, 32), (3, 32)]),
        channels in prop::sample::select(vec![1, 2, 3, 8, 32]),
        extensible in any::<bool>(),
        is_64 in prop::bool::weighted(0.3),
        before in chunks(),
        after in chunks(),
        frames in 0..60_usize,
        // Audio that looks like chunks is a case of its own.
        seed in any::<u8>(),
    ) -> Plan {
        let frame = usize::from(channels * bits / 8);
        let audio = (0..frames * frame).map(|at| (at as u8).wrapping_mul(37).wrapping_add(seed) | 0x80).collect();
        Plan { tag, bits, channels, extensible, is_64, before, after, audio }
    }
}

fn read(bytes: &[u8]) -> Wav {
    Wav::read(&mut Cursor::new(bytes)).unwrap()
}

/// The file after its repair; checks that only sizes change, and that nothing is left to repair.
fn repaired(bytes: &[u8]) -> Vec<u8> {
    let wav = read(bytes);
    let mut file = Cursor::new(bytes.to_vec());
    if let Some(repair) = &wav.repair {
        assert_eq!(wav.health(), Health::NeedsRepair);
        repair.write(&mut file).unwrap();
    }
    let after = file.into_inner();
    assert_eq!(after.len(), bytes.len(), "the file has another length");
    let fields: Vec<_> = wav.repair.iter().flat_map(|repair| &repair.fields).collect();
    for (at, _) in bytes.iter().zip(&after).enumerate().filter(|(_, (a, b))| a != b) {
        let is_field = fields.iter().any(|(from, field)| {
            let bytes = if matches!(field, SizeField::Short(_)) { 4 } else { 8 };
            (*from..*from + bytes).contains(&(at as u64))
        });
        assert!(is_field, "byte {at} was changed");
    }
    let again = read(&after);
    assert_eq!(again.repair, None, "{again:?} after {wav:?}");
    assert_eq!(again.health(), if wav.health() == Health::Beyond { Health::Beyond } else { Health::Sound });
    if wav.repair.is_some() {
        assert_eq!(again.data.map(|data| (data.start, data.bytes)), wav.data.map(|data| (data.start, data.bytes)));
        assert_eq!(again.said_frames(), again.frames());
    }
    after
}

proptest! {
    #[test]
    fn a_valid_file_is_read_to_the_frame_and_not_changed(plan in plan()) {
        let Built { bytes, start, frame } = plan.built();
        let wav = read(&bytes);
        prop_assert_eq!((wav.health(), &wav.repair), (Health::Sound, &None), "{:?}", wav.findings);
        prop_assert_eq!(wav.frames(), Some((plan.audio.len() / frame) as u64));
        prop_assert_eq!(wav.data.map(|data| data.start), Some(start as u64));
        let of_plan = plan.before.len() + plan.after.len() + 2 + usize::from(plan.is_64);
        prop_assert_eq!(wav.chunks.len(), of_plan);
        prop_assert_eq!(repaired(&bytes), bytes);
    }

    #[test]
    fn an_interrupted_recording_keeps_every_whole_frame(
        // One byte more than an odd size is its pad byte, even where a frame is a byte.
        mut plan in plan().prop_filter("a frame is a byte", |plan| plan.frame() > 1),
        said in 0..4_u8, share in 0.0..1.0_f64, cut in 0..100_usize,
    ) {
        plan.after.clear();
        let mut built = plan.built();
        // Without its pad byte, as it is while it is written.
        built.bytes.truncate(built.start + plan.audio.len());
        let frames = plan.audio.len() / built.frame;
        let said_bytes = ((frames as f64 * share) as usize * built.frame) as u64;
        built.say(match said {
            0 => 0,
            1 => u64::from(u32::MAX),
            2 => said_bytes,
            _ => plan.audio.len() as u64,
        }, if said == 0 { 0 } else { said_bytes + built.start as u64 - 8 });
        let there = plan.audio.len().saturating_sub(cut);
        built.bytes.truncate(built.start + there);
        let after = repaired(&built.bytes);
        let wav = read(&after);
        prop_assert_eq!(wav.health(), Health::Sound);
        prop_assert_eq!(wav.frames(), Some((there / built.frame) as u64), "{:?}", wav);
        prop_assert_eq!(wav.said_frames(), wav.frames());
        prop_assert_eq!(&after[built.start..], &built.bytes[built.start..]);
        // hound knows no RF64, and no pad bytes of chunks it skips.
        let is_even = plan.before.iter().all(|(_, content)| content.len() % 2 == 0);
        if !plan.is_64 && is_even {
            let theirs = hound::WavReader::new(Cursor::new(&after)).unwrap();
            prop_assert_eq!(u64::from(theirs.duration()), (there / built.frame) as u64);
            prop_assert_eq!(theirs.spec().channels, plan.channels);
        }
    }

    #[test]
    fn one_repair_is_enough_for_any_damage(
        plan in plan(),
        cut in prop::option::of(0..2000_usize),
        flips in prop::collection::vec((0..2000_usize, any::<u8>()), 0..4),
        in_header in prop::collection::vec((0..120_usize, prop::sample::select(vec![0, 1, 2, 0x7F, 0xFF])), 0..6),
        more in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = plan.built().bytes;
        bytes.truncate(cut.unwrap_or(usize::MAX));
        bytes.extend(more);
        for (at, byte) in flips.into_iter().chain(in_header) {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        repaired(&bytes);
    }

    #[test]
    fn any_bytes_may_be_read(bytes in prop::collection::vec(any::<u8>(), 0..400), is_wav in any::<bool>()) {
        let mut bytes = bytes;
        if is_wav {
            bytes.splice(0..0, b"RIFF\0\0\0\0WAVE".iter().copied());
        }
        repaired(&bytes);
    }

    /// Random chunks of real files: they are read far.
    #[test]
    fn any_chunks_may_be_read(
        is_64 in any::<bool>(),
        parts in prop::collection::vec(prop_oneof![
            (prop::sample::select(vec![*b"fmt ", *b"data", *b"ds64", *b"LIST", *b"zzzz", *b"ID3\x04", *b"\0\0\0\0"]),
                prop_oneof![
                    prop::sample::select(vec![0, 16, 28, 40, u32::MAX - 1, u32::MAX]), 0..60_u32, any::<u32>(),
                ])
                .prop_map(|(id, size)| [&id[..], &size.to_le_bytes()].concat()),
            Just(b"\x01\0\x02\0\x80\xBB\0\0\0\0\0\0\x04\0\x10\0".to_vec()),
            Just(b"\x01\0\x01\0\x80\xBB\0\0\0\0\0\0\x01\0\x08\0".to_vec()),
            Just(b"\x01\0\x01\0\x80\xBB\0\0\0\0\0\0\x03\0\x18\0".to_vec()),
            prop::collection::vec(any::<u8>(), 0..70),
        ], 0..12),
    ) {
        let head: &[u8] = if is_64 { b"RF64\xFF\xFF\xFF\xFFWAVE" } else { b"RIFF\0\0\0\0WAVE" };
        repaired(&[head, &parts.concat()].concat());
    }
}

fn stereo(frames: usize) -> Plan {
    let audio = vec![0x81; frames * 6];
    let (before, after) = (Vec::new(), Vec::new());
    Plan { tag: 1, bits: 24, channels: 2, extensible: false, is_64: false, before, after, audio }
}

fn told(bytes: &[u8]) -> String {
    let wav = read(bytes);
    repaired(bytes);
    let findings: Vec<String> = wav.findings.iter().map(ToString::to_string).collect();
    format!("{:?}: {}", wav.health(), findings.join("; "))
}

#[test]
fn every_fault_has_its_sentence() {
    let sound = stereo(10).built();
    let changed = |change: &dyn Fn(&mut Built)| {
        let mut built = sound.clone();
        change(&mut built);
        told(&built.bytes)
    };
    let list = |id: &[u8; 4], bytes| Plan { after: vec![(ChunkId(*id), vec![0; bytes])], ..stereo(10) }.built();
    let fmt = |at: usize, byte: u8| changed(&|built| built.bytes[20 + at] = byte);
    let cases: Vec<(String, &str)> = vec![
        (told(&sound.bytes), "Sound: "),
        (told(b""), "Beyond: the file is empty: nothing was written to it"),
        (told(b"fLaC"), "Beyond: not a WAV file: it does not begin with RIFF or RF64 and WAVE"),
        (told(b"RIFX\0\0\0\0WAVE"), "Beyond: big-endian WAV (RIFX) is not supported: convert it, for example with sox"),
        (told(b"RIFF\0\0\0\0AVI LIST"), "Beyond: not a WAV file: it does not begin with RIFF or RF64 and WAVE"),
        (told(b"RIFF\0\0"), "Beyond: the header is cut off: the file ends after 6 bytes"),
        (told(b"RIFF\0\0\0\0WAVE"), "Beyond: there is no chunk 'data' with audio"),
        (told(&sound.bytes[..40]), "Beyond: the header is cut off: the file ends after 40 bytes"),
        (told(&sound.bytes[..30]), "Beyond: the chunk 'fmt ' at byte 12 declares 16 bytes, more than the file has"),
        (changed(&|built| built.bytes[12] = 7), "Beyond: no chunk at byte 12, where one should begin"),
        (
            changed(&|built| built.bytes[12] = b'F'),
            "Beyond: the sample format is unknown: no chunk 'fmt ' before the audio",
        ),
        (fmt(0, 2), "Sound: 24 bits format 0x0002, 2 channels, 48000 Hz: sample format not supported"),
        (
            fmt(12, 7),
            "Beyond: the chunk 'fmt ' contradicts itself: 24 bits PCM, 2 channels, 48000 Hz, 7 bytes per frame",
        ),
        (told(&stereo(0).built().bytes), "Sound: it contains no audio"),
        (
            changed(&|built| built.say(0, 0)),
            "NeedsRepair: the header declares 0 bytes of audio; the file has 60; \
             the header declares the end of the file at byte 8; it is at 104",
        ),
        (
            changed(&|built| built.say(u64::from(u32::MAX), 96)),
            "NeedsRepair: the header has no audio size; the file has 60 bytes of audio",
        ),
        (
            told(&sound.bytes[..sound.bytes.len() - 2]),
            "NeedsRepair: the header declares 60 bytes of audio; the file has 54; \
             4 bytes after the end belong to no chunk; they are kept; \
             the header declares the end of the file at byte 104; it is at 98",
        ),
        (
            changed(&|built| built.say(57, 93)),
            "NeedsRepair: the header declares 57 bytes of audio; the file has 60; \
             the header declares the end of the file at byte 101; it is at 104",
        ),
        (
            changed(&|built| {
                built.bytes.truncate(102);
                built.say(58, 94);
            }),
            "NeedsRepair: the audio ends with an incomplete frame of 4 bytes; \
             4 bytes after the end belong to no chunk; they are kept; \
             the header declares the end of the file at byte 102; it is at 98",
        ),
        (
            changed(&|built| built.bytes.extend([0x81; 13])),
            "NeedsRepair: the header declares 60 bytes of audio; the file has 72; \
             1 bytes after the end belong to no chunk; they are kept; \
             the header declares the end of the file at byte 104; it is at 116",
        ),
        (
            changed(&|built| built.bytes.extend(b"ID3\x04\0\0\0\0\0\x10")),
            "Sound: another program's tag of 10 bytes follows the end",
        ),
        (told(&list(b"LIST", 20).bytes), "Sound: "),
        (
            told(&list(b"LIST", 20).bytes[..120]),
            "NeedsRepair: the chunk 'LIST' after the audio is cut off; it is ignored; \
             the header declares the end of the file at byte 132; it is at 104",
        ),
        (
            told(&list(b"data", 20).bytes),
            "Beyond: there is a second chunk 'data' at byte 104: which one holds the take is unknown",
        ),
        (told(&list(b"fmt ", 20).bytes), "Sound: there is more than one chunk 'fmt '; the first counts"),
        (
            changed(&|built| built.bytes[..4].copy_from_slice(b"RF64")),
            "Beyond: the chunk 'ds64' with the sizes of an RF64 file is missing or cut",
        ),
    ];
    for (told, want) in cases {
        assert_eq!(told, want);
    }
}

#[test]
fn an_odd_size_without_its_pad_byte_is_valid_as_for_every_reader() {
    let mut plan = stereo(0);
    (plan.channels, plan.audio) = (1, vec![0x81; 33]);
    let mut built = plan.built();
    assert_eq!(told(&built.bytes), "Sound: ");
    built.bytes.pop();
    let odd = "Sound: the audio has an odd size and no pad byte after it; readers accept that";
    assert_eq!(told(&built.bytes), odd);
    built.say(33, built.bytes.len() as u64 - 8);
    assert_eq!(told(&built.bytes), odd);
    // Chunks that begin at the odd end are found, too.
    push(&mut built.bytes, b"LIST", &[0; 4]);
    built.say(33, built.bytes.len() as u64 - 8);
    assert_eq!(told(&built.bytes), odd);
    assert_eq!(read(&built.bytes).chunks.len(), 3);
}

#[test]
fn a_file_with_only_chunks_is_left_after_a_thousand() {
    let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
    (0..5000).for_each(|_| push(&mut bytes, b"JUNK", b""));
    let wav = read(&bytes);
    assert_eq!((wav.health(), wav.chunks.len()), (Health::Beyond, CHUNKS_MAX));
    let mut after = stereo(10).built().bytes;
    (0..5000).for_each(|_| push(&mut after, b"JUNK", b""));
    let wav = read(&after);
    assert_eq!((wav.health(), wav.chunks.len()), (Health::Beyond, CHUNKS_MAX));
}

/// Counts the bytes read.
struct Counted<F>(F, u64);

impl<F: Read> Read for Counted<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.read(buffer)?;
        self.1 += bytes as u64;
        Ok(bytes)
    }
}

impl<F: Seek> Seek for Counted<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// A file of this length with the header of an interrupted recording, sparse on the disk.
fn sparse(is_64: bool, file_bytes: u64) -> File {
    let mut built = Plan { is_64, ..stereo(0) }.built();
    built.say(0, 0);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&built.bytes).unwrap();
    file.set_len(file_bytes).unwrap();
    file
}

#[test]
fn a_gibibyte_takes_a_moment_because_only_the_header_is_read() {
    let file_bytes = 1 << 30;
    let mut file = Counted(sparse(false, file_bytes), 0);
    let begun = Instant::now();
    let wav = Wav::read(&mut file).unwrap();
    wav.repair.as_ref().unwrap().write(&mut file.0).unwrap();
    file.0.sync_all().unwrap();
    assert!(begun.elapsed().as_secs_f64() < 1.0);
    assert!(file.1 < 1024, "{} bytes were read", file.1);
    let wav = Wav::read(&mut file).unwrap();
    assert_eq!((wav.health(), wav.frames()), (Health::Sound, Some((file_bytes - 44) / 6)));
    assert_eq!(file.0.metadata().unwrap().len(), file_bytes);
}

#[test]
fn past_four_gibibytes_only_64_bit_sizes_are_possible() {
    let file_bytes = 5 << 30;
    for is_64 in [false, true] {
        let mut file = sparse(is_64, file_bytes);
        let wav = Wav::read(&mut file).unwrap();
        wav.repair.as_ref().unwrap().write(&mut file).unwrap();
        let wav = Wav::read(&mut file).unwrap();
        assert_eq!((wav.health(), &wav.repair), (Health::Sound, &None));
        let start = wav.data.unwrap().start;
        let most = if is_64 { file_bytes } else { u64::from(u32::MAX) + 8 };
        let short = (most - start) / 6 - wav.frames().unwrap();
        assert!(short <= 2, "{short} frames less than there is place for");
        let is_told = wav.findings.iter().any(|finding| matches!(finding, Finding::PastFourGib { .. }));
        assert_eq!(is_told, !is_64);
    }
}
