//! The engine in real time: starts the threads, looks after the device, and ends everything in order.
//!
//! [`Engine::start`] puts the pieces on their threads. The control thread obeys commands, publishes the status thirty
//! times a second (or at the rate of its configuration), wakes subscribers where it changed, and goes on with the
//! simulated host when the device is lost, until it is back. However the engine ends, takes are closed, notes are ended
//! and the clock is stopped.

mod device;

use super::{
    assembly::{Assembly, MidiThreads, NoSuchInput, Time, assemble},
    config::EngineConfig,
    control::{Control, Moment, Outcome, SentListener, notice_of},
    frame_clock::{FrameClock, FrameTime},
    host::{CallbackStats, Device, HostError, StartFailed, open_port::OpenPort, patchbay::Patchbay},
    profile_watch::ProfileWatch,
    realtime,
    station::{Answer, Errand, Reply, Request, Station},
};
use crate::{
    status::{Event, Levels, Severity, Shown, Status, levels::COUNTS_EVERY_NS},
    threads::join_within,
};
use device::Audio;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A command's effect is shown without waiting for the tick, but not more often than this.
const SOONEST: Duration = Duration::from_millis(8);
/// How often a new load of the callback is shown: a number that jumps cannot be read.
const LOAD_EVERY: Duration = Duration::from_millis(1000);
/// How often the free space of the disk is read.
const DISK_EVERY: Duration = Duration::from_secs(1);
/// While the engine ends: how long the disk may write nothing before the rest of a take is given up.
const CLOSE_TAKE: Duration = Duration::from_secs(10);
/// And how long it may take in all: the frames in the buffer are written in less, or not at all.
const CLOSE_LONGEST: Duration = Duration::from_secs(60);
/// While the engine ends: how long the keeper may need for its last files.
const KEEP: Duration = Duration::from_secs(10);
/// While the engine ends: how long a MIDI thread may need to end its notes. A port that takes nothing is left.
const END_MIDI: Duration = Duration::from_secs(3);
/// While the engine ends: how long a device may need to stop.
const END_DEVICE: Duration = Duration::from_secs(5);
/// Commands obeyed before the status is shown again.
const BURST: usize = 256;

/// Opens a device again; slow things belong in here.
pub type Reopen = Box<dyn FnMut() -> Result<Box<dyn Device>, HostError> + Send>;

/// The device and ports of an engine.
pub struct Machinery {
    /// The device, open.
    pub device: Box<dyn Device>,
    /// The ports, open, in the order they were asked for. Notes and knobs go to the first at the start.
    pub ports: Vec<OpenPort>,
    /// Keeps them connected.
    pub patchbay: Patchbay,
    /// Opens the same device again, at the same rate and with the same inputs.
    pub reopen: Reopen,
}

