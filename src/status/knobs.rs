//! The knobs of the instrument that is played: where they stand, and what moves them.

use crate::profile::Profile;
use serde::{Deserialize, Serialize, Serializer};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// The profile in use, where its knobs stand, and what there is for them.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamsStatus {
    /// The profile.
    pub profile: Arc<Profile>,
    /// A value for each of its parameters, in order: where the knob itself stands.
    pub values: Vec<u16>,
    /// What is moved by something else than a hand, in the order of the parameters.
    pub motion: Vec<MotionStatus>,
    /// The places of the parameters whose turns are recorded on the timeline, in order.
    pub automated: Vec<usize>,
    /// Names of the snapshots there are for it.
    pub snapshots: Arc<[String]>,
}

/// A parameter that LFOs or envelopes move around where its knob stands.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionStatus {
    /// Its place in the profile.
    pub param: usize,
    /// What it sounds like now, in the parameter's range.
    pub value: u16,
    /// What moves it, as `mod.set` takes it, like `lfo sine 1/4 depth 0.3`.
    pub by: Vec<String>,
}

impl ParamsStatus {
    /// Knobs that stand somewhere, and nothing else.
    pub fn standing(profile: Arc<Profile>, values: Vec<u16>) -> ParamsStatus {
        ParamsStatus { profile, values, motion: Vec::new(), automated: Vec::new(), snapshots: Arc::default() }
    }

    /// What moves a parameter, by its place.
    pub fn motion_of(&self, param: usize) -> Option<&MotionStatus> {
        self.motion.iter().find(|motion| motion.param == param)
    }

    fn name(&self, param: usize) -> &str {
        self.profile.params.get(param).map_or("", |param| &param.name)
    }
}

/// The knobs as they are told: by name, since places mean nothing to whoever has not the profile.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ParamsStatus)]
pub(super) struct ParamsTold {
    /// The id of the profile in use.
    profile: String,
    /// Where each knob stands, in the parameter's range.
    values: BTreeMap<String, u16>,
    /// The knobs that something else than a hand moves.
    motion: BTreeMap<String, MotionTold>,
    /// The knobs whose turns are recorded on the timeline.
    automated: Vec<String>,
    /// Names of the snapshots there are for it.
    snapshots: Vec<String>,
}

/// A knob that something moves.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = MotionStatus)]
struct MotionTold {
    /// What it sounds like now, in the parameter's range.
    value: u16,
    /// What moves it, as `mod.set` takes it.
    by: Vec<String>,
}

impl ParamsStatus {
    fn told(&self) -> ParamsTold {
        let name = |param: usize| self.name(param).to_owned();
        let names = self.profile.params.iter().map(|param| param.name.clone());
        let moved =
            |motion: &MotionStatus| (name(motion.param), MotionTold { value: motion.value, by: motion.by.clone() });
        ParamsTold {
            profile: self.profile.id.clone(),
            values: names.zip(self.values.iter().copied()).collect(),
            motion: self.motion.iter().map(moved).collect(),
            automated: self.automated.iter().copied().map(name).collect(),
            snapshots: self.snapshots.to_vec(),
        }
    }

    /// What was told of the knobs of a profile; nothing where it is another profile's.
    pub(super) fn of(told: ParamsTold, profile: &Arc<Profile>) -> Option<ParamsStatus> {
        let value = |name: &String| told.values.get(name).copied();
        let values = profile.params.iter().map(|param| value(&param.name)).collect::<Option<Vec<u16>>>()?;
        let moved = |(name, MotionTold { value, by }): (String, MotionTold)| {
            Some(MotionStatus { param: profile.param_index(&name)?, value, by })
        };
        let mut motion = told.motion.into_iter().map(moved).collect::<Option<Vec<MotionStatus>>>()?;
        motion.sort_by_key(|motion| motion.param);
        Some(ParamsStatus {
            profile: (told.profile == profile.id).then(|| Arc::clone(profile))?,
            values,
            motion,
            automated: told.automated.iter().map(|name| profile.param_index(name)).collect::<Option<_>>()?,
            snapshots: told.snapshots.into(),
        })
    }
}

impl Serialize for ParamsStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.told().serialize(serializer)
    }
}

/// Turns of the knobs that are recorded on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutomationStatus {
    /// Whether turns are recorded while the song plays.
    pub armed: bool,
    /// Whether what was recorded plays.
    pub on: bool,
}

impl Default for AutomationStatus {
    fn default() -> AutomationStatus {
        AutomationStatus { armed: false, on: true }
    }
}

/// A morph under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MorphStatus {
    /// The snapshot it goes to.
    pub name: String,
    /// How much of its time is over, 0..=100.
    pub percent: u8,
}
