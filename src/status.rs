//! Everything the engine says: one snapshot of how things are, and the events that led there.
//!
//! [`Status`] is made of [`StatusPart`]s, each shared by reference and made anew only when it changed, and of [`Levels`], plain
//! numbers that move by themselves. The newest replaces the one before, it carries its instant, and nobody is asked for
//! it. [`Event`]s are what happened; each reaches every subscriber once, or is counted as missed.

mod changes;
mod doors;
mod knobs;
mod latency;
pub mod levels;
mod midi;
mod part;
mod takes;

pub use changes::{Changes, NotAPart};
pub use doors::DoorStatus;
pub use knobs::{AutomationStatus, MorphStatus, MotionStatus, ParamsStatus};
pub use latency::RoundTripStatus;
pub use levels::Levels;
pub use midi::{
    ClockStatus, LatencyStatus, MonitorLine, MonitorStatus, PortStatus, RealtimeStatus, SourceStatus, SyncState,
    Traffic, TrafficRate,
};
pub use part::StatusPart;

pub use takes::{TakeInfo, TakeState, TakesStatus};

use crate::{music::Position, takes::Verdict};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{path::PathBuf, str::FromStr, sync::Arc};
use utoipa::ToSchema;

/// How things are, as of [`Status::at_ns`].
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// Nanoseconds since the engine started.
    pub at_ns: u64,
    /// Song, tempo and clock.
    #[schema(value_type = TransportStatus)]
    pub transport: StatusPart<TransportStatus>,
    /// The audio device and how the callback fares.
    #[schema(value_type = DeviceStatus)]
    pub device: StatusPart<DeviceStatus>,
    /// What the system granted the MIDI threads.
    #[schema(value_type = RealtimeStatus)]
    pub realtime: StatusPart<RealtimeStatus>,
    /// MIDI ports, in the order they were opened.
    #[schema(value_type = Vec<PortStatus>)]
    pub ports: StatusPart<Vec<PortStatus>>,
    /// The port whose instrument is played and shown, counted from 1; 0 where there is none.
    #[schema(value_type = u8)]
    pub instrument: StatusPart<u8>,
    /// Whose clock it is.
    #[schema(value_type = ClockStatus)]
    pub clock: StatusPart<ClockStatus>,
    /// What the next controller or note that comes in is tied to.
    #[schema(value_type = Option<String>)]
    pub learning: StatusPart<Option<String>>,
    /// What comes and goes, while somebody looks.
    #[schema(value_type = Option<MonitorStatus>)]
    pub monitor: StatusPart<Option<MonitorStatus>>,
    /// What is recorded and monitored.
    #[schema(value_type = InputsStatus)]
    pub inputs: StatusPart<InputsStatus>,
    /// Left and right.
    #[schema(value_type = Vec<MeterStatus>)]
    pub outputs: StatusPart<Vec<MeterStatus>>,
    /// The metronome.
    #[schema(value_type = bool)]
    pub click_on: StatusPart<bool>,
    /// Ids of the profiles there are.
    #[schema(value_type = Vec<String>)]
    pub profiles: StatusPart<Arc<[String]>>,
    /// The knobs.
    #[schema(value_type = knobs::ParamsTold)]
    pub params: StatusPart<ParamsStatus>,
    /// Turns of the knobs on the timeline.
    #[schema(value_type = AutomationStatus)]
    pub automation: StatusPart<AutomationStatus>,
    /// What the knobs are on their way to.
    #[schema(value_type = Option<MorphStatus>)]
    pub morph: StatusPart<Option<MorphStatus>>,
    /// The folder of the session that is open.
    #[schema(value_type = Option<String>)]
    pub session: StatusPart<Option<PathBuf>>,
    /// Recording.
    #[schema(value_type = RecordStatus)]
    pub record: StatusPart<RecordStatus>,
    /// The take that is listened to.
    #[schema(value_type = Option<AuditionStatus>)]
    pub audition: StatusPart<Option<AuditionStatus>>,
    /// The delay from output to input.
    #[schema(value_type = RoundTripStatus)]
    pub latency: StatusPart<RoundTripStatus>,
    /// The takes there are, while somebody looks.
    #[schema(value_type = Option<TakesStatus>)]
    pub takes: StatusPart<Option<TakesStatus>>,
    /// Who may come in, and how many do.
    #[schema(value_type = Vec<DoorStatus>)]
    pub doors: StatusPart<Vec<DoorStatus>>,
    /// What went wrong since the start, in numbers.
    #[schema(value_type = FaultCounts)]
    pub faults: StatusPart<FaultCounts>,
}

