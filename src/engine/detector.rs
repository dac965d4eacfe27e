//! The detector: locates the probe in the recording of an input.
//!
//! A worker (`disk/worker.rs`) on a thread of its own: a search takes tens of milliseconds. It reads the recording from the
//! capture buffer. Realtime: no.

use super::{
    audio::capture::Capture,
    disk::worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker},
};
use busker_sound::probe::{LEAD_FRAMES, Probe, Sought};
use std::sync::Arc;

/// A search.
#[derive(Debug)]
pub struct DetectorJob {
    /// The probe.
    pub probe: Arc<Probe>,
    /// The frame it was played from.
    pub start_frame: i64,
    /// Frames to search from there on; the buffer has them.
    pub frames: usize,
    /// The channel of the capture buffer.
    pub channel: usize,
}

/// Result of a search.
#[derive(Debug)]
pub struct DetectorNews {
    /// Of the probe that was played from this frame.
    pub start_frame: i64,
    /// Both sweeps; `None` if the buffer no longer holds the recording.
    pub sought: Option<[Sought; 2]>,
    /// Peak of the recording, 1.0 = full scale.
    pub peak: f32,
}

/// The detector's state.
pub struct Detector {
    capture: Capture,
    heard: Vec<f32>,
}

/// Both halves of a detector in this buffer.
pub fn detector(capture: Capture) -> (Worker<Detector>, WorkerHandle<DetectorJob, DetectorNews>) {
    worker(Detector { capture, heard: Vec::new() })
}

impl DiskWork for Detector {
    type Job = DetectorJob;
    type News = DetectorNews;
    const THREAD: &'static str = "detector";

    fn obey(&mut self, job: DetectorJob, link: &mut WorkerLink<Self>) {
        let DetectorJob { probe, start_frame, frames, channel } = job;
        let first = start_frame - LEAD_FRAMES as i64;
        let is_held = self.capture.read(first, LEAD_FRAMES + frames, &[channel], &mut self.heard);
        let sought = is_held.then(|| probe.seek(&self.heard));
        let peak = self.heard.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        link.report(DetectorNews { start_frame, sought, peak });
        // Searches are rare: the memory is returned.
        self.heard = Vec::new();
    }
}
