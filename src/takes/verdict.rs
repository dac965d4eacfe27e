//! The verdict on a take: its level, its loudness and its faults, in numbers and in words.

mod analyzer;
mod floor;
mod overview;
#[cfg(test)]
mod tests;
mod true_peak;

pub use analyzer::{Measurement, TakeAnalyzer, measure};
pub use overview::Overview;

use super::time_text;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Levels below this are not reported as a noise floor, in dBFS: less than 24 bits can hold.
pub const FLOOR_DBFS: f64 = -150.0;
/// Maximum measured level, in dBFS: higher peaks count as this.
pub const LEVEL_DBFS_MAX: f64 = 120.0;
/// DC offset from which it is reported, as a fraction of full scale.
const DC_TOLD: f64 = 0.005;
/// Peak below which a take is hardly more than noise, in dBFS.
const QUIET_DBFS: f64 = -60.0;

/// The measurements of a take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// Its length in frames.
    pub frames: u64,
    /// Sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// The number of channels.
    pub channels: u16,
    /// Sample peak over all channels, in dBFS; null for silence.
    pub peak_dbfs: Option<f64>,
    /// True peak over all channels, in dBTP (ITU-R BS.1770, oversampled 4 times, 2 times from 96 kHz on); null for
    /// silence, with more than 64 channels, or below 4 kHz.
    pub true_peak_dbtp: Option<f64>,
    /// Integrated loudness in LUFS (EBU R 128); null if nothing is louder than -70 LUFS for 400 ms, with more than 64
    /// channels, or below 4 kHz. All channels have equal weight: they are inputs, not loudspeakers.
    pub loudness_lufs: Option<f64>,
    /// Samples at or above full scale.
    pub clipped_samples: u64,
    /// Samples that are not finite numbers, in floating-point files only; they count as silence.
    pub broken_samples: u64,
    /// Noise floor in dBFS: the RMS of the quietest twentieth of all 400 ms windows, without their DC offset, of each
    /// window's loudest channel. Windows with a gap are left out. At least `-150`; null if there is no whole window.
    pub noise_floor_dbfs: Option<f64>,
    /// DC offset: the largest mean of a channel, as a fraction of full scale, 0 to 1.
    pub dc_offset: f64,
    /// The number of gaps with missing frames.
    pub gaps: u64,
    /// Missing frames in total, replaced by silence.
    pub gap_frames: u64,
    /// The number of xruns.
    pub xruns: u64,
}

