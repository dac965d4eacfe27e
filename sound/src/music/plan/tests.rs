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

/// Follows a source at another tempo that is ahead of the plan by some pulses.
fn follow(plan: &mut Plan, x: f64, ahead_pulses: f64, earliest: i64) {
    let there = plan.last().timeline.pulse_at(earliest as f64) + ahead_pulses;
    let mut timeline = Timeline { bpm: bpm(x), origin_pulse: there.ceil() as i64, ..plan.last().timeline };
    timeline.origin_frame = earliest as f64 + (there.ceil() - there) * timeline.frames_per_pulse();
    plan.follow(timeline, earliest);
}

#[derive(Clone, Debug)]
enum Edit {
    Bpm(f64),
    Roll(f64),
    Stand(f64),
    /// Tempo, and by how many pulses the new timeline is ahead of the old one.
    Follow(f64, f64),
    /// Song pulse, and how many pulses from now.
    RollOn(i64, i64),
    /// The device has returned with another rate.
    Rate(f64),
    /// Another loop, or none.
    Loop(Option<LoopRegion>),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (20.0..300.0f64).prop_map(Edit::Bpm),
        (0.0..1000.0f64).prop_map(Edit::Roll),
        (0.0..1000.0f64).prop_map(Edit::Stand),
        (20.0..300.0f64, -3.0..3.0f64).prop_map(|(bpm, ahead)| Edit::Follow(bpm, ahead)),
        (0i64..1000, -10i64..10).prop_map(|(song, ahead)| Edit::RollOn(song, ahead)),
        prop::sample::select(&[44_100.0, 48_000.0, 96_000.0]).prop_map(Edit::Rate),
        prop::option::of((0i64..400, PPQN..100))
            .prop_map(|it| it.map(|(from, len)| LoopRegion::new(from..from + len).unwrap()))
            .prop_map(Edit::Loop)
    ]
}

