//! The samples of a file, read by hound, for whoever plays, measures or converts a take. Runs where the disk may be
//! waited for.

use super::{Container, Encoding, Health, Wav, WavFormat};
use hound::{SampleFormat, WavReader};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

/// Bytes that are read of the disk at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Why samples are not read.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The header is not true.
    #[error("its header is wrong: repair it first (busker takes repair)")]
    NeedsRepair,
    /// There is no audio that is known.
    #[error("it is not a readable WAV file")]
    Beyond,
    /// A container with 64-bit sizes.
    #[error("RF64 is not supported: convert it to WAV files below 4 GiB")]
    Rf64,
    /// Samples of another kind.
    #[error("{0}: sample format not supported; convert it to 24-bit PCM")]
    Unknown(WavFormat),
    /// What the disk or hound says.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Samples of a file, from its first frame on.
pub struct Samples<R> {
    reader: WavReader<BufReader<Bare<R>>>,
    channels: usize,
    /// What makes full scale 1.0; none for floating point.
    scale: Option<f32>,
    frames: u64,
    at: u64,
}

impl<R: Read + Seek> Samples<R> {
    /// Opens what [`Wav::read`] found in this file: PCM of 8, 16, 24 or 32 bits or floating point of 32.
    ///
    /// # Errors
    /// What is not read is named, and so are the disk's errors.
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
        // A part of a frame at the end is none.
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

    /// Samples of a frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames of the file.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Appends the next frames, as many as there are, with their samples side by side and full scale at 1.0. Says how
    /// many there were: fewer than were asked for at the end, then none.
    ///
    /// # Errors
    /// Those of the disk, and [`io::ErrorKind::UnexpectedEof`] where the file became shorter meanwhile.
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

    /// Goes to a frame, or to the end where it is past that.
    ///
    /// # Errors
    /// Those of the disk.
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

/// The shortest header there is for this audio.
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

/// A file as hound would have it: the shortest header, and the audio. Whatever else is in the file, hound does not see;
/// it does not know the pad bytes of chunks that it skips.
struct Bare<R> {
    head: Cursor<Vec<u8>>,
    audio_at: u64,
    audio_bytes: u64,
    /// Where it is, in bytes from the head's first.
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
