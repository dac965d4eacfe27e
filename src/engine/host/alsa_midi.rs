//! MIDI ports of the ALSA sequencer, through midir.
//!
//! A port is opened twice, once for the scheduler's thread and once for the clock's, so that neither waits for the other.
//! Beside it the instrument's own input is opened, where it has one; midir calls back on a thread of its own for each.
//! Names are what is remembered: the sequencer's numbers change whenever something is plugged in. Realtime: no, but
//! [`MidiOut::send`], which the MIDI threads call.

use super::{HostError, quiet::hush_alsa};
use crate::{
    engine::{
        assembly::{OpenPort, Way},
        control::PortInfo,
        midi::{
            input::{MidiIn, Where, input},
            port::{MidiOut, SendFailed},
        },
        realtime,
    },
    midi::Wire,
    profile::Profile,
};
use midir::{MidiIO, MidiInput, MidiInputPort, MidiOutput, MidiOutputConnection};

/// What the scheduler's connection is called among the sequencer's clients.
pub const CLIENT_NAME: &str = "busker";
/// What the clock's connection is called.
pub const CLOCK_CLIENT_NAME: &str = "busker clock";
/// What the connection is called that hears an instrument.
pub const INPUT_CLIENT_NAME: &str = "busker input";

/// What keeps an input open.
pub type Connection = Box<dyn Send>;

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

/// The ports that can be heard, as [`hear`] takes them, those of the system last.
///
/// # Errors
/// Where there is no ALSA sequencer.
pub fn list_inputs() -> Result<Vec<String>, HostError> {
    Ok(ports(&input_client()?).into_iter().map(|(name, _)| name).collect())
}

/// Whether a port belongs to the system and no instrument listens behind it.
pub fn is_system(name: &str) -> bool {
    let name = name.to_lowercase();
    ["midi through", "system:"].iter().any(|system| name.starts_with(system))
}

/// Opens the port of this name, or else the first whose name it is a part of; and the input of the same device, where it
/// has one, for the profile's instrument.
///
/// # Errors
/// Where there is no such port; the text names those there are.
pub fn open(name: &str, profile: &Profile) -> Result<(OpenPort, Option<Connection>), HostError> {
    let scheduler =
        client(CLIENT_NAME).map_err(|HostError(why)| HostError(format!("the MIDI port '{name}': {why}")))?;
    let clock = client(CLOCK_CLIENT_NAME)?;
    let ports = ports(&scheduler);
    let (name, port) = named(&ports, name)?;
    let connect = |client: MidiOutput| {
        let refused =
            |why| HostError(format!("the MIDI port {name} cannot be opened ({why}): is another program using it?"));
        let connection = client.connect(port, "out").map_err(|error| refused(error.to_string()))?;
        Ok::<Box<dyn MidiOut>, HostError>(Box::new(AlsaOut(connection)))
    };
    let way = Way::Threads { scheduler: connect(scheduler)?, clock: connect(clock)? };
    // What is sent to the system's through port comes back from it.
    let (input, connection) = if is_system(name) { None } else { hear_beside(&port.id(), profile) }.unzip();
    let info = PortInfo { id: format!("alsa:{name}"), name: name.clone() };
    Ok((OpenPort { input, ..OpenPort::new(info, way, Wire::USB) }, connection))
}

/// Hears the port of this name, or else the first whose name it is a part of. Its whole name, and what comes in.
///
/// # Errors
/// Where there is no such port; the text names those there are.
pub fn hear(name: &str) -> Result<(String, MidiIn, Connection), HostError> {
    let client = input_client()?;
    let ports = ports(&client);
    let (name, port) = named(&ports, name)?;
    let (input, connection) = connect_input(client, name, port)?;
    Ok((name.clone(), input, connection))
}

