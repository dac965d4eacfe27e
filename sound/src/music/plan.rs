//! The plan of song, tempo and clock by frame, as a short list of stretches.
//!
//! The control thread edits the [`Plan`]; the callback and the MIDI clock read which pulses are in a window of frames.
//! A pulse belongs to exactly one stretch, whatever the edits, because each stretch names its first pulse.

use super::{
    Bpm, LoopRegion, Looping, PPQN, Timeline,
    timeline::{SLACK_FRAMES, rated},
};
use std::ops::Range;

mod passes;
mod steady;

pub use passes::{PassFrames, SongTime};
pub use steady::SteadyPlan;

/// Whether the song rolls, and its position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Song {
    /// Stopped at this (fractional) song pulse.
    Stopped {
        /// Pulses from the beginning of the song.
        at_pulse: f64,
    },
    /// Rolling: run pulse = timeline pulse - `offset_pulses`. Whole, so the song's grid is the clock's grid. The run
    /// pulse is the song pulse until the song wraps in a loop; see [`Looping`].
    Rolling {
        /// The timeline pulse of run pulse 0.
        offset_pulses: i64,
    },
}

/// A mapping of time, valid from a frame until the next stretch begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// First frame of the stretch.
    pub from_frame: i64,
    /// The first pulse that belongs to it, so that no pulse is lost or doubled between two stretches.
    pub first_pulse: i64,
    /// Maps frames to pulses.
    pub timeline: Timeline,
    /// The state of the song.
    pub song: Song,
    /// The loop, and the pass of a rolling song.
    pub looping: Looping,
    /// Whether MIDI clock is sent.
    pub clock_on: bool,
}

impl Stretch {
    /// The (fractional) song pulse at a frame.
    pub fn song_pulse_at(&self, frame: f64) -> f64 {
        match self.song {
            Song::Stopped { at_pulse } => at_pulse,
            Song::Rolling { offset_pulses } => {
                let run_pulse = self.timeline.pulse_at(frame) - offset_pulses as f64;
                self.looping.song_pulse(run_pulse, SLACK_FRAMES / self.timeline.frames_per_pulse())
            }
        }
    }

    /// The song pulse at a pulse of the timeline, or the (fractional) one at which the song is stopped.
    pub fn song_pulse_of(&self, pulse: i64) -> f64 {
        match self.song {
            Song::Stopped { at_pulse } => at_pulse,
            Song::Rolling { offset_pulses } => self.looping.place(pulse - offset_pulses).song_pulse as f64,
        }
    }

    /// Its first pulse that was not emitted before `frame`.
    fn next_pulse(&self, frame: i64) -> i64 {
        if frame <= self.from_frame {
            self.first_pulse
        } else {
            self.timeline.first_pulse_from(frame).max(self.first_pulse)
        }
    }

    /// The frame at which it emits a pulse: one that is mapped before its beginning is emitted at its first frame.
    fn frame_of(&self, pulse: i64) -> i64 {
        self.timeline.whole_frame_of(pulse).max(self.from_frame)
    }

    /// The pulses of this stretch in a part of its frames, in order.
    pub fn pulses(&self, part: Range<i64>) -> impl Iterator<Item = Pulse> + use<> {
        let stretch = *self;
        let Stretch { timeline, song, looping, from_frame, first_pulse, .. } = stretch;
        // A source that ran ahead maps several pulses before the stretch begins: they are all emitted at its first
        // frame.
        let near = if part.start <= from_frame {
            first_pulse
        } else {
            (timeline.pulse_at(part.start as f64).floor() as i64 - 1).max(first_pulse)
        };
        (near..)
            .map(move |pulse| {
                let run_pulse = match song {
                    Song::Rolling { offset_pulses } => Some(pulse - offset_pulses),
                    Song::Stopped { .. } => None,
                };
                Pulse {
                    frame: timeline.frame_of(pulse as f64),
                    whole_frame: stretch.frame_of(pulse),
                    song_pulse: run_pulse.map(|run_pulse| looping.place(run_pulse).song_pulse),
                    run_pulse,
                }
            })
            .skip_while(move |pulse| pulse.whole_frame < part.start)
            .take_while(move |pulse| pulse.whole_frame < part.end)
    }
}

/// One pulse of the MIDI clock grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulse {
    /// Its position in frames, with its fraction.
    pub frame: f64,
    /// The frame at which it is emitted.
    pub whole_frame: i64,
    /// Its song pulse, while the song rolls; inside the loop region if the song wraps.
    pub song_pulse: Option<i64>,
    /// Its run pulse, which does not wrap, as a MIDI clock follower counts.
    pub run_pulse: Option<i64>,
}

