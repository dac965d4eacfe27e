//! The mapping between audio frames and MIDI clock pulses.

use super::Bpm;

/// MIDI clock pulses per quarter note (MIDI 1.0, "Timing Clock").
pub const PPQN: i64 = 24;

/// Absorbs rounding: a pulse a thousandth of a frame before a frame is on that frame, so that 120 BPM at 48 kHz is
/// exactly 1000 frames a pulse for ever.
pub(super) const SLACK_FRAMES: f64 = 1e-3;

/// The position of a frame when the frames after `frame` are multiplied by `ratio`.
pub(super) fn rated(at: f64, frame: i64, ratio: f64) -> f64 {
    frame as f64 + (at - frame as f64) * ratio
}

/// Tempo as a mapping: pulse `origin_pulse` is at frame `origin_frame` and the others follow at `bpm`.
///
/// Nothing is counted: any pulse's frame and any frame's pulse are computed, so no error accumulates.
/// Realtime: yes (pure arithmetic).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// The tempo.
    pub bpm: Bpm,
    /// Frames per second.
    pub sample_rate_hz: f64,
    /// A pulse whose frame is known exactly.
    pub origin_pulse: i64,
    /// The frame of that pulse, with its fraction.
    pub origin_frame: f64,
}

impl Timeline {
    /// Pulse 0 on frame 0.
    pub fn new(bpm: Bpm, sample_rate_hz: f64) -> Timeline {
        Timeline { bpm, sample_rate_hz, origin_pulse: 0, origin_frame: 0.0 }
    }

    /// Frames between two pulses, with their fraction.
    pub fn frames_per_pulse(&self) -> f64 {
        self.sample_rate_hz * 60.0 / (self.bpm.get() * PPQN as f64)
    }

    /// The frame of a (fractional) pulse.
    pub fn frame_of(&self, pulse: f64) -> f64 {
        self.origin_frame + (pulse - self.origin_pulse as f64) * self.frames_per_pulse()
    }

    /// The whole frame of a pulse.
    pub fn whole_frame_of(&self, pulse: i64) -> i64 {
        (self.frame_of(pulse as f64) + SLACK_FRAMES).floor() as i64
    }

    /// The (fractional) pulse at a frame.
    pub fn pulse_at(&self, frame: f64) -> f64 {
        self.origin_pulse as f64 + (frame - self.origin_frame) / self.frames_per_pulse()
    }

    /// The first pulse at `frame` or later.
    pub fn first_pulse_from(&self, frame: i64) -> i64 {
        let mut pulse = self.pulse_at(frame as f64).floor() as i64 - 1;
        while self.whole_frame_of(pulse) < frame {
            pulse += 1;
        }
        pulse
    }

    /// The same timeline at another tempo from `frame` on: both agree at that frame.
    pub fn with_bpm_at(&self, bpm: Bpm, frame: i64) -> Timeline {
        let pulse_there = self.pulse_at(frame as f64);
        let next = Timeline { bpm, origin_pulse: self.first_pulse_from(frame), ..*self };
        let to_origin = next.origin_pulse as f64 - pulse_there;
        Timeline { origin_frame: frame as f64 + to_origin * next.frames_per_pulse(), ..next }
    }

    /// The same timeline in frames of another rate from `frame` on: both agree at that frame.
    pub fn at_rate(&self, sample_rate_hz: f64, frame: i64) -> Timeline {
        let origin_frame = rated(self.origin_frame, frame, sample_rate_hz / self.sample_rate_hz);
        Timeline { sample_rate_hz, origin_frame, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bpm(x: f64) -> Bpm {
        Bpm::new(x).unwrap()
    }

    #[test]
    fn a_pulse_at_120_bpm_and_48_khz_is_exactly_1000_frames_for_a_day() {
        let timeline = Timeline::new(bpm(120.0), 48_000.0);
        let a_day = 24 * 3600 * 48;
        for pulse in (0..a_day).step_by(997) {
            assert_eq!(timeline.whole_frame_of(pulse), pulse * 1000);
        }
    }

    proptest! {
        #[test]
        fn timelines_agree_where_they_meet(a in 20.0..300.0, b in 20.0..300.0, frame in 0i64..100_000_000) {
            let before = Timeline::new(bpm(a), 44_100.0);
            let after = before.with_bpm_at(bpm(b), frame);
            prop_assert!((before.pulse_at(frame as f64) - after.pulse_at(frame as f64)).abs() < 1e-6);
        }

        #[test]
        fn timelines_of_two_rates_agree_where_they_meet_and_keep_the_tempo(x in 20.0..300.0, frame in 0i64..100_000_000) {
            let before = Timeline::new(bpm(x), 48_000.0).with_bpm_at(bpm(x), frame / 2);
            let after = before.at_rate(44_100.0, frame);
            prop_assert!((before.pulse_at(frame as f64) - after.pulse_at(frame as f64)).abs() < 1e-6);
            let a_second = |timeline: &Timeline, frames: f64| timeline.pulse_at(frame as f64 + frames);
            prop_assert!((a_second(&before, 48_000.0) - a_second(&after, 44_100.0)).abs() < 1e-6);
        }

        #[test]
        fn the_first_pulse_from_a_frame_is_neither_early_nor_late(x in 20.0..300.0, frame in 0i64..1_000_000_000) {
            let timeline = Timeline::new(bpm(x), 48_000.0);
            let pulse = timeline.first_pulse_from(frame);
            prop_assert!(timeline.whole_frame_of(pulse) >= frame);
            prop_assert!(timeline.whole_frame_of(pulse - 1) < frame);
        }
    }
}
