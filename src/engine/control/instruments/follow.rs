//! Follows the instrument's own knobs: when the user turns one on the synth, the parameter changes here.
//!
//! Runs on the control thread. Messages since the last look are put together first, so that the halves of a 14-bit
//! value count as one and a fast turn is one change. Nothing is sent back: the scheduler records that the synth has the
//! value. Only the instrument's own port is followed; the synth behind it does not have values that come from
//! elsewhere. Every instrument is followed, the one that is shown and the others. A modulated parameter is followed
//! too: a value that was not sent lately comes from the user.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    engine::midi::{input::ReceivedMessage, scheduler::What, sent::Payload},
    midi::Message,
    profile::{Halves, Param, Target},
};
use std::collections::BTreeMap;

/// A parameter that was set here is not followed for so long after its value can have been sent: some synths send back
/// the values they get, and an older value coming back must not undo a newer one.
pub const ECHO_NS: u64 = 100_000_000;

/// Which part of a parameter's value a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole(u16),
    Upper(u8),
    Lower(u8),
}

impl Part {
    /// The value after this message, where it was `before`. Whichever half comes first, the second makes it right.
    fn of(self, before: u16) -> u16 {
        match self {
            Part::Whole(value) => value,
            Part::Upper(half) => u16::from(half) << 7 | before & 0x7F,
            Part::Lower(half) => before & !0x7F | u16::from(half),
        }
    }
}

/// Which of the two kinds of numbered parameters is meant by data entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbered {
    Registered,
    NonRegistered,
}

/// Reads parameters out of messages.
#[derive(Debug, Default)]
pub struct ParamReader {
    numbered: Option<Numbered>,
    /// Upper and lower half of its number.
    number: (Option<u8>, Option<u8>),
    /// The lower bits of the next 10-bit value, and the controller they came by.
    low: Option<(u8, u8)>,
}

impl ParamReader {
    /// The place of the parameter a message belongs to, and the part of its value.
    fn read(&mut self, message: &Message, params: &[Param]) -> Option<(usize, Part)> {
        let find = |target| params.iter().position(|param| param.target == Some(target));
        match *message.bytes() {
            [status, controller, value] if status & 0xF0 == 0xB0 => self.controller(controller, value, params),
            [status, a, b] if status & 0xF0 == 0xE0 => {
                Some((find(Target::PitchBend)?, Part::Whole(u16::from(a) | u16::from(b) << 7)))
            }
            [status, program] if status & 0xF0 == 0xC0 => {
                Some((find(Target::Program)?, Part::Whole(u16::from(program))))
            }
            _ => None,
        }
    }

    fn controller(&mut self, controller: u8, value: u8, params: &[Param]) -> Option<(usize, Part)> {
        match controller {
            98 | 99 => self.select(Numbered::NonRegistered, controller == 99, value),
            100 | 101 => self.select(Numbered::Registered, controller == 101, value),
            _ => {}
        }
        let selected = self.selected();
        let selected = params.iter().position(|param| selected.is_some() && param.target == selected);
        let is_whole = selected.is_some_and(|index| params[index].halves == Halves::MsbOnly);
        match (controller, selected) {
            (6, Some(index)) if is_whole => return Some((index, Part::Whole(u16::from(value)))),
            (38, Some(_)) if is_whole => return None,
            (6, Some(index)) => return Some((index, Part::Upper(value))),
            (38, Some(index)) => return Some((index, Part::Lower(value))),
            _ => {}
        }
        let low = self.low.take();
        params.iter().enumerate().find_map(|(index, param)| match param.target {
            Some(Target::Cc10 { lsb, .. }) if lsb == controller => {
                self.low = Some((controller, value));
                None
            }
            Some(Target::Cc10 { msb, lsb }) if msb == controller => {
                let low = low.filter(|(by, _)| *by == lsb).map_or(0, |(_, low)| low & 0b111);
                Some((index, Part::Whole(u16::from(value) << 3 | u16::from(low))))
            }
            Some(Target::Cc(cc)) if cc == controller => Some((index, Part::Whole(u16::from(value)))),
            Some(Target::Cc14 { msb, .. }) if msb == controller => Some((index, Part::Upper(value))),
            Some(Target::Cc14 { lsb, .. }) if lsb == controller => Some((index, Part::Lower(value))),
            _ => None,
        })
    }

    fn select(&mut self, numbered: Numbered, upper: bool, value: u8) {
        if self.numbered.replace(numbered) != Some(numbered) {
            self.number = (None, None);
        }
        let half = if upper { &mut self.number.0 } else { &mut self.number.1 };
        *half = Some(value);
    }

    /// The parameter that data entry sets.
    fn selected(&self) -> Option<Target> {
        match (self.numbered?, self.number) {
            // The null number.
            (_, (Some(127), Some(127))) => None,
            (Numbered::NonRegistered, (Some(msb), Some(lsb))) => Some(Target::Nrpn { msb, lsb }),
            (Numbered::Registered, (Some(msb), Some(lsb))) => Some(Target::Rpn { msb, lsb }),
            _ => None,
        }
    }
}

impl Instruments {
    /// Sets the parameters to the values of the instruments' own knobs.
    pub fn follow(&mut self, heard: &[ReceivedMessage], out: &mut Out, now: Moment) {
        let mut turned: BTreeMap<(usize, usize), u16> = BTreeMap::new();
        for ReceivedMessage { at_ns, port, payload } in heard {
            let Payload::Short(message) = payload else { continue };
            for (at, instrument) in self.list.iter_mut().enumerate() {
                if instrument.port == Some(*port)
                    && message.channel() == Some(instrument.channel())
                    && let Some((index, part)) = instrument.reader.read(message, &instrument.profile.params)
                    && (*at_ns >= instrument.follow_from_ns[index] || instrument.motion.moves(index))
                {
                    let before = instrument.motion.value(index).unwrap_or_else(|| out.model.knob(at, index));
                    let value = turned.entry((at, index)).or_insert(before);
                    *value = part.of(*value);
                }
            }
        }
        for ((at, index), value) in turned {
            let instrument = &self.list[at];
            let Some(port) = instrument.port else { continue };
            let param = &instrument.profile.params[index];
            let Some(target) = param.target else { continue };
            // The synth's value, not the rounded one here: setting the rounded one must send it.
            let what = What::Known { channel: instrument.channel(), target, value };
            let value = match instrument.motion.moves(index) {
                false => param.snap(value),
                true if instrument.motion.is_echo(index, value, now.ns) => continue,
                // The user turned a modulated parameter: the base value becomes the one that, modulated, gives the
                // value of the knob.
                true => {
                    let moved_by = instrument.motion.at(index, out.motion_now(now));
                    param.value_at((param.position_of(value) - moved_by).clamp(0.0, 1.0))
                }
            };
            out.send(port, 0, what);
            // A message with the same value is no turn of the knob: the parameter stays in its morph.
            if out.model.knob(at, index) != value {
                self.move_by_hand(at, index, value, out, now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
