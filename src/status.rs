//! What the engine reports: one snapshot of its state, and events.
//!
//! [`Status`] is made of [`StatusPart`]s, each shared by reference and made anew only when it changed, and of
//! [`Levels`], plain numbers that change all the time. A newer status replaces the older one; it carries the instant it
//! was taken at, and reading it does not ask the engine. [`Event`]s are things that happened; each subscriber receives
//! each of them once, or it is counted as missed.

mod changes;
mod doors;
mod knobs;
mod latency;
pub mod levels;
mod midi;
mod part;
mod takes;
mod tracks;

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
pub use tracks::{ExportProgress, TrackState, TrackStatus, TracksStatus};

use crate::{music::Position, takes::Verdict};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{path::PathBuf, str::FromStr, sync::Arc};
use utoipa::ToSchema;

/// The state of the station at [`Status::at_ns`].
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// Nanoseconds since the engine started.
    pub at_ns: u64,
    /// Song position, tempo, and whether MIDI clock is sent.
    #[schema(value_type = TransportStatus)]
    pub transport: StatusPart<TransportStatus>,
    /// The audio device and the load of the callback.
    #[schema(value_type = DeviceStatus)]
    pub device: StatusPart<DeviceStatus>,
    /// Whether the system granted realtime scheduling to the MIDI threads.
    #[schema(value_type = RealtimeStatus)]
    pub realtime: StatusPart<RealtimeStatus>,
    /// MIDI ports, in the order they were opened.
    #[schema(value_type = Vec<PortStatus>)]
    pub ports: StatusPart<Vec<PortStatus>>,
    /// The port of the instrument in use, counted from 1; 0 if there is none.
    #[schema(value_type = u8)]
    pub instrument: StatusPart<u8>,
    /// The tempo source and the accuracy of the MIDI clock.
    #[schema(value_type = ClockStatus)]
    pub clock: StatusPart<ClockStatus>,
    /// The command or parameter that MIDI learn maps to the next controller or note; null if MIDI learn is off.
    #[schema(value_type = Option<String>)]
    pub learning: StatusPart<Option<String>>,
    /// The MIDI monitor, while a client shows it; else null.
    #[schema(value_type = Option<MonitorStatus>)]
    pub monitor: StatusPart<Option<MonitorStatus>>,
    /// The inputs that are recorded and monitored.
    #[schema(value_type = InputsStatus)]
    pub inputs: StatusPart<InputsStatus>,
    /// The meters of the output, left and right.
    #[schema(value_type = Vec<MeterStatus>)]
    pub outputs: StatusPart<Vec<MeterStatus>>,
    /// The loudness of the master.
    #[schema(value_type = LoudnessStatus)]
    pub loudness: StatusPart<LoudnessStatus>,
    /// Whether the metronome is on.
    #[schema(value_type = bool)]
    pub click_on: StatusPart<bool>,
    /// Whether the limiter of the outputs is on.
    #[schema(value_type = bool)]
    pub limiter_on: StatusPart<bool>,
    /// Ids of all profiles.
    #[schema(value_type = Vec<String>)]
    pub profiles: StatusPart<Arc<[String]>>,
    /// The parameters of the instrument in use.
    #[schema(value_type = knobs::ParamsTold)]
    pub params: StatusPart<ParamsStatus>,
    /// Automation of the parameters.
    #[schema(value_type = AutomationStatus)]
    pub automation: StatusPart<AutomationStatus>,
    /// The morph to a snapshot that is under way.
    #[schema(value_type = Option<MorphStatus>)]
    pub morph: StatusPart<Option<MorphStatus>>,
    /// The folder of the open session.
    #[schema(value_type = Option<String>)]
    pub session: StatusPart<Option<PathBuf>>,
    /// The state of the recorder.
    #[schema(value_type = RecordStatus)]
    pub record: StatusPart<RecordStatus>,
    /// The take that is played.
    #[schema(value_type = Option<AuditionStatus>)]
    pub audition: StatusPart<Option<AuditionStatus>>,
    /// The round trip from output to input.
    #[schema(value_type = RoundTripStatus)]
    pub latency: StatusPart<RoundTripStatus>,
    /// The list of takes, while a client shows it; else null.
    #[schema(value_type = Option<TakesStatus>)]
    pub takes: StatusPart<Option<TakesStatus>>,
    /// The tracks; null where there is none and nothing they share is set.
    #[schema(value_type = Option<TracksStatus>)]
    pub tracks: StatusPart<Option<TracksStatus>>,
    /// The ways for clients to connect, with their counts.
    #[schema(value_type = Vec<DoorStatus>)]
    pub doors: StatusPart<Vec<DoorStatus>>,
    /// Fault counts since the start.
    #[schema(value_type = FaultCounts)]
    pub faults: StatusPart<FaultCounts>,
}

/// Parts and levels for a client that shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The parts; the levels in them are as old as the part.
    pub parts: Status,
    /// The newest levels.
    pub levels: Levels,
}

