//! Follows pulses that arrive near their own times: fits a grid to them. Pure.
//!
//! A pulse is expected at its place of the grid: a missing one is counted, a doubled one or one that comes late after a
//! stall is not. Arrivals off the grid change nothing, until several of them in a row agree that the source has
//! changed. `pulse_loop.rs` smooths the times.

use super::{MINUTE_NS, SourceTime, SyncState, pulse_loop::PulseLoop};
use crate::music::{Bpm, PPQN};
use std::collections::VecDeque;

/// Pulses closer than this are one pulse sent twice, or several that were delayed, in ns. At 300 BPM pulses are 8.3 ms
/// apart.
pub(super) const DOUBLED_NS: u64 = 2_500_000;
/// Intervals without a pulse after which the source is lost, within these bounds in ns. At 20 BPM pulses are 125 ms
/// apart, and one may be missing; a program may stall for 200 ms and continue.
const LOST_INTERVALS: f64 = 3.5;
const LOST_NS: (f64, f64) = (250e6, 400e6);
/// A pulse is on the grid when it is off by less than this part of an interval, and while the tempo is an estimate, by
/// less than the second one.
const GATE: (f64, f64) = (0.35, 0.45);
/// After START, a pulse that is further off than this part of an interval is a clock that restarted its phase.
const NEW_PHASE: f64 = 0.05;
/// Consecutive agreeing arrivals that make a tempo: without a present tempo, and with one.
const AGREE_PULSES: (usize, usize) = (4, 7);
/// Arrivals agree when no interval is off their mean by more than this part: ±1 ms of jitter at 300 BPM is 0.24,
/// every third pulse missing 0.33.
const AGREE: f64 = 0.3;
/// They give another tempo if it differs by this part, or by this many standard deviations of their accuracy.
const OTHER_TEMPO: f64 = 0.05;
const OTHER_DEVIATIONS: f64 = 5.0;
/// How far beyond the range of [`Bpm`] a tempo is accepted: while it is an estimate, and when it is known.
pub(super) const BEYOND: (f64, f64) = (0.15, 0.03);

/// A pulse at its arrival.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at_ns: u64,
    /// The number of the pulse before it.
    before: i64,
    on_grid: bool,
}

/// How an arrival fits the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is on the grid, and `missing` pulses before it are missing.
    On {
        /// 0 or more.
        missing: i64,
    },
    /// It is doubled, was delayed, or is off the grid.
    Off,
    /// There is no grid, or it was fitted again.
    Anew,
}

/// The grid. Any instants are safe.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    state: SyncState,
    pulses: Option<PulseLoop>,
    /// The number of the newest pulse; -1 before the first.
    newest: i64,
    /// The newest arrivals, without doubled ones, oldest first.
    arrivals: VecDeque<Arrival>,
    heard_ns: Option<u64>,
    /// The newest pulse on the grid.
    used_ns: u64,
    /// Pulses that were counted as missing and may still arrive late.
    missing: i64,
}

impl Grid {
    pub(super) fn new() -> Grid {
        Grid {
            state: SyncState::Waiting,
            pulses: None,
            newest: -1,
            arrivals: VecDeque::with_capacity(AGREE_PULSES.1),
            heard_ns: None,
            used_ns: 0,
            missing: 0,
        }
    }

    /// The state after the last call.
    pub(super) fn state(&self) -> SyncState {
        self.state
    }

    /// The number of the newest pulse; -1 before the first.
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// The mapping; `None` before the second pulse. For a lost or unsteady source, the last good one.
    pub(super) fn time(&self) -> Option<SourceTime> {
        self.pulses.map(|pulses| pulses.time())
    }

    /// Whether it must be followed.
    pub(super) fn is_followed(&self) -> bool {
        self.following().is_some()
    }

