//! The metronome: a short tone on every beat of the song, higher on the first of a bar.

use crate::music::{CountIn, Plan, position::BEATS_PER_BAR};
use std::{f32::consts::TAU, ops::Range};

/// Pitch of the first beat of a bar, in Hz.
const ACCENT_HZ: f32 = 1568.0;
/// Pitch of the other beats, in Hz.
const BEAT_HZ: f32 = 1047.0;
/// The tone fades by 60 dB in this time.
const DECAY_SECONDS: f32 = 0.05;
/// Level of the tone, 1.0 = full scale: -12 dB.
const LEVEL: f32 = 0.25;

/// The metronome's state. Realtime: yes.
#[derive(Debug)]
pub struct Click {
    count_in: CountIn,
    sample_rate_hz: f32,
    level: f32,
    phase: f32,
    step: f32,
    decay: f32,
}

impl Click {
    /// Silent until a beat comes.
    pub fn new(sample_rate_hz: f64) -> Click {
        let sample_rate_hz = sample_rate_hz as f32;
        let decay = 10.0_f32.powf(-3.0 / (DECAY_SECONDS * sample_rate_hz));
        Click { count_in: CountIn::NONE, sample_rate_hz, level: 0.0, phase: 0.0, step: 0.0, decay }
    }

    /// From now on these beats are heard before the song.
    pub fn count_in(&mut self, count_in: CountIn) {
        self.count_in = count_in;
    }

    /// Whether there is something to be heard though the metronome is off.
    pub fn counts_in(&self, frame: i64) -> bool {
        self.count_in.beats > 0 && frame <= self.count_in.song_frame
    }

    /// Adds the beats of a window of frames to both channels, each on its frame: those before the song, and those of the
    /// song where it is `on`.
    pub fn render(&mut self, plan: &Plan, on: bool, window: Range<i64>, left: &mut [f32], right: &mut [f32]) {
        let of_song = plan.pulses(window.clone()).filter(|_| on).filter_map(|pulse| {
            let beat = pulse.song_beat()?;
            Some((pulse.whole_frame, beat % i64::from(BEATS_PER_BAR) == 0))
        });
        let mut from = 0;
        for (frame, accent) in self.count_in.beats(window.clone()).chain(of_song) {
            let at = (frame - window.start) as usize;
            self.sound(&mut left[from..at], &mut right[from..at]);
            from = at;
            self.strike(accent);
        }
        self.sound(&mut left[from..], &mut right[from..]);
    }

    fn strike(&mut self, accent: bool) {
        self.level = LEVEL;
        self.phase = 0.0;
        self.step = TAU * if accent { ACCENT_HZ } else { BEAT_HZ } / self.sample_rate_hz;
    }

    fn sound(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.level < 1e-5 {
            return;
        }
        for (l, r) in left.iter_mut().zip(right) {
            let sample = self.phase.sin() * self.level;
            *l += sample;
            *r += sample;
            self.phase = (self.phase + self.step) % TAU;
            self.level *= self.decay;
        }
    }

    /// Ends a tone that sounds.
    pub fn silence(&mut self) {
        self.level = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Bpm;

    #[test]
    fn every_beat_begins_on_its_frame() {
        let mut plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        plan.roll(0.0, 500);
        let mut click = Click::new(48_000.0);
        let (mut left, mut right) = (vec![0.0; 60_000], vec![0.0; 60_000]);
        for from in (0..60_000).step_by(160) {
            let window = from as i64..from as i64 + 160;
            click.render(&plan, true, window, &mut left[from..from + 160], &mut right[from..from + 160]);
        }
        // The song starts on the next pulse, frame 1000; a sine's first sample is 0.
        assert!(left[..1001].iter().all(|x| *x == 0.0));
        assert!(left[1001] > 0.0);
        assert!(left[20_000..25_001].iter().all(|x| x.abs() < 1e-4));
        assert!(left[25_001] > 0.01);
        assert_eq!(left, right);
    }
}
