//! When to draw: only what changed, at most thirty times a second, and nothing while the terminal still draws what was
//! sent. Pure; the loop gives it the time.
//!
//! After each frame the terminal is asked a question that it answers in its turn. A slow line so holds one frame, and what
//! is drawn next is what there is then; frames that were missed are never sent.

use std::time::{Duration, Instant};

/// Least time between two frames: about 30 a second, as fast as meters can be read.
pub const FRAME: Duration = Duration::from_millis(33);
/// How long the first frame's answer is waited for: a terminal that gives none by then is taken for one that never does.
const FIRST_PATIENCE: Duration = Duration::from_millis(500);
/// How long an answer is waited for of a terminal that gives them. One that was lost stops the picture this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a terminal's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    #[default]
    Unknown,
    Given,
    Never,
}

/// Says when the next frame may be drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct FramePacer {
    last: Option<Instant>,
    is_asked: bool,
    answers: Answers,
}

impl FramePacer {
    /// The instant of the next frame; nothing while the picture stands.
    pub fn due(&self, now: Instant, changed: bool) -> Option<Instant> {
        let next = self.last.map(|last| self.answer_due().unwrap_or(last + FRAME));
        changed.then(|| next.map_or(now, |next| now.max(next)))
    }

    /// A frame was drawn, and the terminal asked whether it has drawn it.
    pub fn drawn(&mut self, now: Instant) {
        if self.is_asked && self.answers == Answers::Unknown {
            self.answers = Answers::Never;
        }
        self.last = Some(now);
        self.is_asked = true;
    }

    /// The terminal has drawn it.
    pub fn answered(&mut self) {
        self.is_asked = false;
        self.answers = Answers::Given;
    }

    /// Until when the terminal's answer is waited for; nothing where none is to come.
    pub fn answer_due(&self) -> Option<Instant> {
        let patience = match self.answers {
            Answers::Unknown => FIRST_PATIENCE,
            Answers::Given => PATIENCE,
            Answers::Never => return None,
        };
        self.last.filter(|_| self.is_asked).map(|last| last + patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_while_the_picture_stands() {
        let now = Instant::now();
        let mut pacer = FramePacer::default();
        assert_eq!(pacer.due(now, false), None);
        pacer.drawn(now);
        assert_eq!(pacer.due(now + FRAME * 100, false), None);
    }

    #[test]
    fn the_first_frame_comes_at_once_and_the_rest_a_frame_apart() {
        let now = Instant::now();
        let mut pacer = FramePacer::default();
        assert_eq!(pacer.due(now, true), Some(now));
        pacer.drawn(now);
        pacer.answered();
        assert_eq!(pacer.due(now + FRAME / 3, true), Some(now + FRAME));
        assert_eq!(pacer.due(now + FRAME * 3, true), Some(now + FRAME * 3));
    }

    #[test]
    fn no_frame_is_sent_while_the_terminal_draws_the_last() {
        let now = Instant::now();
        let mut pacer = FramePacer::default();
        pacer.drawn(now);
        pacer.answered();
        pacer.drawn(now + FRAME);
        assert_eq!(pacer.due(now + FRAME * 3, true), Some(now + FRAME + PATIENCE), "the line is slow");
        pacer.answered();
        assert_eq!(pacer.due(now + FRAME * 3, true), Some(now + FRAME * 3), "and then what there is now");
        assert_eq!(pacer.answer_due(), None);
    }

    #[test]
    fn a_terminal_that_never_answers_holds_up_one_frame() {
        let now = Instant::now();
        let mut pacer = FramePacer::default();
        pacer.drawn(now);
        assert_eq!(pacer.due(now, true), Some(now + FIRST_PATIENCE));
        let second = now + FIRST_PATIENCE;
        pacer.drawn(second);
        assert_eq!(pacer.due(second, true), Some(second + FRAME));
        assert_eq!(pacer.answer_due(), None, "and leaving waits for nothing");
    }
}
