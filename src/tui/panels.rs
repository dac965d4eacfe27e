//! The panels, which can have the keyboard. Each is a file here (with a folder if it is long) and a row of `enum
//! Panel`; the file holds its state, its actions, their effect and availability, and its drawing.
//!
//! To add one: its file, `pub mod` and its row here, and rows for its keys in `keymaps/default.yaml`. The compiler
//! reports missing items of the file; `tests/all/keymap.rs` reports an action without a key and a panel that no key
//! leaves.

pub mod find;
pub mod help;
pub mod knobs;
pub mod line;
pub mod midi;
pub mod question;
pub mod takes;
pub mod tracks;

use super::{
    app::{App, AppRequest, act as screen},
    line::CommandLine,
    strips::hands,
    theme::Theme,
    visible::Visible,
};
use crate::{
    command::{Command, arg::Switch},
    keymap::notes,
    status::Status,
};
use ratatui::{Frame, layout::Rect};

/// The layer of a panel, and the name of its key mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// In the middle, one at a time; letters play notes or are commands, as the user chooses (PIANO, KEYS).
    Ground,
    /// In place of the ground, with keys of its own.
    Cover(&'static str),
    /// Over all others until it is closed, with keys of its own.
    Over(&'static str),
}

/// Whether an action is possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Not possible: the key bar leaves it out.
    Impossible,
    /// Possible.
    Possible,
    /// Possible, and its state is on: the key bar shows its second word.
    On,
}

impl Availability {
    /// Possible if `can`.
    pub fn possible(can: bool) -> Availability {
        if can { Availability::Possible } else { Availability::Impossible }
    }

    /// Possible, and on if `is_on`.
    pub fn on(is_on: bool) -> Availability {
        if is_on { Availability::On } else { Availability::Possible }
    }
}

/// The rows and columns that panels draw into.
#[derive(Clone, Copy, Debug)]
pub struct ScreenAreas {
    /// The rule above the middle.
    pub title: Rect,
    /// The first row of the middle.
    pub tabs: Rect,
    /// The rest of it.
    pub body: Rect,
    /// The messages, below the middle and the rules around it.
    pub messages: Rect,
    /// The key bar.
    pub keys: Rect,
    /// The area except the header, the record light, the messages and the keys.
    pub most: Rect,
}

impl ScreenAreas {
    /// The whole middle.
    pub fn middle(&self) -> Rect {
        Rect { height: self.tabs.height + self.body.height, ..self.tabs }
    }
}

/// The interface of a panel, implemented by its state.
pub trait PanelSpec: Clone + Default {
    /// Its layer.
    const LAYER: Layer;
    /// The panel in the middle while this one is over it; `None` keeps the one before.
    const ABOUT: Option<Panel> = None;
    /// The title of its keys in help, in every mode; `None` shows them only when help is opened from there.
    const KEYS_IN_HELP: Option<&'static str> = None;
    /// The message line while there is no message.
    const GREETING: &'static str = "· letters and digits play notes; Esc makes them commands; ? shows every key";
    /// Its actions.
    type Act: Copy;

    /// Runs an action.
    fn act(app: &mut App, act: Self::Act, status: &Status) -> Vec<AppRequest>;

    /// Whether an action is possible now.
    fn possible(app: &App, act: Self::Act, status: &Visible) -> Availability;

    /// Draws it.
    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>);

    /// The line that is typed there, if letters are text.
    fn line(_memory: &Memory) -> Option<&CommandLine> {
        None
    }

    /// Changes that line.
    fn edit(_memory: &mut Memory, _change: &mut dyn FnMut(&mut CommandLine)) {}

    /// The command that starts or stops what the engine does only for this panel.
    fn watch(_state: Switch) -> Option<Command> {
        None
    }
}

