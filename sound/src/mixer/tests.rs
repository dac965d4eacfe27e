//! What a mix promises, whatever the blocks and levels.

use super::*;
use crate::latest::level;
use proptest::prelude::*;

/// One strip alone: what of a block comes out.
fn alone(mixer: &mut Mixer, block: &[f32]) -> [Vec<f32>; 2] {
    let mut mix = [vec![0.0; block.len()], vec![0.0; block.len()]];
    let [left, right] = &mut mix;
    mixer.add_strips(1..2, [left, right], |_, [left, right]| {
        left.copy_from_slice(block);
        right.copy_from_slice(block);
        true
    });
    mixer.master([left, right]);
    mix
}

fn with(strip: StripLevels, master: f32) -> MixLevels {
    let mut levels = MixLevels { master, ..MixLevels::default() };
    levels.strips[1] = strip;
    levels
}

fn a_strip() -> impl Strategy<Value = StripLevels> {
    (0.0..4.0_f32, -1.0..=1.0_f32, any::<bool>()).prop_map(|(gain, pan, mute)| StripLevels { gain, pan, mute })
}

proptest! {
    #[test]
    fn unity_in_the_middle_changes_no_bit(block in prop::collection::vec(-8.0..8.0_f32, 1..200)) {
        let mut mixer = Mixer::new(&MixLevels::default());
        // A zero's sign is not kept by a sum that begins with zero.
        let bits = |block: &[f32]| block.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<_>>();
        for side in alone(&mut mixer, &block) {
            prop_assert_eq!(bits(&side), bits(&block));
        }
    }

    #[test]
    fn the_power_of_both_sides_is_the_same_at_every_pan(pan in -1.0..=1.0_f32, gain in 0.0..4.0_f32) {
        let [left, right] = StripLevels { gain, pan, mute: false }.sides();
        prop_assert!((left * left + right * right - 2.0 * gain * gain).abs() < 1e-4 * (1.0 + gain * gain));
        prop_assert!(left >= 0.0 && right >= 0.0);
        let mirrored = StripLevels { gain, pan: -pan, mute: false }.sides();
        prop_assert!((right - mirrored[0]).abs().max((left - mirrored[1]).abs()) < 1e-5, "the sides mirror each other");
    }

    #[test]
    fn levels_move_without_a_step_and_arrive(
        from in a_strip(), to in a_strip(), masters in (0.0..2.0_f32, 0.0..2.0_f32), frames in 64..1024_usize,
    ) {
        let mut mixer = Mixer::new(&with(from, masters.0));
        let ones = vec![1.0; frames];
        let before = alone(&mut mixer, &ones);
        mixer.set(&with(to, masters.1));
        let way = alone(&mut mixer, &ones);
        let after = alone(&mut mixer, &ones);
        for side in 0..2 {
            let all: Vec<f32> = [&before[side][..], &way[side], &after[side]].concat();
            // Two gains that move at once, each at most from 0 to what it may be.
            let step = all.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
            prop_assert!(step <= 24.0 / frames as f32, "a step of {}", step);
            let want = to.sides()[side] * masters.1;
            prop_assert!(after[side].iter().all(|x| (x - want).abs() < 1e-5));
        }
    }

    #[test]
    fn a_mix_is_the_sum_of_its_strips(
        strips in prop::collection::vec(prop::option::of(-1.0..1.0_f32), STRIPS),
        levels in prop::collection::vec(a_strip(), STRIPS),
    ) {
        let mut all = MixLevels::default();
        all.strips.copy_from_slice(&levels);
        let mut mixer = Mixer::new(&all);
        let mut mix = [[0.0; 16]; 2];
        let [left, right] = &mut mix;
        mixer.add_strips(0..STRIPS, [left, right], |i, sides| {
            let Some(level) = strips[i] else { return false };
            sides.into_iter().for_each(|side| side.fill(level));
            true
        });
        for (side, mix) in mix.iter().enumerate() {
            let want: f32 = strips.iter().zip(&levels).map(|(x, strip)| x.unwrap_or(0.0) * strip.sides()[side]).sum();
            prop_assert!(mix.iter().all(|x| (x - want).abs() < 1e-3));
        }
    }

    #[test]
    fn levels_arrive_as_they_were_written(levels in prop::collection::vec(a_strip(), STRIPS), master in 0.0..2.0_f32) {
        let (mut writer, mut reader) = level(MixLevels::default());
        let mut all = MixLevels { master, ..MixLevels::default() };
        all.strips.copy_from_slice(&levels);
        writer.change(|levels| *levels = all);
        prop_assert_eq!(reader.changed(), Some(&all));
    }
}

#[test]
fn a_strip_that_has_nothing_is_at_its_level_when_it_has_something() {
    let mut mixer = Mixer::new(&MixLevels::default());
    mixer.set(&with(StripLevels { mute: true, ..StripLevels::UNITY }, 1.0));
    mixer.add_strips(0..STRIPS, [&mut [0.0; 64], &mut [0.0; 64]], |_, _| false);
    assert_eq!(alone(&mut mixer, &[1.0; 64]), [vec![0.0; 64], vec![0.0; 64]]);
}
