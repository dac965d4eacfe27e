//! Levels: the numbers of a status that change all the time. They make no part anew; every reader takes the newest at
//! its own rate. Pure.
//!
//! A reader may miss values: only the newest counts. Peaks are the exception: each reader holds the maximum until it
//! reads ([`Peaks`]). The parts hold the same numbers as of the time the part was made; [`Levels::lay_over`] brings
//! them up to date before anything else reads them.

use super::{LatencyStatus, LoudnessStatus, MeterStatus, PortStatus, Status, Traffic};
use crate::music::Position;
use serde::{Deserialize, Serialize};

/// The interval at which counts that change all the time are reported, in ns.
pub const COUNTS_EVERY_NS: u64 = 1_000_000_000;

/// All levels, at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Nanoseconds since the engine started.
    pub at_ns: u64,
    /// The levels that a user watches.
    pub moving: Moving,
    /// The counts and measurements.
    pub counts: Counts,
}

/// The levels that a user watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    /// The song position.
    pub position: Position,
    /// The song position in seconds, at the present tempo.
    pub seconds: f64,
    /// A meter for each recorded input.
    pub inputs: Vec<MeterStatus>,
    /// The meters of the output, left and right.
    pub outputs: Vec<MeterStatus>,
    /// A meter for each track.
    pub tracks: Vec<MeterStatus>,
    /// The loudness of the master.
    pub loudness: LoudnessStatus,
    /// The modulated values, in the order of [`ParamsStatus::motion`].
    ///
    /// [`ParamsStatus::motion`]: super::ParamsStatus::motion
    pub motion: Vec<u16>,
    /// The length of the current take so far, in seconds; 0 if none is recorded.
    pub take_seconds: f64,
    /// The play position of the take, in seconds; 0 if none is played.
    pub audition_seconds: f64,
}

/// Counts and measurements, which are reported at a lower rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Callback time as a percentage of the block's duration, on average; over 100 is an overrun.
    pub load_percent: u32,
    /// The highest load since the last reading, in percent.
    pub load_peak_percent: u32,
    /// The counts of each port.
    pub ports: Vec<PortCounts>,
    /// Commands and questions received, for each way to connect.
    pub doors: Vec<u64>,
    /// Free space in the folder of the takes, in bytes, if known.
    pub free_bytes: Option<u64>,
}

/// The counts of one port.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortCounts {
    /// Messages sent, pulses included.
    pub sent: u64,
    /// Messages received, pulses included.
    pub received: u64,
    /// Messages in the queue now.
    pub queued: u32,
    /// The longest queue so far, in messages.
    pub queued_most: u32,
    /// Controller values replaced by newer ones before they were sent.
    pub coalesced: u64,
    /// The rate of messages sent, over the last full second.
    pub traffic: Traffic,
    /// The delay of messages, over the last ten seconds.
    pub latency: Option<LatencyStatus>,
    /// Load of the wire in the last full second, in percent.
    pub wire_percent: Option<u32>,
}

impl PortCounts {
    fn of(port: &PortStatus) -> PortCounts {
        PortCounts {
            sent: port.sent,
            received: port.received,
            queued: port.queued,
            queued_most: port.queued_most,
            coalesced: port.coalesced,
            traffic: port.traffic,
            latency: port.latency,
            wire_percent: port.wire_percent,
        }
    }

    /// Brings a port's counts up to date.
    pub fn lay_over(&self, port: &mut PortStatus) {
        (port.sent, port.received, port.coalesced) = (self.sent, self.received, self.coalesced);
        (port.queued, port.queued_most) = (self.queued, self.queued_most);
        (port.traffic, port.latency, port.wire_percent) = (self.traffic, self.latency, self.wire_percent);
    }
}

impl Levels {
    /// Copies other levels into these; allocates only if there are more of them.
    pub fn copy_from(&mut self, other: &Levels) {
        let Moving { inputs, outputs, tracks, motion, .. } = &mut self.moving;
        inputs.clone_from(&other.moving.inputs);
        outputs.clone_from(&other.moving.outputs);
        tracks.clone_from(&other.moving.tracks);
        motion.clone_from(&other.moving.motion);
        let Moving { position, seconds, loudness, take_seconds, audition_seconds, .. } = &mut self.moving;
        (*position, *seconds, *loudness) = (other.moving.position, other.moving.seconds, other.moving.loudness);
        (*take_seconds, *audition_seconds) = (other.moving.take_seconds, other.moving.audition_seconds);
        self.counts.copy_from(&other.counts);
        self.at_ns = other.at_ns;
    }

    /// The levels in a status.
    pub fn of(status: &Status) -> Levels {
        Levels {
            at_ns: status.at_ns,
            moving: Moving {
                position: status.transport.position,
                seconds: status.transport.seconds,
                inputs: status.inputs.meters.clone(),
                outputs: status.outputs.to_vec(),
                tracks: track_meters(status).collect(),
                loudness: *status.loudness,
                motion: status.params.motion.iter().map(|motion| motion.value).collect(),
                take_seconds: status.record.take.as_ref().map_or(0.0, |take| take.seconds),
                audition_seconds: status.audition.as_ref().map_or(0.0, |audition| audition.seconds),
            },
            counts: Counts {
                load_percent: status.device.load_percent,
                load_peak_percent: status.device.load_peak_percent,
                ports: status.ports.iter().map(PortCounts::of).collect(),
                doors: status.doors.iter().map(|door| door.received).collect(),
                free_bytes: status.record.free_bytes,
            },
        }
    }

    /// Brings the levels in a status up to date. Parts that are up to date stay shared.
    pub fn lay_over(&self, status: &mut Status) {
        status.at_ns = self.at_ns;
        self.moving.lay_over(status);
        self.counts.lay_over(status);
    }
}

