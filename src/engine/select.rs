//! Chooses the device and the ports: those asked for, or those that are there.
//!
//! [`select`] is on the way to the first frame, so it opens and does not enumerate; [`listing`] looks at everything and
//! may take its time. Realtime: no.

mod listing;
mod machine;

pub use crate::config::{DeviceChoice, NotAChoice, PortChoice, PortWish};
pub use listing::{Automatic, DeviceRow, Listing, PortRow, listing};

use crate::{
    config::PortSettings,
    engine::{
        host::{
            AudioRequest, Device, DeviceSpec, HostError, JackPort, alsa::Cards, alsa_midi, open_port::OpenPort,
            patchbay::Patchbay, sim,
        },
        live::{Machinery, Reopen},
        offline::{SAMPLE_RATE_HZ, built_in_port},
    },
    profile::Profile,
    status::Severity,
};
use machine::{Machine, ThisMachine};
use std::sync::Arc;

/// The device and ports for an engine, and notices.
pub struct Selection {
    /// The device and ports.
    pub machinery: Machinery,
    /// Notices for the user.
    pub notices: Vec<(Severity, String)>,
}

/// Opens a device and ports. `auto` takes the best there is, and never fails.
///
/// # Errors
/// Where a device or port asked for by name cannot be opened.
pub fn select(
    device: &DeviceChoice,
    ports: &[PortWish],
    request: &AudioRequest,
    profile: &Profile,
) -> Result<Selection, HostError> {
    select_on(&(Arc::new(ThisMachine) as Arc<dyn Machine>), device, ports, request, profile)
}

/// Where a device was found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum DeviceLocation {
    Jack(Option<String>),
    Alsa(Option<String>),
    Sim,
}

