//! Reads notes from chunks, and checks everything. Pure over reading and seeking.

use super::encode::{CUE_BYTES, HISTORY_AT, ORIGIN_FIELDS, TIME_REFERENCE_AT};
use super::{Info, MARKS_MAX, Mark, Notes, Origin, plain};
use crate::wav::{Chunk, Wav};
use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
};

/// Maximum bytes read of a chunk of marks, labels or texts.
const CHUNK_BYTES_MAX: u64 = 1 << 20;
/// Maximum bytes read of `bext`.
const ORIGIN_BYTES_MAX: u64 = 64 << 10;
/// Maximum bytes read in all.
const ALL_BYTES_MAX: u64 = 4 << 20;
/// Maximum texts that are read.
const TEXTS_MAX: usize = 256;
/// Bytes of a chunk's letters and size.
const HEADER_BYTES: usize = 8;

/// Reads the notes from the chunks of a file.
pub fn read(file: &mut (impl Read + Seek), wav: &Wav) -> io::Result<Notes> {
    let mut notes = Notes::default();
    let Some(data) = wav.data else { return Ok(notes) };
    let (mut before, mut after) = (Places::default(), Places::default());
    let mut left_bytes = ALL_BYTES_MAX;
    for chunk in &wav.chunks {
        let most = match &chunk.id.0 {
            b"bext" if notes.origin.is_none() => ORIGIN_BYTES_MAX,
            b"cue " | b"LIST" => CHUNK_BYTES_MAX,
            _ => continue,
        };
        let content = content(file, chunk, most.min(left_bytes))?;
        left_bytes = left_bytes.saturating_sub(content.len() as u64);
        let places = if chunk.at >= data.start { &mut after } else { &mut before };
        match &chunk.id.0 {
            b"bext" => notes.origin = origin(&content),
            b"cue " => places.cue(&content),
            _ => match content.split_at_checked(4) {
                Some((b"adtl", list)) => places.labels(list),
                Some((b"INFO", list)) => texts(list, &mut notes.info),
                _ => {}
            },
        }
    }
    let places = if after.frames.is_empty() { before } else { after };
    notes.marks = places.marks(wav.frames().unwrap_or_default());
    Ok(notes)
}

/// The beginning of a chunk's contents, as far as it is in the file.
fn content(file: &mut (impl Read + Seek), chunk: &Chunk, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(chunk.at + HEADER_BYTES as u64))?;
    match file.take(chunk.bytes.min(most)).read_to_end(&mut content) {
        // The file became shorter meanwhile.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(content),
        Err(error) => Err(error),
        Ok(_) => Ok(content),
    }
}

fn origin(content: &[u8]) -> Option<Origin> {
    let history = content.get(HISTORY_AT..)?;
    let mut fields = content;
    let [description, originator, originator_reference, date, time] = ORIGIN_FIELDS.map(|bytes| {
        let (field, rest) = fields.split_at_checked(bytes).unwrap_or_default();
        fields = rest;
        text(field)
    });
    let (time_reference, _) = content.get(TIME_REFERENCE_AT..)?.split_first_chunk()?;
    Some(Origin {
        description,
        originator,
        originator_reference,
        date,
        time,
        time_reference: u64::from_le_bytes(*time_reference),
        coding_history: text(history),
    })
}

/// A text up to its end or its first zero.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    plain(&String::from_utf8_lossy(bytes))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The complete chunks of a list.
fn parts(mut list: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (id, rest) = list.split_first_chunk::<4>()?;
        let bytes = usize::try_from(word(rest, 0)?).ok()?;
        let (content, rest) = rest.get(4..)?.split_at_checked(bytes)?;
        list = rest.get(bytes % 2..).unwrap_or_default();
        Some((*id, content))
    })
}

fn texts(list: &[u8], Info(texts): &mut Info) {
    for (id, content) in parts(list) {
        let text = text(content);
        if texts.len() < TEXTS_MAX && id.iter().all(u8::is_ascii_graphic) && !text.is_empty() {
            texts.push((id, text));
        }
    }
}

/// The marks before or after the audio.
#[derive(Default)]
struct Places {
    /// Their numbers and frames.
    frames: Vec<(u32, u32)>,
    labels: HashMap<u32, String>,
}

impl Places {
    fn cue(&mut self, content: &[u8]) {
        let Some((count, marks)) = content.split_first_chunk::<4>() else { return };
        let count = (u32::from_le_bytes(*count) as usize).min(MARKS_MAX - self.frames.len());
        let marks = marks.chunks_exact(CUE_BYTES).take(count);
        // The last word is the frame within the chunk of audio.
        self.frames.extend(marks.filter_map(|mark| Some((word(mark, 0)?, word(mark, CUE_BYTES - 4)?))));
    }

    fn labels(&mut self, list: &[u8]) {
        for (id, content) in parts(list) {
            if id != *b"labl" || self.labels.len() >= MARKS_MAX {
                continue;
            }
            if let Some((number, label)) = content.split_first_chunk() {
                self.labels.entry(u32::from_le_bytes(*number)).or_insert_with(|| text(label));
            }
        }
    }

    fn marks(mut self, frames: u64) -> Vec<Mark> {
        let mut marks = Vec::with_capacity(self.frames.len());
        for (number, frame) in self.frames {
            let frame = u64::from(frame);
            if frame <= frames {
                marks.push(Mark { frame, label: self.labels.remove(&number).unwrap_or_default() });
            }
        }
        marks
    }
}
