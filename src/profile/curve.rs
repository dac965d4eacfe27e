//! The curve between a knob's position (0 to 1) and the parameter's value: pure arithmetic.
//!
//! With `n = hi - lo` and position `x`, the value is `lo + round(n * shape(x))`, where `shape` is
//!
//! - linear: `x`
//! - exponential: `(16^x - 1) / 15`
//! - logarithmic: `log16(1 + 15 x)`, the exponential's inverse
//! - stepped: `x`, over option numbers instead of values (see [`Param`](super::Param))
//!
//! A pure exponential `lo * (hi / lo)^x` cannot start at 0, where most controllers do, hence the shifted one. Its base
//! 16 makes the first value of a range about 5 times as wide on the knob as an even share and the last about a third
//! of one. Written with `exp2` and `log2` both ends are exact (`16^1 - 1 = 15`, `log16(16) = 1`).
//!
//! `position_of` uses the inverse shape, unrounded. It is off by some 1e-15 of the range; rounding to nearest tolerates
//! half a value, 3e-5 of the widest range, so every value converts to a position and back unchanged.

use serde::{Deserialize, Serialize};

/// How a knob's travel is spread over its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Curve {
    /// Every value has the same share of the knob.
    #[default]
    Linear,
    /// Finer at low values: times and rates.
    Exponential,
    /// Finer at high values.
    Logarithmic,
    /// From option to option, each with the same share; without options the same as linear.
    Stepped,
}

impl Curve {
    /// Every curve with its spelling in a profile.
    pub const NAMES: [(&str, Self); 4] = [
        ("linear", Self::Linear),
        ("exponential", Self::Exponential),
        ("logarithmic", Self::Logarithmic),
        ("stepped", Self::Stepped),
    ];

    /// The value nearest to `position` in `lo..=hi`. A position outside 0 to 1 counts as the nearer end, NaN as 0.
    pub fn value_at(self, position: f64, lo: u16, hi: u16) -> u16 {
        // NaN goes through all of this and ends as 0 in `as`.
        lo + (self.share(position) * f64::from(hi.saturating_sub(lo))).round() as u16
    }

    /// The part of the range, 0 to 1, at a position.
    pub fn share(self, position: f64) -> f64 {
        let x = position.clamp(0.0, 1.0);
        match self {
            Self::Linear | Self::Stepped => x,
            Self::Exponential => exponential(x),
            Self::Logarithmic => logarithmic(x),
        }
    }

    /// The position, 0 to 1, at which [`value_at`](Self::value_at) gives exactly `value`; outside `lo..=hi` the nearer end.
    pub fn position_of(self, value: u16, lo: u16, hi: u16) -> f64 {
        if hi <= lo {
            return 0.0;
        }
        let share = f64::from(value.clamp(lo, hi) - lo) / f64::from(hi - lo);
        match self {
            Self::Linear | Self::Stepped => share,
            Self::Exponential => logarithmic(share),
            Self::Logarithmic => exponential(share),
        }
    }
}

fn exponential(x: f64) -> f64 {
    ((4.0 * x).exp2() - 1.0) / 15.0
}

fn logarithmic(x: f64) -> f64 {
    (1.0 + 15.0 * x).log2() / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curves() -> impl Iterator<Item = Curve> {
        Curve::NAMES.into_iter().map(|(_, curve)| curve)
    }

    #[test]
    fn every_value_converts_to_a_position_and_back() {
        for curve in curves() {
            for hi in [1, 2, 100, 127, 1023, 16383, u16::MAX] {
                for value in 0..=hi {
                    let position = curve.position_of(value, 0, hi);
                    assert!((0.0..=1.0).contains(&position));
                    assert_eq!(curve.value_at(position, 0, hi), value, "{curve:?} 0..{hi}");
                }
            }
        }
    }

    #[test]
    fn ends_are_exact_and_positions_beyond_count_as_the_nearer_end() {
        for curve in curves() {
            assert_eq!(curve.position_of(3, 3, 90), 0.0);
            assert_eq!(curve.position_of(90, 3, 90), 1.0);
            assert_eq!(curve.position_of(0, 3, 90), 0.0);
            assert_eq!(curve.position_of(127, 3, 90), 1.0);
            for (position, value) in [(0.0, 3), (1.0, 90), (-7.0, 3), (7.0, 90), (f64::NAN, 3), (f64::INFINITY, 90)] {
                assert_eq!(curve.value_at(position, 3, 90), value, "{curve:?} {position}");
            }
        }
    }

    #[test]
    fn linear_rounds_to_nearest() {
        assert_eq!(Curve::Linear.value_at(0.5, 0, 127), 64);
        assert_eq!(Curve::Linear.value_at(0.8, 0, 127), 102);
        assert_eq!(Curve::Linear.value_at(0.499, 0, 1), 0);
        assert_eq!(Curve::Linear.value_at(0.5, 0, 1), 1);
    }

    #[test]
    fn exponential_is_finer_at_low_values_and_logarithmic_at_high_ones() {
        let width = |curve: Curve, value| curve.position_of(value + 1, 0, 127) - curve.position_of(value, 0, 127);
        assert!(width(Curve::Exponential, 0) > 5.0 * width(Curve::Linear, 0));
        assert!(width(Curve::Exponential, 126) < 0.5 * width(Curve::Linear, 126));
        assert!(width(Curve::Logarithmic, 126) > 2.0 * width(Curve::Linear, 126));
        assert!(width(Curve::Logarithmic, 0) < 0.5 * width(Curve::Linear, 0));
    }

    proptest! {
        #[test]
        fn position_of_is_exact_in_any_range(a: u16, b: u16, c: u16, which in 0usize..4) {
            let mut sorted = [a, b, c];
            sorted.sort_unstable();
            let [lo, value, hi] = sorted;
            let curve = Curve::NAMES[which].1;
            prop_assert_eq!(curve.value_at(curve.position_of(value, lo, hi), lo, hi), value);
        }

        #[test]
        fn a_higher_position_is_never_a_lower_value(
            x in 0.0f64..=1.0, y in 0.0f64..=1.0, hi in 1u16..=16383, which in 0usize..4
        ) {
            let curve = Curve::NAMES[which].1;
            let (near, far) = (x.min(y), x.max(y));
            prop_assert!(curve.value_at(near, 0, hi) <= curve.value_at(far, 0, hi));
        }
    }
}
