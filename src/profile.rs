//! Synth profiles: what YAML says, and what it means once checked. Pure, but for what [`Library`] and [`ProfileScan`] read
//! from the disk.
//!
//! The way of a profile: text → `yaml` (a tree) → `check` or `short` (every fault at once) → [`Profile`] (plain,
//! always sound) → [`Library`] (built-in ones and the user's).

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

/// A synth as busker sees it: where it listens and what can be turned on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What `profile.use` takes, a snake_case word; unique in a library.
    pub id: String,
    /// The synth's name as its maker writes it.
    pub name: String,
    /// Who makes it; empty for a generic profile.
    pub maker: String,
    /// Where the numbers come from.
    pub source: String,
    /// What its MIDI port's name contains, the surest first; see [`port_rank`](Self::port_rank). May be empty.
    pub port_hints: Vec<String>,
    /// MIDI channel, 1 to 16, default 1.
    pub channel: u8,
    /// Least time between two messages of a parameter in ms; the scheduler's own where none is given.
    pub spacing_ms: Option<u16>,
    /// Time in which parameters glide to a new value in ms; none where none is given.
    pub smoothing_ms: Option<u16>,
    /// Titles of the groups the parameters are shown in, in order; none is empty of parameters.
    pub sections: Vec<String>,
    /// Everything that can be turned, in the order shown.
    pub params: Vec<Param>,
}

impl Profile {
    /// Checks a profile's text. `file` is only named in the faults.
    pub fn from_yaml(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        check::check(file, text)
    }

    /// Where its parameters stand at the start.
    pub fn defaults(&self) -> Vec<u16> {
        self.params.iter().map(|param| param.default).collect()
    }

    /// The place of a parameter in [`params`](Self::params) by its exact name.
    pub fn param_index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }

    /// The parameters of one section (its place in [`sections`](Self::sections)), each with its place in
    /// [`params`](Self::params).
    pub fn params_in(&self, section: usize) -> impl Iterator<Item = (usize, &Param)> {
        self.params.iter().enumerate().filter(move |(_, param)| param.section == section)
    }

    /// How well a MIDI port's name fits: the place of the first hint all of whose words are in it, in any case; lower is
    /// better, none is no fit.
    pub fn port_rank(&self, port_name: &str) -> Option<usize> {
        let port_name = port_name.to_lowercase();
        let fits = |hint: &String| hint.to_lowercase().split_whitespace().all(|word| port_name.contains(word));
        self.port_hints.iter().position(fits)
    }
}
