//! A port's place in time: its frames against those that are played, moved by its clock offset without a jump.
//!
//! A mapping, not a counter: a new offset bends the line at one instant, and any instant before the next bend can be
//! computed either way. The clock thread and the callback both use it. Realtime: yes (pure arithmetic).

/// How fast an offset moves, as a part of the time that passes: pulses then come at most so much closer or farther
/// apart, which a follower takes for a tempo it can play.
pub const FASTEST_SLEW: f64 = 0.1;

/// One port's place in time. Frames are fractional and those of the audio clock.
#[derive(Clone, Copy, Debug)]
pub struct Slew {
    /// The played frame at which the newest offset was asked for.
    bend: f64,
    /// The port's offset at that frame, in frames; positive is later.
    offset_there: f64,
    /// The new offset.
    target: f64,
}

impl Slew {
    /// A port that has had this offset for ever; behind the audio where positive.
    pub fn new(offset_frames: f64) -> Slew {
        Slew { bend: 0.0, offset_there: offset_frames, target: offset_frames }
    }

    /// From frame `heard` on the port moves towards this offset.
    pub fn aim(&mut self, heard: f64, offset_frames: f64) {
        if offset_frames != self.target {
            *self = Slew { bend: heard, offset_there: self.offset_at(heard), target: offset_frames };
        }
    }

    /// The offset at a played frame. Before the bend it is not known any more.
    fn offset_at(&self, heard: f64) -> f64 {
        let most = (heard - self.bend).max(0.0) * FASTEST_SLEW;
        self.offset_there + (self.target - self.offset_there).clamp(-most, most)
    }

    /// The port's frame while frame `heard` is played.
    pub fn frame_at(&self, heard: f64) -> f64 {
        heard - self.offset_at(heard)
    }

    /// The played frame at the port's frame.
    pub fn heard_at(&self, frame: f64) -> f64 {
        let on_the_way = frame + self.offset_there - self.bend;
        let way = self.target - self.offset_there;
        let moving = self.bend + on_the_way / (1.0 - FASTEST_SLEW * way.signum());
        let arrived = self.bend + way.abs() / FASTEST_SLEW;
        match on_the_way {
            before if before <= 0.0 => frame + self.offset_there,
            _ if way != 0.0 && moving < arrived => moving,
            _ => frame + self.target,
        }
    }
}

/// A port's offset in whole frames.
pub fn offset_frames(offset_ns: i64, sample_rate_hz: f64) -> f64 {
    (offset_ns as f64 * 1e-9 * sample_rate_hz).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_port_never_jumps_and_reaches_its_offset(
            moves in prop::collection::vec((1.0..50_000.0f64, -24_000.0..24_000.0f64), 1..20),
        ) {
            let (mut slew, mut heard) = (Slew::new(0.0), 1e6);
            for (passed, target) in moves {
                let was = slew.frame_at(heard);
                slew.aim(heard, target);
                prop_assert!((slew.frame_at(heard) - was).abs() < 1e-6, "a jump of {}", slew.frame_at(heard) - was);
                let moved = slew.frame_at(heard + passed) - was;
                prop_assert!((0.9 * passed - 1e-6..=1.1 * passed + 1e-6).contains(&moved), "{moved} in {passed}");
                heard += passed;
            }
            // Half a second either way at 10 %.
            heard += 480_000.0;
            prop_assert!((heard - slew.frame_at(heard) - slew.target).abs() < 1e-6);
        }

        #[test]
        fn both_directions_of_the_mapping_agree(
            from in -24_000.0..24_000.0f64, to in -24_000.0..24_000.0f64, passed in 0.0..600_000.0f64,
        ) {
            let mut slew = Slew::new(from);
            slew.aim(1e6, to);
            let heard = 1e6 + passed;
            let back = slew.heard_at(slew.frame_at(heard));
            prop_assert!((back - heard).abs() < 1e-4, "{back} for {heard}");
        }
    }

    #[test]
    fn a_port_that_starts_with_an_offset_has_it_at_once() {
        let slew = Slew::new(offset_frames(-10_000_000, 48_000.0));
        assert_eq!(slew.frame_at(0.0), 480.0);
        assert_eq!(slew.heard_at(480.0), 0.0);
    }
}
