//! Synth profiles: the YAML format, and the checked result. Pure, except that [`Library`] and [`ProfileScan`] read from
//! the disk.
//!
//! From file to library: text → `yaml` (a tree) → `check` or `short` (every fault at once) → [`Profile`] (plain data,
//! always valid) → [`Library`] (built-in profiles and the user's).

mod check;
mod curve;
mod drives;
mod fields;
mod file_stamps;
mod known;
mod library;
pub mod midi_guide;
mod param;
mod places;
mod short;
mod values;

pub use curve::Curve;
pub use file_stamps::FileStamps;
pub use library::{DEFAULT_ID, FALLBACK_ID, Library};
pub use param::{Drive, Halves, Param, ParamOption, Target};
pub use places::{Places, ProfileScan};
pub use short::SHORT_KEY;

use crate::yaml::Fault;
use serde::{Deserialize, Serialize};

/// A synth: its MIDI channel, its port and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What `profile.use` takes, a snake_case word; unique in a library.
    pub id: String,
    /// The synth's name as its maker writes it.
    pub name: String,
    /// Who makes it; empty for a generic profile.
    pub maker: String,
    /// The source of the controller numbers.
    pub source: String,
    /// Words in the name of its MIDI port, the most specific first; see [`port_rank`](Self::port_rank). May be empty.
    pub port_hints: Vec<String>,
    /// MIDI channel, 1 to 16, default 1.
    pub channel: u8,
    /// Minimum time between two messages of a parameter, in ms; `None` for the scheduler's own.
    pub spacing_ms: Option<u16>,
    /// Smoothing time of parameters, in ms; `None` for no smoothing.
    pub smoothing_ms: Option<u16>,
    /// Titles of the parameters' groups, in order; each has a parameter.
    pub sections: Vec<String>,
    /// All parameters, in the order shown.
    pub params: Vec<Param>,
}

impl Profile {
    /// Checks a profile's text. `file` is used in the faults only.
    pub fn from_yaml(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        check::check(file, text)
    }

    /// The default values of its parameters.
    pub fn defaults(&self) -> Vec<u16> {
        self.params.iter().map(|param| param.default).collect()
    }

    /// The index of a parameter in [`params`](Self::params) by its exact name.
    pub fn param_index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }

    /// The parameters of one section (an index of [`sections`](Self::sections)), each with its index in
    /// [`params`](Self::params).
    pub fn params_in(&self, section: usize) -> impl Iterator<Item = (usize, &Param)> {
        self.params.iter().enumerate().filter(move |(_, param)| param.section == section)
    }

    /// How well a MIDI port's name fits: the index of the first hint whose words are all in it, ignoring case; lower is
    /// better, `None` is no fit.
    pub fn port_rank(&self, port_name: &str) -> Option<usize> {
        let port_name = port_name.to_lowercase();
        let fits = |hint: &String| hint.to_lowercase().split_whitespace().all(|word| port_name.contains(word));
        self.port_hints.iter().position(fits)
    }
}