/// Parts and levels as they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The parts; levels stand in them as they were when each was made.
    pub parts: Status,
    /// The newest levels.
    pub levels: Levels,
}

impl Shown {
    /// The status, its levels up to date. Parts that hold none of them stay shared.
    pub fn status(&self) -> Status {
        let mut status = self.parts.clone();
        self.levels.lay_over(&mut status);
        status
    }
}

impl From<Status> for Shown {
    fn from(parts: Status) -> Shown {
        Shown { levels: Levels::of(&parts), parts }
    }
}

/// Song, tempo and clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TransportStatus {
    /// Whether the song plays.
    pub playing: bool,
    /// Where, as bar:beat:tick.
    #[serde(serialize_with = "display", deserialize_with = "from_str")]
    #[schema(value_type = String, example = "5:1:0")]
    pub position: Position,
    /// Where, in seconds at the present tempo.
    pub seconds: f64,
    /// Quarter notes per minute.
    pub bpm: f64,
    /// Whether MIDI clock is sent.
    pub clock_on: bool,
}

/// The audio device and how the callback fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceStatus {
    /// `alsa`, `jack` or `sim`.
    pub host: String,
    /// As a person knows it.
    pub name: String,
    /// Whether it runs; while a lost device is waited for, the station goes on silently.
    pub running: bool,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Frames in a block.
    pub block_frames: u32,
    /// Part of its period that the callback took, on average, 0..=100 and over.
    pub load_percent: u32,
    /// The worst since the last reading.
    pub load_peak_percent: u32,
    /// Interruptions since the start.
    pub xruns: u64,
}

/// What is recorded and monitored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InputsStatus {
    /// Like `1-2` or `synth`.
    pub channels: String,
    /// One for each.
    pub meters: Vec<MeterStatus>,
    /// Gain of each, in dB.
    pub gains_db: Vec<f32>,
    /// How loud they are heard, in dB; -120 is off.
    pub monitor_db: f32,
}

/// One meter, ready to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeterStatus {
    /// Peak with a fall of 20 dB a second, in dBFS, -120 is silence.
    pub peak_db: f32,
    /// RMS over about 300 ms, in dBFS.
    pub rms_db: f32,
    /// Highest peak of the last two seconds, in dBFS.
    pub hold_db: f32,
    /// Whether a sample reached full scale since the clip lights were last cleared.
    pub clipped: bool,
}

impl MeterStatus {
    /// Nothing heard.
    pub const SILENT: MeterStatus = MeterStatus { peak_db: -120.0, rms_db: -120.0, hold_db: -120.0, clipped: false };
}

/// Recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordStatus {
    /// Whether a take is under way or waited for.
    pub is_recording: bool,
    /// The take under way.
    pub take: Option<TakeStatus>,
    /// What a take waits for to begin.
    pub waits_for: Option<WaitsFor>,
    /// Where takes go.
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Room left there, in bytes, where it is known.
    pub free_bytes: Option<u64>,
    /// Bytes a second of recording takes.
    pub bytes_per_second: u64,
    /// Memory in which the last seconds are held.
    pub capture_bytes: u64,
    /// How many seconds those are, besides those for which a disk may stall.
    #[serde(default)]
    pub capture_seconds: f64,
    /// The inputs that the next take records, like `1-2` or `synth`.
    #[serde(default)]
    pub inputs: String,
    /// How far the disk is behind, where it is.
    #[serde(default)]
    pub behind: Option<BehindStatus>,
}

