//! Which key does what: one table, from which the screen, the key bar and the help screen are made. Pure data.
//!
//! A row says in which modes, which key, what it does, and in a word or two what the key bar calls it. To add a key,
//! add a row; `tests/keymap.rs` finds keys with two meanings and commands that do not exist.

pub mod key;
pub mod notes;
pub mod view;

pub use key::{Code, Key, Phase, Stroke};
pub use view::View;

/// What the keys mean at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Letters and digits play notes.
    Piano,
    /// Letters are commands.
    Keys,
    /// A command is typed after `:`.
    Line,
    /// The help screen is open.
    Help,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 4] = [Mode::Piano, Mode::Keys, Mode::Line, Mode::Help];

    /// As the screen calls it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Piano => "PIANO",
            Mode::Keys => "KEYS",
            Mode::Line => "COMMAND",
            Mode::Help => "HELP",
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A line of the command table.
    Command(&'static str),
    /// Something that needs the screen.
    View(View),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where it holds.
    pub modes: &'static [Mode],
    /// As [`Key`] prints it.
    pub key: &'static str,
    /// What it does.
    pub action: Action,
    /// What the key bar calls it: nothing where it is not shown there; where there are two, the second stands while
    /// the thing is on. Neighbours with the same words share one place.
    pub bar: &'static [&'static str],
}

const PLAY: &[Mode] = &[Mode::Piano, Mode::Keys];
const KEYS: &[Mode] = &[Mode::Keys];
const PIANO: &[Mode] = &[Mode::Piano];
const LINE: &[Mode] = &[Mode::Line];
const HELP: &[Mode] = &[Mode::Help];
const NOT_LINE: &[Mode] = &[Mode::Piano, Mode::Keys, Mode::Help];
const ALWAYS: &[Mode] = &Mode::ALL;

const fn row(modes: &'static [Mode], key: &'static str, action: Action, bar: &'static [&'static str]) -> Row {
    Row { modes, key, action, bar }
}
const fn does(line: &'static str) -> Action {
    Action::Command(line)
}
const fn view(view: View) -> Action {
    Action::View(view)
}

