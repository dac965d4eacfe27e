//! Follows an incoming MIDI clock: which of the source's pulses falls on which instant, and what its song does. Pure:
//! no clock is read, the control thread says when each message arrived.
//!
//! A pulse that is expected is the one on whose place of the grid it arrives: a missing one is counted, a doubled one or
//! one that comes late behind a stall is not. What arrives off the grid bends nothing, until so many arrivals in a row
//! agree with each other that the source has changed. The times are smoothed by `sync/pulse_loop.rs`; the song is in
//! `sync/song.rs`.

mod pulse_loop;
mod song;

use super::{Bpm, PPQN};
use pulse_loop::PulseLoop;
use serde::{Deserialize, Serialize};
use song::SourceSong;
use std::collections::VecDeque;
use utoipa::ToSchema;

/// Where the source's pulses and nanoseconds meet. Valid near its origin; renewed every pulse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceTime {
    /// The newest pulse, counted from the first, missing ones included.
    pub pulse: i64,
    /// When that pulse came, smoothed, in ns on the clock of the arrivals.
    pub ns: f64,
    /// Nanoseconds between two pulses.
    pub ns_per_pulse: f64,
}

impl SourceTime {
    /// When a pulse comes, in ns.
    pub fn ns_of(&self, pulse: i64) -> f64 {
        self.ns + (pulse - self.pulse) as f64 * self.ns_per_pulse
    }

    /// Which (fractional) pulse comes at an instant.
    pub fn pulse_at(&self, ns: f64) -> f64 {
        self.pulse as f64 + (ns - self.ns) / self.ns_per_pulse
    }

    /// The tempo, held within the range of [`Bpm`].
    pub fn bpm(&self) -> Bpm {
        let bpm = MINUTE_NS / (self.ns_per_pulse * PPQN as f64);
        Bpm::new(bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get())).unwrap_or_default()
    }
}

/// How well the source is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// No pulse has come yet.
    Waiting,
    /// Pulses come; the tempo, if there is one yet, is a guess.
    Acquiring,
    /// The tempo rests on a beat or more.
    Locked,
    /// Pulses come that make no tempo from 20 to 300 BPM. The mapping stands as it was.
    Unsteady,
    /// The pulses have ceased. The mapping stands as it was.
    Lost,
}

/// What the source did, for the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// There is a mapping, for the first time or again: from here on it is to be followed, and the plan's numbering
    /// laid on it anew.
    Found {
        /// The newest pulse.
        source_pulse: i64,
    },
    /// The source is not to be followed any more: lost or unsteady.
    Lost,
    /// The song's pulse `song_pulse` falls on the source's next pulse, which has not come yet.
    Rolls {
        /// 0 after START; after CONTINUE where the song stood.
        song_pulse: i64,
        /// The number the source's next pulse will have.
        source_pulse: i64,
    },
    /// The song stands; CONTINUE would go on with this pulse.
    Stops {
        /// Pulses from the beginning of the song.
        song_pulse: i64,
    },
    /// The song that stands was put elsewhere.
    Located {
        /// Pulses from the beginning of the song.
        song_pulse: i64,
    },
}

const MINUTE_NS: f64 = 60e9;
/// Pulses closer than this are one pulse sent twice, or several that were held up, in ns. At 300 BPM pulses are 8.3 ms
/// apart.
const DOUBLED_NS: u64 = 2_500_000;
/// Without a pulse for so many intervals, within these bounds in ns, the source is lost. At 20 BPM pulses are 125 ms
/// apart, and one may be missing.
const LOST_INTERVALS: f64 = 3.5;
const LOST_NS: (f64, f64) = (150e6, 400e6);
/// A pulse is on the grid when it is off by less than this part of an interval, and while the tempo is a guess, by
/// less than the second one.
const GATE: (f64, f64) = (0.35, 0.45);
/// After START, a pulse that is further off than this part of an interval is a clock whose phase began anew.
const NEW_PHASE: f64 = 0.05;
/// So many arrivals in a row that agree make a tempo: where there is none to lose, and where there is one.
const AGREE_PULSES: (usize, usize) = (4, 7);
/// Arrivals agree when no interval is off their mean by more than this part: ±1 ms of jitter at 300 BPM is 0.24,
/// every third pulse missing 0.33.
const AGREE: f64 = 0.3;
/// They say another tempo where it differs by this part, or by so many standard deviations of what they can tell.
const OTHER_TEMPO: f64 = 0.05;
const OTHER_DEVIATIONS: f64 = 5.0;
/// How far beyond the range of [`Bpm`] a tempo is believed: while it is a guess, and when it is known.
const BEYOND: (f64, f64) = (0.15, 0.03);

