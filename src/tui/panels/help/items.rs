//! The contents of help, made from the keymap's rows and the command table. Pure.

use crate::{
    command::{self, COMMANDS, Command},
    keymap::notes::NOTE_KEYS,
    tui::{
        keys::{ScreenAction, ScreenKeymap},
        line::complete,
        panels::{Mode, Panel},
    },
};

/// One line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpItem {
    /// A title.
    Heading(String),
    /// A key or command, and its help.
    Entry(String, String),
    /// The usage of a command, on a line of its own.
    Usage(String),
    /// Its help.
    Text(String),
    /// An empty line.
    Space,
}

/// All lines, for the keys of a mode.
pub fn items(keymap: &ScreenKeymap, mode: Mode) -> Vec<HelpItem> {
    let mut items = vec![HelpItem::Heading(format!("Keys in {} mode", mode.title()))];
    if mode == Mode::Piano {
        let row = |from: u8, to: u8| -> String {
            NOTE_KEYS.iter().filter(|(_, at)| (from..to).contains(at)).map(|(key, _)| *key).collect()
        };
        items.push(HelpItem::Entry(row(0, 12), "Play C to B of the octave".to_owned()));
        items.push(HelpItem::Entry(row(12, 29), "Play notes from the C above".to_owned()));
    }
    items.extend(keys(keymap, mode));
    if mode == Mode::Piano {
        items.push(HelpItem::Text("Letters are commands in KEYS mode: Esc, then ? shows those keys.".to_owned()));
    }
    items.push(HelpItem::Space);
    for (panel, what) in Panel::ALL.iter().filter_map(|panel| Some((*panel, panel.keys_in_help()?))) {
        items.push(HelpItem::Heading(format!("Keys {what}")));
        items.extend(keys(keymap, Mode::Of(panel)));
        items.push(HelpItem::Space);
    }
    items.push(HelpItem::Heading("Commands for the : line".to_owned()));
    for row in COMMANDS {
        items.push(HelpItem::Usage(row.usage_with_ranges()));
        items.push(HelpItem::Text(row.help.to_owned()));
    }
    items.push(HelpItem::Space);
    items.push(HelpItem::Heading("Screen actions, also for the : line".to_owned()));
    items.extend(complete::views().map(|view| HelpItem::Entry(view.name().to_owned(), view.help().to_owned())));
    items
}

/// The keys of a mode and their help.
fn keys(keymap: &ScreenKeymap, mode: Mode) -> impl Iterator<Item = HelpItem> {
    keymap.rows_in(mode).map(|row| HelpItem::Entry(row.key.sign(), meaning(&row.action)))
}

fn meaning(action: &ScreenAction) -> String {
    match action {
        ScreenAction::View(view) => view.help().to_owned(),
        ScreenAction::Command(command) | ScreenAction::Ask(command) => command_meaning(command),
    }
}

/// The help of a command, with its arguments if they add to it.
fn command_meaning(command: &Command) -> String {
    let help = command::spec(command.name()).map_or("", |row| row.help);
    if command.words().is_empty() { help.to_owned() } else { format!("{help} ({command})") }
}
