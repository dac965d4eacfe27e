//! The control thread's state: it owns the session model, obeys commands and hands out real-time work.
//!
//! [`Control`] is stepped with a [`Moment`]: by a thread in real time, by `engine/offline.rs` in virtual time. It reads
//! no clock. Nobody real-time waits for it.

mod audition;
mod automation;
mod dice;
mod execute;
mod folder;
mod follow;
mod guests;
mod hear;
mod history;
mod instrument;
mod keep;
mod learn;
mod levels;
mod macros;
mod morph;
mod motion;
mod owed;
mod ports;
mod record;
mod reload;
mod room;
mod session;
mod show;
mod snapshots;
mod sync;
mod takes;
#[cfg(test)]
mod tests;
mod traffic;
mod watch;

pub use audition::AuditionParts;
pub use folder::LibrarianHandle;
pub use keep::KeeperHandle;
pub use owed::Promise;
pub use ports::{Port, PortInfo};
pub use reload::ProfileNews;
pub use session::SessionRules;
pub use sync::SyncConfig;

use super::{
    audio::{
        capture::Capture,
        meter::MeterReader,
        renderer::{OUTPUTS, RendererHandle, Source},
    },
    disk::{
        ErrandId,
        writer::{Done, Job, Progress},
    },
    doors::Doors,
    frame_clock::FrameTime,
    host::patchbay::PortEvent,
    midi::{
        clock_thread::ClockCounters,
        input::MidiIn,
        scheduler::{Outgoing, What},
        scheduler_thread::SchedulerSender,
        sent::{PortIndex, Sent, SentReader},
    },
    plan_cell::PlanWriter,
    station::{Answer, Desk, Guest, Reply, Station},
};
use crate::{
    command::Command,
    config::recorder::RecorderOptions,
    learned::Learned,
    midi::{Channel, smf::Way},
    music::{Decibels, Plan},
    profile::{FALLBACK_ID, Library, Profile},
    snapshots::Snapshots,
    status::{DeviceStatus, Event, RealtimeStatus, Severity},
    stored::Stored,
};
use audition::Audition;
use automation::Automation;
use folder::Folder;
use guests::Guests;
use instrument::Instrument;
use learn::Learn;
use levels::Levels;
use owed::{Awaited, Owed};
use ports::Ports;
use session::OpenSession;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    time::Duration,
};
use sync::Sync;
use takes::{Takes, TakesParts};
use watch::Watch;

/// How often inputs are looked at that knock at no door, while something waits for what comes in there.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// An instant as the engine knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Nanoseconds on the engine's clock (monotonic, or virtual).
    pub ns: u64,
    /// The frame that is heard.
    pub heard_frame: i64,
    /// The first frame that can still be changed.
    pub open_frame: i64,
    /// Which frame is heard when.
    pub heard: FrameTime,
    /// Which frame is rendered when.
    pub rendered: FrameTime,
}

/// What a control is made of.
pub struct ControlParts {
    /// The asked half of the station.
    pub desk: Desk,
    /// Every profile there is.
    pub library: Library,
    /// That of instruments whose port names none.
    pub profile: Arc<Profile>,
    /// The channel of instruments whose port names none; the profile's, unless set otherwise.
    pub channel: Option<Channel>,
    /// Song and tempo at start.
    pub plan: Plan,
    /// Where the plan goes.
    pub plan_writer: PlanWriter,
    /// The callback.
    pub renderer: RendererHandle,
    /// The scheduler.
    pub scheduler: SchedulerSender,
    /// Ports, in the order of their index. Notes and knobs go to the first output at the start, the clock to all.
    pub ports: Vec<Port>,
    /// The MIDI clock's counters, where it has a thread.
    pub clock_counters: Option<Arc<ClockCounters>>,
    /// What each sending thread sent.
    pub sent: Vec<SentReader>,
    /// What comes in at the ports that hear something.
    pub received: Vec<MidiIn>,
    /// Whose tempo it is.
    pub sync: SyncConfig,
    /// What controllers and notes are tied to.
    pub learned: Stored<Learned>,
    /// The library of snapshots.
    pub snapshots: Stored<Snapshots>,
    /// What may be done with a session's folder.
    pub sessions: SessionRules,
    /// What writes small files.
    pub keeper: KeeperHandle,
    /// The recorded inputs.
    pub sources: Vec<Source>,
    /// What they are called.
    pub input_channels: String,
    /// One for each.
    pub input_meters: Vec<MeterReader>,
    /// Left and right.
    pub output_meters: [MeterReader; OUTPUTS],
    /// How loud the inputs are heard at start.
    pub monitor: Decibels,
    /// The disk writer.
    pub jobs: Sender<Job>,
    /// What it tells.
    pub done: Receiver<Done>,
    /// How far it has come.
    pub progress: Progress,
    /// What was just played.
    pub capture: Capture,
    /// How takes are made.
    pub recorder: RecorderOptions,
    /// Takes that are listened to.
    pub audition: AuditionParts,
    /// What mends, measures and lists takes.
    pub librarian: LibrarianHandle,
    /// Where recordings go, and sessions are looked for.
    pub folder: PathBuf,
    /// The device at start.
    pub device: DeviceStatus,
    /// The ways in, where there are some.
    pub doors: Doors,
    /// The instant the engine started, in ns on its clock.
    pub start_ns: u64,
    /// What names recordings: the real date, or a fixed one in virtual time.
    pub calendar: Calendar,
}

