//! The song as the source tells it: start, continue, stop, song position. Pure.
//!
//! MIDI 1.0, "Song Position Pointer", "Start", "Continue", "Stop": the song begins with the first clock after START or
//! CONTINUE in the order of the bytes, however close they are; a position is meant for a song that stands.

use super::SyncEvent;

/// Pulses in the sixteenth note that song positions count in.
const PULSES_PER_SIXTEENTH: i64 = 6;

/// Where the source's song is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    /// Its next pulse will be this one.
    Stands { song_pulse: i64 },
    /// Song pulse = source pulse - origin, from the first pulse after the command on; `waits` until that has come.
    Rolls { origin: i64, waits: bool },
}

/// Follows the source's song. `next` is the number the source's next pulse will have.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceSong {
    motion: Motion,
}

impl SourceSong {
    pub(super) fn new() -> SourceSong {
        SourceSong { motion: Motion::Stands { song_pulse: 0 } }
    }

    pub(super) fn rolls(&self) -> bool {
        matches!(self.motion, Motion::Rolls { .. })
    }

    /// Whether the next pulse, wherever it falls, is the one with which the song begins.
    pub(super) fn waits(&self) -> bool {
        matches!(self.motion, Motion::Rolls { waits: true, .. })
    }

    /// The source's next pulse has come.
    pub(super) fn begin(&mut self) {
        if let Motion::Rolls { waits, .. } = &mut self.motion {
            *waits = false;
        }
    }

    pub(super) fn start(&mut self, next: i64) -> Option<SyncEvent> {
        self.roll(0, next)
    }

    /// A song that rolls already is not disturbed.
    pub(super) fn continue_(&mut self, next: i64) -> Option<SyncEvent> {
        match self.motion {
            Motion::Stands { song_pulse } => self.roll(song_pulse, next),
            Motion::Rolls { .. } => None,
        }
    }

    pub(super) fn stop(&mut self, next: i64) -> Option<SyncEvent> {
        let Motion::Rolls { origin, .. } = self.motion else { return None };
        // A renumbering (a tempo that doubled) cannot take it before the beginning.
        let song_pulse = (next - origin).max(0);
        self.motion = Motion::Stands { song_pulse };
        Some(SyncEvent::Stops { song_pulse })
    }

    /// Of a song that rolls, the spec knows no position; some programs send it with each round of a loop. One that
    /// says what was counted anyway, to the sixteenth, is not heard.
    pub(super) fn position(&mut self, sixteenths: u16, next: i64) -> Option<SyncEvent> {
        let song_pulse = i64::from(sixteenths) * PULSES_PER_SIXTEENTH;
        match self.motion {
            Motion::Stands { .. } => {
                self.motion = Motion::Stands { song_pulse };
                Some(SyncEvent::Located { song_pulse })
            }
            Motion::Rolls { origin, .. } if (next - origin - song_pulse).abs() < PULSES_PER_SIXTEENTH => None,
            Motion::Rolls { .. } => self.roll(song_pulse, next),
        }
    }

    /// So many pulses were counted that did not come: a song that rolls is so much less far. `next` is as everywhere.
    pub(super) fn lose(&mut self, pulses: i64, next: i64) -> Option<SyncEvent> {
        match &mut self.motion {
            Motion::Rolls { origin, waits: false } if pulses != 0 => {
                *origin += pulses;
                // A song that began with the wrong count cannot stand before its beginning.
                *origin = (*origin).min(next);
                Some(SyncEvent::Rolls { song_pulse: next - *origin, source_pulse: next })
            }
            _ => None,
        }
    }

    fn roll(&mut self, song_pulse: i64, source_pulse: i64) -> Option<SyncEvent> {
        self.motion = Motion::Rolls { origin: source_pulse - song_pulse, waits: true };
        Some(SyncEvent::Rolls { song_pulse, source_pulse })
    }
}
