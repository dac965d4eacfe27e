//! A plan with a loop: the clock continues across a wrap, and each frame has its pass.

use super::*;
use crate::music::{Bpm, LoopRegion};

mod laws;

const RATE_HZ: f64 = 48_000.0;

fn bpm(x: f64) -> Bpm {
    Bpm::new(x).unwrap()
}

fn region(pulses: Range<i64>) -> Option<LoopRegion> {
    Some(LoopRegion::new(pulses).unwrap())
}

/// A plan whose song rolls from a song pulse at frame 0.
fn rolling(x: f64, looped: Option<LoopRegion>, song_pulse: f64) -> Plan {
    let mut plan = Plan::new(bpm(x), RATE_HZ, true);
    plan.set_loop(looped, 0);
    plan.roll(song_pulse, 0);
    plan
}

fn song_pulses(plan: &Plan, window: Range<i64>) -> Vec<i64> {
    plan.pulses(window).filter_map(|pulse| pulse.song_pulse).collect()
}

#[test]
fn the_song_wraps_on_the_grid_pass_after_pass() {
    // 1000 frames a pulse.
    let plan = rolling(120.0, region(96..120), 90.0);
    let wraps: Vec<_> = plan.pulses(1..100_000).filter(|p| p.song_pulse == Some(96)).map(|p| p.whole_frame).collect();
    assert_eq!(wraps, [6000, 30_000, 54_000, 78_000]);
    assert_eq!([0, 1, 2, 3].map(|pass| plan.pass_begins(pass)), [Some(0), Some(30_000), Some(54_000), Some(78_000)]);
    assert_eq!(plan.at(0).song_pulse_at(29_999.0), 119.999);
    assert_eq!(plan.at(0).song_pulse_at(30_000.0), 96.0);
    assert_eq!(plan.song_time_at(29_999), Some(SongTime { pass: 0, song_frame: 119_999 }));
    assert_eq!(plan.song_time_at(30_000), Some(SongTime { pass: 1, song_frame: 96_000 }));
    assert_eq!(plan.frame_at(SongTime { pass: 3, song_frame: 96_500 }, 0..i64::MAX), Some(78_500));
    assert_eq!(plan.frame_at(SongTime { pass: 1, song_frame: 95_000 }, 0..i64::MAX), None, "before the loop");
}

#[test]
fn a_song_that_starts_after_the_loop_does_not_wrap_and_one_before_it_enters_it() {
    let behind = rolling(120.0, region(24..48), 48.0);
    assert_eq!(song_pulses(&behind, 0..100_000), (48..148).collect::<Vec<_>>());
    let before = rolling(120.0, region(24..48), 10.0);
    let expected: Vec<_> = (10..48).chain(24..48).chain(24..48).chain(24..38).collect();
    assert_eq!(song_pulses(&before, 0..100_000), expected);
}

#[test]
fn a_loop_turned_off_in_pass_n_lets_the_song_continue_from_its_position() {
    let mut plan = rolling(173.0, region(24..48), 0.0);
    let edit = plan.pass_begins(5).unwrap() + 4321;
    let before = plan;
    plan.set_loop(None, edit);
    assert_eq!(plan.song_time_at(edit - 1), before.song_time_at(edit - 1));
    assert_eq!(plan.song_time_at(edit), before.song_time_at(edit), "not a frame is skipped");
    assert_eq!(plan.at(edit).song_pulse_at(edit as f64), before.at(edit).song_pulse_at(edit as f64));
    let song = song_pulses(&plan, edit..edit + 100_000);
    assert!(song.windows(2).all(|pair| pair[1] == pair[0] + 1) && song.contains(&48), "{song:?}");
    let frames = |plan: &Plan| plan.pulses(0..edit + 100_000).map(|p| p.frame).collect::<Vec<_>>();
    assert_eq!(frames(&plan), frames(&before));
}

#[test]
fn a_tempo_change_in_a_loop_keeps_position_and_pass() {
    let mut plan = rolling(120.0, region(0..24), 0.0);
    plan.set_bpm(bpm(240.0), 60_000);
    assert_eq!(plan.song_time_at(59_999).map(|time| time.pass), Some(2));
    assert_eq!(plan.at(60_000).place_at(60_000), Some(LoopPosition { pass: 2, song_pulse: 12 }));
    assert_eq!(plan.pass_begins(3), Some(66_000));
    assert_eq!(plan.pass_begins(2), Some(48_000));
    assert_eq!(plan.pass_begins(0), Some(0));
}

