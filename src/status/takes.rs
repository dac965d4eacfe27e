//! The takes there are, while somebody looks.

use crate::takes::{Overview, Verdict};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use utoipa::ToSchema;

/// The folder of takes, newest first. Two are the same where their revisions are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TakesStatus {
    /// Counted up with every change.
    pub revision: u64,
    /// Where they are.
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Why it could not be read.
    pub fault: Option<String>,
    /// Each.
    pub takes: Arc<[TakeInfo]>,
    /// The one that is being measured.
    pub measuring: Option<String>,
}

impl PartialEq for TakesStatus {
    fn eq(&self, other: &TakesStatus) -> bool {
        self.revision == other.revision
    }
}

/// One take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TakeInfo {
    /// Its name without an ending: what `take.play` and the others take.
    pub name: String,
    /// Its length, where it is known.
    pub seconds: Option<f64>,
    /// Channels, where they are known.
    pub channels: Option<u16>,
    /// Bits of a sample, as they are told.
    pub bits: Option<u16>,
    /// Frames of a second.
    pub sample_rate_hz: Option<u32>,
    /// When it was made, local time, `yyyy-mm-dd hh:mm`.
    pub made: String,
    /// What can be done with it.
    pub state: TakeState,
    /// How it came out, once it is measured.
    pub verdict: Option<Arc<Verdict>>,
    /// What it looks like, once it is measured.
    pub overview: Option<Arc<Overview>>,
    /// Its marks in seconds, with their labels.
    pub marks: Arc<[(f64, String)]>,
}

/// What can be done with a take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakeState {
    /// Everything.
    Sound,
    /// It is being recorded.
    Recording,
    /// Its header is not true; `takes repair` mends that.
    NeedsRepair,
    /// Nothing, and why.
    Beyond(String),
}
