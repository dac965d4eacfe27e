//! The count-in: beats of click before the song begins. Pure.

use super::position::BEATS_PER_BAR;
use std::ops::Range;

/// The beats of click before the song begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountIn {
    /// The frame of the song's beginning: the beat after the last.
    pub song_frame: i64,
    /// The number of beats.
    pub beats: u32,
    /// Frames from beat to beat.
    pub beat_frames: f64,
}

impl CountIn {
    /// No count-in.
    pub const NONE: CountIn = CountIn { song_frame: 0, beats: 0, beat_frames: 1.0 };

    /// The frames of the count-in: from the first beat to before the song. Realtime: yes.
    pub fn frames(self) -> Range<i64> {
        self.frame_of(0)..self.song_frame
    }

    /// The beats in a window of frames: the frame of each, and whether a bar begins there. Realtime: yes.
    pub fn beats(self, window: Range<i64>) -> impl Iterator<Item = (i64, bool)> {
        (0..self.beats).filter_map(move |beat| {
            let frame = self.frame_of(beat);
            window.contains(&frame).then_some((frame, beat % BEATS_PER_BAR == 0))
        })
    }

    /// The frame of a beat, counted from 0.
    fn frame_of(self, beat: u32) -> i64 {
        let left = self.beats - beat;
        self.song_frame - (f64::from(left) * self.beat_frames).round() as i64
    }
}