/// Where the date in a recording's name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// The system's clock and time zone.
    Local,
    /// Virtual time counts from 2000-01-01 00:00:00, so that a run is the same every time.
    Virtual,
}

/// What a command led to.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Now(Answer),
    /// The answer comes when a take has its name or can be read, or the disk has done what was asked.
    Later {
        /// When.
        promise: Promise,
        /// What is said to those who do not wait; may be empty.
        meanwhile: String,
    },
}

impl Outcome {
    /// The answer for those who do not wait; the rest is told by events.
    pub fn now(self) -> Answer {
        match self {
            Outcome::Now(answer) => answer,
            Outcome::Later { meanwhile, .. } => Ok(meanwhile),
        }
    }
}

/// Called with each message that was sent, its instant in ns since the start, and its port's id.
pub type SentListener = Box<dyn FnMut(&Sent, u64, &str) + Send>;

/// The control thread's state.
pub struct Control {
    desk: Desk,
    library: Library,
    /// Ids of the profiles in it.
    profile_ids: Arc<[String]>,
    /// One for each port that is played on, or one without a port. Never empty.
    instruments: Vec<Instrument>,
    /// The one that is played and shown.
    current: usize,
    plan: Plan,
    plan_writer: PlanWriter,
    /// Where `transport.play` begins, in song pulses.
    cue_pulse: f64,
    renderer: RendererHandle,
    scheduler: SchedulerSender,
    ports: Ports,
    port_events: Option<Receiver<PortEvent>>,
    profile_news: Option<Receiver<ProfileNews>>,
    clock_counters: Option<Arc<ClockCounters>>,
    automation: Automation,
    /// When what moves by itself was looked at last, in ns.
    moved_ns: u64,
    learn: Learn,
    /// The user's library of snapshots.
    shelf: Stored<Snapshots>,
    sessions: SessionRules,
    session: Option<OpenSession>,
    keeper: KeeperHandle,
    /// Answers that come later.
    owed: Owed,
    /// Where recordings go without a session, and sessions are looked for.
    music: PathBuf,
    sync: Sync,
    watch: Watch,
    sent: Vec<SentReader>,
    sent_listener: Option<SentListener>,
    received: Vec<MidiIn>,
    sources: Vec<Source>,
    input_channels: String,
    inputs: Vec<Levels>,
    outputs: [Levels; OUTPUTS],
    gains: Vec<Decibels>,
    monitor: Decibels,
    click_on: bool,
    takes: Takes,
    /// The frame up to which bars were looked for.
    looked_frame: i64,
    audition: Audition,
    /// The folder of takes.
    folder: Folder,
    /// The device, kept up to date by whoever runs it.
    pub device: DeviceStatus,
    /// What the system granted, kept up to date by whoever runs the threads.
    pub realtime: RealtimeStatus,
    start_ns: u64,
    guests: Guests,
    doors: Doors,
    quit: bool,
}

