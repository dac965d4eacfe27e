//! Automation of one parameter on the song's timeline, as it was recorded: each value holds until the next.

/// Positions on the timeline are rounded to thousandths of a pulse: 20 µs at 120 BPM.
const PULSE_PARTS: f64 = 1000.0;

/// The automation of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Song pulse (24 to a quarter note) and value; by pulse, each once.
    points: Vec<(f64, u16)>,
}

impl Lane {
    /// A lane of these points, in any order; of two at the same pulse the later one counts.
    pub fn of(points: impl IntoIterator<Item = (f64, u16)>) -> Lane {
        let mut lane = Lane::default();
        for (pulse, value) in points {
            lane.put(pulse, value);
        }
        lane
    }

    /// The points, by pulse.
    pub fn points(&self) -> &[(f64, u16)] {
        &self.points
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The value at a pulse; `None` before the first point.
    pub fn at(&self, pulse: f64) -> Option<u16> {
        let after = self.points.partition_point(|(at, _)| *at <= pulse);
        self.points.get(after.checked_sub(1)?).map(|(_, value)| *value)
    }

    /// Records a point; returns its rounded pulse.
    pub fn put(&mut self, pulse: f64, value: u16) -> f64 {
        let pulse = (pulse * PULSE_PARTS).round() / PULSE_PARTS;
        let after = self.points.partition_point(|(at, _)| *at < pulse);
        let is_there = self.points.get(after).is_some_and(|(at, _)| *at == pulse);
        if is_there {
            self.points[after].1 = value;
        } else {
            self.points.insert(after, (pulse, value));
        }
        pulse
    }

    /// Deletes the points after one pulse, up to and including another: newly recorded points replace them.
    pub fn clear(&mut self, after: f64, upto: f64) {
        self.points.retain(|(at, _)| *at <= after || *at > upto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_holds_until_the_next() {
        let lane = Lane::of([(24.0, 80), (0.0, 10)]);
        assert_eq!(
            [-1.0, 0.0, 23.9, 24.0, 1e9].map(|pulse| lane.at(pulse)),
            [None, Some(10), Some(10), Some(80), Some(80)]
        );
    }

    #[test]
    fn newly_recorded_points_replace_the_old_ones() {
        let mut lane = Lane::of([(0.0, 1), (10.0, 2), (20.0, 3), (30.0, 4)]);
        lane.clear(10.0, 20.0);
        lane.put(15.0, 9);
        lane.put(15.0, 8);
        assert_eq!(lane.points(), [(0.0, 1), (10.0, 2), (15.0, 8), (30.0, 4)]);
    }

    proptest! {
        #[test]
        fn points_are_in_order_whatever_order_they_are_recorded_in(
            points in prop::collection::vec((0u32..500, any::<u16>()), 0..60)
        ) {
            let lane = Lane::of(points.iter().map(|(pulse, value)| (f64::from(*pulse), *value)));
            prop_assert!(lane.points().windows(2).all(|two| two[0].0 < two[1].0));
            for (pulse, _) in &points {
                let last = points.iter().rev().find(|(at, _)| at == pulse).map(|(_, value)| *value);
                prop_assert_eq!(lane.at(f64::from(*pulse)), last);
            }
        }
    }
}