impl Pulse {
    /// The song beat that begins here, if one does.
    pub fn song_beat(&self) -> Option<i64> {
        self.song_pulse.filter(|pulse| *pulse >= 0 && pulse % PPQN == 0).map(|pulse| pulse / PPQN)
    }
}

/// Maximum stretches of a plan: those ahead, and enough of the past for a reader that runs behind.
pub const STRETCHES: usize = 8;

/// Maximum changes per second by a followed source. Eight stretches then reach back 230 ms from the newest, which
/// begins at most one spacing and the callback's lead ahead of the output.
pub const FOLLOWS_PER_SECOND: f64 = 30.0;

/// The present and planned stretches, in order of their first frame. Never empty. Plain data of fixed size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    stretches: [Stretch; STRETCHES],
    len: usize,
}

impl Plan {
    /// Stopped at the beginning, from frame 0.
    pub fn new(bpm: Bpm, sample_rate_hz: f64, clock_on: bool) -> Plan {
        let stretch = Stretch {
            from_frame: 0,
            first_pulse: 0,
            timeline: Timeline::new(bpm, sample_rate_hz),
            song: Song::Stopped { at_pulse: 0.0 },
            looping: Looping::default(),
            clock_on,
        };
        Plan { stretches: [stretch; STRETCHES], len: 1 }
    }

    /// A plan of these stretches, oldest first; of too many, the newest are kept.
    ///
    /// Returns `None` for an empty list.
    pub fn from_stretches(list: &[Stretch]) -> Option<Plan> {
        let list = &list[list.len().saturating_sub(STRETCHES)..];
        let mut plan = Plan { stretches: [*list.first()?; STRETCHES], len: list.len() };
        plan.stretches[..list.len()].copy_from_slice(list);
        Some(plan)
    }

