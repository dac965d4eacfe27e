//! The list of takes, while a client shows it.

use crate::takes::{Overview, Verdict};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use utoipa::ToSchema;

/// The folder of takes, newest first. Two are equal if their revisions are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TakesStatus {
    /// Increases with every change.
    pub revision: u64,
    /// The folder.
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Why the folder could not be read.
    pub fault: Option<String>,
    /// The takes.
    pub takes: Arc<[TakeInfo]>,
    /// The name of the take that is being measured.
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
    /// Its name without a file extension, as `take.play` and the other commands take it.
    pub name: String,
    /// Its length in seconds, if known.
    pub seconds: Option<f64>,
    /// The number of channels, if known.
    pub channels: Option<u16>,
    /// Bit depth, if known.
    pub bits: Option<u16>,
    /// Sample rate in Hz, if known.
    pub sample_rate_hz: Option<u32>,
    /// The time of recording, local time, `yyyy-mm-dd hh:mm`.
    pub made: String,
    /// Its condition.
    pub state: TakeState,
    /// The result of measuring it; null until it is measured.
    pub verdict: Option<Arc<Verdict>>,
    /// Its waveform; null until it is measured.
    pub overview: Option<Arc<Overview>>,
    /// Its marks: time in seconds, and label.
    pub marks: Arc<[(f64, String)]>,
}

/// The condition of a take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakeState {
    /// Complete; every command works.
    Sound,
    /// It is being recorded.
    Recording,
    /// Its header is wrong; `takes repair` repairs it.
    NeedsRepair,
    /// Not usable, with the reason.
    Beyond(String),
}
