//! MIDI ports of the ALSA sequencer, through midir.
//!
//! A port is opened twice, once for the scheduler's thread and once for the clock's, so that neither waits for the other.
//! Names are what is remembered: the sequencer's numbers change whenever something is plugged in. Realtime: no, but
//! [`MidiOut::send`], which the MIDI threads call.

use super::{HostError, quiet::hush_alsa};
use crate::engine::{
    assembly::{OpenPort, Way},
    control::PortInfo,
    midi::port::{MidiOut, SendFailed},
};
use midir::{MidiOutput, MidiOutputConnection, MidiOutputPort};

/// What the scheduler's connection is called among the sequencer's clients.
pub const CLIENT_NAME: &str = "busker";
/// What the clock's connection is called.
pub const CLOCK_CLIENT_NAME: &str = "busker clock";

/// One connection.
struct AlsaOut(MidiOutputConnection);

impl MidiOut for AlsaOut {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.0.send(bytes).map_err(|_| SendFailed)
    }
}

/// The ports that can be played, as [`open`] takes them, those of the system last.
///
/// # Errors
/// Where there is no ALSA sequencer.
pub fn list() -> Result<Vec<String>, HostError> {
    Ok(ports(&client(CLIENT_NAME)?).into_iter().map(|(name, _)| name).collect())
}

/// Whether a port belongs to the system and no instrument listens behind it.
pub fn is_system(name: &str) -> bool {
    let name = name.to_lowercase();
    ["midi through", "system:"].iter().any(|system| name.starts_with(system))
}

/// Opens the port of this name, or else the first whose name it is a part of.
///
/// # Errors
/// Where there is no such port; the text names those there are.
pub fn open(name: &str) -> Result<OpenPort, HostError> {
    let scheduler =
        client(CLIENT_NAME).map_err(|HostError(why)| HostError(format!("the MIDI port '{name}': {why}")))?;
    let clock = client(CLOCK_CLIENT_NAME)?;
    let ports = ports(&scheduler);
    let names: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
    let Some(found) = find(&names, name) else {
        let have = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(HostError(format!(
            "there is no MIDI port '{name}' (there are {have}): plug it in, or choose another"
        )));
    };
    let (name, port) = &ports[found];
    let connect = |client: MidiOutput| {
        let refused =
            |why| HostError(format!("the MIDI port {name} cannot be opened ({why}): is another program using it?"));
        let connection = client.connect(port, "out").map_err(|error| refused(error.to_string()))?;
        Ok::<Box<dyn MidiOut>, HostError>(Box::new(AlsaOut(connection)))
    };
    let way = Way::Threads { scheduler: connect(scheduler)?, clock: connect(clock)? };
    Ok(OpenPort { info: PortInfo { id: format!("alsa:{name}"), name: name.clone() }, way })
}

fn client(name: &str) -> Result<MidiOutput, HostError> {
    hush_alsa();
    MidiOutput::new(name).map_err(|_| {
        HostError(
            "there is no ALSA MIDI on this machine: load it with `sudo modprobe snd-seq`, or join the audio group \
             (`sudo usermod -aG audio $USER`) and log in again"
                .to_owned(),
        )
    })
}

/// Every port with its name, those of the system last.
fn ports(client: &MidiOutput) -> Vec<(String, MidiOutputPort)> {
    let ports: Vec<MidiOutputPort> = client.ports();
    let full = ports.iter().map(|port| client.port_name(port).unwrap_or_default()).collect();
    let mut ports: Vec<_> = lasting_names(full)
        .into_iter()
        .zip(ports)
        .filter(|(name, _)| !name.is_empty() && !name.starts_with(CLIENT_NAME))
        .collect();
    ports.sort_by_key(|(name, _)| is_system(name));
    ports
}

/// midir's names end in the sequencer's numbers, which change. They stay only where nothing else tells two ports apart.
fn lasting_names(full: Vec<String>) -> Vec<String> {
    let short = |name: &String| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match name.rsplit_once(' ') {
            Some((short, end)) if end.split_once(':').is_some_and(|(a, b)| is_number(a) && is_number(b)) => {
                short.to_owned()
            }
            _ => name.clone(),
        }
    };
    let short: Vec<String> = full.iter().map(short).collect();
    let alone = |name: &String| short.iter().filter(|other| *other == name).count() == 1;
    short.iter().zip(full).map(|(short, full)| if alone(short) { short.clone() } else { full }).collect()
}

/// The place of a port by its name, or else by a part of it in any case.
fn find(names: &[&str], asked: &str) -> Option<usize> {
    let part = asked.to_lowercase();
    let exact = names.iter().position(|name| *name == asked);
    exact.or_else(|| names.iter().position(|name| name.to_lowercase().contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_last_when_the_numbers_change_and_two_of_a_kind_stay_apart() {
        let full = [
            "NTS-1 digital kit:NTS-1 digital kit SOUND 24:1",
            "Acme:Acme MIDI 1 28:0",
            "Acme:Acme MIDI 1 32:0",
            "Odd: 12",
            "Odder",
        ];
        let names = lasting_names(full.map(str::to_owned).to_vec());
        let lasting = ["NTS-1 digital kit:NTS-1 digital kit SOUND", full[1], full[2], "Odd: 12", "Odder"];
        assert_eq!(names, lasting);
    }

    #[test]
    fn a_port_is_found_by_its_name_before_any_part_of_one() {
        let names = ["Acme Deluxe:out", "acme", "Other"];
        assert_eq!(find(&names, "acme"), Some(1));
        assert_eq!(find(&names, "ACME"), Some(0));
        assert_eq!(find(&names, "her"), Some(2));
        assert_eq!(find(&names, "none"), None);
    }

    #[test]
    fn ports_of_the_system_are_known() {
        assert!(is_system("Midi Through:Midi Through Port-0") && is_system("System:Announce"));
        assert!(!is_system("NTS-1 digital kit:SOUND"));
    }
}
