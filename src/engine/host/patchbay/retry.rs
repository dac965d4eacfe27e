//! When a missing port is tried again. Pure.

use std::time::Duration;

/// First and longest wait.
const WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A connection that lasted so long was no accident: after its next loss the first try comes as soon as ever.
const LASTED: Duration = Duration::from_secs(10);

/// Waits that grow while a port stays missing.
#[derive(Debug, Default)]
pub(super) struct Retry {
    at_ns: Option<u64>,
    wait: Duration,
    had_ns: u64,
}

impl Retry {
    /// The port is missing from now on. One that was lost again and again is tried less and less often: another program
    /// may be disconnecting it on purpose.
    pub(super) fn begin(&mut self, now_ns: u64) {
        if Duration::from_nanos(now_ns.saturating_sub(self.had_ns)) >= LASTED || self.wait.is_zero() {
            self.wait = WAIT.0;
        }
        self.at_ns = Some(now_ns + self.wait.as_nanos() as u64);
    }

    /// The port was just seen and could not be opened: it is about to be ready.
    pub(super) fn soon(&mut self, now_ns: u64) {
        self.wait = WAIT.0;
        self.at_ns = Some(now_ns + self.wait.as_nanos() as u64);
    }

    /// It is still missing.
    pub(super) fn again(&mut self, now_ns: u64) {
        self.wait = (self.wait * 2).clamp(WAIT.0, WAIT.1);
        self.at_ns = Some(now_ns + self.wait.as_nanos() as u64);
    }

    /// It is there.
    pub(super) fn done(&mut self, now_ns: u64) {
        self.at_ns = None;
        self.had_ns = now_ns;
        self.wait = (self.wait * 2).min(WAIT.1);
    }

    /// When the next try is.
    pub(super) fn at_ns(&self) -> Option<u64> {
        self.at_ns
    }

    /// Whether the next try is now.
    pub(super) fn is_due(&self, now_ns: u64) -> bool {
        self.at_ns.is_some_and(|at_ns| at_ns <= now_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn waits_double_to_five_seconds_and_begin_anew_after_it_lasted() {
        let mut retry = Retry::default();
        retry.begin(0);
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..8 {
            let at = retry.at_ns().unwrap();
            waits.push((at - now) / MS);
            now = at;
            assert!(retry.is_due(now) && !retry.is_due(now - 1));
            retry.again(now);
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        retry.done(now);
        retry.begin(now + 60_000 * MS);
        assert_eq!(retry.at_ns(), Some(now + 60_100 * MS));
    }

    #[test]
    fn a_connection_cut_again_and_again_is_tried_less_and_less_often() {
        let mut retry = Retry::default();
        let waits = [(); 4].map(|()| {
            retry.begin(0);
            let wait = retry.at_ns().unwrap() / MS;
            retry.done(0);
            wait
        });
        assert_eq!(waits, [100, 200, 400, 800]);
    }
}