/// A disk that does not keep up with what is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BehindStatus {
    /// So many seconds of audio are not written yet.
    pub seconds: f64,
    /// The buffer holds for so many seconds more; then frames are lost.
    pub holds_seconds: f64,
}

impl RecordStatus {
    /// Nothing is recorded; takes go there.
    pub fn standing(folder: PathBuf) -> RecordStatus {
        RecordStatus {
            is_recording: false,
            take: None,
            waits_for: None,
            folder,
            free_bytes: None,
            bytes_per_second: 1,
            capture_bytes: 0,
            capture_seconds: 0.0,
            inputs: String::new(),
            behind: None,
        }
    }
}

/// What a take waits for to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitsFor {
    /// The song to begin.
    Song,
    /// The next bar.
    Bar,
    /// A sound over the threshold.
    Sound,
}

impl std::fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WaitsFor::Song => "the song",
            WaitsFor::Bar => "the bar",
            WaitsFor::Sound => "a sound",
        })
    }
}

/// A take under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TakeStatus {
    /// Its file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// Recorded so far, in seconds.
    pub seconds: f64,
    /// Places that were named by hand.
    pub marks: u32,
    /// Frames of its files that are silence because the disk was too slow.
    pub gap_frames: u64,
    /// Whether it ends with the bar.
    pub ends_with_bar: bool,
}

/// A take that is listened to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditionStatus {
    /// Its file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// How far it is, in seconds from its beginning.
    pub seconds: f64,
    /// Its length, in seconds.
    pub length_seconds: f64,
}

/// What went wrong since the start, in numbers. All zero on a good day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultCounts {
    /// MIDI messages dropped because too many were waiting.
    pub midi_dropped: u64,
    /// MIDI messages a port refused.
    pub midi_refused: u64,
    /// MIDI messages that came in and were lost: too many at once, or a SysEx too long or broken.
    pub midi_in_lost: u64,
    /// Frames of takes replaced by silence because the disk was too slow.
    pub take_frames_lost: u64,
    /// Times the disk refused a file that was to be written: of a take, its MIDI file, snapshots, what was learned, a session.
    pub disk_refused: u64,
    /// Times a take that was listened to paused because the disk was too slow.
    pub audition_underruns: u64,
    /// Orders to the callback that found no room.
    pub orders_lost: u64,
    /// Events a subscriber missed because it was too slow.
    pub events_missed: u64,
}

