//! The plan by which audio is played while the tempo follows a clock that comes in.
//!
//! A follower bends its plan many times a second, by a little. Sound that went along would warble: each bend moves it by
//! some frames. So audio keeps the tempo it has from one bar line to the next, and takes over the newest one on a bar
//! line where it would be off: there most loops begin anew, and a seam is where it is not heard. A clock that has left it
//! further behind than that is followed at once. Pure.

use super::{PassFrames, Plan, Song, SongTime, Stretch};
use crate::music::position::BAR_PULSES;
use std::ops::Range;

/// Off by more than this on a bar line, it takes over the newest tempo there, in seconds.
const TOLERANCE_SECONDS: f64 = 0.000_25;
/// Off by more than this, it takes it over at once, in seconds: less than is heard as an echo.
const JUMP_SECONDS: f64 = 0.02;
/// So long before a bar line it is decided what holds from there on: what reads ahead needs that time, in seconds.
const LEAD_SECONDS: f64 = 0.3;

/// The plan of audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SteadyPlan {
    plan: Plan,
    /// The plan that it goes along with, as it was last.
    main: Plan,
}

impl SteadyPlan {
    /// The same as the plan it goes along with.
    pub fn new(main: Plan) -> SteadyPlan {
        SteadyPlan { plan: main, main }
    }

    /// How audio is played.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How audio is played by now, where the newest plan is this one: it holds where the song was started, stopped or sent
    /// elsewhere since.
    pub fn of<'a>(&'a self, main: &'a Plan) -> &'a Plan {
        if self.is_of(main) { &self.plan } else { main }
    }

    fn is_of(&self, main: &Plan) -> bool {
        self.plan.last().is_law_of(main.last())
    }

    /// Goes along with the newest plan; `is_followed` where that follows a clock. What begins before `open_frame` cannot
    /// be changed any more. True where audio is played otherwise than before.
    pub fn go_along(&mut self, main: &Plan, is_followed: bool, open_frame: i64) -> bool {
        let law = |plan: &Plan| (plan.last().song, plan.last().looping, plan.last().timeline);
        let before = law(&self.plan);
        self.main = *main;
        let is_bend = is_followed && self.is_of(main) && matches!(main.last().song, Song::Rolling { .. });
        if !is_bend || self.off_seconds(open_frame).abs() > JUMP_SECONDS {
            self.plan = *main;
        } else if self.plan.last().from_frame <= open_frame {
            self.look_at_bar(open_frame);
        }
        law(&self.plan) != before
    }

    /// How much later it is at a frame than the newest plan, in seconds.
    fn off_seconds(&self, frame: i64) -> f64 {
        let (was, is) = (&self.plan.last().timeline, &self.main.last().timeline);
        let pulses = is.pulse_at(frame as f64) - was.pulse_at(frame as f64);
        pulses * is.frames_per_pulse() / is.sample_rate_hz
    }

    /// Takes the newest tempo over on the next bar line, where that is near and audio would be off there.
    fn look_at_bar(&mut self, open_frame: i64) {
        let (was, is) = (*self.plan.last(), *self.main.last());
        let song_pulse = is.song_pulse_at(open_frame as f64);
        let bar = BAR_PULSES as f64;
        let pulses = bar - song_pulse.rem_euclid(bar);
        let pulse = is.timeline.pulse_at(open_frame as f64) + pulses;
        let line_frame = is.timeline.whole_frame_of(pulse.round() as i64);
        let is_near = ((line_frame - open_frame) as f64) < LEAD_SECONDS * is.timeline.sample_rate_hz;
        // A line that was reached by the older tempo is ahead again by one that is a little slower.
        let is_another = (line_frame - was.from_frame) as f64 > bar / 2.0 * is.timeline.frames_per_pulse();
        if is_near && is_another && line_frame > open_frame && self.off_seconds(line_frame).abs() > TOLERANCE_SECONDS {
            let first_pulse = was.next_pulse(line_frame);
            self.plan.push(Stretch { from_frame: line_frame, first_pulse, timeline: is.timeline, ..was });
        }
    }
}

impl Stretch {
    /// Whether another differs from it by its tempo alone.
    fn is_law_of(&self, other: &Stretch) -> bool {
        let rates = (self.timeline.sample_rate_hz, other.timeline.sample_rate_hz);
        self.song == other.song && self.looping == other.looping && rates.0 == rates.1
    }
}

