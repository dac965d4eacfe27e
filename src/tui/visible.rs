//! The visible part of a status. Panels draw from nothing else, and the loop draws only when it changed. Pure.
//!
//! A status changes thirty times a second even while nothing plays: its time, the noise of an open input, and the load
//! of the callback change. Each is rounded here to the resolution of the screen, so that an idle station needs no
//! drawing. Parts without such numbers are the engine's own, by reference.

use crate::{
    profile::Param,
    status::{MeterStatus, ParamsStatus, PortStatus, Status},
};
use std::ops::Deref;

/// The lowest level of the meters, in dBFS; lower levels are silence.
pub const METER_FLOOR_DB: f32 = -60.0;
/// The resolution of levels, in dB: an eighth of a cell in a meter of 37 cells.
const METER_STEP_DB: f32 = 0.2;
/// The load must change by this much before the shown number does, in percent.
const LOAD_STEP: u32 = 2;
/// Peak load from which it is shown, in percent; below it is shown as 0.
const LOAD_PEAK_SHOWN: u32 = 70;

/// A status, rounded to the resolution of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Visible(Status);

impl Deref for Visible {
    type Target = Status;

    fn deref(&self) -> &Status {
        &self.0
    }
}

impl Visible {
    /// The first status.
    pub fn of(status: &Status) -> Visible {
        let mut seen = status.clone();
        seen.at_ns = 0;
        seen.transport.seconds = (seen.transport.seconds * 10.0).floor() / 10.0;
        seen.transport.bpm = (seen.transport.bpm * 100.0).round() / 100.0;
        let peak = &mut seen.device.load_peak_percent;
        *peak = if *peak < LOAD_PEAK_SHOWN { 0 } else { *peak / 10 * 10 };
        seen.ports.iter_mut().for_each(round_port);
        for door in seen.doors.iter_mut() {
            (door.received, door.refused, door.dropped) = (0, 0, 0);
        }
        seen.clock.latest_us = two_digits(seen.clock.latest_us);
        seen.inputs.meters.iter_mut().chain(seen.outputs.iter_mut()).for_each(round_meter);
        if seen.record.take.is_some()
            && let Some(take) = &mut seen.record.take
        {
            take.seconds = take.seconds.floor();
        }
        if seen.audition.is_some()
            && let Some(audition) = &mut *seen.audition
        {
            audition.seconds = (audition.seconds * 10.0).floor() / 10.0;
        }
        if !seen.params.motion.is_empty() {
            round_motion(&mut seen.params);
        }
        seen.record.free_bytes = seen.record.free_bytes.map(round_room);
        Visible(seen)
    }

    /// The status after this one: a load with a small change keeps its value.
    pub fn next(&self, status: &Status) -> Visible {
        let mut next = Visible::of(status);
        let before = self.0.device.load_percent;
        if next.0.device.load_percent.abs_diff(before) < LOAD_STEP {
            next.0.device.load_percent = before;
        }
        next
    }
}

/// Counts change thirty times a second, but rates and delays are those of the last full second: they change once a
/// second at most.
fn round_port(port: &mut PortStatus) {
    (port.sent, port.received, port.coalesced) = (0, 0, 0);
    if let Some(latency) = &mut port.latency {
        for us in [&mut latency.p50_us, &mut latency.p99_us, &mut latency.max_us] {
            *us = two_digits(u64::from(*us)).try_into().unwrap_or(u32::MAX);
        }
    }
}

/// A time in µs, rounded to two digits.
fn two_digits(us: u64) -> u64 {
    let step = 10u64.pow(us.checked_ilog10().unwrap_or(0).saturating_sub(1));
    us.saturating_add(step / 2) / step * step
}

fn round_meter(meter: &mut MeterStatus) {
    for level in [&mut meter.peak_db, &mut meter.rms_db, &mut meter.hold_db] {
        *level = if *level <= METER_FLOOR_DB { -120.0 } else { (*level / METER_STEP_DB).round() * METER_STEP_DB };
    }
}

/// Modulated values are rounded to the steps of the parameter.
fn round_motion(params: &mut ParamsStatus) {
    for motion in &mut params.motion {
        if let Some(param) = params.profile.params.get(motion.param) {
            motion.value = round_value(param, motion.value);
        }
    }
}

/// The nearest option, or the nearest step.
fn round_value(param: &Param, value: u16) -> u16 {
    let value = param.snap(value);
    if !param.options.is_empty() {
        return value;
    }
    let step = u32::from(param.step_size());
    let steps = (u32::from(value - param.lo) + step / 2) / step;
    u16::try_from(u32::from(param.lo) + steps * step).unwrap_or(param.hi).min(param.hi)
}

/// Rounded to about three digits: 100 MB from 1 GB on, else 1 MB.
fn round_room(bytes: u64) -> u64 {
    let step = if bytes >= 1_000_000_000 { 100_000_000 } else { 1_000_000 };
    bytes / step * step
}