proptest! {
    #[test]
    fn no_pulse_is_lost_or_doubled_however_time_is_cut_and_edited(
        edits in prop::collection::vec((edit(), 0i64..20_000), 0..24),
        cuts in prop::collection::vec(1i64..4096, 100..200),
    ) {
        let mut plan = plan(120.0);
        let mut edits = edits.into_iter();
        let mut numbers = Vec::new();
        let mut frames = Vec::new();
        let mut frame = 0;
        for (i, n) in cuts.into_iter().enumerate() {
            if i % 4 == 0 && let Some((edit, ahead)) = edits.next() {
                match edit {
                    Edit::Bpm(x) => plan.set_bpm(bpm(x), frame + ahead),
                    Edit::Roll(at) => { plan.roll(at, frame + ahead); }
                    Edit::Stand(at) => plan.stand(at, frame + ahead),
                    Edit::Follow(x, pulses) => follow(&mut plan, x, pulses, frame + ahead),
                    Edit::RollOn(song, pulses) => {
                        let now = plan.at(frame).timeline.pulse_at(frame as f64) as i64;
                        plan.roll_on(song, now + pulses, frame + ahead);
                    }
                    Edit::Rate(hz) => plan.set_rate(hz, frame),
                    Edit::Loop(region) => plan.set_loop(region, frame + ahead),
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
fn at_another_rate_the_song_continues_and_planned_stretches_keep_their_time() {
    let mut plan = plan(120.0);
    plan.roll(0.0, 1000);
    plan.stand(240.0, 241_000);
    plan.set_rate(96_000.0, 49_000);
    let frames: Vec<i64> = plan.pulses(47_000..54_000).map(|p| p.whole_frame).collect();
    assert_eq!(frames, [47_000, 48_000, 49_000, 51_000, 53_000]);
    assert_eq!(plan.at(49_000).song_pulse_at(49_000.0), 48.0);
    // Four seconds later.
    assert_eq!(plan.last().from_frame, 49_000 + 4 * 96_000);
    assert_eq!(plan.last().song, Song::Stopped { at_pulse: 240.0 });
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
fn a_stopped_song_stays_at_its_position() {
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

/// The plan's pulses as numbers and frames.
fn numbered(plan: &Plan, window: std::ops::Range<i64>) -> Vec<(i64, i64)> {
    let number = |s: &Stretch, p: Pulse| (s.timeline.pulse_at(p.frame).round() as i64, p.whole_frame);
    plan.parts(window).flat_map(|(s, part)| s.pulses(part).map(move |p| number(s, p))).collect()
}

#[test]
fn a_source_ahead_emits_skipped_pulses_at_the_first_frame_of_the_edit() {
    let mut plan = plan(120.0);
    let ahead = Timeline { origin_pulse: 5, origin_frame: 1900.0, ..Timeline::new(bpm(120.0), RATE_HZ) };
    plan.follow(ahead, 1700);
    assert_eq!(numbered(&plan, 0..3500), [(0, 0), (1, 1000), (2, 1700), (3, 1700), (4, 1700), (5, 1900), (6, 2900)]);
}

#[test]
fn the_clock_waits_for_a_source_behind() {
    let mut plan = plan(120.0);
    let behind = Timeline { origin_pulse: 1, origin_frame: 3000.0, ..Timeline::new(bpm(120.0), RATE_HZ) };
    plan.follow(behind, 1700);
    assert_eq!(numbered(&plan, 0..5500), [(0, 0), (1, 1000), (2, 4000), (3, 5000)]);
    plan.roll(0.0, 1800);
    let first = plan.pulses(1800..5500).find_map(|p| p.song_pulse);
    assert_eq!(first, Some(0), "a song that begins meanwhile loses no pulse");
}

#[test]
fn a_followed_source_does_not_change_the_song() {
    let mut plan = plan(120.0);
    plan.roll(0.0, 1000);
    let song = plan.last().song;
    for i in 1..50 {
        follow(&mut plan, 120.0 + f64::from(i) * 0.01, 0.001, 3000 + i64::from(i) * 700);
        assert_eq!(plan.last().song, song);
    }
}

#[test]
fn a_timeline_for_every_pulse_leaves_100_ms_of_past_to_read() {
    let mut plan = plan(300.0);
    let lead = 2400;
    for i in 0..2000 {
        let now = 48_000 + i * 397;
        follow(&mut plan, 300.0 - 0.001 * (i % 7) as f64, 1e-4, now + lead);
        let oldest = plan.stretches()[0].from_frame;
        assert!(oldest <= now - 4800 || plan.stretches().len() < STRETCHES, "{} frames", now - oldest);
    }
}

#[test]
fn the_song_starts_at_the_requested_pulse() {
    let mut plan = plan(120.0);
    assert_eq!(plan.roll_on(0, 5, 1500), 5000, "to come");
    assert_eq!(plan.pulses(4000..6001).map(|p| p.song_pulse).collect::<Vec<_>>(), [None, Some(0), Some(1)]);
    assert_eq!(plan.roll_on(96, 7, 9500), 9500, "past already");
    assert_eq!(plan.pulses(9000..10_001).map(|p| p.song_pulse).collect::<Vec<_>>(), [Some(4), Some(99)]);
}

#[test]
fn a_timeline_before_the_song_starts_keeps_its_first_pulse() {
    for ahead in [-0.4, -0.01, 0.01, 0.4] {
        let mut plan = plan(120.0);
        plan.roll_on(0, 5, 1500);
        follow(&mut plan, 120.0, ahead, 4600);
        let song: Vec<i64> = plan.pulses(0..9000).filter_map(|p| p.song_pulse).collect();
        assert!(song.starts_with(&[0, 1, 2]), "{ahead}: {song:?}");
    }
}

proptest! {
    #[test]
    fn the_first_timeline_of_a_source_moves_the_clock_by_half_a_pulse_at_most(
        x in 20.0..300.0f64, source_pulse in 0i64..1_000_000, frame in 0.0..1e9f64,
    ) {
        let plan = plan(x);
        let pulse = source_pulse + plan.offset_to(source_pulse, frame);
        prop_assert!((plan.last().timeline.pulse_at(frame) - pulse as f64).abs() <= 0.5);
    }
}
