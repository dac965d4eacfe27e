//! Measures a take: one pass over the samples, in memory that does not grow with the take.

use super::{
    Overview, Verdict, dbfs,
    floor::Floor,
    overview::Columns,
    true_peak::{LOUDNESS_RATE_HZ_MIN, TruePeak},
};
use crate::{
    takes::{NotUsable, Progress, Take, TakeEvent},
    wav::{Encoding, Notes, Samples},
};
use ebur128::{Channel, EbuR128, Mode};
use serde::{Deserialize, Serialize};

/// Windows of the noise floor per second: 400 ms each.
const WINDOWS_OF_SECOND: f64 = 2.5;
/// Frames that are measured together: few enough to find quiet ones between loud ones.
const BLOCK_FRAMES: u64 = 512;
/// Length up to which the loudness is computed exactly, in hours; for longer takes it is computed in steps of 0.1 LU,
/// in memory that does not grow.
const EXACT_HOURS: u64 = 12;
/// Frames that are read from the disk at a time.
const READ_FRAMES: usize = 8_192;
/// Maximum sample value; larger ones, in floating-point files only, count as this:
/// [`LEVEL_DBFS_MAX`](super::LEVEL_DBFS_MAX).
const SAMPLE_MAX: f32 = 1e6;

/// A verdict, and the overview made in the same pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The verdict.
    pub verdict: Verdict,
    /// The waveform.
    pub overview: Overview,
}

/// The sums of a channel.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    sum: f64,
    squares: f64,
}

/// Measures samples. Pure.
pub struct TakeAnalyzer {
    frames: u64,
    channels: usize,
    sample_rate_hz: u32,
    full_scale: f32,
    peak: f32,
    clipped: u64,
    broken: u64,
    /// The sum of each channel, over the whole take.
    totals: Vec<f64>,
    /// The sums of each channel in this window.
    window: Vec<Sums>,
    window_frames: u64,
    floor: Floor,
    columns: Columns,
    loudness: Option<EbuR128>,
    true_peak: Option<TruePeak>,
    /// Ranges of missing frames: from and to.
    gaps: Vec<(u64, u64)>,
    xruns: u64,
}

impl TakeAnalyzer {
    /// An analyzer for a take with this many channels and frames. Full scale is that of integers of `integer_bits`, or
    /// 1.0 for `None`. The events are given with their frames.
    pub fn new(
        channels: u16,
        sample_rate_hz: u32,
        frames: u64,
        integer_bits: Option<u16>,
        happenings: &[(u64, TakeEvent)],
    ) -> TakeAnalyzer {
        let channels = usize::from(channels.max(1));
        let sample_rate_hz = sample_rate_hz.max(1);
        let gap = |(frame, happening): &(u64, TakeEvent)| match happening {
            TakeEvent::Gap { frames } => Some((*frame, frame.saturating_add(*frames))),
            _ => None,
        };
        let mut gaps: Vec<(u64, u64)> = happenings.iter().filter_map(gap).collect();
        gaps.sort_unstable();
        TakeAnalyzer {
            frames: 0,
            channels,
            sample_rate_hz,
            full_scale: full_scale(integer_bits),
            peak: 0.0,
            clipped: 0,
            broken: 0,
            totals: vec![0.0; channels],
            window: vec![Sums::default(); channels],
            window_frames: ((f64::from(sample_rate_hz) / WINDOWS_OF_SECOND) as u64).max(1),
            floor: Floor::new(),
            columns: Columns::new(frames),
            loudness: loudness(channels, sample_rate_hz, frames),
            true_peak: TruePeak::new(channels, sample_rate_hz),
            gaps,
            xruns: happenings.iter().fold(0, |sum, (_, happening)| match happening {
                TakeEvent::Xrun { times } => sum.saturating_add(*times),
                _ => sum,
            }),
        }
    }

    /// Takes whole frames, interleaved; changes only samples that are no numbers, or far over full scale.
    pub fn feed(&mut self, samples: &mut [f32]) {
        let mut rest = samples;
        while rest.len() >= self.channels {
            let (column, column_end) = self.columns.at(self.frames);
            let window_left = self.window_frames - self.frames % self.window_frames;
            let frames = (column_end - self.frames).min(window_left).min(BLOCK_FRAMES) as usize;
            let (block, after) =
                rest.split_at_mut((frames * self.channels).min(rest.len() / self.channels * self.channels));
            self.feed_block(block, column);
            rest = after;
        }
    }

    /// Frames of one column and one window.
    fn feed_block(&mut self, block: &mut [f32], column: usize) {
        if block.iter().any(|sample| sample.is_nan() || sample.abs() > SAMPLE_MAX) {
            self.mend(block);
        }
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for frame in block.chunks_exact(self.channels) {
            for (sample, sums) in frame.iter().zip(&mut self.window) {
                low = low.min(*sample);
                high = high.max(*sample);
                let sample = f64::from(*sample);
                sums.sum += sample;
                sums.squares += sample * sample;
            }
        }
        let peak = high.max(-low);
        if peak >= self.full_scale {
            self.clipped += block.iter().filter(|sample| sample.abs() >= self.full_scale).count() as u64;
        }
        self.peak = self.peak.max(peak);
        self.columns.add(column, low, high);
        if let Some(true_peak) = &mut self.true_peak {
            true_peak.feed(block, peak);
        }
        if let Some(loudness) = &mut self.loudness {
            // It refuses only parts of frames.
            let _ = loudness.add_frames_f32(block);
        }
        self.frames += (block.len() / self.channels) as u64;
        if self.frames.is_multiple_of(self.window_frames) {
            self.end_window();
        }
    }

