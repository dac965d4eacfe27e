//! What is asked before something is done that nobody would want by chance, in the place of the message line.

use crate::tui::{app::App, theme::Theme, widgets::text};
use ratatui::{Frame, layout::Rect, text::Line, widgets::Clear};

/// Draws it over the lowest row of the messages; the key bar says how to answer.
pub fn draw(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(name) = app.takes().doomed() else { return };
    let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    frame.render_widget(Clear, row);
    frame.render_widget(Line::styled(sentence(name, usize::from(area.width)), theme.messages.warning), row);
}

/// What stands around the name, the longest first.
const AROUND: [(&str, &str); 3] = [
    (" ? move '", "' to the trash? It is kept in .trash until emptied. y/n"),
    (" ? move '", "' to the trash? y/n"),
    (" ? trash '", "'? y/n"),
];

/// The longest sentence that has room for the whole name; the shortest keeps the end of the name, where takes differ.
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
    fn the_question_is_cut_before_the_name_and_the_name_keeps_its_end() {
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
