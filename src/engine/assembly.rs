//! Puts an engine together: which input is recorded, which port is where, who holds which half of each queue.
//!
//! The same pieces run on threads (`engine/live.rs`) or are stepped in virtual time (`engine/offline.rs`).

use super::{
    audio::{
        built_in::BuiltIn,
        capture::{Hold, Layout, capture},
        meter::{Meter, MeterReader, meter},
        port::CallbackPort,
        renderer::{InputSource, Renderer, RendererParts},
        streams::streams,
    },
    control::{
        AuditionParts, Calendar, Control, ControlParts, KeeperHandle, LibrarianHandle, MidiPort, SessionRules,
        SyncConfig,
    },
    disk::{keeper::FileKeeper, librarian::Librarian, reader::DiskReader, writer::Writer},
    doors::Doors,
    frame_clock::{FrameClock, frame_clock},
    host::{
        DeviceSpec,
        open_port::{OpenPort, PortWay},
    },
    midi::{
        clock_out::ClockOut,
        clock_thread::{ClockPort, ClockThread},
        input::MidiIn,
        message_queue::message_queue,
        panel::PortPanel,
        plug::Nowhere,
        port::{CallbackOut, MidiOut},
        pulse_watch::PulseWatch,
        scheduler::{Scheduler, SchedulerPort},
        scheduler_thread::{SchedulerRunner, scheduler_queue},
        sent::{PortIndex, sent_log},
    },
    plan_cell::plan_cell,
    station::{Station, station},
};
use crate::{
    command::channels::ChannelList,
    config::recorder::RecorderOptions,
    midi::Channel,
    midi_maps::MidiMaps,
    music::{Bpm, Decibels, Plan},
    profile::{DEFAULT_ID, Library, Profile, ProfileScan},
    snapshots::Snapshots,
    status::{
        AutomationStatus, ClockStatus, DeviceStatus, FaultCounts, InputsStatus, MeterStatus, ParamsStatus,
        RealtimeStatus, RecordStatus, Status, StatusPart, TransportStatus,
    },
    stored::StoredValue,
    synth::Synth,
    takes::cache::Cache,
    taps::{Tap, Taps},
};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32, mpsc},
    time::Duration,
};

/// Thirty times a second: what a screen can show.
const TURN: Duration = Duration::from_millis(33);

/// What an engine is to be, apart from devices and ports.
#[derive(Clone)]
pub struct EngineConfig {
    /// Every profile there is.
    pub library: Library,
    /// What the profiles were read from, where it is watched for edits while the engine runs in real time.
    pub watched: Option<ProfileScan>,
    /// The one in use.
    pub profile: Arc<Profile>,
    /// The instrument's channel, where it is not the profile's.
    pub channel: Option<Channel>,
    /// The tempo at start.
    pub bpm: Bpm,
    /// Whether MIDI clock is sent from the start.
    pub clock_on: bool,
    /// The recorded inputs; nothing is "where the instrument is".
    pub input: Option<ChannelList>,
    /// How loud the inputs are heard; nothing is "as is safe".
    pub monitor: Option<Decibels>,
    /// How takes are made.
    pub recorder: RecorderOptions,
    /// Where what is measured of finished takes is kept; without it they are not measured.
    pub verdicts: Option<PathBuf>,
    /// How often the control thread listens to the other threads and shows how things are, in real time.
    pub turn: Duration,
    /// Whether what an interrupted run left among the takes is mended at the start.
    pub mends: bool,
    /// Where recordings go, and sessions are looked for.
    pub folder: PathBuf,
    /// Whose tempo it is.
    pub sync: SyncConfig,
    /// What controllers and notes are tied to.
    pub learned: StoredValue<MidiMaps>,
    /// The library of snapshots.
    pub snapshots: StoredValue<Snapshots>,
    /// What may be done with a session's folder.
    pub sessions: SessionRules,
    /// The ways in.
    pub doors: Doors,
}

