//! Tests of the built-in keymap file.

use super::*;
use crate::keymap::Key;

#[test]
fn the_built_in_rows_can_be_read() {
    let read = ScreenKeymap::default().merged(BUILT_IN.0, BUILT_IN.1, &vocabulary());
    assert_eq!(read.as_ref(), Ok(&*built_in()));
    assert!(!built_in().rows().is_empty());
}

#[test]
fn every_key_is_spelled_as_it_is_printed() {
    let mut rows = 0;
    for line in BUILT_IN.1.lines().filter_map(|line| line.trim().strip_prefix("- { key: ")) {
        let (key, _) = line.split_once(", ").unwrap();
        let key = match key.trim().strip_prefix(['\'', '"']) {
            Some(quoted) => &quoted[..quoted.len() - 1],
            None => key.trim(),
        };
        assert_eq!(key.parse::<Key>().unwrap().to_string(), key);
        rows += 1;
    }
    assert_eq!(rows, built_in().rows().len());
}

#[test]
fn the_built_in_rows_merged_over_themselves_are_the_same() {
    assert_eq!(merged(BUILT_IN.0, BUILT_IN.1).as_ref(), Ok(&*built_in()));
}

#[test]
fn a_users_file_may_name_every_mode_and_every_action() {
    for mode in Mode::all() {
        for view in View::all() {
            let text = format!("keys:\n  - {{ key: alt-f12, in: {}, do: {} }}\n", mode.word(), view.name());
            let keymap = merged("mine.yaml", &text).unwrap();
            let row = keymap.row_of(mode, "alt-f12".parse().unwrap());
            assert_eq!(row.map(|row| &row.action), Some(&ScreenAction::View(view)));
        }
    }
}
