//! The control thread's plan. Every change publishes it.

use super::Moment;
use crate::{
    engine::{midi::clock_out::START_LEAD_SECONDS, plan_cell::PlanWriter},
    music::{Plan, Song},
};
use std::ops::Deref;

/// The plan as all threads have it. Every thread reads it; the transport changes it, and each change is published at
/// once.
pub(super) struct LivePlan {
    plan: Plan,
    writer: PlanWriter,
}

impl LivePlan {
    pub(super) fn new(plan: Plan, writer: PlanWriter) -> LivePlan {
        LivePlan { plan, writer }
    }

    /// Whether the song rolls, or will with the next block.
    pub(super) fn is_rolling(&self) -> bool {
        matches!(self.last().song, Song::Rolling { .. })
    }

    /// The song's place when the next change can take effect, in pulses.
    pub(super) fn song_pulse(&self, now: Moment) -> f64 {
        let frame = now.open_frame.max(self.last().from_frame);
        self.last().song_pulse_at(frame as f64)
    }

    /// The first frame on which the song may begin or jump so that a follower gets the message in time.
    pub(super) fn follower_frame(&self, now: Moment) -> i64 {
        let last = self.last();
        let lead_seconds = if last.clock_on { START_LEAD_SECONDS } else { 0.0 };
        now.open_frame + (lead_seconds * last.timeline.sample_rate_hz).ceil() as i64
    }

    /// Changes and publishes it.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Plan) -> T) -> T {
        let changed = change(&mut self.plan);
        self.writer.write(&self.plan);
        changed
    }
}

impl Deref for LivePlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}
