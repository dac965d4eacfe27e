//! Exports a take to WAV, FLAC or Ogg Vorbis, with another rate, depth or level.
//!
//! Only a few megabytes of a take are in memory at a time, whatever its length.

mod converted;
mod flac;
mod ogg;
mod sink;
#[cfg(test)]
mod tests;

use super::{LEVEL_DBFS_MAX, Progress, Take, TakeAnalyzer, TakeError, Verdict, fresh::Fresh, take::NotUsable};
use crate::wav::{Depth, Encoding, Notes, WavFormat};
use converted::ConvertingReader;
use sink::Sink;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The default peak of normalizing, and the maximum peak when normalizing by loudness, in dBTP.
pub const PEAK_DBTP: f64 = -1.0;
/// The default loudness of normalizing, in LUFS.
pub const LOUDNESS_LUFS: f64 = -14.0;
/// The supported rates, in Hz.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=384_000;
/// The highest rate of FLAC files, in Hz, a limit of the encoder.
const FLAC_RATE_HZ: u32 = 96_000;
/// The highest rate of Ogg Vorbis files, in Hz: the encoder has no settings for more.
const OGG_RATE_HZ: u32 = 192_000;
/// Frames that are converted at a time.
const BLOCK_FRAMES: usize = 4_096;

/// The file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// WAV, as takes are.
    Wav,
    /// Smaller, and lossless.
    Flac,
    /// Much smaller, and lossy: Ogg Vorbis at quality 6, some 190 kbit/s for stereo.
    Ogg,
}

impl Form {
    /// The highest rate that it is written at, in Hz, with its full name.
    fn most_hz(self) -> Option<(&'static str, u32)> {
        match self {
            Form::Wav => None,
            Form::Flac => Some(("FLAC", FLAC_RATE_HZ)),
            Form::Ogg => Some(("Ogg Vorbis", OGG_RATE_HZ)),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Wav => "wav",
            Form::Flac => "flac",
            Form::Ogg => "ogg",
        })
    }
}

impl FromStr for Form {
    type Err = String;

    /// Reads the text that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Form, String> {
        [Form::Wav, Form::Flac, Form::Ogg]
            .into_iter()
            .find(|form| form.to_string() == text)
            .ok_or_else(|| "write wav, flac or ogg".to_owned())
    }
}

/// The level that is normalized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalize {
    /// The true peak.
    Peak,
    /// The integrated loudness.
    Loudness,
}

/// The settings of an export.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Export {
    /// The file format.
    pub form: Form,
    /// Bit depth; `None` for the take's, if the format supports it.
    pub depth: Option<Depth>,
    /// Sample rate, within [`RATES_HZ`]; `None` for the take's.
    pub rate_hz: Option<u32>,
    /// The level to normalize, with its target in dBTP or LUFS; `None` for [`PEAK_DBTP`] or [`LOUDNESS_LUFS`].
    pub normalize: Option<(Normalize, Option<f64>)>,
}

/// The result of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// The gain that was applied, in dB.
    pub gain_db: f64,
    /// Whether the peak limit kept the loudness below its target.
    pub is_limited: bool,
    /// Whether the take is too quiet to be normalized; then its level is unchanged.
    pub is_silent: bool,
    /// Samples over full scale that were clipped.
    pub held_samples: u64,
}

/// The format that is written, from the settings and the take.
#[derive(Clone, Copy, Debug)]
struct Plan {
    form: Form,
    depth: Depth,
    channels: u16,
    rate_hz: u32,
    /// Frames that are written.
    frames: u64,
    has_dither: bool,
}

