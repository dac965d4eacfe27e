//! Follows pulses that come in blocks: every arrival is a pulse, and late by no more than a block. Pure.
//!
//! Most programs send all messages of an audio block at once, so a pulse arrives up to a block after its time. A line
//! through seconds of counted arrivals still gives the tempo: all of them are in a strip no wider than a block.

use super::grid::{DOUBLED_NS, Fit};
use std::collections::VecDeque;

/// The longest duration of the line, and the shorter ones that are tried if that gives no line, in ns.
const SPANS_NS: [f64; 7] = [12e9, 8e9, 5.5e9, 3.8e9, 2.6e9, 1.8e9, 1.2e9];
/// The widest strip, in ns: a grain of 25 ms and the jitter of a thread.
pub(super) const STRIP_NS: f64 = 30e6;
/// Minimum arrivals of a line, and its minimum duration, in ns.
const COUNT_MIN: usize = 12;
const SPAN_MIN_NS: f64 = 0.8e9;
/// One in this many arrivals may be before the strip, and one in this many after it: delayed.
const EARLY: usize = 100;
const LATE: usize = 20;
/// An arrival after the strip by more than this part of it was delayed, and is not used for the line.
const HELD_UP: f64 = 0.15;
/// Maximum arrivals that are kept: 12 s at 300 BPM are 1440.
const KEPT: usize = 2048;
/// Maximum distance of pulses of one block, in ns: on a wire a byte takes 0.32 ms, and a frame of USB 1 ms. Others that
/// are closer than [`DOUBLED_NS`] are sent twice, and are no pulses here.
const BLOCK_NS: u64 = 1_200_000;
/// And the same at the sender.
const AT_ONCE_NS: u64 = 100_000;
/// The interval of fits, in ns.
const EVERY_NS: u64 = 40_000_000;

#[derive(Clone, Copy, Debug)]
struct Arrival {
    at_ns: u64,
    fit: Fit,
    /// It came together with the one before it.
    doubled: bool,
    at_once: bool,
}

/// A line through the newest arrivals, and how they fit the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The time of the newest pulse: in the middle of the strip.
    pub(super) ns: f64,
    pub(super) ns_per_pulse: f64,
    /// The width of the strip, without the few arrivals outside of it, and with them.
    pub(super) strip_ns: f64,
    pub(super) widest_ns: f64,
    /// The distance of one arrival from the next in the strip, on average, and at most in the half where it is less.
    pub(super) rough_ns: f64,
    pub(super) jump_ns: f64,
    /// From the oldest to the newest arrival.
    pub(super) span_ns: f64,
    /// Whether it has all known arrivals, or spans [`SPANS_NS`].1.
    pub(super) is_all: bool,
    /// Arrivals.
    pub(super) count: usize,
    /// In each quarter, the oldest first: arrivals before which the grid misses pulses,
    pub(super) missing: [usize; 4],
    /// those that came together with the one before,
    pub(super) doubled: [usize; 4],
    /// and those that came alone and are off the grid, or refit it.
    pub(super) off_grid: [usize; 4],
    /// Arrivals that came at once.
    pub(super) at_once: bool,
    /// And those of them with one that itself came together with the one before: three or more in a block.
    pub(super) in_threes: usize,
}

/// The arrivals of some seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    arrivals: VecDeque<Arrival>,
    looked_ns: u64,
    strip_ns: f64,
}

impl Blocks {
    pub(super) fn len(&self) -> usize {
        self.arrivals.len()
    }

    pub(super) fn newest_ns(&self) -> Option<u64> {
        self.arrivals.back().map(|arrival| arrival.at_ns)
    }

    /// The width of the last strip.
    pub(super) fn strip_ns(&self) -> f64 {
        self.strip_ns
    }

    pub(super) fn clear(&mut self) {
        self.arrivals.clear();
        self.looked_ns = 0;
    }

    /// Drops the arrivals before this one, which say nothing about the following ones.
    pub(super) fn begin_anew(&mut self, at_ns: u64) {
        self.arrivals.clear();
        self.arrivals.push_back(Arrival { at_ns, fit: Fit::Anew, doubled: false, at_once: false });
    }

    /// Takes a pulse; false if it is one sent twice. A pulse that is due is not.
    pub(super) fn take(&mut self, at_ns: u64, fit: Fit, is_due: bool) -> bool {
        let since_ns = self.newest_ns().map(|newest| at_ns.checked_sub(newest));
        if since_ns == Some(None) {
            self.clear();
        }
        let since_ns = since_ns.flatten().unwrap_or(u64::MAX);
        if (BLOCK_NS..DOUBLED_NS).contains(&since_ns) && !is_due {
            return false;
        }
        if self.arrivals.len() == KEPT {
            self.arrivals.pop_front();
        }
        // At the beginning a grid is fitted: that has no meaning.
        let begins = fit == Fit::Anew && self.arrivals.len() < COUNT_MIN;
        let fit = if begins { Fit::On { missing: 0 } } else { fit };
        let (doubled, at_once) = (since_ns < BLOCK_NS, since_ns < AT_ONCE_NS);
        self.arrivals.push_back(Arrival { at_ns, fit, doubled, at_once });
        true
    }

