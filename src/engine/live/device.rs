//! The audio device of a running engine: noticed when it is lost, done without, and taken back. The control thread's.

use super::Reopen;
use crate::{
    engine::{
        assembly::device_status,
        audio::renderer::Renderer,
        control::{Control, Moment},
        host::{Device, DeviceSpec, Driver, StartFailed, Watch, sim::SimDevice},
    },
    status::Severity,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// Interruptions in one such time that are no accident any more.
const XRUNS_TOO_MANY: u64 = 10;
/// A callback that was not called for so long is lost, whatever the system says.
const STALL: Duration = Duration::from_millis(1500);
/// First and longest wait before a lost device is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// A device that is waited for.
struct Lost {
    retry_at: Instant,
    wait: Duration,
}

/// The audio device, and what to do when it goes away.
pub(super) struct Audio {
    pub(super) spec: DeviceSpec,
    pub(super) watch: Arc<Watch>,
    pub(super) driver: Option<Box<dyn Driver>>,
    reopen: Reopen,
    lost: Option<Lost>,
    seen_blocks: (u64, Instant),
    seen_xruns: u64,
    marked_xruns: u64,
    told_xruns: bool,
}

impl Audio {
    /// A device that runs.
    pub(super) fn new(spec: DeviceSpec, watch: Arc<Watch>, driver: Box<dyn Driver>, reopen: Reopen) -> Audio {
        Audio {
            spec,
            watch,
            driver: Some(driver),
            reopen,
            lost: None,
            seen_blocks: (0, Instant::now()),
            seen_xruns: 0,
            marked_xruns: 0,
            told_xruns: false,
        }
    }

    /// Notices a lost device, goes on without it, and takes it back.
    pub(super) fn look_after(&mut self, control: &mut Control, now: Moment) {
        let blocks = self.watch.blocks.load(Ordering::Relaxed);
        if blocks != self.seen_blocks.0 {
            self.seen_blocks = (blocks, Instant::now());
        }
        let xruns = self.watch.xruns.load(Ordering::Relaxed);
        let marked = std::mem::replace(&mut self.marked_xruns, xruns);
        if xruns > marked {
            control.xruns(u64::from(xruns - marked), now);
        }
        let stalled = self.seen_blocks.1.elapsed() > STALL;
        match &self.lost {
            None if stalled || self.watch.lost.load(Ordering::Relaxed) => self.go_on_without(control),
            Some(lost) if Instant::now() >= lost.retry_at => self.try_again(control, now),
            _ => {}
        }
    }

    fn go_on_without(&mut self, control: &mut Control) {
        let name = &self.spec.name;
        tracing::warn!(device = name, "the audio device is gone");
        control.device_lost();
        control.device.running = false;
        control.desk().notice(
            Severity::Error,
            format!("the audio device {name} is gone: MIDI plays on, the take is closed, and it is taken back when it returns"),
        );
        match self.driver.take().and_then(Driver::stop) {
            Some(renderer) => self.run_on(Box::new(self.stand_in()), renderer),
            None => control.desk().notice(
                Severity::Error,
                "the system does not let go of the audio device: save nothing here, leave with ctrl-q and start again",
            ),
        }
        self.lost = Some(Lost { retry_at: Instant::now() + RETRY.0, wait: RETRY.0 });
    }

    fn stand_in(&self) -> SimDevice {
        SimDevice::new(self.spec.sample_rate_hz, self.spec.block_frames.clamp(64, 1024))
    }

    fn run_on(&mut self, device: Box<dyn Device>, renderer: Renderer) {
        self.watch = Arc::default();
        self.seen_blocks = (0, Instant::now());
        (self.seen_xruns, self.marked_xruns, self.told_xruns) = (0, 0, false);
        match device.start(renderer, Arc::clone(&self.watch)) {
            Ok(driver) => self.driver = Some(driver),
            Err(StartFailed { error, renderer: Some(renderer) }) => {
                tracing::warn!("{error}");
                // The stand-in needs nothing but a thread.
                if let Ok(driver) = Box::new(self.stand_in()).start(*renderer, Arc::clone(&self.watch)) {
                    self.driver = Some(driver);
                }
            }
            Err(StartFailed { error, renderer: None }) => tracing::error!("{error}; the renderer did not come back"),
        }
    }

    fn try_again(&mut self, control: &mut Control, now: Moment) {
        match (self.reopen)() {
            Ok(device) if device.spec().sample_rate_hz == self.spec.sample_rate_hz => {
                if let Some(renderer) = self.driver.take().and_then(Driver::stop) {
                    self.spec = device.spec().clone();
                    self.run_on(device, renderer);
                    control.device = device_status(&self.spec);
                    control.desk().notice(Severity::Info, format!("{} is back", self.spec.name));
                    self.lost = None;
                    control.device_back(now);
                }
            }
            outcome => {
                if let Some(lost) = &mut self.lost {
                    lost.wait = (lost.wait * 2).min(RETRY.1);
                    lost.retry_at = Instant::now() + lost.wait;
                }
                if let Err(error) = outcome {
                    tracing::debug!("still gone: {error}");
                }
            }
        }
    }

    pub(super) fn show_load(&mut self, control: &mut Control) {
        let device = &mut control.device;
        let percent = |permille: u32| permille.div_ceil(10);
        device.load_percent = percent(self.watch.load_permille.load(Ordering::Relaxed));
        device.load_peak_percent = percent(self.watch.load_peak_permille.swap(0, Ordering::Relaxed));
        device.xruns = self.watch.xruns.load(Ordering::Relaxed);
        device.block_frames = self.watch.block_frames.load(Ordering::Relaxed).max(1);
        let xruns = device.xruns.saturating_sub(std::mem::replace(&mut self.seen_xruns, device.xruns));
        if xruns >= XRUNS_TOO_MANY && !std::mem::replace(&mut self.told_xruns, true) {
            let (name, block) = (&self.spec.name, device.block_frames);
            let text = format!("{name} does not keep up with blocks of {block} frames: set a larger audio.block");
            control.desk().notice(Severity::Warning, text);
        }
    }
}
