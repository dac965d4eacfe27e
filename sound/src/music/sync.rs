//! Follows an incoming MIDI clock: the time of each pulse of the source, and the state of its song. Pure: it reads no
//! clock, the control thread passes the arrival time of each message.
//!
//! There are two ways to follow a source. If its pulses arrive near their own times, `sync/grid.rs` fits a grid to
//! them; lost pulses are counted, and doubled ones are not counted twice. If they arrive in the grain of the sender's
//! audio blocks, `sync/blocks.rs` counts them all and fits a line through seconds of them. Both watch every pulse;
//! [`ClockFollower`] decides which one is followed. The song is in `sync/song.rs`.

mod blocks;
mod grid;
mod pulse_loop;
mod song;

use super::{Bpm, PPQN};
use blocks::{Blocks, STRIP_NS, Window};
use grid::{BEYOND, Fit, Grid, in_range};
use serde::{Deserialize, Serialize};
use song::SourceSong;
use std::ops::Range;
use utoipa::ToSchema;

/// A pulse of the source and its time, with the tempo. Valid near its origin; renewed every pulse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceTime {
    /// The newest pulse, counted from the first, missing ones included.
    pub pulse: i64,
    /// The smoothed time of that pulse, in ns on the clock of the arrivals.
    pub ns: f64,
    /// Nanoseconds between two pulses.
    pub ns_per_pulse: f64,
}

impl SourceTime {
    /// The time of a pulse, in ns.
    pub fn ns_of(&self, pulse: i64) -> f64 {
        self.ns + (pulse - self.pulse) as f64 * self.ns_per_pulse
    }

    /// The (fractional) pulse at an instant.
    pub fn pulse_at(&self, ns: f64) -> f64 {
        self.pulse as f64 + (ns - self.ns) / self.ns_per_pulse
    }

    /// The tempo, clamped to the range of [`Bpm`].
    pub fn bpm(&self) -> Bpm {
        let bpm = MINUTE_NS / (self.ns_per_pulse * PPQN as f64);
        Bpm::new(bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get())).unwrap_or_default()
    }
}

/// How well the incoming clock is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// No pulse has come yet.
    Waiting,
    /// Pulses arrive; the tempo, if there is one yet, is an estimate.
    Acquiring,
    /// The tempo is measured over a beat or more.
    Locked,
    /// Pulses arrive, but their tempo is not from 20 to 300 BPM. The last mapping stays.
    Unsteady,
    /// The pulses have stopped. The last mapping stays.
    Lost,
}

/// An event of the source, for the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// There is a mapping, for the first time or again: from here on the plan follows it, and aligns its numbering with
    /// it.
    Found {
        /// The newest pulse.
        source_pulse: i64,
    },
    /// The source must not be followed any more: it is lost or unsteady.
    Lost,
    /// The song's pulse `song_pulse` is at the source's next pulse, which has not arrived yet.
    Rolls {
        /// 0 after START; after CONTINUE the position of the stopped song.
        song_pulse: i64,
        /// The number of the source's next pulse.
        source_pulse: i64,
    },
    /// The song stopped; CONTINUE would continue with this pulse.
    Stops {
        /// Pulses from the beginning of the song.
        song_pulse: i64,
    },
    /// The stopped song was moved to another position.
    Located {
        /// Pulses from the beginning of the song.
        song_pulse: i64,
    },
}

const MINUTE_NS: f64 = 60e9;
/// How long a line stays valid after it was fitted, in ns.
const HELD_NS: u64 = 3_000_000_000;
/// Arrivals on a grid, none missing and none doubled, with a larger spread than this come in blocks, in ns: ±6 ms.
const SPREAD_NS: f64 = 12e6;
/// So do arrivals with a larger spread than this, in ns, that drift slowly and return at once: blocks that are nearly a
/// simple fraction of the interval. A changing tempo only drifts slowly.
const SAW_NS: f64 = 3e6;
/// Part of the arrivals that are off the grid, or refit it, from which there is no grid: in each quarter of a line,
/// because a step of the tempo is off only for a moment.
const OFF: f64 = 0.1;
/// If arrivals fit a grid with some missing or doubled, they come in blocks if the counted line holds them in a strip
/// no wider than this part of the grid's interval, and this many ns: with pulses lost or doubled by chance, arrivals
/// soon leave any strip. For few arrivals the strip is narrow, because a few may fit by chance.
const STRIP: (f64, f64) = (1.15, 1e6);
const NARROW_STRIP: (f64, f64) = (1.03, 500e3);
const MANY: usize = 8;
const FEW: usize = 3;
/// Age below which a tempo with missing or doubled pulses is an estimate, in ns.
const YOUNG_NS: u64 = 1_500_000_000;

/// A line that is followed.
#[derive(Clone, Copy, Debug)]
struct Line {
    time: SourceTime,
    /// The time of its last fit.
    laid_ns: u64,
    /// The duration of the arrivals in that fit.
    span_ns: f64,
}

