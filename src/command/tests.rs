//! Laws of the command table: every row is documented, and every command reads back from its text.

use super::*;
use proptest::prelude::*;

/// Values of a kind.
fn sample(kind: ArgKind) -> Vec<&'static str> {
    match kind {
        ArgKind::Number { max: 24.0, .. } => vec!["-6.5", "0", "off"],
        ArgKind::Number { max: 1.0, .. } => vec!["0.25", "1"],
        ArgKind::Number { max: 32.0 | 64.0, .. } => vec!["2", "31"],
        ArgKind::Number { .. } => vec!["20", "100"],
        ArgKind::OneOf(words) => words.to_vec(),
        ArgKind::Note => vec!["C4", "F#3"],
        ArgKind::Position => vec!["12.5", "5:1:0"],
        ArgKind::Channels => vec!["1", "3-4"],
        ArgKind::Name => vec!["filter_cutoff"],
        ArgKind::Port => vec!["1", "NTS-1"],
        ArgKind::Length => vec!["2.5", "1bar", "4bars"],
        ArgKind::Modulator => vec!["lfo", "lfo2 sine 1/4 depth 0.3", "env attack 10 by command"],
        ArgKind::Text => vec!["jam", "my long jam", "0.8"],
        ArgKind::Hex => vec!["90 3C 64", "F0 7E 7F 06 01 F7"],
    }
}

#[test]
fn every_row_is_documented_and_named_once() {
    for row in COMMANDS {
        assert!(row.help.len() > 5 && !row.help.ends_with('.'), "{}: '{}'", row.name, row.help);
        assert_eq!(COMMANDS.iter().filter(|r| r.name == row.name).count(), 1, "{}", row.name);
        let optional = row.args.iter().position(|arg| arg.optional);
        assert!(optional.is_none_or(|i| i + 1 == row.args.len()), "{}: only the last may be optional", row.name);
        let rest = row.args.iter().position(|arg| arg.kind.takes_rest_of_line());
        assert!(rest.is_none_or(|i| i + 1 == row.args.len()), "{}: only the last may be text", row.name);
    }
}

#[test]
fn patterns_include_commands_that_play_and_turn_and_none_that_make_or_destroy() {
    let reached: Vec<_> = COMMANDS.iter().filter(|row| row.is_reached_by_patterns()).map(|row| row.name).collect();
    let groups = ["transport", "clock", "click", "monitor", "meter", "param", "note", "midi", "take"];
    assert!(reached.iter().all(|name| groups.contains(&name.split('.').next().unwrap_or_default())), "{reached:?}");
    assert_eq!(reached.len(), 20, "a name that is reached is no command any more");
    for name in [
        "quit",
        "record.start",
        "record.stop",
        "record.capture",
        "take.remove",
        "take.rename",
        "snap.save",
        "snap.delete",
        "auto.clear",
        "param.random",
        "midi.send",
    ] {
        assert!(spec(name).is_none_or(|row| !row.is_reached_by_patterns()), "{name}");
    }
}

/// Every row with every sample of each argument.
pub(crate) fn every_command() -> Vec<Command> {
    let mut lines = Vec::new();
    for row in COMMANDS {
        let mut of_row = vec![row.name.to_owned()];
        for arg in row.args {
            let longer: Vec<String> = of_row
                .iter()
                .flat_map(|line| sample(arg.kind).into_iter().map(move |w| format!("{line} {w}")))
                .collect();
            of_row = if arg.optional { of_row.into_iter().chain(longer).collect() } else { longer };
        }
        lines.extend(of_row);
    }
    lines.iter().map(|line| line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[test]
fn the_text_of_every_command_reads_back() {
    let commands = every_command();
    assert!(COMMANDS.iter().all(|row| commands.iter().any(|command| command.name() == row.name)));
    for command in commands {
        assert_eq!(command.to_string().parse(), Ok(command.clone()), "{command}");
    }
}

#[test]
fn an_error_names_the_argument_and_the_allowed_values() {
    let message = |line: &str| line.parse::<Command>().unwrap_err().to_string();
    assert_eq!(message("record.strat jam"), "unknown command 'record.strat'; did you mean 'record.start [name]'?");
    assert_eq!(message("xyzzy"), "unknown command 'xyzzy'");
    assert_eq!(message("clock.bpm"), "clock.bpm is missing an argument: clock.bpm <bpm: 20..300 BPM>");
    assert_eq!(message("clock.bpm 500"), "clock.bpm: '500' is not a valid bpm; allowed: 20..300 BPM");
    assert_eq!(
        message("note.on H4 100"),
        "note.on: 'H4' is not a valid note; allowed: a number from 0 to 127 or a name from C-1 to G9, like C4, F#3 or \
         Bb2"
    );
    assert_eq!(message("note.on C4 0"), "note.on: '0' is not a valid velocity; allowed: 1..127");
    assert_eq!(message("quit now"), "one argument too many: 'now'; usage: quit");
    let lists = "`busker man`, ? in the station, OSC /help and GET /api/commands list the commands";
    assert_eq!(message("  "), format!("no command given; {lists}"));
    assert_eq!(message("help"), format!("unknown command 'help'; {lists}"));
}

proptest! {
    #[test]
    fn no_line_makes_the_parser_panic(line in ".{0,80}") {
        let _ = line.parse::<Command>();
    }

    #[test]
    fn no_arguments_make_the_parser_panic(row in 0..COMMANDS.len(), rest in "[ -~]{0,40}") {
        let _ = format!("{} {rest}", COMMANDS[row].name).parse::<Command>();
    }
}
