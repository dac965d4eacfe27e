//! Which key does what: one table, from which the screen, the key bar and the help screen are made. Pure data.
//!
//! A row says in which modes, which key, what it does, in a word or two what the key bar calls it, and whether it goes
//! on while the key is held. To add a key, add a row; `tests/all/keymap.rs` finds keys with two meanings and commands that do not exist.

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
    /// A part of a knob's name is typed after `/`.
    Find,
    /// The takes are looked through.
    Takes,
    /// Whether to do it is asked.
    Sure,
    /// The help screen is open.
    Help,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 7] = [Mode::Piano, Mode::Keys, Mode::Line, Mode::Find, Mode::Takes, Mode::Sure, Mode::Help];

    /// As the screen calls it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Piano => "PIANO",
            Mode::Keys => "KEYS",
            Mode::Line => "COMMAND",
            Mode::Find => "FIND",
            Mode::Takes => "TAKES",
            Mode::Sure => "SURE?",
            Mode::Help => "HELP",
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A line of the command table.
    Command(&'static str),
    /// The same, where the answer is worth reading.
    Ask(&'static str),
    /// Something that needs the screen.
    View(View),
}

impl Action {
    /// The line of the command table, where it is one.
    pub fn line(self) -> Option<&'static str> {
        match self {
            Action::Command(line) | Action::Ask(line) => Some(line),
            Action::View(_) => None,
        }
    }
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
    /// Whether it is done again and again while the key is held. A key that is held does not start and stop a take
    /// again and again.
    pub repeats: bool,
}

const PLAY: &[Mode] = &[Mode::Piano, Mode::Keys];
const KEYS: &[Mode] = &[Mode::Keys];
const PIANO: &[Mode] = &[Mode::Piano];
const LINE: &[Mode] = &[Mode::Line];
const FIND: &[Mode] = &[Mode::Find];
const TYPED: &[Mode] = &[Mode::Line, Mode::Find];
const HELP: &[Mode] = &[Mode::Help];
const TAKES: &[Mode] = &[Mode::Takes];
const SURE: &[Mode] = &[Mode::Sure];
const NOT_TYPED: &[Mode] = &[Mode::Piano, Mode::Keys, Mode::Takes, Mode::Help];
const TO_TELL: &[Mode] = &[Mode::Piano, Mode::Keys, Mode::Takes];
const ALWAYS: &[Mode] = &Mode::ALL;

