//! Encodes samples as bytes of a file. Pure, without allocation once the output has its capacity; runs on the threads
//! that write files.

use super::Depth;

/// Samples that are rounded together before they are packed.
const RUN: usize = 256;
/// Bytes of a sample of 24 bits.
const INT24_BYTES: usize = 3;

/// Encodes samples in one depth.
///
/// Full scale is 1.0; samples beyond are clipped, and invalid numbers are silence. Integers are rounded to nearest, so
/// samples that came from 24 bits encode exactly. Floating point is unchanged, also beyond full scale.
#[derive(Clone, Debug)]
pub struct Encoder {
    depth: Depth,
    dither: Option<Dither>,
}

impl Encoder {
    /// An encoder to this depth. Dither is added for 16 bits only: noise of triangular density, one step to each side,
    /// the same for the same seed.
    pub fn new(depth: Depth, dither: bool, seed: u64) -> Encoder {
        let dither = (dither && depth == Depth::Int16).then_some(Dither(seed));
        Encoder { depth, dither }
    }

    /// Appends the bytes of interleaved samples.
    pub fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) {
        let begin = out.len();
        out.resize(begin + samples.len() * self.depth.bytes(), 0);
        self.put(samples, out.get_mut(begin..).unwrap_or_default());
    }

    /// The same, replacing the contents of `out`.
    pub fn encode_over(&mut self, samples: &[f32], out: &mut Vec<u8>) {
        // Every byte is written below, so the old contents need no clearing.
        out.resize(samples.len() * self.depth.bytes(), 0);
        self.put(samples, out);
    }

    fn put(&mut self, samples: &[f32], bytes: &mut [u8]) {
        match (self.depth, &mut self.dither) {
            (Depth::Int16, None) => int16(samples, bytes, || 0.0),
            (Depth::Int16, Some(dither)) => int16(samples, bytes, || dither.step()),
            (Depth::Int24, _) => int24(samples, bytes),
            (Depth::Float32, _) => {
                for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
                    *bytes = if sample.is_nan() { 0.0 } else { *sample }.to_le_bytes();
                }
            }
        }
    }
}

/// A sample as it comes back from a file of this depth, without dither.
pub fn kept(sample: f32, depth: Depth) -> f32 {
    match depth {
        Depth::Int16 => rounded(sample * 32_768.0, 32_768.0) as f32 / 32_768.0,
        Depth::Int24 => rounded(sample * 8_388_608.0, 8_388_608.0) as f32 / 8_388_608.0,
        Depth::Float32 if sample.is_nan() => 0.0,
        Depth::Float32 => sample,
    }
}

/// Noise of triangular density.
#[derive(Clone, Debug)]
struct Dither(u64);

impl Dither {
    /// The difference of two uniform values: between -1 and 1 steps.
    fn step(&mut self) -> f32 {
        // SplitMix64: any seed is as good as another.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [a, b] = [(mixed >> 40) as i32, (mixed >> 8 & 0xFF_FFFF) as i32];
        (a - b) as f32 / (1 << 24) as f32
    }
}

fn int16(samples: &[f32], bytes: &mut [u8], mut dither: impl FnMut() -> f32) {
    for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
        *bytes = (rounded(sample * 32_768.0 + dither(), 32_768.0) as i16).to_le_bytes();
    }
}

fn int24(samples: &[f32], bytes: &mut [u8]) {
    let mut values = [0_i32; RUN];
    for (samples, bytes) in samples.chunks(RUN).zip(bytes.chunks_mut(RUN * INT24_BYTES)) {
        // Two loops: the compiler vectorizes the first one.
        for (value, sample) in values.iter_mut().zip(samples) {
            *value = rounded(sample * 8_388_608.0, 8_388_608.0);
        }
        let (words, rest) = bytes.as_chunks_mut::<{ 8 * INT24_BYTES }>();
        let (eights, _) = values.as_chunks::<8>();
        for (word, eight) in words.iter_mut().zip(eights) {
            let [a, b, c, d, e, f, g, h] = eight.map(|value| u64::from(value as u32 & 0xFF_FFFF));
            let packed = [a | b << 24 | c << 48, c >> 16 | d << 8 | e << 32 | f << 56, f >> 8 | g << 16 | h << 40];
            for (to, from) in word.as_chunks_mut().0.iter_mut().zip(packed) {
                *to = from.to_le_bytes();
            }
        }
        let done = samples.len() / 8 * 8;
        let values = values.get(done..samples.len()).unwrap_or_default();
        for (bytes, value) in rest.as_chunks_mut::<INT24_BYTES>().0.iter_mut().zip(values) {
            let [a, b, c, _] = value.to_le_bytes();
            *bytes = [a, b, c];
        }
    }
}

/// From here to twice as much, floating point of 32 bits has the integers and nothing between them.
const INTEGERS: f32 = 8_388_608.0;