impl Shown {
    /// The status with the newest levels. Parts without levels stay shared.
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

/// Song position, tempo, and whether MIDI clock is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TransportStatus {
    /// Whether the song is playing.
    pub playing: bool,
    /// The song position, as bar:beat:tick.
    #[serde(serialize_with = "display", deserialize_with = "from_str")]
    #[schema(value_type = String, example = "5:1:0")]
    pub position: Position,
    /// The song position in seconds, at the present tempo.
    pub seconds: f64,
    /// Quarter notes per minute.
    pub bpm: f64,
    /// Whether MIDI clock is sent.
    pub clock_on: bool,
}

/// The audio device and the load of the callback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceStatus {
    /// `alsa`, `jack` or `sim`.
    pub host: String,
    /// The name of the device, as the system shows it.
    pub name: String,
    /// Whether the device runs. While busker waits for a lost device, the station goes on without sound.
    pub running: bool,
    /// The sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// The block size, in frames.
    pub block_frames: u32,
    /// Callback time as a percentage of the block's duration, on average; over 100 is an overrun.
    pub load_percent: u32,
    /// The highest load since the last reading, in percent.
    pub load_peak_percent: u32,
    /// Xruns since the start.
    pub xruns: u64,
}

/// The inputs that are recorded and monitored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InputsStatus {
    /// Their names, like `1-2` or `synth`.
    pub channels: String,
    /// One meter for each input.
    pub meters: Vec<MeterStatus>,
    /// The gain of each input, in dB.
    pub gains_db: Vec<f32>,
    /// The monitor gain, in dB; -120 is off.
    pub monitor_db: f32,
}

/// One meter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeterStatus {
    /// Peak level in dBFS, falling by 20 dB a second; -120 is silence.
    pub peak_db: f32,
    /// RMS over about 300 ms, in dBFS.
    pub rms_db: f32,
    /// Highest peak of the last two seconds, in dBFS.
    pub hold_db: f32,
    /// Whether a sample reached full scale since the clip lights were last cleared.
    pub clipped: bool,
}

impl MeterStatus {
    /// Silence.
    pub const SILENT: MeterStatus = MeterStatus { peak_db: -120.0, rms_db: -120.0, hold_db: -120.0, clipped: false };
}

/// The loudness of the master since the meters were last cleared (EBU R 128); -120 is silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoudnessStatus {
    /// Of the last 400 ms, in LUFS.
    pub momentary_lufs: f32,
    /// Of the last three seconds, in LUFS.
    pub short_term_lufs: f32,
    /// Of all of it that is not silence, in LUFS.
    pub integrated_lufs: f32,
    /// The highest true peak of both sides, in dBTP.
    pub true_peak_dbtp: f32,
}

impl LoudnessStatus {
    /// Nothing was heard.
    pub const SILENT: LoudnessStatus = LoudnessStatus {
        momentary_lufs: -120.0,
        short_term_lufs: -120.0,
        integrated_lufs: -120.0,
        true_peak_dbtp: -120.0,
    };
}

/// The state of the recorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordStatus {
    /// Whether a take is being recorded or waits for its start.
    pub is_recording: bool,
    /// The take that is being recorded.
    pub take: Option<TakeStatus>,
    /// The event that starts the waiting take.
    pub waits_for: Option<WaitsFor>,
    /// The folder of the takes.
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Free space in that folder, in bytes, if known.
    pub free_bytes: Option<u64>,
    /// Bytes that one second of recording needs.
    pub bytes_per_second: u64,
    /// The size of the capture buffer, which holds the last seconds, in bytes.
    pub capture_bytes: u64,
    /// How many seconds of the past the capture buffer holds, not counting its reserve for a slow disk.
    #[serde(default)]
    pub capture_seconds: f64,
    /// The inputs that the next take records, like `1-2` or `synth`.
    #[serde(default)]
    pub inputs: String,
    /// How far the disk is behind, if it is.
    #[serde(default)]
    pub behind: Option<BehindStatus>,
}

/// A disk that is slower than the recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BehindStatus {
    /// Audio not written yet, in seconds.
    pub seconds: f64,
    /// Seconds of audio that still fit into the buffer; after them, frames are lost.
    pub holds_seconds: f64,
}

impl RecordStatus {
    /// The state when nothing is recorded; takes go to `folder`.
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

/// The event that starts a waiting take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitsFor {
    /// The start of the song.
    Song,
    /// The next bar.
    Bar,
    /// A sound above the threshold.
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

/// A take that is being recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TakeStatus {
    /// Its file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// Its length so far, in seconds.
    pub seconds: f64,
    /// The number of its marks.
    pub marks: u32,
    /// Frames of silence in its files, because the disk was too slow.
    pub gap_frames: u64,
    /// Whether it ends with the next bar.
    pub ends_with_bar: bool,
}

/// A take that is played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditionStatus {
    /// Its file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// The play position, in seconds from the beginning.
    pub seconds: f64,
    /// Its length, in seconds.
    pub length_seconds: f64,
}