impl EngineConfig {
    /// The defaults: this profile of this library, 120 BPM with the clock on, the inputs where the instrument is.
    pub fn new(library: Library, profile: Arc<Profile>, folder: PathBuf) -> EngineConfig {
        EngineConfig {
            library,
            watched: None,
            profile,
            channel: None,
            bpm: Bpm::DEFAULT,
            clock_on: true,
            input: None,
            monitor: None,
            recorder: RecorderOptions::default(),
            verdicts: None,
            mends: false,
            turn: TURN,
            folder,
            sync: SyncConfig::default(),
            learned: StoredValue::default(),
            snapshots: StoredValue::default(),
            sessions: SessionRules::default(),
            doors: Doors::default(),
        }
    }

    /// A rehearsal: everything is read as ever, and left as it is. Only takes are made.
    pub fn rehearse(&mut self) {
        (self.learned.home.file, self.snapshots.home.file) = (None, None);
        self.sessions = SessionRules { keep: false, takes: false };
    }

    /// The defaults with nothing but what is built in; nothing where even that is missing.
    pub fn built_in(folder: impl Into<PathBuf>) -> Option<EngineConfig> {
        let (library, _) = Library::load(None);
        let profile = Arc::clone(library.get(DEFAULT_ID)?);
        Some(EngineConfig::new(library, profile, folder.into()))
    }
}

#[cfg(test)]
impl EngineConfig {
    /// The defaults, on an instrument whose knobs have 7 bits each: one message for a turn makes a test easy to read.
    pub fn of_seven_bits(folder: impl Into<PathBuf>) -> EngineConfig {
        use crate::profile::Target;
        let mut config = EngineConfig::built_in(folder).unwrap();
        let mut profile = Profile::clone(&config.profile);
        for param in &mut profile.params {
            if let Some(Target::Cc14 { msb, .. }) = param.target
                && !matches!(msb, 54 | 55)
            {
                let target = Some(Target::Cc(msb));
                (param.target, param.default, param.hi) = (target, param.default >> 7, 127);
                param.display_ends = param.display_ends.filter(|(at_lo, at_hi)| at_lo > at_hi);
            }
        }
        config.library = config.library.with(profile);
        config.profile = Arc::clone(config.library.get(DEFAULT_ID).unwrap());
        config
    }
}

/// An engine in pieces.
pub struct Assembly {
    /// For whoever asks.
    pub station: Station,
    /// The control thread's state.
    pub control: Control,
    /// The callback's.
    pub renderer: Renderer,
    /// The scheduler thread's, and what wakes it.
    pub scheduler: SchedulerRunner,
    /// The clock thread's, where a port is reached from threads.
    pub clock: Option<ClockThread>,
    /// The disk writer's.
    pub writer: Writer,
    /// The keeper's.
    pub keeper: FileKeeper,
    /// The librarian's.
    pub librarian: Librarian,
    /// The disk reader's.
    pub reader: DiskReader,
    /// Frames to nanoseconds.
    pub frames: FrameClock,
}

/// The inputs asked for are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input {asked}: {device} has {have}")]
pub struct NoSuchInput {
    asked: String,
    device: String,
    have: String,
}

/// Whether an engine keeps real or virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// On threads; started at this instant of the monotonic clock, in ns.
    Real {
        /// The start.
        start_ns: u64,
    },
    /// Stepped.
    Virtual,
}

