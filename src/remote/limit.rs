//! A rate limit: a bucket of tokens that fills up steadily. Pure; the caller gives the time.

use std::time::{Duration, Instant};

/// Lets in so many a second, and so many in a burst.
#[derive(Clone, Debug)]
pub struct Limit {
    per_second: f64,
    most: f64,
    tokens: f64,
    filled: Option<Instant>,
}

impl Limit {
    /// `per_second` on average, `at_once` after a pause.
    pub fn new(per_second: u32, at_once: u32) -> Limit {
        let most = f64::from(at_once);
        Limit { per_second: f64::from(per_second), most, tokens: most, filled: None }
    }

    /// Whether one more may come in.
    pub fn admits(&mut self, now: Instant) -> bool {
        let passed = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.most);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_a_steady_stream_come_in() {
        let mut limit = Limit::new(100, 10);
        let start = Instant::now();
        let admitted = |limit: &mut Limit, from_ms: u64, to_ms: u64| {
            (from_ms..to_ms).filter(|ms| limit.admits(start + Duration::from_millis(*ms))).count()
        };
        assert_eq!((0..50).filter(|_| limit.admits(start)).count(), 10);
        assert!((99..=101).contains(&admitted(&mut limit, 1, 1_001)));
        // After a pause, no more than before.
        let later = start + Duration::from_secs(3_600);
        assert_eq!((0..50).filter(|_| limit.admits(later)).count(), 10);
        // When the clock goes back, nothing is let in.
        assert!(!limit.admits(start));
    }
}
