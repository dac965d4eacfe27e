//! Converts frames to ticks of a MIDI file, by the tempos of the file. Pure.
//!
//! A MIDI file's tempo is whole microseconds a quarter note, so a tick is a whole number of [units](Segment). All
//! arithmetic is in whole numbers: an instant is rounded once, to its tick, and roundings never add up.

use std::ops::RangeInclusive;

/// Ticks of a quarter note.
pub const TICKS_PER_QUARTER: u16 = 960;
/// Range of tempos in a file, in quarter notes per minute; others are clamped.
const BPMS: RangeInclusive<f64> = 4.0..=1000.0;
/// Time units per second: at a tempo of n µs a quarter note, a tick is n units.
const UNITS_PER_SECOND: u128 = 1_000_000 * TICKS_PER_QUARTER as u128;

/// A tempo and its first frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoFrom {
    /// Counted from the take's first frame.
    pub frame: u64,
    /// Quarter notes per minute, 4..=1000.
    pub bpm: f64,
}

impl TempoFrom {
    /// The tempo in the file, in µs.
    fn us_per_quarter(self) -> u32 {
        let bpm = if self.bpm.is_nan() { 120.0 } else { self.bpm.clamp(*BPMS.start(), *BPMS.end()) };
        (60e6 / bpm).round() as u32
    }
}

/// From one tempo to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its first tick.
    pub tick: u64,
    /// Its exact time for a player of the file, in units.
    units: u128,
    /// Its tempo.
    pub us_per_quarter: u32,
}

/// The tempos of a file.
pub(super) struct TempoMap {
    rate_hz: u128,
    segments: Vec<Segment>,
}

impl TempoMap {
    /// A map that begins with `first`, whatever its frame, and continues with `later` in the order of their frames.
    pub fn new(sample_rate_hz: u32, first: TempoFrom, later: &[TempoFrom]) -> TempoMap {
        let start = Segment { tick: 0, units: 0, us_per_quarter: first.us_per_quarter() };
        let mut map = TempoMap { rate_hz: u128::from(sample_rate_hz.max(1)), segments: vec![start] };
        let mut later = later.to_vec();
        later.sort_by_key(|tempo| tempo.frame);
        for tempo in later {
            map.change(tempo);
        }
        map
    }

    /// Changes the tempo at the tick nearest to its frame.
    fn change(&mut self, tempo: TempoFrom) {
        let us_per_quarter = tempo.us_per_quarter();
        let tick = self.tick(tempo.frame);
        let Some(last) = self.segments.last_mut() else { return };
        if last.us_per_quarter == us_per_quarter {
            return;
        }
        let units = last.units + u128::from(tick - last.tick) * u128::from(last.us_per_quarter);
        let next = Segment { tick, units, us_per_quarter };
        // Of several tempos at one tick the last counts.
        if last.tick == tick { *last = next } else { self.segments.push(next) }
    }

    /// The tempos, in their order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The tick nearest to a frame when the file is played.
    pub fn tick(&self, frame: u64) -> u64 {
        // Both sides times the rate, so that nothing is divided before the end.
        let at = u128::from(frame) * UNITS_PER_SECOND;
        let begun = self.segments.partition_point(|segment| segment.units * self.rate_hz <= at);
        let Some(segment) = self.segments.get(begun.saturating_sub(1)) else { return 0 };
        let since = at.saturating_sub(segment.units * self.rate_hz);
        let tick = u128::from(segment.us_per_quarter) * self.rate_hz;
        segment.tick + u64::try_from((since + tick / 2) / tick).unwrap_or(u64::MAX / 2)
    }
}