/// Hears the device an output belongs to. Many have nothing to say; then there is nothing to hear, and all else works.
fn hear_beside(output_id: &str, profile: &Profile) -> Option<(MidiIn, Connection)> {
    let client = input_client().ok()?;
    let ports = ports(&client);
    let places: Vec<(String, &str)> = ports.iter().map(|(name, port)| (port.id(), name.as_str())).collect();
    let (name, port) = &ports[input_of(output_id, &places, profile)?];
    match connect_input(client, name, port) {
        Ok(input) => {
            tracing::info!(name, "hearing the instrument's knobs");
            Some(input)
        }
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    }
}

/// The place of the input, by id and name, that belongs to an output: of the same client, the one the profile knows best.
fn input_of(output_id: &str, inputs: &[(String, &str)], profile: &Profile) -> Option<usize> {
    let client = |id: &str| id.split_once(':').map(|(client, _)| client.to_owned());
    let same = inputs.iter().enumerate().filter(|(_, (id, _))| client(id) == client(output_id));
    // The first of equals.
    let best = same.min_by_key(|(_, (_, name))| profile.port_rank(name).unwrap_or(usize::MAX));
    best.map(|(place, _)| place)
}

fn connect_input(client: MidiInput, name: &str, port: &MidiInputPort) -> Result<(MidiIn, Connection), HostError> {
    let (mut inlet, midi_in) = input(Where::Thread);
    let heard = move |_, bytes: &[u8], (): &mut ()| inlet.hear(realtime::now_ns(), bytes);
    let connection = client
        .connect(port, "in", heard, ())
        .map_err(|error| HostError(format!("the MIDI port {name} cannot be heard ({error}): plug it in again")))?;
    Ok((midi_in, Box::new(connection)))
}

fn no_sequencer() -> HostError {
    HostError(
        "there is no ALSA MIDI on this machine: load it with `sudo modprobe snd-seq`, or join the audio group \
         (`sudo usermod -aG audio $USER`) and log in again"
            .to_owned(),
    )
}

fn client(name: &str) -> Result<MidiOutput, HostError> {
    hush_alsa();
    MidiOutput::new(name).map_err(|_| no_sequencer())
}

fn input_client() -> Result<MidiInput, HostError> {
    hush_alsa();
    MidiInput::new(INPUT_CLIENT_NAME).map_err(|_| no_sequencer())
}

/// The port that is meant by a name.
fn named<'a, P>(ports: &'a [(String, P)], asked: &str) -> Result<&'a (String, P), HostError> {
    let names: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
    find(&names, asked).map(|found| &ports[found]).ok_or_else(|| {
        let have = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        HostError(format!("there is no MIDI port '{asked}' (there are {have}): plug it in, or choose another"))
    })
}

/// Every port with its name, those of the system last.
fn ports<C: MidiIO>(client: &C) -> Vec<(String, C::Port)> {
    let ports = client.ports();
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
    use crate::profile::{DEFAULT_ID, Library};

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
    fn the_input_of_the_same_device_is_heard_and_of_two_the_one_the_profile_knows() {
        let (library, _) = Library::load(None);
        let nts1 = library.get(DEFAULT_ID).unwrap();
        let inputs = [
            ("20:0".to_owned(), "NTS-1 digital kit:NTS-1 digital kit KBD/KNOB"),
            ("24:0".to_owned(), "NTS-1 digital kit:NTS-1 digital kit MIDI IN"),
            ("24:1".to_owned(), "NTS-1 digital kit:NTS-1 digital kit KBD/KNOB"),
            ("28:0".to_owned(), "Acme:a"),
            ("28:1".to_owned(), "Acme:b"),
        ];
        let cases = [("24:0", Some(2)), ("20:1", Some(0)), ("28:1", Some(3)), ("2:0", None)];
        for (output, expected) in cases {
            assert_eq!(input_of(output, &inputs, nts1), expected, "{output}");
        }
    }

    #[test]
    fn ports_of_the_system_are_known() {
        assert!(is_system("Midi Through:Midi Through Port-0") && is_system("System:Announce"));
        assert!(!is_system("NTS-1 digital kit:SOUND"));
    }
}
