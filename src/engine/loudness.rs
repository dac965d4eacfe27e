//! The loudness of the master (EBU R 128): momentary, short-term, integrated, and its true peak.
//!
//! A worker (`disk/worker.rs`) on a thread of its own reads the master from the capture buffer, a moment behind the
//! callback, which does nothing for it. What it finds is a level in a cell: the newest wins. While the master is silent and
//! nothing was measured it does nothing. Realtime: no.

use super::{
    audio::capture::Capture,
    disk::worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker},
};
use crate::{status::LoudnessStatus, taps::Tap};
use busker_sound::latest::{LevelReader, LevelWriter, Words, level};
use ebur128::{EbuR128, Mode};
use std::{sync::mpsc::Sender, time::Duration};

/// How often it reads on: the step of the momentary loudness.
const EVERY: Duration = Duration::from_millis(100);
/// Frames that are read at once.
const FRAMES: usize = 4_096;
/// The lowest level that is shown, in LUFS and dBTP.
const LOWEST: f64 = -120.0;

impl Words<2> for LoudnessStatus {
    fn to_words(self) -> [u64; 2] {
        let pair = |a: f32, b: f32| u64::from(a.to_bits()) << 32 | u64::from(b.to_bits());
        [pair(self.momentary_lufs, self.short_term_lufs), pair(self.integrated_lufs, self.true_peak_dbtp)]
    }

    fn from_words([a, b]: [u64; 2]) -> LoudnessStatus {
        let upper = |pair: u64| f32::from_bits((pair >> 32) as u32);
        let lower = |pair: u64| f32::from_bits(pair as u32);
        LoudnessStatus {
            momentary_lufs: upper(a),
            short_term_lufs: lower(a),
            integrated_lufs: upper(b),
            true_peak_dbtp: lower(b),
        }
    }
}

/// What the control thread asks.
#[derive(Clone, Copy, Debug)]
pub enum LoudnessJob {
    /// Begin anew.
    Clear,
    /// Frames are of this rate from now on.
    Rate(u32),
}

/// The control thread's half.
pub struct LoudnessHandle {
    jobs: Sender<LoudnessJob>,
    levels: LevelReader<LoudnessStatus, 2>,
    newest: LoudnessStatus,
}

impl LoudnessHandle {
    /// Takes in what was measured since.
    pub fn listen(&mut self) {
        if let Some(newest) = self.levels.changed() {
            self.newest = *newest;
        }
    }

    /// The newest measurement.
    pub fn newest(&self) -> LoudnessStatus {
        self.newest
    }

    /// Asks for something; a meter that is gone measures nothing.
    pub fn ask(&self, job: LoudnessJob) {
        let _ = self.jobs.send(job);
    }
}

/// The meter's state.
pub struct Loudness {
    capture: Capture,
    channels: Vec<usize>,
    sample_rate_hz: u32,
    meter: Option<EbuR128>,
    /// The next frame of the capture buffer.
    at: i64,
    /// Frames since something was heard; nothing where nothing was measured yet.
    quiet_frames: Option<u64>,
    samples: Vec<f32>,
    levels: LevelWriter<LoudnessStatus, 2>,
}

/// Both halves of a meter of the master in this buffer.
pub fn loudness(capture: Capture, sample_rate_hz: u32) -> (Worker<Loudness>, LoudnessHandle) {
    let channels = capture.channels(&Tap::MASTER).unwrap_or_default();
    let (writer, levels) = level(LoudnessStatus::SILENT);
    let meter = Loudness {
        capture,
        channels,
        sample_rate_hz,
        meter: None,
        at: 0,
        quiet_frames: None,
        samples: Vec::new(),
        levels: writer,
    };
    let (worker, WorkerHandle { jobs, .. }) = worker(meter);
    (worker, LoudnessHandle { jobs, levels, newest: LoudnessStatus::SILENT })
}

impl DiskWork for Loudness {
    type Job = LoudnessJob;
    type News = ();
    const THREAD: &'static str = "loudness";

    fn patience(&self) -> Option<Duration> {
        Some(EVERY)
    }

    fn obey(&mut self, job: LoudnessJob, _link: &mut WorkerLink<Self>) {
        if let LoudnessJob::Rate(sample_rate_hz) = job {
            self.sample_rate_hz = sample_rate_hz;
        }
        (self.meter, self.quiet_frames, self.at) = (None, None, self.capture.held().end);
        self.levels.change(|levels| *levels = LoudnessStatus::SILENT);
    }