/// Exports a take to this file, or to one with a number if the file exists. With the measurement of the take, it need
/// not be measured again.
///
/// # Errors
/// See [`TakeError`]; then no file is left, and the take is never changed.
pub fn export(
    take: &Take,
    wanted: &Path,
    export: &Export,
    measured: Option<&Verdict>,
    progress: &mut Progress<'_>,
) -> Result<Exported, TakeError> {
    let (format, frames) = take.audio()?;
    let plan = Plan::of(format, frames, export)?;
    let is_known = plan.rate_hz == format.sample_rate_hz && measured.is_some();
    // Normalizing needs two passes.
    let first = if export.normalize.is_some() && !is_known { 0.5 } else { 0.0 };
    let verdict = match export.normalize {
        Some(_) if first > 0.0 => Some(converted_verdict(take, &plan, &mut |done| progress(done * first))?),
        _ => measured.cloned(),
    };
    if let (Some(_), Some(peak)) = (export.normalize, verdict.as_ref().and_then(|verdict| verdict.peak_dbfs))
        && peak >= LEVEL_DBFS_MAX
    {
        let text = format!("its peak is {LEVEL_DBFS_MAX:.0} dBFS or more, and such levels are not measured");
        return Err(TakeError::Asked(format!("{text}: export it without --normalize")));
    }
    let found = match (export.normalize, &verdict) {
        (Some((normalize, level)), Some(verdict)) => gain(normalize, level, verdict),
        _ => Some((0.0, false)),
    };
    let is_silent = found.is_none();
    let (gain_db, is_limited) = found.unwrap_or_default();
    let fresh = Fresh::beside(wanted)?;
    let notes = match plan.form {
        Form::Wav => sink::notes_of(take, &plan)?,
        Form::Flac | Form::Ogg => Notes::default(),
    };
    let mut sink = Sink::begin(fresh.file().try_clone()?, notes, &plan, 0)?;
    let gain = 10.0_f64.powf(gain_db / 20.0) as f32;
    let mut held_samples = 0;
    let mut converted = ConvertingReader::open(take, plan.rate_hz)?;
    let mut block = Vec::new();
    let mut done_frames = 0_u64;
    while converted.read(BLOCK_FRAMES, &mut block)? {
        if gain_db != 0.0 {
            block.iter_mut().for_each(|sample| *sample *= gain);
        }
        if plan.depth != Depth::Float32 {
            held_samples += block.iter().filter(|sample| sample.abs() > 1.0).count() as u64;
        }
        sink.write(&block)?;
        done_frames += (block.len() / usize::from(plan.channels)) as u64;
        if progress(first + (1.0 - first) * done_frames as f64 / plan.frames as f64).is_break() {
            return Err(NotUsable::Stopped.into());
        }
    }
    sink.end()?;
    Ok(Exported { path: fresh.keep()?, gain_db, is_limited, is_silent, held_samples })
}

impl Plan {
    fn of(format: WavFormat, frames: u64, export: &Export) -> Result<Plan, TakeError> {
        let asked = |text: String| Err(TakeError::Asked(text));
        let rate_hz = export.rate_hz.unwrap_or(format.sample_rate_hz);
        if rate_hz != format.sample_rate_hz
            && !(RATES_HZ.contains(&rate_hz) && RATES_HZ.contains(&format.sample_rate_hz))
        {
            let (from, to) = (RATES_HZ.start(), RATES_HZ.end());
            let rates = format!("from {} Hz to {rate_hz} Hz", format.sample_rate_hz);
            return asked(format!("{rates}: resampling works between {from} and {to} Hz"));
        }
        if frames == 0 {
            return asked("it contains no audio".to_owned());
        }
        if let Some((form, most_hz)) = export.form.most_hz().filter(|(_, most_hz)| rate_hz > *most_hz) {
            return asked(format!(
                "{form} is written up to {most_hz} Hz and this is {rate_hz} Hz: add --rate {most_hz}, or export as wav"
            ));
        }
        let own = match (format.encoding, format.bits) {
            (Encoding::Pcm, 8 | 16) => Depth::Int16,
            (Encoding::Float, _) => Depth::Float32,
            _ => Depth::Int24,
        };
        let depth = match (export.form, export.depth) {
            (Form::Ogg, Some(_)) => return asked("Ogg Vorbis has no bit depth: leave out --bits".to_owned()),
            (Form::Ogg, None) => Depth::Float32,
            (Form::Flac, Some(Depth::Float32)) => {
                return asked("FLAC holds integers: 16 or 24 bits, not 32f".to_owned());
            }
            (Form::Flac, None) if own == Depth::Float32 => Depth::Int24,
            (_, depth) => depth.unwrap_or(own),
        };
        let is_processed = export.normalize.is_some() || rate_hz != format.sample_rate_hz;
        Ok(Plan {
            form: export.form,
            depth,
            channels: format.channels,
            rate_hz,
            frames: converted::frames(frames, format.sample_rate_hz, rate_hz),
            // Unprocessed 16-bit audio needs none.
            has_dither: is_processed || own != Depth::Int16,
        })
    }
}