/// The nearest integer, halves away from zero, from minus full scale, 2^23 at most, to a step below it; 0 for invalid
/// numbers. Without a branch, call or conversion, so that the compiler vectorizes it: a saturating conversion is done
/// one by one.
fn rounded(scaled: f32, full: f32) -> i32 {
    let number = if scaled.is_nan() { 0.0 } else { scaled };
    let held = if number > full - 1.0 { full - 1.0 } else { number };
    let held = if held < -full { -full } else { held };
    let size = held.abs();
    // Adding rounds halves to even; those rounded down are corrected.
    let sum = size + INTEGERS;
    let up = i32::from(size - (sum - INTEGERS) >= 0.5);
    let whole = (sum.to_bits() as i32).wrapping_sub(INTEGERS.to_bits() as i32) + up;
    let sign = held.to_bits() as i32 >> 31;
    (whole ^ sign) - sign
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(depth: Depth, samples: &[f32]) -> Vec<u8> {
        let mut out = Vec::new();
        Encoder::new(depth, false, 0).encode(samples, &mut out);
        out
    }

    fn ints(bytes: &[u8], depth: Depth) -> Vec<i32> {
        let shift = 32 - depth.bits();
        let value = |b: &[u8]| b.iter().rev().fold(0_i32, |sum, byte| sum << 8 | i32::from(*byte)) << shift >> shift;
        bytes.chunks(depth.bytes()).map(value).collect()
    }

    proptest! {
        #[test]
        fn any_sample_is_rounded_to_nearest_and_clipped(samples in prop::collection::vec(any::<f32>(), 0..700)) {
            for (depth, full) in [(Depth::Int16, 32_768.0_f32), (Depth::Int24, 8_388_608.0)] {
                let want: Vec<_> =
                    samples.iter().map(|sample| (sample * full).round().clamp(-full, full - 1.0) as i32).collect();
                prop_assert_eq!(ints(&encoded(depth, &samples), depth), want);
            }
            let bits: Vec<_> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            if samples.iter().all(|sample| !sample.is_nan()) {
                prop_assert_eq!(encoded(Depth::Float32, &samples), bits);
            }
        }

        #[test]
        fn samples_near_full_scale_and_halves_are_rounded_as_others(
            steps in prop::collection::vec(-17_000_000..17_000_000_i32, 0..300),
        ) {
            let samples: Vec<_> = steps.iter().map(|half| *half as f32 / 16_777_216.0).collect();
            let nearest = |sample: &f32| (sample * 8_388_608.0).round().clamp(-8_388_608.0, 8_388_607.0) as i32;
            let want: Vec<_> = samples.iter().map(nearest).collect();
            prop_assert_eq!(ints(&encoded(Depth::Int24, &samples), Depth::Int24), want);
        }

        #[test]
        fn consecutive_calls_give_the_same_as_one(
            samples in prop::collection::vec(-1.0..1.0_f32, 0..600), at in any::<prop::sample::Index>(), seed in any::<u64>(),
        ) {
            for depth in [Depth::Int16, Depth::Int24, Depth::Float32] {
                let mut whole = Vec::new();
                Encoder::new(depth, true, seed).encode(&samples, &mut whole);
                let (a, b) = samples.split_at(at.index(samples.len() + 1));
                let mut parts = Vec::new();
                let mut encoder = Encoder::new(depth, true, seed);
                encoder.encode(a, &mut parts);
                encoder.encode(b, &mut parts);
                prop_assert_eq!(whole, parts);
            }
        }
    }

    /// A conversion of one sample after the other, in double precision and by the book.
    fn one_by_one(sample: f32) -> [u8; 3] {
        let scaled = if sample.is_nan() { 0.0 } else { f64::from(sample) * 8_388_608.0 };
        let [a, b, c, _] = (scaled.round().clamp(-8_388_608.0, 8_388_607.0) as i32).to_le_bytes();
        [a, b, c]
    }

    proptest! {
        #[test]
        fn packing_many_samples_equals_packing_each_of_them(
            samples in prop::collection::vec(
                prop_oneof![
                    any::<u32>().prop_map(f32::from_bits),
                    -1.1..1.1_f32,
                    prop::sample::select(vec![
                        0.0, -0.0, 1.0, -1.0, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE,
                        -f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, f32::MIN, 0.5 / 8_388_608.0, -0.5 / 8_388_608.0,
                        1.5 / 8_388_608.0, 8_388_607.5 / 8_388_608.0, -8_388_607.5 / 8_388_608.0,
                    ]),
                ],
                0..1100,
            ),
        ) {
            let want: Vec<u8> = samples.iter().copied().flat_map(one_by_one).collect();
            prop_assert_eq!(&encoded(Depth::Int24, &samples), &want);
            let mut over = vec![0xAA; 1000];
            Encoder::new(Depth::Int24, false, 0).encode_over(&samples, &mut over);
            prop_assert_eq!(over, want);
        }
    }

    #[test]
    fn every_value_of_24_bits_encodes_exactly() {
        let values: Vec<i32> = (-8_388_608..8_388_608).collect();
        let samples: Vec<_> = values.iter().map(|value| *value as f32 / 8_388_608.0).collect();
        assert!(ints(&encoded(Depth::Int24, &samples), Depth::Int24) == values);
    }

    #[test]
    fn invalid_numbers_are_silence() {
        for depth in [Depth::Int16, Depth::Int24, Depth::Float32] {
            assert_eq!(encoded(depth, &[f32::NAN; 5]), vec![0; 5 * depth.bytes()]);
        }
        let both = ints(&encoded(Depth::Int24, &[f32::INFINITY, f32::NEG_INFINITY]), Depth::Int24);
        assert_eq!(both, [8_388_607, -8_388_608]);
    }

    /// Its laws over a million samples: no offset, the variance of its density and of the rounding, the mean kept.
    #[test]
    fn dither_keeps_what_is_smaller_than_a_step() {
        for level in [0.0, 0.3, -0.45] {
            let samples = vec![level / 32_768.0; 1 << 20];
            let mut out = Vec::new();
            Encoder::new(Depth::Int16, true, 7).encode(&samples, &mut out);
            let values = ints(&out, Depth::Int16);
            let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
            let error = |value: &i32| (f64::from(*value) - f64::from(level)).powi(2);
            let variance = values.iter().map(error).sum::<f64>() / values.len() as f64;
            assert!((mean - f64::from(level)).abs() < 0.005, "{mean} for {level}");
            // 2/12 of the noise and 1/12 of the rounding.
            assert!((variance - 0.25).abs() < 0.005, "{variance} for {level}");
            assert!(values.iter().all(|value| (-2..=2).contains(value)));
        }
    }
}
