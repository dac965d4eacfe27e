//! The clock messages that a port is sent. Pure.

/// The clock messages that a port is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSends {
    /// Timing clock, 24 to the quarter note.
    pub pulses: bool,
    /// Start, stop, continue.
    pub transport: bool,
    /// Song position.
    pub position: bool,
}

impl ClockSends {
    /// All of them.
    pub const ALL: ClockSends = ClockSends { pulses: true, transport: true, position: true };
    /// None of them.
    pub const NONE: ClockSends = ClockSends { pulses: false, transport: false, position: false };
}

impl Default for ClockSends {
    fn default() -> Self {
        ClockSends::ALL
    }
}
