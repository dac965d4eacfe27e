//! Laws of the mapping from run pulses to song pulses.

use super::*;
use proptest::prelude::*;

fn region(pulses: Range<i64>) -> LoopRegion {
    LoopRegion::new(pulses).unwrap()
}

fn regions() -> impl Strategy<Value = LoopRegion> {
    (0i64..500, PPQN..200).prop_map(|(from, len)| region(from..from + len))
}

#[test]
fn a_loop_is_at_least_a_beat_long_and_lies_in_the_song() {
    assert_eq!(region(0..24).len_pulses(), 24);
    assert_eq!(region(96..192).pulses(), 96..192);
    assert!(LoopRegion::new(0..MAX_LOOP_PULSE).is_ok());
    let (backwards, before) = (Range { start: 24, end: 0 }, -24..24);
    for bad in [0..23, backwards, before, 0..MAX_LOOP_PULSE + 1, i64::MIN..i64::MAX, 0..0] {
        assert_eq!(LoopRegion::new(bad.clone()), Err(NotALoop), "{bad:?}");
    }
}

#[test]
fn the_song_wraps_from_the_end_of_the_region_to_its_beginning() {
    let looping = Looping::rolling(Some(region(48..72)), 40.0);
    let places: Vec<_> =
        [40, 47, 48, 71, 72, 95, 96].map(|run| looping.place(run)).map(|p| (p.pass, p.song_pulse)).into();
    assert_eq!(places, [(0, 40), (0, 47), (0, 48), (0, 71), (1, 48), (1, 71), (2, 48)]);
    assert_eq!(looping.wrap_pulse(1), Some(72));
    assert_eq!(looping.wrap_pulse(3), Some(120));
    assert_eq!(looping.wrap_pulse(0), None, "pass 0 begins with no wrap");
}

#[test]
fn a_song_that_begins_at_the_end_of_the_region_or_after_it_does_not_wrap() {
    for start in [72.0, 72.0 - 1e-12, 100.0] {
        let looping = Looping::rolling(Some(region(48..72)), start);
        assert_eq!(looping.place(1000), LoopPosition { pass: 0, song_pulse: 1000 });
        assert_eq!(looping.wrap_pulse(1), None);
    }
    assert_eq!(Looping::rolling(Some(region(48..72)), 71.9).place(72).song_pulse, 48);
}

#[test]
fn a_loop_turned_off_lets_the_song_continue_from_its_position() {
    let looping = Looping::rolling(Some(region(48..72)), 0.0).with_region(None, 100);
    assert_eq!(looping.place(100), LoopPosition { pass: 2, song_pulse: 52 });
    assert_eq!(looping.place(200), LoopPosition { pass: 2, song_pulse: 152 });
}

#[test]
fn a_loop_made_shorter_than_the_songs_position_is_not_left() {
    let looping = Looping::rolling(Some(region(0..96)), 0.0).with_region(Some(region(0..24)), 60);
    assert_eq!(looping.place(60), LoopPosition { pass: 1, song_pulse: 12 });
    assert_eq!(looping.place(72), LoopPosition { pass: 2, song_pulse: 0 });
}

#[test]
fn a_loop_set_before_the_songs_position_is_not_entered() {
    let not_looped = Looping::rolling(None, 0.0).with_region(Some(region(0..24)), 60);
    assert_eq!(not_looped.place(100), LoopPosition { pass: 0, song_pulse: 100 });
    let on_its_way = Looping::rolling(Some(region(480..960)), 0.0).with_region(Some(region(0..24)), 60);
    assert_eq!(on_its_way.place(100), LoopPosition { pass: 0, song_pulse: 100 });
}

#[test]
fn passes_that_do_not_come_have_no_run_pulse() {
    let looping = Looping::rolling(Some(region(0..24)), 0.0);
    for pass in [-1, i64::MIN, i64::MAX] {
        assert_eq!(looping.run_pulse(LoopPosition { pass, song_pulse: 0 }), None);
    }
    assert_eq!(Looping::default().run_pulse(LoopPosition { pass: 1, song_pulse: 0 }), None);
}

proptest! {
    #[test]
    fn positions_equal_those_of_a_naive_walk(region in regions(), start in 0i64..800) {
        let looping = Looping::rolling(Some(region), start as f64);
        let does_wrap = start < region.to_pulse;
        let (mut pass, mut song_pulse) = (0, start);
        for run_pulse in start..start + 1500 {
            prop_assert_eq!(looping.place(run_pulse), LoopPosition { pass, song_pulse });
            song_pulse += 1;
            if does_wrap && song_pulse == region.to_pulse {
                (pass, song_pulse) = (pass + 1, region.from_pulse);
            }
        }
    }

    #[test]
    fn run_pulse_to_position_and_back_is_the_identity(
        first in prop::option::of(regions()), second in prop::option::of(regions()),
        start in 0i64..800, edit in 0i64..10_000, run_pulse in 0i64..10_000_000,
    ) {
        let looping = Looping::rolling(first, start as f64);
        for looping in [looping, looping.with_region(second, start + edit)] {
            prop_assert_eq!(looping.run_pulse(looping.place(start + run_pulse)), Some(start + run_pulse));
        }
    }

    #[test]
    fn a_fraction_of_a_pulse_is_between_its_pulses_and_before_the_end(
        region in regions(), start in 0i64..500, run_pulse in 0i64..10_000_000, fraction in 0.0..1.0f64,
    ) {
        let looping = Looping::rolling(Some(region), start as f64);
        let run_pulse = start + run_pulse;
        let song_pulse = looping.song_pulse(run_pulse as f64 + fraction, 4e-8);
        if let Some(region) = looping.wrapping() {
            prop_assert!(song_pulse < region.to_pulse as f64);
        }
        if (1e-6..1.0 - 1e-6).contains(&fraction) {
            prop_assert_eq!(song_pulse.floor() as i64, looping.place(run_pulse).song_pulse);
        }
        // Slightly before a pulse counts as on it.
        if looping.wrapping().is_some() {
            let at_pulse = looping.song_pulse(run_pulse as f64 - 1e-9, 4e-8);
            prop_assert_eq!(at_pulse, looping.place(run_pulse).song_pulse as f64);
        }
    }

    #[test]
    fn another_region_keeps_the_position_or_the_position_in_the_loop(
        first in prop::option::of(regions()), second in prop::option::of(regions()),
        start in 0i64..800, edit in 0i64..10_000,
    ) {
        let before = Looping::rolling(first, start as f64);
        let after = before.with_region(second, start + edit);
        let (was, is) = (before.place(start + edit), after.place(start + edit));
        match after.wrapping() {
            Some(region) if was.song_pulse >= region.to_pulse => {
                prop_assert!(region.pulses().contains(&is.song_pulse));
                prop_assert_eq!((was.song_pulse - is.song_pulse) % region.len_pulses(), 0);
                prop_assert_eq!(is.pass, was.pass + 1);
                prop_assert!(before.wrapping().is_some());
            }
            _ => prop_assert_eq!(is, was),
        }
    }
}
