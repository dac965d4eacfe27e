//! The page as it is served: its files, and the commands in its scripts.

use super::served::Served;
use busker::command::{COMMANDS, Command};
use std::collections::BTreeSet;

const FILES: [&str; 4] = ["/app.js", "/knobs.js", "/takes.js", "/touch.js"];

fn is_name(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split_once('.').is_some_and(|(group, name)| is_part(group) && is_part(name))
}

/// The string literals of a script, without computed parts.
fn texts(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split(['"', '`']).skip(1))
}

#[test]
fn every_command_the_page_names_is_one_of_the_table() {
    let served = Served::start();
    let scripts: Vec<String> = FILES.iter().map(|path| served.ask("GET", path, "").text()).collect();
    let names: BTreeSet<&str> = scripts
        .iter()
        .flat_map(|script| texts(script))
        .filter_map(|text| text.split_whitespace().next().filter(|name| is_name(name)))
        // File names are no commands.
        .filter(|name| !name.ends_with(".js"))
        .collect();
    for name in &names {
        assert!(COMMANDS.iter().any(|row| row.name == *name), "{name}");
    }
    for needed in [
        "transport.play",
        "transport.stop",
        "transport.locate",
        "record.start",
        "record.stop",
        "record.capture",
        "record.mark",
        "take.play",
        "take.stop",
        "param.set",
        "param.undo",
        "param.redo",
        "param.random",
        "param.mutate",
        "click.on",
        "clock.tap",
        "port.use",
        "profile.use",
        "snapshot.recall",
        "midi.panic",
    ] {
        assert!(names.contains(needed), "{needed} is not on the page: {names:?}");
    }
    // Complete commands must parse.
    let whole = ["transport.locate 1:1:0", "click.on toggle", "param.mutate 10", "clock.nudge -1"];
    for line in whole {
        assert!(scripts[0].contains(&format!("\"{line}\"")), "{line}");
        assert!(line.parse::<Command>().is_ok(), "{line}");
    }
}

#[test]
fn the_page_is_complete_and_runs_only_its_own_files() {
    let served = Served::start();
    let index = served.ask("GET", "/", "");
    let policy = index.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let text = index.text();
    for inline in ["<script>", "<style", " style=", "javascript:", " onclick", "http://", "https://"] {
        assert!(!text.contains(inline), "{inline}");
    }
    // Every file that the page and its scripts request is there, and every script is requested.
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut look = vec!["/".to_owned()];
    while let Some(path) = look.pop() {
        let reply = served.ask("GET", &path, "");
        assert_eq!(reply.status, 200, "{path}");
        let kind = reply.header("content-type").unwrap().to_owned();
        assert!(!path.ends_with(".js") || kind.starts_with("text/javascript"), "{path}: {kind}");
        let text = reply.text();
        let named = text.split('"').filter(|it| it.starts_with('/') && it[1..].contains('.') && !it.contains(' '));
        look.extend(named.filter(|it| asked.insert((*it).to_owned())).map(str::to_owned));
    }
    assert!(FILES.iter().all(|file| asked.contains(*file)), "{asked:?}");
}
