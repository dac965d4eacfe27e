//! Connects ports: the physical ones, and MIDI ports by name.
//!
//! Runs on the asking thread (`jack/ask.rs`). Realtime: no.

use crate::{engine::host::HostError, hints};
use jack::{Client, PortFlags, jack_sys};

/// A MIDI port of another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JackMidiPort {
    /// Its name in JACK, like `system:midi_playback_1`.
    pub name: String,
    /// Its driver's names for it, like `NTS-1:midi/playback_1`; only these names of jackd's own MIDI drivers contain
    /// the device.
    pub aliases: Vec<String>,
}

impl JackMidiPort {
    /// The name to show. [`find`] finds it by this.
    pub fn shown(&self) -> &str {
        self.aliases.first().unwrap_or(&self.name)
    }

    fn names(&self) -> impl Iterator<Item = String> {
        std::iter::once(&self.name).chain(&self.aliases).map(|name| name.to_lowercase())
    }
}

/// Every MIDI port that takes messages.
pub fn targets(client: &Client) -> Vec<JackMidiPort> {
    midi_ports(client, PortFlags::IS_INPUT)
}

/// Every MIDI port that messages come from.
pub fn sources(client: &Client) -> Vec<JackMidiPort> {
    midi_ports(client, PortFlags::IS_OUTPUT)
}

fn midi_ports(client: &Client, direction: PortFlags) -> Vec<JackMidiPort> {
    let names = client.ports(None, Some(jack_sys::RAW_MIDI_TYPE), direction);
    let own = format!("{}:", client.name());
    let others = names.into_iter().filter(|name| !name.starts_with(&own));
    let target = |name: String| {
        let aliases = client.port_by_name(&name).and_then(|port| port.aliases().ok()).unwrap_or_default();
        JackMidiPort { name, aliases }
    };
    others.map(target).collect()
}

/// The port with this name, or else the first whose name has it as a part; upper and lower case are the same.
///
/// # Errors
/// Where there is none: the error lists the ports, and what to do.
pub fn find<'a>(ports: &'a [JackMidiPort], asked: &str) -> Result<&'a JackMidiPort, HostError> {
    let asked_lower = asked.to_lowercase();
    found(ports, &asked_lower).ok_or_else(|| {
        let there_are = match ports {
            [] => "none available; start its program, or use `jack:` as the port and connect it by hand".to_owned(),
            some => hints::there_is(&some.iter().map(JackMidiPort::shown).collect::<Vec<_>>()),
        };
        HostError(format!("no JACK MIDI port '{asked}': {there_are}"))
    })
}

/// The source beside a port that is played: the one of the same client, or else one that fits the name that was asked
/// for. Many devices have none.
pub fn source_beside<'a>(sources: &'a [JackMidiPort], played: &JackMidiPort, asked: &str) -> Option<&'a JackMidiPort> {
    let client = |name: &str| name.split_once(':').map(|(client, _)| client.to_owned());
    // The system's ports are of one client, whatever is plugged in.
    let own = client(&played.name).filter(|client| client != "system" && client != "a2j");
    let same = sources.iter().find(|source| own.is_some() && client(&source.name) == own);
    same.or_else(|| found(sources, &asked.to_lowercase()))
}

fn found<'a>(targets: &'a [JackMidiPort], asked_lower: &str) -> Option<&'a JackMidiPort> {
    let is = |target: &&JackMidiPort| target.names().any(|name| name == asked_lower);
    let has = |target: &&JackMidiPort| target.names().any(|name| name.contains(asked_lower));
    targets.iter().find(is).or_else(|| targets.iter().find(has))
}

/// Audio ports of the machine itself: sources, or sinks.
pub fn physical(client: &Client, direction: PortFlags) -> Vec<String> {
    client.ports(None, Some(jack_sys::FLOAT_MONO_AUDIO), PortFlags::IS_PHYSICAL | direction)
}

/// Connects two ports, or logs why it cannot.
pub fn connect(client: &Client, from: &str, to: &str) {
    match client.connect_ports_by_name(from, to) {
        Ok(()) | Err(jack::Error::PortAlreadyConnected(..)) => tracing::debug!(from, to, "connected"),
        Err(error) => tracing::warn!("{from} is not connected to {to}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, alias: &str) -> JackMidiPort {
        JackMidiPort { name: name.to_owned(), aliases: vec![alias.to_owned()] }
    }

    #[test]
    fn a_port_is_found_by_its_name_a_part_of_it_or_its_alias() {
        let targets =
            [target("a2j:NTS-1 extra", "x"), target("system:midi_playback_1", "NTS-1"), target("seq:in", "y")];
        let found = |asked: &str| find(&targets, asked).map(|target| target.name.as_str());
        assert_eq!(found("seq:in"), Ok("seq:in"));
        assert_eq!(found("EXTRA"), Ok("a2j:NTS-1 extra"));
        assert_eq!(found("nts-1"), Ok("system:midi_playback_1"), "a whole name goes before a part");
        let error = found("minilogue").unwrap_err().0;
        assert!(error.contains("'minilogue'") && error.contains("x, NTS-1, y"), "{error}");
        assert!(find(&[], "minilogue").unwrap_err().0.contains("none available"));
    }
}
