//! A WAV file as left and right, from any frame on. The disk reader's; blocks on the disk.
//!
//! One channel is heard on both sides; of several, the first, third, … on the left and the others on the right, as the
//! inputs are.

use crate::wav::{Finding, Severity, Wav};
use hound::{SampleFormat, WavReader};
use rustix::fs::OFlags;
use std::{
    cmp::Ordering,
    fs::File,
    io::{self, BufReader, Seek},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Bytes that are asked of the disk at once.
const READ_BYTES: usize = 64 << 10;

/// A file that is read.
pub(super) struct Stereo {
    wav: WavReader<BufReader<File>>,
    /// What a whole-number sample is divided by.
    full_scale: f32,
    frames: u64,
    /// What is not as the header says.
    fault: Option<String>,
    next: u64,
}

/// Opens a file by its name, or else by its name with `.wav` behind it, and says which it is.
///
/// # Errors
/// Why not, for the end of a sentence.
pub(super) fn open(path: &Path) -> Result<(PathBuf, Stereo), String> {
    let mut with_ending = path.to_owned().into_os_string();
    with_ending.push(".wav");
    let (path, file) = match open_file(path) {
        Ok(file) => (path.to_owned(), file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match open_file(Path::new(&with_ending)) {
            Ok(file) => (PathBuf::from(with_ending), file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("there is no such take".to_owned()),
            Err(error) => return Err(error.to_string()),
        },
        Err(error) => return Err(error.to_string()),
    };
    Ok((path, Stereo::of(file)?))
}

/// Opens a file, and nothing that is none: a FIFO would wait for ever.
fn open_file(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    match file.metadata()? {
        metadata if metadata.is_file() => Ok(file),
        metadata if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
    }
}

impl Stereo {
    fn of(file: File) -> Result<Stereo, String> {
        let mut file = BufReader::with_capacity(READ_BYTES, file);
        let structure = Wav::read(&mut file).map_err(|error| error.to_string())?;
        let beyond: Vec<String> = structure
            .findings
            .iter()
            .filter(|finding| finding.severity() == Severity::Beyond)
            .map(Finding::to_string)
            .collect();
        if !beyond.is_empty() {
            return Err(beyond.join("; "));
        }
        file.rewind().map_err(|error| error.to_string())?;
        let wav = WavReader::new(file).map_err(|error| error.to_string())?;
        let said_frames = u64::from(wav.duration());
        let frames = structure.frames().unwrap_or(said_frames).min(said_frames);
        let full_scale = (1_u64 << wav.spec().bits_per_sample.clamp(1, 32).saturating_sub(1)) as f32;
        let fault = fault(structure.frames().unwrap_or(said_frames), said_frames, wav.spec().sample_rate);
        Ok(Stereo { wav, full_scale, frames, fault, next: 0 })
    }

    /// Frames that are there.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames per second.
    pub fn sample_rate_hz(&self) -> u32 {
        self.wav.spec().sample_rate
    }

    /// What is not as the header says, for the end of a sentence.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Goes to a frame; what is read next begins there.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn seek(&mut self, frame: u64) -> Result<(), String> {
        let frame = frame.min(self.frames);
        self.wav.seek(u32::try_from(frame).unwrap_or(u32::MAX)).map_err(|error| error.to_string())?;
        self.next = frame;
        Ok(())
    }

    /// Reads frames, and says how many: fewer than there is room for only at the end.
    ///
    /// # Errors
    /// Those of the disk. What was read before is lost with it.
    pub fn read(&mut self, frames: &mut [[f32; 2]]) -> Result<usize, String> {
        let left = usize::try_from(self.frames - self.next).unwrap_or(usize::MAX);
        let count = frames.len().min(left);
        let Some(frames) = frames.get_mut(..count) else { return Ok(0) };
        let channels = self.wav.spec().channels;
        let read = match self.wav.spec().sample_format {
            SampleFormat::Float => mix(self.wav.samples::<f32>(), channels, frames, |x| x),
            SampleFormat::Int => {
                let full_scale = self.full_scale;
                mix(self.wav.samples::<i32>(), channels, frames, |x| x as f32 / full_scale)
            }
        };
        read.map_err(|error| error.to_string())?;
        self.next += count as u64;
        Ok(count)
    }
}

/// What a header is wrong about.
fn fault(frames: u64, said_frames: u64, sample_rate_hz: u32) -> Option<String> {
    let seconds = frames.abs_diff(said_frames) as f64 / f64::from(sample_rate_hz.max(1));
    match frames.cmp(&said_frames) {
        Ordering::Equal => None,
        Ordering::Less => Some(format!("ends {seconds:.1} s before its header says")),
        Ordering::Greater => Some(format!("goes on for {seconds:.1} s that its header does not speak of")),
    }
}

/// Samples, channel after channel, to left and right. A number that is none is silence.
fn mix<T>(
    mut samples: impl Iterator<Item = hound::Result<T>>,
    channels: u16,
    frames: &mut [[f32; 2]],
    level: impl Fn(T) -> f32,
) -> hound::Result<()> {
    for [left, right] in frames {
        (*left, *right) = (0.0, 0.0);
        for channel in 0..channels {
            let Some(sample) = samples.next() else { return Err(hound::Error::UnfinishedSample) };
            let sample = Some(level(sample?)).filter(|x| x.is_finite()).unwrap_or_default();
            if channels == 1 || channel % 2 == 0 {
                *left += sample;
            }
            if channels == 1 || channel % 2 == 1 {
                *right += sample;
            }
        }
    }
    Ok(())
}
