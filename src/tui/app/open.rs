//! The open panels, and which of them has the keyboard. Pure.

use crate::tui::panels::{Layer, Panel};

/// One panel in the middle, optionally another in its place, and optionally one over both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    ground: Panel,
    cover: Option<Panel>,
    over: Option<Panel>,
}

impl Open {
    /// Only this panel.
    pub fn only(ground: Panel) -> Open {
        Open { ground, cover: None, over: None }
    }

    /// The panel that has the keyboard.
    pub fn top(self) -> Panel {
        self.over.unwrap_or(self.base())
    }

    /// The panel in the middle, which is shown again when the one over it is closed.
    pub fn base(self) -> Panel {
        self.cover.unwrap_or(self.ground)
    }

    /// The panel over the middle.
    pub fn over(self) -> Option<Panel> {
        self.over
    }

    /// The visible panels, and those covered for a while.
    pub fn panels(self) -> impl Iterator<Item = Panel> {
        [Some(self.ground), self.cover, self.over].into_iter().flatten()
    }

    /// Whether this one is open.
    pub fn has(self, panel: Panel) -> bool {
        self.panels().any(|open| open == panel)
    }

    /// Opens this one, and closes those it replaces. The ground may change below a cover.
    pub fn with(self, panel: Panel) -> Open {
        match panel.layer() {
            Layer::Ground => Open { ground: panel, ..self },
            Layer::Cover(_) => Open { cover: Some(panel), over: None, ..self },
            Layer::Over(_) => Open { over: Some(panel), ..self },
        }
    }

    /// Closes the panel that has the keyboard; the ground stays.
    pub fn closed(self) -> Open {
        match self.over {
            Some(_) => Open { over: None, ..self },
            None => Open::only(self.ground),
        }
    }

    /// Closes all but the ground.
    pub fn cleared(self) -> Open {
        Open::only(self.ground)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_opened_panel_has_the_keyboard_and_closing_returns_to_the_one_before() {
        let open = Open::only(Panel::Knobs).with(Panel::Takes).with(Panel::Line);
        assert_eq!((open.top(), open.base(), open.over()), (Panel::Line, Panel::Takes, Some(Panel::Line)));
        let open = open.with(Panel::Midi);
        assert_eq!(open.top(), Panel::Line, "the ground changes below the open panel");
        assert_eq!(open.closed().top(), Panel::Takes);
        assert_eq!(open.closed().closed(), Open::only(Panel::Midi));
        assert_eq!(open.closed().closed().closed(), open.cleared(), "the ground stays");
    }

    #[test]
    fn a_panel_closes_those_it_replaces() {
        let open = Open::only(Panel::Knobs).with(Panel::Line).with(Panel::Help);
        assert!(open.has(Panel::Help) && !open.has(Panel::Line));
        assert_eq!(open.with(Panel::Takes).over(), None);
    }
}