/// Fault counts since the start. All are 0 if nothing went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultCounts {
    /// MIDI messages dropped because the queue was full.
    pub midi_dropped: u64,
    /// MIDI messages that a port refused.
    pub midi_refused: u64,
    /// Incoming MIDI messages that were lost: too many at once, or a SysEx that is too long or incomplete.
    pub midi_in_lost: u64,
    /// Frames of takes replaced by silence, because the disk was too slow.
    pub take_frames_lost: u64,
    /// Files that the disk refused to write: takes, their MIDI files, snapshots, MIDI maps, sessions.
    pub disk_refused: u64,
    /// Times the playback of a take paused, because the disk was too slow.
    pub audition_underruns: u64,
    /// Orders to the callback that were dropped because the queue was full.
    pub orders_lost: u64,
    /// Events that a subscriber missed, because it was too slow.
    pub events_missed: u64,
}

impl FaultCounts {
    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        let midi = self.midi_dropped + self.midi_refused + self.midi_in_lost;
        let disk = self.take_frames_lost + self.disk_refused + self.audition_underruns;
        midi + disk + self.orders_lost + self.events_missed
    }
}

/// The severity of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Information.
    Info,
    /// Something differs from what was asked for; the station plays on.
    Warning,
    /// Something failed; the text says what still works and what to do.
    Error,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A message for the user.
    Notice {
        /// Its severity.
        severity: Severity,
        /// One sentence.
        text: String,
    },
    /// The song started.
    Playing {
        /// The position it started from.
        #[serde(serialize_with = "display", deserialize_with = "from_str")]
        #[schema(value_type = String, example = "5:1:0")]
        from: Position,
    },
    /// The song stopped.
    Stopped {
        /// The position it stopped at.
        #[serde(serialize_with = "display", deserialize_with = "from_str")]
        #[schema(value_type = String, example = "5:1:0")]
        at: Position,
    },
    /// The tempo changed.
    Tempo {
        /// Quarter notes per minute.
        bpm: f64,
    },
    /// The tempo source changed, or its state.
    ClockSource {
        /// The tempo source.
        #[serde(flatten)]
        source: SourceStatus,
    },
    /// Another profile is in use.
    ProfileUsed {
        /// Its id.
        id: String,
    },
    /// The list of profiles changed.
    ProfilesRead {
        /// The ids of all profiles.
        ids: Vec<String>,
    },
    /// Another instrument is in use.
    InstrumentUsed {
        /// Its port, counted from 1.
        port: u8,
        /// The name of the instrument, as the screen shows it.
        name: String,
    },
    /// A MIDI port was connected.
    PortConnected {
        /// The port, counted from 1.
        port: u8,
        /// The name of the port, as the screen shows it.
        name: String,
    },
    /// A MIDI port was disconnected; busker connects it again when it returns.
    PortGone {
        /// The port, counted from 1.
        port: u8,
        /// The name of the port, as the screen shows it.
        name: String,
    },
    /// MIDI learn mapped a controller or note.
    Learned {
        /// The controller or note, in words.
        by: String,
        /// The command or parameter it is mapped to.
        does: String,
    },
    /// A parameter was set.
    ParamSet {
        /// Its name.
        name: String,
        /// Its value, in the parameter's range.
        value: u16,
        /// The value as the screen shows it.
        shown: String,
    },
    /// The recording of a take started.
    TakeStarted {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its first frame, on the engine's frame clock.
        frame: i64,
    },
    /// A take is complete and its file is closed.
    TakeFinished {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its length, in frames.
        frames: u64,
        /// Frames of silence in it, because the disk was too slow.
        gap_frames: u64,
    },
    /// The playback of a take started.
    AuditionStarted {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// Its length, in seconds.
        length_seconds: f64,
    },
    /// The playback of a take ended: at its end, by a stop, or because it could not be played.
    AuditionEnded {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
    },
    /// A take was measured.
    TakeMeasured {
        /// Its file.
        #[schema(value_type = String)]
        path: PathBuf,
        /// The result.
        verdict: Box<Verdict>,
    },
    /// A session was opened or created.
    SessionOpened {
        /// Its folder.
        #[schema(value_type = String)]
        path: PathBuf,
    },
    /// The engine is ending.
    Quit,
}

impl Event {
    /// The notice for the user, for events that have one.
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
                format!("{name} disconnected: everything else still plays, and it reconnects when it returns"),
            )),
            Event::InstrumentUsed { name, .. } => Some((Severity::Info, format!("playing {name}"))),
            Event::Learned { by, does } => Some((Severity::Info, format!("{by} does: {does}"))),
            Event::SessionOpened { path } => Some((Severity::Info, format!("the session is {}", path.display()))),
            Event::ClockSource { source } => source.notice(),
            Event::ProfileUsed { id } => Some((Severity::Info, format!("the knobs now use profile {id}"))),
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