fn select_on(
    machine: &Arc<dyn Machine>,
    device: &DeviceChoice,
    ports: &[PortWish],
    request: &AudioRequest,
    profile: &Profile,
) -> Result<Selection, HostError> {
    let wants_jack = ports.iter().any(|port| matches!(port.choice, PortChoice::Jack(_)));
    let mut refusals = Vec::new();
    let auto = *device == DeviceChoice::Auto;
    let places = match device {
        DeviceChoice::Auto => auto_places(machine.as_ref(), &mut refusals),
        DeviceChoice::Sim => vec![(DeviceLocation::Sim, String::new())],
        DeviceChoice::Alsa(name) => vec![(DeviceLocation::Alsa(Some(name.clone())), String::new())],
        DeviceChoice::Jack(server) => vec![(DeviceLocation::Jack(server.clone()), String::new())],
    };
    for (place, why) in places {
        if wants_jack && !matches!(place, DeviceLocation::Jack(_)) {
            continue;
        }
        let chosen = choose_ports(machine.as_ref(), &place, ports, profile);
        let request = AudioRequest { jack_ports: jack_ports(&chosen), ..request.clone() };
        match open_at(machine.as_ref(), &place, &request) {
            Ok(device) => {
                let notices = told_of(device.spec(), auto.then_some(&why));
                return finish(machine, place, device, &chosen, profile, &request, notices);
            }
            Err(error) if auto && refusals.contains(&error.to_string()) => {}
            Err(error) if auto => refusals.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    if wants_jack {
        let why = refusals.first().map_or_else(String::new, |why| format!(" ({why})"));
        return Err(HostError(format!(
            "a `jack:` port needs a JACK device{why}: start a JACK server and choose `jack`, or choose an `alsa:` or `raw:` port"
        )));
    }
    let notice = format!("no sound: no audio device opens ({}); the simulated host runs", refusals.join("; "));
    let chosen = choose_ports(machine.as_ref(), &DeviceLocation::Sim, ports, profile);
    let device = open_at(machine.as_ref(), &DeviceLocation::Sim, request)?;
    finish(machine, DeviceLocation::Sim, device, &chosen, profile, request, vec![(Severity::Warning, notice)])
}

/// The places where `auto` looks, the best first, with the reason. Cards that this user may not open are no places, but
/// a refusal.
fn auto_places(machine: &dyn Machine, refusals: &mut Vec<String>) -> Vec<(DeviceLocation, String)> {
    if machine.jack_running(None) {
        let jack = (DeviceLocation::Jack(None), "a JACK server is running".to_owned());
        return [jack].into_iter().chain(auto_cards(&machine.alsa_cards(), refusals)).collect();
    }
    auto_cards(&machine.alsa_cards(), refusals)
}

fn auto_cards(cards: &Cards, refusals: &mut Vec<String>) -> Vec<(DeviceLocation, String)> {
    if let Some(refusal) = cards.refusal() {
        refusals.push(refusal.to_string());
        return Vec::new();
    }
    cards.picks().into_iter().map(|pick| (DeviceLocation::Alsa(pick.id), pick.why)).collect()
}

/// Notices about the device that was opened: why `auto` took it, and whether it can be recorded from.
fn told_of(spec: &DeviceSpec, why: Option<&String>) -> Vec<(Severity, String)> {
    let DeviceSpec { host, id, name, inputs, .. } = spec;
    if let Some(why) = why {
        tracing::info!(id, "auto chooses {name}: {why}");
    }
    match (*host, inputs, why) {
        ("sim", ..) => Vec::new(),
        (_, 0, _) => vec![(
            Severity::Warning,
            format!("{name} has no inputs: nothing can be recorded; choose another with --device (`busker devices`)"),
        )],
        (_, _, Some(why)) => vec![(Severity::Info, format!("on {name}: {why}"))],
        _ => Vec::new(),
    }
}

/// Opens the ports of a device that is open, and remembers how to open it again.
fn finish(
    machine: &Arc<dyn Machine>,
    place: DeviceLocation,
    device: Box<dyn Device>,
    wishes: &[Chosen],
    profile: &Profile,
    request: &AudioRequest,
    notices: Vec<(Severity, String)>,
) -> Result<Selection, HostError> {
    let mut patchbay = Patchbay::new();
    let mut open = |Chosen { port, settings, wait }: &Chosen| {
        let opened = match port {
            ChosenPort::BuiltIn => Ok(built_in_port()),
            ChosenPort::Jack(name) => machine.jack_port(name),
            ChosenPort::Alsa(name) => machine.open_alsa_port(&mut patchbay, name, profile, settings.output, *wait),
            ChosenPort::Raw(path) => machine.open_raw_port(&mut patchbay, path, settings.output, *wait),
        };
        opened.map(|opened| OpenPort {
            wire: settings.wire.unwrap_or(opened.wire),
            settings: settings.clone(),
            ..opened
        })
    };
    let ports = wishes.iter().map(&mut open).collect::<Result<_, _>>()?;
    let spec = device.spec();
    // The renderer is made for these inputs, and goes on at another rate only where the device has come back so.
    let inputs = Some(spec.inputs);
    let again = AudioRequest { sample_rate_hz: Some(spec.sample_rate_hz), inputs, ..request.clone() };
    let at_any_rate = AudioRequest { sample_rate_hz: None, ..again.clone() };
    let machine = Arc::clone(machine);
    let reopen: Reopen = Box::new(move || {
        let machine = machine.as_ref();
        open_at(machine, &place, &again).or_else(|why| open_at(machine, &place, &at_any_rate).map_err(|_| why))
    });
    Ok(Selection { machinery: Machinery { device, ports, patchbay, reopen }, notices })
}

fn open_at(
    machine: &dyn Machine,
    place: &DeviceLocation,
    request: &AudioRequest,
) -> Result<Box<dyn Device>, HostError> {
    match place {
        DeviceLocation::Jack(server) => machine.open_jack(server.as_deref(), request),
        DeviceLocation::Alsa(name) => machine.open_alsa(name.as_deref(), request),
        DeviceLocation::Sim => Ok(Box::new(sim::SimDevice::new(
            request.sample_rate_hz.unwrap_or(SAMPLE_RATE_HZ),
            request.block_frames.unwrap_or(sim::BLOCK_FRAMES),
        ))),
    }
}

/// A port that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ChosenPort {
    BuiltIn,
    Alsa(String),
    Jack(String),
    Raw(String),
}

/// The same with its settings.
struct Chosen {
    port: ChosenPort,
    settings: PortSettings,
    wait: bool,
}

fn jack_ports(ports: &[Chosen]) -> Vec<JackPort> {
    let port = |Chosen { port, settings, .. }: &Chosen| match port {
        ChosenPort::Jack(name) => Some(JackPort { name: name.clone(), output: settings.output }),
        _ => None,
    };
    ports.iter().filter_map(port).collect()
}

fn choose_ports(machine: &dyn Machine, place: &DeviceLocation, ports: &[PortWish], profile: &Profile) -> Vec<Chosen> {
    let choose = |port: &PortChoice| match port {
        PortChoice::Auto => auto_port(machine, place, profile).0,
        PortChoice::Sim => ChosenPort::BuiltIn,
        PortChoice::Alsa(name) => ChosenPort::Alsa(name.clone()),
        PortChoice::Jack(name) => ChosenPort::Jack(name.clone()),
        PortChoice::Raw(path) => ChosenPort::Raw(path.clone()),
    };
    let mut chosen: Vec<Chosen> = Vec::new();
    for PortWish { choice, settings, wait } in ports {
        let port = choose(choice);
        // The same port twice would play every note twice, and there is one built-in synth.
        if !chosen.iter().any(|other| other.port == port) {
            chosen.push(Chosen { port, settings: settings.clone(), wait: *wait });
        }
    }
    chosen
}

/// The port `auto` takes, and why: the profile's own, else the first that is not the system's, else the built-in synth.
/// On a JACK device its ports come first. Raw devices are never taken unasked: the sequencer has the same synths, and
/// shares them with other programs.
fn auto_port(machine: &dyn Machine, place: &DeviceLocation, profile: &Profile) -> (ChosenPort, String) {
    let jack = match place {
        DeviceLocation::Jack(server) => machine.jack_ports(server.as_deref()),
        _ => Vec::new(),
    };
    let jack = jack.into_iter().map(ChosenPort::Jack);
    let alsa = machine.alsa_ports().unwrap_or_default().into_iter().map(ChosenPort::Alsa);
    let ports: Vec<ChosenPort> = jack.chain(alsa).collect();
    let name = |port: &ChosenPort| match port {
        ChosenPort::Jack(name) | ChosenPort::Alsa(name) | ChosenPort::Raw(name) => name.clone(),
        ChosenPort::BuiltIn => String::new(),
    };
    let ranked = ports.iter().filter_map(|port| profile.port_rank(&name(port)).map(|rank| (rank, port)));
    // The first of equals.
    if let Some((_, port)) = ranked.min_by_key(|(rank, _)| *rank) {
        return (port.clone(), format!("its name contains {}", profile.name));
    }
    match ports.iter().find(|port| !alsa_midi::is_system(&name(port))) {
        Some(port) => (port.clone(), format!("no port's name contains {}; it is the first port", profile.name)),
        None => (ChosenPort::BuiltIn, "no MIDI port".to_owned()),
    }
}

#[cfg(test)]
mod tests;