    fn mend(&mut self, block: &mut [f32]) {
        for sample in block {
            if !sample.is_finite() {
                self.broken += 1;
                *sample = 0.0;
            }
            *sample = sample.clamp(-SAMPLE_MAX, SAMPLE_MAX);
        }
    }

    fn end_window(&mut self) {
        let (from, to) = (self.frames.saturating_sub(self.window_frames), self.frames);
        let is_whole = self.frames > 0 && self.frames.is_multiple_of(self.window_frames);
        let has_gap = self.gaps.iter().any(|(begin, end)| *begin < to && *end > from);
        if is_whole && !has_gap {
            let frames = self.window_frames as f64;
            let power = |sums: &Sums| (sums.squares / frames - (sums.sum / frames).powi(2)).max(0.0);
            self.floor.count(self.window.iter().map(power).fold(0.0, f64::max));
        }
        for (total, sums) in self.totals.iter_mut().zip(&mut self.window) {
            *total += sums.sum;
            *sums = Sums::default();
        }
    }

    /// The result.
    pub fn end(mut self) -> Measurement {
        if !self.frames.is_multiple_of(self.window_frames) {
            self.end_window();
        }
        let true_peak = self.true_peak.map(|true_peak| true_peak.end().max(f64::from(self.peak)));
        let frames = self.frames.max(1) as f64;
        let verdict = Verdict {
            frames: self.frames,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels as u16,
            peak_dbfs: dbfs(f64::from(self.peak)),
            true_peak_dbtp: true_peak.and_then(dbfs),
            loudness_lufs: self.loudness.and_then(|it| it.loudness_global().ok()).filter(|lufs| lufs.is_finite()),
            clipped_samples: self.clipped,
            broken_samples: self.broken,
            noise_floor_dbfs: self.floor.dbfs(),
            dc_offset: self.totals.iter().map(|sum| (sum / frames).abs()).fold(0.0, f64::max),
            gaps: self.gaps.len() as u64,
            gap_frames: self.gaps.iter().fold(0, |sum: u64, (from, to)| sum.saturating_add(to - from)),
            xruns: self.xruns,
        };
        Measurement { verdict, overview: self.columns.overview() }
    }
}

/// The smallest magnitude that is full scale: the positive range of integers is one step smaller than the negative.
fn full_scale(integer_bits: Option<u16>) -> f32 {
    integer_bits.map_or(1.0, |bits| 1.0 - 0.5_f32.powi(i32::from(bits) - 1))
}

fn loudness(channels: usize, sample_rate_hz: u32, frames: u64) -> Option<EbuR128> {
    if sample_rate_hz < LOUDNESS_RATE_HZ_MIN {
        return None;
    }
    let is_long = frames / u64::from(sample_rate_hz) > EXACT_HOURS * 3600;
    let mode = if is_long { Mode::I | Mode::HISTOGRAM } else { Mode::I };
    let mut loudness = EbuR128::new(u32::try_from(channels).ok()?, sample_rate_hz, mode).ok()?;
    // The weights of surround loudspeakers differ, and a subwoofer's is 0.
    loudness.set_channel_map(&vec![Channel::Left; channels]).ok()?;
    Some(loudness)
}

/// Measures a take from beginning to end, in some 10 s for an hour of stereo (half of it if most is quiet) on a
/// desktop's core.
///
/// # Errors
/// See [`NotUsable`].
pub fn measure(take: &Take, progress: &mut Progress<'_>) -> Result<Measurement, NotUsable> {
    let (format, _) = take.audio()?;
    let mut samples = Samples::open(&take.file, &take.wav)?;
    let integer_bits = (format.encoding == Encoding::Pcm).then_some(format.bits);
    let happenings = happenings(&Notes::read(&mut &take.file, &take.wav)?);
    let frames = samples.frames();
    let mut analyzer = TakeAnalyzer::new(format.channels, format.sample_rate_hz, frames, integer_bits, &happenings);
    let mut block = Vec::new();
    loop {
        block.clear();
        if samples.read(READ_FRAMES, &mut block)? == 0 {
            return Ok(analyzer.end());
        }
        analyzer.feed(&mut block);
        if progress(analyzer.frames as f64 / frames as f64).is_break() {
            return Err(NotUsable::Stopped);
        }
    }
}

/// The events in a take's marks, each with its frame.
fn happenings(notes: &Notes) -> Vec<(u64, TakeEvent)> {
    notes.marks.iter().map(|mark| (mark.frame, TakeEvent::from(mark.label.as_str()))).collect()
}
