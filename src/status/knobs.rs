//! The knobs of the instrument that is played: where they stand, and what moves them.

use crate::profile::Profile;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeStruct},
};
use std::sync::Arc;

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

impl Serialize for ParamsStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut whole = serializer.serialize_struct("ParamsStatus", 5)?;
        whole.serialize_field("profile", &self.profile.id)?;
        whole.serialize_field("values", &Values(self))?;
        whole.serialize_field("motion", &Motion(self))?;
        let automated: Vec<&str> = self.automated.iter().map(|param| self.name(*param)).collect();
        whole.serialize_field("automated", &automated)?;
        whole.serialize_field("snapshots", &self.snapshots)?;
        whole.end()
    }
}

struct Values<'a>(&'a ParamsStatus);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.profile.params.iter().map(|p| &p.name).zip(&self.0.values))
    }
}

struct Motion<'a>(&'a ParamsStatus);

impl Serialize for Motion<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Moved<'a> {
            value: u16,
            by: &'a [String],
        }
        let mut map = serializer.serialize_map(Some(self.0.motion.len()))?;
        for MotionStatus { param, value, by } in &self.0.motion {
            map.serialize_entry(self.0.name(*param), &Moved { value: *value, by })?;
        }
        map.end()
    }
}

/// Turns of the knobs that are recorded on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MorphStatus {
    /// The snapshot it goes to.
    pub name: String,
    /// How much of its time is over, 0..=100.
    pub percent: u8,
}