    /// A pulse arrived; `begins` if a song starts with it.
    pub(super) fn pulse(&mut self, at_ns: u64, begins: bool) -> Fit {
        let since_ns = self.heard_ns.replace(at_ns).map(|heard| at_ns.checked_sub(heard));
        match since_ns {
            Some(Some(since)) if since < DOUBLED_NS && !begins => {
                self.absorb();
                return Fit::Off;
            }
            // The clock of the arrivals went back: older arrivals say nothing about the following ones.
            Some(None) => self.arrivals.clear(),
            _ => {}
        }
        if self.arrivals.len() == AGREE_PULSES.1 {
            self.arrivals.pop_front();
        }
        let before = self.newest;
        self.arrivals.push_back(Arrival { at_ns, before, on_grid: false });
        match (self.following(), self.pulses) {
            (Some(pulses), _) if begins => self.take_first(pulses, at_ns),
            (Some(pulses), _) => self.take(pulses, at_ns),
            (None, Some(pulses)) if self.state == SyncState::Lost => self.resume(pulses, at_ns, begins),
            _ => {
                self.newest += 1;
                self.used_ns = at_ns;
            }
        }
        let fits = self.is_followed() && self.arrivals.back().is_some_and(|arrival| arrival.on_grid);
        match (self.agree() || !self.is_followed(), fits) {
            (true, _) => Fit::Anew,
            (false, true) => Fit::On { missing: (self.newest - before - 1).max(0) },
            (false, false) => Fit::Off,
        }
    }

    /// The loop, while it must be followed.
    fn following(&self) -> Option<PulseLoop> {
        self.pulses.filter(|_| matches!(self.state, SyncState::Acquiring | SyncState::Locked))
    }

    /// Checks the time since the last pulse.
    pub(super) fn expire(&mut self, now_ns: u64) {
        let Some(heard_ns) = self.heard_ns else { return };
        let interval_ns = self.following().map_or(f64::INFINITY, |pulses| pulses.time().ns_per_pulse);
        let patience_ns = (LOST_INTERVALS * interval_ns).clamp(LOST_NS.0, LOST_NS.1);
        let late = |since_ns: u64| now_ns.saturating_sub(since_ns) as f64 > patience_ns;
        if late(heard_ns) {
            self.state = if self.pulses.is_some() { SyncState::Lost } else { SyncState::Waiting };
            self.arrivals.clear();
            self.missing = 0;
        } else if matches!(self.state, SyncState::Acquiring | SyncState::Locked) && late(self.used_ns) {
            self.state = SyncState::Unsteady;
        }
    }

    /// An arrival that is no pulse of its own. If a pulse was counted as missing, this is it, and the arrivals were
    /// delayed on their way: they are not used for the tempo.
    fn absorb(&mut self) {
        if self.missing > 0 {
            self.missing -= 1;
            self.arrivals.clear();
        }
    }

    /// A pulse of a source that is followed.
    fn take(&mut self, mut pulses: PulseLoop, at_ns: u64) {
        let (time, at) = (pulses.time(), at_ns as f64);
        let place = time.pulse_at(at) - time.pulse as f64;
        let step = place.round();
        let gate = if pulses.sure() { GATE.0 } else { GATE.1 };
        if step < 1.0 {
            self.absorb();
        } else if (place - step).abs() <= gate {
            // No more steps than fit in the time limit of `expire`.
            self.newest = time.pulse + step as i64;
            self.missing = step as i64 - 1;
            pulses.take(self.newest, at);
            self.keep(pulses, at_ns);
        }
    }

    /// The pulse with which the song starts. Many sources restart their clock with START, so it is accepted at any
    /// time.
    fn take_first(&mut self, mut pulses: PulseLoop, at_ns: u64) {
        self.newest += 1;
        self.missing = 0;
        let (time, at) = (pulses.time(), at_ns as f64);
        let off_ns = (at - time.ns_of(self.newest)).abs();
        if off_ns > (NEW_PHASE * time.ns_per_pulse).max(OTHER_DEVIATIONS * pulses.jitter_ns()) {
            pulses = pulses.moved(SourceTime { pulse: self.newest, ns: at, ..time }, AGREE_PULSES.1);
            let first = self.arrivals.pop_back();
            self.arrivals.clear();
            self.arrivals.extend(first);
        } else {
            pulses.take(self.newest, at);
        }
        self.keep(pulses, at_ns);
    }

    /// The first pulse of a source that was lost: at its last tempo, and counted as if it had continued, so that a
    /// cable that was unplugged for a moment does not move the song. Unless a song starts here: its number is
    /// announced.
    fn resume(&mut self, pulses: PulseLoop, at_ns: u64, begins: bool) {
        let (time, at) = (pulses.time(), at_ns as f64);
        let gone_on = time.pulse_at(at).round() as i64;
        self.newest = if begins { self.newest + 1 } else { gone_on.max(self.newest + 1) };
        if let Some(arrival) = self.arrivals.back_mut() {
            arrival.before = self.newest - 1;
        }
        self.state = SyncState::Acquiring;
        self.keep(pulses.moved(SourceTime { pulse: self.newest, ns: at, ..time }, 2), at_ns);
    }

