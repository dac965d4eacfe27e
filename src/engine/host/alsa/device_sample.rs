//! Samples in the formats of cards. Pure; called in the callbacks. Realtime: yes.

/// A sample in a card's format.
pub trait DeviceSample: Copy {
    /// In the engine's format: full scale is 1.
    fn to_float(self) -> f32;
    /// Back; values beyond full scale are clipped.
    fn from_float(x: f32) -> Self;
}

impl DeviceSample for f32 {
    fn to_float(self) -> f32 {
        self
    }

    fn from_float(x: f32) -> f32 {
        x
    }
}

/// 24 of the 32 bits pass untouched both ways: as many as a float has.
impl DeviceSample for i32 {
    fn to_float(self) -> f32 {
        self as f32 / -(i32::MIN as f32)
    }

    fn from_float(x: f32) -> i32 {
        // `as` stays within the range, and makes silence of a value that is not a number.
        (x * -(i32::MIN as f32)) as i32
    }
}

impl DeviceSample for i16 {
    fn to_float(self) -> f32 {
        f32::from(self) / -f32::from(i16::MIN)
    }

    fn from_float(x: f32) -> i16 {
        (x * -f32::from(i16::MIN)).round() as i16
    }
}

const FULL_24: f32 = 8_388_608.0;

/// 24 bits in the lower part of 32.
pub fn float_from_24(x: i32) -> f32 {
    // The bits above the 24 are not ours.
    ((x << 8) >> 8) as f32 / FULL_24
}

/// 24 bits in the lower part of 32.
pub fn float_to_24(x: f32) -> i32 {
    (x * FULL_24).round().clamp(-FULL_24, FULL_24 - 1.0) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sample_that_comes_in_goes_out_unchanged(x: i32, short: i16) {
            let x24 = x >> 8;
            prop_assert_eq!(float_to_24(float_from_24(x24)), x24);
            prop_assert_eq!(float_to_24(float_from_24(x24 & 0xFF_FFFF)), x24);
            prop_assert_eq!(i32::from_float((x24 << 8).to_float()), x24 << 8);
            prop_assert_eq!((x24 << 8).to_float(), float_from_24(x24));
            prop_assert_eq!(i16::from_float(short.to_float()), short);
        }
    }

    #[test]
    fn beyond_full_scale_is_full_scale_and_not_a_number_is_silence() {
        assert_eq!((i32::from_float(1.0), i32::from_float(-3.0)), (i32::MAX, i32::MIN));
        assert_eq!((i16::from_float(2.0), i16::from_float(-2.0)), (i16::MAX, i16::MIN));
        assert_eq!((float_to_24(2.0), float_to_24(-2.0)), ((1 << 23) - 1, -(1 << 23)));
        assert_eq!((i32::from_float(f32::NAN), i16::from_float(f32::NAN), float_to_24(f32::NAN)), (0, 0, 0));
    }
}
