//! Checks whether the disk keeps up with recording, from outside the disk writer, which may be waiting for it. The
//! control thread's.

use super::{Out, Takes};
use crate::{
    engine::disk::writer::WriteProgress,
    status::{BehindStatus, Severity},
};

/// Seconds that may wait to be written: the writer looks ten times a second, and a healthy disk pauses for less.
const USUAL_SECONDS: f64 = 1.0;
/// More than that for so long, and the disk is behind. The frames from before a take's beginning are written in less.
const TOLERATED_SECONDS: f64 = 1.0;

/// How the disk keeps up.
pub(super) struct DiskLag {
    progress: WriteProgress,
    /// The newest frame at which no more than usual waited.
    in_time_frame: i64,
    behind: Option<BehindStatus>,
    /// Frames that were lost before it fell behind.
    gap_frames: u64,
}

impl DiskLag {
    pub(super) fn new(progress: WriteProgress) -> DiskLag {
        DiskLag { progress, in_time_frame: 0, behind: None, gap_frames: 0 }
    }
}

impl Takes {
    /// How far the disk is behind, where it is.
    pub(super) fn behind(&self) -> Option<&BehindStatus> {
        self.lag.behind.as_ref()
    }

    /// The oldest frame that is still to be written.
    pub fn unwritten_frame(&self) -> Option<i64> {
        self.lag.progress.oldest_frame()
    }

    /// The oldest frame that waits to be written, also for orders that the writer has not read yet.
    fn oldest_waiting(&self) -> Option<i64> {
        let asked = self.open_takes().filter_map(|made| made.asked_frame);
        self.unwritten_frame().into_iter().chain(asked).min()
    }

    /// The part of the takes that is lost when the engine stops waiting for the disk, in a sentence.
    pub fn given_up(&self) -> Option<String> {
        let oldest = self.oldest_waiting()?;
        let seconds = (self.ended_frame - oldest).max(0) as f64 / f64::from(self.sample_rate_hz);
        let files = self.open_takes().filter_map(|made| Some(made.path.as_ref()?.display().to_string()));
        let files = files.collect::<Vec<_>>().join(", ");
        let of = if files.is_empty() { String::new() } else { format!(" of {files}") };
        Some(format!("the disk is too slow: up to the last {seconds:.1} s{of} are lost; the rest is saved"))
    }

    /// Checks whether the disk keeps up, and sends a notice when it falls behind and when it has caught up.
    pub(super) fn look_at_pace(&mut self, out: &Out) {
        let held = self.capture.held();
        let rate_hz = f64::from(self.sample_rate_hz);
        let waiting = self.oldest_waiting().map_or(0.0, |oldest| (held.end - oldest).max(0) as f64 / rate_hz);
        if waiting < USUAL_SECONDS {
            self.lag.in_time_frame = held.end;
            if self.lag.behind.take().is_some() {
                let lost = (self.gap_frames - self.lag.gap_frames) as f64 / rate_hz;
                let outcome = if lost > 0.0 { format!("{lost:.3} s are lost") } else { "nothing is lost".to_owned() };
                out.notice(Severity::Info, format!("the disk has caught up: {outcome}"));
            }
            return;
        }
        if (held.end - self.lag.in_time_frame) as f64 / rate_hz < USUAL_SECONDS + TOLERATED_SECONDS {
            return;
        }
        // In tenths: a status that changes is sent.
        let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
        let holds_seconds = tenths((self.capture.frames() as f64 / rate_hz - waiting).max(0.0));
        let behind = BehindStatus { seconds: tenths(waiting), holds_seconds };
        if self.lag.behind.replace(behind).is_none() {
            self.lag.gap_frames = self.gap_frames;
            let text = format!(
                "the disk is too slow: {waiting:.1} s are not written yet; the buffer lasts {holds_seconds:.0} s \
                 more, then frames are lost: stop other disk use, or record to another disk"
            );
            out.notice(Severity::Warning, text);
        }
    }
}
