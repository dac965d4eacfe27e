//! An instrument: the synth behind a port, its profile and where its knobs stand.

use super::follow::Reader;
use crate::{engine::midi::sent::PortIndex, midi::Channel, profile::Profile};
use std::sync::Arc;

/// One synth.
pub(super) struct Instrument {
    /// Where it is; nothing where the station has no port, and its knobs are only looked at.
    pub(super) port: Option<PortIndex>,
    /// Its channel, where it is not the profile's.
    set_channel: Option<Channel>,
    /// What can be turned on it.
    pub(super) profile: Arc<Profile>,
    /// Where each parameter stands.
    pub(super) values: Vec<u16>,
    /// For each parameter, from when on the synth's own knob is followed, in ns on the engine's clock.
    pub(super) follow_from_ns: Vec<u64>,
    /// Reads what its own knobs say.
    pub(super) reader: Reader,
}

impl Instrument {
    /// A synth with every knob at its default.
    pub(super) fn new(port: Option<PortIndex>, channel: Option<Channel>, profile: Arc<Profile>) -> Instrument {
        let mut instrument = Instrument {
            port,
            set_channel: channel,
            profile: Arc::clone(&profile),
            values: Vec::new(),
            follow_from_ns: Vec::new(),
            reader: Reader::default(),
        };
        instrument.take_profile(profile);
        instrument
    }

    /// Takes other knobs, at their defaults.
    pub(super) fn take_profile(&mut self, profile: Arc<Profile>) {
        self.values = profile.params.iter().map(|param| param.default).collect();
        self.follow_from_ns = vec![0; self.values.len()];
        self.reader = Reader::default();
        self.profile = profile;
    }

    /// The channel it listens to.
    pub(super) fn channel(&self) -> Channel {
        self.set_channel.or_else(|| Channel::new(self.profile.channel)).unwrap_or(Channel::FIRST)
    }

    /// The place of a parameter, or a sentence with the nearest.
    pub(super) fn param(&self, name: &str) -> Result<usize, String> {
        self.profile.param_index(name).ok_or_else(|| {
            let close = |name_of: &&crate::profile::Param| strsim::damerau_levenshtein(&name_of.name, name);
            let hint = self.profile.params.iter().min_by_key(close).map_or("", |param| &param.name);
            format!("{} has no parameter '{name}'; the nearest is '{hint}'", self.profile.id)
        })
    }
}
