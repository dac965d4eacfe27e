//! The state of the screen: open panels, the state of each, held notes. It holds no musical state.
//!
//! A pure core: keys and the time are arguments, commands are results; it reads no clock and no terminal, so tests can
//! send keys as a user does. Each panel is in its own file; here is what all of them share.

pub mod act;
mod open;

use super::{
    keys::{self, ScreenAction, ScreenKeymap},
    line::CommandLine,
    messages::{Messages, ScreenMessage},
    panels::{Memory, Mode, Panel, knobs, takes},
    strips::hands::Hands,
};
use crate::{
    command::{
        Command,
        arg::{OnOff, Switch},
    },
    keymap::{Phase, Stroke, notes},
    music::{Decibels, Note},
    status::{Event, Severity, Status},
};
use open::Open;
use std::{path::Path, sync::Arc, time::Instant};

/// A request of the screen to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum AppRequest {
    /// From a key: an error comes back as a notice.
    Tell(Command),
    /// A typed command, or a key of a query: the answer is shown.
    Ask(Command),
    /// The user leaves the screen, and the station goes on.
    Detach,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct App {
    keymap: Arc<ScreenKeymap>,
    open: Open,
    pub(super) memory: Memory,
    pub(super) hands: Hands,
    messages: Messages,
    /// Columns and rows of the window, if known.
    window: (u16, u16),
    /// The monitor gain before it was switched off.
    monitor: Decibels,
    /// Whether it is attached to a station in another process.
    attached: bool,
    /// Whether the user can leave the screen while the station goes on.
    can_detach: bool,
    /// The home folder with a slash at the end; empty if there is none.
    home: String,
    redraw: bool,
    changed: bool,
}

impl Default for App {
    fn default() -> App {
        App::new()
    }
}

impl App {
    /// The state at the start: letters play notes, the first knob has the focus.
    pub fn new() -> App {
        App {
            keymap: keys::built_in(),
            open: Open::only(Panel::Knobs),
            memory: Memory::default(),
            hands: Hands::default(),
            messages: Messages::default(),
            window: (80, 24),
            monitor: Decibels::UNITY,
            attached: false,
            can_detach: false,
            home: String::new(),
            redraw: false,
            changed: true,
        }
    }

    /// With another keymap than the built-in one.
    pub fn with_keymap(self, keymap: ScreenKeymap) -> App {
        App { keymap: Arc::new(keymap), ..self }
    }

    /// Paths in this folder are shown with a `~`.
    pub fn at_home(self, home: Option<&Path>) -> App {
        App { home: home.map(|home| format!("{}/", home.display())).unwrap_or_default(), ..self }
    }

    /// Whether the screen is attached to a station in another process, and whether the user can leave it alone.
    pub fn leaving(self, attached: bool, can_detach: bool) -> App {
        App { attached, can_detach, ..self }
    }

    /// A key was pressed or released.
    pub fn key(&mut self, stroke: Stroke, now: Instant, status: &Status) -> Vec<AppRequest> {
        let Stroke { key, phase } = stroke;
        if phase == Phase::Release {
            self.hands.piano.releases_told();
        } else {
            self.changed = true;
        }
        if phase == Phase::Press {
            self.messages.seen();
        }
        let mode = self.mode();
        let note_key = key.char().filter(|c| mode == Mode::Piano && notes::semitones(*c).is_some());
        if let Some(c) = note_key {
            let played = self.hands.key(c.to_ascii_lowercase(), phase, now);
            self.changed |= played.is_some();
            return played.unwrap_or_default();
        }
        if phase == Phase::Release {
            return Vec::new();
        }
        let keymap = Arc::clone(&self.keymap);
        match keymap.row_of(mode, key) {
            Some(row) if phase == Phase::Repeat && !row.repeats => Vec::new(),
            Some(row) => match &row.action {
                ScreenAction::Command(command) => self.run(command, AppRequest::Tell, status),
                ScreenAction::Ask(command) => self.run(command, AppRequest::Ask, status),
                ScreenAction::View(view) => view.act(self, status),
            },
            None => {
                if let Some(c) = key.char() {
                    self.edit(|line| line.insert(c.encode_utf8(&mut [0; 4])));
                }
                Vec::new()
            }
        }
    }

