//! Limits how fast takes may begin: a client that starts them faster than a person fills a folder with useless files.
//! Pure; the control thread gives the time.

/// Takes in a burst.
const AT_ONCE: u64 = 8;
/// Then one after so many ns: two a second.
const ONE_AFTER_NS: u64 = 500_000_000;

/// A bucket of takes that fills up steadily.
#[derive(Debug)]
pub(super) struct Begins {
    /// When it is full again.
    full_ns: u64,
}

impl Begins {
    pub(super) fn new() -> Begins {
        Begins { full_ns: 0 }
    }

    /// Takes one out.
    ///
    /// # Errors
    /// It is empty: how long to wait.
    pub(super) fn admit(&mut self, now_ns: u64) -> Result<(), String> {
        let full_ns = self.full_ns.max(now_ns) + ONE_AFTER_NS;
        if full_ns - now_ns > AT_ONCE * ONE_AFTER_NS {
            return Err(format!(
                "this take is not recorded: {AT_ONCE} just started; wait half a second (at most two per second)"
            ));
        }
        self.full_ns = full_ns;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_takes_begin_at_once_and_then_two_a_second() {
        let mut begins = Begins::new();
        let mut admitted =
            |ns: std::ops::Range<u64>| ns.step_by(1_000_000).filter(|ns| begins.admit(*ns).is_ok()).count();
        let second = 1_000_000_000;
        assert_eq!(admitted(second..second + 100_000_000), 8);
        assert_eq!(admitted(second + 100_000_000..11 * second), 19);
        assert_eq!(admitted(3_600 * second..3_600 * second + 1), 1);
    }
}
