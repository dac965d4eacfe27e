//! An instrument: the synth behind a port, its profile and where its knobs stand.

use super::{automation::Lanes, follow::Reader, history::History, morph::Morph, motion::Motion};
use crate::{
    engine::midi::sent::PortIndex,
    midi::Channel,
    profile::{Param, Profile},
};
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
    /// What was moved.
    pub(super) history: History,
    /// What is on its way to a snapshot.
    pub(super) morph: Option<Morph>,
    /// What moves by itself.
    pub(super) motion: Motion,
    /// What was recorded on the timeline.
    pub(super) lanes: Lanes,
    /// What the last recall or dice is compared with.
    pub(super) compare: Option<Compare>,
}

/// Two states to go to and fro between.
pub(super) struct Compare {
    /// Before the last recall or dice.
    pub(super) a: Vec<u16>,
    /// What `a` was left from last.
    pub(super) b: Vec<u16>,
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
            history: History::default(),
            morph: None,
            motion: Motion::default(),
            lanes: Lanes::default(),
            compare: None,
        };
        instrument.take_profile(profile);
        instrument
    }

    /// Takes other knobs, at their defaults; what was moved before cannot be taken back.
    pub(super) fn take_profile(&mut self, profile: Arc<Profile>) {
        self.values = profile.params.iter().map(|param| param.default).collect();
        self.follow_from_ns = vec![0; self.values.len()];
        self.reader = Reader::default();
        self.history.forget();
        (self.morph, self.compare) = (None, None);
        (self.motion, self.lanes) = (Motion::default(), Lanes::default());
        self.profile = profile;
    }

    /// Takes the same synth's knobs as they are now: what has the same name stays where it is, and what moves, moves on.
    pub(super) fn change_profile(&mut self, profile: Arc<Profile>) {
        let old = std::mem::replace(&mut self.profile, profile);
        let place = |index: usize| self.profile.param_index(&old.params.get(index)?.name);
        let follows = |(old, new): (&Param, &Param)| old.name == new.name;
        let is_longer = self.profile.params.len() >= old.params.len();
        if !(is_longer && old.params.iter().zip(&self.profile.params).all(follows)) {
            // Steps and ways know parameters by their places.
            self.history.forget();
            self.morph = None;
        }
        self.compare = None;
        self.motion.rearrange(place);
        self.lanes.rearrange(place);
        let before = |param: &Param| old.param_index(&param.name);
        let stood =
            |param: &Param| Some((*self.values.get(before(param)?)?, *self.follow_from_ns.get(before(param)?)?));
        let stands = |param: &Param| stood(param).map_or((param.default, 0), |(value, from)| (param.snap(value), from));
        (self.values, self.follow_from_ns) = self.profile.params.iter().map(stands).unzip();
        self.reader = Reader::default();
    }

    /// Its parameters are about to go there, as one step that can be undone and compared with what was before.
    pub(super) fn remember(&mut self, targets: &[(usize, u16)], label: &str) {
        let (a, mut b) = (self.values.clone(), self.values.clone());
        for (index, value) in targets {
            b[*index] = *value;
        }
        self.compare = Some(Compare { a, b });
        self.history.whole(&self.values, targets, label);
    }

    /// A parameter is moved by something else than the morph.
    pub(super) fn leave_morph(&mut self, index: usize) {
        self.morph.take_if(|morph| !morph.let_go(index));
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
