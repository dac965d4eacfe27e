//! Laws of a plan with a loop, compared with the same plan without a loop and with a song played pulse by pulse.

use super::*;
use crate::music::Pulse;
use proptest::prelude::*;

/// Edits of the control thread while the song is in its loop.
#[derive(Clone, Debug)]
enum Edit {
    Bpm(f64),
    Rate(f64),
    Clock(bool),
    /// Tempo, and by how many pulses the new timeline is ahead of the old one.
    Follow(f64, f64),
    Locate(f64),
    Loop(Option<LoopRegion>),
    Stop,
    Continue,
}

fn regions() -> impl Strategy<Value = LoopRegion> {
    (0i64..100, PPQN..60).prop_map(|(from, len)| LoopRegion::new(from..from + len).unwrap())
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (60.0..300.0f64).prop_map(Edit::Bpm),
        1 => prop::sample::select(&[44_100.0, 48_000.0, 96_000.0]).prop_map(Edit::Rate),
        1 => any::<bool>().prop_map(Edit::Clock),
        2 => (60.0..300.0f64, -3.0..3.0f64).prop_map(|(bpm, ahead)| Edit::Follow(bpm, ahead)),
        2 => (0.0..200.0f64).prop_map(Edit::Locate),
        2 => prop_oneof![Just(24.0), Just(48.0), Just(71.5)].prop_map(Edit::Locate),
        3 => prop::option::weighted(0.8, regions()).prop_map(Edit::Loop),
        2 => Just(Edit::Stop),
        3 => Just(Edit::Continue),
    ]
}

/// Makes an edit as the control thread does. Returns the start position if the song starts to roll.
fn make(edit: &Edit, plan: &mut Plan, now: i64, earliest: i64) -> Option<f64> {
    let last = *plan.last();
    let there = last.song_pulse_at(earliest.max(last.from_frame) as f64);
    match (edit, last.song) {
        (Edit::Bpm(x), _) => plan.set_bpm(bpm(*x), earliest),
        (Edit::Rate(hz), _) => plan.set_rate(*hz, now),
        (Edit::Clock(on), _) => plan.set_clock(*on, earliest),
        (Edit::Follow(x, ahead_pulses), _) => {
            let pulse = last.timeline.pulse_at(earliest as f64) + ahead_pulses;
            let mut timeline = last.timeline;
            (timeline.bpm, timeline.origin_pulse) = (bpm(*x), pulse.ceil() as i64);
            timeline.origin_frame = earliest as f64 + (pulse.ceil() - pulse) * timeline.frames_per_pulse();
            plan.follow(timeline, earliest);
        }
        (Edit::Loop(region), _) => plan.set_loop(*region, earliest),
        (Edit::Locate(at), Song::Rolling { .. }) => {
            plan.roll(*at, earliest);
            return Some(*at);
        }
        (Edit::Locate(at), Song::Stopped { .. }) => plan.stand(*at, earliest),
        (Edit::Stop, Song::Rolling { .. }) => plan.stand(there.max(0.0), earliest),
        (Edit::Continue, Song::Stopped { at_pulse }) => {
            plan.roll(at_pulse, earliest);
            return Some(at_pulse);
        }
        (Edit::Stop, Song::Stopped { .. }) | (Edit::Continue, Song::Rolling { .. }) => {}
    }
    None
}

/// The first pulse of a song that the last edit starts. A start less than a frame after a pulse begins with that pulse
/// if both have the same frame.
fn first_pulse(plan: &Plan, at: f64) -> i64 {
    let from = plan.last().from_frame;
    let on_frame = plan.pulses(from..from + 1).find_map(|pulse| pulse.run_pulse);
    let is_near = |pulse: &i64| (0.0..1.0).contains(&((at - *pulse as f64) * plan.last().timeline.frames_per_pulse()));
    on_frame.filter(is_near).unwrap_or(at.ceil() as i64)
}

/// A song that is played one pulse at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Walk {
    rolls: bool,
    region: Option<LoopRegion>,
    wraps: bool,
    pass: i64,
    /// The pulse that was played last.
    song_pulse: i64,
}

impl Walk {
    fn step(&mut self) {
        self.song_pulse += 1;
        if let Some(region) = self.region.filter(|_| self.wraps)
            && self.song_pulse == region.pulses().end
        {
            (self.pass, self.song_pulse) = (self.pass + 1, region.pulses().start);
        }
    }

    fn roll(&mut self, from_pulse: f64, first_pulse: i64) {
        let wraps = self.region.is_some_and(|region| from_pulse < region.pulses().end as f64);
        *self = Walk { rolls: true, wraps, pass: 0, song_pulse: first_pulse - 1, ..*self };
    }

