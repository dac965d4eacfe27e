//! What the scheduler may be asked to send.

use super::super::sent::{Payload, PortIndex, SysEx};
use crate::{
    midi::{Channel, Message, Rank, message},
    profile::{Halves, Target},
};

/// A request to send.
#[derive(Debug)]
pub struct SendRequest {
    /// Which port.
    pub port: PortIndex,
    /// Not before this instant, in ns on the engine's clock. What is to go at once carries the instant it was asked for,
    /// so that how long it took can be told; 0 is at once, asked nobody knows when.
    pub due_ns: u64,
    /// What.
    pub what: What,
}

/// What is to be sent.
#[derive(Debug)]
pub enum What {
    /// A short message.
    Message(Message),
    /// System exclusive, with its F0 and F7.
    SysEx(SysEx),
    /// A parameter's value; a newer one replaces it while it waits.
    Control {
        /// Where on the channel.
        channel: Channel,
        /// Which controller.
        target: Target,
        /// How its two halves travel, where it has two.
        halves: Halves,
        /// Within the target's resolution.
        value: u16,
        /// Least distance to the value before.
        spacing_ns: u64,
        /// How long it takes to move there from where it is; 0 is a jump.
        glide_ns: u64,
    },
    /// Nothing: the synth has this value already, because it said so. What waits for the same controller is not sent.
    Known {
        /// Where on the channel.
        channel: Channel,
        /// Which controller.
        target: Target,
        /// What the synth holds.
        value: u16,
    },
    /// All notes off, everywhere on the port, and nothing that waits is played. At once.
    Panic,
}

impl What {
    /// Whether it must never be dropped for want of room.
    pub fn is_urgent(&self) -> bool {
        match self {
            What::Message(message) => message.is_urgent(),
            What::Panic => true,
            What::SysEx(_) | What::Control { .. } | What::Known { .. } => false,
        }
    }
}

/// Which goes first when several are due.
pub(super) fn rank_of(payload: &Payload) -> Rank {
    match payload {
        Payload::Short(message) => message.rank(),
        Payload::SysEx(_) => Rank::Discrete,
    }
}

/// Whether each value of a parameter goes out in order: bank, program, pedals and other switches. Of the others only the
/// newest value counts.
pub(super) fn is_discrete(target: Target) -> bool {
    match target {
        Target::Program => true,
        Target::Cc(controller) | Target::Cc10 { msb: controller, .. } | Target::Cc14 { msb: controller, .. } => {
            message::is_discrete(controller)
        }
        Target::Nrpn { .. } | Target::Rpn { .. } | Target::PitchBend => false,
    }
}
