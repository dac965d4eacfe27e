//! The one way a WAV file is written: a header of one page, audio after it, and chunks after the audio at the end.
//! Whoever owns the file writes it on a thread that may wait for the disk, and brings it to the disk.
//!
//! What has been written stays a WAV file at any moment: each time the header is made true it is one page that is
//! written in place, which needs no room on a full disk, and what was not yet told is found by [`Wav::read`].
//!
//! [`Wav::read`]: super::Wav::read

mod shape;
#[cfg(test)]
mod tests;

pub use shape::{Depth, UnknownDepth, WavShape};

use super::notes::{Info, Mark, Origin, encode};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// First byte of the audio in every file that is written here: the header is one page, so making it true writes one
/// page.
pub const AUDIO_AT: u64 = 4096;
/// Bytes of a chunk's letters and size.
const HEADER_BYTES: usize = 8;
/// The bytes up to which a size of 32 bits can name the end of a file.
const FILE_BYTES_MAX: u64 = 1 << 32;
/// Bytes kept for what comes after the audio.
const TAIL_BYTES: usize = 1 << 20;
/// Of them for the texts.
const INFO_BYTES: usize = 64 << 10;

/// A file that is being written.
#[derive(Debug)]
pub struct WavFile<F> {
    file: F,
    shape: WavShape,
    /// The `bext` chunk, or nothing.
    origin: Vec<u8>,
    frames: u64,
}

impl<F: Write + Seek> WavFile<F> {
    /// Begins a file: writes its header, which is true for no audio. What the file had in its first page is lost.
    ///
    /// # Errors
    /// Those of the disk, and [`ErrorKind::InvalidInput`] for a shape that no header can name ([`WavShape::is_possible`]).
    pub fn create(file: F, shape: WavShape, origin: Option<&Origin>) -> io::Result<WavFile<F>> {
        if !shape.is_possible() {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("no WAV file can hold {shape}")));
        }
        let origin = origin.map(encode::origin).unwrap_or_default();
        let mut wav = WavFile { file, shape, origin, frames: 0 };
        wav.make_true(&[])?;
        Ok(wav)
    }

    /// What its frames are.
    pub fn shape(&self) -> WavShape {
        self.shape
    }

    /// Whole frames that were written, told by the header or not.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The file, to be brought to the disk.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// The frames it still takes before 4 GiB, with 1 MiB left for what comes after the audio.
    pub fn room_frames(&self) -> u64 {
        (FILE_BYTES_MAX - TAIL_BYTES as u64 - self.audio_end()) / self.shape.frame_bytes()
    }

    /// Where the audio ends, in bytes from the file's start. A file that [`finish`](WavFile::finish) could not put its
    /// last chunks into may be cut there.
    pub fn audio_end(&self) -> u64 {
        AUDIO_AT + self.frames * self.shape.frame_bytes()
    }

    /// Writes whole frames after those that are there, with one call where the disk takes them at once. Nothing is
    /// kept back.
    ///
    /// # Errors
    /// Those of the disk: [`frames`](WavFile::frames) then counts the whole frames that went in, and the next call goes
    /// on right there. [`ErrorKind::InvalidInput`] for a part of a frame and [`ErrorKind::FileTooLarge`] for more than
    /// [`room_frames`](WavFile::room_frames); nothing is written then.
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

    /// Rewrites the header in place so that it tells of all frames, with as many marks as it has room for: the first
    /// ones, some 60 of them with short labels. The file does not grow, so a full disk takes it, too.
    ///
    /// # Errors
    /// Those of the disk; the file is what it was.
    pub fn make_true(&mut self, marks: &[Mark]) -> io::Result<()> {
        let end = self.audio_end();
        self.write_page(marks, end + end % 2)
    }

    /// Makes the header true and puts the marks and the texts after the audio: the first 10 000 marks, as far as
    /// 1 MiB holds them. Gives the file back, whatever happened.
    ///
    /// The file is sound or can be repaired at any moment in between, and the audio stays what it is.
    ///
    /// # Errors
    /// Those of the disk. Where only the last chunks found no room the file is sound up to the end of its audio, its
    /// marks are in the header as far as they fit there, and the texts are missing.
    pub fn finish(mut self, marks: &[Mark], info: &Info) -> (F, io::Result<()>) {
        let result = self.write_end(marks, info);
        (self.file, result)
    }

    fn write_end(&mut self, marks: &[Mark], info: &Info) -> io::Result<()> {
        self.make_true(marks)?;
        let audio_end = self.audio_end();
        // What follows begins at an even byte.
        let mut tail = vec![0; (audio_end % 2) as usize];
        // The texts first: sox looks at the first list alone.
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

    /// Makes what went in of the chunks after the audio a chunk without a meaning, so that no part of them counts. What
    /// is too short to be a chunk stays after the end.
    fn cover(&mut self, marks: &[Mark], there_bytes: u64) -> io::Result<()> {
        let at = self.audio_end() + self.audio_end() % 2;
        let Some(bytes) = (self.audio_end() + there_bytes).checked_sub(at + HEADER_BYTES as u64) else { return Ok(()) };
        let bytes = bytes - bytes % 2;
        let (_, result) = self.put(at, &[*b"JUNK", short(bytes)].concat());
        result?;
        self.write_page(marks, at + HEADER_BYTES as u64 + bytes)
    }

    /// Writes there what the disk takes, and says how much that was.
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

    /// Writes the header for a file that ends there.
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

/// A size as it lies in the file. The room of a file keeps it below 4 GiB.
fn short(size: u64) -> [u8; 4] {
    u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes()
}
