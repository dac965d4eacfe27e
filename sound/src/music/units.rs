//! Quantities that must not be mixed up: tempo and level.

use std::fmt;

/// A tempo in quarter notes per minute, always within [`Bpm::MIN`]..=[`Bpm::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bpm(f64);

impl Bpm {
    /// The slowest tempo, 20 BPM.
    pub const MIN: Bpm = Bpm(20.0);
    /// The fastest tempo, 300 BPM.
    pub const MAX: Bpm = Bpm(300.0);
    /// The tempo of a new session, 120 BPM.
    pub const DEFAULT: Bpm = Bpm(120.0);

    /// A tempo; `None` if `bpm` is out of range or not a number.
    pub fn new(bpm: f64) -> Option<Bpm> {
        (Self::MIN.0..=Self::MAX.0).contains(&bpm).then_some(Bpm(bpm))
    }

    /// Quarter notes per minute.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Bpm {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Bpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// A level relative to full scale, or a gain, in dB. Everything at or below [`Decibels::SILENCE`] is silence.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Decibels(pub f32);

impl Decibels {
    /// -120 dB: below the noise of any 24-bit converter, shown and treated as silence.
    pub const SILENCE: Decibels = Decibels(-120.0);
    /// Unity gain.
    pub const UNITY: Decibels = Decibels(0.0);

    /// The level of a linear amplitude (1.0 = 0 dB).
    pub fn from_amplitude(amplitude: f32) -> Decibels {
        if amplitude > 0.0 { Decibels((20.0 * amplitude.log10()).max(Self::SILENCE.0)) } else { Self::SILENCE }
    }

    /// The linear amplitude (0 dB = 1.0).
    pub fn amplitude(self) -> f32 {
        if self.0 <= Self::SILENCE.0 { 0.0 } else { 10.0_f32.powf(self.0 / 20.0) }
    }
}

impl fmt::Display for Decibels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 <= Self::SILENCE.0 { f.write_str("-inf") } else { write!(f, "{:.1}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tempo_out_of_range_cannot_be_made() {
        for bad in [19.99, 300.01, f64::NAN, f64::INFINITY, -120.0] {
            assert_eq!(Bpm::new(bad), None, "{bad}");
        }
        assert_eq!(Bpm::new(20.0), Some(Bpm::MIN));
        assert_eq!(Bpm::new(300.0), Some(Bpm::MAX));
    }

    #[test]
    fn decibels_and_amplitude_are_inverse() {
        for db in [-119.0, -60.0, -6.0, 0.0, 12.0] {
            let back = Decibels::from_amplitude(Decibels(db).amplitude()).0;
            assert!((back - db).abs() < 1e-3, "{db} came back as {back}");
        }
        assert_eq!(Decibels::SILENCE.amplitude(), 0.0);
        assert_eq!(Decibels::from_amplitude(0.0), Decibels::SILENCE);
    }
}