    /// The stretches, oldest first.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches[..self.len]
    }

    /// The stretch at a frame; before the first, the first.
    pub fn at(&self, frame: i64) -> &Stretch {
        let list = self.stretches();
        list.iter().rev().find(|s| s.from_frame <= frame).unwrap_or(&list[0])
    }

    /// The stretch after all edits.
    pub fn last(&self) -> &Stretch {
        &self.stretches[self.len - 1]
    }

    /// Each stretch with its part of the window, in order, without empty parts.
    pub fn parts(&self, window: Range<i64>) -> impl Iterator<Item = (&Stretch, Range<i64>)> {
        let list = self.stretches();
        list.iter().enumerate().filter_map(move |(i, stretch)| {
            let begins = if i == 0 { i64::MIN } else { stretch.from_frame };
            let ends = list.get(i + 1).map_or(i64::MAX, |next| next.from_frame);
            let part = window.start.max(begins)..window.end.min(ends);
            (!part.is_empty()).then_some((stretch, part))
        })
    }

    /// The pulses in a window of frames, each exactly once over adjacent windows.
    pub fn pulses(&self, window: Range<i64>) -> impl Iterator<Item = Pulse> {
        self.parts(window).flat_map(|(stretch, part)| stretch.pulses(part))
    }

    /// The first frame after `frame` at which a stretch begins.
    pub fn next_change(&self, frame: i64) -> Option<i64> {
        self.stretches().iter().map(|s| s.from_frame).find(|from| *from > frame)
    }

    /// Adds a stretch at the end. It replaces stretches that begin at its frame or later.
    fn push(&mut self, mut stretch: Stretch) {
        let last = self.last();
        if self.len > 1 && last.from_frame >= stretch.from_frame {
            if last.timeline == stretch.timeline {
                stretch.first_pulse = last.first_pulse;
            }
            self.len -= 1;
        }
        if self.len == STRETCHES {
            self.stretches.copy_within(1.., 0);
            self.len -= 1;
        }
        self.stretches[self.len] = stretch;
        self.len += 1;
    }

    /// The frame at which an edit may take effect, not before `earliest` nor before the planned stretches.
    fn edit_frame(&self, earliest: i64) -> i64 {
        self.last().from_frame.max(earliest)
    }

    /// The number to add to a source's pulse numbers for the plan's, so that the first [`Plan::follow`] moves the clock
    /// by at most half a pulse: `source_pulse` is at `frame`.
    pub fn offset_to(&self, source_pulse: i64, frame: f64) -> i64 {
        let pulse = self.at(frame.floor() as i64).timeline.pulse_at(frame).round() as i64;
        pulse.saturating_sub(source_pulse)
    }

    /// Changes the timeline, in the plan's own pulse numbers, from `earliest` on. The song is unchanged: its pulses
    /// keep their numbers and move to the frames of the new timeline.
    ///
    /// The next pulse is the first that was not emitted yet. One that the new timeline has before the edit is emitted
    /// at the edit's first frame; if the new timeline is behind, the clock waits for it.
    ///
    /// May be called for every pulse of a source: an edit that has not taken effect yet takes the new timeline, and
    /// otherwise the edit waits until [`FOLLOWS_PER_SECOND`] allows another, so that [`STRETCHES`] reach back far
    /// enough for a reader that runs 100 ms behind.
    pub fn follow(&mut self, timeline: Timeline, earliest: i64) {
        let last = *self.last();
        if last.from_frame >= earliest {
            self.stretches[self.len - 1].timeline = timeline;
        } else {
            let spacing_frames = (timeline.sample_rate_hz / FOLLOWS_PER_SECOND).ceil() as i64;
            let from_frame = earliest.max(last.from_frame + spacing_frames);
            let first_pulse = self.last().next_pulse(from_frame);
            self.push(Stretch { from_frame, first_pulse, timeline, ..last });
        }
    }

    /// Starts the song so that its pulse `song_pulse` is at the plan's pulse `plan_pulse`: from that on, or, if it was
    /// emitted already, from `earliest` on as if it had rolled since. The clock's phase does not jump. Returns the
    /// frame.
    pub fn roll_on(&mut self, song_pulse: i64, plan_pulse: i64, earliest: i64) -> i64 {
        let timeline = self.last().timeline;
        let from_frame = self.edit_frame(earliest).max(timeline.whole_frame_of(plan_pulse));
        self.push_song(
            Song::Rolling { offset_pulses: plan_pulse - song_pulse },
            song_pulse as f64,
            timeline,
            from_frame,
        );
        from_frame
    }

    /// The song is at `song_pulse` on `frame` and rolls at this tempo: from `earliest` on, as if it had since. The clock's
    /// phase jumps: it is the tempo of a loop that was played freely. Returns the frame from which on it holds.
    pub fn anchor(&mut self, bpm: Bpm, song_pulse: i64, frame: i64, earliest: i64) -> i64 {
        let from_frame = self.edit_frame(earliest);
        let last = *self.last();
        let mut timeline = Timeline { bpm, origin_pulse: 0, origin_frame: frame as f64, ..last.timeline };
        // The next pulse has the number that is next in the plan.
        timeline.origin_pulse = last.next_pulse(from_frame) - timeline.first_pulse_from(from_frame);
        let song = Song::Rolling { offset_pulses: timeline.origin_pulse - song_pulse };
        let at = timeline.pulse_at(from_frame as f64) - (timeline.origin_pulse - song_pulse) as f64;
        self.push_song(song, at, timeline, from_frame);
        from_frame
    }

    /// Changes the tempo, from the first pulse at `earliest` or later: the phase of the clock does not jump.
    pub fn set_bpm(&mut self, bpm: Bpm, earliest: i64) {
        let last = *self.last();
        let first_pulse = last.timeline.first_pulse_from(self.edit_frame(earliest)).max(last.first_pulse);
        let from_frame = last.timeline.whole_frame_of(first_pulse).max(self.edit_frame(earliest));
        let origin_frame = last.timeline.frame_of(first_pulse as f64);
        let timeline = Timeline { bpm, origin_pulse: first_pulse, origin_frame, ..last.timeline };
        if last.from_frame >= earliest {
            // An edit that has not taken effect yet includes this one, so that turning a knob does not queue tempos.
            let timeline = last.timeline.with_bpm_at(bpm, last.from_frame);
            self.stretches[self.len - 1].timeline = timeline;
        } else {
            self.push(Stretch { from_frame, first_pulse, timeline, ..last });
        }
    }

    /// Starts the song at `song_pulse`, at the first frame from `earliest` on where the song's grid meets the clock's:
    /// at most one pulse later, and the clock's phase does not jump. Without a clock it starts at once. Returns the
    /// frame.
    pub fn roll(&mut self, song_pulse: f64, earliest: i64) -> i64 {
        let last = *self.last();
        let earliest = self.edit_frame(earliest);
        let mut timeline = last.timeline;
        let (from_frame, offset_pulses) = if last.clock_on {
            let mut offset = (timeline.pulse_at(earliest as f64) - song_pulse).floor() as i64;
            let frame = |offset: i64| (timeline.frame_of(song_pulse + offset as f64) + 1e-3).floor() as i64;
            // With a source that fell back, the grid's pulses are emitted already until it has caught up.
            let next_pulse = self.last().next_pulse(earliest);
            while frame(offset) < earliest || song_pulse.ceil() as i64 + offset < next_pulse {
                offset += 1;
            }
            (frame(offset), offset)
        } else {
            let offset = last.timeline.first_pulse_from(earliest);
            let next = song_pulse.ceil();
            timeline.origin_pulse = next as i64 + offset;
            timeline.origin_frame = earliest as f64 + (next - song_pulse) * timeline.frames_per_pulse();
            (earliest, offset)
        };
        self.push_song(Song::Rolling { offset_pulses }, song_pulse, timeline, from_frame);
        from_frame
    }

    /// Stops the song at `song_pulse`, from `earliest` on.
    pub fn stand(&mut self, song_pulse: f64, earliest: i64) {
        let timeline = self.last().timeline;
        self.push_song(Song::Stopped { at_pulse: song_pulse }, song_pulse, timeline, self.edit_frame(earliest));
    }

    /// Continues or stops the song at this song pulse.
    fn push_song(&mut self, song: Song, song_pulse: f64, timeline: Timeline, from_frame: i64) {
        let last = *self.last();
        let first_pulse = if timeline == last.timeline {
            self.last().next_pulse(from_frame)
        } else {
            timeline.first_pulse_from(from_frame)
        };
        let looping = match song {
            Song::Rolling { .. } => Looping::rolling(last.looping.region, song_pulse),
            Song::Stopped { .. } => Looping::standing(last.looping.region),
        };
        self.push(Stretch { from_frame, first_pulse, timeline, song, looping, ..last });
    }

    /// Changes the loop region from `earliest` on. A rolling song keeps its position and its pass, and the clock
    /// continues; if its position is after the new region's end, see [`Looping::with_region`].
    pub fn set_loop(&mut self, region: Option<LoopRegion>, earliest: i64) {
        let last = *self.last();
        if last.looping.region == region {
            return;
        }
        let from_frame = self.edit_frame(earliest);
        let looping = match last.run_pulse_at(from_frame) {
            Some(run_pulse) => last.looping.with_region(region, run_pulse),
            None => Looping::standing(region),
        };
        let first_pulse = last.next_pulse(from_frame);
        self.push(Stretch { from_frame, first_pulse, looping, ..last });
    }

    /// Changes the frame rate from `frame` on: song and clock continue at their positions, and planned stretches begin
    /// at the same time as before.
    pub fn set_rate(&mut self, sample_rate_hz: f64, frame: i64) {
        let current = *self.at(frame);
        let ratio = sample_rate_hz / current.timeline.sample_rate_hz;
        let mut list: Vec<Stretch> = self.stretches().iter().filter(|it| it.from_frame < frame).copied().collect();
        let mut last = Stretch {
            from_frame: frame,
            first_pulse: current.next_pulse(frame),
            timeline: current.timeline.at_rate(sample_rate_hz, frame),
            ..current
        };
        list.push(last);
        let mut was = current;
        for later in self.stretches().iter().filter(|it| it.from_frame > frame) {
            let mut from_frame = rated(later.from_frame as f64, frame, ratio).round() as i64;
            if was.next_pulse(later.from_frame) == later.first_pulse {
                // Between the same two pulses as before: rounding must not move it past one.
                from_frame =
                    from_frame.max(last.frame_of(later.first_pulse - 1) + 1).min(last.frame_of(later.first_pulse));
            }
            from_frame = from_frame.max(last.from_frame);
            was = *later;
            last = Stretch { from_frame, timeline: later.timeline.at_rate(sample_rate_hz, frame), ..*later };
            list.push(last);
        }
        if let Some(plan) = Plan::from_stretches(&list) {
            *self = plan;
        }
    }

    /// Switches MIDI clock on or off from `earliest` on.
    pub fn set_clock(&mut self, clock_on: bool, earliest: i64) {
        let last = *self.last();
        let from_frame = self.edit_frame(earliest);
        let first_pulse = self.last().next_pulse(from_frame);
        self.push(Stretch { from_frame, first_pulse, clock_on, ..last });
    }
}

#[cfg(test)]
mod tests;
