//! What the scheduler may be asked to send.

use super::super::sent::PortIndex;
use crate::{
    midi::{Channel, Class, Message},
    profile::Target,
};

/// A request to send.
#[derive(Debug)]
pub struct Outgoing {
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
    SysEx(Box<[u8]>),
    /// A parameter's value; a newer one replaces it while it waits.
    Control {
        /// Where on the channel.
        channel: Channel,
        /// Which controller.
        target: Target,
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
    /// Its place among the classes.
    pub fn class(&self) -> Class {
        match self {
            What::Message(message) => message.class(),
            What::SysEx(_) => Class::SysEx,
            What::Control { target, .. } => class_of(*target),
            What::Known { .. } => Class::Control,
            What::Panic => Class::NoteOff,
        }
    }
}

/// The class of a parameter's messages.
pub(super) fn class_of(target: Target) -> Class {
    match target {
        Target::PitchBend | Target::Program => Class::Expression,
        _ => Class::Control,
    }
}
