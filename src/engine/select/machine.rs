//! The devices and ports of a machine, behind one trait: so that the choice can be tested without one.

use crate::{
    engine::host::{
        AudioRequest, Device, HostError,
        alsa::{self, Cards},
        alsa_midi, jack,
        open_port::OpenPort,
        patchbay::Patchbay,
        raw_midi,
    },
    profile::Profile,
};

/// A machine, for `select`.
pub(super) trait Machine: Send + Sync {
    /// Whether this JACK server answers; none is started.
    fn jack_running(&self, server: Option<&str>) -> bool;
    /// Opens a JACK client.
    fn open_jack(&self, server: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError>;
    /// MIDI ports of the JACK server that can be played.
    fn jack_ports(&self, server: Option<&str>) -> Vec<String>;
    /// A MIDI port of the JACK client.
    fn jack_port(&self, name: &str) -> Result<OpenPort, HostError>;
    /// The cards ALSA knows. Opens none of them.
    fn alsa_cards(&self) -> Cards;
    /// Opens an ALSA device, or the default one.
    fn open_alsa(&self, name: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError>;
    /// MIDI ports of the ALSA sequencer that can be played, those of the system last.
    fn alsa_ports(&self) -> Result<Vec<String>, HostError>;
    /// Opens one of them, and the input of the instrument of this profile beside it.
    fn open_alsa_port(
        &self,
        patchbay: &mut Patchbay,
        name: &str,
        profile: &Profile,
        output: bool,
        wait: bool,
    ) -> Result<OpenPort, HostError>;
    /// Raw MIDI devices.
    fn raw_ports(&self) -> Vec<raw_midi::RawMidiDevice>;
    /// Opens a raw MIDI device, a serial line or a FIFO.
    fn open_raw_port(
        &self,
        patchbay: &mut Patchbay,
        path: &str,
        output: bool,
        wait: bool,
    ) -> Result<OpenPort, HostError>;
}

/// The one busker runs on.
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn jack_running(&self, server: Option<&str>) -> bool {
        jack::running(server)
    }

    fn open_jack(&self, server: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
        jack::open(server, request)
    }

    fn jack_ports(&self, server: Option<&str>) -> Vec<String> {
        jack::list_midi(server)
    }

    fn jack_port(&self, name: &str) -> Result<OpenPort, HostError> {
        Ok(jack::port(name))
    }

    fn alsa_cards(&self) -> Cards {
        Cards::of_this_machine()
    }

    fn open_alsa(&self, name: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
        alsa::open(name, request)
    }

    fn alsa_ports(&self) -> Result<Vec<String>, HostError> {
        alsa_midi::list()
    }

    fn open_alsa_port(
        &self,
        patchbay: &mut Patchbay,
        name: &str,
        profile: &Profile,
        output: bool,
        wait: bool,
    ) -> Result<OpenPort, HostError> {
        patchbay.alsa(name, profile, output, wait)
    }

    fn raw_ports(&self) -> Vec<raw_midi::RawMidiDevice> {
        raw_midi::list()
    }

    fn open_raw_port(
        &self,
        patchbay: &mut Patchbay,
        path: &str,
        output: bool,
        wait: bool,
    ) -> Result<OpenPort, HostError> {
        patchbay.raw(path, output, wait)
    }
}