    fn set_loop(&mut self, region: Option<LoopRegion>) {
        let is_inside = self.wraps && self.region.is_some_and(|was| was.pulses().start <= self.song_pulse);
        if region == self.region {
            return;
        }
        self.region = region;
        self.wraps = self.rolls && region.is_some_and(|it| is_inside || self.song_pulse < it.pulses().end);
        if let Some(it) = region.filter(|it| self.wraps && self.song_pulse >= it.pulses().end) {
            self.pass += 1;
            while self.song_pulse >= it.pulses().end {
                self.song_pulse -= it.len_pulses();
            }
        }
    }

    /// An edit takes effect at the frame of the pulse `due`, or between two pulses.
    fn edit(&mut self, edit: &Edit, starts: Option<(f64, i64)>, due: bool) {
        match edit {
            Edit::Loop(region) => {
                // The old timeline gives the pulse, and the new one its frame.
                if self.rolls && due {
                    self.step();
                }
                return self.set_loop(*region);
            }
            Edit::Stop => self.rolls = false,
            _ => {}
        }
        if let Some((from_pulse, first_pulse)) = starts {
            self.roll(from_pulse, first_pulse);
        }
        if self.rolls && due {
            self.step();
        }
    }

    fn place(&self) -> Option<LoopPosition> {
        self.rolls.then_some(LoopPosition { pass: self.pass, song_pulse: self.song_pulse })
    }
}

fn bounded(cases: u32) -> ProptestConfig {
    ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(bounded(200))]

    /// Each edit is in force before the next is made.
    #[test]
    fn the_song_equals_a_naive_walk(
        edits in prop::collection::vec((edit(), 0i64..4000, 1i64..60_000), 1..25), block in 1i64..5000,
    ) {
        let punch = Punch { in_pulse: Some(30), out_pulse: Some(45) };
        let mut plan = Plan::new(bpm(120.0), RATE_HZ, true);
        let (mut walk, mut now) = (Walk::default(), 0);
        for (edit, ahead, runs) in edits {
            let before = *plan.last();
            let starts = make(&edit, &mut plan, now, now + ahead);
            let from = plan.last().from_frame.max(now);
            let starts = starts.map(|at| (at, first_pulse(&plan, at)));
            let mut coming = (*plan.last() != before).then_some(&edit);
            let end = from + runs;
            while now < end {
                let window = now..(now + block).min(end);
                let mut pulses = plan.pulses(window.clone()).peekable();
                let mut punched = plan.punched(punch, window.clone()).flat_map(|it| it.frames).peekable();
                for frame in window.clone() {
                    let mut due = std::iter::from_fn(|| pulses.next_if(|it: &Pulse| it.whole_frame == frame)).peekable();
                    if frame >= from && let Some(edit) = coming.take() {
                        walk.edit(edit, starts, due.peek().is_some());
                        if let Some(pulse) = due.next() {
                            prop_assert_eq!(pulse.song_pulse, walk.place().map(|it| it.song_pulse), "{:?}", edit);
                        }
                    }
                    for pulse in due {
                        if walk.rolls {
                            walk.step();
                        }
                        prop_assert_eq!(pulse.song_pulse, walk.place().map(|it| it.song_pulse), "frame {}", frame);
                    }
                    prop_assert_eq!(plan.at(frame).place_at(frame), walk.place(), "frame {}", frame);
                    let is_punched = walk.place().is_some_and(|it| (30..45).contains(&it.song_pulse));
                    prop_assert_eq!(punched.next_if_eq(&frame).is_some(), is_punched, "frame {}", frame);
                }
                prop_assert!(punched.next().is_none());
                now = window.end;
            }
        }
    }
}

