//! The control thread's state: it owns the session model, obeys commands and hands out real-time work.
//!
//! [`Control`] is stepped with a [`Moment`]: by a thread in real time, by `engine/offline.rs` in virtual time. It reads
//! no clock. Nobody real-time waits for it.

mod audition;
mod ballistics;
mod console;
mod execute;
mod exports;
mod guests;
mod hear;
mod instruments;
mod keep;
mod latency;
mod learn;
mod live_plan;
mod out;
mod parts;
mod pending_answers;
mod ports;
mod recorder;
mod replay;
mod sessions;
mod show;
#[cfg(test)]
mod tests;
mod tracks;
mod transport;

pub use instruments::ProfileNews;
pub use latency::LatencyParts;
pub use parts::{AudioHandles, Calendar, ControlParts, MidiHandles};
pub use pending_answers::Promise;
pub use ports::MidiPort;

use super::{
    doors::Doors,
    frame_clock::FrameTime,
    host::patchbay::PortEvent,
    midi::{input::MidiIn, sent::SentMessage},
    station::{Answer, Desk, Guest, Reply, Station},
};
use crate::{
    command::Command,
    session::{history::History, model::Model},
    status::{DeviceStatus, RealtimeStatus, Severity},
};
use audition::Audition;
use console::Console;
use exports::Exports;
use guests::Guests;
use instruments::Instruments;
use keep::KeeperHandle;
use latency::Latency;
use learn::Learn;
use live_plan::LivePlan;
use out::Out;
use pending_answers::PendingAnswers;
use ports::Ports;
use recorder::{Folder, Occasion, Recorder, Takes, TakesParts};
use replay::Replay;
use sessions::{House, SessionDesk};
use std::{sync::mpsc::Receiver, time::Duration};
use tracks::{TrackStage, Tracks};
use transport::{Sync, Transport};

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
pub type SentListener = Box<dyn FnMut(&SentMessage, u64, &str) + Send>;

/// The control thread's state: who owns what, and the ways out.
pub struct Control {
    out: Out,
    /// The song and its tempo.
    transport: Transport,
    /// Levels of inputs and outputs.
    console: Console,
    /// Takes that are made, and their folder.
    recorder: Recorder,
    /// The take that is listened to.
    audition: Audition,
    /// What was played beside a take, sent again.
    replay: Replay,
    /// The tracks: what is recorded on them and played of them.
    tracks: Tracks,
    /// Mixes and stems.
    exports: Exports,
    /// The synths, their profiles and knobs.
    instruments: Instruments,
    /// The ports and what travels on them.
    ports: Ports,
    /// What controllers and notes are tied to.
    learn: Learn,
    /// The round trip, from output to input.
    latency: Latency,
    /// The session that is open, and the snapshots.
    sessions: SessionDesk,
    /// Those who come and go, and what they hold.
    guests: Guests,
    /// The ways in.
    doors: Doors,
    /// The device, kept up to date by whoever runs it.
    pub device: DeviceStatus,
    /// What the system granted, kept up to date by whoever runs the threads.
    pub realtime: RealtimeStatus,
    quit: bool,
}

impl Control {
    /// A control at its beginning.
    pub fn new(parts: ControlParts) -> Control {
        let ControlParts { config, desk, plan, plan_writer, midi, audio, disk, latency, device, start_ns, calendar } =
            parts;
        let instruments = Instruments::new(config.library, &config.profile, config.channel, &midi.ports);
        let mut model = Model::new(config.snapshots.value);
        for (at, instrument) in instruments.list.iter().enumerate() {
            model.set_knobs(at, instrument.profile.defaults());
        }
        let takes = Takes::new(TakesParts {
            writer: disk.writer,
            progress: disk.progress,
            folder: config.folder.clone(),
            calendar,
            capture: audio.capture,
            chosen: (audio.taps, audio.channels.clone()),
            left_out: audio.left_out,
            sample_rate_hz: device.sample_rate_hz,
            options: config.recorder,
        });
        let mut control = Control {
            out: Out {
                desk,
                scheduler: midi.scheduler,
                renderer: audio.renderer,
                keeper: KeeperHandle::new(disk.keeper),
                plan: LivePlan::new(plan, plan_writer),
                model,
                history: History::default(),
                owed: PendingAnswers::default(),
                asking: Guest::default(),
                start_ns,
            },
            transport: Transport::new(Sync::new(config.sync, midi.clock_counters)),
            console: Console::new(
                (audio.sources, audio.channels),
                audio.input_meters,
                (audio.output_meters, audio.loudness),
                audio.monitor,
            ),
            recorder: Recorder::new(takes, Folder::new(disk.librarian, disk.measures)),
            tracks: Tracks::new(disk.reader.jobs.clone(), audio.track_meters, plan),
            exports: Exports::new(disk.exporter),
            replay: Replay::default(),
            audition: Audition::new(disk.reader, audio.stream_counters),
            instruments,
            ports: Ports::new(midi.ports, midi.received, midi.sent),
            learn: Learn::new(config.learned),
            latency: Latency::new(latency, &device),
            sessions: SessionDesk::new(config.sessions, config.snapshots.home, config.folder),
            guests: Guests::default(),
            doors: config.doors,
            device,
            realtime: RealtimeStatus::default(),
            quit: false,
        };
        let Control { ports, instruments, recorder, out, .. } = &mut control;
        recorder.tell_held(out);
        ports.route_as_set(out);
        ports.tell_absent(out);
        ports.tell_unknown(&instruments.library, out);
        control
    }

