//! What the musician plays, heard through the strips of the tracks that listen to it: in the outputs of the same block, and
//! in nothing else. An input that a track listens to is the track's alone: the monitor of all inputs leaves it out, so that
//! it is never heard twice.
//!
//! What the tracks listen to is a level, the newest wins; a block goes from one to the next without a step, and a track that
//! goes over to another input falls silent first. Called by the renderer. Realtime: yes.

use crate::taps::{Side, Tap};
use busker_sound::{
    MAX_BLOCK,
    latest::{LevelReader, LevelWriter, Words, level},
    mixer::{Gain, TRACKS},
};

/// The linear level at which a track that is to be heard in any case plays its input while the monitor of all inputs is off.
pub const TRACK_MONITOR_LEVEL: f32 = 0.7;
/// Numbers that [`TrackInputs`] cross threads as.
const WORDS: usize = 2 * TRACKS + 1;
/// The code of the built-in synth's left side; the right one follows.
const SYNTH: u16 = Tap::HIGHEST_INPUT + 1;

/// What one track listens to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrackInput {
    /// One tap, which is heard on both sides, or one for each; codes of [`TrackInput::code`], 0 is none.
    pub taps: [u16; 2],
    /// Whether its taps are its own, heard or not.
    pub is_claimed: bool,
    /// It is heard even while the monitor of all inputs is off.
    pub is_forced: bool,
    /// Linear gains of left and right; 0 where it is not heard.
    pub sides: [f32; 2],
}

impl TrackInput {
    /// A tap as a number; 0 for one that is not listened to, because it would feed back.
    pub fn code(tap: Tap) -> u16 {
        match tap {
            Tap::Input(input) => input,
            Tap::Synth(Side::Left) => SYNTH,
            Tap::Synth(Side::Right) => SYNTH + 1,
            Tap::Master(_) => 0,
        }
    }

    /// The tap that a side hears.
    fn of_side(taps: [u16; 2], side: usize) -> u16 {
        if taps[1] == 0 { taps[0] } else { taps[side] }
    }
}

/// What all tracks listen to, in the order of their strips.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrackInputs {
    /// Each.
    pub tracks: [TrackInput; TRACKS],
    /// Nothing of it is heard.
    pub is_muted: bool,
}

impl Words<WORDS> for TrackInputs {
    fn to_words(self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        words[0] = u64::from(self.is_muted);
        for (words, track) in words[1..].as_chunks_mut().0.iter_mut().zip(self.tracks) {
            let [a, b] = track.taps.map(u64::from);
            let [left, right] = track.sides.map(|side| u64::from(side.to_bits()));
            *words = [
                a | b << 16 | u64::from(track.is_claimed) << 32 | u64::from(track.is_forced) << 33,
                left << 32 | right,
            ];
        }
        words
    }

    fn from_words(words: [u64; WORDS]) -> TrackInputs {
        let mut inputs = TrackInputs { is_muted: words[0] != 0, ..TrackInputs::default() };
        for (track, [taps, sides]) in inputs.tracks.iter_mut().zip(words[1..].as_chunks().0) {
            *track = TrackInput {
                taps: [*taps as u16, (*taps >> 16) as u16],
                is_claimed: *taps >> 32 & 1 != 0,
                is_forced: *taps >> 33 & 1 != 0,
                sides: [f32::from_bits((*sides >> 32) as u32), f32::from_bits(*sides as u32)],
            };
        }
        inputs
    }
}

/// Changes what the tracks listen to.
pub type TrackInputsWriter = LevelWriter<TrackInputs, WORDS>;

/// What one track hears at the moment.
#[derive(Clone, Copy)]
struct Listening {
    taps: [u16; 2],
    gains: [Gain; 2],
}

/// The inputs in the strips of tracks.
pub struct TrackMonitor {
    levels: LevelReader<TrackInputs, WORDS>,
    wanted: TrackInputs,
    tracks: [Listening; TRACKS],
    /// The codes of the recorded inputs.
    sources: Vec<u16>,
    sides: [Vec<f32>; 2],
    room: Vec<f32>,
    is_heard: bool,
    has_claims: bool,
}

