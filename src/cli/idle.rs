//! Ends a station without a screen and without activity: a user who closed the window may not return, and the station
//! would keep the ports.

use super::Failure;
use crate::{command::Command, engine::station::Station, status::Status};
use std::{
    thread,
    time::{Duration, Instant},
};

/// The interval of the check.
const LOOK: Duration = Duration::from_secs(5);

/// From now on the station ends after it was idle for `after`.
///
/// # Errors
/// The system refuses a thread.
pub fn end_when_idle(station: Station, after: Duration) -> Result<(), Failure> {
    let watch = move || {
        let mut idle = Idle::default();
        while idle.lasted(&station.status(), Instant::now()) < after {
            thread::sleep(LOOK);
        }
        tracing::info!(minutes = after.as_secs() / 60, "no client and no activity: the station ends");
        let _ = station.send_surely(Command::Quit {});
    };
    thread::Builder::new().name("idle".into()).spawn(watch).map(drop).map_err(Failure::other)
}

/// Measures how long the station is idle.
#[derive(Debug, Default)]
struct Idle {
    since: Option<Instant>,
    came: u64,
}

impl Idle {
    /// The time since it is idle: nothing plays, is recorded or waited for, no client is connected, and no port and no
    /// client sends anything.
    fn lasted(&mut self, status: &Status, now: Instant) -> Duration {
        let of_ports: u64 = status.ports.iter().map(|port| port.received).sum();
        let of_doors: u64 = status.doors.iter().map(|door| door.received).sum();
        let is_at_work = status.transport.playing
            || status.record.take.is_some()
            || status.record.waits_for.is_some()
            || status.audition.is_some()
            || status.morph.is_some()
            || status.doors.iter().any(|door| door.connected > 0);
        let came = of_ports + of_doors;
        if is_at_work || came != self.came {
            self.came = came;
            self.since = None;
        }
        now.duration_since(*self.since.get_or_insert(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{config::EngineConfig, offline::Offline};

    #[test]
    fn a_station_is_idle_while_it_neither_plays_nor_records_and_no_client_is_connected() {
        let config = EngineConfig::built_in("/tmp").unwrap();
        let at_rest = Offline::new(&config).unwrap().status();
        let (mut idle, begun) = (Idle::default(), Instant::now());
        let at = |minutes: u64| begun + Duration::from_secs(60 * minutes);
        idle.lasted(&at_rest, at(0));
        assert_eq!(idle.lasted(&at_rest, at(9)), Duration::from_secs(540));
        let mut playing = at_rest.clone();
        playing.transport.playing = true;
        assert_eq!(idle.lasted(&playing, at(10)), Duration::ZERO);
        assert_eq!(idle.lasted(&at_rest, at(11)), Duration::from_secs(60));
        let mut played = at_rest.clone();
        played.ports[0].received += 1;
        assert_eq!(idle.lasted(&played, at(12)), Duration::ZERO, "a keyboard is played through it");
        assert_eq!(idle.lasted(&played, at(30)), Duration::from_secs(18 * 60));
    }
}
