//! Positions in the song as users write them: `12.5` seconds, or `5:1:0` bar:beat:tick.

use super::{Bpm, PPQN};
use std::{fmt, str::FromStr};

/// Ticks in a beat of a bar:beat:tick position (the usual resolution of MIDI files).
pub const TICKS_PER_BEAT: u32 = 480;
/// Beats in a bar: 4/4.
pub const BEATS_PER_BAR: u32 = 4;
/// Pulses in a bar.
pub const BAR_PULSES: i64 = PPQN * BEATS_PER_BAR as i64;

/// A position in the song, from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Position {
    /// Seconds, 0 or more; converted to beats at the present tempo.
    Seconds(f64),
    /// Bar and beat counted from 1, tick from 0 to [`TICKS_PER_BEAT`] - 1.
    Bars {
        /// 1 is the first bar.
        bar: u32,
        /// 1..=[`BEATS_PER_BAR`].
        beat: u32,
        /// 0..[`TICKS_PER_BEAT`].
        tick: u32,
    },
}

impl Position {
    /// The bar:beat:tick at a (fractional) pulse; a negative pulse is the beginning.
    pub fn of_pulse(pulse: f64) -> Position {
        // Slightly later, so that a whole pulse with a rounding error does not read as the tick before.
        let ticks = (pulse.max(0.0) * f64::from(TICKS_PER_BEAT) / PPQN as f64 + 1e-6) as u64;
        let beats = ticks / u64::from(TICKS_PER_BEAT);
        Position::Bars {
            bar: (beats / u64::from(BEATS_PER_BAR)) as u32 + 1,
            beat: (beats % u64::from(BEATS_PER_BAR)) as u32 + 1,
            tick: (ticks % u64::from(TICKS_PER_BEAT)) as u32,
        }
    }

    /// Pulses from the beginning; seconds are converted at `bpm`.
    pub fn pulses(self, bpm: Bpm) -> f64 {
        match self {
            Position::Seconds(seconds) => seconds * bpm.get() / 60.0 * PPQN as f64,
            Position::Bars { bar, beat, tick } => {
                let beats = f64::from(bar - 1) * f64::from(BEATS_PER_BAR) + f64::from(beat - 1);
                (beats + f64::from(tick) / f64::from(TICKS_PER_BEAT)) * PPQN as f64
            }
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Seconds(seconds) => write!(f, "{seconds}"),
            Position::Bars { bar, beat, tick } => write!(f, "{bar}:{beat}:{tick}"),
        }
    }
}

/// Why a text is no position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "seconds, like 12.5, or bar:beat:tick from 1:1:0, with beats 1 to {BEATS_PER_BAR} and ticks 0 to {}",
    TICKS_PER_BEAT - 1
)]
pub struct NotAPosition;

/// A day: far longer than any performance, and short enough for exact arithmetic in frames.
const MAX_SECONDS: f64 = 86_400.0;
/// A day in bars of four beats at 300 BPM.
pub(super) const MAX_BAR: u32 = 108_000;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Position, NotAPosition> {
        if !text.contains(':') {
            let seconds: f64 = text.parse().map_err(|_| NotAPosition)?;
            return if (0.0..=MAX_SECONDS).contains(&seconds) {
                Ok(Position::Seconds(seconds))
            } else {
                Err(NotAPosition)
            };
        }
        let mut parts = text.split(':').map(|part| part.parse::<u32>().map_err(|_| NotAPosition));
        let bar = parts.next().ok_or(NotAPosition)??;
        let beat = parts.next().ok_or(NotAPosition)??;
        let tick = parts.next().unwrap_or(Ok(0))?;
        let fits = (1..=MAX_BAR).contains(&bar) && (1..=BEATS_PER_BAR).contains(&beat) && tick < TICKS_PER_BEAT;
        if fits && parts.next().is_none() { Ok(Position::Bars { bar, beat, tick }) } else { Err(NotAPosition) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bars_count_from_one() {
        let start: Position = "1:1:0".parse().unwrap();
        assert_eq!(start.pulses(Bpm::DEFAULT), 0.0);
        let five: Position = "5:1".parse().unwrap();
        assert_eq!(five.pulses(Bpm::DEFAULT), 4.0 * 4.0 * 24.0);
        let seconds: Position = "0.5".parse().unwrap();
        assert_eq!(seconds.pulses(Bpm::DEFAULT), 24.0);
    }

    #[test]
    fn a_text_that_is_no_position_is_refused() {
        for bad in
            ["", "0:1:0", "1:5:0", "1:1:480", "-1", "nan", "inf", "1:1:0:0", "a:b", "999999999", "4294967296:1:0"]
        {
            assert_eq!(bad.parse::<Position>(), Err(NotAPosition), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_text_of_positions_reads_back(bar in 1u32..100_000, beat in 1u32..=4, tick in 0u32..480) {
            let position = Position::Bars { bar, beat, tick };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
            prop_assert_eq!(Position::of_pulse(position.pulses(Bpm::DEFAULT)), position);
        }
    }
}
