//! Laws of the plan: no pulse is lost or doubled, and the clock's phase does not jump.

use super::*;
use proptest::prelude::*;

const RATE_HZ: f64 = 48_000.0;

fn bpm(x: f64) -> Bpm {
    Bpm::new(x).unwrap()
}

fn plan(x: f64) -> Plan {
    Plan::new(bpm(x), RATE_HZ, true)
}

#[derive(Clone, Debug)]
enum Edit {
    Bpm(f64),
    Roll(f64),
    Stand(f64),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (20.0..300.0f64).prop_map(Edit::Bpm),
        (0.0..1000.0f64).prop_map(Edit::Roll),
        (0.0..1000.0f64).prop_map(Edit::Stand)
    ]
}

proptest! {
    #[test]
    fn no_pulse_is_lost_or_doubled_however_time_is_cut_and_edited(
        edits in prop::collection::vec((edit(), 0i64..20_000), 0..12),
        cuts in prop::collection::vec(1i64..4096, 100..200),
    ) {
        let mut plan = plan(120.0);
        let mut edits = edits.into_iter();
        let mut numbers = Vec::new();
        let mut frames = Vec::new();
        let mut frame = 0;
        for (i, n) in cuts.into_iter().enumerate() {
            if i % 8 == 0 && let Some((edit, ahead)) = edits.next() {
                match edit {
                    Edit::Bpm(x) => plan.set_bpm(bpm(x), frame + ahead),
                    Edit::Roll(at) => { plan.roll(at, frame + ahead); }
                    Edit::Stand(at) => plan.stand(at, frame + ahead),
                }
            }
            for (stretch, part) in plan.parts(frame..frame + n) {
                for pulse in stretch.pulses(part) {
                    numbers.push(stretch.timeline.pulse_at(pulse.frame).round() as i64);
                    frames.push(pulse.whole_frame);
                }
            }
            frame += n;
        }
        prop_assert!(frames.is_sorted(), "{frames:?}");
        prop_assert!(frames.iter().all(|f| (0..frame).contains(f)));
        for pair in numbers.windows(2) {
            prop_assert_eq!(pair[1], pair[0] + 1, "pulses {:?}", numbers);
        }
    }

    #[test]
    fn the_song_starts_on_the_clocks_grid_within_a_pulse(x in 20.0..300.0, at in 0.0..5000.0f64, earliest in 0i64..10_000_000) {
        let mut plan = plan(x);
        let frame = plan.roll(at, earliest);
        let pulse_frames = plan.last().timeline.frames_per_pulse();
        prop_assert!(frame >= earliest && (frame - earliest) as f64 <= pulse_frames + 1.0);
        let there = plan.at(frame).song_pulse_at(frame as f64);
        prop_assert!((there - at).abs() * pulse_frames <= 1.0, "asked {at}, got {there}");
    }

    #[test]
    fn without_a_clock_the_song_starts_at_once(at in 0.0..5000.0f64, earliest in 1i64..10_000_000) {
        let mut plan = Plan::new(bpm(97.3), RATE_HZ, false);
        prop_assert_eq!(plan.roll(at, earliest), earliest);
        prop_assert!((plan.at(earliest).song_pulse_at(earliest as f64) - at).abs() < 1e-3);
    }
}

#[test]
fn a_tempo_change_waits_for_the_next_pulse_and_keeps_the_phase() {
    let mut plan = plan(120.0);
    plan.set_bpm(bpm(240.0), 1500);
    let frames: Vec<i64> = plan.pulses(0..4000).map(|p| p.whole_frame).collect();
    assert_eq!(frames, [0, 1000, 2000, 2500, 3000, 3500]);
}

#[test]
fn a_turned_tempo_knob_does_not_queue_tempi_up() {
    let mut plan = plan(120.0);
    for x in 0..100 {
        plan.set_bpm(bpm(100.0 + f64::from(x)), 1500);
    }
    assert_eq!(plan.stretches().len(), 2);
    assert_eq!(plan.last().timeline.bpm, bpm(199.0));
}

#[test]
fn a_stopped_song_stands_where_it_was_put() {
    let mut plan = plan(120.0);
    plan.roll(0.0, 1000);
    plan.stand(24.5, 26_000);
    assert_eq!(plan.at(25_999).song_pulse_at(25_000.0), 24.0);
    assert_eq!(plan.at(90_000).song_pulse_at(90_000.0), 24.5);
    assert!(plan.pulses(26_000..50_000).all(|p| p.song_pulse.is_none()));
}

#[test]
fn song_beats_are_every_24th_song_pulse() {
    let mut plan = plan(120.0);
    plan.roll(96.0, 0);
    let beats: Vec<_> = plan.pulses(0..60_000).filter_map(|p| p.song_beat()).collect();
    assert_eq!(beats, [4, 5, 6]);
}
