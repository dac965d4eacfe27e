//! Passes of a plan's loop: the pass at a frame, the beginnings of passes, the frames between punch-in and punch-out,
//! the frames of the count-in.
//!
//! Frames are whole. The last pulse at or before a frame decides the frame's pass, so a pass begins at the frame of its
//! first pulse. Realtime: yes (pure arithmetic over the few stretches of a plan).

use super::{Plan, Song, Stretch};
use crate::music::{CountIn, LoopPosition, PPQN, Punch};
use std::ops::Range;

/// The position of a rolling song, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SongTime {
    /// How many times the song has wrapped since it began to roll: 0, 1, 2, …
    pub pass: i64,
    /// Frames from the song's beginning at the present tempo: a tempo change keeps the song pulse, and with it the
    /// pass, and counts the frames anew. Within a pass each frame is one more than the frame before.
    pub song_frame: i64,
}

/// A part of a window of frames in which one pass plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassFrames {
    /// The pass, counted from 0.
    pub pass: i64,
    /// The frames, never empty.
    pub frames: Range<i64>,
}

impl Stretch {
    /// The last run pulse at or before a frame, while the song rolls.
    pub(super) fn run_pulse_at(&self, frame: i64) -> Option<i64> {
        let Song::Rolling { offset_pulses } = self.song else { return None };
        Some(self.next_pulse(frame.saturating_add(1)) - 1 - offset_pulses)
    }

    /// The song position at a frame, while the song rolls.
    pub fn place_at(&self, frame: i64) -> Option<LoopPosition> {
        self.run_pulse_at(frame).map(|run_pulse| self.looping.place(run_pulse))
    }

    /// The frame from which a run pulse counts as played; the minimum if that was before the stretch.
    fn frame_of_run_pulse(&self, run_pulse: i64) -> Option<i64> {
        let Song::Rolling { offset_pulses } = self.song else { return None };
        let pulse = run_pulse.checked_add(offset_pulses)?;
        Some(if pulse < self.first_pulse { i64::MIN } else { self.frame_of(pulse) })
    }

    /// The frame from which the song is at or after a song pulse of a pass.
    fn frame_of_place(&self, pass: i64, song_pulse: i64) -> Option<i64> {
        self.frame_of_run_pulse(self.looping.run_pulse(LoopPosition { pass, song_pulse })?)
    }

    /// The frame at which the song began, or would have begun, for this pass.
    fn zero_frame(&self, pass: i64) -> Option<i64> {
        let Song::Rolling { offset_pulses } = self.song else { return None };
        let run_pulse = self.looping.run_pulse(LoopPosition { pass, song_pulse: 0 })?;
        Some(self.timeline.whole_frame_of(run_pulse.checked_add(offset_pulses)?))
    }

    /// Pass and song frame at a frame, while the song rolls.
    pub fn song_time_at(&self, frame: i64) -> Option<SongTime> {
        let pass = self.place_at(frame)?.pass;
        Some(SongTime { pass, song_frame: frame - self.zero_frame(pass)? })
    }

    /// The frame with this pass and song frame: the inverse of [`song_time_at`](Self::song_time_at). `None` if the pass
    /// does not play that song frame, or the song is stopped.
    pub fn frame_at(&self, time: SongTime) -> Option<i64> {
        let frame = self.zero_frame(time.pass)?.checked_add(time.song_frame)?;
        (self.song_time_at(frame) == Some(time)).then_some(frame)
    }

    /// The passes in a part of its frames, in order; empty if the song is stopped.
    pub fn passes(&self, part: Range<i64>) -> impl Iterator<Item = PassFrames> + use<> {
        let (stretch, Range { start, end }) = (*self, part);
        let cut = move |pass: i64, from: i64| {
            let to = stretch.wrap_frame(pass + 1).unwrap_or(i64::MAX).min(end);
            (from < to).then_some(PassFrames { pass, frames: from..to })
        };
        let first = self.place_at(start).and_then(|place| cut(place.pass, start));
        std::iter::successors(first, move |before| cut(before.pass + 1, before.frames.end))
    }

    /// The frame at which a pass begins by a wrap.
    fn wrap_frame(&self, pass: i64) -> Option<i64> {
        self.frame_of_run_pulse(self.looping.wrap_pulse(pass)?)
    }

    /// Whether the song continues in the stretch `next`, and is not started there.
    fn goes_on_in(&self, next: &Stretch) -> bool {
        let pass = |stretch: &Stretch| stretch.place_at(next.from_frame).map(|place| place.pass);
        self.song == next.song && pass(self) <= pass(next)
    }
}

impl Plan {
    /// Pass and song frame at a frame, while the song rolls.
    pub fn song_time_at(&self, frame: i64) -> Option<SongTime> {
        self.at(frame).song_time_at(frame)
    }

    /// The first frame of a window with this pass and song frame. The same may come again after a locate or a tempo
    /// change.
    pub fn frame_at(&self, time: SongTime, window: Range<i64>) -> Option<i64> {
        self.parts(window).find_map(|(stretch, part)| stretch.frame_at(time).filter(|frame| part.contains(frame)))
    }

    /// The passes in a window of frames, in order; a new part begins with each pass and each stretch.
    pub fn passes(&self, window: Range<i64>) -> impl Iterator<Item = PassFrames> {
        self.parts(window).flat_map(|(stretch, part)| stretch.passes(part))
    }

    /// The frame at which a pass of the last rolling song begins: pass 0 is the start of the song. `None` for a pass
    /// that does not come, and for one that began before the oldest stretch.
    pub fn pass_begins(&self, pass: i64) -> Option<i64> {
        let list = self.stretches();
        let run = list.windows(2).rposition(|pair| !pair[0].goes_on_in(&pair[1])).map_or(0, |before| before + 1);
        for (i, stretch) in list.iter().enumerate().skip(run) {
            if stretch.place_at(stretch.from_frame)?.pass == pass {
                return (i > 0).then_some(stretch.from_frame);
            }
            let ends = list.get(i + 1).map_or(i64::MAX, |next| next.from_frame);
            let wrap_frame = stretch.wrap_frame(pass).filter(|frame| (stretch.from_frame..ends).contains(frame));
            if wrap_frame.is_some() {
                return wrap_frame;
            }
        }
        None
    }

    /// The frames of a window between punch-in and punch-out, with their pass, in order: each pass has its own.
    pub fn punched(&self, punch: Punch, window: Range<i64>) -> impl Iterator<Item = PassFrames> {
        let inside = move |stretch: &Stretch, PassFrames { pass, frames }: PassFrames| {
            let frame_of = |song_pulse: i64| stretch.frame_of_place(pass, song_pulse);
            let from = punch.in_pulse.map_or(Some(i64::MIN), frame_of)?;
            let to = punch.out_pulse.map_or(Some(i64::MAX), frame_of)?;
            let frames = frames.start.max(from)..frames.end.min(to);
            (!frames.is_empty()).then_some(PassFrames { pass, frames })
        };
        self.parts(window)
            .flat_map(move |(stretch, part)| stretch.passes(part).filter_map(move |it| inside(stretch, it)))
    }

    /// A count-in of this many beats before the start of the last rolling song, at its tempo. `None` if the song is
    /// stopped.
    pub fn count_in(&self, beats: u32) -> Option<CountIn> {
        let Stretch { timeline, .. } = self.last();
        let song_frame = self.pass_begins(0)?;
        Some(CountIn { song_frame, beats, beat_frames: timeline.frames_per_pulse() * PPQN as f64 })
    }
}

#[cfg(test)]
mod tests;
