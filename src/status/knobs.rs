//! The parameters of the instrument in use: their values, and the modulation of them.

use crate::profile::Profile;
use serde::{Deserialize, Serialize, Serializer};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// The profile in use, with the values of its parameters, their modulation, automation and snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamsStatus {
    /// The profile.
    pub profile: Arc<Profile>,
    /// The base value of each parameter of the profile, in order.
    pub values: Vec<u16>,
    /// The modulated parameters, in the order of the parameters.
    pub motion: Vec<MotionStatus>,
    /// The indexes of the parameters with automation, in order.
    pub automated: Vec<usize>,
    /// Names of the profile's snapshots.
    pub snapshots: Arc<[String]>,
}

/// A parameter that LFOs or envelopes modulate around its base value.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionStatus {
    /// Its index in the profile.
    pub param: usize,
    /// The modulated value, in the parameter's range.
    pub value: u16,
    /// The modulators, as `mod.set` takes them, like `lfo sine 1/4 depth 0.3`.
    pub by: Vec<String>,
}

impl ParamsStatus {
    /// Parameters with these values, without modulation or automation.
    pub fn standing(profile: Arc<Profile>, values: Vec<u16>) -> ParamsStatus {
        ParamsStatus { profile, values, motion: Vec::new(), automated: Vec::new(), snapshots: Arc::default() }
    }

    /// The modulation of a parameter, by its index.
    pub fn motion_of(&self, param: usize) -> Option<&MotionStatus> {
        self.motion.iter().find(|motion| motion.param == param)
    }

    fn name(&self, param: usize) -> &str {
        self.profile.params.get(param).map_or("", |param| &param.name)
    }
}

/// The parameters as clients receive them: by name, because a client without the profile cannot use indexes.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ParamsStatus)]
pub(super) struct ParamsTold {
    /// The id of the profile in use.
    profile: String,
    /// The base value of each parameter, in the parameter's range.
    values: BTreeMap<String, u16>,
    /// The modulated parameters.
    motion: BTreeMap<String, MotionTold>,
    /// The parameters with automation.
    automated: Vec<String>,
    /// Names of the profile's snapshots.
    snapshots: Vec<String>,
}

/// A parameter that is modulated.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = MotionStatus)]
struct MotionTold {
    /// The modulated value, in the parameter's range.
    value: u16,
    /// The modulators, as `mod.set` takes them.
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

    /// The parameters of a profile as they were received; `None` if they belong to another profile.
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

/// The state of automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutomationStatus {
    /// Whether parameter changes are recorded while the song plays.
    pub armed: bool,
    /// Whether automation is played.
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
    /// The target snapshot.
    pub name: String,
    /// Progress, 0..=100 percent.
    pub percent: u8,
}