#[test]
fn passes_cut_a_window_and_punch_cuts_each_of_them() {
    let plan = rolling(120.0, region(24..48), 12.0);
    let parts = |list: &mut dyn Iterator<Item = PassFrames>| list.map(|it| (it.pass, it.frames)).collect::<Vec<_>>();
    let window = 1000..70_000;
    assert_eq!(parts(&mut plan.passes(window.clone())), [(0, 1000..36_000), (1, 36_000..60_000), (2, 60_000..70_000)]);
    let punch = Punch { in_pulse: Some(30), out_pulse: Some(36) };
    let recorded = [(0, 18_000..24_000), (1, 42_000..48_000), (2, 66_000..70_000)];
    assert_eq!(parts(&mut plan.punched(punch, window.clone())), recorded);
    let punch_in = Punch { in_pulse: Some(30), out_pulse: None };
    let recorded = [(0, 18_000..36_000), (1, 42_000..60_000), (2, 66_000..70_000)];
    assert_eq!(parts(&mut plan.punched(punch_in, window.clone())), recorded);
    let lead_in = Punch { in_pulse: None, out_pulse: Some(20) };
    assert_eq!(parts(&mut plan.punched(lead_in, window.clone())), [(0, 1000..8000)]);
    let outside = Punch { in_pulse: Some(48), out_pulse: Some(60) };
    assert_eq!(parts(&mut plan.punched(outside, window)), []);
}

#[test]
fn a_stopped_song_has_no_pass() {
    let mut plan = rolling(120.0, region(24..48), 12.0);
    plan.stand(30.0, 50_000);
    assert_eq!(plan.song_time_at(50_000), None);
    assert_eq!(plan.passes(50_000..90_000).count(), 0);
    assert_eq!(plan.punched(Punch::default(), 0..90_000).last().map(|it| it.frames), Some(36_000..50_000));
    assert_eq!((plan.pass_begins(0), plan.count_in(4)), (None, None));
    assert_eq!(plan.last().looping.region, region(24..48), "the loop stays set");
}

#[test]
fn a_count_in_ends_at_the_start_of_the_song() {
    let mut plan = Plan::new(bpm(120.0), RATE_HZ, true);
    plan.set_loop(region(24..48), 0);
    plan.roll(24.0, 96_000);
    let count_in = plan.count_in(4).unwrap();
    assert_eq!(count_in.frames(), 0..96_000);
    let beats: Vec<_> = count_in.beats(0..200_000).collect();
    assert_eq!(beats, [(0, true), (24_000, false), (48_000, false), (72_000, false)]);
    assert_eq!(plan.pass_begins(0), Some(96_000));
}

#[test]
fn a_pass_that_began_before_the_oldest_stretch_has_no_known_begin() {
    let mut plan = rolling(120.0, region(0..24), 0.0);
    for i in 1..20 {
        plan.set_bpm(bpm(120.0), i * 1000 + 500);
    }
    assert_eq!(plan.pass_begins(0), None);
    assert_eq!(plan.pass_begins(1), Some(24_000));
}

#[test]
fn a_locate_starts_pass_0() {
    let mut plan = rolling(120.0, region(0..24), 0.0);
    plan.roll(10.0, 100_000);
    assert_eq!(plan.song_time_at(99_999).map(|time| time.pass), Some(4));
    assert_eq!(plan.pass_begins(0), Some(100_000));
    // At the run pulse that the song has reached anyway: a follower is there already.
    let mut plan = rolling(120.0, region(0..192), 0.0);
    plan.set_loop(region(0..48), 60_000);
    plan.roll(100.0, 100_000);
    assert_eq!(plan.last().song, Song::Rolling { offset_pulses: 0 });
    assert_eq!(plan.at(99_999).place_at(99_999), Some(LoopPosition { pass: 2, song_pulse: 3 }));
    assert_eq!((plan.pass_begins(0), plan.pass_begins(1)), (Some(100_000), None), "behind the loop");
}