    /// Commands and notices go through here.
    pub fn desk(&self) -> &Desk {
        &self.out.desk
    }

    /// Whether someone asked to leave.
    pub fn quitting(&self) -> bool {
        self.quit
    }

    /// From now on `listener` hears of each message.
    pub fn listen_to_sent(&mut self, listener: SentListener) {
        self.ports.listen_to_sent(listener);
    }

    /// Obeys a command of somebody who may leave.
    pub fn obey(&mut self, command: &Command, guest: Guest, now: Moment) -> Outcome {
        self.out.asking = guest;
        // What ended by itself since the last command was promised to nobody.
        self.out.owed.promised();
        let answer = self.execute(command, now);
        self.tracks.refresh(self.exports.progress(), &self.out, now);
        tracing::debug!(%command, ?answer);
        match (self.out.owed.promised(), answer) {
            (Some(promise), Ok(meanwhile)) => Outcome::Later { promise, meanwhile },
            (_, answer) => Outcome::Now(answer),
        }
    }

    /// Whoever waits for an answer that comes later gets it from [`due_answers`](Self::due_answers).
    pub fn owe(&mut self, promise: Promise, meanwhile: String, reply: Reply, now: Moment) {
        self.out.owed.owe(promise, meanwhile, reply, now.ns);
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
        self.out.owed.due(now_ns, |awaited| self.recorder.takes.late(awaited))
    }

    /// Takes in what the other threads report.
    pub fn listen(&mut self, now: Moment) {
        let Control { out, recorder, audition, tracks, instruments, ports, exports, replay, .. } = self;
        recorder.look_for_bars(|out| Occasion::of(instruments, ports, out, now), out, now);
        audition.listen_to_player(out);
        audition.listen_to_reader(&mut tracks.silent_files, out);
        recorder.listen_to_librarian(out);
        exports.listen(out, now);
        recorder.takes.listen(&recorder.folder, out);
        replay.go_on(recorder, (instruments, ports), out, now);
        self.drain_sent(now);
        self.look_at_ports(now);
        self.instruments.look_at_profiles(&mut self.out, now);
        self.glance(now);
        self.listen_to_keeper(now.ns);
        self.tracks.round_trip_frames = self.latency.round_trip_frames();
        self.on_stage(now, Tracks::tick);
        self.tracks.refresh(self.exports.progress(), &self.out, now);
        let Control { out, transport, recorder, instruments, ports, tracks, sessions, .. } = self;
        sessions.keep(&House { transport, recorder, instruments, ports, tracks }, out, now);
        let Control { out, recorder, console, latency, device, .. } = self;
        latency.listen(device, (&recorder.takes, console), out, now);
        self.ports.tick(now.ns);
        self.ports.monitor.refresh();
        self.console.listen(now.ns);
        self.tracks.listen_to_meters(now.ns);
    }