impl Control {
    /// A control at its beginning.
    pub fn new(parts: ControlParts) -> Control {
        let channels = parts.sources.len();
        let instruments = instruments(&parts);
        let mut control = Control {
            desk: parts.desk,
            profile_ids: parts.library.ids().map(str::to_owned).collect(),
            library: parts.library,
            instruments,
            current: 0,
            plan: parts.plan,
            plan_writer: parts.plan_writer,
            cue_pulse: 0.0,
            renderer: parts.renderer,
            scheduler: parts.scheduler,
            ports: Ports::new(parts.ports),
            port_events: None,
            profile_news: None,
            clock_counters: parts.clock_counters,
            automation: Automation::default(),
            moved_ns: 0,
            learn: Learn::new(parts.learned),
            shelf: parts.snapshots,
            sessions: parts.sessions,
            session: None,
            keeper: parts.keeper,
            owed: Owed::default(),
            music: parts.folder.clone(),
            sync: Sync::new(parts.sync),
            watch: Watch::default(),
            sent: parts.sent,
            sent_listener: None,
            received: parts.received,
            input_channels: parts.input_channels,
            inputs: parts.input_meters.into_iter().map(Levels::new).collect(),
            outputs: parts.output_meters.map(Levels::new),
            gains: vec![Decibels::UNITY; channels],
            sources: parts.sources,
            monitor: parts.monitor,
            click_on: false,
            takes: Takes::new(TakesParts {
                jobs: parts.jobs,
                done: parts.done,
                progress: parts.progress,
                folder: parts.folder,
                calendar: parts.calendar,
                capture: parts.capture,
                inputs: channels,
                sample_rate_hz: parts.device.sample_rate_hz,
                options: parts.recorder,
            }),
            looked_frame: 0,
            audition: Audition::new(parts.audition),
            folder: Folder::new(parts.librarian),
            device: parts.device,
            realtime: RealtimeStatus::default(),
            start_ns: parts.start_ns,
            guests: Guests::default(),
            doors: parts.doors,
            quit: false,
        };
        control.route_as_set();
        control.tell_absent();
        control.tell_unknown();
        control
    }

    /// Commands and notices go through here.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether someone asked to leave.
    pub fn quitting(&self) -> bool {
        self.quit
    }

    /// From now on `listener` hears of each message.
    pub fn listen_to_sent(&mut self, listener: SentListener) {
        self.sent_listener = Some(listener);
    }

    /// Obeys a command of somebody who may leave.
    pub fn obey(&mut self, command: &Command, guest: Guest, now: Moment) -> Outcome {
        self.guests.asking = guest;
        // What ended by itself since the last command was promised to nobody.
        self.promised();
        let answer = self.execute(command, now);
        tracing::debug!(%command, ?answer);
        match (self.promised(), answer) {
            (Some(promise), Ok(meanwhile)) => Outcome::Later { promise, meanwhile },
            (_, answer) => Outcome::Now(answer),
        }
    }

    fn promised(&mut self) -> Option<Promise> {
        let (of_takes, of_errands) = (self.takes.promised(), self.owed.promised());
        of_takes.or(of_errands)
    }

    fn answer_errand(&mut self, errand: ErrandId, answer: &Answer) {
        self.owed.answer(Awaited::Errand(errand), answer.clone());
    }

    /// Whoever waits for an answer that comes later gets it from [`due_answers`](Self::due_answers).
    pub fn owe(&mut self, promise: Promise, meanwhile: String, reply: Reply, now: Moment) {
        self.owed.owe(promise, meanwhile, reply, now.ns);
    }

    /// The answers that are known by now, and those that have waited long enough.
    pub fn due_answers(&mut self, now: Moment) -> Vec<(Reply, Answer)> {
        self.due_by(now.ns)
    }

    /// All answers that are owed still, as far as they are known: the way out ends.
    pub fn last_answers(&mut self) -> Vec<(Reply, Answer)> {
        self.due_by(u64::MAX)
    }

    fn due_by(&mut self, now_ns: u64) -> Vec<(Reply, Answer)> {
        for (awaited, answer) in self.takes.known() {
            self.owed.answer(awaited, answer);
        }
        self.owed.due(now_ns, |awaited| self.takes.late(awaited))
    }

    /// Takes in what the other threads report.
    pub fn listen(&mut self, now: Moment) {
        self.look_for_bars(now);
        self.listen_to_player();
        self.listen_to_reader();
        self.listen_to_librarian();
        self.takes.listen(&self.desk, &self.folder);
        self.drain_sent(now);
        self.look_at_ports(now);
        self.look_at_profiles(now);
        self.glance(now);
        self.listen_to_keeper();
        self.keep_session(now);
        self.ports.tick(now.ns);
        self.watch.refresh();
        for levels in self.inputs.iter_mut().chain(&mut self.outputs) {
            levels.listen(now.ns);
        }
    }

