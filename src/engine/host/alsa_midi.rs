//! MIDI ports of the ALSA sequencer: their names, the choice of one by its name, and the connections that play them.
//!
//! Output goes through midir: a port is connected twice, once for the scheduler's thread and once for the clock's, so
//! that neither waits for the other. Input does not (`patchbay/sequencer.rs`): midir's input waits for ever for the end
//! of a SysEx that was cut short and ignores everything else, and neither half of it reports that a port is gone. Ports
//! are remembered by name: the sequencer's numbers change whenever something is plugged in. Realtime: no, but
//! [`MidiOut::send`], which the MIDI threads call.

use super::{HostError, quiet::hush_alsa};
use crate::{
    engine::midi::port::{MidiOut, SendFailed},
    hints,
};
use alsa::seq::{Addr, ClientIter, PortCap, PortIter, PortSubscribeIter, PortType, QuerySubsType, Seq};
use midir::{MidiOutput, MidiOutputConnection};
use rustix::io::Errno;
use std::sync::atomic::{AtomicU32, Ordering};

/// The name of the scheduler's connection among the sequencer's clients.
pub const CLIENT_NAME: &str = "busker";
/// The name of the clock's connection.
pub const CLOCK_CLIENT_NAME: &str = "busker clock";
/// The name of the client that receives from instruments and gets announcements.
pub const INPUT_CLIENT_NAME: &str = "busker input";

/// A port can be played.
pub(super) const PLAYED: PortCap = PortCap::WRITE.union(PortCap::SUBS_WRITE);
/// A port can be recorded from.
pub(super) const HEARD: PortCap = PortCap::READ.union(PortCap::SUBS_READ);

/// A port of the sequencer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SequencerPort {
    /// Its lasting name; see [`lasting_names`].
    pub(super) name: String,
    /// Its numbers, which change.
    pub(super) at: Addr,
}

/// One connection that plays a port.
pub(super) struct PortConnection {
    /// For the sending thread.
    pub(super) out: Box<dyn MidiOut>,
    /// Its own end.
    pub(super) from: Addr,
}

struct AlsaOut(MidiOutputConnection);

impl MidiOut for AlsaOut {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.0.send(bytes).map_err(|_| SendFailed)
    }
}

/// The ports that can be played, as the patchbay takes them, those of the system last.
///
/// # Errors
/// Where there is no ALSA sequencer, or it may not be used.
pub fn list() -> Result<Vec<String>, HostError> {
    Ok(places(&sequencer()?, PLAYED).into_iter().map(|place| place.name).collect())
}

/// The ports that can be recorded from, as the patchbay takes them, those of the system last.
///
/// # Errors
/// Where there is no ALSA sequencer, or it may not be used.
pub fn list_inputs() -> Result<Vec<String>, HostError> {
    Ok(places(&sequencer()?, HEARD).into_iter().map(|place| place.name).collect())
}

/// Whether a port belongs to the system and has no instrument behind it.
pub fn is_system(name: &str) -> bool {
    let name = name.to_lowercase();
    ["midi through", "system:"].iter().any(|system| name.starts_with(system))
}

/// A client of the sequencer.
pub(super) fn sequencer() -> Result<Seq, HostError> {
    hush_alsa();
    Seq::open(None, None, true).map_err(|error| no_sequencer(error.errno()))
}

fn no_sequencer(errno: i32) -> HostError {
    let forbidden = [Errno::ACCESS, Errno::PERM].iter().any(|forbidden| forbidden.raw_os_error() == errno);
    HostError(match forbidden {
        true => "you may not use ALSA MIDI; raw:, jack: and sim ports still work: join the audio group (`sudo usermod \
         -aG audio $USER`) and log in again"
            .to_owned(),
        false => "no ALSA MIDI on this machine; raw:, jack: and sim ports still work: load it with `sudo modprobe \
         snd-seq`"
            .to_owned(),
    })
}

/// Connects to a port for one sending thread.
pub(super) fn connect(seq: &Seq, client_name: &str, to: &SequencerPort) -> Result<PortConnection, HostError> {
    let SequencerPort { name, at } = to;
    let refused =
        |why| HostError(format!("the MIDI port {name} cannot be opened ({why}): is another program using it?"));
    let client = MidiOutput::new(client_name).map_err(|error| refused(error.to_string()))?;
    let id = format!("{}:{}", at.client, at.port);
    let port = client.ports().into_iter().find(|port| port.id() == id);
    let port = port.ok_or_else(|| refused("it was just disconnected".to_owned()))?;
    // midir does not return a connection's own numbers; a unique name finds them.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let own_name = format!("out {}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let connection = client.connect(&port, &own_name).map_err(|error| refused(error.to_string()))?;
    let is_own =
        |from: &Addr| seq.get_any_port_info(*from).is_ok_and(|info| info.get_name().is_ok_and(|n| n == own_name));
    let mut senders = PortSubscribeIter::new(seq, *at, QuerySubsType::WRITE).map(|line| line.get_sender());
    let from = senders.find(is_own).ok_or_else(|| refused("it was just disconnected".to_owned()))?;
    Ok(PortConnection { out: Box::new(AlsaOut(connection)), from })
}