/// A new file of audio that is no take, in any of the formats: hidden until it is whole, and gone where it never was.
pub(crate) struct FreshAudio {
    fresh: Fresh,
    sink: Sink,
}

/// What is in a [`FreshAudio`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AudioShape {
    /// The file format.
    pub form: Form,
    /// Bit depth; without a meaning in Ogg Vorbis, and 24 bits at most in FLAC. 16 bits are dithered.
    pub depth: Depth,
    /// The number of channels.
    pub channels: u16,
    /// Frames per second.
    pub rate_hz: u32,
    /// How many frames it will have.
    pub frames: u64,
    /// Of the noise of its dither.
    pub seed: u64,
}

impl FreshAudio {
    /// Begins a file of this name, or of the first free one with a number.
    ///
    /// # Errors
    /// The format holds no such audio, or an error of the disk.
    pub(crate) fn begin(wanted: &Path, shape: &AudioShape) -> Result<FreshAudio, TakeError> {
        let AudioShape { form, depth, channels, rate_hz, frames, seed } = *shape;
        if let Some((name, most_hz)) = form.most_hz().filter(|(_, most_hz)| rate_hz > *most_hz) {
            let text = format!("{name} is written up to {most_hz} Hz and this is {rate_hz} Hz: export as wav");
            return Err(TakeError::Asked(text));
        }
        let depth = if (form, depth) == (Form::Flac, Depth::Float32) { Depth::Int24 } else { depth };
        let plan = Plan { form, depth, channels, rate_hz, frames, has_dither: true };
        let fresh = Fresh::beside(wanted)?;
        let sink = Sink::begin(fresh.file().try_clone()?, Notes::default(), &plan, seed)?;
        Ok(FreshAudio { fresh, sink })
    }

    /// Appends interleaved samples.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), TakeError> {
        self.sink.write(samples)
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Those of the disk; then no file is left.
    pub(crate) fn keep(self) -> Result<PathBuf, TakeError> {
        self.sink.end()?;
        Ok(self.fresh.keep()?)
    }
}

/// The verdict on a take at another rate.
fn converted_verdict(take: &Take, plan: &Plan, progress: &mut Progress<'_>) -> Result<Verdict, TakeError> {
    let mut converted = ConvertingReader::open(take, plan.rate_hz)?;
    let mut analyzer = TakeAnalyzer::new(plan.channels, plan.rate_hz, plan.frames, None, &[]);
    let mut block = Vec::new();
    let mut frames = 0_u64;
    while converted.read(BLOCK_FRAMES, &mut block)? {
        analyzer.feed(&mut block);
        frames += (block.len() / usize::from(plan.channels)) as u64;
        if progress(frames as f64 / plan.frames as f64).is_break() {
            return Err(NotUsable::Stopped.into());
        }
    }
    Ok(analyzer.end().verdict)
}

/// The gain in dB that brings a take to its target, and whether its peak limits it; `None` if it is too quiet.
pub(crate) fn gain(normalize: Normalize, level: Option<f64>, verdict: &Verdict) -> Option<(f64, bool)> {
    // With too many channels for a true peak, the sample peak is used.
    let peak = verdict.true_peak_dbtp.or(verdict.peak_dbfs)?;
    Some(match (normalize, verdict.loudness_lufs) {
        (Normalize::Peak, _) => (level.unwrap_or(PEAK_DBTP) - peak, false),
        (Normalize::Loudness, None) => return None,
        (Normalize::Loudness, Some(loudness)) => {
            let (wanted, most) = (level.unwrap_or(LOUDNESS_LUFS) - loudness, PEAK_DBTP - peak);
            (wanted.min(most), wanted > most)
        }
    })
}
