//! The control thread's state: it owns the session model, obeys commands and hands out real-time work.
//!
//! [`Control`] is stepped with a [`Moment`]: by a thread in real time, by `engine/offline.rs` in virtual time. It reads
//! no clock. Nobody real-time waits for it.

mod execute;
mod follow;
mod levels;
mod takes;

use super::{
    audio::{
        meter::MeterReader,
        renderer::{OUTPUTS, Order, RendererHandle, Source},
        tap::TakeId,
    },
    disk::writer::{Done, Job},
    midi::{
        input::MidiIn,
        panel::PortPanel,
        scheduler::{Outgoing, What},
        scheduler_thread::SchedulerSender,
        sent::{PortIndex, Sent, SentReader},
    },
    plan_cell::PlanWriter,
    station::{Answer, Desk},
};
use crate::{
    command::Command,
    midi::Channel,
    music::{Decibels, Plan, Position},
    profile::{Library, Profile},
    status::{
        DeviceStatus, Event, FaultCounts, InputsStatus, MeterStatus, ParamsStatus, PortStatus, Severity, Status,
        TransportStatus,
    },
};
use follow::Reader;
use levels::Levels;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, Sender},
    },
};
use takes::Takes;

/// An instant as the engine knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Nanoseconds on the engine's clock (monotonic, or virtual).
    pub ns: u64,
    /// The frame that is heard.
    pub heard_frame: i64,
    /// The first frame that can still be changed.
    pub open_frame: i64,
}

/// One MIDI port as the control thread knows it.
#[derive(Clone, Debug)]
pub struct PortInfo {
    /// As it is asked for.
    pub id: String,
    /// As a person knows it.
    pub name: String,
}

/// What a control is made of.
pub struct ControlParts {
    /// The asked half of the station.
    pub desk: Desk,
    /// Every profile there is.
    pub library: Library,
    /// The one in use.
    pub profile: Arc<Profile>,
    /// The channel of the instrument; the profile's, unless set otherwise.
    pub channel: Option<Channel>,
    /// Song and tempo at start.
    pub plan: Plan,
    /// Where the plan goes.
    pub plan_writer: PlanWriter,
    /// The callback.
    pub renderer: RendererHandle,
    /// The scheduler.
    pub scheduler: SchedulerSender,
    /// Ports, in the order of their index. Notes and knobs go to the first, the clock to all.
    pub ports: Vec<PortInfo>,
    /// Their settings and counters.
    pub panels: Vec<Arc<PortPanel>>,
    /// What each sending thread sent.
    pub sent: Vec<SentReader>,
    /// What comes in at the ports that hear something.
    pub received: Vec<MidiIn>,
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
    /// Where recordings go.
    pub folder: PathBuf,
    /// The device at start.
    pub device: DeviceStatus,
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

/// Called with each message that was sent, its instant in ns since the start, and its port's id.
pub type SentListener = Box<dyn FnMut(&Sent, u64, &str) + Send>;

/// The control thread's state.
pub struct Control {
    desk: Desk,
    library: Library,
    profile: Arc<Profile>,
    channel: Option<Channel>,
    values: Vec<u16>,
    /// For each parameter, from when on the synth's own knob is followed, in ns on the engine's clock.
    follow_from_ns: Vec<u64>,
    reader: Reader,
    plan: Plan,
    plan_writer: PlanWriter,
    /// Where `transport.play` begins, in song pulses.
    cue_pulse: f64,
    renderer: RendererHandle,
    scheduler: SchedulerSender,
    panels: Vec<Arc<PortPanel>>,
    ports: Vec<PortInfo>,
    sent: Vec<SentReader>,
    sent_counts: Vec<u64>,
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
    /// The device, kept up to date by whoever runs it.
    pub device: DeviceStatus,
    start_ns: u64,
    quit: bool,
}

impl Control {
    /// A control at its beginning.
    pub fn new(parts: ControlParts) -> Control {
        let values: Vec<u16> = parts.profile.params.iter().map(|param| param.default).collect();
        let channels = parts.sources.len();
        Control {
            desk: parts.desk,
            library: parts.library,
            profile: parts.profile,
            channel: parts.channel,
            follow_from_ns: vec![0; values.len()],
            values,
            reader: Reader::default(),
            plan: parts.plan,
            plan_writer: parts.plan_writer,
            cue_pulse: 0.0,
            renderer: parts.renderer,
            scheduler: parts.scheduler,
            panels: parts.panels,
            sent_counts: vec![0; parts.ports.len()],
            ports: parts.ports,
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
            takes: Takes::new(
                parts.jobs,
                parts.done,
                parts.folder,
                parts.calendar,
                channels,
                parts.device.sample_rate_hz,
            ),
            device: parts.device,
            start_ns: parts.start_ns,
            quit: false,
        }
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

    /// Obeys a command and tells whoever asked.
    pub fn obey(&mut self, command: &Command, now: Moment) -> Answer {
        let answer = self.execute(command, now);
        tracing::debug!(%command, ?answer);
        answer
    }

    /// Takes in what the other threads report.
    pub fn listen(&mut self, now: Moment) {
        while let Some(report) = self.renderer.report() {
            self.takes.report(report, &self.desk);
        }
        if self.takes.listen(&self.desk) {
            // Its file failed: the callback need not go on filling blocks.
            self.renderer.order(Order::StopTake);
        }
        self.drain_sent();
        self.follow();
        for levels in self.inputs.iter_mut().chain(&mut self.outputs) {
            levels.listen(now.ns);
        }
    }

    fn drain_sent(&mut self) {
        let mut batch: Vec<Sent> = Vec::new();
        for log in &mut self.sent {
            while let Some(sent) = log.pop() {
                if let Some(count) = self.sent_counts.get_mut(usize::from(sent.port.0)) {
                    *count += 1;
                }
                if self.sent_listener.is_some() {
                    batch.push(sent);
                }
            }
        }
        if let Some(listener) = &mut self.sent_listener {
            batch.sort_by_key(|sent| sent.at_ns);
            for sent in &batch {
                let port = self.ports.get(usize::from(sent.port.0)).map_or("", |port| &port.id);
                listener(sent, sent.at_ns.saturating_sub(self.start_ns), port);
            }
        }
    }

    /// How things are.
    pub fn status(&self, now: Moment) -> Status {
        let stretch = self.plan.at(now.heard_frame);
        let pulse = stretch.song_pulse_at(now.heard_frame as f64).max(0.0);
        let timeline = &stretch.timeline;
        let bpm = self.plan.last().timeline.bpm.get();
        let meters = |levels: &[Levels]| levels.iter().map(Levels::status).collect::<Vec<MeterStatus>>();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            at_ns: now.ns.saturating_sub(self.start_ns),
            transport: TransportStatus {
                playing: matches!(self.plan.last().song, crate::music::Song::Rolling { .. }),
                position: Position::of_pulse(pulse),
                seconds: pulse * timeline.frames_per_pulse() / timeline.sample_rate_hz,
                bpm,
                clock_on: self.plan.last().clock_on,
            },
            device: self.device.clone(),
            ports: self.ports.iter().zip(&self.sent_counts).map(port_status).collect(),
            inputs: InputsStatus {
                channels: self.input_channels.clone(),
                meters: meters(&self.inputs),
                gains_db: self.gains.iter().map(|gain| gain.0).collect(),
                monitor_db: self.monitor.0,
            },
            outputs: meters(&self.outputs),
            click_on: self.click_on,
            params: ParamsStatus { profile: Arc::clone(&self.profile), values: self.values.clone() },
            record: self.takes.status(now.open_frame),
            faults: FaultCounts {
                midi_dropped: self.panels.iter().map(|panel| count(&panel.dropped)).sum::<u64>()
                    + self.scheduler.dropped(),
                midi_refused: self.panels.iter().map(|panel| count(&panel.refused)).sum(),
                midi_in_lost: self.received.iter().map(MidiIn::lost).sum(),
                take_frames_lost: count(&self.renderer.counters.lost_take_frames),
                orders_lost: count(&self.renderer.counters.lost_orders),
                events_missed: self.desk.missed(),
            },
        }
    }