/// Puts an engine together.
///
/// # Errors
/// Where the inputs asked for are not there.
pub fn assemble(
    config: &EngineConfig,
    spec: &DeviceSpec,
    ports: Vec<OpenPort>,
    time: Time,
) -> Result<Assembly, NoSuchInput> {
    let rate = f64::from(spec.sample_rate_hz);
    let is_built_in = ports.iter().any(|port| matches!(port.way, PortWay::BuiltIn));
    let instrument_is_built_in = matches!(ports.first(), Some(OpenPort { way: PortWay::BuiltIn, .. }));
    let (sources, input_channels) = choose_inputs(config.input.as_ref(), spec, is_built_in, instrument_is_built_in)?;
    // The built-in synth as the instrument means a laptop: its microphone on its loudspeakers would howl.
    let own_sound = sources.iter().all(|source| matches!(source, InputSource::Synth(_)));
    let safe = if own_sound || !instrument_is_built_in { Decibels::UNITY } else { Decibels::SILENCE };
    let monitor = config.monitor.unwrap_or(safe);

    let (frame_feed, frames) = frame_clock(rate);
    let plan = Plan::new(config.bpm, rate, config.clock_on);
    let (plan_writer, plan_reader) = plan_cell(plan);
    let (callback_log, callback_sent) = sent_log();
    let (scheduler_log, scheduler_sent) = sent_log();
    let (clock_log, clock_sent) = sent_log();
    let delay_frames = match time {
        Time::Real { .. } => Arc::new(AtomicU32::new(spec.block_frames)),
        Time::Virtual => Arc::default(),
    };

    let mut known: Vec<MidiPort> = Vec::new();
    let (mut outs, mut clock_ports): (Vec<SchedulerPort>, _) = (Vec::new(), Vec::new());
    let (mut jack_ports, mut synth_port, mut received) = (Vec::new(), None, Vec::new());
    let (mut thru_queues, mut inlets) = (Vec::new(), Vec::new());
    for (i, port) in ports.into_iter().enumerate() {
        let index = PortIndex(i as u8);
        let panel = Arc::new(PortPanel::new(port.settings.sends, port.settings.offset_ms));
        let mut input = port.input.map(|input| input.at(index));
        let is_played = match port.way {
            PortWay::InputOnly => false,
            PortWay::Jack { .. } => port.settings.output,
            PortWay::BuiltIn | PortWay::Threads { .. } => true,
        };
        known.push(MidiPort {
            info: port.info,
            panel: Arc::clone(&panel),
            wire: port.wire,
            settings: port.settings,
            kept: port.kept,
            output: is_played,
            input: input.is_some(),
            connected: port.connected,
            unmet: Vec::new(),
        });
        thru_queues.extend(input.as_mut().and_then(MidiIn::take_thru));
        received.extend(input);
        let in_callback = || {
            let (sender, receiver) = message_queue();
            let out: Box<dyn MidiOut> = Box::new(CallbackOut::new(sender, frames.clone(), Arc::clone(&delay_frames)));
            let clock = is_played.then(ClockOut::new);
            (out, CallbackPort::new(index, receiver, clock, Arc::clone(&panel)))
        };
        let out: Box<dyn MidiOut> = match port.way {
            PortWay::Jack { inlet } => {
                let (out, port) = in_callback();
                jack_ports.push(port);
                inlets.push(inlet);
                if is_played { out } else { Box::new(Nowhere) }
            }
            PortWay::BuiltIn => {
                let (out, port) = in_callback();
                synth_port = Some(port);
                out
            }
            PortWay::Threads { scheduler, clock } => {
                clock_ports.push(ClockPort::new(index, clock, Arc::clone(&panel)));
                scheduler
            }
            PortWay::InputOnly => Box::new(Nowhere),
        };
        outs.push(SchedulerPort { out, panel, wire: port.wire });
    }
    let built_in = synth_port.map(|port| {
        jack_ports.push(port);
        BuiltIn::new(Synth::new(rate), jack_ports.len() - 1)
    });

    let (input_meters, input_readers): (Vec<Meter>, Vec<MeterReader>) = sources.iter().map(|_| meter(rate)).unzip();
    let ((left, left_reader), (right, right_reader)) = (meter(rate), meter(rate));
    let taps: Vec<Tap> = sources.iter().map(|source| tap_of(*source)).collect();
    let layout = Layout::new(&taps, others(config, spec, is_built_in), hold(&config.recorder, rate));
    let (capture_feed, capture) = capture(&layout);
    let (streams, streams_handle, lending, stream_counters) = streams(rate);
    let (renderer, renderer_handle) = Renderer::new(RendererParts {
        sample_rate_hz: rate,
        device_inputs: spec.inputs,
        sources: sources.clone(),
        input_meters,
        output_meters: [left, right],
        monitor_gain: monitor.amplitude(),
        capture: capture_feed,
        streams,
        streams_handle,
        ports: jack_ports,
        inlets,
        built_in,
        plan: plan_reader.clone(),
        frame_clock: frame_feed,
        message_delay_frames: delay_frames,
        log: callback_log,
    });

    frames.set_latency(spec.latency_frames);
    let pulses = PulseWatch::new(plan_reader.clone(), frames.clone());
    let scheduler = Scheduler::new(outs, scheduler_log, Some(pulses));
    let (scheduler_sender, queue) = scheduler_queue();
    let scheduler = SchedulerRunner::new(scheduler, queue, thru_queues);
    let clock =
        (!clock_ports.is_empty()).then(|| ClockThread::new(clock_ports, plan_reader, frames.clone(), clock_log));

    let (jobs, jobs_receiver) = mpsc::channel();
    let (done_sender, done) = mpsc::channel();
    let writer = Writer::new(jobs_receiver, done_sender, capture.clone());
    let (pages_sender, pages) = mpsc::channel();
    let (kept_sender, kept) = mpsc::channel();
    let keeper = FileKeeper::new(pages, kept_sender);
    let (librarian_jobs, jobs_of_librarian) = mpsc::channel();
    let (librarian_news_sender, librarian_news) = mpsc::channel();
    let librarian = Librarian::new(jobs_of_librarian, librarian_news_sender, config.verdicts.clone().map(Cache::new));
    let librarian_handle =
        LibrarianHandle { jobs: librarian_jobs, news: librarian_news, measures: config.verdicts.is_some() };
    let (plays, plays_receiver) = mpsc::channel();
    let (news_sender, news) = mpsc::channel();
    let reader = DiskReader::new(plays_receiver, news_sender, lending);
    let (start_ns, calendar) = match time {
        Time::Real { start_ns } => (start_ns, Calendar::Local),
        Time::Virtual => (0, Calendar::Virtual),
    };
    let (station, desk) = station(first_status(config, spec, &input_channels, sources.len(), monitor));
    let control = Control::new(ControlParts {
        desk,
        library: config.library.clone(),
        profile: Arc::clone(&config.profile),
        channel: config.channel,
        plan,
        plan_writer,
        renderer: renderer_handle,
        scheduler: scheduler_sender,
        ports: known,
        clock_counters: clock.as_ref().map(ClockThread::counters),
        sync: config.sync.clone(),
        learned: config.learned.clone(),
        snapshots: config.snapshots.clone(),
        sessions: config.sessions,
        doors: config.doors.clone(),
        keeper: KeeperHandle::new(pages_sender, kept),
        sent: vec![callback_sent, scheduler_sent, clock_sent],
        received,
        sources,
        taps,
        input_channels,
        left_out: layout.left_out,
        input_meters: input_readers,
        output_meters: [left_reader, right_reader],
        monitor,
        jobs,
        done,
        progress: writer.progress(),
        capture,
        recorder: config.recorder.clone(),
        audition: AuditionParts { plays, news, counters: stream_counters },
        librarian: librarian_handle,
        folder: config.folder.clone(),
        device: device_status(spec),
        start_ns,
        calendar,
    });
    Ok(Assembly { station, control, renderer, scheduler, clock, writer, keeper, reader, librarian, frames })
}

