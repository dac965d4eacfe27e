//! The delay-locked loop over the arrivals of pulses. Pure.
//!
//! Second order, as in `engine/frame_clock.rs` (Fons Adriaensen, "Using a DLL to filter time", LAC 2005), but the
//! bandwidth is given as a memory: how many pulses the loop looks back on. With a memory that grows by one each pulse
//! the loop is exactly the least-squares line through all pulses so far (the growing-memory g-h filter), which no
//! other loop acquires faster; held at [`LONGEST_NS`], it is a loop of some 0.05 Hz with a damping of 0.8.

use super::SourceTime;

/// The longest memory, in ns. With arrivals off by up to ±1 ms it leaves some 0.001 BPM (standard deviation) of wander
/// at 120 BPM.
const LONGEST_NS: f64 = 8e9;
/// The longest memory is never fewer pulses than this.
const LONGEST_PULSES: f64 = 64.0;
/// Memory from which a single arrival that is far off is limited, in pulses: after a beat the tempo is known well
/// enough.
const SURE_PULSES: f64 = 24.0;
/// Assumed jitter until it is measured (standard deviation), and its minimum, in ns.
const JITTER_NS: f64 = 500e3;
const LEAST_JITTER_NS: f64 = 20e3;
/// Pulses over which jitter is measured.
const JITTER_PULSES: f64 = 32.0;
/// Standard deviation over mean difference of neighbours: 0.866 for uniform jitter, 0.886 for Gaussian.
const DEVIATION_PER_DIFFERENCE: f64 = 0.87;
/// An arrival beyond this many standard deviations, and this many ns, is far off.
const FAR_DEVIATIONS: f64 = 3.5;
const FAR_NS: f64 = 2e6;
/// The same as a part of the interval, so that it works at 300 BPM, where an interval is 8.3 ms.
const FAR_PART: f64 = 0.1;
/// This many consecutive arrivals far off to one side are another tempo: jitter does not do that.
const FAR_RUN: u32 = 4;
/// And they grow: the last is this many times as far. Constant errors are left to the mean, which corrects more gently.
const FAR_GROWTH: f64 = 1.5;
/// The memory from then on, in pulses: about the run.
const FAR_MEMORY: f64 = 5.0;
/// Pulses of the mean error.
const MEAN_PULSES: f64 = 16.0;
/// A mean error beyond this many standard deviations of one arrival (5.5 of the mean) and this many ns is a changing
/// tempo. The 1 ms is a frame of USB: a slip by one is the bus, not the source.
const MOVED_DEVIATIONS: f64 = 1.0;
const MOVED_NS: f64 = 1e6;
/// The memory is then reduced to a third, within these bounds, in pulses.
const MOVED_MEMORY: (f64, f64) = (8.0, 32.0);

/// The loop. Copied to try a pulse and take it back.
#[derive(Clone, Copy, Debug)]
pub(super) struct PulseLoop {
    time: SourceTime,
    memory_pulses: f64,
    jitter_ns: f64,
    last_error_ns: f64,
    mean_error_ns: f64,
    run: u32,
}

impl PulseLoop {
    /// A loop that begins with this line, as if it were measured from `pulses` pulses.
    pub(super) fn new(time: SourceTime, pulses: usize) -> PulseLoop {
        PulseLoop {
            time,
            memory_pulses: pulses as f64,
            jitter_ns: JITTER_NS,
            last_error_ns: 0.0,
            mean_error_ns: 0.0,
            run: 0,
        }
    }

    /// The same loop on another line; the measured jitter stays.
    pub(super) fn moved(&self, time: SourceTime, pulses: usize) -> PulseLoop {
        PulseLoop { jitter_ns: self.jitter_ns, ..PulseLoop::new(time, pulses) }
    }

    pub(super) fn time(&self) -> SourceTime {
        self.time
    }

    /// Whether the tempo is measured over a beat or more.
    pub(super) fn sure(&self) -> bool {
        self.memory_pulses >= SURE_PULSES
    }

    /// Standard deviation of the arrivals, in ns.
    pub(super) fn jitter_ns(&self) -> f64 {
        self.jitter_ns
    }

    /// Pulse number `pulse` arrived.
    pub(super) fn take(&mut self, pulse: i64, at_ns: f64) {
        let interval_ns = self.time.ns_per_pulse;
        self.memory_pulses = (self.memory_pulses + 1.0).min((LONGEST_NS / interval_ns).max(LONGEST_PULSES));
        self.time = SourceTime { pulse, ns: self.time.ns_of(pulse), ns_per_pulse: interval_ns };
        let error_ns = at_ns - self.time.ns;
        self.watch(error_ns);
        let error_ns = at_ns - self.time.ns;
        let n = self.memory_pulses;
        let farthest_ns = if self.sure() { self.far_ns().max(FAR_NS) } else { f64::INFINITY };
        let error_ns = error_ns.clamp(-farthest_ns, farthest_ns);
        self.time.ns += 2.0 * (2.0 * n - 1.0) / (n * (n + 1.0)) * error_ns;
        self.time.ns_per_pulse += 6.0 / (n * (n + 1.0)) * error_ns;
    }

    fn far_ns(&self) -> f64 {
        (FAR_DEVIATIONS * self.jitter_ns).max(FAR_NS.min(FAR_PART * self.time.ns_per_pulse))
    }

    /// Measures the jitter and shortens the memory if the errors show that the tempo has changed.
    fn watch(&mut self, error_ns: f64) {
        if self.memory_pulses > MOVED_MEMORY.0 {
            // By neighbours, so that a changing tempo does not count as jitter; a single spike counts little.
            let difference_ns = (error_ns - self.last_error_ns).abs() * DEVIATION_PER_DIFFERENCE;
            self.jitter_ns += (difference_ns.min(4.0 * self.jitter_ns) - self.jitter_ns) / JITTER_PULSES;
            self.jitter_ns = self.jitter_ns.max(LEAST_JITTER_NS);
        }
        let same_side = error_ns.signum() == self.last_error_ns.signum();
        self.last_error_ns = error_ns;
        self.run = match error_ns.abs() > self.far_ns() {
            true if same_side => self.run + 1,
            true => 1,
            false => 0,
        };
        // A spike has the weight of an error that is just not far.
        let bound_ns = self.far_ns().max(FAR_NS);
        self.mean_error_ns += (error_ns.clamp(-bound_ns, bound_ns) - self.mean_error_ns) / MEAN_PULSES;
        let moved_ns = (MOVED_DEVIATIONS * self.jitter_ns).max(MOVED_NS.min(FAR_PART * self.time.ns_per_pulse));
        if self.run >= FAR_RUN && error_ns.abs() > FAR_GROWTH * self.far_ns() {
            self.shorten(FAR_MEMORY);
        } else if self.mean_error_ns.abs() > moved_ns {
            // A known offset need not go through the tempo, which would overshoot.
            self.time.ns += self.mean_error_ns;
            self.shorten((self.memory_pulses / 3.0).clamp(MOVED_MEMORY.0, MOVED_MEMORY.1));
        }
    }

    fn shorten(&mut self, memory_pulses: f64) {
        self.memory_pulses = self.memory_pulses.min(memory_pulses);
        self.run = 0;
        self.mean_error_ns = 0.0;
    }
}