    /// The longest valid line, if it is time for a fit; inner `None` if there is none.
    pub(super) fn window(&mut self, at_ns: u64) -> Option<Option<Window>> {
        if at_ns.saturating_sub(self.looked_ns) < EVERY_NS && self.looked_ns <= at_ns {
            return None;
        }
        self.looked_ns = at_ns;
        let from = |span_ns: f64| {
            self.arrivals.partition_point(|arrival| (at_ns.saturating_sub(arrival.at_ns)) as f64 > span_ns)
        };
        let mut before = None;
        let mut found = None;
        for span_ns in SPANS_NS {
            let first = from(span_ns);
            if before.replace(first) == Some(first) {
                continue;
            }
            found = self.line(first, first == 0 || span_ns >= SPANS_NS[1]);
            if found.is_some() {
                break;
            }
        }
        if let Some(Window { strip_ns, .. }) = found {
            self.strip_ns = strip_ns;
        }
        Some(found)
    }

    /// The line through the arrivals from `first` on. Those at the ends have the least weight, so that it does not vary
    /// with the beat of blocks against pulses.
    fn line(&self, first: usize, is_all: bool) -> Option<Window> {
        let count = self.arrivals.len().checked_sub(first).filter(|count| *count >= COUNT_MIN)?;
        let oldest_ns = self.arrivals.get(first)?.at_ns;
        let at = |arrival: &Arrival| arrival.at_ns.saturating_sub(oldest_ns) as f64;
        let arrivals = || self.arrivals.range(first..);
        let span_ns = at(self.arrivals.back()?);
        if span_ns < SPAN_MIN_NS {
            return None;
        }
        let middle = (count - 1) as f64 / 2.0;
        let place = |i: usize| i as f64 - middle;
        let fit = |is_kept: &dyn Fn(usize) -> bool| {
            let (mut weights, mut sum, mut at_sum, mut moment, mut square) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (i, arrival) in arrivals().enumerate().filter(|(i, _)| is_kept(*i)) {
                let x = place(i);
                let weight = 1.0 - (x / (middle + 1.0)).powi(2);
                weights += weight;
                sum += weight * x;
                at_sum += weight * at(arrival);
                moment += weight * x * at(arrival);
                square += weight * x * x;
            }
            let slope = (moment - sum * at_sum / weights) / (square - sum * sum / weights);
            let mean = (at_sum - slope * sum) / weights;
            let off: Vec<f64> =
                arrivals().enumerate().map(|(i, arrival)| at(arrival) - mean - slope * place(i)).collect();
            (slope, mean, off)
        };
        let strip = |off: &[f64]| {
            let mut off = off.to_vec();
            let low = *off.select_nth_unstable_by(count / EARLY, f64::total_cmp).1;
            let high = *off.select_nth_unstable_by(count - 1 - count / LATE, f64::total_cmp).1;
            (low, high)
        };
        let (mut slope, mut mean, mut off) = fit(&|_| true);
        let (mut low, mut high) = strip(&off);
        let held_up = |off: f64, (low, high): (f64, f64)| off > high + HELD_UP * (high - low);
        if off.iter().any(|off| held_up(*off, (low, high))) {
            let kept: Vec<bool> = off.iter().map(|off| !held_up(*off, (low, high))).collect();
            (slope, mean, off) = fit(&|i| kept[i]);
            (low, high) = strip(&off);
        }
        let strip_ns = high - low;
        if !(slope > 0.0 && strip_ns <= STRIP_NS) {
            return None;
        }
        let kept: Vec<f64> = off.iter().copied().filter(|off| !held_up(*off, (low, high))).collect();
        let steps: Vec<f64> = kept.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let rough_ns = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
        let (older, newer) = steps.split_at(steps.len() / 2);
        let jump_ns = [older, newer]
            .map(|half| half.iter().copied().fold(0.0, f64::max))
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let lowest = kept.iter().copied().fold(f64::INFINITY, f64::min);
        let widest_ns = kept.iter().copied().fold(f64::NEG_INFINITY, f64::max) - lowest;
        let quarters = |is: fn(&Arrival) -> bool| {
            let place = |quarter: usize| quarter * count / 4;
            [0, 1, 2, 3].map(|quarter| {
                let part = arrivals().take(place(quarter + 1)).skip(place(quarter));
                part.filter(|arrival| is(arrival)).count()
            })
        };
        Some(Window {
            ns: oldest_ns as f64 + mean + slope * middle + (low + high) / 2.0,
            ns_per_pulse: slope,
            strip_ns,
            widest_ns,
            rough_ns,
            jump_ns,
            span_ns,
            is_all,
            count,
            missing: quarters(|arrival| matches!(arrival.fit, Fit::On { missing: 1.. })),
            doubled: quarters(|arrival| arrival.fit == Fit::Off && arrival.doubled),
            off_grid: quarters(|arrival| arrival.fit == Fit::Anew || (arrival.fit == Fit::Off && !arrival.doubled)),
            in_threes: arrivals().zip(arrivals().skip(1)).filter(|(one, next)| one.doubled && next.doubled).count(),
            at_once: arrivals().filter(|arrival| arrival.doubled).all(|arrival| arrival.at_once),
        })
    }
}