fn tap_of(source: InputSource) -> Tap {
    match source {
        InputSource::Device(channel) => Tap::of_input(channel),
        InputSource::Synth(side) => Tap::SYNTH[side % 2],
    }
}

/// The inputs that can be recorded besides those chosen: first what takes are to record, then what else the device gives.
fn others(config: &EngineConfig, spec: &DeviceSpec, built_in: bool) -> Vec<Tap> {
    let mut there: Vec<Tap> = (0..spec.inputs).map(Tap::of_input).collect();
    // The simulated host has the built-in synth behind its inputs.
    there.extend(Tap::SYNTH.iter().filter(|_| spec.inputs == 0 && built_in));
    let asked = config.recorder.inputs.iter().flat_map(Taps::as_slice).filter(|tap| there.contains(tap));
    asked.chain(&there).copied().collect()
}

fn hold(options: &RecorderOptions, sample_rate_hz: f64) -> Hold {
    Hold { seconds: options.capture_seconds, memory_bytes: options.capture_memory_mb * 1e6, sample_rate_hz }
}

/// Whether inputs are there.
///
/// # Errors
/// They are not.
pub fn check_inputs(asked: Option<&ChannelList>, spec: &DeviceSpec, ports: &[OpenPort]) -> Result<(), NoSuchInput> {
    let built_in = ports.iter().any(|port| matches!(port.way, PortWay::BuiltIn));
    choose_inputs(asked, spec, built_in, false).map(drop)
}

