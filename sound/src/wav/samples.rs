//! Reads the samples of a file, to play, mix, measure or convert them. Runs on threads that may wait for the disk.
//!
//! The bytes are decoded where they lie, in loops that the compiler vectorizes: an export reads dozens of files at once.

use super::{Container, Encoding, Health, Wav, WavFormat};
use std::{
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

/// Bytes that are read from the disk at a time: whole samples of every size, and groups of four of 24 bits.
const BUFFER_BYTES: usize = 48 << 10;
/// Samples that are unpacked before they are converted.
const RUN: usize = 256;
/// Bytes of four samples of 24 bits.
const FOUR_INT24_BYTES: usize = 12;

/// Why samples cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The header is wrong.
    #[error("its header is wrong: repair it first (busker takes repair)")]
    NeedsRepair,
    /// There is no audio of a known format.
    #[error("it is not a readable WAV file")]
    Beyond,
    /// A container with 64-bit sizes.
    #[error("RF64 is not supported: convert it to WAV files below 4 GiB")]
    Rf64,
    /// Samples of an unsupported kind.
    #[error("{0}: sample format not supported; convert it to 24-bit PCM")]
    Unknown(WavFormat),
    /// An error of the disk.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// How a sample lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SampleKind {
    Int8,
    Int16,
    Int24,
    Int32,
    Float32,
}

impl SampleKind {
    fn of(format: WavFormat) -> Option<SampleKind> {
        Some(match (format.encoding, format.bits) {
            (Encoding::Pcm, 8) => SampleKind::Int8,
            (Encoding::Pcm, 16) => SampleKind::Int16,
            (Encoding::Pcm, 24) => SampleKind::Int24,
            (Encoding::Pcm, 32) => SampleKind::Int32,
            (Encoding::Float, 32) => SampleKind::Float32,
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            SampleKind::Int8 => 1,
            SampleKind::Int16 => 2,
            SampleKind::Int24 => 3,
            SampleKind::Int32 | SampleKind::Float32 => 4,
        }
    }
}

/// Samples of a file, from its first frame on.
pub struct Samples<R> {
    file: R,
    kind: SampleKind,
    channels: usize,
    frames: u64,
    /// The next frame.
    at: u64,
    /// The audio's place in the file, in bytes.
    audio: Range<u64>,
    /// Where the file is read on.
    file_at: u64,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were read and not decoded yet.
    unread: Range<usize>,
}

impl<R: Read + Seek> Samples<R> {
    /// Opens the audio that [`Wav::read`] found in this file: PCM of 8, 16, 24 or 32 bits or floating point of 32.
    ///
    /// # Errors
    /// The format is not supported, or an error of the disk.
    pub fn open(file: R, wav: &Wav) -> Result<Samples<R>, SamplesError> {
        match wav.health() {
            Health::Sound => {}
            Health::NeedsRepair => return Err(SamplesError::NeedsRepair),
            Health::Beyond => return Err(SamplesError::Beyond),
        }
        let (Some(format), Some(data), Some(container)) = (wav.format, wav.data, wav.container) else {
            return Err(SamplesError::Beyond);
        };
        if container == Container::Rf64 {
            return Err(SamplesError::Rf64);
        }
        let (Some(kind), Some(frames)) = (SampleKind::of(format), wav.frames()) else {
            return Err(SamplesError::Unknown(format));
        };
        // A partial frame at the end is left out.
        let audio_bytes = frames.saturating_mul(format.frame_bytes().unwrap_or_default());
        let audio = data.start..data.start.saturating_add(audio_bytes);
        let file_at = audio.start;
        let channels = usize::from(format.channels);
        Ok(Samples { file, kind, channels, frames, at: 0, audio, file_at, buffer: Vec::new(), unread: 0..0 })
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames of the file.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether samples are numbers whatever the bytes: integers are, floating point need not be.
    pub fn are_finite(&self) -> bool {
        self.kind != SampleKind::Float32
    }

    /// Appends the next frames, interleaved, with full scale at 1.0. Returns their number: fewer than requested at the
    /// end, then 0.
    ///
    /// # Errors
    /// Errors of the disk, and [`io::ErrorKind::UnexpectedEof`] if the file became shorter meanwhile.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> io::Result<usize> {
        let begin = out.len();
        out.resize(begin + self.left(frames) * self.channels, 0.0);
        self.read_over(out.get_mut(begin..).unwrap_or_default())
    }

