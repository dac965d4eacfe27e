//! Lists all devices and ports for `busker devices`: as a table for people and as JSON for programs. Slow.

use super::{
    ChosenPort, DeviceLocation, auto_cards, auto_port,
    machine::{Machine, ThisMachine},
};
use crate::{
    engine::host::{
        HostError,
        alsa::{self, Cards},
        raw_midi, sim,
    },
    profile::Profile,
};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// Audio devices and MIDI ports, and those `auto` would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listing {
    /// Audio devices; the simulated one is always there.
    pub devices: Vec<DeviceRow>,
    /// MIDI ports; the built-in synth is always there.
    pub ports: Vec<PortRow>,
    /// The device `auto` would take.
    pub auto_device: Automatic,
    /// The port `auto` would take.
    pub auto_port: Automatic,
}

/// An audio device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceRow {
    /// Its name for `--device`.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// `alsa`, `jack` or `sim`.
    pub host: &'static str,
    /// Inputs; null where the number is not known before the device is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<u16>,
    /// Outputs; null where the number is not known before the device is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<u16>,
    /// Standard rates it runs at, in Hz; empty where they are not known before the device is open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sample_rates_hz: Vec<u32>,
    /// Why it cannot be opened now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A MIDI port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortRow {
    /// Its name for `--port`.
    pub id: String,
    /// The name to show.
    pub name: String,
}

/// The choice of `auto`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Automatic {
    /// Its name for `--device` or `--port`.
    pub id: String,
    /// The reason.
    pub why: String,
}

/// Lists everything. Takes its time: devices are opened to read their capabilities.
pub fn listing(profile: &Profile) -> Listing {
    let machine = ThisMachine;
    let (found, no_alsa) = match alsa::list() {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    list(&machine, found, no_alsa, profile)
}

fn list(
    machine: &dyn Machine,
    found: Vec<alsa::ListedDevice>,
    no_alsa: Option<HostError>,
    profile: &Profile,
) -> Listing {
    let jack = machine.jack_running(None);
    let (place, auto_device) = auto_device(jack, &found, &machine.alsa_cards(), no_alsa);
    let jack_row = jack.then(|| DeviceRow {
        id: "jack".to_owned(),
        name: "the running JACK server".to_owned(),
        host: "jack",
        inputs: None,
        outputs: None,
        sample_rates_hz: Vec::new(),
        problem: None,
    });
    let sim_row = DeviceRow {
        id: "sim".to_owned(),
        name: "the simulated host, with the built-in synth behind its inputs".to_owned(),
        host: "sim",
        inputs: Some(2),
        outputs: Some(2),
        sample_rates_hz: vec![sim::SAMPLE_RATE_HZ],
        problem: None,
    };
    let devices = jack_row.into_iter().chain(found.into_iter().map(alsa_row)).chain([sim_row]).collect();
    let jack_ports = if jack { machine.jack_ports(None) } else { Vec::new() };
    let row = |kind: &str, name: String| PortRow { id: format!("{kind}:{name}"), name };
    let ports = jack_ports.into_iter().map(|name| row("jack", name));
    let ports = ports.chain(machine.alsa_ports().unwrap_or_default().into_iter().map(|name| row("alsa", name)));
    let raw = |port: raw_midi::RawMidiDevice| PortRow { id: format!("raw:{}", port.path), name: port.name };
    let ports = ports.chain(machine.raw_ports().into_iter().map(raw));
    let ports = ports.chain([PortRow { id: "sim".to_owned(), name: "built-in synth".to_owned() }]).collect();
    let (port, why) = auto_port(machine, &place, profile);
    let id = match port {
        ChosenPort::Alsa(name) => format!("alsa:{name}"),
        ChosenPort::Jack(name) => format!("jack:{name}"),
        ChosenPort::Raw(path) => format!("raw:{path}"),
        ChosenPort::BuiltIn => "sim".to_owned(),
    };
    Listing { devices, ports, auto_device, auto_port: Automatic { id, why } }
}

/// The device `auto` would take: the first of its choices that is there.
fn auto_device(
    jack: bool,
    found: &[alsa::ListedDevice],
    cards: &Cards,
    no_alsa: Option<HostError>,
) -> (DeviceLocation, Automatic) {
    if jack {
        return (DeviceLocation::Jack(None), automatic("jack", "a JACK server is running"));
    }
    let mut refusals: Vec<String> = no_alsa.iter().map(ToString::to_string).collect();
    for (place, why) in auto_cards(cards, &mut refusals) {
        let DeviceLocation::Alsa(id) = &place else { continue };
        let is_this = |found: &&alsa::ListedDevice| id.as_ref().map_or(found.is_default, |id| found.id == *id);
        match found.iter().find(is_this) {
            Some(alsa::ListedDevice { name, problem: Some(problem), .. }) => refusals.push(format!("{name} {problem}")),
            Some(found) => {
                let id = id.as_ref().map_or_else(|| "alsa".to_owned(), |id| format!("alsa:{id}"));
                let why = automatic(&id, &format!("{}: {why}", found.name));
                return (place, why);
            }
            None => {}
        }
    }
    if refusals.is_empty() {
        refusals.push("no default ALSA device".to_owned());
    }
    (DeviceLocation::Sim, automatic("sim", &format!("no audio device can be opened ({})", refusals.join("; "))))
}

fn automatic(id: &str, why: &str) -> Automatic {
    Automatic { id: id.to_owned(), why: why.to_owned() }
}

fn alsa_row(found: alsa::ListedDevice) -> DeviceRow {
    DeviceRow {
        id: if found.is_default { "alsa".to_owned() } else { format!("alsa:{}", found.id) },
        name: found.name,
        host: "alsa",
        inputs: found.inputs,
        outputs: found.outputs,
        sample_rates_hz: found.sample_rates_hz,
        problem: found.problem,
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.devices.iter().map(|row| &row.id).chain(self.ports.iter().map(|row| &row.id));
        let width = ids.map(|id| id.chars().count()).max().unwrap_or(0);
        writeln!(f, "Audio devices")?;
        for row in &self.devices {
            write!(f, "  {:width$}  {}", row.id, row.name)?;
            match (&row.problem, row.inputs, row.outputs) {
                (Some(problem), _, _) => write!(f, " {problem}")?,
                (None, Some(inputs), Some(outputs)) => write!(f, "; {inputs} in, {outputs} out")?,
                _ => {}
            }
            if row.problem.is_none() && !row.sample_rates_hz.is_empty() {
                let rates: Vec<String> = row.sample_rates_hz.iter().map(u32::to_string).collect();
                write!(f, "; {} Hz", rates.join(", "))?;
            }
            writeln!(f)?;
        }
        writeln!(f, "MIDI ports")?;
        for row in &self.ports {
            writeln!(f, "  {:width$}  {}", row.id, row.name)?;
        }
        writeln!(f, "auto chooses")?;
        writeln!(f, "  {:width$}  {}", self.auto_device.id, self.auto_device.why)?;
        write!(f, "  {:width$}  {}", self.auto_port.id, self.auto_port.why)
    }
}