impl Line {
    /// The line through a window whose newest pulse has this number. After a stall, the arrivals since are too few to
    /// measure a tempo as well as the line before: that line keeps its tempo for a while, as long as it fits.
    fn laid_anew(before: Option<Line>, window: &Window, pulse: i64, at_ns: u64) -> Line {
        let time = SourceTime { pulse, ns: window.ns, ns_per_pulse: window.ns_per_pulse };
        let tells_more = |line: &Line| {
            let off_ns = (line.time.ns_per_pulse - window.ns_per_pulse).abs() * window.count as f64;
            window.span_ns < line.span_ns / 2.0 && off_ns < window.strip_ns && !line.is_old(at_ns)
        };
        match before.filter(tells_more) {
            Some(line) => Line { time: SourceTime { ns_per_pulse: line.time.ns_per_pulse, ..time }, ..line },
            None => Line { time, laid_ns: at_ns, span_ns: window.span_ns },
        }
    }

    fn is_old(&self, at_ns: u64) -> bool {
        at_ns.saturating_sub(self.laid_ns) > HELD_NS
    }
}

/// Follows a source. Messages must be passed in the order of their arrival; any instants are safe.
#[derive(Clone, Debug)]
pub struct ClockFollower {
    grid: Grid,
    blocks: Blocks,
    song: SourceSong,
    /// The line through the blocks, while it is followed.
    line: Option<Line>,
    /// The number of the newest pulse; -1 before the first.
    newest: i64,
    /// The number if every arrival since the start of the source or its song were a pulse.
    arrived: i64,
    /// Since when the source is present, and whether it missed or doubled pulses.
    young: (u64, bool),
    /// A new position of the song that is not reported yet.
    moved: Option<SyncEvent>,
}

impl Default for ClockFollower {
    fn default() -> Self {
        Self::new()
    }
}

impl ClockFollower {
    /// No message has arrived yet.
    pub fn new() -> ClockFollower {
        ClockFollower {
            grid: Grid::new(),
            blocks: Blocks::default(),
            song: SourceSong::new(),
            line: None,
            newest: -1,
            arrived: -1,
            young: (0, false),
            moved: None,
        }
    }

    /// The state after the last call.
    pub fn state(&self) -> SyncState {
        let is_young = self.blocks.newest_ns().is_some_and(|at| at.saturating_sub(self.young.0) < YOUNG_NS);
        match self.grid.state() {
            SyncState::Waiting => SyncState::Waiting,
            SyncState::Lost => SyncState::Lost,
            _ if self.line.is_some() => SyncState::Locked,
            SyncState::Locked if is_young && self.young.1 => SyncState::Acquiring,
            state => state,
        }
    }

    /// The mapping; `None` before the second pulse. For a lost or unsteady source, the last good one.
    pub fn time(&self) -> Option<SourceTime> {
        match self.line {
            Some(line) => Some(line.time),
            None => self.grid.time().map(|time| SourceTime { pulse: time.pulse + self.shift(), ..time }),
        }
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
        self.moved = None;
        self.song.start(self.newest + 1)
    }

    /// CONTINUE arrived.
    pub fn continue_(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.moved = None;
        self.song.continue_(self.newest + 1)
    }

    /// STOP arrived.
    pub fn stop(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.moved = None;
        self.song.stop(self.newest + 1)
    }

    /// SONG POSITION arrived.
    pub fn position(&mut self, sixteenths: u16, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        self.moved = None;
        self.song.position(sixteenths, self.newest + 1)
    }

    /// Detects a source that has stopped. Call it every 50 ms or so.
    pub fn look(&mut self, now_ns: u64) -> Option<SyncEvent> {
        let followed = self.is_followed();
        self.expire(now_ns);
        (followed && !self.is_followed()).then_some(SyncEvent::Lost)
    }

    /// CLOCK arrived.
    pub fn pulse(&mut self, at_ns: u64) -> Option<SyncEvent> {
        self.expire(at_ns);
        let followed = self.is_followed();
        let begins = self.song.waits();
        let shift = self.shift();
        let fit = self.grid.pulse(at_ns, begins);
        let counts = self.blocks.take(at_ns, fit, begins || self.is_due(at_ns));
        if counts {
            self.song.begin();
            self.arrived += 1;
        }
        if self.blocks.len() == 1 {
            self.young = (at_ns, false);
        } else {
            self.young.1 |= !matches!(fit, Fit::On { missing: 0 } | Fit::Anew);
        }
        match &mut self.line {
            Some(Line { time: line, laid_ns, .. }) if counts => {
                self.newest += 1;
                *line = SourceTime { pulse: self.newest, ns: line.ns_of(self.newest), ..*line };
                // Many sources restart their clock with START.
                if begins && (at_ns as f64 - line.ns).abs() > self.blocks.strip_ns() {
                    line.ns = at_ns as f64;
                    *laid_ns = at_ns;
                    self.blocks.begin_anew(at_ns);
                }
            }
            Some(_) => {}
            None => self.newest = self.grid.newest() + shift,
        }
        if begins || self.blocks.len() <= 1 {
            self.arrived = self.newest;
        }
        self.moved = self.choose(at_ns).or(self.moved);
        match (followed, self.is_followed()) {
            (false, true) => Some(SyncEvent::Found { source_pulse: self.newest }),
            (true, false) => Some(SyncEvent::Lost),
            _ => self.moved.take(),
        }
    }

