//! The simulated host in real time: no device, only time that passes.
//!
//! Its thread renders a block each time one would have been due, so everything works with nothing plugged in, and goes
//! on working while a lost device is waited for. In virtual time there is no host at all: see `engine/offline.rs`.

use super::{CallbackStats, Device, DeviceSpec, Driver, HostError, StartFailed, lend};
use crate::engine::{audio::renderer::Renderer, realtime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Frames per second unless asked otherwise.
pub const SAMPLE_RATE_HZ: u32 = 48_000;
/// Frames in a block unless asked otherwise.
pub const BLOCK_FRAMES: u32 = 256;
/// A machine that slept does not render the blocks it missed.
const LATEST_NS: u64 = 200_000_000;

/// A device without hardware.
pub struct SimDevice {
    spec: DeviceSpec,
}

impl SimDevice {
    /// A device of this rate and block.
    pub fn new(sample_rate_hz: u32, block_frames: u32) -> SimDevice {
        let spec = DeviceSpec {
            host: "sim",
            id: "sim".to_owned(),
            name: "simulated".to_owned(),
            sample_rate_hz,
            block_frames: block_frames.max(16),
            inputs: 0,
            latency_frames: block_frames,
        };
        SimDevice { spec }
    }
}

impl Device for SimDevice {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed> {
        let (mut lent, home) = lend(renderer, stats);
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let frames = self.spec.block_frames as usize;
        let period_ns = frames as f64 * 1e9 / f64::from(self.spec.sample_rate_hz);
        let body = move || {
            realtime::request(realtime::CALLBACK_PRIORITY);
            let mut due_ns = realtime::now_ns() as f64;
            while !ended.load(Ordering::Acquire) {
                // Not when it woke: this device's time is the monotonic clock itself, and has no jitter to filter.
                lent.begin_at(due_ns as u64);
                lent.render(frames, |_, _, _| {}, |_, _, _| {});
                lent.end();
                due_ns += period_ns;
                let now_ns = realtime::now_ns();
                if now_ns > due_ns as u64 + LATEST_NS {
                    due_ns = now_ns as f64;
                    lent.stats().xruns.fetch_add(1, Ordering::Relaxed);
                }
                let rest_ns = (due_ns as u64).saturating_sub(now_ns);
                if rest_ns > 0 {
                    thread::park_timeout(Duration::from_nanos(rest_ns));
                }
            }
        };
        match thread::Builder::new().name("audio-sim".into()).spawn(body) {
            Ok(thread) => Ok(Box::new(SimDriver { end, thread: Some(thread), home })),
            Err(error) => {
                let error = HostError(format!("no thread for the simulated host: {error}"));
                // The closure was dropped, so the renderer is on its way back.
                Err(StartFailed { error, renderer: home.recv().ok().map(Box::new) })
            }
        }
    }
}

struct SimDriver {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    home: Receiver<Renderer>,
}

impl SimDriver {
    fn end(&mut self) {
        self.end.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Driver for SimDriver {
    fn stop(mut self: Box<Self>) -> Option<Renderer> {
        self.end();
        self.home.recv().ok()
    }
}

impl Drop for SimDriver {
    fn drop(&mut self) {
        self.end();
    }
}