impl TrackMonitor {
    /// Tracks that listen to nothing, beside these recorded inputs, and the writer of what they listen to. Realtime: no.
    pub fn new(sources: Vec<u16>) -> (TrackMonitor, TrackInputsWriter) {
        let (writer, levels) = level(TrackInputs::default());
        let block = || vec![0.0; MAX_BLOCK];
        let silent = Listening { taps: [0; 2], gains: [Gain::new(0.0); 2] };
        let monitor = TrackMonitor {
            levels,
            wanted: TrackInputs::default(),
            tracks: [silent; TRACKS],
            sources,
            sides: [block(), block()],
            room: block(),
            is_heard: false,
            has_claims: false,
        };
        (monitor, writer)
    }

    /// A block begins; the monitor of all inputs stands at this linear gain.
    pub fn begin(&mut self, frames: usize, monitor: f32) {
        if let Some(levels) = self.levels.changed() {
            self.wanted = *levels;
        }
        let forced = if monitor > 0.0 { monitor } else { TRACK_MONITOR_LEVEL };
        (self.is_heard, self.has_claims) = (false, false);
        for (track, wanted) in self.tracks.iter_mut().zip(&self.wanted.tracks) {
            if track.gains.iter().all(Gain::is_off) {
                track.taps = wanted.taps;
            }
            let level = if wanted.is_forced { forced } else { monitor };
            let is_there = track.taps == wanted.taps && !self.wanted.is_muted;
            for (gain, side) in track.gains.iter_mut().zip(wanted.sides) {
                gain.set(if is_there { side * level } else { 0.0 });
            }
            self.is_heard |= !track.gains.iter().all(Gain::is_off);
            self.has_claims |= wanted.is_claimed;
        }
        if self.is_heard {
            self.sides.iter_mut().for_each(|side| side[..frames].fill(0.0));
        }
    }

    /// Whether recorded input `i` is that of a track.
    pub fn claims(&self, i: usize) -> bool {
        let Some(code) = self.sources.get(i).filter(|_| self.has_claims) else { return false };
        self.wanted.tracks.iter().any(|track| track.is_claimed && track.taps.contains(code))
    }

    /// Recorded input `i` of this block.
    pub fn hear(&mut self, i: usize, samples: &[f32]) {
        if let Some(code) = self.sources.get(i).copied().filter(|_| self.is_heard) {
            self.hear_code(code, samples);
        }
    }

