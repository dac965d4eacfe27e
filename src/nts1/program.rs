//! Reads the known fields of a program and of the global data. Pure; most of their bytes are not public, and are kept
//! unchanged.
//!
//! Offsets: "NTS-1 digital kit mkII MIDI Implementation" v1.00, as public projects quote it.

use std::ops::Range;

/// Bytes of a program.
pub const PROGRAM_BYTES: usize = 504;
/// Bytes of the global data.
pub const GLOBAL_BYTES: usize = 32;
const BEGIN: &[u8] = b"PROG";
const END: &[u8] = b"PRED";
const GLOBAL_BEGIN: &[u8] = b"GLOB";
const GLOBAL_END: &[u8] = b"GLED";
const VERSION: Range<usize> = 4..8;
const NAME: Range<usize> = 12..28;
const OSC: Range<usize> = 40..60;
const MODFX: Range<usize> = 124..144;
const DELFX: Range<usize> = 180..200;
const REVFX: Range<usize> = 236..256;

/// Why bytes are no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAProgram {
    /// The length is wrong.
    #[error("it has {0} bytes, not the 504 of a program")]
    Length(usize),
    /// They do not begin with PROG and end with PRED.
    #[error("it lacks the marks PROG and PRED around a program")]
    Marks,
}

/// Why bytes are no global data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGlobals {
    /// The length is wrong.
    #[error("it has {0} bytes, not the 32 of global data")]
    Length(usize),
    /// They do not begin with GLOB and end with GLED.
    #[error("it lacks the marks GLOB and GLED around global data")]
    Marks,
}

/// Checks global data.
///
/// # Errors
/// The bytes are none.
pub fn check_globals(bytes: &[u8]) -> Result<(), NotGlobals> {
    if bytes.len() != GLOBAL_BYTES {
        return Err(NotGlobals::Length(bytes.len()));
    }
    if !bytes.starts_with(GLOBAL_BEGIN) || !bytes.ends_with(GLOBAL_END) {
        return Err(NotGlobals::Marks);
    }
    Ok(())
}

/// Global data with only its marks and a count inside, for the simulated device.
pub(super) fn made_globals() -> Vec<u8> {
    let inside = GLOBAL_BYTES - GLOBAL_BEGIN.len() - GLOBAL_END.len();
    [GLOBAL_BEGIN, &(0..inside as u8).collect::<Vec<_>>(), GLOBAL_END].concat()
}

/// A program, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(Vec<u8>);

impl Program {
    /// A program from its bytes.
    ///
    /// # Errors
    /// The bytes are none.
    pub fn new(bytes: Vec<u8>) -> Result<Program, NotAProgram> {
        if bytes.len() != PROGRAM_BYTES {
            return Err(NotAProgram::Length(bytes.len()));
        }
        if !bytes.starts_with(BEGIN) || !bytes.ends_with(END) {
            return Err(NotAProgram::Marks);
        }
        Ok(Program(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.text(NAME)
    }

    /// The names of its units, each with its module.
    pub fn units(&self) -> [(&'static str, String); 4] {
        [("oscillator", OSC), ("modulation", MODFX), ("delay", DELFX), ("reverb", REVFX)]
            .map(|(place, range)| (place, self.text(range)))
    }

    /// The version of its format; the meaning of the four bytes is not public.
    pub fn version(&self) -> &[u8] {
        self.0.get(VERSION).unwrap_or_default()
    }

    fn text(&self, range: Range<usize>) -> String {
        text(self.0.get(range).unwrap_or_default())
    }
}

/// ASCII, zero padded; bytes that cannot be shown become a question mark.
pub(super) fn text(bytes: &[u8]) -> String {
    let shown = |byte: &u8| if (0x20..0x7F).contains(byte) { char::from(*byte) } else { '?' };
    bytes.iter().take_while(|byte| **byte != 0).map(shown).collect::<String>().trim_end().to_owned()
}

/// A program with these names only, for the simulated device.
pub(super) fn made(name: &str, units: [&str; 4]) -> Vec<u8> {
    let mut bytes = vec![0; PROGRAM_BYTES];
    let [osc, modfx, delfx, revfx] = units.map(str::as_bytes);
    let parts = [
        (0..BEGIN.len(), BEGIN),
        (VERSION, &[1, 0, 0, 0]),
        (NAME, name.as_bytes()),
        (OSC, osc),
        (MODFX, modfx),
        (DELFX, delfx),
        (REVFX, revfx),
        (PROGRAM_BYTES - END.len()..PROGRAM_BYTES, END),
    ];
    for (range, part) in parts {
        bytes[range].iter_mut().zip(part).for_each(|(byte, with)| *byte = *with);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_names_are_read() {
        let program = Program::new(made("Init Program", ["SAW", "CHORUS", "a name of 20 letters", "HALL"])).unwrap();
        assert_eq!(program.name(), "Init Program");
        assert_eq!(program.units().map(|(_, name)| name), ["SAW", "CHORUS", "a name of 20 letters", "HALL"]);
        assert_eq!(program.version(), [1, 0, 0, 0]);
    }

    #[test]
    fn bytes_that_are_no_program_are_refused() {
        assert_eq!(Program::new(vec![0; 503]), Err(NotAProgram::Length(503)));
        assert_eq!(Program::new(vec![0; 504]), Err(NotAProgram::Marks));
        let mut cut = made("x", [""; 4]);
        cut[503] = 0;
        assert_eq!(Program::new(cut), Err(NotAProgram::Marks));
    }

    #[test]
    fn global_data_has_its_length_and_its_marks() {
        assert_eq!(check_globals(&made_globals()), Ok(()));
        assert_eq!(check_globals(&[0; 31]), Err(NotGlobals::Length(31)));
        assert_eq!(check_globals(&[0; 32]), Err(NotGlobals::Marks));
    }

    proptest! {
        #[test]
        fn any_program_can_be_shown(inside in prop::collection::vec(any::<u8>(), 496)) {
            let program = Program::new([BEGIN, &inside, END].concat()).unwrap();
            let shown = format!("{}{:?}", program.name(), program.units());
            prop_assert!(shown.chars().all(|c| !c.is_control()));
        }
    }
}