    /// Looks at how much room the disk has. Slow; not in virtual time.
    pub fn look_at_disk(&mut self) {
        self.takes.look_at_disk(&self.desk);
    }

    /// The take under way or not yet closed.
    pub fn open_take(&self) -> Option<TakeId> {
        self.takes.open()
    }

    /// Ends everything that sounds or records: the way out begins here.
    pub fn wind_up(&mut self, now: Moment) {
        if self.takes.recording() {
            self.renderer.order(Order::StopTake);
        }
        let pulse = self.plan.at(now.open_frame).song_pulse_at(now.open_frame as f64);
        self.plan.stand(pulse, now.open_frame);
        self.plan.set_clock(false, now.open_frame);
        self.plan_writer.write(&self.plan);
    }

    /// The device is gone: the take under way is closed properly as soon as a callback runs again.
    pub fn device_lost(&mut self) {
        self.takes.stopping();
        self.renderer.order(Order::StopTake);
    }

    /// Lets the scheduler go: it silences every synth and ends.
    pub fn close_scheduler(&mut self) {
        self.scheduler.close();
    }

    fn send(&mut self, due_ns: u64, what: What) {
        self.scheduler.send(Outgoing { port: PortIndex(0), due_ns, what });
    }

    fn tell(&self, event: Event) {
        self.desk.tell(&event);
    }
}

fn port_status((info, sent): (&PortInfo, &u64)) -> PortStatus {
    PortStatus { id: info.id.clone(), name: info.name.clone(), sent: *sent }
}

/// A failure as an answer and, where nobody waits for the answer, a notice.
pub fn notice_of(answer: &Answer) -> Option<(Severity, &str)> {
    match answer {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some((Severity::Info, text)),
        Err(text) => Some((Severity::Warning, text)),
    }
}
