//! The parameters of the instruments: set by the user, sent to the synths, undone. The control thread's.

use super::{Instruments, NO_PORT, follow::ECHO_NS, morph::glides};
use crate::{
    command::arg::{Name, Steps, Text},
    engine::{
        control::{
            Moment,
            out::{Out, done},
        },
        midi::{
            scheduler::{SPACING_NS, What},
            sent::PortIndex,
        },
        station::Answer,
    },
    profile::Target,
    session::edit::Edit,
    status::Event,
};

impl Instruments {
    pub fn set_param(&mut self, Name(name): &Name, Text(value): &Text, out: &mut Out, now: Moment) -> Answer {
        let index = self.instrument().param(name)?;
        let param = &self.instrument().profile.params[index];
        let value = param.parse(value).map_err(|error| format!("param.set {error}"))?;
        self.turn(index, value, out, now)
    }

    pub fn step_param(&mut self, Name(name): &Name, steps: Steps, out: &mut Out, now: Moment) -> Answer {
        let instrument = self.instrument();
        let index = instrument.param(name)?;
        let value = instrument.profile.params[index].step(out.model.knob(self.current, index), steps.0);
        self.turn(index, value, out, now)
    }

    pub fn reset_param(&mut self, Name(name): &Name, out: &mut Out, now: Moment) -> Answer {
        let index = self.instrument().param(name)?;
        self.turn(index, self.instrument().profile.params[index].default, out, now)
    }

    /// Sets a parameter of the instrument in use and sends it; `param.undo` undoes it.
    fn turn(&mut self, index: usize, value: u16, out: &mut Out, now: Moment) -> Answer {
        self.move_by_hand(self.current, index, value, out, now);
        self.send_value(self.current, index, out, now);
        done()
    }

    /// Records a new value of a parameter that the user, a script or the synth's own knob set: it can be undone. A
    /// macro also sets the parameters it drives.
    pub fn move_by_hand(&mut self, at: usize, index: usize, value: u16, out: &mut Out, now: Moment) {
        let before = out.model.knob(at, index);
        self.record_turn(at, index, (before, value), out, now);
        let driven = self.list[at].driven(index, value);
        let moves = std::iter::once((index, value)).chain(driven.iter().copied());
        let moves: Vec<(usize, (u16, u16))> =
            moves.map(|(index, value)| (index, (out.model.knob(at, index), value))).collect();
        out.history.hand(at, &moves, &self.list[at].profile.params[index].name, now.ns);
        self.list[at].leave_morph(index);
        self.set_value(at, index, value, out);
        self.go_to(at, &driven, out, now);
    }

    /// Sets parameters of an instrument and sends them.
    pub fn go_to(&mut self, at: usize, targets: &[(usize, u16)], out: &mut Out, now: Moment) {
        for (index, value) in targets {
            self.list[at].leave_morph(*index);
            self.set_value(at, *index, *value, out);
        }
        self.send_values(at, targets.iter().map(|(index, _)| *index).collect(), out, now);
    }

    /// Sends the values of an instrument's parameters: its program first, for that changes the others.
    pub fn send_values(&mut self, at: usize, mut indices: Vec<usize>, out: &mut Out, now: Moment) {
        let params = &self.list[at].profile.params;
        indices.sort_by_key(|index| params.get(*index).and_then(|param| param.target).map(Target::precedence));
        for index in indices {
            self.send_value(at, index, out, now);
        }
    }

    /// Sends the value of a parameter of an instrument; a morph of it goes on.
    pub fn send_value(&mut self, at: usize, index: usize, out: &mut Out, now: Moment) {
        if self.list[at].motion.moves(index) {
            return self.move_knob(at, index, out, now);
        }
        if self.send_on_its_way(at, index, out, now) {
            return;
        }
        let instrument = &self.list[at];
        let param = &instrument.profile.params[index];
        // Between two options there is nothing to glide over.
        let smoothing_ms = param.smoothing_ms.or(instrument.profile.smoothing_ms).or(instrument.of_port.smoothing_ms);
        let smoothing_ms = smoothing_ms.filter(|_| glides(param));
        let glide_ns = smoothing_ms.map_or(0, |ms| u64::from(ms) * 1_000_000);
        self.send_over(at, index, out.model.knob(at, index), glide_ns, out, now);
    }

    /// Sends a parameter of an instrument as a glide to a value in so much time.
    pub fn send_over(&mut self, at: usize, index: usize, value: u16, glide_ns: u64, out: &mut Out, now: Moment) {
        let instrument = &mut self.list[at];
        let param = &instrument.profile.params[index];
        let (Some(port), Some(target)) = (instrument.port, param.target) else { return };
        let spacing_ms = param.spacing_ms.or(instrument.of_port.spacing_ms).or(instrument.profile.spacing_ms);
        let spacing_ns = spacing_ms.map_or(SPACING_NS, |ms| u64::from(ms) * 1_000_000);
        let channel = instrument.channel();
        instrument.follow_from_ns[index] = now.ns + glide_ns + spacing_ns + ECHO_NS;
        let what = What::Control { channel, target, halves: param.halves, value, spacing_ns, glide_ns };
        out.send(port, now.ns, what);
    }

    /// Sets the value of a parameter of an instrument, and sends the event where it changed.
    pub fn set_value(&mut self, at: usize, index: usize, value: u16, out: &mut Out) {
        if out.model.knob(at, index) != value {
            out.model.apply(Edit::knobs(at, [(index, value)]));
            self.tell_value(at, index, out);
        }
    }

    /// Sends the event with the value of a parameter of an instrument.
    pub fn tell_value(&self, at: usize, index: usize, out: &Out) {
        let instrument = &self.list[at];
        let (param, value) = (&instrument.profile.params[index], out.model.knob(at, index));
        out.tell(Event::ParamSet { name: param.name.clone(), value, shown: param.display(value) });
    }

    /// Sends every parameter of the instrument at a port again.
    pub fn resend(&mut self, port: PortIndex, out: &mut Out, now: Moment) {
        let Some(at) = self.at_port(port) else { return };
        self.send_values(at, (0..self.list[at].profile.params.len()).collect(), out, now);
    }

    /// Sends every parameter of the instrument in use again.
    pub fn send_all(&mut self, out: &mut Out, now: Moment) -> Answer {
        let Some(port) = self.instrument().port else { return Err(NO_PORT.to_owned()) };
        self.resend(port, out, now);
        done()
    }
}