/// The meters of the tracks.
fn track_meters(status: &Status) -> impl Iterator<Item = MeterStatus> {
    status.tracks.iter().flat_map(|tracks| &tracks.tracks).map(|track| track.meter)
}

impl Moving {
    fn lay_over(&self, status: &mut Status) {
        if (status.transport.position, status.transport.seconds) != (self.position, self.seconds) {
            (status.transport.position, status.transport.seconds) = (self.position, self.seconds);
        }
        if status.inputs.meters != self.inputs {
            status.inputs.meters.clone_from(&self.inputs);
        }
        if *status.outputs != self.outputs {
            (*status.outputs).clone_from(&self.outputs);
        }
        if *status.loudness != self.loudness {
            *status.loudness = self.loudness;
        }
        if !track_meters(status).eq(self.tracks.iter().copied())
            && let Some(tracks) = &mut *status.tracks
        {
            let meters = tracks.tracks.iter_mut().zip(&self.tracks);
            meters.for_each(|(track, meter)| track.meter = *meter);
        }
        if !status.params.motion.iter().map(|motion| motion.value).eq(self.motion.iter().copied()) {
            let moved = status.params.motion.iter_mut().zip(&self.motion);
            moved.for_each(|(motion, value)| motion.value = *value);
        }
        if status.record.take.as_ref().is_some_and(|take| take.seconds != self.take_seconds)
            && let Some(take) = &mut status.record.take
        {
            take.seconds = self.take_seconds;
        }
        if status.audition.as_ref().is_some_and(|audition| audition.seconds != self.audition_seconds)
            && let Some(audition) = &mut *status.audition
        {
            audition.seconds = self.audition_seconds;
        }
    }
}

impl Counts {
    fn copy_from(&mut self, other: &Counts) {
        let Counts { load_percent, load_peak_percent, ports, doors, free_bytes } = self;
        (*load_percent, *load_peak_percent) = (other.load_percent, other.load_peak_percent);
        ports.clone_from(&other.ports);
        doors.clone_from(&other.doors);
        *free_bytes = other.free_bytes;
    }

    fn lay_over(&self, status: &mut Status) {
        let Counts { load_percent, load_peak_percent, ports, doors, free_bytes } = self;
        if (status.device.load_percent, status.device.load_peak_percent) != (*load_percent, *load_peak_percent) {
            (status.device.load_percent, status.device.load_peak_percent) = (*load_percent, *load_peak_percent);
        }
        if status.ports.iter().zip(ports).any(|(port, counts)| PortCounts::of(port) != *counts) {
            status.ports.iter_mut().zip(ports).for_each(|(port, counts)| counts.lay_over(port));
        }
        if status.doors.iter().zip(doors).any(|(door, received)| door.received != *received) {
            status.doors.iter_mut().zip(doors).for_each(|(door, received)| door.received = *received);
        }
        if status.record.free_bytes != *free_bytes {
            status.record.free_bytes = *free_bytes;
        }
    }
}

/// The highest peaks since the last reading, in dBFS: inputs, outputs, tracks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peaks(Vec<f32>);

impl Peaks {
    /// Holds the peaks that are higher.
    pub fn hold(&mut self, moving: &Moving) {
        let count = moving.inputs.len() + moving.outputs.len() + moving.tracks.len();
        self.0.resize(count, f32::NEG_INFINITY);
        let meters = moving.inputs.iter().chain(&moving.outputs).chain(&moving.tracks);
        self.0.iter_mut().zip(meters).for_each(|(held, meter)| *held = held.max(meter.peak_db));
    }

    /// Writes the peaks into meters, and clears them.
    pub fn take_into(&mut self, moving: &mut Moving) {
        let meters = moving.inputs.iter_mut().chain(&mut moving.outputs).chain(&mut moving.tracks);
        self.0.drain(..).zip(meters).for_each(|(held, meter)| meter.peak_db = meter.peak_db.max(held));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{config::EngineConfig, offline::Offline};

    fn louder(moving: &Moving, peak_db: f32) -> Moving {
        let mut moving = moving.clone();
        moving.outputs[1].peak_db = peak_db;
        moving
    }

    #[test]
    fn levels_are_brought_up_to_date_and_only_parts_that_hold_some_are_copied() {
        let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
        for line in ["mod.set filter_cutoff lfo sine 1/4 depth 0.3", "transport.play", "click.on on"] {
            offline.ask(&line.parse().unwrap()).unwrap();
        }
        let before = offline.status();
        offline.run_to(60_000);
        let after = offline.status();
        assert_ne!(before, after);
        let mut laid = before.clone();
        Levels::of(&after).lay_over(&mut laid);
        assert_eq!(Levels::of(&laid), Levels::of(&after));
        assert!(laid.profiles.is(&before.profiles) && laid.faults.is(&before.faults) && laid.clock.is(&before.clock));
        assert!(!laid.transport.is(&before.transport) && laid.transport.revision() == before.transport.revision());
        let again = laid.clone();
        Levels::of(&after).lay_over(&mut laid);
        assert!(laid.transport.is(&again.transport) && laid.ports.is(&again.ports) && laid.params.is(&again.params));
    }

    #[test]
    fn a_peak_is_held_until_it_is_read() {
        let status = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap().status();
        let quiet = Levels::of(&status).moving;
        let mut peaks = Peaks::default();
        for peak_db in [-40.0, -3.0, -60.0] {
            peaks.hold(&louder(&quiet, peak_db));
        }
        let mut read = quiet.clone();
        peaks.take_into(&mut read);
        assert_eq!(read, louder(&quiet, -3.0));
        let mut again = quiet.clone();
        peaks.take_into(&mut again);
        assert_eq!(again, quiet, "it is read once");
    }
}