    /// The inputs of the device that are not recorded, by their number from 0.
    pub fn hear_others<'a>(&mut self, device: impl Fn(usize) -> &'a [f32]) {
        if !self.is_heard {
            return;
        }
        for i in 0..TRACKS {
            let Listening { taps, gains } = self.tracks[i];
            for (side, gain) in gains.iter().enumerate() {
                let code = TrackInput::of_side(taps, side);
                let is_other = (1..SYNTH).contains(&code) && !self.sources.contains(&code);
                if is_other && !gain.is_off() {
                    self.add(i, side, device(usize::from(code) - 1));
                }
            }
        }
    }

    fn hear_code(&mut self, code: u16, samples: &[f32]) {
        for i in 0..TRACKS {
            let Listening { taps, gains } = self.tracks[i];
            for (side, gain) in gains.iter().enumerate() {
                if TrackInput::of_side(taps, side) == code && !gain.is_off() {
                    self.add(i, side, samples);
                }
            }
        }
    }

    /// Adds a side of a track.
    fn add(&mut self, track: usize, side: usize, samples: &[f32]) {
        let room = &mut self.room[..samples.len()];
        room.copy_from_slice(samples);
        self.tracks[track].gains[side].apply(room);
        self.sides[side].iter_mut().zip(room).for_each(|(sum, sample)| *sum += *sample);
    }

    /// Adds what is heard to both sides of the outputs; the block ends.
    pub fn add_to(&mut self, outputs: [&mut [f32]; 2]) {
        if self.is_heard {
            for (out, sum) in outputs.into_iter().zip(&self.sides) {
                out.iter_mut().zip(sum).for_each(|(out, sample)| *out += sample);
            }
            // An input that is not there was not heard.
            self.tracks.iter_mut().flat_map(|track| &mut track.gains).for_each(Gain::arrive);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: usize = 64;

    /// Inputs 1 to 3 are at these levels; 1 and 2 are recorded.
    fn block(monitor: &mut TrackMonitor, all: f32) -> [Vec<f32>; 2] {
        monitor.begin(FRAMES, all);
        monitor.hear(0, &[1.0; FRAMES]);
        monitor.hear(1, &[0.5; FRAMES]);
        monitor.hear_others(|input| if input == 2 { &[0.25; FRAMES] } else { &[9.0; FRAMES] });
        let mut out = [vec![0.0; FRAMES], vec![0.0; FRAMES]];
        let [left, right] = &mut out;
        monitor.add_to([left, right]);
        out
    }

    fn listen(writer: &mut TrackInputsWriter, track: usize, taps: [u16; 2], sides: [f32; 2]) {
        let input = TrackInput { taps, is_claimed: true, is_forced: track == 0, sides };
        writer.change(|inputs| inputs.tracks[track] = input);
    }

    #[test]
    fn an_input_is_heard_through_the_strip_of_the_track_that_listens_to_it_and_claimed_once() {
        let (mut monitor, mut writer) = TrackMonitor::new(vec![1, 2]);
        assert_eq!(block(&mut monitor, 1.0), [vec![0.0; FRAMES], vec![0.0; FRAMES]]);
        assert!(!monitor.claims(0) && !monitor.claims(1));
        listen(&mut writer, 4, [2, 0], [0.5, 0.25]);
        listen(&mut writer, 0, [1, 3], [1.0, 1.0]);
        let way = block(&mut monitor, 1.0);
        assert!(way[0].windows(2).all(|pair| pair[1] - pair[0] < 0.05), "without a step");
        assert!(monitor.claims(0) && monitor.claims(1));
        assert_eq!(block(&mut monitor, 1.0), [vec![1.25; FRAMES], vec![0.375; FRAMES]]);
        // Where the monitor of all inputs is off, only those are heard that are to be heard in any case.
        block(&mut monitor, 0.0);
        assert_eq!(block(&mut monitor, 0.0)[0], [TRACK_MONITOR_LEVEL; FRAMES]);
        writer.change(|inputs| inputs.is_muted = true);
        block(&mut monitor, 1.0);
        assert_eq!(block(&mut monitor, 1.0), [vec![0.0; FRAMES], vec![0.0; FRAMES]]);
    }

    #[test]
    fn a_track_goes_over_to_another_input_without_a_step() {
        let (mut monitor, mut writer) = TrackMonitor::new(vec![1, 2]);
        listen(&mut writer, 0, [1, 0], [1.0, 1.0]);
        let mut all = Vec::new();
        for i in 0..6 {
            if i == 3 {
                listen(&mut writer, 0, [2, 0], [1.0, 1.0]);
            }
            all.extend(block(&mut monitor, 1.0)[0].clone());
        }
        assert!(all.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.05));
        assert_eq!((all[2 * FRAMES], all[6 * FRAMES - 1]), (1.0, 0.5));
    }

    #[test]
    fn what_was_written_arrives() {
        let (mut writer, mut reader) = level(TrackInputs::default());
        let mut all = TrackInputs { is_muted: true, ..TrackInputs::default() };
        all.tracks[31] = TrackInput { taps: [256, 258], is_claimed: false, is_forced: true, sides: [0.25, -0.5] };
        writer.change(|inputs| *inputs = all);
        assert_eq!(reader.changed(), Some(&all));
    }
}
