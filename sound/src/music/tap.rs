//! Tap tempo: a tempo from the instants of taps. Pure; it reads no clock.

use super::Bpm;

/// Maximum intervals that count: two bars of 4/4, long enough to average, short enough to follow a new tempo.
const INTERVALS: usize = 8;
/// A pause this long starts a new count, in ns. So the slowest tapped tempo is 30 BPM.
const PAUSE_NS: u64 = 2_000_000_000;
/// Taps closer than this are one tap of a bouncing switch, in ns. Half an interval at 300 BPM.
const BOUNCE_NS: u64 = 100_000_000;
/// Intervals agree when they differ by less than this part. A tapping foot is steady to some 5 %.
const AGREE: f64 = 0.2;
/// This many intervals that agree with each other and not with the older ones are a new tempo.
const NEW_TEMPO: usize = 3;
/// Nanoseconds in a minute.
const MINUTE_NS: f64 = 60e9;

/// Counts taps. One tap is one quarter note.
#[derive(Clone, Debug, Default)]
pub struct TapTempo {
    last_ns: Option<u64>,
    /// Oldest first, at most [`INTERVALS`].
    intervals_ns: Vec<f64>,
}

impl TapTempo {
    /// No taps yet.
    pub fn new() -> TapTempo {
        TapTempo::default()
    }

    /// A tap at an instant; from the second on, the tempo so far. A bounce gives none.
    pub fn tap(&mut self, now_ns: u64) -> Option<Bpm> {
        let since_ns = self.last_ns.and_then(|last| now_ns.checked_sub(last));
        match since_ns {
            Some(since) if since < BOUNCE_NS => return None,
            Some(since) if since <= PAUSE_NS => {
                if self.intervals_ns.len() == INTERVALS {
                    self.intervals_ns.remove(0);
                }
                self.intervals_ns.push(since as f64);
            }
            // The first tap, a pause, or a clock that went back.
            _ => self.intervals_ns.clear(),
        }
        self.last_ns = Some(now_ns);
        self.forget_the_old_tempo();
        let bpm = MINUTE_NS / self.interval_ns()?;
        Bpm::new(bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get()))
    }

    /// The mean of the intervals that agree with the median; one of double length has a missed tap in it and counts
    /// half, others are left out.
    fn interval_ns(&self) -> Option<f64> {
        let median = lower_median(&self.intervals_ns)?;
        let (mut sum, mut beats) = (0.0, 0.0);
        for interval in &self.intervals_ns {
            if agree(*interval, median) {
                sum += interval;
                beats += 1.0;
            } else if agree(*interval, 2.0 * median) {
                sum += interval;
                beats += 2.0;
            }
        }
        (beats > 0.0).then(|| sum / beats)
    }

    fn forget_the_old_tempo(&mut self) {
        let old = self.intervals_ns.len().saturating_sub(NEW_TEMPO);
        let new = &self.intervals_ns[old..];
        if let (Some(before), Some(now)) = (lower_median(&self.intervals_ns[..old]), lower_median(new))
            && new.iter().all(|interval| agree(*interval, now))
            && !agree(now, before)
        {
            self.intervals_ns.drain(..old);
        }
    }
}

/// Of two in the middle, the shorter: a long interval is more often a missed tap than a short one a doubled tap.
fn lower_median(list: &[f64]) -> Option<f64> {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

fn agree(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < AGREE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tempo after taps at these intervals.
    fn tapped(intervals_ms: impl IntoIterator<Item = f64>) -> Option<f64> {
        let (mut tap, mut at_ns) = (TapTempo::new(), 7_000_000_000u64);
        let mut bpm = tap.tap(at_ns);
        for interval in intervals_ms {
            at_ns += (interval * 1e6) as u64;
            bpm = tap.tap(at_ns);
        }
        bpm.map(Bpm::get)
    }

    #[test]
    fn one_tap_is_no_tempo_and_two_are() {
        assert_eq!(tapped([]), None);
        assert_eq!(tapped([500.0]), Some(120.0));
    }

    #[test]
    fn a_missed_tap_changes_nothing() {
        for missed in 0..6 {
            let intervals = (0..6).map(|i| if i == missed { 1000.0 } else { 500.0 });
            assert_eq!(tapped(intervals), Some(120.0), "missed {missed}");
        }
    }

    #[test]
    fn a_doubled_tap_changes_nothing() {
        assert_eq!(tapped([500.0, 500.0, 250.0, 250.0, 500.0, 500.0]), Some(120.0));
        assert_eq!(tapped([500.0, 500.0, 180.0, 320.0, 500.0]), Some(120.0));
    }

    #[test]
    fn a_bounce_is_one_tap() {
        let mut tap = TapTempo::new();
        for ms in [0, 20, 500, 530, 1000] {
            let bpm = tap.tap(ms * 1_000_000).map(Bpm::get);
            assert_eq!(bpm, (ms % 500 == 0 && ms > 0).then_some(120.0), "{ms} ms");
        }
    }

    #[test]
    fn a_pause_of_more_than_two_seconds_starts_a_new_count() {
        assert_eq!(tapped([500.0, 500.0, 2001.0]), None);
        assert_eq!(tapped([500.0, 500.0, 2001.0, 400.0]), Some(150.0));
    }

    #[test]
    fn three_taps_at_another_tempo_are_a_new_tempo() {
        assert_eq!(tapped([500.0, 500.0, 500.0, 500.0, 500.0, 500.0, 750.0, 750.0, 750.0]), Some(80.0));
        assert_eq!(tapped([500.0, 500.0, 500.0, 500.0, 500.0, 500.0, 250.0, 250.0, 250.0]), Some(240.0));
    }

    #[test]
    fn a_clock_that_goes_back_starts_a_new_count() {
        let mut tap = TapTempo::new();
        tap.tap(5_000_000_000);
        assert_eq!(tap.tap(1_000_000_000), None);
        assert_eq!(tap.tap(1_500_000_000).map(Bpm::get), Some(120.0));
    }

    proptest! {
        #[test]
        fn an_unsteady_foot_is_averaged(bpm in 40.0..200.0f64, off in prop::collection::vec(-0.04..0.04f64, 9)) {
            let beat_ms = 60_000.0 / bpm;
            // Each tap is off its beat by at most 4 %, so the mean of 8 intervals by at most 1 %.
            let at: Vec<f64> = (0..9).map(|i| (i as f64 + off[i]) * beat_ms).collect();
            let heard = tapped(at.windows(2).map(|pair| pair[1] - pair[0])).unwrap();
            prop_assert!((heard / bpm - 1.0).abs() < 0.011, "{bpm} is measured as {heard}");
        }

        #[test]
        fn any_taps_give_a_tempo_in_range_or_none(taps in prop::collection::vec(any::<u64>(), 0..40)) {
            let mut tap = TapTempo::new();
            for now_ns in taps {
                tap.tap(now_ns);
            }
        }

        #[test]
        fn any_intervals_give_a_tempo_in_range_or_none(list in prop::collection::vec(0u64..3_000_000_000, 0..40)) {
            let (mut tap, mut at_ns) = (TapTempo::new(), 0);
            for interval in list {
                at_ns += interval;
                if let Some(bpm) = tap.tap(at_ns) {
                    prop_assert!((20.0..=300.0).contains(&bpm.get()));
                }
            }
        }
    }
}
