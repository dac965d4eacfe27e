//! An instrument: the synth behind a port, its profile, its morph and its modulation. The values of its parameters are
//! in the session's model.

use super::{automation::Lanes, follow::ParamReader, morph::Morph, motion::Motion};
use crate::{
    command::{
        Command,
        arg::{KnobPosition, Name},
    },
    engine::midi::sent::PortIndex,
    hints,
    midi::Channel,
    profile::{Drive, Param, Profile},
};
use std::{mem, sync::Arc};

/// One synth.
pub struct Instrument {
    /// Its port; `None` where the station has no port, and its parameters are only shown.
    pub port: Option<PortIndex>,
    /// The settings of its port.
    pub of_port: OfPort,
    /// Its channel, where it is not the profile's.
    set_channel: Option<Channel>,
    /// Its profile as the library has it.
    pub base: Arc<Profile>,
    /// The user's macros, and the parameters they drive; an empty one takes the place of a profile's own macro that was
    /// removed.
    pub macros: Vec<(String, Vec<Drive>)>,
    /// Its parameters: the profile's and the macros.
    pub profile: Arc<Profile>,
    /// For each parameter, from when on the synth's own knob is followed, in ns on the engine's clock.
    pub follow_from_ns: Vec<u64>,
    /// Reads the messages of its own knobs.
    pub reader: ParamReader,
    /// The morph under way.
    pub morph: Option<Morph>,
    /// Its modulators.
    pub motion: Motion,
    /// Its automation.
    pub lanes: Lanes,
    /// The states before and after the last recall or randomize.
    pub compare: Option<Compare>,
}

/// The settings of a port for controllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfPort {
    pub smoothing_ms: Option<u16>,
    pub spacing_ms: Option<u16>,
}

/// Two states that `snapshot.compare` toggles between.
pub struct Compare {
    /// The state before the last recall or randomize.
    pub a: Vec<u16>,
    /// The state that was left for `a` last.
    pub b: Vec<u16>,
}

impl Instrument {
    /// A synth with every parameter at its default.
    pub fn new(
        port: Option<PortIndex>,
        of_port: OfPort,
        channel: Option<Channel>,
        profile: Arc<Profile>,
    ) -> Instrument {
        let mut instrument = Instrument {
            port,
            of_port,
            set_channel: channel,
            base: Arc::clone(&profile),
            macros: Vec::new(),
            profile: Arc::clone(&profile),
            follow_from_ns: Vec::new(),
            reader: ParamReader::default(),
            morph: None,
            motion: Motion::default(),
            lanes: Lanes::default(),
            compare: None,
        };
        instrument.take_profile(profile);
        instrument
    }

    /// Takes other parameters.
    pub fn take_profile(&mut self, profile: Arc<Profile>) {
        self.follow_from_ns = vec![0; profile.params.len()];
        self.reader = ParamReader::default();
        (self.morph, self.compare) = (None, None);
        (self.motion, self.lanes) = (Motion::default(), Lanes::default());
        self.macros.clear();
        self.base = Arc::clone(&profile);
        self.profile = profile;
    }

    /// Takes another version of its profile; returns the new values of its parameters, given the present ones. A
    /// parameter of the same name keeps its value, as near as the new range allows, and its modulation; a new one is at
    /// its default. Where parameters are in other places, the morph and the states to compare are gone; false then.
    pub fn renew(&mut self, base: Arc<Profile>, values: &[u16]) -> (Vec<u16>, bool) {
        // A macro that the profile itself has now is no macro of the user's any more.
        self.macros.retain(|(name, _)| base.param_index(name).is_none_or(|at| !base.params[at].drives.is_empty()));
        let profile = Arc::new(with_macros(&base, &self.macros));
        let old = mem::replace(&mut self.profile, Arc::clone(&profile));
        self.base = base;
        let before = |param: &Param| old.param_index(&param.name);
        let stood = |param: &Param| {
            let at = before(param)?;
            Some((param.snap(*values.get(at)?), *self.follow_from_ns.get(at)?))
        };
        let (values, follow_from_ns): (Vec<u16>, Vec<u64>) =
            profile.params.iter().map(|param| stood(param).unwrap_or((param.default, 0))).unzip();
        self.follow_from_ns = follow_from_ns;
        let place = |index: usize| profile.param_index(&old.params.get(index)?.name);
        self.motion.rearrange(place);
        self.lanes.rearrange(place);
        let in_place = same_places(&old, &profile);
        if in_place {
            let snap = |index: usize, value: u16| profile.params.get(index).map_or(value, |param| param.snap(value));
            self.morph.iter_mut().for_each(|morph| morph.refit(snap));
            for state in self.compare.iter_mut().flat_map(|compare| [&mut compare.a, &mut compare.b]) {
                state.iter_mut().enumerate().for_each(|(index, value)| *value = snap(index, *value));
                state.extend(values.iter().skip(state.len()));
            }
        } else {
            (self.morph, self.compare) = (None, None);
        }
        (values, in_place)
    }

