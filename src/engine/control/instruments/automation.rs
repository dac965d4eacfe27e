//! Automation of parameters on the song's timeline: recorded while armed, played back while the song rolls. The control
//! thread's.
//!
//! While the user turns a knob, the new values replace the recorded ones; then the recorded ones go on.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    command::arg::{Name, Switch},
    engine::station::Answer,
    motion::Lane,
    status::{AutomationStatus, Severity},
};
use std::collections::BTreeMap;

/// A knob that was not turned for so long counts as released.
const LET_GO_NS: u64 = 500_000_000;
/// Where the song moved further between two looks, in pulses, its position was set: half a beat, ten times what passes
/// at 300 BPM.
const JUMP_PULSES: f64 = 12.0;
/// Most points recorded, of all knobs together: six minutes of turning without a pause. More would not fit into a
/// session's file.
const TURNS_MAX: usize = 12_000;

/// Whether automation is recorded and played, for all instruments.
#[derive(Debug, Default)]
pub struct Automation {
    status: AutomationStatus,
    /// The notice that there is no more room was sent.
    told_full: bool,
}

impl Automation {
    pub fn status(&self) -> AutomationStatus {
        self.status
    }
}

/// The automation of one instrument.
#[derive(Debug, Default)]
pub struct Lanes {
    by_index: BTreeMap<usize, Recorded>,
}

/// One parameter's.
#[derive(Debug, Default)]
struct Recorded {
    lane: Lane,
    /// The value played last.
    played: Option<u16>,
    /// The user's touch, while the knob is turned.
    touch: Option<Touch>,
}

#[derive(Clone, Copy, Debug)]
struct Touch {
    /// Song pulse up to which the lane was recorded anew.
    upto_pulse: f64,
    last_ns: u64,
}

impl Touch {
    /// The user turned the knob up to here: removes the points recorded there before, but not those the song only
    /// jumped over. True where there were any.
    fn go_on(&mut self, lane: &mut Lane, pulse: f64) -> bool {
        let (gone, before) = (pulse - self.upto_pulse, lane.points().len());
        if (0.0..=JUMP_PULSES).contains(&gone) {
            lane.clear(self.upto_pulse, pulse);
        }
        // A point's place is rounded, and may lie a little ahead.
        if !(-JUMP_PULSES..=0.0).contains(&gone) {
            self.upto_pulse = pulse;
        }
        lane.points().len() < before
    }
}

impl Lanes {
    /// The places of the parameters with a lane, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.by_index.keys().copied()
    }

    /// The lanes of all parameters that have one.
    pub fn all(&self) -> impl Iterator<Item = (usize, &Lane)> {
        self.by_index.iter().map(|(index, recorded)| (*index, &recorded.lane))
    }

    /// Whether a parameter has recorded points.
    pub fn has(&self, index: usize) -> bool {
        self.by_index.contains_key(&index)
    }

    /// Sets the lane of a parameter.
    pub fn put(&mut self, index: usize, lane: Lane) {
        self.by_index.insert(index, Recorded { lane, ..Recorded::default() });
    }

    /// Moves lanes to other places, and drops those that have none.
    pub fn rearrange(&mut self, place: impl Fn(usize) -> Option<usize>) {
        let lanes = std::mem::take(&mut self.by_index);
        self.by_index = lanes.into_iter().filter_map(|(index, lane)| Some((place(index)?, lane))).collect();
    }

    /// Nothing is played and no knob is touched: the song is stopped, or its position is set next.
    fn rest(&mut self) {
        for recorded in self.by_index.values_mut() {
            (recorded.played, recorded.touch) = (None, None);
        }
    }

    /// Records a turn of a knob.
    fn record(&mut self, index: usize, (before, value): (u16, u16), pulse: f64, now_ns: u64) {
        let recorded = self.by_index.entry(index).or_default();
        if recorded.lane.is_empty() && pulse > 0.0 {
            // From the beginning up to here it keeps its value from before.
            recorded.lane.put(0.0, before);
        }
        if let Some(hand) = &mut recorded.touch {
            hand.go_on(&mut recorded.lane, pulse);
        }
        let place = recorded.lane.put(pulse, value);
        recorded.touch = Some(Touch { upto_pulse: place.max(pulse), last_ns: now_ns });
        recorded.played = Some(value);
    }

    /// The parameters to set at a pulse of the song, and whether a lane changed because the user still turns its knob.
    fn play(&mut self, pulse: f64, now_ns: u64) -> (Vec<(usize, u16)>, bool) {
        let (mut moves, mut is_changed) = (Vec::new(), false);
        for (index, Recorded { lane, played, touch }) in &mut self.by_index {
            if let Some(hand) = touch {
                is_changed |= hand.go_on(lane, pulse);
                if now_ns.saturating_sub(hand.last_ns) < LET_GO_NS {
                    continue;
                }
                *touch = None;
            }
            let value = lane.at(pulse);
            if let Some(value) = value.filter(|_| value != *played) {
                *played = Some(value);
                moves.push((*index, value));
            }
        }
        (moves, is_changed)
    }
}

