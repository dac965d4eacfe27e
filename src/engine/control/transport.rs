//! The song: its position and its tempo. The control thread's. The tempo source is in `sync.rs`.

mod sync;

use super::{
    Moment,
    out::{Out, done},
};
use crate::{
    engine::station::Answer,
    music::{Bpm, CountIn, PPQN, Position, position::BEATS_PER_BAR},
    status::Event,
};
pub use sync::Sync;

/// The state of the transport.
pub(super) struct Transport {
    /// Where `transport.play` begins, in song pulses.
    pub(super) cue_pulse: f64,
    pub(super) sync: Sync,
}

impl Transport {
    pub(super) fn new(sync: Sync) -> Transport {
        Transport { cue_pulse: 0.0, sync }
    }

    /// Starts the song at the cue.
    pub(super) fn play(&mut self, out: &mut Out, now: Moment) -> Answer {
        self.play_from(self.cue_pulse, out, now)
    }

    fn play_from(&mut self, from_pulse: f64, out: &mut Out, now: Moment) -> Answer {
        let frame = out.plan.follower_frame(now);
        out.plan.change(|plan| plan.roll(from_pulse, frame));
        out.tell(Event::Playing { from: Position::of_pulse(from_pulse) });
        done()
    }

    /// Continues the song where it was stopped.
    pub(super) fn go_on(&mut self, out: &mut Out, now: Moment) -> Answer {
        if out.plan.is_rolling() {
            return done();
        }
        self.play_from(out.plan.song_pulse(now), out, now)
    }

    pub(super) fn toggle(&mut self, out: &mut Out, now: Moment) -> Answer {
        if out.plan.is_rolling() { self.stop(out, now) } else { self.play(out, now) }
    }

    pub(super) fn stop(&mut self, out: &mut Out, now: Moment) -> Answer {
        if out.plan.is_rolling() {
            let at_pulse = out.plan.song_pulse(now).max(0.0);
            // A count-in ends with the song it counts in.
            out.renderer.click.change(|click| click.count_in = CountIn::NONE);
            out.plan.change(|plan| plan.stand(at_pulse, now.open_frame));
            out.tell(Event::Stopped { at: Position::of_pulse(at_pulse) });
        }
        done()
    }

    pub(super) fn locate(&mut self, position: Position, out: &mut Out, now: Moment) -> Answer {
        self.cue_pulse = position.pulses(out.plan.last().timeline.bpm);
        if out.plan.is_rolling() {
            let frame = out.plan.follower_frame(now);
            out.plan.change(|plan| plan.roll(self.cue_pulse, frame));
        } else {
            out.plan.change(|plan| plan.stand(self.cue_pulse, now.open_frame));
        }
        done()
    }

    /// Starts the song after so many bars of click.
    pub(super) fn count_in(&mut self, bars: u32, out: &mut Out, now: Moment) {
        let beats = bars * BEATS_PER_BAR;
        let beat_frames = out.plan.last().timeline.frames_per_pulse() * PPQN as f64;
        let earliest = now.open_frame + (beat_frames * f64::from(beats)).ceil() as i64;
        let count_in = out.plan.change(|plan| {
            plan.roll(self.cue_pulse, earliest);
            plan.count_in(beats)
        });
        out.renderer.click.change(|click| click.count_in = count_in.unwrap_or(CountIn::NONE));
        out.tell(Event::Playing { from: Position::of_pulse(self.cue_pulse) });
    }

    pub(super) fn set_bpm(&mut self, bpm: Bpm, out: &mut Out, now: Moment) -> Answer {
        if self.sync.is_followed() {
            return Err("the tempo follows the MIDI clock; `clock.source internal` sets it by hand".into());
        }
        out.plan.change(|plan| plan.set_bpm(bpm, now.open_frame));
        out.tell(Event::Tempo { bpm: bpm.get() });
        done()
    }

    /// Nudges the tempo a little faster or slower.
    pub(super) fn nudge(&mut self, step_bpm: f64, out: &mut Out, now: Moment) -> Answer {
        let bpm = out.plan.last().timeline.bpm.get() + step_bpm;
        self.set_bpm(Bpm::new(bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get())).unwrap_or_default(), out, now)
    }

    pub(super) fn set_clock(&mut self, on: bool, out: &mut Out, now: Moment) -> Answer {
        out.plan.change(|plan| plan.set_clock(on, now.open_frame));
        done()
    }
}
