//! When a port's clock pulses are due, for threads that must keep its wire free then. Realtime: yes.

use crate::engine::{frame_clock::FrameClock, plan_cell::PlanReader};

/// How far ahead it looks for a pulse, in seconds: at the slowest tempo one comes every eighth of a second.
const AHEAD_SECONDS: f64 = 0.25;

/// Reads the plan and the engine's clock.
#[derive(Clone)]
pub struct PulseWatch {
    plan: PlanReader,
    frames: FrameClock,
}

impl PulseWatch {
    /// Watches this plan.
    pub fn new(plan: PlanReader, frames: FrameClock) -> PulseWatch {
        PulseWatch { plan, frames }
    }

    /// The instant of the first pulse after `after_ns`, for a port with the clock offset `offset_ns`; `None` where none
    /// is near.
    pub fn next_ns(&mut self, after_ns: u64, offset_ns: i64) -> Option<u64> {
        let heard = self.frames.heard()?;
        let from = heard.frame_at(after_ns as f64 - offset_ns as f64).floor() as i64 + 1;
        let to = from + (AHEAD_SECONDS * 1e9 / heard.ns_per_frame) as i64;
        let plan = self.plan.read();
        let due = |frame: f64| heard.ns_at(frame) + offset_ns as f64;
        let on = plan.parts(from..to).filter(|(stretch, _)| stretch.clock_on);
        let pulses = on.flat_map(|(stretch, part)| stretch.pulses(part));
        let mut instants = pulses.map(|pulse| due(pulse.frame));
        instants.find(|ns| *ns > after_ns as f64).map(|ns| ns as u64)
    }
}
