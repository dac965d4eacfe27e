//! How the tracks are shown.

use super::MeterStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tracks, and what they share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TracksStatus {
    /// In their order; a command names them by their number, counted from 1.
    pub tracks: Vec<TrackStatus>,
    /// Whether the armed tracks record while the song plays.
    pub is_recording: bool,
    /// The song's loop region in pulses (24 to a quarter note), from and to.
    pub loop_pulses: Option<[i64; 2]>,
    /// Whether the song repeats it.
    pub loop_on: bool,
    /// The grid that pedals wait for: off, bar, beat, 1/8, 1/16 or 1/32.
    pub grid: String,
    /// How far the export under way is, in percent; null where there is none.
    pub export_percent: Option<u32>,
    /// The seconds that are left of it; null while that cannot be said.
    #[serde(default)]
    pub export_left_seconds: Option<u32>,
    /// The master's fader, in dB; -120 is silence.
    #[serde(default)]
    pub master_db: f32,
    /// Markers: pulses from the song's beginning, and the name.
    pub markers: Vec<(f64, String)>,
}

fn silent() -> MeterStatus {
    MeterStatus::SILENT
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportProgress {
    /// In percent.
    pub percent: u32,
    /// The time left in seconds, once that can be said.
    pub left_seconds: Option<u32>,
}

/// What a track does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrackState {
    /// Nothing was recorded on it.
    Empty,
    /// The song stands.
    Stopped,
    /// A loop or a clip is recorded.
    Recording,
    /// It is played.
    Playing,
    /// It is recorded over its loop.
    Overdubbing,
}

/// A track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrackStatus {
    /// Its name.
    pub name: String,
    /// The taps it records; null where they are the recorded inputs.
    pub inputs: Option<String>,
    /// Whether it is armed.
    pub arm: bool,
    /// auto, on or off.
    pub monitor: String,
    /// Its fader, in dB; -120 is silence.
    pub gain_db: f32,
    /// -1 left, 0 middle, 1 right.
    pub pan: f64,
    /// Whether it is muted.
    pub mute: bool,
    /// Whether it is soloed.
    pub solo: bool,
    /// Whether it is heard whatever is soloed.
    #[serde(default)]
    pub solo_safe: bool,
    /// layer, replace or takes.
    pub mode: String,
    /// How much of the older layers each turn of an overdub keeps, in percent.
    pub feedback_percent: f64,
    /// What it does.
    pub state: TrackState,
    /// Beats until what waits for the grid begins, or ends; null where nothing waits.
    pub waits_beats: Option<u32>,
    /// Where its loop begins in the song, in pulses.
    pub loop_pulse: Option<f64>,
    /// How long one turn of its loop is, in pulses.
    pub loop_pulses: Option<f64>,
    /// The loop's speed; negative is backwards.
    pub speed: f64,
    /// Layers of its loop.
    pub layers: usize,
    /// Clips in the song.
    pub clips: usize,
    /// How many changes can be undone.
    pub undo_steps: usize,
    /// How many can be redone.
    pub redo_steps: usize,
    /// The level of what is played of it, behind its strip.
    #[serde(default = "silent")]
    pub meter: MeterStatus,
}
