//! Writes WAV files: a header of one page, the audio, and chunks after the audio at the end. The owner of the file
//! calls this on a thread that may wait for the disk, and syncs the file.
//!
//! The file is a readable WAV file at any moment: each update of the header writes one page in place, which needs no
//! room on a full disk, and [`Wav::read`] finds the audio after the last update.
//!
//! [`Wav::read`]: super::Wav::read

mod shape;
#[cfg(test)]
mod tests;

pub use shape::{Depth, UnknownDepth, WavShape};

use super::notes::{Info, Mark, Origin, encode};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// Offset of the audio in every file that is written here: the header is one page, so an update writes one page.
pub const AUDIO_AT: u64 = 4096;
/// Bytes of a chunk's letters and size.
const HEADER_BYTES: usize = 8;
/// Maximum length of a file with 32-bit sizes, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 32;
/// Bytes reserved for the chunks after the audio.
const TAIL_BYTES: usize = 1 << 20;
/// Bytes of them for the texts.
const INFO_BYTES: usize = 64 << 10;

/// A file that is being written.
#[derive(Debug)]
pub struct WavFile<F> {
    file: F,
    shape: WavShape,
    /// The `bext` chunk, or empty.
    origin: Vec<u8>,
    frames: u64,
}

impl<F: Write + Seek> WavFile<F> {
    /// Begins a file: writes its header, for no audio. It overwrites the first page of the file.
    ///
    /// # Errors
    /// Errors of the disk, and [`ErrorKind::InvalidInput`] for a shape that no header can hold
    /// ([`WavShape::is_possible`]).
    pub fn create(file: F, shape: WavShape, origin: Option<&Origin>) -> io::Result<WavFile<F>> {
        if !shape.is_possible() {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("no WAV file can hold {shape}")));
        }
        let origin = origin.map(encode::origin).unwrap_or_default();
        let mut wav = WavFile { file, shape, origin, frames: 0 };
        wav.make_true(&[])?;
        Ok(wav)
    }

    /// The format of its frames.
    pub fn shape(&self) -> WavShape {
        self.shape
    }

    /// Whole frames that were written, also after the last update of the header.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The file, for the caller to sync.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// The frames that still fit below 4 GiB, with 1 MiB reserved for the chunks after the audio.
    pub fn room_frames(&self) -> u64 {
        (FILE_BYTES_MAX - TAIL_BYTES as u64 - self.audio_end()) / self.shape.frame_bytes()
    }

    /// The end of the audio, in bytes from the file's start. If [`finish`](WavFile::finish) could not write the last
    /// chunks, the file may be cut there.
    pub fn audio_end(&self) -> u64 {
        AUDIO_AT + self.frames * self.shape.frame_bytes()
    }

    /// Appends whole frames, with one call if the disk takes them at once. Nothing is buffered.
    ///
    /// # Errors
    /// Errors of the disk: [`frames`](WavFile::frames) then counts the whole frames that were written, and the next
    /// call continues there. [`ErrorKind::InvalidInput`] for a partial frame and [`ErrorKind::FileTooLarge`] for more
    /// than [`room_frames`](WavFile::room_frames); then nothing is written.
    pub fn write(&mut self, audio: &[u8]) -> io::Result<()> {
        let frame_bytes = self.shape.frame_bytes();
        if !(audio.len() as u64).is_multiple_of(frame_bytes) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the audio ends within a frame"));
        }
        if audio.len() as u64 / frame_bytes > self.room_frames() {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "a WAV file ends before 4 GiB; go on in another"));
        }
        let (bytes, result) = self.put(self.audio_end(), audio);
        self.frames += bytes as u64 / frame_bytes;
        result
    }

    /// Updates the header in place for all frames, with as many marks as it has room for: the first ones, some 60 of
    /// them with short labels. The file does not grow, so this works on a full disk, too.
    ///
    /// # Errors
    /// Errors of the disk; the file is unchanged.
    pub fn make_true(&mut self, marks: &[Mark]) -> io::Result<()> {
        let end = self.audio_end();
        self.write_page(marks, end + end % 2)
    }

    /// Updates the header and writes the marks and the texts after the audio: the first 10 000 marks, as far as they
    /// fit into 1 MiB. Returns the file in any case.
    ///
    /// The file is valid or can be repaired at any moment in between, and the audio is not changed.
    ///
    /// # Errors
    /// Errors of the disk. If only the last chunks found no room, the file is valid up to the end of its audio, its
    /// header has as many marks as fit there, and the texts are missing.
    pub fn finish(mut self, marks: &[Mark], info: &Info) -> (F, io::Result<()>) {
        let result = self.write_end(marks, info);
        (self.file, result)
    }

    fn write_end(&mut self, marks: &[Mark], info: &Info) -> io::Result<()> {
        self.make_true(marks)?;
        let audio_end = self.audio_end();
        // The chunks begin at an even offset.
        let mut tail = vec![0; (audio_end % 2) as usize];
        // The texts first: sox reads only the first list.
        tail.extend(encode::info(info, INFO_BYTES));
        tail.extend(encode::marks(marks, TAIL_BYTES - INFO_BYTES - 1));
        if tail.is_empty() {
            return Ok(());
        }
        match self.put(audio_end, &tail) {
            (_, Ok(())) => self.write_page(&[], audio_end + tail.len() as u64),
            (bytes, Err(error)) => {
                self.cover(marks, bytes as u64)?;
                Err(error)
            }
        }
    }

    /// Turns an incomplete write of the chunks after the audio into one chunk without a meaning, so that no part of it
    /// counts. A rest that is too short for a chunk stays after the end.
    fn cover(&mut self, marks: &[Mark], there_bytes: u64) -> io::Result<()> {
        let at = self.audio_end() + self.audio_end() % 2;
        let Some(bytes) = (self.audio_end() + there_bytes).checked_sub(at + HEADER_BYTES as u64) else { return Ok(()) };
        let bytes = bytes - bytes % 2;
        let (_, result) = self.put(at, &[*b"JUNK", short(bytes)].concat());
        result?;
        self.write_page(marks, at + HEADER_BYTES as u64 + bytes)
    }

    /// Writes as many bytes as the disk takes, and returns their number.
    fn put(&mut self, at: u64, bytes: &[u8]) -> (usize, io::Result<()>) {
        if let Err(error) = self.file.seek(SeekFrom::Start(at)) {
            return (0, Err(error));
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let error = match self.file.write(rest) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            return (bytes.len() - rest.len(), Err(error));
        }
        (bytes.len(), Ok(()))
    }

    /// Writes the header of a file that ends at `end`.
    fn write_page(&mut self, marks: &[Mark], end: u64) -> io::Result<()> {
        let page = self.page(marks, end);
        self.put(0, &page).1?;
        self.file.flush()
    }

    fn page(&self, marks: &[Mark], end: u64) -> Vec<u8> {
        let page_bytes = AUDIO_AT as usize;
        let mut page = Vec::with_capacity(page_bytes);
        page.extend(b"RIFF");
        page.extend(short(end - HEADER_BYTES as u64));
        page.extend(b"WAVE");
        encode::push(&mut page, b"fmt ", &self.shape.format());
        if self.shape.has_fact() {
            encode::push(&mut page, b"fact", &short(self.frames));
        }
        page.extend(&self.origin);
        // The headers of the chunk that fills the page and of the audio.
        let room = page_bytes.saturating_sub(page.len() + 2 * HEADER_BYTES);
        page.extend(encode::marks(marks, room));
        let fill = page_bytes.saturating_sub(page.len() + 2 * HEADER_BYTES);
        encode::push(&mut page, b"JUNK", &vec![0; fill]);
        page.extend(b"data");
        page.extend(short(self.frames * self.shape.frame_bytes()));
        page
    }
}

/// A size as it is in the file. The limits of a file keep it below 4 GiB.
fn short(size: u64) -> [u8; 4] {
    u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes()
}
