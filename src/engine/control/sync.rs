//! Whose tempo it is: busker's own, tapped, or that of a MIDI clock that comes in.

use super::{Control, Moment, ports::Ports};
use crate::{
    config::{ClockLost, ClockSource},
    engine::{midi::input::Received, station::Answer},
    status::{SourceStatus, SyncState},
};

/// How the clock is followed.
#[derive(Clone, Debug, Default)]
pub struct SyncConfig {
    /// Whose tempo it is at the start.
    pub source: ClockSource,
    /// The port whose clock is followed; the first that sends one, where none is named.
    pub from: Option<String>,
    /// What becomes of the song when that clock is lost.
    pub lost: ClockLost,
}

/// The source of tempo.
pub(super) struct Sync {
    config: SyncConfig,
}

impl Sync {
    pub(super) fn new(config: SyncConfig) -> Sync {
        Sync { config }
    }

    /// Whether the tempo is somebody else's.
    pub(super) fn is_followed(&self) -> bool {
        self.config.source == ClockSource::Midi
    }

    pub(super) fn status(&self, _ports: &Ports) -> SourceStatus {
        match self.config.source {
            ClockSource::Internal => SourceStatus::Internal,
            ClockSource::Midi => SourceStatus::Midi { from: None, state: SyncState::Waiting },
        }
    }
}

impl Control {
    pub(super) fn set_source(&mut self, source: ClockSource, _now: Moment) -> Answer {
        self.sync.config.source = source;
        Ok(String::new())
    }

    pub(super) fn tap(&mut self, _now: Moment) -> Answer {
        Ok(String::new())
    }

    /// Follows the clock in what came in.
    pub(super) fn follow_clock(&mut self, _heard: &[Received], _now: Moment) {}
}