impl Plan {
    /// The passes in a window of frames and where the song is on the first frame of each, as audio is played: by the steady
    /// plan where that is of the same song, and by this one elsewhere.
    pub fn passes_along<'a>(
        &'a self,
        steady: &'a Plan,
        window: Range<i64>,
    ) -> impl Iterator<Item = (PassFrames, SongTime)> + 'a {
        self.parts(window).flat_map(move |(main, part)| {
            steady.parts(part).flat_map(move |(held, part)| {
                let law = if held.is_law_of(main) { *held } else { *main };
                law.passes(part).filter_map(move |pass| {
                    let time = law.song_time_at(pass.frames.start)?;
                    Some((pass, time))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Bpm, Timeline};
    use proptest::prelude::*;

    const RATE_HZ: f64 = 48_000.0;
    const TURN: i64 = 512;

    /// What audio plays on each frame of the last half, with a clock of this tempo that is found to be a little off each
    /// time it is looked at: jumps of the song's frames, and how far from the clock it is at worst, in seconds.
    fn followed(bpm: f64, off: &[f64]) -> (Vec<i64>, f64) {
        let mut main = Plan::new(Bpm::new(bpm).unwrap(), RATE_HZ, true);
        main.roll(0.0, 0);
        let mut steady = SteadyPlan::new(main);
        let (mut jumps, mut worst, mut next) = (Vec::new(), 0.0_f64, None);
        for turn in 0..4_000_i64 {
            let frame = turn * TURN;
            let wobble = off[turn as usize % off.len()];
            let timeline = Timeline {
                bpm: Bpm::new(bpm + wobble * 0.05).unwrap(),
                origin_frame: wobble * 20.0,
                ..Timeline::new(Bpm::new(bpm).unwrap(), RATE_HZ)
            };
            // A source's pulse near by, on its grid but for the wobble.
            let near = Timeline::new(Bpm::new(bpm).unwrap(), RATE_HZ).first_pulse_from(frame);
            let at = Timeline::new(Bpm::new(bpm).unwrap(), RATE_HZ).frame_of(near as f64);
            main.follow(Timeline { origin_pulse: near, origin_frame: at + wobble * 20.0, ..timeline }, frame + TURN);
            steady.go_along(&main, true, frame + TURN);
            for (pass, time) in main.passes_along(steady.plan(), frame..frame + TURN) {
                if turn > 2_000 {
                    if next.is_some_and(|next| next != time.song_frame) {
                        jumps.push(pass.frames.start);
                    }
                    let pulse = steady.plan().at(pass.frames.start).song_pulse_at(pass.frames.start as f64);
                    let true_pulse = pass.frames.start as f64 * bpm * 24.0 / (60.0 * RATE_HZ);
                    worst = worst.max((pulse - true_pulse).abs() * 60.0 / (bpm * 24.0));
                }
                next = Some(time.song_frame + pass.frames.end - pass.frames.start);
            }
        }
        (jumps, worst)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn between_two_bar_lines_audio_goes_on_frame_by_frame_however_a_clock_wobbles(
            bpm in 60.0..200.0_f64,
            off in prop::collection::vec(-1.0..1.0_f64, 7..40),
        ) {
            let (jumps, worst) = followed(bpm, &off);
            let bars = 2_000.0 * TURN as f64 / RATE_HZ * bpm / 240.0;
            prop_assert!(jumps.len() as f64 <= bars + 1.0, "{} jumps in {bars} bars", jumps.len());
            // What a bar and its lead add at a tempo that is off, the wobble of the clock itself, and what is tolerated.
            let bar_seconds = 240.0 / bpm + LEAD_SECONDS;
            let most = bar_seconds * 0.05 / bpm + 40.0 / RATE_HZ + TOLERANCE_SECONDS;
            prop_assert!(worst < most, "{worst} s, at most {most}");
        }
    }

    #[test]
    fn a_clock_that_is_even_moves_audio_never() {
        let (jumps, worst) = followed(120.0, &[0.0]);
        assert_eq!(jumps, Vec::<i64>::new());
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn a_tempo_that_is_set_and_a_song_that_stops_hold_at_once() {
        let mut main = Plan::new(Bpm::DEFAULT, RATE_HZ, true);
        main.roll(0.0, 0);
        let mut steady = SteadyPlan::new(main);
        main.set_bpm(Bpm::new(130.0).unwrap(), 50_000);
        assert!(steady.go_along(&main, false, 40_000));
        assert_eq!(steady.plan(), &main);
        main.stand(7.0, 60_000);
        // Not told yet: the newest plan holds all the same.
        assert_eq!(main.passes_along(steady.plan(), 61_000..62_000).count(), 0);
        assert!(steady.go_along(&main, true, 61_000));
        assert_eq!(steady.plan(), &main);
    }

    #[test]
    fn a_clock_that_leaps_ahead_is_followed_at_once() {
        let mut main = Plan::new(Bpm::DEFAULT, RATE_HZ, true);
        main.roll(0.0, 0);
        let mut steady = SteadyPlan::new(main);
        let was = main.last().timeline;
        main.follow(Timeline { origin_frame: was.origin_frame - 1_500.0, ..was }, 10_000);
        assert!(steady.go_along(&main, true, 10_000));
        assert_eq!(steady.plan(), &main);
    }
}
