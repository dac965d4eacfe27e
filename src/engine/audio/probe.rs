//! The probe that measures the round trip, added to both outputs from a given frame of the engine's clock on. Called by the
//! renderer; the start frame is a level: the newest wins. Realtime: yes.

use busker_sound::{
    MAX_BLOCK,
    latest::{LevelReader, LevelWriter, Words, level},
    mixer::Gain,
    probe::Probe,
};
use std::ops::Range;

/// The frame on which the probe starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeStart(i64);

impl ProbeStart {
    /// No probe; one that sounds fades out over a block.
    pub const NEVER: ProbeStart = ProbeStart(i64::MAX);

    /// On this frame.
    pub fn at(frame: i64) -> ProbeStart {
        ProbeStart(frame)
    }
}

impl Words<1> for ProbeStart {
    fn to_words(self) -> [u64; 1] {
        [self.0 as u64]
    }

    fn from_words([word]: [u64; 1]) -> ProbeStart {
        ProbeStart(word as i64)
    }
}

/// The control thread's half.
pub type ProbeWriter = LevelWriter<ProbeStart, 1>;

/// Plays the probe.
pub struct ProbePlayer {
    probe: Probe,
    levels: LevelReader<ProbeStart, 1>,
    start: ProbeStart,
    gain: Gain,
    block: Vec<f32>,
}

impl ProbePlayer {
    /// Both halves, silent. Realtime: no.
    pub fn new(sample_rate_hz: f64) -> (ProbePlayer, ProbeWriter) {
        let (writer, levels) = level(ProbeStart::NEVER);
        let probe = Probe::new(sample_rate_hz);
        let (gain, block) = (Gain::new(1.0), vec![0.0; MAX_BLOCK]);
        (ProbePlayer { probe, levels, start: ProbeStart::NEVER, gain, block }, writer)
    }

    /// Blocks are of another rate from the next on: a probe that sounds ends. Realtime: no.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.probe = Probe::new(sample_rate_hz);
        self.start = ProbeStart::NEVER;
    }

    /// Adds the probe's samples of a window of frames to both sides.
    pub fn add_to(&mut self, window: Range<i64>, [left, right]: [&mut [f32]; 2]) {
        let next = self.levels.changed().copied().filter(|next| *next != self.start);
        let frames = (window.end - window.start) as usize;
        // The window's first frame in the probe; negative before the probe starts.
        let at = window.start.saturating_sub(self.start.0);
        if at < self.probe.samples().len() as i64 && at > -(frames as i64) {
            let block = &mut self.block[..frames];
            let samples = self.probe.samples();
            for (place, to) in (at..).zip(block.iter_mut()) {
                *to = usize::try_from(place).ok().and_then(|place| samples.get(place)).copied().unwrap_or(0.0);
            }
            if next.is_some() {
                self.gain.set(0.0);
            }
            self.gain.apply(block);
            for (to, x) in left.iter_mut().zip(right).zip(block) {
                *to.0 += *x;
                *to.1 += *x;
            }
        }
        if let Some(next) = next {
            (self.start, self.gain) = (next, Gain::new(1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(player: &mut ProbePlayer, window: Range<i64>) -> Vec<f32> {
        let frames = (window.end - window.start) as usize;
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        player.add_to(window, [&mut left, &mut right]);
        assert_eq!(left, right);
        left
    }

    #[test]
    fn the_probe_begins_on_its_frame_however_blocks_lie() {
        let (mut player, mut start) = ProbePlayer::new(48_000.0);
        // What is asked in a block is played from the next one on.
        assert!(played(&mut player, 0..500).iter().all(|x| *x == 0.0));
        start.change(|start| *start = ProbeStart::at(1234));
        let mut heard = vec![0.0; 500];
        for from in (500..40_000).step_by(100) {
            heard.extend(played(&mut player, from..from + 100));
        }
        let probe = Probe::new(48_000.0);
        let end = 1234 + probe.samples().len();
        assert_eq!(heard[1234..end], *probe.samples());
        assert!(heard[..1234].iter().chain(&heard[end..]).all(|x| *x == 0.0));
    }

    #[test]
    fn a_probe_that_is_ended_fades_over_a_block_and_another_is_whole() {
        let (mut player, mut start) = ProbePlayer::new(48_000.0);
        start.change(|start| *start = ProbeStart::at(0));
        played(&mut player, 0..0);
        for from in (0..4000).step_by(1000) {
            played(&mut player, from..from + 1000);
        }
        start.change(|start| *start = ProbeStart::NEVER);
        let fading = played(&mut player, 4000..4512);
        let probe = Probe::new(48_000.0);
        let full = &probe.samples()[4000..4512];
        assert!(fading.iter().zip(full).all(|(x, full)| x.abs() <= full.abs() + 1e-9));
        assert!((fading[0] - full[0]).abs() < 0.01 && fading[511].abs() < 1e-6);
        assert!(played(&mut player, 4512..5000).iter().all(|x| *x == 0.0));
        start.change(|start| *start = ProbeStart::at(6000));
        played(&mut player, 5000..5500);
        assert_eq!(played(&mut player, 5500..6500)[500..], probe.samples()[..500]);
    }
}