macro_rules! panels {
    ($( #[doc = $doc:literal] $panel:ident = $module:ident )*) => {
        /// A panel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Panel { $( #[doc = $doc] $panel, )* }

        /// An action of the screen: of its piano, of a panel, or of the whole screen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum View {
            /// Of the piano.
            Hands(hands::Act),
            $( #[doc = $doc] $panel($module::Act), )*
            /// Of the whole screen.
            Screen(screen::Act),
        }

        /// The state of each panel, open or not.
        #[derive(Clone, Debug, Default)]
        pub struct Memory { $( #[doc = $doc] pub $module: $module::State, )* }

        impl Panel {
            /// All of them.
            pub const ALL: &'static [Panel] = &[ $( Panel::$panel ),* ];

            /// Its name in a keymap: that of its file.
            pub fn word(self) -> &'static str {
                match self { $( Panel::$panel => stringify!($module) ),* }
            }

            /// Its layer.
            pub fn layer(self) -> Layer {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::LAYER ),* }
            }

            /// The panel in the middle while this one is over it; `None` keeps the one before.
            pub fn about(self) -> Option<Panel> {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::ABOUT ),* }
            }

            /// The title of its keys in help, if help shows them in every mode.
            pub fn keys_in_help(self) -> Option<&'static str> {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::KEYS_IN_HELP ),* }
            }

            /// The message line while there is no message.
            pub fn greeting(self) -> &'static str {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::GREETING ),* }
            }

            /// Draws it.
            pub fn draw(self, app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
                match self { $( Panel::$panel => $module::State::draw(app, status, theme, areas, frame) ),* }
            }

            /// The line that is typed there, if letters are text.
            pub fn line(self, memory: &Memory) -> Option<&CommandLine> {
                match self { $( Panel::$panel => $module::State::line(memory) ),* }
            }

            /// Changes that line.
            pub fn edit(self, memory: &mut Memory, change: &mut dyn FnMut(&mut CommandLine)) {
                match self { $( Panel::$panel => $module::State::edit(memory, change) ),* }
            }

            /// The command that starts or stops what the engine does only for this panel.
            pub fn watch(self, state: Switch) -> Option<Command> {
                match self { $( Panel::$panel => $module::State::watch(state) ),* }
            }
        }

        impl View {
            /// All of them, in the order of the help screen.
            pub fn all() -> impl Iterator<Item = View> {
                let all = hands::Act::ALL.iter().copied().map(View::Hands);
                $( let all = all.chain($module::Act::ALL.iter().copied().map(View::$panel)); )*
                all.chain(screen::Act::ALL.iter().copied().map(View::Screen))
            }

            /// Its name on the `:` line.
            pub fn name(self) -> &'static str {
                match self {
                    View::Hands(act) => act.name(),
                    $( View::$panel(act) => act.name(), )*
                    View::Screen(act) => act.name(),
                }
            }

            /// One line of help.
            pub fn help(self) -> &'static str {
                match self {
                    View::Hands(act) => act.help(),
                    $( View::$panel(act) => act.help(), )*
                    View::Screen(act) => act.help(),
                }
            }

            /// Runs it.
            pub fn act(self, app: &mut App, status: &Status) -> Vec<AppRequest> {
                match self {
                    View::Hands(act) => hands::act(app, act),
                    $( View::$panel(act) => $module::State::act(app, act, status), )*
                    View::Screen(act) => screen::act(app, act, status),
                }
            }

            /// Whether it is possible now.
            pub fn possible(self, app: &App, status: &Visible) -> Availability {
                match self {
                    View::Hands(_) => Availability::Possible,
                    $( View::$panel(act) => $module::State::possible(app, act, status), )*
                    View::Screen(act) => screen::possible(act, status),
                }
            }
        }
    };
}

panels! {
    /// The knobs of the instrument.
    Knobs = knobs
    /// Ports and messages.
    Midi = midi
    /// The recordings.
    Takes = takes
    /// The tracks and their loops.
    Tracks = tracks
    /// A command that is typed.
    Line = line
    /// A search for a knob.
    Find = find
    /// A question before an action.
    Question = question
    /// The keys and the commands.
    Help = help
}

/// The mode of the keys: piano or commands, where the panel leaves that open, or the keys of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Letters and digits play notes.
    Piano,
    /// Letters are commands.
    Keys,
    /// The keys of a panel.
    Of(Panel),
}

impl Panel {
    /// Whether letters may play notes there.
    pub fn plays(self) -> bool {
        self.layer() == Layer::Ground
    }

    /// The mode of the keys there, with the piano on or off.
    pub fn mode(self, on_piano: bool) -> Mode {
        match self.layer() {
            Layer::Ground if on_piano => Mode::Piano,
            Layer::Ground => Mode::Keys,
            Layer::Cover(_) | Layer::Over(_) => Mode::Of(self),
        }
    }
}

impl Mode {
    /// All modes, with those of every panel.
    pub fn all() -> Vec<Mode> {
        let mut modes = Vec::new();
        for mode in Panel::ALL.iter().flat_map(|panel| [panel.mode(true), panel.mode(false)]) {
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        modes
    }

    /// Its name in a keymap.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Piano => "piano",
            Mode::Keys => "keys",
            Mode::Of(panel) => panel.word(),
        }
    }

    /// Its name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Mode::Piano => "PIANO",
            Mode::Keys => "KEYS",
            Mode::Of(panel) => match panel.layer() {
                Layer::Cover(title) | Layer::Over(title) => title,
                Layer::Ground => "",
            },
        }
    }

    /// Why the key of a character can have no row in it; `None` if it can.
    pub fn keeps(self, c: char) -> Option<&'static str> {
        match self {
            Mode::Piano => notes::semitones(c).map(|_| "plays a note"),
            Mode::Keys => None,
            Mode::Of(panel) => panel.line(&Memory::default()).map(|_| "is typed"),
        }
    }
}
