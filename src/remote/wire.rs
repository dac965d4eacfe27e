//! What goes over the socket and over WebSocket: JSON, one message a line or a frame. Pure.
//!
//! Both sides of the socket say hello first, with the version of the wire they speak; whoever finds another one leaves
//! with a sentence. After that a guest asks, and is told: answers as they come, every event once, parts of the status of a
//! newer revision than those it has, and levels as they move.

mod level_changes;

pub use level_changes::{LevelChanges, round};

use crate::{
    engine::station::Answer,
    profile::Profile,
    status::{Changes, Event, MeterStatus, Status},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The version of the wire. It counts up when a message or a part of the status changes its meaning; what is only added
/// leaves it as it is.
///
/// 2: levels are told apart from the parts they stand in.
pub const WIRE: u32 = 2;
/// The longest message a guest may send, in bytes: the longest command, and some more.
pub const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// What a guest at the socket is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To show and to play: is told everything, and the notes it holds end with it.
    Screen,
    /// To listen: is told everything.
    Watch,
    /// To ask: is told only what it asks for.
    Ask,
}

/// From a guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message at the socket.
    Hello {
        /// The wire it speaks.
        wire: u32,
        /// Its version, for people.
        version: String,
        /// What it is there for.
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

/// To a guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message at the socket.
    Hello {
        /// The wire it speaks.
        wire: u32,
        /// Its version, for people.
        version: String,
    },
    /// Nothing comes after this: why.
    Leave {
        /// One sentence.
        why: String,
    },
    /// What became of a command.
    Answer {
        /// The number it was asked under, where it was.
        id: Option<u64>,
        /// Whether it was done.
        done: bool,
        /// A sentence: what there is to say, or why it was not done.
        text: String,
    },
    /// The profile whose knobs the next statuses tell of.
    Profile {
        /// All of it.
        profile: Arc<Profile>,
    },
    /// What of the status is another now; at first all of it.
    Status {
        /// Nanoseconds since the engine started.
        at_ns: u64,
        /// The parts that changed, each whole.
        changes: Changes,
    },
    /// Levels that moved. At the socket, at the rate of a screen.
    Levels(LevelChanges),
    /// Something happened.
    Event(Event),
    /// Where the song is. Over WebSocket, at a steady rate while it moves.
    Position {
        /// As bar:beat:tick.
        position: String,
        /// In seconds at the present tempo.
        seconds: f64,
        /// Whether the song plays.
        playing: bool,
    },
    /// How loud it is. Over WebSocket, at a steady rate while it moves.
    Meters {
        /// The recorded inputs.
        inputs: Vec<MeterStatus>,
        /// Left and right.
        outputs: Vec<MeterStatus>,
    },
    /// Where knobs sound that something moves. Over WebSocket, at a steady rate while they move.
    Motion {
        /// By the parameter's name, in its range.
        values: BTreeMap<String, u16>,
    },
}

/// A message that is none. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// More bytes than a message may have.
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// Not what is understood here.
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

    /// What became of a command.
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
    // Keys are texts: nothing here can fail but a path that is no Unicode, and that only loses its own message.
    serde_json::to_string(message).unwrap_or_else(|error| {
        tracing::warn!(%error, "a message could not be written");
        String::from("{}")
    })
}

/// The sentence for whoever speaks another wire, at either end; nothing where it is the same.
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
