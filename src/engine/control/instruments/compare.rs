//! A/B: the parameters before the last recall or randomize, and after it. The control thread's.

use super::{Instruments, instrument::Compare};
use crate::engine::{
    control::{Moment, out::Out},
    station::Answer,
};

impl Instruments {
    /// Toggles between the parameters before the last recall or randomize, and after it.
    pub fn compare_snapshots(&mut self, out: &mut Out, now: Moment) -> Answer {
        let at = self.current;
        let Some(compare) = self.list[at].compare.take() else {
            return Err("nothing to compare: no recall or randomize yet".to_owned());
        };
        // A morph is compared by its target, not by its present values.
        self.settle(at, out);
        let values = out.model.knobs(at);
        let to_a = values != compare.a;
        let compare = if to_a { Compare { b: values.to_vec(), ..compare } } else { compare };
        let goal = if to_a { &compare.a } else { &compare.b };
        let targets: Vec<(usize, u16)> = goal.iter().copied().enumerate().collect();
        let (label, answer) = if to_a { ("compare: A", "A: before") } else { ("compare: B", "B: after") };
        out.history.whole(at, values, &targets, label);
        self.list[at].compare = Some(compare);
        self.go_to(at, &targets, out, now);
        Ok(answer.to_owned())
    }
}
