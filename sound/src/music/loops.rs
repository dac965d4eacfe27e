//! The loop region of the song, and the mapping that wraps the song in it. Pure, of fixed size, read by every thread.
//!
//! A rolling song has two pulse numbers. The *run pulse* counts with the MIDI clock and never wraps; the *song pulse*
//! wraps from the end of the loop region to its beginning. [`Looping`] maps one to the other. The pass of any pulse is
//! computed, not counted, so a wrap needs no action of the control thread and passes do not drift.
//!
//! MIDI clock followers count run pulses. Across a wrap they receive even pulses only: no STOP, no song position, no
//! CONTINUE. When a follower starts or continues, its song position pointer is the *song* position of that pulse, with
//! START at the song's beginning; so stop and continue inside a loop bring followers back to the song position.

use super::{
    PPQN,
    position::{BAR_PULSES, MAX_BAR},
};
use std::ops::Range;

/// The last pulse a loop region may end on: the end of the last bar that a position can name.
pub const MAX_LOOP_PULSE: i64 = MAX_BAR as i64 * BAR_PULSES;

/// A start closer than this to the loop's end, in pulses, counts as at its end (rounding). Shorter than the thousandth
/// of a frame within which [`Looping::song_pulse`] counts a pulse as reached.
const ROUNDING_PULSES: f64 = 1e-9;

/// A part of the song, in whole song pulses: after its last pulse comes its first.
///
/// Realtime: yes (pure arithmetic).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopRegion {
    from_pulse: i64,
    to_pulse: i64,
}

/// Why a part of the song is no loop region. The loop stays unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a loop is at least one beat long and lies between 1:1:0 and the end of bar {MAX_BAR}")]
pub struct NotALoop;

impl LoopRegion {
    /// The loop from `pulses.start` to before `pulses.end`: at least [`PPQN`] long, within 0..=[`MAX_LOOP_PULSE`].
    pub fn new(pulses: Range<i64>) -> Result<LoopRegion, NotALoop> {
        let fits = pulses.start >= 0 && pulses.end <= MAX_LOOP_PULSE && pulses.end.saturating_sub(pulses.start) >= PPQN;
        if fits { Ok(LoopRegion { from_pulse: pulses.start, to_pulse: pulses.end }) } else { Err(NotALoop) }
    }

    /// Its song pulses.
    pub fn pulses(self) -> Range<i64> {
        self.from_pulse..self.to_pulse
    }

    /// Its length in pulses, [`PPQN`] or more.
    pub fn len_pulses(self) -> i64 {
        self.to_pulse - self.from_pulse
    }

    /// How many times the song wraps until this pulse.
    fn wraps_before(self, unwrapped_pulse: i64) -> i64 {
        if unwrapped_pulse < self.to_pulse { 0 } else { (unwrapped_pulse - self.from_pulse) / self.len_pulses() }
    }
}

/// A position of a rolling song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoopPosition {
    /// How many times the song has wrapped since it began to roll: 0, 1, 2, …
    pub pass: i64,
    /// Pulses from the song's beginning.
    pub song_pulse: i64,
}

/// Maps run pulses to song pulses. Without a loop they are equal.
///
/// A song that begins before the end of the region plays into it and wraps; one that begins after it does not.
/// Realtime: yes (pure arithmetic).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Looping {
    /// The region; none by default.
    pub region: Option<LoopRegion>,
    /// Whether the song wraps at the region's end. Only with a region.
    pub wraps: bool,
    /// The run pulse of the song's pulse 0 in pass `pass`.
    pub zero_pulse: i64,
    /// The pass before the first wrap.
    pub pass: i64,
}

impl Looping {
    /// The song is stopped.
    pub fn standing(region: Option<LoopRegion>) -> Looping {
        Looping { region, ..Looping::default() }
    }

    /// The song begins to roll at a (fractional) song pulse, which is also its run pulse.
    pub fn rolling(region: Option<LoopRegion>, start_pulse: f64) -> Looping {
        let wraps = region.is_some_and(|region| start_pulse < region.to_pulse as f64 - ROUNDING_PULSES);
        Looping { wraps, ..Looping::standing(region) }
    }

    /// The region, if the song wraps in it.
    pub fn wrapping(&self) -> Option<LoopRegion> {
        self.region.filter(|_| self.wraps)
    }

    /// The song position at a run pulse.
    pub fn place(&self, run_pulse: i64) -> LoopPosition {
        let unwrapped_pulse = run_pulse - self.zero_pulse;
        let Some(region) = self.wrapping() else {
            return LoopPosition { pass: self.pass, song_pulse: unwrapped_pulse };
        };
        let wraps = region.wraps_before(unwrapped_pulse);
        LoopPosition { pass: self.pass + wraps, song_pulse: unwrapped_pulse - wraps * region.len_pulses() }
    }

    /// The run pulse of a position, the inverse of [`place`](Self::place). A song pulse that the pass does not play has
    /// the run pulse it would have if the pass were longer. `None` for a pass that does not come.
    pub fn run_pulse(&self, place: LoopPosition) -> Option<i64> {
        let passes = place.pass.checked_sub(self.pass).filter(|passes| *passes >= 0)?;
        let skipped_pulses = match self.wrapping() {
            Some(region) => region.len_pulses().checked_mul(passes)?,
            None if passes == 0 => 0,
            None => return None,
        };
        self.zero_pulse.checked_add(skipped_pulses)?.checked_add(place.song_pulse)
    }

    /// The run pulse at which a pass begins by a wrap.
    pub fn wrap_pulse(&self, pass: i64) -> Option<i64> {
        let region = self.wrapping().filter(|_| pass > self.pass)?;
        self.run_pulse(LoopPosition { pass, song_pulse: region.from_pulse })
    }

    /// The (fractional) song pulse at a (fractional) run pulse, before the region's end if the song wraps. A whole
    /// pulse that is at most `slack_pulses` ahead counts as reached.
    pub fn song_pulse(&self, run_pulse: f64, slack_pulses: f64) -> f64 {
        if self.wrapping().is_none() {
            return run_pulse - self.zero_pulse as f64;
        }
        let reached = (run_pulse + slack_pulses).floor() as i64;
        let song_pulse = self.place(reached).song_pulse;
        song_pulse as f64 + (run_pulse - reached as f64).max(0.0)
    }

    /// Changes the region, from the time on when `run_pulse` was the last pulse. The song keeps its position and its
    /// pass. If a song inside its loop would be after the new region's end, it begins the next pass instead, at the
    /// same position modulo the new length: shortening a loop does not leave it.
    pub fn with_region(&self, region: Option<LoopRegion>, run_pulse: i64) -> Looping {
        let LoopPosition { pass, song_pulse } = self.place(run_pulse);
        let is_inside = self.wrapping().is_some_and(|region| song_pulse >= region.from_pulse);
        let wraps = region.is_some_and(|region| is_inside || song_pulse < region.to_pulse);
        let skipped = region.filter(|_| wraps).map_or(0, |region| region.wraps_before(song_pulse));
        let pass = if skipped > 0 { pass + 1 - skipped } else { pass };
        Looping { region, wraps, zero_pulse: run_pulse - song_pulse, pass }
    }
}

/// The range of recording in the song, in whole song pulses; without a loop, or in every pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Punch {
    /// The first song pulse that is recorded; `None` for the beginning of each pass.
    pub in_pulse: Option<i64>,
    /// The first song pulse that is not recorded any more; `None` for the end of each pass.
    pub out_pulse: Option<i64>,
}

#[cfg(test)]
mod tests;
