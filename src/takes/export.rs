//! A take as a file for others: WAV, FLAC or Ogg Vorbis, at another rate, depth or level.
//!
//! Whatever the length of the take, a few megabytes of it are in memory at a time.

mod converted;
mod flac;
mod ogg;
mod sink;
#[cfg(test)]
mod tests;

use super::{LEVEL_DBFS_MAX, Progress, Take, TakeAnalyzer, TakeError, Verdict, fresh::Fresh, take::NotUsable};
use crate::wav::{Depth, Encoding, WavFormat};
use converted::ConvertingReader;
use sink::Sink;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The true peak that normalizing goes to without other word, and that loudness never goes over, in dBTP.
pub const PEAK_DBTP: f64 = -1.0;
/// The loudness that normalizing goes to without other word, in LUFS.
pub const LOUDNESS_LUFS: f64 = -14.0;
/// The rates that there are, in Hz.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=384_000;
/// The highest rate of FLAC files that are written here, in Hz, which is the encoder's.
const FLAC_RATE_HZ: u32 = 96_000;
/// The highest rate of Ogg Vorbis files that are written here, in Hz: the encoder has no settings for more.
const OGG_RATE_HZ: u32 = 192_000;
/// Frames that are converted at once.
const BLOCK_FRAMES: usize = 4_096;

/// What kind of file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As takes are.
    Wav,
    /// Smaller, and the same to the last bit.
    Flac,
    /// Much smaller, and not the same: Ogg Vorbis at quality 6, some 190 kbit/s for stereo.
    Ogg,
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

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Form, String> {
        [Form::Wav, Form::Flac, Form::Ogg]
            .into_iter()
            .find(|form| form.to_string() == text)
            .ok_or_else(|| "write wav, flac or ogg".to_owned())
    }
}

/// What is brought to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalize {
    /// The true peak.
    Peak,
    /// The integrated loudness.
    Loudness,
}

/// How a take is exported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Export {
    /// The kind of file.
    pub form: Form,
    /// Its depth; without it, the take's, as far as the form has it.
    pub depth: Option<Depth>,
    /// Its rate, within [`RATES_HZ`]; without it, the take's.
    pub rate_hz: Option<u32>,
    /// What is brought to which level in dBTP or LUFS; without a level, to [`PEAK_DBTP`] or [`LOUDNESS_LUFS`].
    pub normalize: Option<(Normalize, Option<f64>)>,
}

/// What became of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// The gain that was applied, in dB.
    pub gain_db: f64,
    /// Whether the peak kept the loudness from its level.
    pub is_limited: bool,
    /// Whether nothing in it is loud enough to be brought to a level: then it is as loud as it was.
    pub is_silent: bool,
    /// Samples that were over full scale and are held there.
    pub held_samples: u64,
}

/// What is written, settled from what was asked and what the take is.
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

/// Exports a take to this file, or to one with a number where that is there. What was measured of the take before saves
/// measuring it again.
///
/// # Errors
/// See [`TakeError`]; nothing is left then, and the take is never changed.
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
    // With a level to find there are two passes.
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
    let mut sink = Sink::begin(fresh.file(), take, &plan)?;
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
        let most = match export.form {
            Form::Wav => None,
            Form::Flac => Some(("FLAC", FLAC_RATE_HZ)),
            Form::Ogg => Some(("Ogg Vorbis", OGG_RATE_HZ)),
        };
        if let Some((form, most_hz)) = most.filter(|(_, most_hz)| rate_hz > *most_hz) {
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
            // What has 16 bits and stays as it is needs none.
            has_dither: is_processed || own != Depth::Int16,
        })
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

/// The gain in dB that brings a take to a level, and whether its peak limits it; none where it is too silent to have one.
fn gain(normalize: Normalize, level: Option<f64>, verdict: &Verdict) -> Option<(f64, bool)> {
    // More channels than true peaks are measured of have their samples' peak.
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
