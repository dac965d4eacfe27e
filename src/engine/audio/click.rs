//! The metronome: a short tone on every beat of the song, higher on the first of a bar. Called by the renderer. Its
//! switch and the count-in are a level: the newest wins.

use crate::music::{CountIn, Plan, position::BEATS_PER_BAR};
use busker_sound::latest::{LevelReader, LevelWriter, Words, level};
use std::{f32::consts::TAU, ops::Range};

/// Pitch of the first beat of a bar, in Hz.
const ACCENT_HZ: f32 = 1568.0;
/// Pitch of the other beats, in Hz.
const BEAT_HZ: f32 = 1047.0;
/// The tone fades by 60 dB in this time.
const DECAY_SECONDS: f32 = 0.05;
/// Level of the tone, 1.0 = full scale: -12 dB.
const LEVEL: f32 = 0.25;

/// Settings of the metronome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClickLevels {
    /// Whether the beats of the song sound.
    pub on: bool,
    /// The beats before the song.
    pub count_in: CountIn,
}

impl Words<4> for ClickLevels {
    fn to_words(self) -> [u64; 4] {
        let CountIn { song_frame, beats, beat_frames } = self.count_in;
        [u64::from(self.on), song_frame as u64, u64::from(beats), beat_frames.to_bits()]
    }

    fn from_words([on, song_frame, beats, beat_frames]: [u64; 4]) -> ClickLevels {
        let count_in =
            CountIn { song_frame: song_frame as i64, beats: beats as u32, beat_frames: f64::from_bits(beat_frames) };
        ClickLevels { on: on != 0, count_in }
    }
}

/// The metronome's state. Realtime: yes.
#[derive(Debug)]
pub struct Click {
    levels: LevelReader<ClickLevels, 4>,
    now: ClickLevels,
    sample_rate_hz: f32,
    level: f32,
    phase: f32,
    step: f32,
    decay: f32,
}

impl Click {
    /// A metronome that is off, and the writer of its settings. Realtime: no.
    pub fn new(sample_rate_hz: f64) -> (Click, LevelWriter<ClickLevels, 4>) {
        let now = ClickLevels { on: false, count_in: CountIn::NONE };
        let (writer, levels) = level(now);
        let mut click = Click { levels, now, sample_rate_hz: 0.0, level: 0.0, phase: 0.0, step: 0.0, decay: 0.0 };
        click.set_rate(sample_rate_hz);
        (click, writer)
    }

    /// Blocks are of another rate from the next on: tones and count-in end.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.sample_rate_hz = sample_rate_hz as f32;
        self.decay = 10.0_f32.powf(-3.0 / (DECAY_SECONDS * self.sample_rate_hz));
        (self.level, self.phase, self.step, self.now.count_in) = (0.0, 0.0, 0.0, CountIn::NONE);
    }

    /// Adds a block to both sides: the metronome in a window of frames.
    pub fn add_to(&mut self, plan: &Plan, window: Range<i64>, [left, right]: [&mut [f32]; 2]) {
        if let Some(levels) = self.levels.changed() {
            if self.now.on && !levels.on {
                self.level = 0.0;
            }
            self.now = *levels;
        }
        if self.now.on || (self.now.count_in.beats > 0 && window.start <= self.now.count_in.song_frame) {
            self.render(plan, window, left, right);
        }
    }

    /// Adds the beats of a window of frames to both channels, each on its frame: those before the song, and those of the
    /// song where it is on.
    fn render(&mut self, plan: &Plan, window: Range<i64>, left: &mut [f32], right: &mut [f32]) {
        let ClickLevels { on, count_in } = self.now;
        let of_song = plan.pulses(window.clone()).filter(|_| on).filter_map(|pulse| {
            let beat = pulse.song_beat()?;
            Some((pulse.whole_frame, beat % i64::from(BEATS_PER_BAR) == 0))
        });
        let mut from = 0;
        for (frame, accent) in count_in.beats(window.clone()).chain(of_song) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Bpm;

    #[test]
    fn every_beat_begins_on_its_frame() {
        let mut plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        plan.roll(0.0, 500);
        let (mut click, mut levels) = Click::new(48_000.0);
        levels.change(|levels| levels.on = true);
        let (mut left, mut right) = (vec![0.0; 60_000], vec![0.0; 60_000]);
        for from in (0..60_000).step_by(160) {
            let window = from as i64..from as i64 + 160;
            click.add_to(&plan, window, [&mut left[from..from + 160], &mut right[from..from + 160]]);
        }
        // The song starts on the next pulse, frame 1000; a sine's first sample is 0.
        assert!(left[..1001].iter().all(|x| *x == 0.0));
        assert!(left[1001] > 0.0);
        assert!(left[20_000..25_001].iter().all(|x| x.abs() < 1e-4));
        assert!(left[25_001] > 0.01);
        assert_eq!(left, right);
    }
}
