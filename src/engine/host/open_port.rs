//! An open MIDI port, as a host gives it to the engine.

use crate::{
    config::PortSettings,
    engine::midi::{
        input::{Inlet, MidiIn},
        port::MidiOut,
    },
    midi::Wire,
};

/// The names of a port.
#[derive(Clone, Debug)]
pub struct PortInfo {
    /// The id it is asked for by.
    pub id: String,
    /// The name to show.
    pub name: String,
}

/// A port of the patchbay, counted from 0 in the order they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatchbayIndex(pub u8);

/// An open MIDI port.
pub struct OpenPort {
    /// Its id and name.
    pub info: PortInfo,
    /// How busker sends to it.
    pub way: PortWay,
    /// Its input, where it has one.
    pub input: Option<MidiIn>,
    /// How fast it takes bytes.
    pub wire: Wire,
    /// Its settings.
    pub settings: PortSettings,
    /// The patchbay's name for it, where that keeps it connected.
    pub kept: Option<PatchbayIndex>,
    /// Whether a device is connected; where not, the port waits for it.
    pub connected: bool,
}

impl OpenPort {
    /// A port without input, with the default settings.
    pub fn new(info: PortInfo, way: PortWay, wire: Wire) -> OpenPort {
        OpenPort { info, way, input: None, wire, settings: PortSettings::default(), kept: None, connected: true }
    }
}

/// How busker sends to a port.
pub enum PortWay {
    /// In the callback, through JACK.
    Jack {
        /// The input of the port.
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
    /// Not at all: it only receives.
    InputOnly,
}
