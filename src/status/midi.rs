//! What the status says of MIDI: ports, what travels on them, and whose clock it is.

pub use crate::music::SyncState;

use super::Severity;
use crate::midi::{Class, ClockSends};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;
use utoipa::ToSchema;

/// One MIDI port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PortStatus {
    /// As it is asked for: `alsa:NAME`, `jack:NAME`, `raw:PATH`, `sim`.
    pub id: String,
    /// As a person knows it.
    pub name: String,
    /// Whether anything is connected; what is not there is waited for.
    pub connected: bool,
    /// Whether it is played on.
    pub output: bool,
    /// Whether it is heard.
    pub input: bool,
    /// The channel of the instrument behind it, 1..=16.
    pub channel: u8,
    /// The instrument's profile.
    pub profile: String,
    /// What of its settings cannot be had, in sentences.
    pub unmet: Vec<String>,
    /// What of the clock it gets.
    #[serde(serialize_with = "sends", deserialize_with = "read_sends")]
    #[schema(value_type = Vec<String>)]
    pub clock: ClockSends,
    /// How much later it gets clock and notes, in ms.
    pub offset_ms: f64,
    /// Where what comes in goes: a port's number, counted from 1, and the channel, 0 for "as it comes".
    pub thru: Vec<(u8, u8)>,
    /// Messages sent, pulses included.
    pub sent: u64,
    /// Messages that came in, pulses included.
    pub received: u64,
    /// Messages that wait now.
    pub queued: u32,
    /// The most that ever waited.
    pub queued_most: u32,
    /// Messages dropped because too many were waiting.
    pub dropped: u64,
    /// Controller values replaced by newer ones before they went out.
    pub coalesced: u64,
    /// Messages the port refused.
    pub refused: u64,
    /// What was sent in the last full second.
    pub traffic: Traffic,
    /// How long messages were held up, over the last ten seconds; nothing where none was sent.
    pub latency: Option<LatencyStatus>,
    /// How much of what the wire can carry was used in the last full second; nothing where it is never the limit.
    pub wire_percent: Option<u32>,
}

fn sends<S: Serializer>(sends: &ClockSends, serializer: S) -> Result<S::Ok, S::Error> {
    let words = [(sends.pulses, "pulses"), (sends.transport, "transport"), (sends.position, "position")];
    serializer.collect_seq(words.iter().filter(|(on, _)| *on).map(|(_, word)| word))
}

fn read_sends<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ClockSends, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let has = |word: &str| words.iter().any(|w| w == word);
    Ok(ClockSends { pulses: has("pulses"), transport: has("transport"), position: has("position") })
}

impl PortStatus {
    /// A port nothing is known of yet.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> PortStatus {
        PortStatus {
            id: id.into(),
            name: name.into(),
            connected: true,
            output: true,
            input: false,
            channel: 1,
            profile: String::new(),
            unmet: Vec::new(),
            clock: ClockSends::ALL,
            offset_ms: 0.0,
            thru: Vec::new(),
            sent: 0,
            received: 0,
            queued: 0,
            queued_most: 0,
            dropped: 0,
            coalesced: 0,
            refused: 0,
            traffic: Traffic::default(),
            latency: None,
            wire_percent: None,
        }
    }
}

/// Messages and bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Rate)]
pub struct TrafficRate {
    /// Messages a second.
    pub messages: u32,
    /// Bytes a second.
    pub bytes: u32,
}

/// What travels, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Traffic {
    /// Clock, start, stop, song position.
    pub realtime: TrafficRate,
    /// Ends of notes.
    pub note_off: TrafficRate,
    /// Beginnings of notes.
    pub note_on: TrafficRate,
    /// Pitch bend, pressure, program.
    pub expression: TrafficRate,
    /// Controllers.
    pub control: TrafficRate,
    /// System exclusive.
    pub sysex: TrafficRate,
}