/// What is recorded: what was asked for, or else where the instrument is.
fn choose_inputs(
    asked: Option<&ChannelList>,
    spec: &DeviceSpec,
    built_in: bool,
    instrument_is_built_in: bool,
) -> Result<(Vec<InputSource>, String), NoSuchInput> {
    // The simulated host has the built-in synth behind its inputs.
    let simulated = spec.inputs == 0 && built_in;
    let synth = || (vec![InputSource::Synth(0), InputSource::Synth(1)], "synth".to_owned());
    match asked {
        None if instrument_is_built_in || simulated => Ok(synth()),
        // The simulated host is asked for, or stands in for a device: it has one silent input.
        None if spec.inputs == 0 && spec.host == "sim" => Ok((vec![InputSource::Device(0)], "none".to_owned())),
        None if spec.inputs == 0 => Ok((Vec::new(), "none".to_owned())),
        None => {
            let list = ChannelList::first(spec.inputs.min(2));
            Ok((list.indices().map(InputSource::Device).collect(), list.to_string()))
        }
        Some(list) => {
            let have = if simulated { 2 } else { spec.inputs };
            if usize::from(list.highest()) > have {
                let have = match have {
                    0 => "no inputs".to_owned(),
                    1 => "input 1 only".to_owned(),
                    n => format!("inputs 1-{n}"),
                };
                return Err(NoSuchInput { asked: list.to_string(), device: spec.name.clone(), have });
            }
            let source = |channel| if simulated { InputSource::Synth(channel) } else { InputSource::Device(channel) };
            Ok((list.indices().map(source).collect(), list.to_string()))
        }
    }
}

/// A device as it is shown before it runs.
pub fn device_status(spec: &DeviceSpec) -> DeviceStatus {
    DeviceStatus {
        host: spec.host.to_owned(),
        name: spec.name.clone(),
        running: true,
        sample_rate_hz: spec.sample_rate_hz,
        block_frames: spec.block_frames,
        load_percent: 0,
        load_peak_percent: 0,
        xruns: 0,
    }
}

/// What is shown until the control thread has looked around.
fn first_status(
    config: &EngineConfig,
    spec: &DeviceSpec,
    input_channels: &str,
    inputs: usize,
    monitor: Decibels,
) -> Status {
    Status {
        at_ns: 0,
        transport: StatusPart::from(TransportStatus {
            playing: false,
            position: crate::music::Position::of_pulse(0.0),
            seconds: 0.0,
            bpm: config.bpm.get(),
            clock_on: config.clock_on,
        }),
        device: device_status(spec).into(),
        realtime: RealtimeStatus::default().into(),
        ports: Vec::new().into(),
        instrument: 0.into(),
        clock: ClockStatus::default().into(),
        learning: None.into(),
        monitor: None.into(),
        inputs: StatusPart::from(InputsStatus {
            channels: input_channels.to_owned(),
            meters: vec![MeterStatus::SILENT; inputs],
            gains_db: vec![0.0; inputs],
            monitor_db: monitor.0,
        }),
        outputs: vec![MeterStatus::SILENT; 2].into(),
        click_on: false.into(),
        profiles: config.library.ids().map(str::to_owned).collect::<Arc<[String]>>().into(),
        params: StatusPart::from(ParamsStatus::standing(
            Arc::clone(&config.profile),
            config.profile.params.iter().map(|param| param.default).collect(),
        )),
        automation: AutomationStatus::default().into(),
        morph: None.into(),
        session: None.into(),
        record: StatusPart::from(RecordStatus {
            inputs: config.recorder.inputs.as_ref().map_or_else(|| input_channels.to_owned(), Taps::to_string),
            ..RecordStatus::standing(config.folder.clone())
        }),
        audition: None.into(),
        takes: None.into(),
        doors: Vec::new().into(),
        faults: FaultCounts::default().into(),
    }
}
