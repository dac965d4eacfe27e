//! The delay from output to input, as it was measured and set.

use crate::latencies::MeasuredDelay;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The delay from output to input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoundTripStatus {
    /// As it was measured on this device at its rate and block; nothing where it was not.
    pub measured: Option<MeasuredDelay>,
    /// What is added by hand, in ms.
    pub offset_ms: f64,
    /// What recordings are moved by, in frames: measured, or else what the device says, and the offset.
    pub round_trip_frames: i64,
    /// Whether it is being measured.
    pub is_measuring: bool,
}
