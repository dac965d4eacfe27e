//! Status of the round trip from output to input.

use crate::latencies::MeasuredDelay;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The round trip from output to input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoundTripStatus {
    /// Measurement of this device at its rate and block, if there is one.
    pub measured: Option<MeasuredDelay>,
    /// Offset set by hand, in ms.
    pub offset_ms: f64,
    /// The round trip, in frames: the measurement, or else the device's own figure, plus the offset.
    pub round_trip_frames: i64,
    /// Whether a measurement is in progress.
    pub is_measuring: bool,
}
