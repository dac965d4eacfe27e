//! Modulation: LFOs and envelopes on the parameters of an instrument. The control thread's.
//!
//! The user, morphs and automation set a parameter's base value; the value sent is that plus what its modulators add
//! (`motion/`). Each turn of the control thread asks the scheduler for the value of that instant, and the scheduler
//! sends as many of them as the controller's spacing and the wire allow: always the newest.

use super::{Instruments, follow::ECHO_NS};
use crate::engine::control::{Moment, out::Out, ports::Ports};
use crate::{
    command::arg::{Name, Switch},
    engine::{
        midi::{sent::PortIndex, thru::Route},
        station::Answer,
    },
    midi::{Class, Message},
    motion::{ActiveModulator, Chance, ModulatorKind, ModulatorRequest, ModulatorSlot, MotionTime},
    music::Note,
    profile::Target,
    status::MotionStatus,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// Least time between two updates of modulated parameters. A little longer than the spacing of a controller, so that
/// all of them may be sent at once and the scheduler wakes once for them.
const TURN_NS: u64 = 12_000_000;
/// With many modulated parameters the time is this much for each: a message takes so long on a wire of 31250 baud, and
/// a processor, too, has its limits.
const TURN_NS_PER_KNOB: u64 = 1_000_000;
/// They are updated this much sooner where the control thread is awake anyway.
const SOONER_NS: u64 = 2_000_000;

/// The modulation of one instrument.
#[derive(Debug, Default)]
pub struct Motion {
    moved: BTreeMap<usize, ModulatedParam>,
    /// Notes that hold envelopes open.
    held: BTreeSet<Note>,
    /// Notes that end by themselves, and when, in ns.
    ends: Vec<(u64, Note)>,
}

/// A modulated parameter.
#[derive(Debug)]
struct ModulatedParam {
    by: BTreeMap<ModulatorSlot, ActiveModulator>,
    /// Each modulator, in words.
    says: Vec<String>,
    /// The value asked of the scheduler last.
    value: u16,
    /// Values asked for lately, and until when each may come back, in ns: some synths send back the values they get.
    lately: VecDeque<(u64, u16)>,
}

impl ModulatedParam {
    fn say(&mut self) {
        let say = |(slot, running): (&ModulatorSlot, &ActiveModulator)| {
            ModulatorRequest::of(*slot, running.modulator()).to_string()
        };
        self.says = self.by.iter().map(say).collect();
    }
}

impl Motion {
    /// The modulated value of a parameter; `None` where it has no modulator.
    pub fn value(&self, index: usize) -> Option<u16> {
        self.moved.get(&index).map(|moved| moved.value)
    }

    /// Whether a value that a synth sends may be one that it was sent.
    pub fn is_echo(&self, index: usize, value: u16, now_ns: u64) -> bool {
        let lately = self.moved.get(&index).map(|moved| &moved.lately);
        lately.into_iter().flatten().any(|(until_ns, sent)| *sent == value && now_ns <= *until_ns)
    }

    /// Whether a parameter is modulated.
    pub fn moves(&self, index: usize) -> bool {
        self.moved.contains_key(&index)
    }

    /// The modulation, as the status shows it.
    pub fn status(&self) -> Vec<MotionStatus> {
        let moved = |(param, moved): (&usize, &ModulatedParam)| MotionStatus {
            param: *param,
            value: moved.value,
            by: moved.says.clone(),
        };
        self.moved.iter().map(moved).collect()
    }

    /// Whether the status shows the same modulators on the same parameters; their values are levels.
    pub fn is_shown(&self, shown: &[MotionStatus]) -> bool {
        let is_said = |((param, moved), shown): ((&usize, &ModulatedParam), &MotionStatus)| {
            *param == shown.param && moved.says == shown.by
        };
        self.moved.len() == shown.len() && self.moved.iter().zip(shown).all(is_said)
    }

    /// The value of each modulated parameter, in order.
    pub fn values(&self) -> impl Iterator<Item = u16> {
        self.moved.values().map(|moved| moved.value)
    }

    /// Moves parameters to other places, and drops those that have none.
    pub fn rearrange(&mut self, place: impl Fn(usize) -> Option<usize>) {
        let moved = std::mem::take(&mut self.moved);
        self.moved = moved.into_iter().filter_map(|(index, moved)| Some((place(index)?, moved))).collect();
    }

    /// The modulation of a parameter, to be added to its position.
    pub fn at(&self, index: usize, now: MotionTime) -> f64 {
        self.moved.get(&index).map_or(0.0, |moved| moved.by.values().map(|running| running.at(now)).sum())
    }

    /// Whether a parameter moves, or will.
    fn is_restless(&self, now: MotionTime) -> bool {
        let moves = |moved: &ModulatedParam| moved.by.values().any(|running| !running.rests(now));
        let ends = !self.ends.is_empty() && !self.moved.is_empty();
        ends || self.moved.values().any(moves)
    }

    /// Whether a note starts an envelope.
    pub fn waits_for_notes(&self) -> bool {
        self.moved.values().any(|moved| moved.by.values().any(ActiveModulator::is_gated_by_notes))
    }

    fn envelopes(&mut self) -> impl Iterator<Item = &mut ActiveModulator> {
        let running = self.moved.values_mut().flat_map(|moved| moved.by.values_mut());
        running.filter(|running| running.is_gated_by_notes())
    }

    fn note_on(&mut self, note: Note, now: MotionTime) {
        self.held.insert(note);
        self.envelopes().for_each(|running| running.set_gate(true, now));
    }

    fn note_off(&mut self, note: Note, now: MotionTime) {
        if self.held.remove(&note) && self.held.is_empty() {
            self.envelopes().for_each(|running| running.set_gate(false, now));
        }
    }

    /// No note is on.
    fn all_notes_off(&mut self, now: MotionTime) {
        self.held.clear();
        self.ends.clear();
        self.envelopes().for_each(|running| running.set_gate(false, now));
    }

    /// Ends the notes whose time is over.
    fn end_notes(&mut self, now: MotionTime) {
        while let Some(at) = self.ends.iter().position(|(end_ns, _)| *end_ns <= now.ns) {
            let (end_ns, note) = self.ends.swap_remove(at);
            self.note_off(note, MotionTime { ns: end_ns, ..now });
        }
    }
}

impl Instruments {
    /// The time until modulated parameters must be updated.
    pub fn motion_patience(&self, out: &Out, now: Moment) -> Option<Duration> {
        let when = out.motion_now(now);
        let moves = self.list.iter().any(|instrument| instrument.motion.is_restless(when));
        let next_ns = self.moved_ns + self.turn_ns();
        (moves || self.plays_automation(out)).then(|| Duration::from_nanos(next_ns.saturating_sub(now.ns)))
    }

    fn turn_ns(&self) -> u64 {
        let knobs: usize = self.list.iter().map(|instrument| instrument.motion.moved.len()).sum();
        TURN_NS.max(TURN_NS_PER_KNOB * knobs as u64)
    }

    /// Whether a note that may come in starts an envelope.
    pub fn wait_for_notes(&self) -> bool {
        self.list.iter().any(|instrument| instrument.motion.waits_for_notes())
    }

    /// Puts a modulator on a parameter, or changes one.
    pub fn mod_set(&mut self, Name(name): &Name, wanted: &ModulatorRequest, out: &mut Out, now: Moment) -> Answer {
        let index = self.instrument().param(name)?;
        let at = self.current;
        let param = &self.instrument().profile.params[index];
        if param.target == Some(Target::Program) {
            return Err(format!("{name} changes the program and so every parameter: it cannot be modulated"));
        }
        let (value, when) = (out.model.knob(at, index), out.motion_now(now));
        // Each has random numbers of its own, and a run in virtual time the same every time.
        let chance = Chance((at as u64) << 32 | (index as u64) << 8 | u64::from(wanted.slot.number));
        let motion = &mut self.list[at].motion;
        let held = !motion.held.is_empty();
        let moved = motion.moved.entry(index).or_insert_with(|| ModulatedParam {
            by: BTreeMap::new(),
            says: Vec::new(),
            value,
            lately: VecDeque::new(),
        });
        let running = match moved.by.get_mut(&wanted.slot) {
            Some(running) => {
                let modulator = wanted.applied_to(Some(running.modulator()));
                running.change_to(modulator, when);
                running
            }
            None => {
                let new = ActiveModulator::new(wanted.applied_to(None), chance, when);
                moved.by.entry(wanted.slot).or_insert(new)
            }
        };
        if held && running.is_gated_by_notes() && !running.is_open() {
            running.set_gate(true, when);
        }
        let says = ModulatorRequest::of(wanted.slot, running.modulator()).to_string();
        moved.say();
        out.model.touch(at);
        self.move_knob(at, index, out, now);
        Ok(format!("{name}: {says}"))
    }

    /// Takes a modulator off a parameter, or all of them.
    pub fn mod_off(&mut self, Name(name): &Name, slot: Option<ModulatorSlot>, out: &mut Out, now: Moment) -> Answer {
        let index = self.instrument().param(name)?;
        let at = self.current;
        let motion = &mut self.list[at].motion;
        let Some(moved) = motion.moved.get_mut(&index) else { return Err(format!("{name} has no modulation")) };
        match slot {
            Some(slot) if moved.by.remove(&slot).is_none() => return Err(format!("{name} has no {slot}")),
            Some(_) => {}
            None => moved.by.clear(),
        }
        moved.say();
        if moved.by.is_empty() {
            motion.moved.remove(&index);
        }
        out.model.touch(at);
        self.send_value(at, index, out, now);
        Ok(String::new())
    }

    /// Starts or releases the envelopes of a parameter.
    pub fn mod_gate(&mut self, Name(name): &Name, state: Switch, out: &mut Out, now: Moment) -> Answer {
        let index = self.instrument().param(name)?;
        let (at, when) = (self.current, out.motion_now(now));
        let moved = self.list[at].motion.moved.get_mut(&index);
        let envelopes =
            moved.into_iter().flat_map(|moved| &mut moved.by).filter(|(slot, _)| slot.kind == ModulatorKind::Envelope);
        let mut any = false;
        for (_, running) in envelopes {
            running.set_gate(state.applied_to(running.is_open()), when);
            any = true;
        }
        if !any {
            return Err(format!("{name} has no envelope; `mod.set {name} env` adds one"));
        }
        self.move_knob(at, index, out, now);
        Ok(String::new())
    }

    /// A parameter's value: its base value plus its modulators.
    fn sounding(&self, at: usize, index: usize, out: &Out, when: MotionTime) -> u16 {
        let instrument = &self.list[at];
        let (param, value) = (&instrument.profile.params[index], out.model.knob(at, index));
        let position = param.position_of(value) + instrument.motion.at(index, when);
        param.value_at(position.clamp(0.0, 1.0))
    }

    /// Sends the current value of a modulated parameter; a macro moves the parameters it drives.
    pub fn move_knob(&mut self, at: usize, index: usize, out: &mut Out, now: Moment) {
        let value = self.sounding(at, index, out, out.motion_now(now));
        self.move_knob_to(at, index, value, out, now);
    }

    fn move_knob_to(&mut self, at: usize, index: usize, value: u16, out: &mut Out, now: Moment) {
        if let Some(moved) = self.list[at].motion.moved.get_mut(&index) {
            moved.value = value;
            moved.lately.retain(|(until_ns, _)| *until_ns >= now.ns);
            moved.lately.push_back((now.ns + ECHO_NS, value));
        }
        self.send_over(at, index, value, 0, out, now);
        self.drive(at, index, value, out, now);
    }

    /// Updates all modulated parameters, where it is time.
    pub fn go_on_moving(&mut self, out: &mut Out, now: Moment) {
        if now.ns.saturating_sub(self.moved_ns) >= self.turn_ns() - SOONER_NS {
            self.moved_ns = now.ns;
            out.scheduler.hold();
            self.play_automation(out, now);
            self.move_knobs(out, now);
            out.scheduler.release();
        }
    }

    fn move_knobs(&mut self, out: &mut Out, now: Moment) {
        let when = out.motion_now(now);
        for at in 0..self.list.len() {
            self.list[at].motion.end_notes(when);
            // Macros come after the parameters they drive, and are updated first.
            let indices: Vec<usize> = self.list[at].motion.moved.keys().rev().copied().collect();
            for index in indices {
                let value = self.sounding(at, index, out, when);
                if self.list[at].motion.moved.get(&index).is_some_and(|moved| moved.value != value) {
                    self.move_knob_to(at, index, value, out, now);
                }
            }
        }
    }

    /// A note of an instrument begins.
    pub fn gate_on(&mut self, at: usize, note: Note, out: &mut Out, now: Moment) {
        let when = out.motion_now(now);
        self.list[at].motion.note_on(note, when);
        self.move_knobs(out, now);
    }

    /// A note of an instrument ends, now or later.
    pub fn gate_off(&mut self, at: usize, note: Note, end_ns: u64, out: &Out, now: Moment) {
        let when = out.motion_now(now);
        self.list[at].motion.ends.push((end_ns, note));
        self.list[at].motion.end_notes(when);
    }

    /// Every note of every instrument has ended.
    pub fn gates_off(&mut self, out: &Out, now: Moment) {
        let when = out.motion_now(now);
        self.list.iter_mut().for_each(|instrument| instrument.motion.all_notes_off(when));
    }

    /// Notes that came in at a port gate the envelopes of the instrument there, and of those they are passed on to.
    pub fn gate_by(&mut self, from: PortIndex, message: &Message, ports: &Ports, out: &mut Out, now: Moment) {
        let Some((channel, note)) = message.note() else { return };
        for at in 0..self.list.len() {
            let instrument = &self.list[at];
            let Some(port) = instrument.port else { continue };
            let passed_on = match ports.route(from, port) {
                Route::Off => None,
                Route::AsIs => Some(channel),
                Route::On(channel) => Some(channel),
            };
            let own = Some(channel).filter(|_| port == from);
            if [own, passed_on].contains(&Some(instrument.channel())) {
                match message.class() {
                    Class::NoteOn => self.gate_on(at, note, out, now),
                    _ => self.gate_off(at, note, now.ns, out, now),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