    /// Whether the line has the next pulse by now. After a stall of the source, one block comes right after another,
    /// and its pulses are not doubled ones.
    fn is_due(&self, at_ns: u64) -> bool {
        self.line.is_some_and(|line| line.time.ns_of(self.newest + 1) <= at_ns as f64 + self.blocks.strip_ns() / 2.0)
    }

    /// The number to add to the grid's pulse numbers.
    fn shift(&self) -> i64 {
        self.newest - self.grid.newest()
    }

    fn is_followed(&self) -> bool {
        self.line.is_some() || self.grid.is_followed()
    }

    fn expire(&mut self, now_ns: u64) {
        self.grid.expire(now_ns);
        if matches!(self.grid.state(), SyncState::Waiting | SyncState::Lost) {
            self.line = None;
            self.blocks.clear();
        }
    }

    /// Decides which way the source is followed. If the grid had a wrong tempo until now, it has counted wrong: the
    /// song moves to the source's position.
    fn choose(&mut self, at_ns: u64) -> Option<SyncEvent> {
        let window = self.blocks.window(at_ns)?;
        let Some(window) = window else {
            self.line.take_if(|line| line.is_old(at_ns));
            return None;
        };
        let are_blocks = self.are_blocks(&window);
        let was = self.line.is_some();
        if !are_blocks {
            let slips: usize = [window.missing, window.doubled, window.off_grid].iter().flatten().sum();
            let is_grid = slips == 0 && (window.span_ns > 6e9 || window.strip_ns < SAW_NS);
            if was && (is_grid || !in_range(window.ns_per_pulse, BEYOND.1)) {
                self.line = None;
            }
            self.line?;
        }
        self.line = Some(Line::laid_anew(self.line, &window, self.newest, at_ns));
        let too_many = self.newest - self.arrived;
        self.arrived = self.newest;
        if was { None } else { self.song.lose(too_many, self.newest + 1) }
    }

    /// Whether there is no grid, or it fits only because pulses seem lost, doubled or late in the way of blocks.
    fn are_blocks(&self, window: &Window) -> bool {
        if !in_range(window.ns_per_pulse, BEYOND.1) {
            return false;
        }
        if window.off_grid.iter().all(|off| *off as f64 > OFF * window.count as f64 / 4.0) {
            return window.span_ns >= 1.2e9;
        }
        let Some(grid) = self.grid.time().filter(|_| self.grid.is_followed()) else { return false };
        let [missing, doubled] = [&window.missing, &window.doubled].map(|quarters| quarters.iter().sum::<usize>());
        if missing + doubled == 0 {
            let jumps = window.jump_ns > window.strip_ns / 2.0;
            let is_saw = window.strip_ns > SAW_NS && window.rough_ns < window.strip_ns / 4.0;
            if jumps && (is_saw || window.strip_ns > SPREAD_NS) && window.span_ns >= 2e9 {
                return true;
            }
        }
        // Blocks shorter than the pulses' interval sometimes have no pulse, longer ones sometimes have two.
        if grid.ns_per_pulse > STRIP_NS || 4 * missing.min(doubled) > missing.max(doubled) {
            return false;
        }
        let slips = |quarters: Range<usize>| -> usize {
            let kinds = [&window.off_grid, &window.missing, &window.doubled];
            kinds.into_iter().flat_map(|of| of.iter().skip(quarters.start).take(quarters.len())).sum()
        };
        let (older, newer) = (slips(0..2), slips(2..4));
        let slips = older + newer;
        // Every pulse sent twice, and none three times.
        let all_doubled = 2 * doubled + 2 >= window.count && !window.at_once && window.in_threes < FEW;
        let few = if missing == 0 && doubled > 0 && window.at_once { FEW - 1 } else { FEW };
        let (part, more_ns) = if slips >= MANY { STRIP } else { NARROW_STRIP };
        let is_regular = window.is_all && !all_doubled && window.widest_ns <= part * grid.ns_per_pulse + more_ns;
        let enough = slips >= MANY || (slips >= few && window.span_ns >= 6e9);
        is_regular && enough && older > 0 && newer > 0
    }
}

#[cfg(test)]
mod tests;
