//! Follows an incoming MIDI clock: which of the source's pulses falls on which instant, and what its song does. Pure:
//! no clock is read, the control thread says when each message arrived.
//!
//! A source is known in one of two ways. Where its pulses come near their own places, `sync/grid.rs` lays a grid through
//! them, which misses no pulse that is lost and counts none twice. Where they come in the grain of the sender's audio
//! blocks, `sync/blocks.rs` counts them all and lays a line through seconds of them. Both watch every pulse; which one
//! is followed, [`ClockFollower`] decides. The song is in `sync/song.rs`.

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
/// How long a line is believed after it was laid, in ns.
const HELD_NS: u64 = 3_000_000_000;
/// Arrivals on a grid, none missing and none doubled, that spread over more than this are blocks, in ns: ±6 ms.
const SPREAD_NS: f64 = 12e6;
/// They are, too, where they spread over more than this, in ns, slowly and back at once: where blocks are a part of the
/// interval, but for a little. A tempo that moves spreads them slowly alone.
const SAW_NS: f64 = 3e6;
/// A grid that so large a part of the arrivals is off, or lays anew, is none: in each quarter of a line, for a step of the
/// tempo is off only for a moment.
const OFF: f64 = 0.1;
/// Where arrivals fit a grid with some missing or doubled, they are blocks if the counted line holds them in a strip no
/// wider than so much of the grid's interval, and so many ns: what is lost or doubled by chance soon leaves any strip. Where
/// they are few, the strip is narrow, for a few may fit by chance.
const STRIP: (f64, f64) = (1.15, 1e6);
const NARROW_STRIP: (f64, f64) = (1.03, 500e3);
const MANY: usize = 8;
const FEW: usize = 3;
/// Before so long a tempo that misses or doubles pulses is a guess, in ns.
const YOUNG_NS: u64 = 1_500_000_000;

/// A line that is followed.
#[derive(Clone, Copy, Debug)]
struct Line {
    time: SourceTime,
    /// When it was last laid.
    laid_ns: u64,
    /// How long a time it went through then.
    span_ns: f64,
}

impl Line {
    /// The line through a window whose newest pulse has this number. Where a source was held up, what came since is too
    /// short to tell a tempo as well as the line before did: that keeps its own for a while, as long as it fits.
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

/// Follows a source. Messages are to be given in the order of their arrival; any instants do no harm.
#[derive(Clone, Debug)]
pub struct ClockFollower {
    grid: Grid,
    blocks: Blocks,
    song: SourceSong,
    /// The line through the blocks, while that is followed.
    line: Option<Line>,
    /// The number of the newest pulse; -1 before the first.
    newest: i64,
    /// What it would be if every arrival since the source or its song began were a pulse.
    arrived: i64,
    /// Since when the source is there, and whether it missed or doubled pulses.
    young: (u64, bool),
    /// Where the song was put, while that is still to be said.
    moved: Option<SyncEvent>,
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

    /// How well the source is known, as of the last call.
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

    /// The mapping; nothing before the second pulse. Of a source that is lost or unsteady, the last good one.
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

    /// Time goes by: notices a source that has ceased. To be called every 50 ms or so.
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
                // Many a source begins its clock anew with START.
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

    /// Whether the line has the next pulse by now. Where a source was held up, one block comes right behind another, and
    /// what comes with it is not sent twice.
    fn is_due(&self, at_ns: u64) -> bool {
        self.line.is_some_and(|line| line.time.ns_of(self.newest + 1) <= at_ns as f64 + self.blocks.strip_ns() / 2.0)
    }

    /// What is added to the grid's numbers.
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

    /// Decides which way the source is followed. Where the grid was on a wrong tempo until now, it has counted wrong: the
    /// song is put where the source has it.
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

    /// Whether the grid is none, or fits only because pulses seem lost, doubled or late in the way that blocks make them.
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
        // In blocks that are shorter than the pulses' interval some have none, in longer ones some have two.
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
