//! What each of the screen's own actions does.

use super::{App, OCTAVE_MAX, OCTAVE_MIN, Wish};
use crate::{
    command::{
        Command,
        arg::{Name, OnOff, Percent, PortName, Steps, Switch, Text},
    },
    keymap::{Mode, View},
    music::Decibels,
    profile::Param,
    status::{Severity, Status},
    tui::{
        line::{CommandLine, complete},
        panels::help,
    },
};

/// Steps of a coarse turn.
const FAR: i32 = 8;
/// How far a knob is turned by chance at most, in percent of its way.
const MUTATION: Percent = Percent(10.0);
/// Takes of a page.
const TAKES_PAGE: isize = 10;
/// How far a seek goes, in seconds.
const SEEK_SECONDS: f64 = 5.0;
/// Velocity moves by this much, of 127.
const VELOCITY_STEP: i8 = 8;

impl App {
    pub(super) fn act(&mut self, view: View, status: &Status) -> Vec<Wish> {
        match view {
            View::Piano => return self.enter(Mode::Piano),
            View::Keys => return self.enter(Mode::Keys),
            View::Help => {
                self.help_top = 0;
                return self.enter(Mode::Help);
            }
            View::Line => return self.open_line(""),
            View::TypeValue => {
                if let Some(param) = self.param(status) {
                    let line = format!("param.set {} ", param.name);
                    return self.open_line(&line);
                }
            }
            View::Close => return self.enter(self.base),
            View::Find if self.focused(status).is_some() => {
                self.find.open();
                return self.enter(Mode::Find);
            }
            View::Find => self.say(Severity::Info, "there is no knob to find"),
            View::FindNext => self.find_by(true, status),
            View::FindPrevious => self.find_by(false, status),
            View::FindKeep => {
                if let Some(at) = self.focused(status) {
                    self.set_focus(at, status);
                }
                return self.enter(self.base);
            }
            View::NextKnob => self.focus_by(1, status),
            View::PreviousKnob => self.focus_by(-1, status),
            View::FirstKnob => self.focus_in_section(false, status),
            View::LastKnob => self.focus_in_section(true, status),
            View::NextSection => self.section_by(1, status),
            View::PreviousSection => self.section_by(-1, status),
            View::TurnUp => return self.turn(1, status),
            View::TurnDown => return self.turn(-1, status),
            View::TurnUpFar => return self.turn(FAR, status),
            View::TurnDownFar => return self.turn(-FAR, status),
            View::ResetKnob => {
                let reset = |param: &Param| Wish::Tell(Command::ParamReset { name: Name(param.name.clone()) });
                return self.param(status).map(reset).into_iter().collect();
            }
            View::Mutate => return self.dice(status, |section| Command::ParamMutate { percent: MUTATION, section }),
            View::Dice => return self.dice(status, |section| Command::ParamRandom { section }),
            View::Recall if status.params.snapshots.is_empty() => {
                self.say(Severity::Info, "there is no snapshot yet: snapshot.save keeps where the knobs stand");
            }
            View::Recall => return self.open_line("snapshot.recall "),
            View::Save => return self.open_line("snapshot.save "),
            View::Modulate => {
                if let Some(param) = self.param(status) {
                    let line = format!("mod.set {} lfo ", param.name);
                    return self.open_line(&line);
                }
            }
            View::Still => {
                let still =
                    |param: &Param| Wish::Tell(Command::ModOff { param: Name(param.name.clone()), which: None });
                return self.param(status).map(still).into_iter().collect();
            }
            View::OctaveDown => return self.octave_by(-1),
            View::OctaveUp => return self.octave_by(1),
            View::VelocityDown => self.velocity_by(-VELOCITY_STEP),
            View::VelocityUp => self.velocity_by(VELOCITY_STEP),
            View::Monitor => return self.monitor(status),
            View::Midi => return self.toggle_midi(),
            View::Takes => return self.toggle_takes(),
            View::PreviousTake => self.takes.step(-1, status),
            View::NextTake => self.takes.step(1, status),
            View::TakesUp => self.takes.step(-TAKES_PAGE, status),
            View::TakesDown => self.takes.step(TAKES_PAGE, status),
            View::NewestTake => self.takes.step(isize::MIN, status),
            View::OldestTake => self.takes.step(isize::MAX, status),
            View::PlayTake => return self.play_take(status),
            View::SeekBack => return self.seek_by(-SEEK_SECONDS, status),
            View::SeekOn => return self.seek_by(SEEK_SECONDS, status),
            View::NextMark => return self.mark_by(true, status),
            View::PreviousMark => return self.mark_by(false, status),
            View::RenameTake => return self.rename_take(status),
            View::RemoveTake => return self.ask_to_remove(status),
            View::Yes => return self.remove_take(status),
            View::No => return self.enter(self.base),
            View::NextInstrument => return self.next_instrument(status),
            View::Learn => return self.learn(status),
            View::Clock => {
                let state = OnOff(!status.transport.clock_on);
                return vec![Wish::Tell(Command::ClockRun { state })];
            }
            View::Detach if self.can_detach => return vec![Wish::Detach],
            View::Detach => self.say(Severity::Warning, "there is no way back to the station; ctrl-q ends it"),
            View::Redraw => self.redraw = true,
            View::LineDo => return self.do_line(status),
            View::Complete => self.complete(true, status),
            View::CompleteBack => self.complete(false, status),
            View::LineOlder => self.line.older(),
            View::LineNewer => self.line.newer(),
            View::CursorLeft => self.edit(|line| line.move_by(-1)),
            View::CursorRight => self.edit(|line| line.move_by(1)),
            View::CursorHome => self.edit(|line| line.move_by(isize::MIN)),
            View::CursorEnd => self.edit(|line| line.move_by(isize::MAX)),
            View::EraseLeft if self.is_nothing_typed() => return self.enter(self.base),
            View::EraseLeft => self.edit(CommandLine::erase_left),
            View::EraseRight => self.edit(CommandLine::erase_right),
            View::EraseWord => self.edit(CommandLine::erase_word),
            View::EraseLine => self.edit(CommandLine::erase_all),
            View::ScrollUp => self.scroll(-1),
            View::ScrollDown => self.scroll(1),
            View::ScrollPageUp => self.scroll(-self.page()),
            View::ScrollPageDown => self.scroll(self.page()),
            View::ScrollTop => self.scroll(isize::MIN),
            View::ScrollBottom => self.scroll(isize::MAX),
        }
        Vec::new()
    }