    /// Between two turns: takes what came in, and moves what moves by itself.
    pub fn glance(&mut self, now: Moment) {
        self.go_on_morphing(now);
        self.hear(now);
        self.go_on_moving(now);
    }

    fn drain_sent(&mut self, now: Moment) {
        let mut batch: Vec<Sent> = Vec::new();
        let mut played = Vec::new();
        for log in &mut self.sent {
            while let Some(sent) = log.pop() {
                self.ports.sent(&sent);
                played.extend(record::played(sent.at_ns, Way::Sent, sent.port, &sent.payload, now));
                self.watch.note(sent.at_ns.saturating_sub(self.start_ns), sent.port, false, &sent.payload);
                if self.sent_listener.is_some() {
                    batch.push(sent);
                }
            }
        }
        self.takes.played(played);
        if let Some(listener) = &mut self.sent_listener {
            batch.sort_by_key(|sent| sent.at_ns);
            for sent in &batch {
                listener(sent, sent.at_ns.saturating_sub(self.start_ns), self.ports.id(sent.port));
            }
        }
    }

    /// Looks at how much room the disk has. Slow; not in virtual time.
    pub fn look_at_disk(&mut self) {
        self.takes.look_at_disk(&self.desk);
    }

    /// How soon it must listen again, where that is sooner than its next turn.
    pub fn patience(&self, now: Moment) -> Option<Duration> {
        let inputs = self.must_look_often().then_some(LOOK_EVERY);
        inputs.into_iter().chain(self.motion_patience(now)).min()
    }

    /// From now on ports come and go as this says.
    pub fn keep_ports(&mut self, events: Option<Receiver<PortEvent>>) {
        self.port_events = events;
    }

    /// From now on inputs knock here when something came in.
    pub fn knock_with(&self, station: &Station) {
        for input in &self.received {
            let station = station.clone();
            input.on_message(move || station.knock());
        }
    }

    /// Whether a take is under way or not yet closed.
    pub fn is_take_open(&self) -> bool {
        self.takes.is_open()
    }

    /// Ends everything that sounds or records: the way out begins here.
    pub fn wind_up(&mut self, now: Moment) {
        self.drain_sent(now);
        self.takes.pending = None;
        self.takes.end(now.open_frame);
        self.end_audition();
        let pulse = self.plan.at(now.open_frame).song_pulse_at(now.open_frame as f64);
        self.plan.stand(pulse, now.open_frame);
        self.plan.set_clock(false, now.open_frame);
        self.plan_writer.write(&self.plan);
    }

    /// Lets the scheduler go: it silences every synth and ends.
    pub fn close_scheduler(&mut self) {
        self.scheduler.close();
    }

    /// The one that is played and shown.
    fn instrument(&self) -> &Instrument {
        &self.instruments[self.current]
    }

    fn send_to(&mut self, port: PortIndex, due_ns: u64, what: What) {
        self.scheduler.send(Outgoing { port, due_ns, what });
    }

    fn tell(&self, event: Event) {
        self.desk.tell(&event);
    }
}

/// One for each port that is played on, or one without a port.
fn instruments(parts: &ControlParts) -> Vec<Instrument> {
    let outputs = parts.ports.iter().zip(0..).filter(|(port, _)| port.output);
    let at = |(port, index): (&Port, u8)| {
        // One that is not known is told, and the synth gets what fits any.
        let named =
            port.settings.profile.as_ref().and_then(|id| parts.library.get(id).or(parts.library.get(FALLBACK_ID)));
        let profile = named.unwrap_or(&parts.profile);
        Instrument::new(Some(PortIndex(index)), port.settings.channel.or(parts.channel), Arc::clone(profile))
    };
    let mut instruments: Vec<Instrument> = outputs.map(at).collect();
    if instruments.is_empty() {
        instruments.push(Instrument::new(None, parts.channel, Arc::clone(&parts.profile)));
    }
    instruments
}

/// A failure as an answer and, where nobody waits for the answer, a notice.
pub fn notice_of(answer: &Answer) -> Option<(Severity, &str)> {
    match answer {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some((Severity::Info, text)),
        Err(text) => Some((Severity::Warning, text)),
    }
}
