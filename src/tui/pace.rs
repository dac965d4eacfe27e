//! When to draw: only what changed, and at most thirty times a second. Pure; the loop gives it the time.

use std::time::{Duration, Instant};

/// Least time between two frames: about 30 a second, as fast as meters can be read.
pub const FRAME: Duration = Duration::from_millis(33);

/// Says when the next frame may be drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
}

impl Pace {
    /// The instant of the next frame; nothing while the picture stands.
    pub fn due(&self, now: Instant, changed: bool) -> Option<Instant> {
        changed.then(|| self.last.map_or(now, |last| now.max(last + FRAME)))
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_while_the_picture_stands() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(now, false), None);
        pace.drawn(now);
        assert_eq!(pace.due(now + FRAME * 100, false), None);
    }

    #[test]
    fn the_first_frame_comes_at_once_and_the_rest_a_frame_apart() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(now, true), Some(now));
        pace.drawn(now);
        assert_eq!(pace.due(now + FRAME / 3, true), Some(now + FRAME));
        assert_eq!(pace.due(now + FRAME * 3, true), Some(now + FRAME * 3));
    }
}
