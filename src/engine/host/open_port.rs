//! An open MIDI port, as a host gives it to the engine.

use crate::{
    config::PortSettings,
    engine::midi::{
        input::{Inlet, MidiIn},
        port::MidiOut,
    },
    midi::Wire,
};

/// What a port is called.
#[derive(Clone, Debug)]
pub struct PortInfo {
    /// As it is asked for.
    pub id: String,
    /// As a person knows it.
    pub name: String,
}

/// A port of the patchbay, counted from 0 in the order they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatchbayIndex(pub u8);

/// An open MIDI port.
pub struct OpenPort {
    /// What it is.
    pub info: PortInfo,
    /// How it is reached.
    pub way: PortWay,
    /// What is heard from it, where it can be heard.
    pub input: Option<MidiIn>,
    /// How fast it takes bytes.
    pub wire: Wire,
    /// What it gets.
    pub settings: PortSettings,
    /// The patchbay's name for it, where that keeps it connected.
    pub kept: Option<PatchbayIndex>,
    /// Whether anything is connected; where not, it is waited for.
    pub connected: bool,
}

impl OpenPort {
    /// A port that is heard by nobody, with the default settings.
    pub fn new(info: PortInfo, way: PortWay, wire: Wire) -> OpenPort {
        OpenPort { info, way, input: None, wire, settings: PortSettings::default(), kept: None, connected: true }
    }
}

/// How a port is reached.
pub enum PortWay {
    /// In the callback, through JACK.
    Jack {
        /// What it hears there.
        inlet: Option<Inlet>,
    },
    /// In the callback: the built-in synth.
    BuiltIn,
    /// From the MIDI threads, each with a connection of its own.
    Threads {
        /// The scheduler's.
        scheduler: Box<dyn MidiOut>,
        /// The clock's.
        clock: Box<dyn MidiOut>,
    },
    /// Not at all: it is only heard.
    InputOnly,
}
