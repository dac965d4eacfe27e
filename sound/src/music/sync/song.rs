//! The song of the source: start, continue, stop, song position. Pure.
//!
//! MIDI 1.0, "Song Position Pointer", "Start", "Continue", "Stop": the song begins with the first clock after START or
//! CONTINUE in the order of the bytes, however close they are; a position is valid while the song is stopped.

use super::SyncEvent;

/// Pulses in the sixteenth note that song positions count in.
const PULSES_PER_SIXTEENTH: i64 = 6;

/// The state of the source's song.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    /// Stopped; its next pulse is this one.
    Stands { song_pulse: i64 },
    /// Song pulse = source pulse - origin, from the first pulse after the command on; `waits` until that has arrived.
    Rolls { origin: i64, waits: bool },
}

/// Follows the source's song. `next` is the number of the source's next pulse.
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

    /// Whether the song starts with the next pulse, at any time.
    pub(super) fn waits(&self) -> bool {
        matches!(self.motion, Motion::Rolls { waits: true, .. })
    }

    /// The source's next pulse has arrived.
    pub(super) fn begin(&mut self) {
        if let Motion::Rolls { waits, .. } = &mut self.motion {
            *waits = false;
        }
    }

    pub(super) fn start(&mut self, next: i64) -> Option<SyncEvent> {
        self.roll(0, next)
    }

    /// A song that rolls already is not changed.
    pub(super) fn continue_(&mut self, next: i64) -> Option<SyncEvent> {
        match self.motion {
            Motion::Stands { song_pulse } => self.roll(song_pulse, next),
            Motion::Rolls { .. } => None,
        }
    }

    pub(super) fn stop(&mut self, next: i64) -> Option<SyncEvent> {
        let Motion::Rolls { origin, .. } = self.motion else { return None };
        // A renumbering (a tempo that doubled) cannot move it before the beginning.
        let song_pulse = (next - origin).max(0);
        self.motion = Motion::Stands { song_pulse };
        Some(SyncEvent::Stops { song_pulse })
    }

    /// The standard defines no position for a rolling song; some programs send it with each pass of a loop. One that
    /// equals the counted position, to the sixteenth, is ignored.
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

    /// This many pulses were counted that did not arrive: a rolling song moves back by them. `next` is as elsewhere.
    pub(super) fn lose(&mut self, pulses: i64, next: i64) -> Option<SyncEvent> {
        match &mut self.motion {
            Motion::Rolls { origin, waits: false } if pulses != 0 => {
                *origin += pulses;
                // A song that started with the wrong count cannot be before its beginning.
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