    /// To another mode. Keys that held notes will not be heard of again.
    pub(super) fn enter(&mut self, mode: Mode) -> Vec<Wish> {
        let mut wishes = self.silence();
        if matches!(mode, Mode::Piano | Mode::Keys | Mode::Takes) {
            wishes.extend(self.takes.entered(self.base, mode));
            self.base = mode;
        }
        self.mode = mode;
        wishes
    }

    pub(super) fn open_line(&mut self, text: &str) -> Vec<Wish> {
        self.line.open(text);
        self.enter(Mode::Line)
    }

    fn do_line(&mut self, status: &Status) -> Vec<Wish> {
        let mut wishes = self.enter(self.base);
        let line = self.line.take();
        if line.is_empty() {
            return wishes;
        }
        if let Some(view) = complete::view(&line) {
            wishes.extend(self.act(view, status));
            return wishes;
        }
        match line.parse::<Command>() {
            Ok(command) => {
                self.announce(&command, status);
                wishes.push(Wish::Ask(command));
            }
            Err(error) => {
                self.say(Severity::Error, error.to_string());
                // What was written is not lost: it can be mended.
                wishes.extend(self.open_line(&line));
            }
        }
        wishes
    }

    fn is_nothing_typed(&self) -> bool {
        let line = if self.mode == Mode::Find { self.find.line() } else { &self.line };
        line.text().is_empty()
    }

    fn complete(&mut self, forward: bool, status: &Status) {
        let found = complete::complete(&self.line.before_cursor(), status);
        self.line.complete(found, forward);
    }

