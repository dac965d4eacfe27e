//! Reading of complete, broken and random notes.

use super::*;
use proptest::prelude::*;
use std::io::{Cursor, SeekFrom};

/// A file of these chunks and one frame of audio before the last of them.
fn file_of(before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xBB\0\0\0\x77\x01\0\x02\0\x10\0".to_vec();
    bytes.extend(before);
    bytes.extend(b"data\x02\0\0\0\x81\x81");
    bytes.extend(after);
    let riff = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&riff.to_le_bytes());
    bytes
}

/// Counts the bytes read.
struct Counted(Cursor<Vec<u8>>, usize);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.read(buffer)?;
        self.1 += bytes;
        Ok(bytes)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// The notes of any bytes, which are bounded.
fn notes(bytes: &[u8]) -> Notes {
    let mut file = Counted(Cursor::new(bytes.to_vec()), 0);
    let wav = Wav::read(&mut file).unwrap();
    file.1 = 0;
    let notes = Notes::read(&mut file, &wav).unwrap();
    assert!(file.1 <= 4 << 20, "{} bytes were read", file.1);
    assert!(notes.marks.len() <= MARKS_MAX);
    assert!(notes.marks.iter().all(|mark| mark.frame <= wav.frames().unwrap_or_default()));
    notes
}

fn mark(frame: u64, label: &str) -> Mark {
    Mark { frame, label: label.to_owned() }
}

proptest! {
    #[test]
    fn an_origin_is_read_as_it_was_written(
        description in "[ -~\r\n]{0,256}", originator in "[ -~]{0,32}", date in "[0-9-]{10}", time in "[0-9:]{8}",
        time_reference in any::<u64>(), coding_history in "[ -~\r\n]{0,1024}",
    ) {
        let originator_reference = originator.chars().rev().collect();
        let origin =
            Origin { description, originator, originator_reference, date, time, time_reference, coding_history };
        let chunk = encode::origin(&origin);
        prop_assert_eq!(chunk.len() % 2, 0);
        prop_assert_eq!(notes(&file_of(&chunk, b"")).origin, Some(origin.clone()));
        prop_assert_eq!(notes(&file_of(b"", &chunk)).origin, Some(origin));
    }

    #[test]
    fn any_text_is_cut_to_its_field_and_has_no_control_characters(text in any::<String>(), more in "\\PC{0,600}") {
        let text = text + &more;
        let [description, originator, coding_history] = [(); 3].map(|()| text.clone());
        let chunk = encode::origin(&Origin { description, originator, coding_history, ..Origin::default() });
        let origin = notes(&file_of(&chunk, b"")).origin.unwrap();
        prop_assert!(origin.description.is_ascii());
        prop_assert_eq!(origin.description.len(), plain(&text).chars().count().min(256));
        prop_assert_eq!(origin.originator.len(), plain(&text).chars().count().min(32));
        let marks = encode::marks(&[mark(1, &text)], 4096);
        let label = &notes(&file_of(b"", &marks)).marks[0].label;
        let shown = plain(&text);
        prop_assert_eq!(label, cut(&shown, LABEL_BYTES_MAX));
        let info = encode::info(&Info(vec![(*b"INAM", text.clone())]), 4096);
        let read = notes(&file_of(b"", &info)).info;
        prop_assert_eq!(read.get(b"INAM").unwrap_or_default(), cut(&shown, 4096 - 22));
    }

    #[test]
    fn as_much_as_fits_is_written_and_no_more(
        labels in prop::collection::vec("\\PC{0,30}", 0..20), room in 0..600_usize,
    ) {
        let marks: Vec<_> = labels.iter().map(|label| mark(0, label)).collect();
        let chunks = encode::marks(&marks, room);
        prop_assert!(chunks.len() <= room && chunks.len().is_multiple_of(2));
        prop_assert!(marks.starts_with(&notes(&file_of(&chunks, b"")).marks));
        let info = Info(labels.into_iter().map(|label| (*b"ICMT", label)).collect());
        let chunk = encode::info(&info, room);
        prop_assert!(chunk.len() <= room && chunk.len().is_multiple_of(2));
    }

    #[test]
    fn any_bytes_may_be_read(
        parts in prop::collection::vec((
            prop::sample::select(vec![*b"bext", *b"cue ", *b"LIST", *b"LIST", *b"JUNK"]),
            prop::sample::select(vec![&b""[..], b"adtl", b"INFO", b"adtllabl\x05\0\0\0\x01\0\0\0", b"\x09\0\0\0"]),
            prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..80),
            prop::sample::select(vec![0, 1, 8, 602, 0x7FFF_FFFF, -1, -9]),
        ), 0..8),
        long in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut chunks = Vec::new();
        for (id, begins, rest, off) in parts {
            let content = [begins, &rest[..], &vec![0; if long { 602 } else { 0 }]].concat();
            chunks.extend(id);
            chunks.extend((content.len() as i32).wrapping_add(if off < 602 { 0 } else { off }).to_le_bytes());
            chunks.extend(content);
        }
        notes(&file_of(&chunks, b""));
        let mut bytes = file_of(b"", &chunks);
        notes(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        notes(&bytes);
    }
}

#[test]
fn broken_notes_are_left_out_and_complete_ones_stay() {
    let whole = encode::marks(&[mark(1, "one"), mark(9, "past the end"), mark(0, "")], 4096);
    assert_eq!(notes(&file_of(&whole, b"")).marks, [mark(1, "one"), mark(0, "")]);
    // After the audio they are newer.
    let newer = encode::marks(&[mark(0, "new")], 4096);
    assert_eq!(notes(&file_of(&whole, &newer)).marks, [mark(0, "new")]);
    // A count of more marks than there are.
    let mut lies = whole.clone();
    lies[8..12].fill(0xFF);
    assert_eq!(notes(&file_of(&lies, b"")).marks.len(), 2);
    let mut short = Vec::new();
    encode::push(&mut short, b"bext", &[b'x'; 601]);
    assert_eq!(notes(&file_of(&short, b"")), Notes::default());
    assert_eq!(notes(b"RIFF"), Notes::default());
    let mut info = Vec::new();
    encode::push(&mut info, b"LIST", b"INFOICMT\x03\0\0\0ab\x1B\0ISFT\xFF\xFF\xFF\xFFbusker");
    assert_eq!(notes(&file_of(&info, b"")).info, Info(vec![(*b"ICMT", "ab".to_owned())]));
}

#[test]
fn only_a_few_mib_of_notes_are_read() {
    let mut chunks = Vec::new();
    (0..20).for_each(|_| encode::push(&mut chunks, b"LIST", &[b"adtl", &vec![0; 1 << 20][..]].concat()));
    notes(&file_of(&chunks, b""));
}
