//! Repeatable random numbers: the same seed and index always give the same number.

/// A sequence of random numbers, each computed from its index alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(pub u64);

impl Chance {
    /// The number at an index, from 0 up to but not 1 (SplitMix64; Steele, Lea and Flood 2014).
    pub fn at(self, place: u64) -> f64 {
        let mut bits = self.0.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        // A float holds the upper 53 bits only.
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_evenly_and_repeat() {
        let throws: Vec<f64> = (0..10_000).map(|place| Chance(7).at(place)).collect();
        assert!(throws.iter().all(|throw| (0.0..1.0).contains(throw)));
        let mean = throws.iter().sum::<f64>() / throws.len() as f64;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(Chance(7).at(99), throws[99]);
        assert_ne!(Chance(8).at(99), throws[99]);
    }
}
