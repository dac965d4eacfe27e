//! stub
use super::*;
use crate::{
    engine::{assembly::OpenPort, live::Reopen},
    profile::Profile,
    status::Severity,
};
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceChoice {
    Auto,
    Sim,
    Alsa(String),
    Jack(Option<String>),
}
#[derive(Clone, Debug, PartialEq)]
pub enum PortChoice {
    Auto,
    Sim,
    Alsa(String),
    Jack(String),
}
impl std::str::FromStr for DeviceChoice {
    type Err = String;
    fn from_str(_: &str) -> Result<Self, String> {
        Ok(DeviceChoice::Sim)
    }
}
impl std::str::FromStr for PortChoice {
    type Err = String;
    fn from_str(_: &str) -> Result<Self, String> {
        Ok(PortChoice::Sim)
    }
}
pub struct Selected {
    pub device: Box<dyn Device>,
    pub ports: Vec<OpenPort>,
    pub reopen: Reopen,
    pub notices: Vec<(Severity, String)>,
}
pub fn select(_: &DeviceChoice, p: &[PortChoice], _: &AudioRequest, _: &Profile) -> Result<Selected, HostError> {
    let sim = || Box::new(sim::SimDevice::new(48000, 256)) as Box<dyn Device>;
    Ok(Selected {
        device: sim(),
        ports: if p.is_empty() { vec![] } else { vec![crate::engine::offline::built_in_port()] },
        reopen: Box::new(move || Ok(sim())),
        notices: vec![],
    })
}
#[derive(serde::Serialize)]
pub struct Listing;
impl std::fmt::Display for Listing {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
pub fn listing(_: &Profile) -> Listing {
    Listing
}