    /// Whether its parameters would stay in their places with another version of its profile.
    pub fn keeps_its_places(&self, base: &Profile) -> bool {
        same_places(&self.profile, &with_macros(base, &self.macros))
    }

    /// Sets the parameters that a macro drives, or removes the macro where there are none; the instrument's parameters
    /// are made anew then.
    pub fn put_macro(&mut self, name: &str, drives: Vec<Drive>) {
        let known = self.macros.iter().position(|(known, _)| known == name);
        let in_base = self.base.param_index(name).is_some();
        match known {
            Some(at) if drives.is_empty() && !in_base => drop(self.macros.remove(at)),
            Some(at) => self.macros[at].1 = drives,
            None => self.macros.push((name.to_owned(), drives)),
        }
    }

    /// The commands that restore its macros.
    pub fn macro_lines(&self) -> Vec<String> {
        let drive = |name: &Name, Drive { param, from, to, curve }: &Drive| {
            let (name, param) = (name.clone(), Name(param.clone()));
            Command::MacroDrive { name, param, from: KnobPosition(*from), to: KnobPosition(*to), curve: Some(*curve) }
                .to_string()
        };
        let of = |(name, drives): &(String, Vec<Drive>)| {
            let name = Name(name.clone());
            match &drives[..] {
                [] => vec![Command::MacroDrop { name, param: None }.to_string()],
                drives => drives.iter().map(|driven| drive(&name, driven)).collect(),
            }
        };
        self.macros.iter().flat_map(of).collect()
    }

    /// The values of the parameters that a macro drives, at this `value` of the macro.
    pub fn driven(&self, index: usize, value: u16) -> Vec<(usize, u16)> {
        let Some(param) = self.profile.params.get(index).filter(|param| !param.drives.is_empty()) else {
            return Vec::new();
        };
        let position = param.position_of(value);
        let place = |drive: &Drive| {
            let driven = self.profile.param_index(&drive.param)?;
            Some((driven, self.profile.params[driven].value_at(drive.position(position))))
        };
        param.drives.iter().filter_map(place).collect()
    }

    /// The base values of its parameters, without modulation: a session that is saved again and again must not change
    /// while it only plays.
    pub fn standing(&self, values: &[u16]) -> Vec<u16> {
        let mut values = values.to_vec();
        for (index, lane) in self.lanes.all() {
            if let Some((_, first)) = lane.points().first() {
                values[index] = *first;
            }
        }
        for index in (0..values.len()).filter(|index| self.motion.moves(*index) || self.lanes.has(*index)) {
            for (driven, value) in self.driven(index, values[index]) {
                values[driven] = value;
            }
        }
        values
    }

    /// A parameter is set by something else than the morph.
    pub fn leave_morph(&mut self, index: usize) {
        self.morph.take_if(|morph| !morph.let_go(index));
    }

    /// The channel it receives on.
    pub fn channel(&self) -> Channel {
        self.set_channel.or_else(|| Channel::new(self.profile.channel)).unwrap_or(Channel::FIRST)
    }

    /// The place of a parameter, or a sentence with the nearest name.
    pub fn param(&self, name: &str) -> Result<usize, String> {
        self.profile.param_index(name).ok_or_else(|| {
            let names = self.profile.params.iter().map(|param| &*param.name);
            let hint = hints::nearest(name, names).map(|name| format!("; did you mean '{name}'?"));
            format!("{} has no parameter '{name}'{}", self.profile.id, hint.unwrap_or_default())
        })
    }
}

/// The section that shows the user's macros.
const MACROS: &str = "Macros";

/// A profile with the user's macros behind its own parameters.
fn with_macros(base: &Profile, macros: &[(String, Vec<Drive>)]) -> Profile {
    let mut profile = base.clone();
    for (name, drives) in macros {
        match (profile.param_index(name), drives.is_empty()) {
            (Some(at), true) => drop(profile.params.remove(at)),
            (Some(at), false) => profile.params[at].drives.clone_from(drives),
            (None, true) => {}
            (None, false) => {
                let known = profile.sections.iter().position(|section| section == MACROS);
                let section = known.unwrap_or(profile.sections.len());
                if known.is_none() {
                    profile.sections.push(MACROS.to_owned());
                }
                profile.params.push(Param::driving(name, section, drives.clone()));
            }
        }
    }
    profile
}

/// Whether every parameter of the old one is in the same place in the new one.
fn same_places(old: &Profile, new: &Profile) -> bool {
    let names = |profile: &Profile| profile.params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
    names(new).starts_with(&names(old))
}
