//! Asks the user to confirm an action, in place of the message line.

use super::{Availability, Layer, Panel, PanelSpec};
use crate::{
    status::Status,
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{Frame, layout::Rect, text::Line, widgets::Clear};

acts! {
    /// Confirm
    Yes = "sure.yes"
    /// Cancel
    No = "sure.no"
}

/// The open question, if there is one.
#[derive(Clone, Debug, Default)]
pub struct State {
    asked: Option<Removal>,
}

/// A take to be removed.
#[derive(Clone, Debug)]
struct Removal {
    name: String,
    /// The action after yes.
    then: Then,
}

/// The action after yes, with the name of the take.
pub(super) type Then = fn(String, &Status) -> Vec<AppRequest>;

impl State {
    /// The take to be removed, while the question is open.
    pub fn doomed(&self) -> Option<&str> {
        self.asked.as_ref().map(|removal| &*removal.name)
    }
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Over("SURE?");
    const KEYS_IN_HELP: Option<&'static str> = Some("when asked");
    type Act = Act;

    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        let mut requests = app.close();
        if act == Act::Yes
            && let Some(Removal { name, then }) = app.memory.question.asked.take()
        {
            requests.extend(then(name, status));
        }
        requests
    }

    fn possible(_: &App, _: Act, _: &Visible) -> Availability {
        Availability::Possible
    }

    /// Drawn over the lowest row of the messages; the key bar shows the answers.
    fn draw(app: &App, _: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        let Some(name) = app.memory.question.doomed() else { return };
        let area = areas.messages;
        let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        frame.render_widget(Clear, row);
        frame.render_widget(Line::styled(sentence(name, usize::from(area.width)), theme.messages.warning), row);
    }
}

/// Asks whether to remove a take; yes removes it.
pub(super) fn ask_to_remove(app: &mut App, name: String, then: Then) -> Vec<AppRequest> {
    app.memory.question.asked = Some(Removal { name, then });
    app.open(Panel::Question)
}

/// The texts around the name, the longest first.
const AROUND: [(&str, &str); 3] = [
    (" ? move '", "' to the trash? It is kept in .trash until emptied. y/n"),
    (" ? move '", "' to the trash? y/n"),
    (" ? trash '", "'? y/n"),
];

/// The longest sentence with room for the whole name; the shortest one keeps the end of the name, where takes differ.
fn sentence(name: &str, width: usize) -> String {
    let room = |(before, after): (&str, &str)| width.saturating_sub(text::width(before) + text::width(after) + 1);
    let fits = AROUND.into_iter().find(|around| text::width(name) <= room(*around));
    let (before, after) = fits.unwrap_or(AROUND[AROUND.len() - 1]);
    format!("{before}{}{after}", text::end(name, room((before, after))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_shortened_before_the_name_and_the_name_keeps_its_end() {
        let name = "recording_20261129_104512";
        assert_eq!(
            sentence(name, 100),
            format!(" ? move '{name}' to the trash? It is kept in .trash until emptied. y/n")
        );
        assert_eq!(sentence(name, 80), format!(" ? move '{name}' to the trash? y/n"));
        assert_eq!(sentence(name, 60), format!(" ? move '{name}' to the trash? y/n"));
        assert_eq!(sentence(name, 40), " ? trash '…ording_20261129_104512'? y/n");
        for width in 0..200 {
            let room = text::width(&sentence(name, width)) < width.max(18);
            assert!(room, "{width}");
        }
    }
}