impl Machinery {
    /// A device that never needs to be opened again, and ports that never go.
    pub fn lasting(device: Box<dyn Device>, ports: Vec<OpenPort>) -> Machinery {
        let reopen: Reopen = Box::new(|| Err(HostError("this device is opened only once".to_owned())));
        Machinery { device, ports, patchbay: Patchbay::new(), reopen }
    }
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The inputs asked for are not there.
    #[error(transparent)]
    Input(#[from] NoSuchInput),
    /// The device did not start.
    #[error(transparent)]
    Host(HostError),
    /// The system has no more threads.
    #[error("the system has no thread left: {0}; close other programs and try again")]
    Threads(#[from] io::Error),
}

/// A running engine. Dropping it ends it in order.
pub struct Engine {
    station: Station,
    control: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine; `listener` gets its notices and events.
    ///
    /// # Errors
    /// Nothing runs then.
    pub fn start(
        config: &EngineConfig,
        machinery: Machinery,
        listener: Option<SentListener>,
    ) -> Result<Engine, EngineError> {
        realtime::allow_open_files();
        let Machinery { device, ports, mut patchbay, reopen } = machinery;
        let spec = device.spec().clone();
        let start_ns = realtime::now_ns();
        let Assembly {
            station,
            mut control,
            renderer,
            midi: MidiThreads { scheduler, clock },
            disk,
            detector,
            loudness,
            frames,
        } = assemble(config, &spec, ports, Time::Real { start_ns })?;
        let knock = station.clone();
        control.keep_ports(patchbay.take_events(move || knock.knock()));
        control.knock_with(&station);
        let profile_watch = match &config.watched {
            Some(reading) => {
                let knock = station.clone();
                let (watch, news) = ProfileWatch::start(reading.clone(), move || knock.knock())?;
                control.keep_profiles(news);
                Some(watch)
            }
            None => None,
        };
        if let Some(listener) = listener {
            control.listen_to_sent(listener);
        }
        let stats = Arc::<CallbackStats>::default();
        let driver =
            device.start(renderer, Arc::clone(&stats)).map_err(|StartFailed { error, .. }| EngineError::Host(error))?;
        // Locked memory keeps the callback from waiting for a page; where the system refuses it, everything runs on.
        let lock = rustix::mm::MlockAllFlags::CURRENT | rustix::mm::MlockAllFlags::ONFAULT;
        control.realtime.memory_locked = rustix::mm::mlockall(lock).is_ok();
        let realtime = Arc::<OnceLock<bool>>::default();
        let end_clock = Arc::new(AtomicBool::new(false));
        let clock_realtime = clock.is_some().then(Arc::<OnceLock<bool>>::default);
        let clock = match (clock, &clock_realtime) {
            (Some(clock), Some(granted)) => Some(clock.spawn(Arc::clone(&end_clock), Arc::clone(granted))?),
            _ => None,
        };
        let scheduler = scheduler.spawn(Arc::clone(&realtime))?;
        let knock = station.clone();
        let keeper = disk.spawn(move || knock.knock())?;
        let knock = station.clone();
        detector.spawn(move || knock.knock())?;
        loudness.spawn(|| {})?;
        if config.mends {
            control.mend_takes();
        }
        let shown = station.status();
        let mut live = Live {
            turn: config.turn,
            control,
            audio: Audio::new(spec, stats, driver, frames.clone(), reopen),
            frames,
            realtime,
            clock_realtime,
            told_granted: false,
            end_clock,
            clock,
            scheduler: Some(scheduler),
            woken_for: Levels::of(&shown),
            shown: Shown::from(Status::clone(&shown)),
            _profile_watch: profile_watch,
            keeper: Some(keeper),
            _patchbay: patchbay,
        };
        let control = thread::Builder::new().name("control".into()).spawn(move || {
            let run = catch_unwind(AssertUnwindSafe(|| live.run()));
            live.control.desk().leave();
            if run.is_err() {
                live.control.desk().notice(Severity::Error, "the engine failed and is ending; takes are being closed");
            }
            // Even after a fault: each step is on its own.
            live.end();
        })?;
        Ok(Engine { station, control: Some(control) })
    }

    /// The asking half, for clients.
    pub fn station(&self) -> &Station {
        &self.station
    }

    /// Waits until the engine has ended.
    pub fn wait(mut self) {
        self.join();
    }

    /// Ends it in order, and returns the failures while it ended.
    pub fn end(mut self) -> Vec<String> {
        let _ = self.station.send_surely(crate::command::Command::Quit {});
        self.join();
        self.station.lost()
    }

    fn join(&mut self) {
        if let Some(control) = self.control.take() {
            let _ = control.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.control.is_some() {
            let _ = self.station.send(crate::command::Command::Quit {});
            self.join();
        }
    }
}

/// The control thread.
struct Live {
    /// How often it reads from the other threads and publishes the status.
    turn: Duration,
    control: Control,
    audio: Audio,
    frames: FrameClock,
    realtime: Arc<OnceLock<bool>>,
    /// The clock's, where it has a thread.
    clock_realtime: Option<Arc<OnceLock<bool>>>,
    /// Whether a refusal was reported, or there was none.
    told_granted: bool,
    end_clock: Arc<AtomicBool>,
    clock: Option<JoinHandle<()>>,
    scheduler: Option<JoinHandle<()>>,
    /// The published status.
    shown: Shown,
    /// The levels at the last wake of subscribers.
    woken_for: Levels,
    /// Ends with it, where profiles are watched.
    _profile_watch: Option<ProfileWatch>,
    keeper: Option<JoinHandle<()>>,
    /// Closed last: ports stay connected until followers are stopped and notes are ended.
    _patchbay: Patchbay,
}

impl Live {
    fn run(&mut self) {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap_or_else(Instant::now);
        let (mut ticked, mut disk_seen, mut load_seen) = (long_ago, long_ago, long_ago);
        while !self.control.quitting() {
            let turn = self.turn.saturating_sub(ticked.elapsed());
            let patience = self.control.patience(self.now()).map_or(turn, |sooner| sooner.min(turn));
            let asked = match self.control.desk().errand(patience) {
                Ok(errand) => {
                    self.run_errand(errand);
                    for _ in 0..BURST {
                        match self.control.desk().errand(Duration::ZERO) {
                            Ok(errand) => self.run_errand(errand),
                            Err(_) => break,
                        }
                    }
                    true
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if asked {
                self.wake_clock();
            }
            if asked && ticked.elapsed() < SOONEST {
                continue;
            }
            if !asked && ticked.elapsed() < self.turn {
                self.control.glance(self.now());
                self.clock_may_have_changed();
                continue;
            }
            ticked = Instant::now();
            self.listen();
            let now = self.now();
            self.audio.look_after(&mut self.control, now);
            self.look_after_threads();
            if disk_seen.elapsed() >= DISK_EVERY {
                disk_seen = ticked;
                self.control.look_at_disk();
            }
            if load_seen.elapsed() >= LOAD_EVERY {
                load_seen = ticked;
                self.audio.show_load(&mut self.control);
                self.show_granted();
            }
            self.show();
        }
    }

    /// Publishes the status, and wakes subscribers where it changed.
    fn show(&mut self) {
        let now = self.now();
        let is_changed = self.control.show(&mut self.shown, now);
        self.control.desk().show(&self.shown);
        let (levels, before) = (&self.shown.levels, &mut self.woken_for);
        let are_counts_due =
            levels.at_ns.saturating_sub(before.at_ns) >= COUNTS_EVERY_NS && levels.counts != before.counts;
        if is_changed || levels.moving != before.moving || are_counts_due {
            before.copy_from(levels);
            self.control.desk().wake();
        }
    }

    fn listen(&mut self) {
        self.control.listen(self.now());
        let answers = self.control.due_answers(self.now());
        self.answer(answers);
        self.clock_may_have_changed();
    }

    fn clock_may_have_changed(&self) {
        if self.control.follows_a_clock() {
            // The plan may have changed.
            self.wake_clock();
        }
    }

    /// A MIDI thread that met a fault has silenced its synths; its work is not done any more.
    fn look_after_threads(&mut self) {
        let ended = |thread: &mut Option<JoinHandle<()>>| thread.take_if(|thread| thread.is_finished()).is_some();
        for (ended, what) in
            [(ended(&mut self.scheduler), "notes and knobs"), (ended(&mut self.clock), "the MIDI clock")]
        {
            if ended {
                let text = format!("{what} failed and stopped; recording continues: quit with ctrl-q and start again");
                self.control.desk().notice(Severity::Error, text);
            }
        }
    }

    /// Reads whether the threads got SCHED_FIFO; they ask once they run. A refusal is reported once.
    fn show_granted(&mut self) {
        let (scheduler, clock) = (self.realtime.get(), self.clock_realtime.as_ref().map(|clock| clock.get()));
        self.control.realtime.scheduler = scheduler == Some(&true);
        self.control.realtime.clock = clock.map(|clock| clock == Some(&true));
        let all_asked = scheduler.is_some() && clock != Some(None);
        if all_asked && !self.told_granted {
            self.told_granted = true;
            if !self.control.realtime.granted() {
                self.control.desk().notice(Severity::Info, realtime::HOW_TO_ALLOW);
            }
        }
    }

    fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Obey(request) => self.obey(request),
            Errand::Leave(guest) => self.control.leave(guest, self.now()),
            Errand::Look => self.listen(),
        }
    }

    fn obey(&mut self, Request { asked_ns, command, guest, reply }: Request) {
        // The command is executed for the instant it was asked at: only this thread is late.
        let now = Moment { ns: asked_ns, ..self.now() };
        let outcome = self.control.obey(&command, guest, now);
        match (outcome, reply) {
            (Outcome::Now(answer), Some(reply)) => self.answer(vec![(reply, answer)]),
            (Outcome::Later { promise, meanwhile }, Some(reply)) => {
                self.control.owe(promise, meanwhile, reply, self.now());
            }
            (outcome, None) => {
                if let Some((severity, text)) = notice_of(&outcome.now()) {
                    self.control.desk().notice(severity, text);
                }
            }
        }
    }

    fn answer(&mut self, answers: Vec<(Reply, Answer)>) {
        if !answers.is_empty() {
            // A client that has the answer finds its effect in the status.
            self.show();
        }
        for (reply, answer) in answers {
            reply(answer);
        }
    }

    /// The plan may have changed: the clock thread computes again when its next pulse is due.
    fn wake_clock(&self) {
        if let Some(clock) = &self.clock {
            clock.thread().unpark();
        }
    }

    fn now(&self) -> Moment {
        let ns = realtime::now_ns();
        match self.frames.now() {
            Some(time) => {
                let block = i64::from(self.audio.stats.block_frames.load(Ordering::Relaxed));
                let latency = self.frames.latency_frames();
                let heard = time.heard(latency);
                Moment {
                    ns,
                    heard,
                    rendered: time,
                    heard_frame: (time.frame_at(ns as f64) as i64 - latency).clamp(0, time.frame + block),
                    // The block after next: the next one may be being rendered now.
                    open_frame: time.frame + block,
                }
            }
            None => {
                let ns_per_frame = 1e9 / f64::from(self.audio.spec.sample_rate_hz.max(1));
                let heard = FrameTime { frame: 0, ns: ns as f64, ns_per_frame };
                Moment { ns, heard_frame: 0, open_frame: 0, heard, rendered: heard }
            }
        }
    }

    /// Ends the engine, always in the same order: takes, then notes, then the clock, then the device, then small files.
    fn end(&mut self) {
        let steps: [fn(&mut Live); 6] =
            [Live::close_takes, Live::end_notes, Live::end_clock, Live::end_device, Live::save_last, Live::end_keeper];
        for step in steps {
            if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
                tracing::error!("a shutdown step failed; the next one runs");
            }
        }
        self.control.desk().tell(&Event::Quit);
    }

    fn close_takes(&mut self) {
        self.control.wind_up(self.now());
        let begun = Instant::now();
        let (mut unwritten, mut got_on) = (self.control.unwritten_frame(), begun);
        while self.control.is_take_open() && got_on.elapsed() < CLOSE_TAKE && begun.elapsed() < CLOSE_LONGEST {
            let now = self.now();
            if std::mem::replace(&mut unwritten, self.control.unwritten_frame()) != unwritten {
                got_on = Instant::now();
            }
            self.audio.look_after(&mut self.control, now);
            thread::sleep(Duration::from_millis(5));
            self.listen();
        }
        self.control.give_up_takes();
        let answers = self.control.due_answers(self.now());
        self.answer(answers);
    }

    fn end_notes(&mut self) {
        self.control.close_scheduler();
        if let Some(scheduler) = self.scheduler.take()
            && !join_within(scheduler, END_MIDI)
        {
            tracing::error!("the MIDI thread does not end: a port accepts nothing, and notes may keep sounding");
        }
        // Ports in the callback have the note-offs when a block later than these messages was rendered.
        let block = u64::from(self.audio.stats.block_frames.load(Ordering::Relaxed));
        let block_ns = block * 1_000_000_000 / u64::from(self.audio.spec.sample_rate_hz.max(1));
        thread::sleep(Duration::from_nanos(block_ns * 4) + Duration::from_millis(5));
        self.control.listen(self.now());
    }

    fn end_clock(&mut self) {
        self.end_clock.store(true, Ordering::Release);
        if let Some(clock) = self.clock.take() {
            clock.thread().unpark();
            if !join_within(clock, END_MIDI) {
                tracing::error!("the clock's thread does not end: followers may not receive the stop");
            }
        }
        self.control.listen(self.now());
    }

    fn end_device(&mut self) {
        let Some(driver) = self.audio.take_driver() else { return };
        let stop = thread::Builder::new().name("device-end".into()).spawn(move || drop(driver.stop()));
        if !stop.is_ok_and(|stop| join_within(stop, END_DEVICE)) {
            tracing::error!("the audio device does not stop; it is abandoned");
        }
    }

    fn save_last(&mut self) {
        self.control.save_last(self.now());
    }

    fn end_keeper(&mut self) {
        self.control.close_keeper();
        let Some(keeper) = self.keeper.take() else { return };
        if !join_within(keeper, KEEP) {
            let text = "the disk does not answer: the last changes of session, snapshots or MIDI mappings may be lost";
            self.control.desk().notice(Severity::Error, text);
        }
        self.control.listen_to_keeper(self.now().ns);
        let answers = self.control.last_answers();
        self.answer(answers);
    }
}

#[cfg(test)]
mod tests;
