//! Requests that the scheduler takes.

use super::super::sent::{Payload, PortIndex, SysEx};
use crate::{
    midi::{Channel, Message, Rank, message},
    profile::{Halves, Target},
};

/// A request to send.
#[derive(Debug)]
pub struct SendRequest {
    /// The port.
    pub port: PortIndex,
    /// Not before this instant, in ns on the engine's clock. A message to be sent at once carries the instant of its
    /// request, so that its delay can be measured; 0 is at once, with an unknown instant of the request.
    pub due_ns: u64,
    /// The message.
    pub what: What,
}

/// A message to be sent.
#[derive(Debug)]
pub enum What {
    /// A short message.
    Message(Message),
    /// System exclusive, with its F0 and F7.
    SysEx(SysEx),
    /// A parameter's value; a newer one replaces it while it waits.
    Control {
        /// Its channel.
        channel: Channel,
        /// Its controller.
        target: Target,
        /// The order of its two halves, where it has two.
        halves: Halves,
        /// Within the target's resolution.
        value: u16,
        /// Least distance to the value before.
        spacing_ns: u64,
        /// How long the move from its present value takes; 0 is a jump.
        glide_ns: u64,
    },
    /// Sends nothing: the synth has this value already, because it sent it. A waiting value of the same controller is
    /// dropped.
    Known {
        /// Its channel.
        channel: Channel,
        /// Its controller.
        target: Target,
        /// The synth's value.
        value: u16,
    },
    /// All notes off, everywhere on the port, at once; waiting messages are dropped.
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

/// The rank: which is sent first when several are due.
pub(super) fn rank_of(payload: &Payload) -> Rank {
    match payload {
        Payload::Short(message) => message.rank(),
        Payload::SysEx(_) => Rank::Discrete,
    }
}

/// Whether each value of a parameter is sent in order: bank, program, pedals and other switches. Of the others only the
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