impl Traffic {
    /// The rate of a class.
    pub fn of_mut(&mut self, class: Class) -> &mut TrafficRate {
        match class {
            Class::Realtime => &mut self.realtime,
            Class::NoteOff => &mut self.note_off,
            Class::NoteOn => &mut self.note_on,
            Class::Expression => &mut self.expression,
            Class::Control => &mut self.control,
            Class::SysEx => &mut self.sysex,
        }
    }

    /// All classes together.
    pub fn total(&self) -> TrafficRate {
        let all = [self.realtime, self.note_off, self.note_on, self.expression, self.control, self.sysex];
        all.into_iter().fold(TrafficRate::default(), |sum, rate| TrafficRate {
            messages: sum.messages + rate.messages,
            bytes: sum.bytes + rate.bytes,
        })
    }
}

/// How long messages were held up, from the instant they were asked for, were due and their controller's spacing was
/// over, to the instant they were handed to the port. Clock pulses are counted apart, in [`ClockStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LatencyStatus {
    /// Half of them at most this long, in µs.
    pub p50_us: u32,
    /// All but one in a hundred at most this long, in µs.
    pub p99_us: u32,
    /// The longest, in µs.
    pub max_us: u32,
}

/// Whose clock it is, and how it keeps time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockStatus {
    /// Whose tempo it is.
    pub source: SourceStatus,
    /// Pulses that went out more than a millisecond late.
    pub late_pulses: u64,
    /// How late the latest was, in µs.
    pub latest_us: u64,
    /// Pulses that were not sent because they were stale.
    pub skipped_pulses: u64,
}

/// Whose tempo it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SourceStatus {
    /// busker's own.
    #[default]
    Internal,
    /// That of an incoming MIDI clock.
    Midi {
        /// The port it comes from, as a person knows it; nothing while none has sent a pulse.
        from: Option<String>,
        /// How it stands.
        state: SyncState,
    },
}

impl SourceStatus {
    /// The sentence a person reads.
    pub fn notice(&self) -> Option<(Severity, String)> {
        let SourceStatus::Midi { from, state } = self else {
            return Some((Severity::Info, "the tempo source is internal".to_owned()));
        };
        let from = from.as_deref().unwrap_or("the MIDI inputs");
        Some(match state {
            SyncState::Waiting => (Severity::Info, format!("waiting for a MIDI clock from {from}")),
            SyncState::Acquiring => return None,
            SyncState::Locked => (Severity::Info, format!("following the clock of {from}")),
            SyncState::Unsteady => {
                (Severity::Warning, format!("the clock of {from} is outside 20 to 300 BPM: it is not followed"))
            }
            SyncState::Lost => {
                (Severity::Warning, format!("the clock of {from} is lost; it is followed again when it returns"))
            }
        })
    }
}

/// What the system granted. Refused, everything runs on, less steadily.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RealtimeStatus {
    /// Whether the MIDI clock's thread runs under SCHED_FIFO; nothing where there is no such thread.
    pub clock: Option<bool>,
    /// Whether the scheduler's thread does.
    pub scheduler: bool,
    /// Whether memory is locked, so that nothing waits for a page.
    pub memory_locked: bool,
}

impl RealtimeStatus {
    /// Whether the threads got what they asked for.
    pub fn granted(&self) -> bool {
        self.scheduler && self.clock != Some(false)
    }
}

/// The newest messages, for the monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonitorStatus {
    /// How many there were since the monitor was opened, those not kept among them.
    pub seen: u64,
    /// The newest, oldest first.
    pub lines: Arc<Vec<MonitorLine>>,
}

/// One message that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonitorLine {
    /// When, in ns since the engine started.
    pub at_ns: u64,
    /// The port's number, counted from 1.
    pub port: u8,
    /// Whether it came in; otherwise it went out.
    pub incoming: bool,
    /// What it is, as a person says it.
    pub text: String,
    /// How many such pulses in a row, where it is the clock.
    pub times: u32,
}