impl Instruments {
    /// Whether automation sets parameters, now or later.
    pub fn plays_automation(&self, out: &Out) -> bool {
        self.automation.status.on
            && out.plan.is_rolling()
            && self.list.iter().any(|instrument| !instrument.lanes.by_index.is_empty())
    }

    pub fn auto_arm(&mut self, state: Switch, out: &Out) -> Answer {
        let armed = state.applied_to(self.automation.status.armed);
        self.automation.status.armed = armed;
        // Arming switches playback on: it plays the points it records.
        self.automation.status.on |= armed;
        if !armed {
            self.list.iter_mut().flat_map(|i| i.lanes.by_index.values_mut()).for_each(|r| r.touch = None);
        }
        Ok(match (armed, out.plan.is_rolling()) {
            (true, true) => "armed: knob moves are recorded as automation".to_owned(),
            (true, false) => "armed: knob moves are recorded while the song plays".to_owned(),
            (false, _) => "disarmed: knob moves are not recorded".to_owned(),
        })
    }

    pub fn auto_on(&mut self, state: Switch) -> Answer {
        self.automation.status.on = state.applied_to(self.automation.status.on);
        self.list.iter_mut().for_each(|instrument| instrument.lanes.rest());
        Ok(String::new())
    }

    pub fn auto_clear(&mut self, name: Option<&Name>, out: &mut Out) -> Answer {
        let index = name.map(|Name(name)| self.instrument().param(name)).transpose()?;
        let lanes = &mut self.list[self.current].lanes.by_index;
        let before = lanes.len();
        lanes.retain(|at, _| index.is_some_and(|index| index != *at));
        out.model.touch(self.current);
        match before - lanes.len() {
            0 => Err("no automation to delete".to_owned()),
            1 => Ok("automation of 1 parameter deleted".to_owned()),
            n => Ok(format!("automation of {n} parameters deleted")),
        }
    }

    /// The user turned a knob: where automation is armed, records a point.
    pub fn record_turn(&mut self, at: usize, index: usize, turn: (u16, u16), out: &mut Out, now: Moment) {
        if !self.automation.status.armed {
            return;
        }
        let Some(pulse) = out.rolling_pulse(now) else { return };
        let turns = |lanes: &Lanes| lanes.all().map(|(_, lane)| lane.points().len()).sum::<usize>();
        let is_full = self.list.iter().map(|instrument| turns(&instrument.lanes)).sum::<usize>() >= TURNS_MAX;
        if is_full && !std::mem::replace(&mut self.automation.told_full, true) {
            let text = format!("automation is full ({TURNS_MAX} points): delete a parameter's with `auto.clear NAME`");
            out.notice(Severity::Warning, text);
        }
        if !is_full {
            self.automation.told_full = false;
            self.list[at].lanes.record(index, turn, pulse, now.ns);
            out.model.touch(at);
        }
    }

    /// Sets the parameters that have automation.
    pub fn play_automation(&mut self, out: &mut Out, now: Moment) {
        let pulse = out.rolling_pulse(now).filter(|_| self.automation.status.on);
        for at in 0..self.list.len() {
            let Some(pulse) = pulse else {
                self.list[at].lanes.rest();
                continue;
            };
            let (moves, is_changed) = self.list[at].lanes.play(pulse, now.ns);
            if is_changed {
                out.model.touch(at);
            }
            for (index, value) in moves {
                let param = &self.list[at].profile.params[index];
                self.move_quietly(at, index, param.snap(value), out, now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