proptest! {
    /// Edits are made while others are still planned.
    #[test]
    fn a_loop_leaves_the_clock_unchanged_however_time_is_edited(
        looped in regions(), edits in prop::collection::vec((edit(), 0i64..20_000, 1i64..20_000), 1..30),
    ) {
        let (mut plan, mut without) = (rolling(120.0, Some(looped), 0.0), rolling(120.0, None, 0.0));
        let (mut now, mut offset) = (0, plan.last().song);
        let mut song_pulse = None;
        for (edit, ahead, runs) in edits {
            // Without the loop the song has another position; stop and continue must be at the same place of the grid.
            let edit = match edit {
                Edit::Stop | Edit::Continue => Edit::Locate(7.0),
                Edit::Loop(_) => continue,
                edit => edit,
            };
            make(&edit, &mut plan, now, now + ahead);
            make(&edit, &mut without, now, now + ahead);
            let window = now..now + runs;
            now = window.end;
            let clock = |pulse: Pulse| (pulse.frame, pulse.whole_frame, pulse.run_pulse);
            let pulses = |plan: &Plan| plan.pulses(window.clone()).map(clock).collect::<Vec<_>>();
            prop_assert_eq!(pulses(&plan), pulses(&without));
            for (stretch, part) in plan.parts(window.clone()) {
                if std::mem::replace(&mut offset, stretch.song) != stretch.song {
                    song_pulse = None;
                }
                for pulse in stretch.pulses(part) {
                    // Never out of the loop, but from before it into it.
                    let next = song_pulse.map(|at| if at + 1 == looped.pulses().end { looped.pulses().start } else { at + 1 });
                    let is_behind = stretch.looping.wrapping().is_none();
                    if !is_behind && next.is_some() {
                        prop_assert_eq!(pulse.song_pulse, next);
                    }
                    prop_assert!(is_behind || pulse.song_pulse < Some(looped.pulses().end));
                    song_pulse = pulse.song_pulse;
                }
            }
        }
    }

    #[test]
    fn a_window_split_anywhere_has_the_same_pulses_passes_and_punches(
        looped in regions(), x in 20.0..300.0f64, start in 0.0..100.0f64, edit in 0i64..200_000,
        cuts in prop::collection::vec(1i64..9000, 1..60),
        in_pulse in prop::option::of(0i64..150), out_pulse in prop::option::of(0i64..150),
    ) {
        let mut plan = rolling(x, Some(looped), start);
        plan.set_bpm(bpm(173.0), edit);
        let end: i64 = cuts.iter().sum();
        let punch = Punch { in_pulse, out_pulse };
        let (mut pulses, mut passes, mut punches, mut at) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for cut in cuts {
            let window = at..at + cut;
            at = window.end;
            pulses.extend(plan.pulses(window.clone()));
            passes.extend(plan.passes(window.clone()));
            punches.extend(plan.punched(punch, window));
        }
        prop_assert_eq!(pulses, plan.pulses(0..end).collect::<Vec<_>>());
        prop_assert_eq!(joined(passes), joined(plan.passes(0..end)));
        prop_assert_eq!(joined(punches), joined(plan.punched(punch, 0..end)));
    }

    #[test]
    fn frame_to_pass_and_song_frame_and_back_is_the_identity(
        looped in prop::option::of(regions()), x in 20.0..300.0f64, start in 0.0..200.0f64,
        edit in prop::option::of(regions()), edit_frame in 0i64..1_000_000, frame in 0i64..1_000_000_000,
    ) {
        let mut plan = rolling(x, looped, start);
        let begin = plan.last().from_frame;
        let frame = begin + frame;
        let time = plan.song_time_at(frame).unwrap();
        prop_assert_eq!(plan.frame_at(time, begin..i64::MAX), Some(frame));
        prop_assert_eq!(plan.last().frame_at(time), Some(frame));
        // The positions of a run are all different, also when the loop is changed.
        plan.set_loop(edit, begin + edit_frame);
        for frame in [frame, begin + edit_frame - 1, begin + edit_frame, begin + frame % 2_000_000] {
            if let Some(time) = plan.song_time_at(frame) {
                prop_assert_eq!(plan.frame_at(time, begin..i64::MAX), Some(frame));
            }
        }
    }

    #[test]
    fn after_tempo_changes_a_frame_is_found_again_from_there_on(
        looped in regions(), tempi in prop::collection::vec((20.0..300.0f64, 0i64..50_000), 1..6), frame in 0i64..2_000_000,
    ) {
        let mut plan = rolling(120.0, Some(looped), 0.0);
        let mut at = 0;
        for (x, later) in tempi {
            at += later;
            plan.set_bpm(bpm(x), at);
        }
        let time = plan.song_time_at(frame).unwrap();
        prop_assert_eq!(plan.frame_at(time, frame..i64::MAX), Some(frame));
    }

    #[test]
    fn each_pass_begins_with_the_loops_first_pulse_on_the_grid(
        looped in regions(), x in 20.0..300.0f64, start in 0.0..100.0f64, pass in 1i64..100_000,
    ) {
        let plan = rolling(x, Some(looped), start);
        let without = rolling(x, None, start);
        let Some(frame) = plan.pass_begins(pass) else {
            prop_assert!(start >= looped.pulses().end as f64);
            return Ok(());
        };
        let window = frame..frame + 1;
        let first = plan.pulses(window.clone()).next().unwrap();
        prop_assert_eq!(first.song_pulse, Some(looped.pulses().start));
        prop_assert_eq!(Some(first.frame), without.pulses(window).next().map(|pulse| pulse.frame));
        prop_assert_eq!(plan.song_time_at(frame).map(|time| time.pass), Some(pass));
        prop_assert_eq!(plan.song_time_at(frame - 1).map(|time| time.pass), Some(pass - 1));
        let whole = plan.last().timeline.frame_of(looped.pulses().start as f64) - plan.last().timeline.frame_of(0.0);
        let song_frame = plan.song_time_at(frame).map_or(f64::NAN, |time| time.song_frame as f64);
        prop_assert!((song_frame - whole).abs() < 1.01, "{} for {}", song_frame, whole);
    }
}

/// Adjacent parts, joined.
fn joined(parts: impl IntoIterator<Item = PassFrames>) -> Vec<PassFrames> {
    let mut all: Vec<PassFrames> = Vec::new();
    for part in parts {
        match all.last_mut().filter(|last| last.pass == part.pass && last.frames.end == part.frames.start) {
            Some(last) => last.frames.end = part.frames.end,
            None => all.push(part),
        }
    }
    all
}
