//! Macros: one parameter that drives several. The control thread's.
//!
//! A macro is a parameter that sends nothing itself (`profile/param.rs`): it can be set, mapped, modulated, automated
//! and kept in snapshots like any other. Those of the user come after the profile's own parameters.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    command::arg::{KnobPosition, Name},
    engine::station::Answer,
    hints,
    profile::{Curve, Drive, Target},
    yaml::is_word,
};
use std::sync::Arc;

/// Parameters that one macro drives at most.
const DRIVES_MAX: usize = 64;

impl Instruments {
    /// Adds a parameter to a macro; makes the macro where there is none.
    pub fn macro_drive(
        &mut self,
        Name(name): &Name,
        Name(driven): &Name,
        (KnobPosition(from), KnobPosition(to)): (KnobPosition, KnobPosition),
        curve: Option<Curve>,
        out: &mut Out,
    ) -> Answer {
        let profile = &self.instrument().profile;
        let index = self.instrument().param(driven)?;
        let param = &profile.params[index];
        if !param.drives.is_empty() || driven == name {
            return Err(format!("{driven} is a macro: it can drive others but cannot be driven"));
        }
        if param.target == Some(Target::Program) {
            return Err(format!("{driven} changes the program and so every parameter: it cannot be driven"));
        }
        let mut drives = match profile.param_index(name) {
            None if !is_word(name) => {
                return Err(format!("'{name}' is not a macro name: use a to z, 0 to 9 and _"));
            }
            None => Vec::new(),
            Some(at) if profile.params[at].drives.is_empty() => {
                return Err(format!("{} already has a parameter '{name}': choose another macro name", profile.id));
            }
            Some(at) => profile.params[at].drives.clone(),
        };
        let drive = Drive { param: driven.clone(), from, to, curve: curve.unwrap_or_default() };
        drives.retain(|known| known.param != *driven);
        if drives.len() == DRIVES_MAX {
            return Err(format!("{name} already drives {DRIVES_MAX} parameters, the maximum"));
        }
        drives.push(drive);
        let says = format!("{name} drives {}", list(&drives));
        self.put_macro(name, drives, out);
        Ok(says)
    }

    /// Removes a parameter from a macro, or the whole macro.
    pub fn macro_drop(&mut self, Name(name): &Name, driven: Option<&Name>, out: &mut Out) -> Answer {
        let profile = &self.instrument().profile;
        let macros = || profile.params.iter().filter(|param| !param.drives.is_empty());
        let Some(known) = macros().find(|param| param.name == *name) else {
            let names: Vec<&str> = macros().map(|param| param.name.as_str()).collect();
            return Err(format!("unknown macro '{name}'; {}", hints::there_is(&names)));
        };
        let mut drives = known.drives.clone();
        match driven {
            None => drives.clear(),
            Some(Name(driven)) => {
                drives.retain(|drive| drive.param != *driven);
                if drives.len() == known.drives.len() {
                    return Err(format!("{name} does not drive {driven}: it drives {}", list(&drives)));
                }
            }
        }
        let says =
            if drives.is_empty() { format!("{name} is deleted") } else { format!("{name} drives {}", list(&drives)) };
        self.put_macro(name, drives, out);
        Ok(says)
    }

    fn put_macro(&mut self, name: &str, drives: Vec<Drive>, out: &mut Out) {
        let instrument = &mut self.list[self.current];
        instrument.put_macro(name, drives);
        let base = Arc::clone(&instrument.base);
        self.take_version(self.current, base, out);
    }

    /// Sets the parameters that a macro drives, where its value is `value` now.
    pub fn drive(&mut self, at: usize, index: usize, value: u16, out: &mut Out, now: Moment) {
        for (index, value) in self.list[at].driven(index, value) {
            self.move_quietly(at, index, value, out, now);
        }
    }

    /// Sets a parameter without a command: it cannot be undone, and its thousands of values send no events.
    pub fn move_quietly(&mut self, at: usize, index: usize, value: u16, out: &mut Out, now: Moment) {
        if out.model.play(at, index, value) {
            self.list[at].leave_morph(index);
            self.send_value(at, index, out, now);
            self.drive(at, index, value, out, now);
        }
    }
}

fn list(drives: &[Drive]) -> String {
    let one = |drive: &Drive| format!("{} from {} to {}", drive.param, drive.from, drive.to);
    drives.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
