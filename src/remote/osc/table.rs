//! The table of commands as addresses: `record.start` is `/record/start`, and its arguments are those of the message.
//! Pure.

use crate::{
    command::{COMMANDS, Command, CommandError, CommandSpec, arg::ArgKind, spec as row_named},
    midi::Message,
};
use rosc::{OscMidiMessage, OscType};

const NOTE_ON: &str = "note.on";
const NOTE_OFF: &str = "note.off";

/// The address of a row.
pub fn address(row: &CommandSpec) -> String {
    format!("/{}", row.name.replace('.', "/"))
}

/// The row at an address.
///
/// # Errors
/// There is none; the error names a similar one.
pub fn row(address: &str) -> Result<&'static CommandSpec, CommandError> {
    let named =
        |row: &&CommandSpec| address.strip_prefix('/').is_some_and(|path| row.name.split('.').eq(path.split('/')));
    let unknown = || {
        let parts: Vec<&str> = address.split('/').filter(|part| !part.is_empty()).collect();
        let name = parts.join(".");
        match row_named(&name) {
            Some(meant) => CommandError::NoAddress { address: address.to_owned(), meant: self::address(meant) },
            None => CommandError::Unknown { name },
        }
    };
    COMMANDS.iter().find(named).ok_or_else(unknown)
}

/// The command of a row with the arguments of a message. Nil and empty text at the end are left out. `None` where the
/// message is the release of a button: controllers send 1 when one is pressed, and 0 afterwards. So at a command that
/// needs no argument, a single bool, 1 or 0 is a button, and no name or length. A note that is started with velocity 0
/// is ended, as on a wire (MIDI 1.0, "Note On").
///
/// # Errors
/// An argument that does not fit, or too few or too many of them.
pub fn command(row: &CommandSpec, args: &[OscType]) -> Result<Option<Command>, String> {
    let args = match args {
        [button] if row.args.iter().all(|arg| arg.optional) => match pressed(button, row.args.is_empty()) {
            Some(false) => return Ok(None),
            Some(true) => &[],
            None => args,
        },
        [note, velocity] if row.name == NOTE_ON && number(velocity) == Some(0.0) => {
            return row_named(NOTE_OFF).map_or(Ok(None), |row| command(row, std::slice::from_ref(note)));
        }
        args => args,
    };
    let is_left_out =
        |arg: &&OscType| matches!(arg, OscType::Nil) || matches!(arg, OscType::String(text) if text.is_empty());
    let given = args.len() - args.iter().rev().take_while(is_left_out).count();
    let kind = |index: usize| row.args.get(index).or(row.args.last()).map_or(ArgKind::Text, |arg| arg.kind);
    let args = args[..given].iter().enumerate();
    let words = args.map(|(index, arg)| word(kind(index), arg)).collect::<Result<Vec<String>, String>>()?;
    let command = row.command(&words.iter().map(String::as_str).collect::<Vec<&str>>());
    command.map(Some).map_err(|error| error.to_string())
}

/// Whether a button is pressed; `None` where the argument is no button. Some send another number than 1.
fn pressed(arg: &OscType, by_any_number: bool) -> Option<bool> {
    match (arg, number(arg)) {
        (OscType::Bool(is), _) => Some(*is),
        (_, Some(0.0)) => Some(false),
        (_, Some(x)) if x == 1.0 || by_any_number => Some(true),
        _ => None,
    }
}

/// A number of any type.
pub fn number(arg: &OscType) -> Option<f64> {
    match arg {
        OscType::Int(x) => Some(f64::from(*x)),
        OscType::Long(x) => Some(*x as f64),
        OscType::Float(x) => Some(f64::from(*x)),
        OscType::Double(x) => Some(*x),
        _ => None,
    }
}

/// An argument as in a line of text.
fn word(kind: ArgKind, arg: &OscType) -> Result<String, String> {
    let number = match arg {
        OscType::Int(x) => x.to_string(),
        OscType::Long(x) => x.to_string(),
        // The shortest digits that are this number, whichever its width: 0.8 is 0.8.
        OscType::Float(x) => x.to_string(),
        OscType::Double(x) => x.to_string(),
        OscType::String(text) => return Ok(text.trim().to_owned()),
        OscType::Char(letter) => return Ok(letter.to_string()),
        OscType::Bool(true) => return Ok("on".to_owned()),
        OscType::Bool(false) => return Ok("off".to_owned()),
        OscType::Blob(bytes) if kind == ArgKind::Hex => return Ok(hex(bytes)),
        OscType::Midi(midi) if kind == ArgKind::Hex => return midi_bytes(midi),
        _ => return Err(format!("unsupported argument type; allowed: {kind}")),
    };
    match kind {
        ArgKind::OneOf(words) if words.contains(&"on") && !words.contains(&number.as_str()) => Ok(switch(number)),
        ArgKind::Hex => number.parse().map(|byte: u8| hex(&[byte])).map_err(|_| format!("{number} is not a byte")),
        _ => Ok(number),
    }
}