impl Verdict {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate_hz)
    }

    /// The faults of the take, each in a sentence; empty for a good take.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.clipped_samples > 0 {
            let count = counted(self.clipped_samples, "sample is", "samples are");
            warnings.push(format!("{count} clipped: turn the input down"));
        } else if self.true_peak_dbtp.is_some_and(|peak| peak > 0.0) {
            warnings.push("inter-sample peaks exceed full scale: players may clip".to_owned());
        }
        if self.broken_samples > 0 {
            warnings.push(format!("{} not a number", counted(self.broken_samples, "sample is", "samples are")));
        }
        if self.gaps > 0 {
            let seconds = self.gap_frames as f64 / f64::from(self.sample_rate_hz);
            let dropouts = counted(self.gaps, "dropout", "dropouts");
            warnings.push(format!("{dropouts}: {} frames ({seconds:.3} s) are missing", self.gap_frames));
        }
        if self.xruns > 0 {
            let xruns = counted(self.xruns, "xrun", "xruns");
            warnings.push(format!("{xruns}: the system was late; check the sound there"));
        }
        // In a moment of low notes the mean is not 0.
        if self.dc_offset >= DC_TOLD && self.seconds() >= 1.0 {
            warnings.push(format!(
                "a DC offset of {:.1} %: it reduces headroom and clicks at cuts",
                self.dc_offset * 100.0
            ));
        }
        match self.peak_dbfs {
            // Samples that are no numbers may have been audio.
            None if self.frames > 0 && self.broken_samples == 0 => {
                warnings.push("nothing but silence: is the input connected and turned up?".to_owned());
            }
            Some(peak) if peak < QUIET_DBFS => {
                warnings.push("hardly above the noise: is the input turned up?".to_owned());
            }
            _ => {}
        }
        warnings
    }

    /// The verdict in one line, for a message: `3:12.4  peak -3.1 dBFS (true -2.9)  -18.2 LUFS  no dropouts`.
    pub fn short(&self) -> String {
        let mut parts = vec![time_text(self.seconds())];
        parts.push(match (self.peak_dbfs, self.true_peak_dbtp) {
            (None, _) if self.frames == 0 => "empty".to_owned(),
            (None, _) => "silence".to_owned(),
            (Some(peak), None) => format!("peak {peak:.1} dBFS"),
            (Some(peak), Some(true_peak)) => format!("peak {peak:.1} dBFS (true {true_peak:.1})"),
        });
        parts.extend(self.loudness_lufs.map(|loudness| format!("{loudness:.1} LUFS")));
        match (self.gaps, self.xruns) {
            (0, 0) => parts.push("no dropouts".to_owned()),
            (0, _) => {}
            (gaps, _) => parts.push(format!("{} ({} frames)", counted(gaps, "DROPOUT", "DROPOUTS"), self.gap_frames)),
        }
        if self.xruns > 0 {
            parts.push(counted(self.xruns, "xrun", "xruns"));
        }
        if self.clipped_samples > 0 {
            parts.push(format!("CLIPPED {}", counted(self.clipped_samples, "sample", "samples")));
        }
        if self.broken_samples > 0 {
            parts.push(format!("BROKEN {}", counted(self.broken_samples, "sample", "samples")));
        }
        if self.dc_offset >= DC_TOLD {
            parts.push(format!("DC {:.1} %", self.dc_offset * 100.0));
        }
        parts.join("  ")
    }
}

/// A few plain lines, warnings last.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |level: Option<f64>, unit: &str| match level {
            Some(level) => format!("{level:.1} {unit}"),
            None => "none".to_owned(),
        };
        match self.peak_dbfs {
            Some(peak) => {
                write!(f, "peak {peak:.1} dBFS, true peak {}", told(self.true_peak_dbtp, "dBTP"))?;
                writeln!(f, ", {}", counted(self.clipped_samples, "clipped sample", "clipped samples"))?;
            }
            None => writeln!(f, "peak none")?,
        }
        writeln!(f, "loudness {}", told(self.loudness_lufs, "LUFS"))?;
        match self.noise_floor_dbfs {
            Some(floor) if floor <= FLOOR_DBFS => writeln!(f, "noise floor none: its quietest parts are silence")?,
            floor => writeln!(f, "noise floor {}", told(floor, "dBFS"))?,
        }
        writeln!(f, "DC offset {}", dc_text(self.dc_offset))?;
        match (self.gaps, self.xruns) {
            (0, 0) => write!(f, "no dropouts, no xruns")?,
            // After an xrun something may be missing, so "no dropouts" is not written.
            (0, xruns) => write!(f, "{}", counted(xruns, "xrun", "xruns"))?,
            (gaps, xruns) => {
                let gaps = format!("{} of {} frames", counted(gaps, "dropout", "dropouts"), self.gap_frames);
                write!(f, "{gaps}, {}", counted(xruns, "xrun", "xruns"))?;
            }
        }
        self.warnings().iter().try_for_each(|warning| write!(f, "\n! {warning}"))
    }
}

/// A DC offset in words.
fn dc_text(offset: f64) -> String {
    let per_cent = offset * 100.0;
    match offset {
        _ if offset < 0.0001 => "none".to_owned(),
        _ if offset < DC_TOLD => format!("{per_cent:.2} %, small"),
        _ if offset < 0.05 => format!("{per_cent:.1} %, noticeable"),
        _ => format!("{per_cent:.1} %, large"),
    }
}

fn counted(count: u64, one: &str, more: &str) -> String {
    match count {
        0 => format!("no {more}"),
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    }
}

/// An amplitude in dBFS; `None` for silence.
fn dbfs(amplitude: f64) -> Option<f64> {
    (amplitude > 0.0).then(|| 20.0 * amplitude.log10())
}
