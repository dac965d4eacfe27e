//! The audio device of a running engine: noticed when it is lost, done without, and taken back. The control thread's,
//! but for opening a device, which may take seconds and has a thread of its own.

use super::Reopen;
use crate::{
    engine::{
        assembly::device_status,
        audio::renderer::Renderer,
        control::{Control, Moment},
        host::{Device, DeviceSpec, Driver, HostError, StartFailed, Watch, sim::SimDevice},
    },
    status::Severity,
};
use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// Interruptions in one such time that are no accident any more.
const XRUNS_TOO_MANY: u64 = 10;
/// A callback that was not called for so long is lost, whatever the system says.
const STALL: Duration = Duration::from_millis(1500);
/// What a look adds to that at most: where this thread stood still as well, the machine did, and no device is gone.
const LONGEST_LOOK: Duration = Duration::from_millis(250);
/// First and longest wait before a lost device is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// A device that is waited for.
struct Lost {
    retry_at: Instant,
    wait: Duration,
    /// The opener is at it.
    is_asked: bool,
    /// What is in the way, as it was told last.
    told: Option<HostError>,
}

/// The thread that opens devices.
struct Opener {
    asks: Sender<()>,
    opened: Receiver<Result<Box<dyn Device>, HostError>>,
}

impl Opener {
    /// It ends with its asker, which need not wait for it: a device that comes too late is closed again.
    fn new(mut reopen: Reopen) -> Opener {
        let (asks, asked) = mpsc::channel::<()>();
        let (sender, opened) = mpsc::channel();
        let body = move || {
            for () in asked {
                if sender.send(reopen()).is_err() {
                    return;
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("device-opener".into()).spawn(body) {
            tracing::error!("a device that is lost is not taken back: no thread: {error}");
        }
        Opener { asks, opened }
    }
}

/// How long the callback was not called, as far as that is its device's doing. Counted in looks.
struct Silence {
    blocks: u64,
    looked: Instant,
    lasts: Duration,
}

impl Silence {
    fn new(now: Instant) -> Silence {
        Silence { blocks: 0, looked: now, lasts: Duration::ZERO }
    }

    fn look(&mut self, blocks: u64, now: Instant) -> Duration {
        let since = now.saturating_duration_since(std::mem::replace(&mut self.looked, now));
        self.lasts = match blocks == std::mem::replace(&mut self.blocks, blocks) {
            true => self.lasts + since.min(LONGEST_LOOK),
            false => Duration::ZERO,
        };
        self.lasts
    }
}

/// The audio device, and what to do when it goes away.
pub(super) struct Audio {
    pub(super) spec: DeviceSpec,
    pub(super) watch: Arc<Watch>,
    pub(super) driver: Option<Box<dyn Driver>>,
    opener: Opener,
    lost: Option<Lost>,
    silence: Silence,
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
            opener: Opener::new(reopen),
            lost: None,
            silence: Silence::new(Instant::now()),
            seen_xruns: 0,
            marked_xruns: 0,
            told_xruns: false,
        }
    }

    /// Notices a lost device, goes on without it, and takes it back.
    pub(super) fn look_after(&mut self, control: &mut Control, now: Moment) {
        let xruns = self.watch.xruns.load(Ordering::Relaxed);
        let marked = std::mem::replace(&mut self.marked_xruns, xruns);
        let stood_ms = self.watch.stood_ms.swap(0, Ordering::Relaxed);
        if xruns > marked || stood_ms > 0 {
            control.xruns(xruns.saturating_sub(marked).max(1), stood_ms, now);
        }
        let stalled = self.silence.look(self.watch.blocks.load(Ordering::Relaxed), Instant::now()) > STALL;
        match &mut self.lost {
            None if stalled || self.watch.lost.load(Ordering::Relaxed) => self.go_on_without(control),
            Some(lost) if lost.is_asked => {
                if let Ok(outcome) = self.opener.opened.try_recv() {
                    lost.is_asked = false;
                    self.take_back(outcome, control, now);
                }
            }
            Some(lost) if Instant::now() >= lost.retry_at => lost.is_asked = self.opener.asks.send(()).is_ok(),
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
        self.lost = Some(Lost { retry_at: Instant::now() + RETRY.0, wait: RETRY.0, is_asked: false, told: None });
    }

    fn stand_in(&self) -> SimDevice {
        SimDevice::new(self.spec.sample_rate_hz, self.spec.block_frames.clamp(64, 1024))
    }

    fn run_on(&mut self, device: Box<dyn Device>, renderer: Renderer) {
        self.watch = Arc::default();
        self.silence = Silence::new(Instant::now());
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

    fn take_back(&mut self, opened: Result<Box<dyn Device>, HostError>, control: &mut Control, now: Moment) {
        let rate_hz = self.spec.sample_rate_hz;
        let fits = opened.and_then(|device| match device.spec() {
            DeviceSpec { sample_rate_hz, .. } if *sample_rate_hz == rate_hz => Ok(device),
            DeviceSpec { name, sample_rate_hz, .. } => Err(HostError(format!(
                "{name} runs at {sample_rate_hz} Hz now, not at {rate_hz}: set it back, or leave with ctrl-q and start again"
            ))),
        });
        match fits {
            Ok(device) => {
                if let Some(renderer) = self.driver.take().and_then(Driver::stop) {
                    self.spec = device.spec().clone();
                    self.run_on(device, renderer);
                    control.device = device_status(&self.spec);
                    control.desk().notice(Severity::Info, format!("{} is back", self.spec.name));
                    self.lost = None;
                    control.device_back(now);
                }
            }
            Err(error) => {
                let Some(lost) = &mut self.lost else { return };
                lost.wait = (lost.wait * 2).min(RETRY.1);
                lost.retry_at = Instant::now() + lost.wait;
                // Once for each thing that is in the way.
                if lost.told.as_ref() != Some(&error) {
                    let text = format!("{} is not taken back yet: {error}", self.spec.name);
                    control.desk().notice(Severity::Warning, text);
                    lost.told = Some(error);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_stands_still_has_lost_no_device_and_one_that_only_misses_blocks_has() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut silence = Silence::new(begun);
        assert_eq!(silence.look(1, at(33)), Duration::ZERO);
        // Nobody ran for ten seconds, this thread neither; then the callback comes again.
        assert!(silence.look(1, at(10_033)) < STALL);
        assert_eq!(silence.look(2, at(10_066)), Duration::ZERO);
        // This thread runs, and no block comes.
        let mut lasts = Duration::ZERO;
        for turn in 1..=50 {
            lasts = silence.look(2, at(10_066 + turn * 33));
        }
        assert!(lasts > STALL, "{lasts:?}");
    }
}
