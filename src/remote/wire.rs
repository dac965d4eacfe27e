//! The messages of the socket and of WebSocket: JSON, one message a line or a frame. Pure.
//!
//! Both sides of the socket send hello first, with the version of the wire they use; a side that finds another version
//! leaves with a sentence. After that a client sends commands, and gets: answers as they come, every event once, parts
//! of the status of a newer revision than those it has, and levels as they change.

mod level_changes;

pub use level_changes::{LevelChanges, round};

use crate::{
    engine::station::Answer,
    profile::Profile,
    status::{Changes, Event, LoudnessStatus, MeterStatus, Status},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The version of the wire. It counts up when a message or a part of the status changes its meaning; an addition leaves
/// it as it is.
///
/// 2: levels are sent apart from the parts that contain them.
pub const WIRE: u32 = 2;
/// The longest message a client may send, in bytes: the longest command, and some more.
pub const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// What a client at the socket does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Shows the status and plays: gets everything, and the notes it holds end with it.
    Screen,
    /// Only reads: gets everything.
    Watch,
    /// Sends commands: gets only the answers to them.
    Ask,
}

/// From a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message at the socket.
    Hello {
        /// The version of its wire.
        wire: u32,
        /// Its version of busker, for people.
        version: String,
        /// What it does.
        role: Role,
    },
    /// A command of the table, as in a script.
    Do {
        /// Name and arguments, like `record.start jam`.
        command: String,
        /// With it the answer comes back under this number; without it only a refusal does, as a notice.
        id: Option<u64>,
    },
    /// The whole status, now.
    Status,
}

/// To a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message at the socket.
    Hello {
        /// The version of its wire.
        wire: u32,
        /// Its version of busker, for people.
        version: String,
    },
    /// The last message: why the connection ends.
    Leave {
        /// One sentence.
        why: String,
    },
    /// The answer to a command.
    Answer {
        /// The number of the command, where it had one.
        id: Option<u64>,
        /// Whether it was done.
        done: bool,
        /// A sentence: the answer, or the reason for a refusal.
        text: String,
    },
    /// The profile whose parameters the next statuses show.
    Profile {
        /// All of it.
        profile: Arc<Profile>,
    },
    /// The changes of the status; at first all of it.
    Status {
        /// Nanoseconds since the engine started.
        at_ns: u64,
        /// The parts that changed, each whole.
        changes: Changes,
    },
    /// Levels that changed. At the socket, at the rate of a screen.
    Levels(LevelChanges),
    /// An event.
    Event(Event),
    /// The song's position. Over WebSocket, at a steady rate while it changes.
    Position {
        /// As bar:beat:tick.
        position: String,
        /// In seconds at the present tempo.
        seconds: f64,
        /// Whether the song plays.
        playing: bool,
    },
    /// Meters. Over WebSocket, at a steady rate while they change.
    Meters {
        /// The recorded inputs.
        inputs: Vec<MeterStatus>,
        /// Left and right.
        outputs: Vec<MeterStatus>,
        /// One for each track, behind its strip.
        tracks: Vec<MeterStatus>,
        /// The loudness of the master.
        loudness: LoudnessStatus,
    },
    /// Current values of modulated parameters. Over WebSocket, at a steady rate while they change.
    Motion {
        /// By the parameter's name, in its range.
        values: BTreeMap<String, u16>,
    },
}

/// Bytes that are no message. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// More bytes than a message may have.
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// No JSON, or no message of this wire.
    #[error("not a valid message: {0}")]
    NoMessage(#[from] serde_json::Error),
}

impl ClientMessage {
    /// Reads one message.
    ///
    /// # Errors
    /// It is too long, no JSON, or no message.
    pub fn decode(bytes: &[u8]) -> Result<ClientMessage, WireError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(WireError::TooLong);
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// As one line, without its end.
    pub fn encode(&self) -> String {
        encode(self)
    }
}

impl ServerMessage {
    /// Reads one message.
    ///
    /// # Errors
    /// It is no JSON, or no message.
    pub fn decode(bytes: &[u8]) -> Result<ServerMessage, WireError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// As one line, without its end.
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// The answer to a command.
    pub fn answer(id: Option<u64>, answer: Answer) -> ServerMessage {
        let done = answer.is_ok();
        ServerMessage::Answer { id, done, text: answer.unwrap_or_else(|why| why) }
    }

    /// The parts of `status` of a newer revision than `since`; since 0, all of them.
    pub fn status(status: &Status, since: u64) -> ServerMessage {
        ServerMessage::Status { at_ns: status.at_ns, changes: status.changes(since) }
    }
}

fn encode(message: &impl Serialize) -> String {
    // Keys are texts: nothing here can fail but a path that is no Unicode, and then only its own message is lost.
    serde_json::to_string(message).unwrap_or_else(|error| {
        tracing::warn!(%error, "a message could not be written");
        String::from("{}")
    })
}

/// The sentence for a side with another version of the wire, at either end; `None` where it is the same.
pub fn wire_mismatch(wire: u32, version: &str) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (wire != WIRE).then(|| {
        format!(
            "the station and the screen have different versions: {own} here uses wire {WIRE}, {version} there uses \
             wire {wire}; use the same busker version on both sides"
        )
    })
}

#[cfg(test)]
mod tests;