/// A pulse as it came.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at_ns: u64,
    /// The number of the pulse before it.
    before: i64,
    on_grid: bool,
}

/// Follows a source. Messages are to be given in the order of their arrival; any instants do no harm.
#[derive(Clone, Debug)]
pub struct ClockFollower {
    state: SyncState,
    pulses: Option<PulseLoop>,
    song: SourceSong,
    /// The number of the newest pulse; -1 before the first.
    newest: i64,
    /// The newest arrivals, doubled ones left out, oldest first.
    arrivals: VecDeque<Arrival>,
    heard_ns: Option<u64>,
    /// The newest pulse on the grid.
    used_ns: u64,
    /// Pulses counted without having come, that may still come late.
    missing: i64,
}

impl Default for ClockFollower {
    fn default() -> Self {
        Self::new()
    }
}

impl ClockFollower {
    /// Nothing has come yet.
    pub fn new() -> ClockFollower {
        ClockFollower {
            state: SyncState::Waiting,
            pulses: None,
            song: SourceSong::new(),
            newest: -1,
            arrivals: VecDeque::with_capacity(AGREE_PULSES.1),
            heard_ns: None,
            used_ns: 0,
            missing: 0,
        }
    }

    /// How well the source is known, as of the last call.
    pub fn state(&self) -> SyncState {
        self.state
    }

    /// The mapping; nothing before the second pulse. Of a source that is lost or unsteady, the last good one.
    pub fn time(&self) -> Option<SourceTime> {
        self.pulses.map(|pulses| pulses.time())
    }

    /// The source's tempo.
    pub fn bpm(&self) -> Option<Bpm> {
        self.time().map(|time| time.bpm())
    }

    /// Whether the source's song rolls, or will with the next pulse.
    pub fn rolling(&self) -> bool {
        self.song.rolls()
    }

    /// START arrived.
    pub fn start(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.song.start(self.newest + 1)
    }

    /// CONTINUE arrived.
    pub fn continue_(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.song.continue_(self.newest + 1)
    }

    /// STOP arrived.
    pub fn stop(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.song.stop(self.newest + 1)
    }

    /// SONG POSITION arrived.
    pub fn position(&mut self, sixteenths: u16, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.song.position(sixteenths, self.newest + 1)
    }

    /// Time goes by: notices a source that has ceased. To be called every 50 ms or so.
    pub fn look(&mut self, now_ns: u64) -> Option<SyncEvent> {
        let followed = self.following().is_some();
        self.expire(now_ns);
        (followed && self.following().is_none()).then_some(SyncEvent::Lost)
    }