impl FaultCounts {
    /// All of them together.
    pub fn total(&self) -> u64 {
        let midi = self.midi_dropped + self.midi_refused + self.midi_in_lost;
        let disk = self.take_frames_lost + self.disk_refused + self.audition_underruns;
        midi + disk + self.orders_lost + self.events_missed
    }
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something is not as asked; the station plays on.
    Warning,
    /// Something failed; the text says what still works and what to do.
    Error,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A text for the person.
    Notice {
        /// How much it matters.
        severity: Severity,
        /// One sentence.
        text: String,
    },
    /// The song plays.
    Playing {
        /// From where.
        #[serde(serialize_with = "display", deserialize_with = "from_str")]
        #[schema(value_type = String, example = "5:1:0")]
        from: Position,
    },
    /// The song stands.
    Stopped {
        /// Where.
        #[serde(serialize_with = "display", deserialize_with = "from_str")]
        #[schema(value_type = String, example = "5:1:0")]
        at: Position,
    },
    /// Another tempo.
    Tempo {
        /// Quarter notes per minute.
        bpm: f64,
    },
    /// Another source of tempo, or a change in how it is followed.
    ClockSource {
        /// Whose tempo it is.
        #[serde(flatten)]
        source: SourceStatus,
    },
    /// Another profile.
    ProfileUsed {
        /// Its id.
        id: String,
    },
    /// Profiles came or went.
    ProfilesRead {
        /// The ids there are now.
        ids: Vec<String>,
    },
    /// Another instrument is played and shown.
    InstrumentUsed {
        /// Its port, counted from 1.
        port: u8,
        /// As a person knows it.
        name: String,
    },
    /// A MIDI port is connected.
    PortConnected {
        /// The port, counted from 1.
        port: u8,
        /// As a person knows it.
        name: String,
    },
    /// A MIDI port is gone; it is taken back when it returns.
    PortGone {
        /// The port, counted from 1.
        port: u8,
        /// As a person knows it.
        name: String,
    },
    /// A controller or note was tied to a command.
    Learned {
        /// What moves it, as a person says it.
        by: String,
        /// What it does.
        does: String,
    },
    /// A knob was turned.
    ParamSet {
        /// Its name.
        name: String,
        /// Its value, in the parameter's range.
        value: u16,
        /// As it is shown.
        shown: String,
    },
    /// A take began.
    TakeStarted {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its first frame on the engine's clock.
        frame: i64,
    },
    /// A take is closed and whole.
    TakeFinished {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its length.
        frames: u64,
        /// Frames of it that are silence because the disk was too slow.
        gap_frames: u64,
    },
    /// A take is listened to.
    AuditionStarted {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its length, in seconds.
        length_seconds: f64,
    },
    /// No take is listened to any more: it is over, was stopped or could not be played.
    AuditionEnded {
        /// The file of the last one.
        #[schema(value_type = String)]
        path: PathBuf,
    },
    /// A take was measured.
    TakeMeasured {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// How it came out.
        verdict: Box<Verdict>,
    },
    /// A session was opened, or begun.
    SessionOpened {
        /// Its folder.
        #[schema(value_type = String)]
        path: PathBuf,
    },
    /// The engine ends.
    Quit,
}

impl Event {
    /// The sentence a person reads, for events worth one.
    pub fn notice(&self) -> Option<(Severity, String)> {
        match self {
            Event::Notice { severity, text } => Some((*severity, text.clone())),
            Event::TakeStarted { path, .. } => Some((Severity::Info, format!("recording to {}", path.display()))),
            Event::TakeFinished { path, gap_frames: 0, .. } => {
                Some((Severity::Info, format!("take finished: {}", path.display())))
            }
            Event::TakeFinished { path, gap_frames, .. } => Some((
                Severity::Warning,
                format!("take finished: {}; the disk was too slow for {gap_frames} frames", path.display()),
            )),
            Event::AuditionStarted { path, length_seconds } => {
                Some((Severity::Info, format!("playing {}: {length_seconds:.1} s", path.display())))
            }
            Event::TakeMeasured { path, verdict } => {
                let severity = if verdict.warnings().is_empty() { Severity::Info } else { Severity::Warning };
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Some((severity, format!("{name}: {}", verdict.short())))
            }
            Event::PortConnected { name, .. } => Some((Severity::Info, format!("{name} is connected"))),
            Event::PortGone { name, .. } => Some((
                Severity::Warning,
                format!("{name} is gone: everything else plays on, and it is taken back when it returns"),
            )),
            Event::InstrumentUsed { name, .. } => Some((Severity::Info, format!("playing {name}"))),
            Event::Learned { by, does } => Some((Severity::Info, format!("{by} does: {does}"))),
            Event::SessionOpened { path } => Some((Severity::Info, format!("the session is {}", path.display()))),
            Event::ClockSource { source } => source.notice(),
            Event::ProfileUsed { id } => Some((Severity::Info, format!("the knobs are those of {id}"))),
            _ => None,
        }
    }
}

fn from_str<'de, T: FromStr<Err: std::fmt::Display>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn display<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