    /// The tracks with what they need of others.
    fn on_stage<T>(
        &mut self,
        now: Moment,
        act: impl FnOnce(&mut Tracks, &mut TrackStage<'_>, &mut Out, Moment) -> T,
    ) -> T {
        let Control { out, transport, recorder, instruments, ports, tracks, .. } = self;
        let occasion = |out: &Out| Occasion::of(instruments, ports, out, now);
        let mut stage = TrackStage { takes: &mut recorder.takes, transport, occasion: &occasion };
        act(tracks, &mut stage, out, now)
    }

    /// Between two turns: takes what came in, and moves what moves by itself.
    pub fn glance(&mut self, now: Moment) {
        self.instruments.go_on_morphing(&mut self.out, now);
        self.hear(now);
        self.instruments.go_on_moving(&mut self.out, now);
    }

    /// Looks at how much room the disk has. Slow; not in virtual time.
    pub fn look_at_disk(&mut self) {
        self.recorder.takes.look_at_disk(&self.out);
    }

    /// How soon it must listen again, where that is sooner than its next turn.
    pub fn patience(&self, now: Moment) -> Option<Duration> {
        // The song or an envelope may wait for something that no input tells of.
        let waits = self.follows_a_clock() || self.instruments.wait_for_notes();
        let look_often = waits && self.ports.inputs.iter().any(MidiIn::is_quiet);
        let inputs = look_often.then_some(LOOK_EVERY);
        inputs.into_iter().chain(self.instruments.motion_patience(&self.out, now)).min()
    }

    /// Whether the tempo is that of a clock that comes in.
    pub fn follows_a_clock(&self) -> bool {
        self.transport.sync.is_followed()
    }

    /// From now on ports come and go as this says.
    pub fn keep_ports(&mut self, events: Option<Receiver<PortEvent>>) {
        self.ports.events = events;
    }

    /// From now on profiles are edited as this says.
    pub fn keep_profiles(&mut self, news: Receiver<ProfileNews>) {
        self.instruments.news = Some(news);
    }

    /// From now on inputs knock here when something came in.
    pub fn knock_with(&self, station: &Station) {
        for input in &self.ports.inputs {
            let station = station.clone();
            input.on_message(move || station.knock());
        }
    }

    /// Mends what an interrupted run left.
    pub fn mend_takes(&self) {
        self.recorder.mend();
    }

    /// Whether a take is under way or not yet closed.
    pub fn is_take_open(&self) -> bool {
        self.recorder.takes.is_open()
    }

    /// The oldest frame that is not written yet and will be; nothing where all is.
    pub fn unwritten_frame(&self) -> Option<i64> {
        self.recorder.takes.unwritten_frame()
    }

    /// The way out waits no longer for the disk: what of the takes is not written is lost, and said.
    pub fn give_up_takes(&mut self) {
        if let Some(text) = self.recorder.takes.given_up() {
            self.out.notice(Severity::Error, text);
        }
    }

    /// The audio was interrupted, so many times since the last look; the machine may have stood still for so many ms.
    pub fn xruns(&mut self, times: u64, stood_ms: u64, now: Moment) {
        self.recorder.xruns(times, stood_ms, &self.out, now);
    }

    /// The device is gone: the take under way is closed with what is there.
    pub fn device_lost(&mut self) {
        let Control { out, console, latency, .. } = self;
        latency.give_up("the device is gone", console, out);
        self.recorder.takes.interrupt(&mut self.out);
    }

    /// Frames are of another rate from this one on: the song goes on where it is, and so does a take that is listened to.
    /// The take under way is closed.
    pub fn set_rate(&mut self, sample_rate_hz: u32, frame: i64) {
        let heard = self.audition.status(self.device.sample_rate_hz);
        // One that was begun meanwhile.
        self.recorder.takes.interrupt(&mut self.out);
        let Control { out, console, latency, .. } = self;
        latency.give_up("the device changed", console, out);
        self.device.sample_rate_hz = sample_rate_hz;
        self.console.set_rate(sample_rate_hz);
        self.recorder.takes.set_rate(sample_rate_hz, frame);
        self.out.plan.change(|plan| plan.set_rate(f64::from(sample_rate_hz), frame));
        if let Some(heard) = heard {
            self.audition.play_from(heard.path, heard.seconds, None, sample_rate_hz, &mut self.out);
        }
    }

    /// The device is back: a take that was interrupted goes on in a new one.
    pub fn device_back(&mut self, now: Moment) {
        let occasion = Occasion::of(&self.instruments, &self.ports, &self.out, now);
        self.recorder.device_back(&occasion, &mut self.out);
    }

    /// Writes what is not written yet of the session.
    pub fn save_last(&mut self, now: Moment) {
        let Control { out, transport, recorder, instruments, ports, tracks, sessions, .. } = self;
        sessions.save_last(&House { transport, recorder, instruments, ports, tracks }, out, now);
    }

    /// Ends everything that sounds or records: the way out begins here.
    pub fn wind_up(&mut self, now: Moment) {
        self.drain_sent(now);
        let Control { out, recorder, audition, tracks, replay, .. } = self;
        replay.end(out);
        tracks.end(&mut recorder.takes, out, now);
        recorder.takes.end_all(now.open_frame, out);
        audition.end(out);
        let pulse = out.plan.at(now.open_frame).song_pulse_at(now.open_frame as f64);
        out.plan.change(|plan| {
            plan.stand(pulse, now.open_frame);
            plan.set_clock(false, now.open_frame);
        });
    }

    /// Lets the scheduler go: it silences every synth and ends.
    pub fn close_scheduler(&mut self) {
        self.out.scheduler.close();
    }
}

/// A failure as an answer and, where nobody waits for the answer, a notice.
pub fn notice_of(answer: &Answer) -> Option<(Severity, &str)> {
    match answer {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some((Severity::Info, text)),
        Err(text) => Some((Severity::Warning, text)),
    }
}
