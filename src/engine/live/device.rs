//! The audio device of a running engine: notices that it is lost, goes on without it, and takes it back. The control
//! thread's; opening, starting and ending a device may take seconds and is another thread's.

use super::Reopen;
use crate::{
    engine::{
        assembly::device_status,
        audio::renderer::Renderer,
        control::{Control, Moment},
        frame_clock::FrameClock,
        host::{CallbackStats, Device, DeviceSpec, Driver, HostError, StartFailed, sim::SimDevice},
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

/// From so many interruptions between two updates of the load on, a notice is sent once.
const XRUNS_TOO_MANY: u64 = 10;
/// A callback that was not called for so long is lost, whatever the system says.
const STALL: Duration = Duration::from_millis(1500);
/// A look adds at most this to that: where this thread was held up as well, the machine was, and no device is gone.
const LONGEST_LOOK: Duration = Duration::from_millis(250);
/// First and longest wait before a lost device is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// A job for the porter, one at a time.
enum Errand {
    End(Box<dyn Driver>),
    Open,
    Start(Box<dyn Device>, Box<Renderer>, Arc<CallbackStats>),
}

/// The outcome of a job.
enum Outcome {
    Ended(Option<Box<Renderer>>),
    Opened(Result<Box<dyn Device>, HostError>),
    Started(Result<Box<dyn Driver>, StartFailed>),
}

/// The thread that opens, starts and ends devices.
struct Porter {
    errands: Sender<Errand>,
    outcomes: Receiver<Outcome>,
}

impl Porter {
    /// The thread ends with this handle, which need not wait for it: a device that comes too late is closed again.
    fn new(mut reopen: Reopen) -> Porter {
        let (errands, asked) = mpsc::channel();
        let (sender, outcomes) = mpsc::channel();
        let body = move || {
            for errand in asked {
                let outcome = match errand {
                    Errand::End(driver) => Outcome::Ended(driver.stop().map(Box::new)),
                    Errand::Open => Outcome::Opened(reopen()),
                    Errand::Start(device, renderer, stats) => Outcome::Started(device.start(*renderer, stats)),
                };
                if sender.send(outcome).is_err() {
                    return;
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("device-porter".into()).spawn(body) {
            tracing::error!("a lost device is not reopened: no thread: {error}");
        }
        Porter { errands, outcomes }
    }

    /// Gives the thread a job; false where the thread is gone.
    fn ask(&self, errand: Errand) -> bool {
        self.errands.send(errand).is_ok()
    }
}

/// Who runs the renderer.
enum State {
    /// The device.
    Running(Box<dyn Driver>),
    /// A device that is gone and is being ended.
    Ending,
    /// The simulated host: the device is waited for.
    Without(Box<dyn Driver>, Wait),
    /// A device that is back and is being started.
    Starting,
    /// The system never let go of it: there is no audio any more.
    Nowhere,
}

/// A device that is waited for.
struct Wait {
    retry_at: Instant,
    wait: Duration,
    /// The porter is opening it.
    is_asked: bool,
    /// The problem that was reported last.
    told: Option<HostError>,
}

impl Wait {
    fn new() -> Wait {
        Wait { retry_at: Instant::now() + RETRY.0, wait: RETRY.0, is_asked: false, told: None }
    }

    /// The next try is later, longer each time.
    fn go_on(&mut self) {
        self.wait = (self.wait * 2).min(RETRY.1);
        self.retry_at = Instant::now() + self.wait;
    }
}

/// How long the callback was not called, as far as its device is the cause. Counted in looks.
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

/// The audio device, and the handling of its loss.
pub(super) struct Audio {
    pub(super) spec: DeviceSpec,
    pub(super) stats: Arc<CallbackStats>,
    state: State,
    porter: Porter,
    frames: FrameClock,
    silence: Silence,
    seen_xruns: u64,
    marked_xruns: u64,
    told_xruns: bool,
}

impl Audio {
    /// A device that runs.
    pub(super) fn new(
        spec: DeviceSpec,
        stats: Arc<CallbackStats>,
        driver: Box<dyn Driver>,
        frames: FrameClock,
        reopen: Reopen,
    ) -> Audio {
        Audio {
            spec,
            stats,
            state: State::Running(driver),
            porter: Porter::new(reopen),
            frames,
            silence: Silence::new(Instant::now()),
            seen_xruns: 0,
            marked_xruns: 0,
            told_xruns: false,
        }
    }

    /// Notices a lost device, goes on without it, and takes it back.
    pub(super) fn look_after(&mut self, control: &mut Control, now: Moment) {
        let xruns = self.stats.xruns.load(Ordering::Relaxed);
        let marked = std::mem::replace(&mut self.marked_xruns, xruns);
        let stood_ms = self.stats.stood_ms.swap(0, Ordering::Relaxed);
        if xruns > marked || stood_ms > 0 {
            control.xruns(xruns.saturating_sub(marked).max(1), stood_ms, now);
        }
        while let Ok(outcome) = self.porter.outcomes.try_recv() {
            match outcome {
                Outcome::Ended(Some(renderer)) => self.stand_in(*renderer, control),
                Outcome::Ended(None) => self.is_nowhere(control),
                Outcome::Opened(Ok(device)) => self.take_back(device, control),
                Outcome::Opened(Err(error)) => self.is_in_the_way(error, control),
                Outcome::Started(Ok(driver)) => self.is_back(driver, control, now),
                Outcome::Started(Err(StartFailed { error, renderer: Some(renderer) })) => {
                    self.stand_in(*renderer, control);
                    self.is_in_the_way(error, control);
                }
                Outcome::Started(Err(StartFailed { renderer: None, .. })) => self.is_nowhere(control),
            }
        }
        let is_silent = self.silence.look(self.stats.blocks.load(Ordering::Relaxed), Instant::now()) > STALL;
        match &mut self.state {
            State::Running(_) if is_silent || self.stats.lost.load(Ordering::Relaxed) => self.is_lost(control),
            State::Without(_, wait) if !wait.is_asked && Instant::now() >= wait.retry_at => {
                wait.is_asked = self.porter.ask(Errand::Open);
            }
            _ => {}
        }
    }

    fn is_lost(&mut self, control: &mut Control) {
        let name = &self.spec.name;
        tracing::warn!(device = name, "the audio device disconnected");
        control.device_lost();
        control.device.running = false;
        control.desk().notice(
            Severity::Error,
            format!(
                "the audio device {name} disconnected: MIDI still plays, the take is closed, and it is reopened \
             when it returns"
            ),
        );
        if let State::Running(driver) = std::mem::replace(&mut self.state, State::Ending) {
            self.porter.ask(Errand::End(driver));
        }
    }

    fn is_nowhere(&mut self, control: &mut Control) {
        self.state = State::Nowhere;
        control.desk().notice(
            Severity::Error,
            "the system does not release the audio device: save nothing here, quit with ctrl-q and start again",
        );
    }

    /// Counters for a new stream.
    fn new_stats(&mut self) -> Arc<CallbackStats> {
        self.stats = Arc::default();
        self.silence = Silence::new(Instant::now());
        (self.seen_xruns, self.marked_xruns, self.told_xruns) = (0, 0, false);
        Arc::clone(&self.stats)
    }

    /// The renderer goes on with the simulated host; that needs nothing but a thread.
    fn stand_in(&mut self, renderer: Renderer, control: &mut Control) {
        let rate_hz = renderer.sample_rate_hz().round() as u32;
        let device = Box::new(SimDevice::new(rate_hz, self.spec.block_frames.clamp(64, 1024)));
        match device.start(renderer, self.new_stats()) {
            Ok(driver) => self.state = State::Without(driver, Wait::new()),
            Err(StartFailed { error, .. }) => {
                tracing::error!("{error}");
                self.is_nowhere(control);
            }
        }
    }

    /// The device is open: the renderer moves over to it.
    fn take_back(&mut self, device: Box<dyn Device>, control: &mut Control) {
        let State::Without(stand_in, _) = std::mem::replace(&mut self.state, State::Starting) else { return };
        let Some(mut renderer) = stand_in.stop() else { return self.is_nowhere(control) };
        self.spec = device.spec().clone();
        let rate_hz = self.spec.sample_rate_hz;
        let was_hz = renderer.sample_rate_hz().round() as u32;
        if rate_hz != was_hz {
            renderer.set_rate(f64::from(rate_hz));
            control.set_rate(rate_hz, renderer.frame());
            let text = format!(
                "{} now runs at {rate_hz} Hz, not {was_hz} Hz: takes from now on have that rate",
                self.spec.name
            );
            control.desk().notice(Severity::Warning, text);
        }
        self.frames.set_latency(self.spec.latency_frames);
        let stats = self.new_stats();
        self.porter.ask(Errand::Start(device, Box::new(renderer), stats));
    }

    fn is_back(&mut self, driver: Box<dyn Driver>, control: &mut Control, now: Moment) {
        self.state = State::Running(driver);
        control.device = device_status(&self.spec);
        control.desk().notice(Severity::Info, format!("{} is back", self.spec.name));
        control.device_back(now);
    }

    /// Reports each problem once.
    fn is_in_the_way(&mut self, error: HostError, control: &mut Control) {
        let State::Without(_, wait) = &mut self.state else { return };
        wait.is_asked = false;
        wait.go_on();
        if wait.told.as_ref() != Some(&error) {
            let text = format!("{} is not reopened yet: {error}", self.spec.name);
            control.desk().notice(Severity::Warning, text);
            wait.told = Some(error);
        }
    }

    /// The running driver, to be ended. A device that the porter is opening is left to it.
    pub(super) fn take_driver(&mut self) -> Option<Box<dyn Driver>> {
        match std::mem::replace(&mut self.state, State::Nowhere) {
            State::Running(driver) | State::Without(driver, _) => Some(driver),
            State::Ending | State::Starting | State::Nowhere => None,
        }
    }

    pub(super) fn show_load(&mut self, control: &mut Control) {
        let device = &mut control.device;
        let percent = |permille: u32| permille.div_ceil(10);
        device.load_percent = percent(self.stats.load_permille.load(Ordering::Relaxed));
        device.load_peak_percent = percent(self.stats.load_peak_permille.swap(0, Ordering::Relaxed));
        device.xruns = self.stats.xruns.load(Ordering::Relaxed);
        // Before the first block, the device's own figure applies.
        if let frames @ 1.. = self.stats.block_frames.load(Ordering::Relaxed) {
            device.block_frames = frames;
        }
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
    fn a_machine_that_is_held_up_has_lost_no_device_and_one_that_only_misses_blocks_has() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut silence = Silence::new(begun);
        assert_eq!(silence.look(1, at(33)), Duration::ZERO);
        // No thread ran for ten seconds, this one neither; then the callback comes again.
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
