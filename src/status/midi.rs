//! The MIDI part of the status: ports, their traffic, and the tempo source.

pub use crate::music::SyncState;

use super::Severity;
use crate::midi::{Class, ClockSends};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;
use utoipa::ToSchema;

/// One MIDI port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PortStatus {
    /// Its id: `alsa:NAME`, `jack:NAME`, `raw:PATH`, `sim`.
    pub id: String,
    /// Its name, as the system shows it.
    pub name: String,
    /// Whether it is connected; busker connects a missing port when it appears.
    pub connected: bool,
    /// Whether messages are sent to it.
    pub output: bool,
    /// Whether messages are received from it.
    pub input: bool,
    /// The MIDI channel of its instrument, 1..=16.
    pub channel: u8,
    /// The instrument's profile.
    pub profile: String,
    /// Settings of the port that cannot take effect, one sentence each.
    pub unmet: Vec<String>,
    /// The clock messages it is sent.
    #[serde(serialize_with = "sends", deserialize_with = "read_sends")]
    #[schema(value_type = Vec<String>)]
    pub clock: ClockSends,
    /// The clock offset, in ms: clock and notes are sent later by this time.
    pub offset_ms: f64,
    /// MIDI thru: the ports that its input is passed on to, counted from 1, each with a channel; channel 0 keeps the
    /// channel.
    pub thru: Vec<(u8, u8)>,
    /// Messages sent, pulses included.
    pub sent: u64,
    /// Messages received, pulses included.
    pub received: u64,
    /// Messages in the queue now.
    pub queued: u32,
    /// The longest queue so far, in messages.
    pub queued_most: u32,
    /// Messages dropped because the queue was full.
    pub dropped: u64,
    /// Controller values replaced by newer ones before they were sent.
    pub coalesced: u64,
    /// Messages that the port refused.
    pub refused: u64,
    /// The rate of messages sent, over the last full second.
    pub traffic: Traffic,
    /// The delay of messages, over the last ten seconds; null if none was sent.
    pub latency: Option<LatencyStatus>,
    /// Load of the wire in the last full second, in percent; null if the wire is never the limit.
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
    /// A port whose counts are all 0.
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

/// Traffic of a port, by class of message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Traffic {
    /// Clock, start, stop, song position.
    pub realtime: TrafficRate,
    /// Note-off.
    pub note_off: TrafficRate,
    /// Note-on.
    pub note_on: TrafficRate,
    /// Pitch bend, pressure, program.
    pub expression: TrafficRate,
    /// Control change.
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

    /// The sum of all classes.
    pub fn total(&self) -> TrafficRate {
        let all = [self.realtime, self.note_off, self.note_on, self.expression, self.control, self.sysex];
        all.into_iter().fold(TrafficRate::default(), |sum, rate| TrafficRate {
            messages: sum.messages + rate.messages,
            bytes: sum.bytes + rate.bytes,
        })
    }
}

/// The delay of messages: from the instant they were requested, were due and the spacing of their controller was over,
/// to the instant the port took them. Clock pulses are counted separately, in [`ClockStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LatencyStatus {
    /// The median, in µs.
    pub p50_us: u32,
    /// The 99th percentile, in µs.
    pub p99_us: u32,
    /// The maximum, in µs.
    pub max_us: u32,
}

/// The tempo source and the accuracy of the MIDI clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockStatus {
    /// The tempo source.
    pub source: SourceStatus,
    /// Pulses sent more than 1 ms late.
    pub late_pulses: u64,
    /// The largest delay, in µs.
    pub latest_us: u64,
    /// Pulses not sent, because they were too old.
    pub skipped_pulses: u64,
}

/// The tempo source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SourceStatus {
    /// busker's own tempo.
    #[default]
    Internal,
    /// An incoming MIDI clock.
    Midi {
        /// The name of the port that sends the clock; null until a port has sent a pulse.
        from: Option<String>,
        /// Whether the clock is followed.
        state: SyncState,
    },
}

impl SourceStatus {
    /// The notice for the user.
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

/// The scheduling that the system granted. Without it everything works, with less steady timing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RealtimeStatus {
    /// Whether the MIDI clock thread runs under SCHED_FIFO; null if there is no such thread.
    pub clock: Option<bool>,
    /// Whether the scheduler thread runs under SCHED_FIFO.
    pub scheduler: bool,
    /// Whether memory is locked, so that no thread waits for a page.
    pub memory_locked: bool,
}

impl RealtimeStatus {
    /// Whether the threads run under SCHED_FIFO.
    pub fn granted(&self) -> bool {
        self.scheduler && self.clock != Some(false)
    }
}

/// The newest messages, for the MIDI monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonitorStatus {
    /// The number of messages since the monitor was opened, including those not kept.
    pub seen: u64,
    /// The newest, oldest first.
    pub lines: Arc<Vec<MonitorLine>>,
}

/// One message, sent or received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonitorLine {
    /// Its time, in ns since the engine started.
    pub at_ns: u64,
    /// The port's number, counted from 1.
    pub port: u8,
    /// Whether it was received; else it was sent.
    pub incoming: bool,
    /// The message in words.
    pub text: String,
    /// The number of such pulses in a row, for clock pulses.
    pub times: u32,
}
