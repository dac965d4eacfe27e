//! Tests of a keymap file: allowed rows, faults, and the laws of merging; for a small screen.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Play,
    Command,
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum View {
    Help,
    Takes,
}

type Keys = Keymap<Mode, View>;

fn words() -> Vocabulary<Mode, View> {
    Vocabulary {
        modes: vec![("play", Mode::Play), ("command", Mode::Command), ("type", Mode::Type)],
        views: vec![("help", View::Help), ("takes", View::Takes)],
        keeps: |mode, c| match mode {
            Mode::Play => notes::semitones(c).map(|_| "plays a note"),
            Mode::Command => None,
            Mode::Type => Some("is typed"),
        },
    }
}

fn over(keys: &Keys, text: &str) -> Keys {
    keys.merged("keys.yaml", text, &words()).unwrap()
}

fn keys(text: &str) -> Keys {
    over(&Keys::default(), text)
}

fn faults(text: &str) -> Vec<String> {
    let faults = Keys::default().merged("keys.yaml", text, &words()).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn command(line: &str) -> Command {
    line.parse().unwrap()
}

const FILE: &str = "keys:
  - { key: '?', in: play command, do: help, bar: help }
  - { key: r, in: command, do: record.toggle, bar: [rec, end take] }
  - { key: ctrl-r, in: any, do: record.toggle }
  - { key: up, in: play, do: clock.nudge 0.1, repeats: yes }
  - { key: f2, in: command, do: record.mark, answer: yes }
";

#[test]
fn a_row_is_read_whole() {
    let keys = keys(FILE);
    let [help, record, always, up, mark] = keys.rows() else { panic!("{keys:?}") };
    assert_eq!(help.action, Action::View(View::Help));
    assert_eq!(
        (&help.modes[..], help.key, &help.bar[..]),
        (&[Mode::Play, Mode::Command][..], key("?"), &["help".to_owned()][..])
    );
    assert_eq!((&record.action, record.bar.len()), (&Action::Command(command("record.toggle")), 2));
    assert_eq!(always.modes, [Mode::Play, Mode::Command, Mode::Type]);
    assert_eq!((&up.action, up.repeats), (&Action::Command(command("clock.nudge 0.1")), true));
    assert_eq!((&mark.action, mark.repeats), (&Action::Ask(command("record.mark")), false));
}

#[test]
fn a_key_acts_by_its_mode_and_caps_lock_disables_nothing() {
    let keys = keys("keys:\n  - { key: r, in: command, do: takes }\n  - { key: N, in: command, do: help }\n");
    let does = |mode, text: &str| keys.row_of(mode, key(text)).map(|row| row.action.clone());
    assert_eq!(does(Mode::Command, "r"), Some(Action::View(View::Takes)));
    assert_eq!(does(Mode::Command, "R"), does(Mode::Command, "r"));
    assert_eq!((does(Mode::Play, "r"), does(Mode::Command, "n")), (None, None));
    assert_eq!(does(Mode::Command, "N"), Some(Action::View(View::Help)));
}

#[test]
fn every_fault_is_named_with_its_line_and_what_was_probably_meant() {
    let text = "keys:
  - { key: spce, in: command, do: help }
  - { key: f1, in: comand, do: help }
  - { key: f2, in: command, do: record.togle }
  - { key: f3, in: command, do: taks }
  - { key: f4, in: command, do: clock.nudge a lot }
  - { key: f5, do: help, label: help }
";
    let expected = [
        "keys.yaml:2 keys.1.key: 'spce' is not a key; keys are written like a, space, f1, ctrl-r or shift-up",
        "keys.yaml:3 keys.2.in: 'comand' is not a mode (did you mean 'command'?), allowed play, command, type, any",
        "keys.yaml:4 keys.3.do: 'record.togle' is not a command or an action of the screen (did you mean \
         'record.toggle'?), allowed the commands and actions that ? lists, or nothing",
        "keys.yaml:5 keys.4.do: 'taks' is not a command or an action of the screen (did you mean 'takes'?), allowed \
         the commands and actions that ? lists, or nothing",
        "keys.yaml:6 keys.5.do: one argument too many: 'lot'",
        "keys.yaml:7 keys.6.in: is missing",
        "keys.yaml:7 keys.6.label: 'label' is not a field here, allowed key, in, do, answer, bar, repeats",
    ];
    let faults = faults(text);
    for expected in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nnot in {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn rows_that_cannot_apply_are_refused() {
    for (row, why) in [
        ("{ key: z, in: play, do: help }", "'z' plays a note in play mode"),
        ("{ key: a, in: any, do: help }", "'a' is typed in type mode"),
        ("{ key: f1, in: command, do: help, answer: yes }", "answer: is only for commands"),
        ("{ key: f1, in: command, do: nothing, answer: yes }", "answer: is only for commands"),
        ("{ key: f1, in: command, do: help, bar: [a, b, c] }", "'3' words, allowed 2"),
        ("{ key: f1, in: command, do: help, bar: [] }", "bar: is empty"),
        ("{ key: f1, in: command, do: help, bar: much more than fits }", "allowed at most 16"),
        (
            "{ key: up, in: command, do: help }\n  - { key: up, in: any, do: takes }",
            "'up' is mapped more than once in command",
        ),
    ] {
        let faults = faults(&format!("keys:\n  - {row}\n"));
        assert!(faults.len() == 1 && faults[0].contains(why), "{row}: {faults:#?}");
    }
    assert!(faults("key: []\n")[0].contains("'key' is not a field here, allowed keys"));
}

#[test]
fn an_empty_file_changes_nothing() {
    let keys = keys(FILE);
    for text in ["", "# only a comment\n", "keys: []\n", "keys:\n"] {
        assert_eq!(over(&keys, text), keys, "{text}");
    }
}

#[test]
fn a_file_merged_over_itself_is_the_same() {
    let keys = keys(FILE);
    assert_eq!(over(&keys, FILE), keys);
}

#[test]
fn a_row_replaces_the_one_with_its_key_only_in_its_modes() {
    let keys = over(&keys(FILE), "keys:\n  - { key: '?', in: command, do: takes }\n");
    let [mine, theirs, ..] = keys.rows() else { panic!("{keys:?}") };
    assert_eq!((&mine.action, &mine.modes[..]), (&Action::View(View::Takes), &[Mode::Command][..]));
    assert_eq!((&theirs.action, &theirs.modes[..]), (&Action::View(View::Help), &[Mode::Play][..]));
    assert_eq!(keys.rows().len(), 6);
}

#[test]
fn a_row_with_a_new_key_is_added_at_the_end() {
    let keys = over(&keys(FILE), "keys:\n  - { key: f12, in: any, do: help }\n");
    assert_eq!(keys.rows().last().map(|row| row.key), Some(key("f12")));
}

#[test]
fn the_action_nothing_removes_a_key() {
    let keys =
        over(&keys(FILE), "keys:\n  - { key: ctrl-r, in: type, do: nothing }\n  - { key: r, in: any, do: nothing }\n");
    let has = |mode, text: &str| keys.row_of(mode, key(text)).is_some();
    assert!(has(Mode::Play, "ctrl-r") && !has(Mode::Type, "ctrl-r") && !has(Mode::Command, "r"));
}

/// A file of some rows; each key is there once at most.
fn files() -> impl Strategy<Value = String> {
    let row = ("f[1-6]", "(play|command|type|any|play type)", "(help|takes|nothing|record\\.toggle|clock\\.tap)");
    prop::collection::btree_map(row.0, (row.1, row.2), 0..6).prop_map(|rows| {
        let row = |(key, (modes, does))| format!("  - {{ key: {key}, in: {modes}, do: {does} }}\n");
        format!("keys:\n{}", rows.into_iter().map(row).collect::<String>())
    })
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once(first in files(), second in files()) {
        let once = over(&keys(&first), &second);
        prop_assert_eq!(over(&once, &second), once);
    }

    #[test]
    fn rows_of_a_file_apply_and_the_others_stay(first in files(), second in files()) {
        let (below, above) = (keys(&first), keys(&second));
        let both = over(&below, &second);
        let silences = |mode, key| {
            let says = |word: &str| second.lines().any(|line| line.contains(&format!("key: {key}, in: {word}, do: nothing")));
            says("any") || match mode {
                Mode::Play => says("play") || says("play type"),
                Mode::Command => says("command"),
                Mode::Type => says("type") || says("play type"),
            }
        };
        for mode in [Mode::Play, Mode::Command, Mode::Type] {
            for at in 1..=6 {
                let key = key(&format!("f{at}"));
                let does = |keys: &Keys| keys.row_of(mode, key).map(|row| row.action.clone());
                let expected = if silences(mode, key) { None } else { does(&above).or_else(|| does(&below)) };
                prop_assert_eq!(does(&both), expected);
                let rows = both.rows_in(mode).filter(|row| row.key == key).count();
                prop_assert!(rows <= 1);
            }
        }
    }
}
