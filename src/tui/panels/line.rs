//! The `:` line: the user types a command in place of the key bar, with the completions above it (`line/view.rs`).

mod view;

use super::{Availability, Layer, Memory, Panel, PanelSpec};
use crate::{
    command::Command,
    status::{Severity, Status},
    tui::{
        acts::acts,
        app::{App, AppRequest},
        line::{CommandLine, complete},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
    },
};
use ratatui::Frame;

acts! {
    /// Type a command
    Open = "line"
    /// Run the command
    Do = "line.do"
    /// Complete the word; press again for the next match
    Complete = "line.complete"
    /// Go to the previous completion
    CompleteBack = "line.complete.back"
    /// Go to the previous line of the history
    Older = "line.older"
    /// Go to the next line of the history
    Newer = "line.newer"
    /// Move the cursor left
    CursorLeft = "line.left"
    /// Move the cursor right
    CursorRight = "line.right"
    /// Move the cursor to the beginning
    CursorHome = "line.home"
    /// Move the cursor to the end
    CursorEnd = "line.end"
    /// Delete the character to the left
    EraseLeft = "line.erase"
    /// Delete the character at the cursor
    EraseRight = "line.delete"
    /// Delete the word to the left
    EraseWord = "line.erase.word"
    /// Delete everything to the left
    EraseLine = "line.erase.all"
}

/// The typed line, and the history.
#[derive(Clone, Debug, Default)]
pub struct State {
    line: CommandLine,
}

impl State {
    /// The typed line.
    pub fn typed(&self) -> &CommandLine {
        &self.line
    }
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Over("COMMAND");
    const KEYS_IN_HELP: Option<&'static str> = Some("after :");
    type Act = Act;

    /// An editing action changes the line that is typed, here or in another panel.
    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        match act {
            Act::Open => return open(app, ""),
            Act::Do => return do_it(app, status),
            Act::Complete => complete(app, true, status),
            Act::CompleteBack => complete(app, false, status),
            Act::Older => app.memory.line.line.older(),
            Act::Newer => app.memory.line.line.newer(),
            Act::CursorLeft => app.edit(|line| line.move_by(-1)),
            Act::CursorRight => app.edit(|line| line.move_by(1)),
            Act::CursorHome => app.edit(|line| line.move_by(isize::MIN)),
            Act::CursorEnd => app.edit(|line| line.move_by(isize::MAX)),
            Act::EraseLeft if app.typed().is_some_and(|line| line.text().is_empty()) => return app.close(),
            Act::EraseLeft => app.edit(CommandLine::erase_left),
            Act::EraseRight => app.edit(CommandLine::erase_right),
            Act::EraseWord => app.edit(CommandLine::erase_word),
            Act::EraseLine => app.edit(CommandLine::erase_all),
        }
        Vec::new()
    }

    fn possible(_: &App, _: Act, _: &Visible) -> Availability {
        Availability::Possible
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        view::draw(&app.memory.line.line, status, theme, areas, frame);
    }

    fn line(memory: &Memory) -> Option<&CommandLine> {
        Some(&memory.line.line)
    }

    fn edit(memory: &mut Memory, change: &mut dyn FnMut(&mut CommandLine)) {
        change(&mut memory.line.line);
    }
}

/// Opens it with this text.
pub(super) fn open(app: &mut App, text: &str) -> Vec<AppRequest> {
    app.memory.line.line.open(text);
    app.open(Panel::Line)
}

fn do_it(app: &mut App, status: &Status) -> Vec<AppRequest> {
    let mut requests = app.close();
    let line = app.memory.line.line.take();
    if line.is_empty() {
        return requests;
    }
    if let Some(view) = complete::view(&line) {
        requests.extend(view.act(app, status));
        return requests;
    }
    match line.parse::<Command>() {
        Ok(command) => {
            app.announce(&command, status);
            requests.push(AppRequest::Ask(command));
        }
        Err(error) => {
            app.say(Severity::Error, error.to_string());
            // The text is kept, so that the user can correct it.
            requests.extend(open(app, &line));
        }
    }
    requests
}

fn complete(app: &mut App, forward: bool, status: &Status) {
    let line = &mut app.memory.line.line;
    let found = complete::complete(&line.before_cursor(), status);
    line.complete(found, forward);
}
