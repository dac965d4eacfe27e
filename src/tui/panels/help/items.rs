//! What help says, made of the keymap's rows and the table of commands. Pure.

use crate::{
    command::{self, COMMANDS, Command},
    keymap::notes::NOTE_KEYS,
    tui::{
        keys::{Action, Keymap},
        line::complete,
        panels::{Mode, Panel},
    },
};

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A title.
    Heading(String),
    /// What does something, and what it does.
    Entry(String, String),
    /// How a command is written, on a line of its own.
    Usage(String),
    /// What it does.
    Text(String),
    /// Nothing.
    Space,
}

/// All of it, for the keys of a mode.
pub fn items(keymap: &Keymap, mode: Mode) -> Vec<Item> {
    let mut items = vec![Item::Heading(format!("Keys in {} mode", mode.title()))];
    if mode == Mode::Piano {
        let row = |from: u8, to: u8| -> String {
            NOTE_KEYS.iter().filter(|(_, at)| (from..to).contains(at)).map(|(key, _)| *key).collect()
        };
        items.push(Item::Entry(row(0, 12), "Play C to B of the octave".to_owned()));
        items.push(Item::Entry(row(12, 29), "Play notes from the C above".to_owned()));
    }
    items.extend(keys(keymap, mode));
    if mode == Mode::Piano {
        items.push(Item::Text("Letters are commands in KEYS mode: Esc, then ? shows those keys.".to_owned()));
    }
    items.push(Item::Space);
    for (panel, what) in Panel::ALL.iter().filter_map(|panel| Some((*panel, panel.keys_in_help()?))) {
        items.push(Item::Heading(format!("Keys {what}")));
        items.extend(keys(keymap, Mode::Of(panel)));
        items.push(Item::Space);
    }
    items.push(Item::Heading("Commands for the : line".to_owned()));
    for row in COMMANDS {
        items.push(Item::Usage(row.usage_with_ranges()));
        items.push(Item::Text(row.help.to_owned()));
    }
    items.push(Item::Space);
    items.push(Item::Heading("Screen actions, also for the : line".to_owned()));
    items.extend(complete::views().map(|view| Item::Entry(view.name().to_owned(), view.help().to_owned())));
    items
}

/// The keys of a mode and what they do.
fn keys(keymap: &Keymap, mode: Mode) -> impl Iterator<Item = Item> {
    keymap.rows_in(mode).map(|row| Item::Entry(row.key.sign(), meaning(&row.action)))
}

fn meaning(action: &Action) -> String {
    match action {
        Action::View(view) => view.help().to_owned(),
        Action::Command(command) | Action::Ask(command) => command_meaning(command),
    }
}

/// What a command does, with its arguments where they say more than its help.
fn command_meaning(command: &Command) -> String {
    let help = command::spec(command.name()).map_or("", |row| row.help);
    if command.words().is_empty() { help.to_owned() } else { format!("{help} ({command})") }
}
