//! Writes notes as chunks. Pure.
//!
//! Every chunk that is made here has an even size, for readers that forget pad bytes.

use super::{Info, LABEL_BYTES_MAX, MARKS_MAX, Mark, Origin, cut, plain};

/// Characters of the fields of `bext`, in their order.
pub const ORIGIN_FIELDS: [usize; 5] = [256, 32, 32, 10, 8];
/// The offset of the time reference in `bext`.
pub const TIME_REFERENCE_AT: usize = 338;
/// The offset of the coding history.
pub const HISTORY_AT: usize = 602;
/// Maximum bytes of the coding history.
const HISTORY_BYTES_MAX: usize = 1024;
/// The version of the chunk: that without loudness.
const ORIGIN_VERSION: u16 = 1;
/// Bytes of a chunk's letters and size.
const HEADER_BYTES: usize = 8;
/// Bytes of a mark in `cue `.
pub const CUE_BYTES: usize = 24;

/// Appends a chunk with its pad byte. Its size is far below 4 GiB.
pub fn push(bytes: &mut Vec<u8>, id: &[u8; 4], content: &[u8]) {
    bytes.extend(id);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    if content.len() % 2 == 1 {
        bytes.push(0);
    }
}

/// The `bext` chunk.
pub fn origin(origin: &Origin) -> Vec<u8> {
    let Origin { description, originator, originator_reference, date, time, time_reference, coding_history } = origin;
    let mut content = Vec::with_capacity(HISTORY_AT + HISTORY_BYTES_MAX);
    for (text, bytes) in [description, originator, originator_reference, date, time].into_iter().zip(ORIGIN_FIELDS) {
        let end = content.len() + bytes;
        content.extend(ascii(text, bytes));
        content.resize(end, 0);
    }
    content.extend(time_reference.to_le_bytes());
    content.extend(ORIGIN_VERSION.to_le_bytes());
    // No identifier, no loudness.
    content.resize(HISTORY_AT, 0);
    content.extend(ascii(coding_history, HISTORY_BYTES_MAX));
    content.resize(content.len().next_multiple_of(2), 0);
    let mut chunk = Vec::with_capacity(HEADER_BYTES + content.len());
    push(&mut chunk, b"bext", &content);
    chunk
}

fn ascii(text: &str, bytes: usize) -> Vec<u8> {
    let plain = plain(text);
    plain.chars().take(bytes).map(|char| if char.is_ascii() { char as u8 } else { b'?' }).collect()
}

/// The `LIST` of labels and the `cue ` chunk, for as many of the first marks as fit; empty if none fits.
pub fn marks(marks: &[Mark], room_bytes: usize) -> Vec<u8> {
    let (mut cue, mut list) = (Vec::new(), b"adtl".to_vec());
    let mut count = 0_u32;
    // Both chunks' headers and the count.
    let room_bytes = room_bytes.saturating_sub(2 * HEADER_BYTES + 4);
    let marks = marks.iter().filter_map(|mark| Some((u32::try_from(mark.frame).ok()?, &mark.label)));
    for (frame, label) in marks.take(MARKS_MAX) {
        let mut labl = Vec::new();
        let text = plain(label);
        if !text.is_empty() {
            let content = [&(count + 1).to_le_bytes(), cut(&text, LABEL_BYTES_MAX).as_bytes(), &[0]].concat();
            push(&mut labl, b"labl", &content);
        }
        if cue.len() + CUE_BYTES + list.len() + labl.len() > room_bytes {
            break;
        }
        count += 1;
        for word in [count, frame] {
            cue.extend(word.to_le_bytes());
        }
        cue.extend(b"data");
        // The offsets of its chunk and its block: that of the audio.
        cue.extend([0; 8]);
        cue.extend(frame.to_le_bytes());
        list.extend(labl);
    }
    let mut chunks = Vec::new();
    // The labels first: then a complete mark has its label, wherever the file is cut.
    if list.len() > 4 {
        push(&mut chunks, b"LIST", &list);
    }
    if count > 0 {
        push(&mut chunks, b"cue ", &[&count.to_le_bytes(), &cue[..]].concat());
    }
    chunks
}

/// The `LIST` of texts, as many of the first as fit; empty if there are none. Empty texts and those with an invalid id
/// are left out.
pub fn info(Info(texts): &Info, room_bytes: usize) -> Vec<u8> {
    let mut list = b"INFO".to_vec();
    for (id, text) in texts {
        let text = plain(text);
        if text.is_empty() || !id.iter().all(u8::is_ascii_graphic) {
            continue;
        }
        let room = room_bytes.saturating_sub(list.len() + 2 * HEADER_BYTES + 2);
        let text = cut(&text, room);
        if text.is_empty() {
            break;
        }
        push(&mut list, id, &[text.as_bytes(), &[0]].concat());
    }
    let mut chunk = Vec::new();
    if list.len() > 4 {
        push(&mut chunk, b"LIST", &list);
    }
    chunk
}