    /// CLOCK arrived.
    pub fn pulse(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        let followed = self.following().is_some();
        let since_ns = self.heard_ns.replace(at_ns).map(|heard| at_ns.checked_sub(heard));
        let begins = self.song.waits();
        match since_ns {
            Some(Some(since)) if since < DOUBLED_NS && !begins => {
                self.absorb();
                return None;
            }
            // The clock of the arrivals went back: what came before says nothing about what comes.
            Some(None) => self.arrivals.clear(),
            _ => {}
        }
        self.song.begin();
        if self.arrivals.len() == AGREE_PULSES.1 {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(Arrival { at_ns, before: self.newest, on_grid: false });
        match (self.following(), self.pulses) {
            (Some(pulses), _) if begins => self.take_first(pulses, at_ns),
            (Some(pulses), _) => self.take(pulses, at_ns),
            (None, Some(pulses)) if self.state == SyncState::Lost => self.resume(pulses, at_ns, begins),
            _ => {
                self.newest += 1;
                self.used_ns = at_ns;
            }
        }
        self.agree();
        match (followed, self.following()) {
            (false, Some(_)) => Some(SyncEvent::Found { source_pulse: self.newest }),
            (true, None) => Some(SyncEvent::Lost),
            _ => None,
        }
    }

    /// The loop, while it is to be followed.
    fn following(&self) -> Option<PulseLoop> {
        self.pulses.filter(|_| matches!(self.state, SyncState::Acquiring | SyncState::Locked))
    }

    fn expire(&mut self, now_ns: u64) {
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

    /// An arrival that is no pulse of its own. If one was counted without having come, this is it, and the arrivals were
    /// held up on their way: they say nothing about the tempo.
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
            // No more steps than fit in the patience of `expire`.
            self.newest = time.pulse + step as i64;
            self.missing = step as i64 - 1;
            pulses.take(self.newest, at);
            self.keep(pulses, at_ns);
        }
    }

    /// The pulse with which the song begins. Many a source begins its clock anew with START, so it is taken wherever it
    /// falls.
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

    /// The first pulse of a source that was lost: at the tempo it had, and counted as if it had gone on, so that a cable
    /// that was out for a moment leaves the song where it would be. Unless a song begins here: its number is announced.
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

    /// The newest arrival was on the grid, and this is the loop with it.
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

    /// Looks whether the newest arrivals agree on a tempo where there is none, or on another than the one there is.
    fn agree(&mut self) {
        let following = self.following();
        let enough = match self.state {
            SyncState::Waiting | SyncState::Acquiring if self.pulses.is_none() => 2,
            SyncState::Waiting | SyncState::Acquiring | SyncState::Lost => AGREE_PULSES.0,
            SyncState::Locked | SyncState::Unsteady => AGREE_PULSES.1,
        };
        if self.state == SyncState::Waiting {
            self.state = SyncState::Acquiring;
        }
        let Some(first) = self.arrivals.len().checked_sub(enough) else { return };
        let run: Vec<Arrival> = self.arrivals.range(first..).copied().collect();
        let beyond = if enough == AGREE_PULSES.1 { BEYOND.1 } else { BEYOND.0 };
        let Some(line) = line_through(&run) else {
            if following.is_none() && self.arrivals.len() == AGREE_PULSES.1 {
                self.state = SyncState::Unsteady;
            }
            return;
        };
        let off_grid = run.iter().filter(|arrival| !arrival.on_grid).count();
        let other = |pulses: &PulseLoop| {
            let interval_ns = pulses.time().ns_per_pulse;
            let doubt_ns = OTHER_DEVIATIONS * pulses.jitter_ns() * 1.5 / (enough - 1) as f64;
            2 * off_grid > enough || (line.ns_per_pulse - interval_ns).abs() > (OTHER_TEMPO * interval_ns).max(doubt_ns)
        };
        if !following.as_ref().is_none_or(other) {
            return;
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
        } else if self.arrivals.len() == AGREE_PULSES.1 {
            self.state = SyncState::Unsteady;
        }
    }
}

/// Whether an interval is a tempo in the range of [`Bpm`], give or take a part.
fn in_range(ns_per_pulse: f64, beyond: f64) -> bool {
    let bpm = MINUTE_NS / (ns_per_pulse * PPQN as f64);
    (Bpm::MIN.get() * (1.0 - beyond)..=Bpm::MAX.get() * (1.0 + beyond)).contains(&bpm)
}

/// The least-squares line through arrivals that follow each other; nothing where their intervals do not agree.
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

#[cfg(test)]
mod tests;
