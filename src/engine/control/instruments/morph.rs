//! A morph: the parameters of an instrument on their way to a snapshot. The control thread's.
//!
//! Each parameter that can glide is asked of the scheduler once, as one long glide that keeps the controller's spacing;
//! only the values to show are computed here. Those that cannot glide (options, programs) are switched from here
//! half-way, on the control thread's next turn: the user may have set one until then.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    engine::midi::scheduler::What,
    profile::{Param, Target},
    session::edit::Edit,
    status::MorphStatus,
};

/// Whether a parameter has values to glide through.
pub fn glides(param: &Param) -> bool {
    param.options.is_empty() && param.target != Some(Target::Program)
}

/// A parameter on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MorphedKnob {
    /// The parameter's place.
    index: usize,
    from: u16,
    to: u16,
    /// Whether it glides.
    glides: bool,
}

/// Several parameters on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Morph {
    /// The snapshot's name.
    name: String,
    ways: Vec<MorphedKnob>,
    begin_ns: u64,
    /// Above 0.
    length_ns: u64,
    /// Whether the parameters that cannot glide were switched.
    switched: bool,
}

impl MorphedKnob {
    /// Its value after a part of the length, computed as the scheduler does: whole steps that are over.
    fn at(&self, gone_ns: u64, length_ns: u64) -> u16 {
        let distance = u128::from(self.to.abs_diff(self.from));
        let steps = (distance * u128::from(gone_ns.min(length_ns)) / u128::from(length_ns.max(1))) as u16;
        if self.to > self.from { self.from + steps } else { self.from - steps }
    }
}

impl Morph {
    /// Takes a parameter out of it; true where another is still on its way.
    pub fn let_go(&mut self, index: usize) -> bool {
        self.ways.retain(|way| way.index != index);
        !self.ways.is_empty()
    }

    /// The value a parameter glides to, and how much time from now; `None` for one that does not glide.
    pub fn ahead(&self, index: usize, now_ns: u64) -> Option<(u16, u64)> {
        let way = self.ways.iter().find(|way| way.index == index && way.glides)?;
        let left_ns = (self.begin_ns + self.length_ns).saturating_sub(now_ns);
        (left_ns > 0).then_some((way.to, left_ns))
    }

    /// The values of the parameters have another range or other steps now.
    pub fn refit(&mut self, snap: impl Fn(usize, u16) -> u16) {
        for way in &mut self.ways {
            (way.from, way.to) = (snap(way.index, way.from), snap(way.index, way.to));
        }
    }

    fn gone_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.begin_ns).min(self.length_ns)
    }

    /// As the status shows it.
    pub fn status(&self, now_ns: u64) -> MorphStatus {
        let percent = u128::from(self.gone_ns(now_ns)) * 100 / u128::from(self.length_ns.max(1));
        MorphStatus { name: self.name.clone(), percent: percent as u8 }
    }
}

impl Instruments {
    /// Starts a morph; parameters that were on their way before go on from their present value.
    pub fn morph(
        &mut self,
        at: usize,
        name: &str,
        targets: &[(usize, u16)],
        length_ns: u64,
        out: &mut Out,
        now: Moment,
    ) {
        self.stop_morph(at, out, now);
        let instrument = &self.list[at];
        let way = |(index, to): &(usize, u16)| MorphedKnob {
            index: *index,
            from: out.model.knob(at, *index),
            to: *to,
            glides: glides(&instrument.profile.params[*index]),
        };
        let (ways, there): (Vec<MorphedKnob>, Vec<MorphedKnob>) =
            targets.iter().map(way).partition(|way| way.from != way.to);
        if !ways.is_empty() {
            let morph = Morph { name: name.to_owned(), ways, begin_ns: now.ns, length_ns, switched: false };
            self.list[at].morph = Some(morph);
        }
        for (index, _) in targets {
            let stands = there.iter().any(|way| way.index == *index);
            // A parameter that is switched half-way is not sent yet.
            if stands || glides(&self.list[at].profile.params[*index]) {
                self.send_value(at, *index, out, now);
            }
        }
    }

    /// Stops a morph at the present values.
    pub fn stop_morph(&mut self, at: usize, out: &mut Out, now: Moment) {
        let Some(morph) = self.list[at].morph.take() else { return };
        for way in morph.ways.iter().filter(|way| way.glides) {
            self.tell_value(at, way.index, out);
            self.send_value(at, way.index, out, now);
        }
    }

    /// Ends a morph as if it were over, and sends nothing.
    pub fn settle(&mut self, at: usize, out: &mut Out) {
        let Some(morph) = self.list[at].morph.take() else { return };
        for way in &morph.ways {
            self.set_value(at, way.index, way.to, out);
        }
    }

    /// Updates the values to show, and switches half-way.
    pub fn go_on_morphing(&mut self, out: &mut Out, now: Moment) {
        for at in 0..self.list.len() {
            let Some(mut morph) = self.list[at].morph.take() else { continue };
            let gone_ns = morph.gone_ns(now.ns);
            let over = gone_ns == morph.length_ns;
            let switches = !morph.switched && gone_ns * 2 >= morph.length_ns;
            morph.switched |= switches;
            for way in &morph.ways {
                if way.glides {
                    // These steps send no events: that would be thousands.
                    out.model.apply(Edit::knobs(at, [(way.index, way.at(gone_ns, morph.length_ns))]));
                }
                if over && way.glides {
                    self.tell_value(at, way.index, out);
                    // It is there already, unless a panic or a synth that came back cut the glide short.
                    self.send_value(at, way.index, out, now);
                } else if switches && !way.glides {
                    self.set_value(at, way.index, way.to, out);
                    self.send_value(at, way.index, out, now);
                }
            }
            self.list[at].morph = Some(morph).filter(|_| !over);
        }
    }

    /// Restarts the glide of a parameter in a morph from its present value; false for any other.
    pub fn send_on_its_way(&mut self, at: usize, index: usize, out: &mut Out, now: Moment) -> bool {
        let instrument = &self.list[at];
        let ahead = instrument.morph.as_ref().and_then(|morph| morph.ahead(index, now.ns));
        let (Some((to, left_ns)), Some(port)) = (ahead, instrument.port) else { return false };
        // The glide begins at the shown value, although the synth may not have it: then its first step sends it.
        let Some(target) = instrument.profile.params[index].target else { return true };
        let what = What::Known { channel: instrument.channel(), target, value: out.model.knob(at, index) };
        out.send(port, 0, what);
        self.send_over(at, index, to, left_ns, out, now);
        true
    }
}
