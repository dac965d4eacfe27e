//! The panels: what may have the keyboard. Each is a file here (with a folder where it is long) and a row of
//! `enum Panel`; the file holds what it remembers, its actions, what they do and can do now, and how it is drawn.
//!
//! To add one: its file, `pub mod` and its row here, and rows for its keys in `keymaps/default.yaml`. The compiler
//! names what the file lacks; `tests/all/keymap.rs` an action without a key and a panel that no key leaves.

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

/// Where a panel stands, and how its mode of the keys is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// In the middle, one at a time; letters play notes there or are commands, as one likes (PIANO, KEYS).
    Ground,
    /// In the place of the ground, with keys of its own.
    Cover(&'static str),
    /// Over all of them until it is closed, with keys of its own.
    Over(&'static str),
}

/// Whether an action can do anything now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Nothing: the key bar leaves it out.
    Impossible,
    /// It can.
    Possible,
    /// It can, and what it turns on is on: the key bar says so with its second word.
    On,
}

impl Availability {
    /// Possible, where that holds.
    pub fn possible(can: bool) -> Availability {
        if can { Availability::Possible } else { Availability::Impossible }
    }

    /// Possible, and on where that holds.
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
    /// What covers all but the header, the record light, the messages and the keys.
    pub most: Rect,
}

impl ScreenAreas {
    /// The whole middle.
    pub fn middle(&self) -> Rect {
        Rect { height: self.tabs.height + self.body.height, ..self.tabs }
    }
}

/// What the file of a panel says: implemented by what it remembers.
pub trait PanelSpec: Clone + Default {
    /// Where it stands.
    const LAYER: Layer;
    /// What stands in the middle while it is over it; none: what stood there before.
    const ABOUT: Option<Panel> = None;
    /// What help calls its keys in every mode; none: they are shown only to who comes from there.
    const KEYS_IN_HELP: Option<&'static str> = None;
    /// What the message line says as long as nothing was said.
    const GREETING: &'static str = "· letters and digits play notes; Esc makes them commands; ? shows every key";
    /// Its actions.
    type Act: Copy;

    /// Does one of them.
    fn act(app: &mut App, act: Self::Act, status: &Status) -> Vec<AppRequest>;

    /// Whether one of them can do anything now.
    fn possible(app: &App, act: Self::Act, status: &Visible) -> Availability;

    /// Draws it.
    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>);

    /// The line that is typed there, where letters are text.
    fn line(_memory: &Memory) -> Option<&CommandLine> {
        None
    }

    /// Changes that line.
    fn edit(_memory: &mut Memory, _change: &mut dyn FnMut(&mut CommandLine)) {}

    /// What the engine does only while somebody looks at it.
    fn watch(_state: Switch) -> Option<Command> {
        None
    }
}

macro_rules! panels {
    ($( #[doc = $doc:literal] $panel:ident = $module:ident )*) => {
        /// A panel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Panel { $( #[doc = $doc] $panel, )* }

        /// An action of the screen: of its piano, of a panel, or of no part of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum View {
            /// Of the piano.
            Hands(hands::Act),
            $( #[doc = $doc] $panel($module::Act), )*
            /// Of the whole screen.
            Screen(screen::Act),
        }

        /// What each panel remembers, open or not.
        #[derive(Clone, Debug, Default)]
        pub struct Memory { $( #[doc = $doc] pub $module: $module::State, )* }

        impl Panel {
            /// All of them.
            pub const ALL: &'static [Panel] = &[ $( Panel::$panel ),* ];

            /// As a keymap names its mode: as its file is called.
            pub fn word(self) -> &'static str {
                match self { $( Panel::$panel => stringify!($module) ),* }
            }

            /// Where it stands.
            pub fn layer(self) -> Layer {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::LAYER ),* }
            }

            /// What stands in the middle while it is over it; none: what stood there before.
            pub fn about(self) -> Option<Panel> {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::ABOUT ),* }
            }

            /// What help calls its keys in every mode, where it shows them there.
            pub fn keys_in_help(self) -> Option<&'static str> {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::KEYS_IN_HELP ),* }
            }

            /// What the message line says as long as nothing was said.
            pub fn greeting(self) -> &'static str {
                match self { $( Panel::$panel => <$module::State as PanelSpec>::GREETING ),* }
            }

            /// Draws it.
            pub fn draw(self, app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
                match self { $( Panel::$panel => $module::State::draw(app, status, theme, areas, frame) ),* }
            }

            /// The line that is typed there, where letters are text.
            pub fn line(self, memory: &Memory) -> Option<&CommandLine> {
                match self { $( Panel::$panel => $module::State::line(memory) ),* }
            }

            /// Changes that line.
            pub fn edit(self, memory: &mut Memory, change: &mut dyn FnMut(&mut CommandLine)) {
                match self { $( Panel::$panel => $module::State::edit(memory, change) ),* }
            }

            /// What the engine does only while somebody looks at it.
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

            /// As it is typed after `:`.
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

            /// Does it.
            pub fn act(self, app: &mut App, status: &Status) -> Vec<AppRequest> {
                match self {
                    View::Hands(act) => hands::act(app, act),
                    $( View::$panel(act) => $module::State::act(app, act, status), )*
                    View::Screen(act) => screen::act(app, act, status),
                }
            }

            /// Whether it can do anything now.
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
    /// Whether to do it is asked.
    Question = question
    /// The keys and the commands.
    Help = help
}

/// What the keys mean: of the piano or not, where a panel leaves that open, or of a panel that has its own.
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

    /// What the keys mean there, with the hands on the piano or not.
    pub fn mode(self, on_piano: bool) -> Mode {
        match self.layer() {
            Layer::Ground if on_piano => Mode::Piano,
            Layer::Ground => Mode::Keys,
            Layer::Cover(_) | Layer::Over(_) => Mode::Of(self),
        }
    }
}

impl Mode {
    /// All of them: those of every panel.
    pub fn all() -> Vec<Mode> {
        let mut modes = Vec::new();
        for mode in Panel::ALL.iter().flat_map(|panel| [panel.mode(true), panel.mode(false)]) {
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        modes
    }

    /// As a keymap names it.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Piano => "piano",
            Mode::Keys => "keys",
            Mode::Of(panel) => panel.word(),
        }
    }

    /// As the screen calls it.
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

    /// Why the key of a character can have no row in it, where there is a reason.
    pub fn keeps(self, c: char) -> Option<&'static str> {
        match self {
            Mode::Piano => notes::semitones(c).map(|_| "plays a note"),
            Mode::Keys => None,
            Mode::Of(panel) => panel.line(&Memory::default()).map(|_| "is typed"),
        }
    }
}