    /// The same into a slice, which is filled with whole frames from its beginning on; the rest stays as it is.
    ///
    /// # Errors
    /// As [`read`](Samples::read).
    pub fn read_over(&mut self, out: &mut [f32]) -> io::Result<usize> {
        let frames = self.left(out.len() / self.channels.max(1));
        let mut rest = out.get_mut(..frames * self.channels).unwrap_or_default();
        while !rest.is_empty() {
            if self.unread.is_empty() {
                self.refill()?;
            }
            let bytes = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let count = (bytes.len() / self.kind.bytes()).min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            decode(self.kind, bytes, now);
            self.unread.start += count * self.kind.bytes();
            rest = later;
        }
        self.at += frames as u64;
        Ok(frames)
    }

    /// Seeks to a frame, or to the end if it is past that.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn seek(&mut self, frame: u64) -> io::Result<()> {
        self.at = frame.min(self.frames);
        let to = self.audio.start + self.at * (self.channels * self.kind.bytes()) as u64;
        // What is in the buffer need not be read again.
        let first = self.file_at - self.unread.end as u64;
        match to.checked_sub(first).and_then(|at| usize::try_from(at).ok()).filter(|at| *at <= self.unread.end) {
            Some(at) => self.unread.start = at,
            None => (self.file_at, self.unread) = (to, 0..0),
        }
        Ok(())
    }

    /// Of so many frames, those that are left.
    fn left(&self, frames: usize) -> usize {
        usize::try_from(self.frames - self.at).unwrap_or(usize::MAX).min(frames)
    }

    /// Reads on into the buffer.
    fn refill(&mut self) -> io::Result<()> {
        let left = usize::try_from(self.audio.end.saturating_sub(self.file_at)).unwrap_or(usize::MAX);
        self.buffer.resize(left.min(BUFFER_BYTES), 0);
        self.unread = 0..0;
        if self.buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Others may read the same file.
        self.file.seek(SeekFrom::Start(self.file_at))?;
        self.file.read_exact(&mut self.buffer)?;
        self.file_at += self.buffer.len() as u64;
        self.unread = 0..self.buffer.len();
        Ok(())
    }
}

/// Decodes as many samples as there is room for, with full scale at 1.0.
fn decode(kind: SampleKind, bytes: &[u8], out: &mut [f32]) {
    match kind {
        SampleKind::Int8 => {
            for (out, byte) in out.iter_mut().zip(bytes) {
                *out = (f32::from(*byte) - 128.0) * (1.0 / 128.0);
            }
        }
        SampleKind::Int16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = f32::from(i16::from_le_bytes(*bytes)) * (1.0 / 32_768.0);
            }
        }
        SampleKind::Int24 => int24(bytes, out),
        SampleKind::Int32 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = i32::from_le_bytes(*bytes) as f32 * (1.0 / 2_147_483_648.0);
            }
        }
        SampleKind::Float32 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        }
    }
}

/// Each sample is unpacked to the upper three bytes of a number, which floating point of 32 bits holds exactly.
fn int24(bytes: &[u8], out: &mut [f32]) {
    let mut values = [0_i32; RUN];
    for (out, bytes) in out.chunks_mut(RUN).zip(bytes.chunks(RUN / 4 * FOUR_INT24_BYTES)) {
        let (words, rest) = bytes.as_chunks::<FOUR_INT24_BYTES>();
        let (fours, _) = values.as_chunks_mut::<4>();
        for (four, word) in fours.iter_mut().zip(words) {
            let [a, b, c] = [0, 1, 2].map(|i: usize| {
                let at = i * 4;
                u32::from_le_bytes([word[at], word[at + 1], word[at + 2], word[at + 3]])
            });
            let upper = [a << 8, a >> 24 << 8 | b << 16, b >> 16 << 8 | c << 24, c & !0xFF];
            *four = upper.map(|value| value as i32);
        }
        let done = words.len() * 4;
        let others = values.iter_mut().skip(done);
        others.zip(rest.as_chunks().0).for_each(|(value, [a, b, c])| *value = i32::from_le_bytes([0, *a, *b, *c]));
        // Two loops: the compiler vectorizes this one.
        for (out, value) in out.iter_mut().zip(&values) {
            *out = *value as f32 * (1.0 / 2_147_483_648.0);
        }
    }
}

#[cfg(test)]
mod tests;
