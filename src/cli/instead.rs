//! Replaces devices, ports and inputs of the settings that are missing on this machine: `auto` is used instead, and a
//! notice names the line of the setting. Those of a flag are never replaced.

use super::setup::Setup;
use crate::{
    config::SettingPlaces,
    engine::{
        assembly::check_inputs,
        config::EngineConfig,
        host::{AudioRequest, HostError},
        select::{self, DeviceChoice, PortChoice, PortWish, Selection},
    },
    status::Severity,
    yaml::Fault,
};

/// The settings to leave out, the fewest first: input, ports, device.
const LEFT_OUT: [[bool; 3]; 7] = [
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [true, true, false],
    [true, false, true],
    [false, true, true],
    [true, true, true],
];

/// Opens the device and these ports, which are `setup`'s or none. If that fails, as few settings as possible are left
/// out; `setup` then has the ones in use, and the notices name the others.
///
/// # Errors
/// It fails without the settings, too.
pub fn select(setup: &mut Setup, ports: &[PortWish]) -> Result<Selection, HostError> {
    let asked = RequestedSetup { device: setup.device.clone(), ports: ports.to_vec(), has_input: true };
    let refused = match asked.open(&setup.config, &setup.request) {
        Ok(selected) => return Ok(selected),
        Err(refused) => refused,
    };
    for [input, ports, device] in LEFT_OUT {
        let Some((other, faults)) = without(setup, &asked, &refused, [input, ports, device]) else { continue };
        let Ok(mut selected) = other.open(&setup.config, &setup.request) else { continue };
        let notices = faults.into_iter().map(|fault| (Severity::Warning, fault.to_string()));
        selected.notices.splice(0..0, notices);
        if !other.has_input {
            (setup.config.input, setup.request.inputs) = (None, None);
        }
        setup.device = other.device;
        return Ok(selected);
    }
    Err(refused)
}

/// The device and ports to open.
#[derive(Clone)]
struct RequestedSetup {
    device: DeviceChoice,
    ports: Vec<PortWish>,
    has_input: bool,
}

impl RequestedSetup {
    fn open(&self, config: &EngineConfig, request: &AudioRequest) -> Result<Selection, HostError> {
        let inputs = request.inputs.filter(|_| self.has_input);
        let request = AudioRequest { inputs, ..request.clone() };
        let selected = select::select(&self.device, &self.ports, &request, &config.profile)?;
        let input = config.input.as_ref().filter(|_| self.has_input);
        check_inputs(input, selected.machinery.device.spec(), &selected.machinery.ports)
            .map_err(|error| HostError(error.to_string()))?;
        Ok(selected)
    }
}

/// The fault for inputs of the settings that do not exist.
pub fn of_input(place: &Fault, why: &impl std::fmt::Display) -> Fault {
    Fault { message: format!("{why}; the instrument's inputs are used"), ..place.clone() }
}

/// The same without some of the settings, and a fault for each; `None` if it is not the settings that name them.
fn without(
    setup: &Setup,
    asked: &RequestedSetup,
    refused: &HostError,
    [input, ports, device]: [bool; 3],
) -> Option<(RequestedSetup, Vec<Fault>)> {
    let SettingPlaces { input: input_place, ports: port_places, device: device_place, .. } = &setup.places;
    let mut other = asked.clone();
    let mut faults = Vec::new();
    let fault = |place: &Fault, why: &HostError, instead: &str| {
        let message = format!("{why}; {instead}");
        Fault { message, ..place.clone() }
    };
    if device {
        faults.push(fault(device_place.as_ref()?, refused, "auto is used"));
        other.device = DeviceChoice::Auto;
    }
    if input {
        faults.push(of_input(input_place.as_ref()?, refused));
        other.has_input = false;
    }
    if ports {
        let mut kept = Vec::new();
        for (wish, place) in asked.ports.iter().zip(port_places) {
            let alone = RequestedSetup { ports: vec![wish.clone()], ..other.clone() };
            match alone.open(&setup.config, &setup.request) {
                Ok(_) => kept.push(wish.clone()),
                Err(why) => faults.push(fault(place, &why, "the other ports are used, or auto")),
            }
        }
        if kept.len() == asked.ports.len() || port_places.is_empty() {
            return None;
        }
        if kept.is_empty() {
            kept.push(PortChoice::Auto.into());
        }
        other.ports = kept;
    }
    faults.sort_by_key(|fault| fault.line);
    Some((other, faults))
}