/// 1 and 0 as on and off; other numbers stay as they are.
fn switch(number: String) -> String {
    match number.as_str() {
        "1" => "on".to_owned(),
        "0" => "off".to_owned(),
        _ => number,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<String>>().join(" ")
}

/// OSC pads a MIDI message to three bytes; as many are sent as its status needs.
fn midi_bytes(midi: &OscMidiMessage) -> Result<String, String> {
    let bytes = [midi.status, midi.data1, midi.data2];
    let message = (1..=bytes.len()).find_map(|length| Message::from_bytes(&bytes[..length]));
    message.map(|message| hex(message.bytes())).ok_or_else(|| format!("{} is not a MIDI message", hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tests::every_command;

    fn parse(line: &str) -> Command {
        line.parse().unwrap()
    }

    /// The command of a pressed button.
    fn of(row: &CommandSpec, args: &[OscType]) -> Result<Command, String> {
        command(row, args).map(Option::unwrap)
    }

    /// Numbers as each of OSC's types that can hold them, the rest as text.
    fn typed(text: &str) -> Vec<OscType> {
        let mut args = vec![OscType::String(text.to_owned())];
        args.extend(text.parse().map(OscType::Double));
        args.extend(text.parse().map(OscType::Float));
        args.extend(text.parse().map(OscType::Int));
        args.extend(text.parse().map(OscType::Long));
        args.extend(text.parse().map(OscType::Char));
        args
    }

    #[test]
    fn every_command_comes_in_as_a_message() {
        for command in every_command() {
            let spec = crate::command::spec(command.name()).unwrap();
            let row = row(&address(spec)).unwrap();
            assert_eq!(row.name, spec.name);
            let words = command.words();
            let texts: Vec<OscType> = words.iter().cloned().map(OscType::String).collect();
            assert_eq!(of(row, &texts).as_ref(), Ok(&command));
            let more = [texts.clone(), vec![OscType::from(""), OscType::Nil]].concat();
            assert_eq!(of(row, &more).as_ref(), Ok(&command), "nothing at the end is left out");
            for (index, word) in words.iter().enumerate() {
                // A number among bytes is a byte, not two hex digits.
                for arg in typed(word).into_iter().filter(|_| row.args[index].kind != ArgKind::Hex) {
                    let mut args = texts.clone();
                    args[index] = arg.clone();
                    assert_eq!(of(row, &args).as_ref(), Ok(&command), "{arg:?}");
                }
            }
            if row.args.last().is_some_and(|arg| arg.kind.takes_rest_of_line()) && words.len() == row.args.len() {
                let (rest, before) = words.split_last().unwrap();
                let split = before.iter().map(String::as_str).chain(rest.split(' '));
                let args: Vec<OscType> = split.map(OscType::from).collect();
                assert_eq!(of(row, &args).as_ref(), Ok(&command), "the rest in pieces");
            }
        }
    }

    #[test]
    fn types_become_what_the_argument_takes() {
        let said = |at: &str, args: &[OscType]| of(row(at).unwrap(), args);
        let name = || OscType::from("cutoff");
        for (args, line) in [
            (vec![name(), OscType::Float(0.8)], "param.set cutoff 0.8"),
            (vec![name(), OscType::Float(64.0)], "param.set cutoff 64"),
            (vec![name(), OscType::Bool(true)], "param.set cutoff on"),
        ] {
            assert_eq!(said("/param/set", &args), Ok(parse(line)));
        }
        for arg in [OscType::Int(1), OscType::Float(1.0), OscType::Double(1.0), OscType::Bool(true), "on".into()] {
            assert_eq!(said("/click/on", &[arg]), Ok(parse("click.on on")));
        }
        assert_eq!(said("/click/on", &[OscType::Long(0)]), Ok(parse("click.on off")));
        let thru = |arg: OscType| said("/midi/thru", &["1".into(), OscType::Int(2), arg]);
        assert_eq!(thru(OscType::Int(1)), Ok(parse("midi.thru 1 2 1")), "a channel is no switch");
        assert_eq!(thru(OscType::Int(0)), Ok(parse("midi.thru 1 2 off")));
        let middle = [OscType::Nil, OscType::Int(3)];
        assert!(said("/note/on", &middle).unwrap_err().contains("unsupported argument type"));
    }

    #[test]
    fn bytes_come_as_blobs_numbers_or_midi() {
        let send = |args: &[OscType]| of(row("/midi/send").unwrap(), args);
        let note = Ok(parse("midi.send 90 3C 64"));
        assert_eq!(send(&[OscType::Blob(vec![0x90, 0x3C, 0x64])]), note);
        assert_eq!(send(&[OscType::Int(0x90), OscType::Int(0x3C), OscType::Float(100.0)]), note);
        let midi = |status, data1, data2| OscType::Midi(OscMidiMessage { port: 0, status, data1, data2 });
        assert_eq!(send(&[midi(0x90, 0x3C, 0x64)]), note);
        assert_eq!(send(&[midi(0xC0, 5, 0), midi(0xF8, 0, 0)]), Ok(parse("midi.send C0 05 F8")));
        assert_eq!(send(&[midi(0xF0, 1, 2)]), Err("F0 01 02 is not a MIDI message".to_owned()));
        assert_eq!(send(&[OscType::Int(256)]), Err("256 is not a byte".to_owned()));
    }

    #[test]
    fn a_mistake_is_refused_with_a_sentence() {
        let unknown = row("/record/strat").map(|row| row.name).unwrap_err().to_string();
        assert_eq!(unknown, "unknown command 'record.strat'; did you mean 'record.start [name]'?");
        assert!(row("/record.start").is_err() && row("record/start").is_err() && row("//record/start").is_err());
        let wrong = command(row("/clock/bpm").unwrap(), &[OscType::Float(f32::NAN)]).unwrap_err();
        assert_eq!(wrong, "clock.bpm: 'NaN' is not a valid bpm; allowed: 20..300 BPM");
        let said = |address: &str| row(address).unwrap_err().to_string();
        assert_eq!(said("//quit"), "unknown address '//quit'; did you mean '/quit'?");
        assert_eq!(said("/record//start/"), "unknown address '/record//start/'; did you mean '/record/start'?");
        assert_eq!(said("/record.start"), "unknown address '/record.start'; did you mean '/record/start'?");
    }

    #[test]
    fn a_button_acts_when_it_is_pressed_and_not_when_it_is_released() {
        let button = |arg: OscType| command(row("/record/toggle").unwrap(), &[arg]);
        for pressed in [OscType::Float(1.0), OscType::Int(127), OscType::Bool(true), OscType::Long(1), OscType::Nil] {
            assert_eq!(button(pressed), Ok(Some(parse("record.toggle"))));
        }
        for let_go in [OscType::Float(0.0), OscType::Int(0), OscType::Bool(false), OscType::Double(0.0)] {
            assert_eq!(button(let_go), Ok(None));
        }
        assert!(button("now".into()).unwrap_err().contains("one argument too many"));
    }

    #[test]
    fn a_button_gives_no_name_and_no_length() {
        for at in ["/record/start", "/record/capture", "/record/mark", "/param/random", "/auto/clear"] {
            let row = row(at).unwrap();
            for pressed in [OscType::Float(1.0), OscType::Int(1), OscType::Double(1.0), OscType::Bool(true)] {
                assert_eq!(command(row, &[pressed]), Ok(Some(parse(row.name))), "{at}");
            }
            for let_go in [OscType::Float(0.0), OscType::Int(0), OscType::Bool(false)] {
                assert_eq!(command(row, &[let_go]), Ok(None), "{at}");
            }
        }
        let capture = |arg: OscType| command(row("/record/capture").unwrap(), &[arg]);
        assert_eq!(capture(OscType::Int(30)), Ok(Some(parse("record.capture 30"))));
        assert_eq!(capture("1".into()), Ok(Some(parse("record.capture 1"))));
    }

    #[test]
    fn a_note_of_velocity_zero_ends() {
        for zero in [OscType::Int(0), OscType::Float(0.0), OscType::Long(0)] {
            let off = command(row("/note/on").unwrap(), &[OscType::Int(60), zero]);
            assert_eq!(off, Ok(Some(parse("note.off 60"))));
        }
    }
}
