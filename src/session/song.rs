//! What all tracks of a session share: the loop region, punch, markers and the grid that actions wait for. Pure.

use crate::music::{LoopRegion, PPQN, Punch, position::BAR_PULSES};

/// The most markers a session has.
pub const MARKERS_MAX: usize = 1_000;

/// A place of the song that has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// In pulses from the song's beginning.
    pub at_pulse: f64,
    /// As a person calls it.
    pub name: String,
}

/// What an action waits for: the next line of a grid in the song.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuantizeGrid {
    /// Nothing: it is done at once.
    Off,
    /// The next bar.
    #[default]
    Bar,
    /// The next beat.
    Beat,
    /// The next eighth.
    Eighth,
    /// The next sixteenth.
    Sixteenth,
    /// The next thirty-second.
    ThirtySecond,
}

impl QuantizeGrid {
    /// All of them, with their words.
    pub const WORDS: [(&str, QuantizeGrid); 6] = [
        ("off", QuantizeGrid::Off),
        ("bar", QuantizeGrid::Bar),
        ("beat", QuantizeGrid::Beat),
        ("1/8", QuantizeGrid::Eighth),
        ("1/16", QuantizeGrid::Sixteenth),
        ("1/32", QuantizeGrid::ThirtySecond),
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, grid)| *grid == self).map_or("off", |(word, _)| word)
    }

    /// Pulses from one line to the next; nothing where there are none.
    pub fn pulses(self) -> Option<i64> {
        match self {
            QuantizeGrid::Off => None,
            QuantizeGrid::Bar => Some(BAR_PULSES),
            QuantizeGrid::Beat => Some(PPQN),
            QuantizeGrid::Eighth => Some(PPQN / 2),
            QuantizeGrid::Sixteenth => Some(PPQN / 4),
            QuantizeGrid::ThirtySecond => Some(PPQN / 8),
        }
    }

    /// The line that is nearest to a pulse; the pulse itself where there are none.
    pub fn nearest(self, pulse: f64) -> f64 {
        match self.pulses() {
            None => pulse,
            Some(pulses) => ((pulse / pulses as f64).round() * pulses as f64).max(0.0),
        }
    }

    /// The first line on a pulse or behind it; the pulse itself where there are none.
    pub fn next(self, pulse: f64) -> f64 {
        match self.pulses() {
            None => pulse,
            Some(pulses) => {
                let line = pulses as f64;
                // A line that was reached but for rounding is that line.
                ((pulse / line - 1e-9).ceil() * line).max(0.0)
            }
        }
    }
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SongState {
    /// The loop region, on or off.
    pub region: Option<LoopRegion>,
    /// Whether the song wraps in it.
    pub loop_on: bool,
    /// After so many passes the song goes on behind the region; nothing is "for ever".
    pub loop_count: Option<u32>,
    /// Where recording begins and ends.
    pub punch: Punch,
    /// Whether each of them holds.
    pub punch_on: [bool; 2],
    /// In the order of the song.
    pub markers: Vec<Marker>,
    /// What actions wait for.
    pub grid: QuantizeGrid,
    /// The master's fader, in dB.
    pub master_db: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_next_line_is_on_the_grid_and_never_behind(pulse in 0.0..1e6_f64) {
            for (_, grid) in QuantizeGrid::WORDS {
                let next = grid.next(pulse);
                prop_assert!(next >= pulse - 1e-3);
                match grid.pulses() {
                    None => prop_assert_eq!(next, pulse),
                    Some(line) => {
                        prop_assert_eq!(next % line as f64, 0.0);
                        prop_assert!(next - pulse < line as f64);
                        prop_assert_eq!(grid.next(next), next);
                    }
                }
            }
        }
    }
}