    fn param<'a>(&self, status: &'a Status) -> Option<&'a Param> {
        status.params.profile.params.get(self.focused(status)?)
    }

    /// To a knob before or after, around the ends.
    fn focus_by(&mut self, by: isize, status: &Status) {
        if let Some(at) = self.focused(status) {
            let count = status.params.profile.params.len().min(status.params.values.len());
            self.set_focus(at.saturating_add_signed(count as isize + by) % count, status);
        }
    }

    /// To the next of the knobs found, or the one before.
    fn find_by(&mut self, forward: bool, status: &Status) {
        if let (Some(found), Some(from)) = (self.found(status), self.focus_kept(status)) {
            self.find.step(&found, from, forward);
        }
    }

    fn set_focus(&mut self, at: usize, status: &Status) {
        self.focus.insert(status.instrument, at);
    }

    fn focus_in_section(&mut self, last: bool, status: &Status) {
        let Some(section) = self.param(status).map(|param| param.section) else { return };
        let mut places = status.params.profile.params_in(section).map(|(at, _)| at);
        let to = if last { places.last() } else { places.next() };
        if let Some(at) = to {
            self.set_focus(at, status);
        }
    }

    /// To the first knob of a section before or after, around the ends; sections without knobs are passed over.
    fn section_by(&mut self, by: isize, status: &Status) {
        let profile = &status.params.profile;
        let Some(mut section) = self.param(status).map(|param| param.section) else { return };
        let count = profile.sections.len();
        for _ in 0..count {
            section = section.saturating_add_signed(count as isize + by) % count;
            if let Some((at, _)) = profile.params_in(section).next() {
                self.set_focus(at, status);
                return;
            }
        }
    }

    fn turn(&self, steps: i32, status: &Status) -> Vec<Wish> {
        let step =
            |param: &Param| Wish::Tell(Command::ParamStep { name: Name(param.name.clone()), steps: Steps(steps) });
        self.param(status).map(step).into_iter().collect()
    }

    /// Dice for the section of the focused knob. How many knobs they turned is worth reading.
    fn dice(&self, status: &Status, throw: impl FnOnce(Option<Text>) -> Command) -> Vec<Wish> {
        let section = self.param(status).and_then(|param| status.params.profile.sections.get(param.section));
        section.map(|section| Wish::Ask(throw(Some(Text(section.clone()))))).into_iter().collect()
    }

    fn octave_by(&mut self, by: i32) -> Vec<Wish> {
        self.octave = (self.octave + by).clamp(OCTAVE_MIN, OCTAVE_MAX);
        self.silence()
    }

    fn velocity_by(&mut self, by: i8) {
        self.velocity = self.velocity.saturating_add_signed(by).clamp(1, 127);
    }

    /// The monitor costs the engine something, so it is kept only while somebody looks.
    fn toggle_midi(&mut self) -> Vec<Wish> {
        self.midi_shown = !self.midi_shown;
        let state = Switch::To(OnOff(self.midi_shown));
        vec![Wish::Tell(Command::MidiMonitor { state })]
    }

    /// To the instrument at the next port that can be played, around the ends.
    fn next_instrument(&mut self, status: &Status) -> Vec<Wish> {
        let playable = || (1u8..).zip(&status.ports).filter(|(_, port)| port.output).map(|(number, _)| number);
        let next = playable().find(|number| *number > status.instrument).or_else(|| playable().next());
        match next.filter(|number| *number != status.instrument) {
            Some(number) => {
                let port = PortName(number.to_string());
                let mut wishes = self.silence();
                wishes.push(Wish::Tell(Command::PortUse { port }));
                wishes
            }
            None => {
                self.say(Severity::Info, "there is no other instrument: each needs a port of its own in the settings");
                Vec::new()
            }
        }
    }

    /// The next controller turns the focused knob; asked once more, nothing does.
    fn learn(&mut self, status: &Status) -> Vec<Wish> {
        if status.learning.is_some() {
            return vec![Wish::Tell(Command::LearnCancel {})];
        }
        match self.param(status).map(|param| format!("param.set {}", param.name)) {
            Some(what) => vec![Wish::Ask(Command::Learn { what: Text(what) })],
            None => {
                self.say(Severity::Info, "there is no knob to learn a controller for");
                Vec::new()
            }
        }
    }

    fn monitor(&mut self, status: &Status) -> Vec<Wish> {
        let now = Decibels(status.inputs.monitor_db);
        let gain = if now > Decibels::SILENCE {
            self.monitor = now;
            Decibels::SILENCE
        } else {
            self.monitor
        };
        vec![Wish::Tell(Command::MonitorGain { gain })]
    }

    fn page(&self) -> isize {
        isize::try_from(help::visible_rows(self, self.window)).unwrap_or(1)
    }

    fn scroll(&mut self, by: isize) {
        let last = help::count(self.base).saturating_sub(help::visible_rows(self, self.window));
        self.help_top = self.help_top.saturating_add_signed(by).min(last);
    }
}
