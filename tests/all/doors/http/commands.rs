//! Every command of the table works by both ways: with the same arguments as everywhere.

use super::served::Served;
use busker::command::{COMMANDS, CommandSpec, arg::ArgKind};
use serde_json::{Value, json};

/// Valid arguments, as JSON.
fn fitting(row: &CommandSpec) -> Vec<Value> {
    let one = |kind: ArgKind| match kind {
        ArgKind::Number { min, max, .. } => json!((min.max(1.0)).min(max)),
        ArgKind::OneOf(["on", "off", ..]) => json!(false),
        ArgKind::OneOf(words) => json!(words[0]),
        ArgKind::Note => json!("C3"),
        ArgKind::Position => json!("1:1:0"),
        ArgKind::Channels | ArgKind::Port => json!("1"),
        ArgKind::Name | ArgKind::Text => json!("filter_cutoff"),
        ArgKind::Length => json!(1),
        ArgKind::Modulator => json!("lfo sine 1/4 depth 0.3"),
        ArgKind::Hex => json!("90 3C 64"),
    };
    row.args.iter().map(|arg| one(arg.kind)).collect()
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn every_command_works_by_both_ways() {
    let served = Served::start();
    let mut socket = served.socket();
    // The command that ends the station is last; sessions would move the takes to another folder.
    for row in COMMANDS.iter().filter(|row| row.name != "quit") {
        let args = fitting(row);
        let needs = row.args.iter().any(|arg| !arg.optional);
        let bare = served.command(row.name);
        if needs {
            let why = bare.refused(400);
            assert!(why.contains(row.name) && why.contains("is missing an argument"), "{why}");
            let (done, why) = socket.command(row.name);
            assert!(!done && why.contains("is missing an argument"), "{why}");
        } else {
            assert!(matches!(bare.status, 200 | 409), "{}: {}", row.name, bare.text());
        }
        let line = args.iter().fold(row.name.to_owned(), |line, arg| format!("{line} {}", word(arg)));
        let body = json!({ "name": row.name, "args": args }).to_string();
        let (by_line, by_words) = (served.command(&line), served.ask("POST", "/api/command", &body));
        for reply in [by_line, by_words] {
            assert!(matches!(reply.status, 200 | 409), "{line}: {} {}", reply.status, reply.text());
        }
        let (_, text) = socket.command(&line);
        assert!(!text.contains("unknown command") && !text.contains("is missing an argument"), "{line}: {text}");
        if row.args.last().is_some_and(|arg| arg.kind.takes_rest_of_line()) {
            continue;
        }
        let more = [args, vec![json!("more")]].concat();
        let too_much = json!({ "name": row.name, "args": more }).to_string();
        assert!(served.ask("POST", "/api/command", &too_much).refused(400).contains("one argument too many"), "{line}");
    }
}
