//! Reads the samples of a file by hound, to play, measure or convert a take. Runs on threads that may wait for the
//! disk.

use super::{Container, Encoding, Health, Wav, WavFormat};
use hound::{SampleFormat, WavReader};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

/// Bytes that are read from the disk at a time.
const BUFFER_BYTES: usize = 64 << 10;

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
    /// An error of the disk or of hound.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Samples of a file, from its first frame on.
pub struct Samples<R> {
    reader: WavReader<BufReader<Bare<R>>>,
    channels: usize,
    /// The factor that makes full scale 1.0; `None` for floating point.
    scale: Option<f32>,
    frames: u64,
    at: u64,
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
        let is_read = matches!((format.encoding, format.bits), (Encoding::Pcm, _) | (Encoding::Float, 32));
        let (true, Some(frames)) = (is_read, wav.frames()) else { return Err(SamplesError::Unknown(format)) };
        // A partial frame at the end is left out.
        let audio_bytes = frames * format.frame_bytes().unwrap_or_default();
        let file = Bare { head: head(format, audio_bytes), audio_at: data.start, audio_bytes, at: 0, file };
        let reader = WavReader::new(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(of_hound)?;
        let spec = reader.spec();
        let scale = match spec.sample_format {
            SampleFormat::Float => None,
            SampleFormat::Int => Some((-f32::from(spec.bits_per_sample - 1)).exp2()),
        };
        Ok(Samples { channels: usize::from(spec.channels), scale, frames, at: 0, reader })
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames of the file.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Appends the next frames, interleaved, with full scale at 1.0. Returns their number: fewer than requested at the
    /// end, then 0.
    ///
    /// # Errors
    /// Errors of the disk, and [`io::ErrorKind::UnexpectedEof`] if the file became shorter meanwhile.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> io::Result<usize> {
        let frames = usize::try_from(self.frames - self.at).unwrap_or(usize::MAX).min(frames);
        let count = frames * self.channels;
        out.reserve(count);
        match self.scale {
            None => {
                for sample in self.reader.samples::<f32>().take(count) {
                    out.push(sample.map_err(of_hound)?);
                }
            }
            Some(scale) => {
                for sample in self.reader.samples::<i32>().take(count) {
                    out.push(sample.map_err(of_hound)? as f32 * scale);
                }
            }
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
        self.reader.seek(u32::try_from(self.at).unwrap_or(u32::MAX))
    }
}

fn of_hound(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

/// The shortest header for this audio.
fn head(format: WavFormat, audio_bytes: u64) -> Cursor<Vec<u8>> {
    let WavFormat { encoding, channels, sample_rate_hz, bits, .. } = format;
    let frame_bytes = format.frame_bytes().unwrap_or_default();
    let tag: u16 = if encoding == Encoding::Float { 3 } else { 1 };
    let short = |size: u64| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let mut head = b"RIFF".to_vec();
    head.extend(short(audio_bytes + 36));
    head.extend(b"WAVEfmt \x10\0\0\0");
    head.extend(tag.to_le_bytes());
    head.extend(channels.to_le_bytes());
    head.extend(sample_rate_hz.to_le_bytes());
    head.extend(short(frame_bytes * u64::from(sample_rate_hz)));
    head.extend((frame_bytes as u16).to_le_bytes());
    head.extend(bits.to_le_bytes());
    head.extend(b"data");
    head.extend(short(audio_bytes));
    Cursor::new(head)
}

/// A file as hound reads it: the shortest header, and the audio. hound does not see the rest of the file, because it
/// does not skip the pad bytes of chunks.
struct Bare<R> {
    head: Cursor<Vec<u8>>,
    audio_at: u64,
    audio_bytes: u64,
    /// Its position, in bytes from the start of the header.
    at: u64,
    file: R,
}

impl<R> Bare<R> {
    fn head_bytes(&self) -> u64 {
        self.head.get_ref().len() as u64
    }
}

impl<R: Read + Seek> Read for Bare<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.at.checked_sub(self.head_bytes()) {
            None => {
                self.head.set_position(self.at);
                self.head.read(buffer)?
            }
            Some(at) => {
                self.file.seek(SeekFrom::Start(self.audio_at + at))?;
                (&mut self.file).take(self.audio_bytes.saturating_sub(at)).read(buffer)?
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl<R> Seek for Bare<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => (self.head_bytes() + self.audio_bytes).checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests;
