//! The help screen: the keys of the mode one came from, and every command, from their tables.

use crate::{
    command::{self, COMMANDS},
    keymap::{Action, Key, Mode, notes::NOTE_KEYS, rows_in},
    tui::{
        app::App,
        line::complete,
        panels::{header, message},
        theme::Theme,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Clear,
};

/// Rows of the window beside the header and the messages that are not help: its two rules, the record light, the keys.
const AROUND: u16 = 4;
/// Cells of a key or a name before its help.
const KEY_CELLS: usize = 18;

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
pub fn items(mode: Mode) -> Vec<Item> {
    let mut items = vec![Item::Heading(format!("Keys in {} mode", mode.name()))];
    if mode == Mode::Piano {
        let row = |from: u8, to: u8| -> String {
            NOTE_KEYS.iter().filter(|(_, at)| (from..to).contains(at)).map(|(key, _)| *key).collect()
        };
        items.push(Item::Entry(row(0, 12), "Play C to B of the octave".to_owned()));
        items.push(Item::Entry(row(12, 29), "Play on from the C above".to_owned()));
    }
    items.extend(keys(mode));
    if mode == Mode::Piano {
        items.push(Item::Text("Letters are commands in KEYS mode: Esc, then ? shows those keys.".to_owned()));
    }
    items.push(Item::Space);
    for (what, typed) in [("after :", Mode::Line), ("after /", Mode::Find), ("when asked", Mode::Sure)] {
        items.push(Item::Heading(format!("Keys {what}")));
        items.extend(keys(typed));
        items.push(Item::Space);
    }
    items.push(Item::Heading("Commands, as they are typed after :".to_owned()));
    for row in COMMANDS {
        items.push(Item::Usage(row.usage_with_ranges()));
        items.push(Item::Text(row.help.to_owned()));
    }
    items.push(Item::Space);
    items.push(Item::Heading("What only the screen does, typed after : too".to_owned()));
    items.extend(complete::views().map(|view| Item::Entry(view.name().to_owned(), view.help().to_owned())));
    items
}

/// The keys of a mode and what they do.
fn keys(mode: Mode) -> impl Iterator<Item = Item> {
    rows_in(mode).map(|row| {
        let sign = row.key.parse::<Key>().map(Key::sign).unwrap_or_default();
        Item::Entry(sign, meaning(row.action))
    })
}

fn meaning(action: Action) -> String {
    match action {
        Action::View(view) => view.help().to_owned(),
        Action::Command(line) | Action::Ask(line) => {
            let name = line.split_whitespace().next().unwrap_or_default();
            let help = command::spec(name).map_or("", |row| row.help);
            // With its arguments, where they say more than the command's help.
            if line == name { help.to_owned() } else { format!("{help} ({line})") }
        }
    }
}

/// How many lines it has.
pub fn count(mode: Mode) -> usize {
    items(mode).len()
}

/// How many lines are seen in a window of so many columns and rows.
pub fn visible_rows(app: &App, (columns, rows): (u16, u16)) -> usize {
    let messages = message::rows(app, Rect::new(0, 0, columns, rows));
    usize::from(rows.saturating_sub(AROUND + header::ROWS + messages)).max(1)
}

/// Draws it over what is there.
pub fn draw(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.overlay;
    let items = items(app.base_mode());
    frame.render_widget(Clear, area);
    let rows = usize::from(area.height.saturating_sub(2));
    let top = app.help_top().min(items.len().saturating_sub(rows));
    let below = items.len().saturating_sub(top + rows);
    let cells = usize::from(area.width);
    let rule = |left: &str, right: String| {
        let words = text::width(left) + text::width(&right);
        Line::from(vec![
            Span::styled("─ ", look.frame),
            Span::styled(left.to_owned(), look.title),
            Span::styled(format!(" {}", "─".repeat(cells.saturating_sub(words + 4))), look.frame),
            Span::styled(right, look.quiet),
            Span::styled("─", look.frame),
        ])
    };
    let more = |count: usize, way: &str| if count > 0 { format!(" {count} more {way} ") } else { String::new() };
    frame.render_widget(rule("Help", more(top, "above")), Rect { height: 1, ..area });
    for (item, y) in items.iter().skip(top).take(rows).zip(area.y + 1..) {
        let line = match item {
            Item::Heading(text) => Line::styled(text.clone(), look.heading),
            Item::Entry(key, help) => {
                let key = format!("  {} ", text::left(key, KEY_CELLS.max(text::width(key))));
                let help = text::cut(help, cells.saturating_sub(2 + text::width(&key)));
                Line::from(vec![Span::styled(key, look.key), Span::styled(help, look.text)])
            }
            Item::Usage(usage) => Line::styled(format!("  {usage}"), look.key),
            Item::Text(help) => Line::styled(format!("      {help}"), look.text),
            Item::Space => Line::default(),
        };
        frame.render_widget(line, Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 });
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    frame.render_widget(rule("↑↓ PgUp PgDn", more(below, "below")), last);
}