/// The table. The key bar shows its rows in this order, as far as they fit.
pub static ROWS: &[Row] = &[
    row(PIANO, "esc", view(View::Keys), &["keys"]),
    row(KEYS, "p", view(View::Piano), &["piano"]),
    row(HELP, "esc", view(View::Close), &["close"]),
    row(HELP, "q", view(View::Close), &[]),
    row(HELP, "?", view(View::Close), &[]),
    row(LINE, "enter", view(View::LineDo), &["do"]),
    row(LINE, "tab", view(View::Complete), &["complete"]),
    row(LINE, "shift-tab", view(View::CompleteBack), &[]),
    row(LINE, "esc", view(View::Close), &["close"]),
    row(LINE, "ctrl-c", view(View::Close), &[]),
    row(PLAY, "?", view(View::Help), &["help"]),
    row(NOT_LINE, "space", does("transport.toggle"), &["play", "stop"]),
    row(KEYS, "r", does("record.toggle"), &["rec", "end take"]),
    row(ALWAYS, "ctrl-r", does("record.toggle"), &["rec", "end take"]),
    row(PLAY, "left", view(View::PreviousKnob), &["knob"]),
    row(PLAY, "right", view(View::NextKnob), &["knob"]),
    row(PLAY, "up", view(View::TurnUp), &["turn"]),
    row(PLAY, "down", view(View::TurnDown), &["turn"]),
    row(KEYS, "q", does("quit"), &["quit"]),
    row(ALWAYS, "ctrl-q", does("quit"), &["quit"]),
    row(PLAY, ":", view(View::Line), &["cmd"]),
    row(PLAY, "tab", view(View::NextSection), &["section"]),
    row(PIANO, "-", view(View::OctaveDown), &["octave"]),
    row(PIANO, "=", view(View::OctaveUp), &["octave"]),
    row(KEYS, "s", does("transport.stop"), &[]),
    row(KEYS, "g", does("transport.continue"), &[]),
    row(KEYS, "0", does("transport.locate 1:1:0"), &["beginning"]),
    row(KEYS, "c", does("click.on toggle"), &["click", "no click"]),
    row(PLAY, "ctrl-k", does("click.on toggle"), &["click", "no click"]),
    row(KEYS, "m", view(View::Monitor), &["monitor", "no monitor"]),
    row(KEYS, "k", view(View::Clock), &["clock", "no clock"]),
    row(KEYS, "x", does("midi.panic"), &["panic"]),
    row(ALWAYS, "ctrl-p", does("midi.panic"), &["panic"]),
    row(NOT_LINE, "ctrl-c", does("quit"), &[]),
    row(KEYS, "e", does("meter.clear"), &[]),
    row(PLAY, "ctrl-e", does("meter.clear"), &[]),
    row(KEYS, "i", does("record.status"), &[]),
    row(PLAY, "shift-up", view(View::TurnUpFar), &[]),
    row(PLAY, "shift-down", view(View::TurnDownFar), &[]),
    row(PLAY, "pageup", view(View::TurnUpFar), &[]),
    row(PLAY, "pagedown", view(View::TurnDownFar), &[]),
    row(PLAY, "shift-tab", view(View::PreviousSection), &[]),
    row(PLAY, "home", view(View::FirstKnob), &[]),
    row(PLAY, "end", view(View::LastKnob), &[]),
    row(PLAY, "backspace", view(View::ResetKnob), &["reset"]),
    row(PLAY, "delete", view(View::ResetKnob), &[]),
    row(PLAY, "enter", view(View::TypeValue), &["type value"]),
    row(KEYS, "-", view(View::OctaveDown), &[]),
    row(KEYS, "=", view(View::OctaveUp), &[]),
    row(PLAY, "[", view(View::OctaveDown), &[]),
    row(PLAY, "]", view(View::OctaveUp), &[]),
    row(PLAY, ";", view(View::VelocityDown), &["velocity"]),
    row(PLAY, "'", view(View::VelocityUp), &["velocity"]),
    row(PLAY, "{", view(View::VelocityDown), &[]),
    row(PLAY, "}", view(View::VelocityUp), &[]),
    row(PLAY, "<", view(View::Slower), &["BPM"]),
    row(PLAY, ">", view(View::Faster), &["BPM"]),
    row(ALWAYS, "ctrl-l", view(View::Redraw), &[]),
    row(LINE, "up", view(View::LineOlder), &["history"]),
    row(LINE, "down", view(View::LineNewer), &["history"]),
    row(LINE, "left", view(View::CursorLeft), &[]),
    row(LINE, "right", view(View::CursorRight), &[]),
    row(LINE, "home", view(View::CursorHome), &[]),
    row(LINE, "end", view(View::CursorEnd), &[]),
    row(LINE, "ctrl-a", view(View::CursorHome), &[]),
    row(LINE, "ctrl-e", view(View::CursorEnd), &[]),
    row(LINE, "backspace", view(View::EraseLeft), &[]),
    row(LINE, "delete", view(View::EraseRight), &[]),
    row(LINE, "ctrl-w", view(View::EraseWord), &[]),
    row(LINE, "ctrl-u", view(View::EraseLine), &[]),
    row(HELP, "up", view(View::ScrollUp), &["scroll"]),
    row(HELP, "down", view(View::ScrollDown), &["scroll"]),
    row(HELP, "pageup", view(View::ScrollPageUp), &["page"]),
    row(HELP, "pagedown", view(View::ScrollPageDown), &["page"]),
    row(HELP, "home", view(View::ScrollTop), &[]),
    row(HELP, "end", view(View::ScrollBottom), &[]),
];

/// The rows that hold in a mode, in order.
pub fn rows_in(mode: Mode) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.modes.contains(&mode))
}

/// What a key does in a mode; a capital letter without a meaning of its own means the small one, so that caps lock
/// takes no command away.
pub fn action(mode: Mode, key: Key) -> Option<Action> {
    let exact = |key: Key| {
        let text = key.to_string();
        rows_in(mode).find(|row| row.key == text).map(|row| row.action)
    };
    exact(key).or_else(|| exact(key.lower()))
}