    /// The newest arrival was on the grid; `pulses` is the loop with it.
    fn keep(&mut self, pulses: PulseLoop, at_ns: u64) {
        if let Some(arrival) = self.arrivals.back_mut() {
            arrival.on_grid = true;
        }
        self.used_ns = at_ns;
        let beyond = if pulses.sure() { BEYOND.1 } else { BEYOND.0 };
        if !in_range(pulses.time().ns_per_pulse, beyond) {
            self.state = SyncState::Unsteady;
            return;
        }
        self.pulses = Some(pulses);
        if pulses.sure() {
            self.state = SyncState::Locked;
        }
    }

    /// Checks whether the newest arrivals agree on a tempo if there is none, or on another one; then the grid is fitted
    /// again, and the result is true.
    fn agree(&mut self) -> bool {
        let following = self.following();
        let enough = match self.state {
            SyncState::Waiting | SyncState::Acquiring if self.pulses.is_none() => 2,
            SyncState::Waiting | SyncState::Acquiring | SyncState::Lost => AGREE_PULSES.0,
            SyncState::Locked | SyncState::Unsteady => AGREE_PULSES.1,
        };
        if self.state == SyncState::Waiting {
            self.state = SyncState::Acquiring;
        }
        let Some(first) = self.arrivals.len().checked_sub(enough) else { return false };
        let run: Vec<Arrival> = self.arrivals.range(first..).copied().collect();
        let beyond = if enough == AGREE_PULSES.1 { BEYOND.1 } else { BEYOND.0 };
        let Some(line) = line_through(&run) else {
            if following.is_none() && self.arrivals.len() == AGREE_PULSES.1 {
                self.state = SyncState::Unsteady;
            }
            return false;
        };
        let off_grid = run.iter().filter(|arrival| !arrival.on_grid).count();
        let other = |pulses: &PulseLoop| {
            let interval_ns = pulses.time().ns_per_pulse;
            let doubt_ns = OTHER_DEVIATIONS * pulses.jitter_ns() * 1.5 / (enough - 1) as f64;
            2 * off_grid > enough || (line.ns_per_pulse - interval_ns).abs() > (OTHER_TEMPO * interval_ns).max(doubt_ns)
        };
        if !following.as_ref().is_none_or(other) {
            return false;
        }
        if in_range(line.ns_per_pulse, beyond) {
            self.newest = line.pulse;
            self.missing = 0;
            self.used_ns = run.last().map_or(self.used_ns, |arrival| arrival.at_ns);
            self.pulses = Some(match &self.pulses {
                Some(pulses) => pulses.moved(line, enough),
                None => PulseLoop::new(line, enough),
            });
            if following.is_none() {
                self.state = SyncState::Acquiring;
            }
            self.arrivals.clear();
            return true;
        }
        if self.arrivals.len() == AGREE_PULSES.1 {
            self.state = SyncState::Unsteady;
        }
        false
    }
}

/// Whether an interval is a tempo in the range of [`Bpm`], with a tolerance.
pub(super) fn in_range(ns_per_pulse: f64, beyond: f64) -> bool {
    let bpm = MINUTE_NS / (ns_per_pulse * PPQN as f64);
    (Bpm::MIN.get() * (1.0 - beyond)..=Bpm::MAX.get() * (1.0 + beyond)).contains(&bpm)
}

/// The least-squares line through consecutive arrivals; `None` if their intervals do not agree.
fn line_through(run: &[Arrival]) -> Option<SourceTime> {
    let (first, last) = (run.first()?, run.last()?);
    let since = |arrival: &Arrival| arrival.at_ns as f64 - first.at_ns as f64;
    let n = run.len() as f64;
    let mean_interval = since(last) / (n - 1.0);
    let agree = |pair: &[Arrival]| (since(&pair[1]) - since(&pair[0]) - mean_interval).abs() <= AGREE * mean_interval;
    if !run.windows(2).all(agree) {
        return None;
    }
    let middle = (n - 1.0) / 2.0;
    let mean = run.iter().map(since).sum::<f64>() / n;
    let moment = run.iter().enumerate().map(|(i, arrival)| (i as f64 - middle) * since(arrival)).sum::<f64>();
    let ns_per_pulse = moment * 12.0 / (n * (n * n - 1.0));
    let ns = first.at_ns as f64 + mean + middle * ns_per_pulse;
    Some(SourceTime { pulse: first.before + run.len() as i64, ns, ns_per_pulse })
}