    fn run(&mut self, command: &Command, request: fn(Command) -> AppRequest, status: &Status) -> Vec<AppRequest> {
        // A single key must not end a station that others use; `:quit` is explicit.
        if *command == (Command::Quit {}) && self.attached {
            return vec![AppRequest::Detach];
        }
        self.announce(command, status);
        vec![request(command.clone())]
    }

    /// Reports what happens to the take when the engine ends; there is no question.
    pub(super) fn announce(&mut self, command: &Command, status: &Status) {
        if *command == (Command::Quit {}) {
            let sentence = match &status.record.take {
                Some(take) => format!("quitting after the take is saved: {}", take.path.display()),
                None => "leaving".to_owned(),
            };
            self.say(Severity::Info, sentence);
        }
    }

    /// Pasted text goes to the line being typed, if there is one.
    pub fn paste(&mut self, text: &str) {
        self.edit(|line| line.insert(text));
    }

    /// Changes the line being typed, if there is one.
    pub(super) fn edit(&mut self, mut change: impl FnMut(&mut CommandLine)) {
        if self.typed().is_some() {
            self.open.top().edit(&mut self.memory, &mut change);
            self.changed = true;
        }
    }

    /// The line being typed, if there is one.
    pub(super) fn typed(&self) -> Option<&CommandLine> {
        self.open.top().line(&self.memory)
    }

    /// Gives a panel the keyboard. Releases of keys that hold notes are not received any more.
    pub(super) fn open(&mut self, panel: Panel) -> Vec<AppRequest> {
        self.enter(self.open.with(panel))
    }

    /// Closes the panel that has the keyboard.
    pub(super) fn close(&mut self) -> Vec<AppRequest> {
        self.enter(self.open.closed())
    }

    /// Closes every panel but the ground.
    pub(super) fn clear(&mut self) -> Vec<AppRequest> {
        self.enter(self.open.cleared())
    }

    fn enter(&mut self, open: Open) -> Vec<AppRequest> {
        let mut requests = self.silence();
        requests.extend(self.rearrange(open));
        requests
    }

    /// Changes the ground. The keys keep their meaning, so held notes continue.
    pub(super) fn stand_on(&mut self, ground: Panel) -> Vec<AppRequest> {
        self.rearrange(self.open.with(ground))
    }

    /// Starts and stops what the engine does only for an open panel.
    fn rearrange(&mut self, open: Open) -> Vec<AppRequest> {
        let before = std::mem::replace(&mut self.open, open);
        let watch = |panel: Panel, looks| panel.watch(Switch::To(OnOff(looks))).map(AppRequest::Tell);
        let left = before.panels().filter(|panel| !open.has(*panel)).filter_map(|panel| watch(panel, false));
        let came = open.panels().filter(|panel| !before.has(*panel)).filter_map(|panel| watch(panel, true));
        left.chain(came).collect()
    }

    /// Handles an event of the engine.
    pub fn event(&mut self, event: &Event) {
        if let Event::ProfileUsed { .. } = event {
            self.memory.knobs.begin();
            self.memory.find.begin();
            self.changed = true;
        }
        if let Some((severity, text)) = event.notice() {
            self.say(severity, text);
        }
    }

    /// The answer to a typed command.
    pub fn answer(&mut self, answer: Result<String, String>) {
        match answer {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.say(Severity::Info, text),
            Err(text) => self.say(Severity::Error, text),
        }
    }

    /// Puts a sentence on the message line.
    pub fn say(&mut self, severity: Severity, text: impl Into<String>) {
        self.messages.say(severity, self.short(text.into()));
        self.changed = true;
    }

    /// Puts notices of the start on the message line, one after the other.
    pub fn begin(&mut self, notices: Vec<(Severity, String)>) {
        let message = |(severity, text)| ScreenMessage { severity, text: self.short(text) };
        let found = notices.into_iter().map(message).collect();
        self.messages.begin(found);
        self.changed = true;
    }

