//! Decides when to draw: only changes, at most thirty times a second, and not while the terminal still draws the last
//! frame. Pure; the loop passes the time.
//!
//! After each frame busker requests a report from the terminal, which answers after drawing. So a slow connection holds
//! one frame, and the next frame shows the state of that time; missed frames are never sent.

use std::time::{Duration, Instant};

/// Minimum time between two frames: about 30 a second, as fast as meters can be read.
pub const FRAME: Duration = Duration::from_millis(33);
/// How long to wait for the first answer: a terminal without an answer until then counts as one that never answers.
const FIRST_PATIENCE: Duration = Duration::from_millis(500);
/// How long to wait for an answer of a terminal that has answered before. A lost answer stops the screen for this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the terminal answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    #[default]
    Unknown,
    Given,
    Never,
}

/// Decides when the next frame may be drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct FramePacer {
    last: Option<Instant>,
    is_asked: bool,
    answers: Answers,
}

impl FramePacer {
    /// The instant of the next frame; `None` if nothing changed.
    pub fn due(&self, now: Instant, changed: bool) -> Option<Instant> {
        let next = self.last.map(|last| self.answer_due().unwrap_or(last + FRAME));
        changed.then(|| next.map_or(now, |next| now.max(next)))
    }

    /// A frame was drawn, and the terminal's report requested.
    pub fn drawn(&mut self, now: Instant) {
        if self.is_asked && self.answers == Answers::Unknown {
            self.answers = Answers::Never;
        }
        self.last = Some(now);
        self.is_asked = true;
    }

    /// The terminal has drawn the frame.
    pub fn answered(&mut self) {
        self.is_asked = false;
        self.answers = Answers::Given;
    }

    /// The time limit for the terminal's answer; `None` if no answer is expected.
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
    fn nothing_is_drawn_without_a_change() {
        let now = Instant::now();
        let mut pacer = FramePacer::default();
        assert_eq!(pacer.due(now, false), None);
        pacer.drawn(now);
        assert_eq!(pacer.due(now + FRAME * 100, false), None);
    }

    #[test]
    fn the_first_frame_is_drawn_at_once_and_the_others_a_frame_apart() {
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
    fn a_terminal_that_never_answers_delays_one_frame() {
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