    /// Reads on as far as the callback is.
    fn go_on(&mut self, _link: &mut WorkerLink<Self>) -> bool {
        let held = self.capture.held();
        // What is overwritten already is not measured.
        self.at = self.at.max(held.start);
        let mut has_measured = false;
        while self.at < held.end {
            let frames = (held.end - self.at).min(FRAMES as i64) as usize;
            let is_whole = self.capture.read(self.at, frames, &self.channels, &mut self.samples);
            self.at += frames as i64;
            if is_whole {
                has_measured |= self.measure(frames as u64);
            }
        }
        if has_measured {
            self.show();
        }
        false
    }
}

impl Loudness {
    /// Measures what was read; false where nothing is measured because nothing was heard.
    fn measure(&mut self, frames: u64) -> bool {
        let is_silent = self.samples.iter().all(|sample| *sample == 0.0);
        self.quiet_frames = match (is_silent, self.quiet_frames) {
            (true, quiet) => quiet.map(|quiet| quiet + frames),
            (false, _) => Some(0),
        };
        // After silence as long as the longest window nothing moves.
        if self.quiet_frames.is_none_or(|quiet| quiet > 4 * u64::from(self.sample_rate_hz)) {
            return false;
        }
        self.samples.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
        if self.meter.is_none() {
            let modes = Mode::M | Mode::S | Mode::I | Mode::TRUE_PEAK | Mode::HISTOGRAM;
            // A rate that is not measured has no loudness.
            self.meter = EbuR128::new(2, self.sample_rate_hz, modes).ok();
        }
        self.meter.as_mut().is_some_and(|meter| meter.add_frames_f32(&self.samples).is_ok())
    }

    fn show(&mut self) {
        let Some(meter) = &self.meter else { return };
        let level = |lufs: Result<f64, ebur128::Error>| lufs.unwrap_or(LOWEST).max(LOWEST) as f32;
        let peak = [0, 1].into_iter().filter_map(|side| meter.true_peak(side).ok()).fold(0.0, f64::max);
        let shown = LoudnessStatus {
            momentary_lufs: level(meter.loudness_momentary()),
            short_term_lufs: level(meter.loudness_shortterm()),
            integrated_lufs: level(meter.loudness_global()),
            true_peak_dbtp: (20.0 * peak.log10()).max(LOWEST) as f32,
        };
        self.levels.change(|levels| *levels = shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::audio::capture::{Layout, capture};
    use std::f32::consts::TAU;

    /// A second of a sine of 997 Hz on both sides, at this amplitude.
    fn sine(feed: &mut crate::engine::audio::capture::CaptureFeed, amplitude: f32) {
        let samples: Vec<f32> = (0..48_000).map(|i| amplitude * (TAU * 997.0 * i as f32 / 48_000.0).sin()).collect();
        for block in samples.chunks(480) {
            feed.feed(block.len(), [block, block].into_iter());
        }
    }

    #[test]
    fn a_sine_has_its_loudness_and_its_peak_until_it_is_cleared() {
        let layout = Layout { taps: Tap::MASTER.into(), left_out: Vec::new(), frames: 96_000 };
        let (mut feed, capture) = capture(&layout);
        let (mut worker, mut handle) = loudness(capture, 48_000);
        sine(&mut feed, 0.0);
        worker.step();
        handle.listen();
        assert_eq!(handle.newest(), LoudnessStatus::SILENT);
        for _ in 0..4 {
            sine(&mut feed, 0.1);
            worker.step();
        }
        handle.listen();
        // On both sides a sine is as loud as its level (EBU Tech 3341).
        let LoudnessStatus { momentary_lufs, short_term_lufs, integrated_lufs, true_peak_dbtp } = handle.newest();
        for level in [momentary_lufs, short_term_lufs, integrated_lufs, true_peak_dbtp] {
            assert!((level + 20.0).abs() < 0.15, "{:?}", handle.newest());
        }
        for _ in 0..4 {
            sine(&mut feed, 0.0);
            worker.step();
        }
        handle.listen();
        let quiet = handle.newest();
        assert_eq!((quiet.momentary_lufs, quiet.short_term_lufs), (-120.0, -120.0), "{quiet:?}");
        assert!((quiet.integrated_lufs + 20.0).abs() < 0.5, "silence does not count: {quiet:?}");
        handle.ask(LoudnessJob::Clear);
        worker.step();
        handle.listen();
        assert_eq!(handle.newest(), LoudnessStatus::SILENT);
    }
}