    /// A sentence with shortened paths that are still distinct.
    fn short(&self, text: String) -> String {
        // A home folder "/" is not replaced.
        let text = if self.home.len() > 1 { text.replace(&self.home, "~/") } else { text };
        short_fault(text)
    }

    /// The window size changed.
    pub fn resized(&mut self, columns: u16, rows: u16) {
        self.window = (columns, rows);
        self.changed = true;
    }

    /// Ends the notes whose keys are no longer repeated.
    pub fn tick(&mut self, now: Instant) -> Vec<AppRequest> {
        let ended = self.hands.piano.tick(now);
        self.changed |= !ended.is_empty();
        tell(ended)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.hands.piano.deadline()
    }

    /// Ends every note held on the keyboard: the keys have another meaning now.
    pub fn silence(&mut self) -> Vec<AppRequest> {
        let ended = self.hands.piano.silence();
        self.changed |= !ended.is_empty();
        tell(ended)
    }

    /// Another window has the keyboard: releases of the held keys will not be received.
    pub fn focus_lost(&mut self) -> Vec<AppRequest> {
        self.silence()
    }

    /// Whether something changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether the terminal must be cleared before the next frame.
    pub fn take_redraw(&mut self) -> bool {
        std::mem::take(&mut self.redraw)
    }

    /// The keymap.
    pub fn keymap(&self) -> &ScreenKeymap {
        &self.keymap
    }

    /// The mode of the keys.
    pub fn mode(&self) -> Mode {
        self.open.top().mode(self.hands.on_piano)
    }

    /// The mode of the keys behind help and a line being typed.
    pub fn base_mode(&self) -> Mode {
        self.base().mode(self.hands.on_piano)
    }

    /// The panel behind help and a line being typed.
    pub fn base(&self) -> Panel {
        self.open.base()
    }

    /// The panel over the middle, if there is one.
    pub fn over(&self) -> Option<Panel> {
        self.open.over()
    }

    /// The panel that is drawn in the middle.
    pub fn in_the_middle(&self) -> Panel {
        self.over().and_then(Panel::about).unwrap_or(self.base())
    }

    /// Whether a panel is open, even if it is covered.
    pub fn is_open(&self, panel: Panel) -> bool {
        self.open.has(panel)
    }

    /// The index of the focused parameter in the profile; `None` without parameters. During a search it is the one
    /// found, while the focus itself stays.
    pub fn focused(&self, status: &Status) -> Option<usize> {
        knobs::focused(self, status)
    }

    /// The indexes of the parameters that a search found, during one.
    pub fn found(&self, status: &Status) -> Option<Vec<usize>> {
        knobs::found(self, status)
    }

    /// The state of the takes panel.
    pub fn takes(&self) -> &takes::State {
        &self.memory.takes
    }

    /// The take to be removed, while the question is open.
    pub fn doomed(&self) -> Option<&str> {
        self.memory.question.doomed()
    }

    /// The command line.
    pub fn line(&self) -> &CommandLine {
        self.memory.line.typed()
    }

    /// The notes held on the keyboard.
    pub fn held(&self) -> impl Iterator<Item = Note> {
        self.hands.piano.notes()
    }

    /// Columns and rows of the window, if known.
    pub fn window(&self) -> (u16, u16) {
        self.window
    }

    /// The messages.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }
}

pub(super) fn tell(commands: Vec<Command>) -> Vec<AppRequest> {
    commands.into_iter().map(AppRequest::Tell).collect()
}

/// A fault with a shortened path of its file that is still distinct: `profiles/my.yaml:4 …`. The user needs the reason,
/// which comes last.
fn short_fault(text: String) -> String {
    let is_path = text.starts_with(['/', '~']);
    let slash = text.find(".yaml:").filter(|_| is_path).and_then(|end| text[..end].rmatch_indices('/').nth(1));
    match slash {
        Some((at, _)) => text[at + 1..].to_owned(),
        None => text,
    }
}
