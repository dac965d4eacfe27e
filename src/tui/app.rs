//! What the screen itself knows: focus, mode, what is typed, which notes are held. Nothing musical lives here.
//!
//! A pure core: keys and the time go in, commands come out; it reads no clock and touches no terminal, so tests play it
//! like a person does.

mod act;
pub mod takes;

use self::takes::TakesView;
use super::{
    find::Find,
    line::CommandLine,
    messages::{Message, Messages},
    piano::Piano,
};
use crate::{
    command::Command,
    keymap::{self, Action, Mode, Phase, Stroke, notes},
    music::{Decibels, Note},
    status::{Event, Severity, Status},
};
use std::{collections::HashMap, path::Path, time::Instant};

/// The lowest octave the lower piano row may begin at; that of MIDI note 0.
const OCTAVE_MIN: i32 = -1;
/// The highest one: C8 to B8, with the upper row up to G9.
const OCTAVE_MAX: i32 = 8;
/// Where the lower row begins at first: C3, so that the upper row begins at C4, middle C.
const OCTAVE_DEFAULT: i32 = 3;
/// How hard keys strike at first, 1..=127.
const VELOCITY_DEFAULT: u8 = 100;

/// What the screen wants of the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// From a key: a refusal comes back as a notice.
    Tell(Command),
    /// Somebody waits for the answer: whoever typed it, or pressed a key that asks.
    Ask(Command),
    /// The screen is left, and the station goes on.
    Detach,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct App {
    mode: Mode,
    /// Where closing help or a line being typed leads back to.
    base: Mode,
    /// The focused knob of each instrument, by its port: where a hand was, it comes back to.
    focus: HashMap<u8, usize>,
    octave: i32,
    velocity: u8,
    piano: Piano,
    messages: Messages,
    line: CommandLine,
    find: Find,
    help_top: usize,
    /// Rows and columns of the window, as far as known.
    window: (u16, u16),
    /// How loud the inputs were heard before they were turned off.
    monitor: Decibels,
    /// Whether ports and messages stand in the place of the knobs.
    midi_shown: bool,
    takes: TakesView,
    /// Whether it shows a station that goes on without it.
    attached: bool,
    /// Whether the screen can be left and the station go on.
    can_detach: bool,
    /// The home folder with the slash behind it; empty where there is none.
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
    /// As at the start: playing notes, the first knob in focus.
    pub fn new() -> App {
        App {
            mode: Mode::Piano,
            base: Mode::Piano,
            focus: HashMap::new(),
            octave: OCTAVE_DEFAULT,
            velocity: VELOCITY_DEFAULT,
            piano: Piano::default(),
            messages: Messages::default(),
            line: CommandLine::default(),
            find: Find::default(),
            help_top: 0,
            window: (80, 24),
            monitor: Decibels::UNITY,
            midi_shown: false,
            takes: TakesView::default(),
            attached: false,
            can_detach: false,
            home: String::new(),
            redraw: false,
            changed: true,
        }
    }

    /// What lies in this folder is shown with a `~`.
    pub fn at_home(self, home: Option<&Path>) -> App {
        App { home: home.map(|home| format!("{}/", home.display())).unwrap_or_default(), ..self }
    }

    /// What leaving means: whether the screen shows a station that goes on without it, and whether it can be left alone.
    pub fn leaving(self, attached: bool, can_detach: bool) -> App {
        App { attached, can_detach, ..self }
    }

    /// A key went down or came up.
    pub fn key(&mut self, stroke: Stroke, now: Instant, status: &Status) -> Vec<Wish> {
        let Stroke { key, phase } = stroke;
        if phase == Phase::Release {
            self.piano.releases_told();
        } else {
            self.changed = true;
        }
        if phase == Phase::Press {
            self.messages.seen();
        }
        let note_key = key.char().filter(|c| self.mode == Mode::Piano && notes::semitones(*c).is_some());
        if let Some(c) = note_key {
            return self.note_key(c.to_ascii_lowercase(), phase, now);
        }
        if phase == Phase::Release {
            return Vec::new();
        }
        match keymap::row_of(self.mode, key) {
            Some(row) if phase == Phase::Repeat && !row.repeats => Vec::new(),
            Some(row) => match row.action {
                Action::Command(line) => self.run(line, Wish::Tell, status),
                Action::Ask(line) => self.run(line, Wish::Ask, status),
                Action::View(view) => self.act(view, status),
            },
            None => {
                if let Some(c) = key.char() {
                    self.edit(|line| line.insert(c.encode_utf8(&mut [0; 4])));
                }
                Vec::new()
            }
        }
    }

    fn note_key(&mut self, key: char, phase: Phase, now: Instant) -> Vec<Wish> {
        let Some(note) = self.note_of(key) else { return Vec::new() };
        self.changed = true;
        tell(self.piano.key(key, phase, note, self.velocity, now))
    }

    /// What a note key plays at the present octave; nothing above the highest note.
    fn note_of(&self, key: char) -> Option<Note> {
        let semitones = i32::from(notes::semitones(key)?);
        Note::new(0)?.transposed((self.octave - OCTAVE_MIN) * 12 + semitones)
    }

    fn run(&mut self, line: &str, wish: fn(Command) -> Wish, status: &Status) -> Vec<Wish> {
        match line.parse::<Command>() {
            // A key that leaves must not end what others play on; `:quit` says what it means.
            Ok(Command::Quit {}) if self.attached => vec![Wish::Detach],
            Ok(command) => {
                self.announce(&command, status);
                vec![wish(command)]
            }
            Err(error) => {
                self.say(Severity::Error, error.to_string());
                Vec::new()
            }
        }
    }

    /// Nobody needs to be asked whether to leave, but should know what becomes of the take.
    fn announce(&mut self, command: &Command, status: &Status) {
        if *command == (Command::Quit {}) {
            let sentence = match &status.record.take {
                Some(take) => format!("leaving; the take is finished first: {}", take.path.display()),
                None => "leaving".to_owned(),
            };
            self.say(Severity::Info, sentence);
        }
    }

    /// Text was pasted: it is typed where something is being typed, and nowhere else.
    pub fn paste(&mut self, text: &str) {
        self.edit(|line| line.insert(text));
    }

    /// Changes the line being typed, where there is one.
    fn edit(&mut self, change: impl FnOnce(&mut CommandLine)) {
        match self.mode {
            Mode::Line => change(&mut self.line),
            Mode::Find => self.find.edit(change),
            Mode::Piano | Mode::Keys | Mode::Takes | Mode::Sure | Mode::Help => return,
        }
        self.changed = true;
    }

    /// Something happened in the engine.
    pub fn event(&mut self, event: &Event) {
        if let Event::ProfileUsed { .. } = event {
            self.focus.clear();
            self.find.open();
            self.changed = true;
        }
        if let Some((severity, text)) = event.notice() {
            self.say(severity, text);
        }
    }

    /// The answer to what was typed.
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

    /// Puts what was found at the start on the message line, one sentence after the other.
    pub fn begin(&mut self, notices: Vec<(Severity, String)>) {
        let message = |(severity, text)| Message { severity, text: self.short(text) };
        let found = notices.into_iter().map(message).collect();
        self.messages.begin(found);
        self.changed = true;
    }

    /// A sentence with paths as short as tells them apart.
    fn short(&self, text: String) -> String {
        // "/" is the home folder of nobody who reads paths.
        let text = if self.home.len() > 1 { text.replace(&self.home, "~/") } else { text };
        short_fault(text)
    }

    /// The window has another size.
    pub fn resized(&mut self, columns: u16, rows: u16) {
        self.window = (columns, rows);
        self.changed = true;
    }

    /// Ends the notes whose keys are no longer repeated.
    pub fn tick(&mut self, now: Instant) -> Vec<Wish> {
        let ended = self.piano.tick(now);
        self.changed |= !ended.is_empty();
        tell(ended)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.piano.deadline()
    }

    /// Ends every note held on the keyboard: the keys mean something else now, or nothing any more.
    pub fn silence(&mut self) -> Vec<Wish> {
        let ended = self.piano.silence();
        self.changed |= !ended.is_empty();
        tell(ended)
    }

    /// Another window has the keyboard: where releases are told, those of the keys held now will not be.
    pub fn focus_lost(&mut self) -> Vec<Wish> {
        self.silence()
    }

    /// Whether something changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether the terminal should be wiped before the next frame.
    pub fn take_redraw(&mut self) -> bool {
        std::mem::take(&mut self.redraw)
    }

    /// What the keys mean.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What the keys mean behind help and a line being typed.
    pub fn base_mode(&self) -> Mode {
        self.base
    }

    /// The place of the focused knob in the profile's parameters; none where there are no parameters. While one is
    /// looked for it is the one found, and the focus itself stays where it was.
    pub fn focused(&self, status: &Status) -> Option<usize> {
        let from = self.focus_kept(status)?;
        Some(self.found(status).map_or(from, |found| self.find.focused(&found, from)))
    }

    /// Where the focus is when nothing is looked for.
    fn focus_kept(&self, status: &Status) -> Option<usize> {
        let last = knob_count(status).checked_sub(1)?;
        Some(self.focus.get(&status.instrument).map_or(0, |at| *at.min(&last)))
    }

    /// The places of the knobs that were found, while one is looked for.
    pub fn found(&self, status: &Status) -> Option<Vec<usize>> {
        (self.mode == Mode::Find).then(|| self.find.found(&status.params.profile, knob_count(status)))
    }

    /// Whether ports and messages stand in the place of the knobs.
    pub fn midi_shown(&self) -> bool {
        self.midi_shown
    }

    /// The takes being looked through.
    pub fn takes(&self) -> &TakesView {
        &self.takes
    }

    /// The lowest and the highest note the piano keys play; in every octave there are some.
    pub fn reach(&self) -> Option<(Note, Note)> {
        let notes = || notes::NOTE_KEYS.iter().filter_map(|(key, _)| self.note_of(*key));
        notes().min().zip(notes().max())
    }

    /// How hard the piano keys strike, 1..=127.
    pub fn velocity(&self) -> u8 {
        self.velocity
    }

    /// The notes held on the keyboard.
    pub fn held(&self) -> impl Iterator<Item = Note> {
        self.piano.notes()
    }

    /// What the engine said.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// The command line.
    pub fn line(&self) -> &CommandLine {
        &self.line
    }

    /// The search for a knob.
    pub fn find(&self) -> &Find {
        &self.find
    }

    /// The first line of the help screen that is shown.
    pub fn help_top(&self) -> usize {
        self.help_top
    }
}

/// How many knobs there are: those that stand somewhere.
fn knob_count(status: &Status) -> usize {
    status.params.profile.params.len().min(status.params.values.len())
}

fn tell(commands: Vec<Command>) -> Vec<Wish> {
    commands.into_iter().map(Wish::Tell).collect()
}

/// A fault with no more of its file's path than tells it apart: `profiles/my.yaml:4 …`. The reason is what a person needs,
/// and it stands last.
fn short_fault(text: String) -> String {
    let is_path = text.starts_with(['/', '~']);
    let slash = text.find(".yaml:").filter(|_| is_path).and_then(|end| text[..end].rmatch_indices('/').nth(1));
    match slash {
        Some((at, _)) => text[at + 1..].to_owned(),
        None => text,
    }
}