const fn row(modes: &'static [Mode], key: &'static str, action: Action, bar: &'static [&'static str]) -> Row {
    Row { modes, key, action, bar, repeats: false }
}
/// A row that goes on while its key is held.
const fn held(modes: &'static [Mode], key: &'static str, action: Action, bar: &'static [&'static str]) -> Row {
    Row { modes, key, action, bar, repeats: true }
}
const fn does(line: &'static str) -> Action {
    Action::Command(line)
}
const fn asks(line: &'static str) -> Action {
    Action::Ask(line)
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
    held(LINE, "tab", view(View::Complete), &["complete"]),
    held(LINE, "shift-tab", view(View::CompleteBack), &[]),
    row(LINE, "esc", view(View::Close), &["close"]),
    row(FIND, "enter", view(View::FindKeep), &["keep"]),
    row(FIND, "esc", view(View::Close), &["back"]),
    held(FIND, "up", view(View::FindPrevious), &["knob"]),
    held(FIND, "down", view(View::FindNext), &["knob"]),
    held(FIND, "tab", view(View::FindNext), &[]),
    held(FIND, "shift-tab", view(View::FindPrevious), &[]),
    row(TYPED, "ctrl-c", view(View::Close), &[]),
    row(TAKES, "esc", view(View::Takes), &["close"]),
    row(TAKES, "q", view(View::Takes), &[]),
    row(TAKES, "f10", view(View::Takes), &[]),
    row(SURE, "y", view(View::Yes), &["yes"]),
    row(SURE, "n", view(View::No), &["no"]),
    row(SURE, "esc", view(View::No), &[]),
    row(SURE, "q", view(View::No), &[]),
    row(SURE, "ctrl-c", view(View::No), &[]),
    row(TO_TELL, "?", view(View::Help), &["help"]),
    held(TAKES, "up", view(View::PreviousTake), &["take"]),
    held(TAKES, "down", view(View::NextTake), &["take"]),
    row(TAKES, "enter", view(View::PlayTake), &["hear", "stop"]),
    held(TAKES, "left", view(View::SeekBack), &["5 s"]),
    held(TAKES, "right", view(View::SeekOn), &["5 s"]),
    row(TAKES, "n", view(View::NextMark), &["mark"]),
    row(TAKES, "N", view(View::PreviousMark), &["mark"]),
    row(TAKES, "r", view(View::RenameTake), &["rename"]),
    row(TAKES, "x", view(View::RemoveTake), &["remove"]),
    row(TAKES, "delete", view(View::RemoveTake), &[]),
    held(TAKES, "pageup", view(View::TakesUp), &[]),
    held(TAKES, "pagedown", view(View::TakesDown), &[]),
    row(TAKES, "home", view(View::NewestTake), &[]),
    row(TAKES, "end", view(View::OldestTake), &[]),
    row(NOT_TYPED, "space", does("transport.toggle"), &["play", "stop"]),
    row(KEYS, "r", does("record.toggle"), &["rec", "end take"]),
    row(ALWAYS, "ctrl-r", does("record.toggle"), &["rec", "end take"]),
    row(KEYS, "b", asks("record.mark"), &["mark"]),
    row(ALWAYS, "ctrl-n", asks("record.mark"), &["mark"]),
    held(PLAY, "left", view(View::PreviousKnob), &["knob"]),
    held(PLAY, "right", view(View::NextKnob), &["knob"]),
    held(PLAY, "up", view(View::TurnUp), &["turn"]),
    held(PLAY, "down", view(View::TurnDown), &["turn"]),
    row(TO_TELL, ":", view(View::Line), &["cmd"]),
    row(PLAY, "/", view(View::Find), &["find"]),
    row(KEYS, "h", view(View::Takes), &["takes"]),
    row(PLAY, "f10", view(View::Takes), &["takes"]),
    row(KEYS, "j", asks("record.capture"), &["keep"]),
    row(ALWAYS, "ctrl-g", asks("record.capture"), &["keep"]),
    row(KEYS, "q", does("quit"), &["quit"]),
    row(ALWAYS, "ctrl-q", does("quit"), &["quit"]),
    row(ALWAYS, "ctrl-d", view(View::Detach), &["detach"]),
    held(PLAY, "tab", view(View::NextSection), &["section"]),
    row(KEYS, "x", does("midi.panic"), &["panic"]),
    row(ALWAYS, "ctrl-p", does("midi.panic"), &["panic"]),
    row(KEYS, "t", does("clock.tap"), &["tap"]),
    row(PLAY, "ctrl-t", does("clock.tap"), &["tap"]),
    row(KEYS, "v", view(View::Midi), &["midi", "knobs"]),
    row(PLAY, "f2", view(View::Midi), &["midi", "knobs"]),
    row(KEYS, "n", view(View::NextInstrument), &["instrument"]),
    row(PLAY, "f3", view(View::NextInstrument), &["instrument"]),
    row(KEYS, "l", view(View::Learn), &["learn", "no learn"]),
    row(PLAY, "f4", view(View::Learn), &["learn", "no learn"]),
    row(KEYS, "u", asks("param.undo"), &["undo/redo"]),
    row(KEYS, "U", asks("param.redo"), &["undo/redo"]),
    row(PLAY, "ctrl-z", asks("param.undo"), &["undo/redo"]),
    row(PLAY, "ctrl-y", asks("param.redo"), &["undo/redo"]),
    row(KEYS, "d", view(View::Mutate), &["dice"]),
    row(KEYS, "D", view(View::Dice), &["dice"]),
    row(KEYS, "a", asks("snapshot.compare"), &["A/B"]),
    row(KEYS, "o", view(View::Recall), &["recall"]),
    row(PLAY, "f5", view(View::Recall), &["recall"]),
    row(KEYS, "w", view(View::Save), &["save"]),
    row(PLAY, "f6", view(View::Save), &["save"]),
    row(PLAY, "f7", asks("snapshot.compare"), &["A/B"]),
    row(KEYS, "f", view(View::Modulate), &["lfo"]),
    row(PLAY, "f8", view(View::Modulate), &["lfo"]),
    row(KEYS, "F", view(View::Still), &[]),
    row(KEYS, "A", asks("auto.arm toggle"), &["arm"]),
    row(PLAY, "f9", asks("auto.arm toggle"), &["arm"]),
    held(PIANO, "-", view(View::OctaveDown), &["octave"]),
    held(PIANO, "=", view(View::OctaveUp), &["octave"]),
    row(KEYS, "s", does("transport.stop"), &[]),
    row(KEYS, "g", does("transport.continue"), &[]),
    row(KEYS, "0", does("transport.locate 1:1:0"), &["beginning"]),
    row(KEYS, "c", does("click.on toggle"), &["click", "no click"]),
    row(PLAY, "ctrl-k", does("click.on toggle"), &["click", "no click"]),
    row(KEYS, "m", view(View::Monitor), &["monitor", "no monitor"]),
    row(KEYS, "k", view(View::Clock), &["clock", "no clock"]),
    row(NOT_TYPED, "ctrl-c", does("quit"), &[]),
    row(KEYS, "e", does("meter.clear"), &[]),
    row(PLAY, "ctrl-e", does("meter.clear"), &[]),
    row(KEYS, "i", asks("record.status"), &[]),
    held(PLAY, "shift-up", view(View::TurnUpFar), &[]),
    held(PLAY, "shift-down", view(View::TurnDownFar), &[]),
    held(PLAY, "pageup", view(View::TurnUpFar), &[]),
    held(PLAY, "pagedown", view(View::TurnDownFar), &[]),
    held(PLAY, "shift-tab", view(View::PreviousSection), &[]),
    held(PLAY, "home", view(View::FirstKnob), &[]),
    held(PLAY, "end", view(View::LastKnob), &[]),
    row(PLAY, "backspace", view(View::ResetKnob), &["reset"]),
    row(PLAY, "delete", view(View::ResetKnob), &[]),
    row(PLAY, "enter", view(View::TypeValue), &["type value"]),
    held(KEYS, "-", view(View::OctaveDown), &[]),
    held(KEYS, "=", view(View::OctaveUp), &[]),
    held(PLAY, "[", view(View::OctaveDown), &[]),
    held(PLAY, "]", view(View::OctaveUp), &[]),
    held(PLAY, ";", view(View::VelocityDown), &["velocity"]),
    held(PLAY, "'", view(View::VelocityUp), &["velocity"]),
    held(PLAY, "{", view(View::VelocityDown), &[]),
    held(PLAY, "}", view(View::VelocityUp), &[]),
    held(PLAY, "<", does("clock.nudge -1"), &["BPM"]),
    held(PLAY, ">", does("clock.nudge 1"), &["BPM"]),
    held(PLAY, "(", does("clock.nudge -0.1"), &["0.1 BPM"]),
    held(PLAY, ")", does("clock.nudge 0.1"), &["0.1 BPM"]),
    row(ALWAYS, "ctrl-l", view(View::Redraw), &[]),
    held(LINE, "up", view(View::LineOlder), &["history"]),
    held(LINE, "down", view(View::LineNewer), &["history"]),
    held(TYPED, "left", view(View::CursorLeft), &[]),
    held(TYPED, "right", view(View::CursorRight), &[]),
    held(TYPED, "home", view(View::CursorHome), &[]),
    held(TYPED, "end", view(View::CursorEnd), &[]),
    held(TYPED, "ctrl-a", view(View::CursorHome), &[]),
    held(TYPED, "ctrl-e", view(View::CursorEnd), &[]),
    held(TYPED, "backspace", view(View::EraseLeft), &[]),
    held(TYPED, "delete", view(View::EraseRight), &[]),
    held(TYPED, "ctrl-w", view(View::EraseWord), &[]),
    held(TYPED, "ctrl-u", view(View::EraseLine), &[]),
    held(HELP, "up", view(View::ScrollUp), &["scroll"]),
    held(HELP, "down", view(View::ScrollDown), &["scroll"]),
    held(HELP, "pageup", view(View::ScrollPageUp), &["page"]),
    held(HELP, "pagedown", view(View::ScrollPageDown), &["page"]),
    held(HELP, "home", view(View::ScrollTop), &[]),
    held(HELP, "end", view(View::ScrollBottom), &[]),
];

/// The rows that hold in a mode, in order.
pub fn rows_in(mode: Mode) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.modes.contains(&mode))
}

/// The row of a key in a mode; a capital letter without a meaning of its own means the small one, so that caps lock
/// takes no command away.
pub fn row_of(mode: Mode, key: Key) -> Option<&'static Row> {
    let exact = |key: Key| {
        let text = key.to_string();
        rows_in(mode).find(|row| row.key == text)
    };
    exact(key).or_else(|| exact(key.lower()))
}