/// The place of the input that belongs to an output: of the same client, the one of the best rank.
pub(super) fn input_of(output: Addr, inputs: &[SequencerPort], rank: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    let same = inputs.iter().enumerate().filter(|(_, input)| input.at.client == output.client);
    // The first of equals.
    let best = same.min_by_key(|(_, input)| rank(&input.name).unwrap_or(usize::MAX));
    best.map(|(place, _)| place)
}

/// The port of this name, or else the first whose name it is a part of.
pub(super) fn named<'a>(places: &'a [SequencerPort], asked: &str) -> Result<&'a SequencerPort, HostError> {
    let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
    find(&names, asked).map(|found| &places[found]).ok_or_else(|| {
        let there_is = hints::there_is(&names);
        HostError(format!("no MIDI port '{asked}' ({there_is}): plug it in, or choose another"))
    })
}

/// Every port with these capabilities, those of the system last, busker's own left out.
pub(super) fn places(seq: &Seq, way: PortCap) -> Vec<SequencerPort> {
    let midi = PortType::MIDI_GENERIC | PortType::SYNTH | PortType::APPLICATION;
    let (mut full, mut at) = (Vec::new(), Vec::new());
    for client in ClientIter::new(seq) {
        for port in PortIter::new(seq, client.get_client()) {
            if !port.get_type().intersects(midi) || !port.get_capability().contains(way) {
                continue;
            }
            // A name that is no UTF-8 can be neither shown nor asked for.
            if let (Ok(client_name), Ok(port_name)) = (client.get_name(), port.get_name()) {
                let Addr { client, port } = port.addr();
                full.push(format!("{client_name}:{port_name} {client}:{port}"));
                at.push(Addr { client, port });
            }
        }
    }
    let named = lasting_names(full).into_iter().zip(at).map(|(name, at)| SequencerPort { name, at });
    let mut places: Vec<SequencerPort> = named.filter(|place| !place.name.starts_with(CLIENT_NAME)).collect();
    places.sort_by_key(|place| is_system(&place.name));
    places
}

/// A name without the sequencer's numbers at its end.
pub(super) fn without_numbers(name: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match name.rsplit_once(' ') {
        Some((short, end)) if end.split_once(':').is_some_and(|(a, b)| is_number(a) && is_number(b)) => short,
        _ => name,
    }
}

/// The sequencer's numbers change. They stay in a name only where two ports differ in nothing else.
fn lasting_names(full: Vec<String>) -> Vec<String> {
    let short: Vec<String> = full.iter().map(|name| without_numbers(name).to_owned()).collect();
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
    fn the_input_of_the_same_device_is_used_and_of_two_the_one_in_the_profile() {
        let (library, _) = Library::load(None);
        let nts1 = library.get(DEFAULT_ID).unwrap();
        let at = |text: &str| text.parse::<Addr>().unwrap();
        let inputs = [
            ("20:0", "NTS-1 digital kit:NTS-1 digital kit KBD/KNOB"),
            ("24:0", "NTS-1 digital kit:NTS-1 digital kit MIDI IN"),
            ("24:1", "NTS-1 digital kit:NTS-1 digital kit KBD/KNOB"),
            ("28:0", "Acme:a"),
            ("28:1", "Acme:b"),
        ]
        .map(|(numbers, name)| SequencerPort { name: name.to_owned(), at: at(numbers) });
        let cases = [("24:0", Some(2)), ("20:1", Some(0)), ("28:1", Some(3)), ("2:0", None)];
        for (output, expected) in cases {
            assert_eq!(input_of(at(output), &inputs, |name| nts1.port_rank(name)), expected, "{output}");
        }
    }

    #[test]
    fn the_refusal_of_the_sequencer_names_the_group_or_the_module() {
        let text = |errno: Errno| no_sequencer(errno.raw_os_error()).to_string();
        assert!(text(Errno::ACCESS).contains("usermod -aG audio") && text(Errno::ACCESS).contains("still work"));
        assert!(text(Errno::NOENT).contains("modprobe snd-seq") && text(Errno::NOENT).contains("still work"));
    }

    #[test]
    fn ports_of_the_system_are_known() {
        assert!(is_system("Midi Through:Midi Through Port-0") && is_system("System:Announce"));
        assert!(!is_system("NTS-1 digital kit:SOUND"));
    }
}
