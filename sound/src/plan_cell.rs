//! Passes the plan from the control thread to the callback and the MIDI clock: a level, the newest wins.

use crate::latest::{Latest, Words};
use crate::music::{Bpm, LoopRegion, Looping, Plan, Song, Stretch, Timeline, plan::STRETCHES};
use std::sync::Arc;

const WORDS_PER_STRETCH: usize = 14;
const WORDS: usize = 1 + STRETCHES * WORDS_PER_STRETCH;

impl Words<WORDS> for Plan {
    fn to_words(self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        words[0] = self.stretches().len() as u64;
        for (stretch, words) in self.stretches().iter().zip(words[1..].chunks_exact_mut(WORDS_PER_STRETCH)) {
            let Timeline { bpm, sample_rate_hz, origin_pulse, origin_frame } = stretch.timeline;
            let (rolling, place) = match stretch.song {
                Song::Stopped { at_pulse } => (0, at_pulse.to_bits()),
                Song::Rolling { offset_pulses } => (1, offset_pulses as u64),
            };
            let Looping { region, wraps, zero_pulse, pass } = stretch.looping;
            // No loop is as long as this.
            let looped = region.map_or(0..0, LoopRegion::pulses);
            words.copy_from_slice(&[
                stretch.from_frame as u64,
                stretch.first_pulse as u64,
                bpm.get().to_bits(),
                sample_rate_hz.to_bits(),
                origin_pulse as u64,
                origin_frame.to_bits(),
                rolling,
                place,
                u64::from(stretch.clock_on),
                looped.start as u64,
                looped.end as u64,
                u64::from(wraps),
                zero_pulse as u64,
                pass as u64,
            ]);
        }
        words
    }

    fn from_words(words: [u64; WORDS]) -> Plan {
        let stretch = |i: usize| {
            let w = &words[1 + i * WORDS_PER_STRETCH..][..WORDS_PER_STRETCH];
            Stretch {
                from_frame: w[0] as i64,
                first_pulse: w[1] as i64,
                timeline: Timeline {
                    bpm: Bpm::new(f64::from_bits(w[2])).unwrap_or_default(),
                    sample_rate_hz: f64::from_bits(w[3]),
                    origin_pulse: w[4] as i64,
                    origin_frame: f64::from_bits(w[5]),
                },
                song: match w[6] {
                    0 => Song::Stopped { at_pulse: f64::from_bits(w[7]) },
                    _ => Song::Rolling { offset_pulses: w[7] as i64 },
                },
                clock_on: w[8] != 0,
                looping: Looping {
                    region: LoopRegion::new(w[9] as i64..w[10] as i64).ok(),
                    wraps: w[11] != 0,
                    zero_pulse: w[12] as i64,
                    pass: w[13] as i64,
                },
            }
        };
        // The words of unused places are zero and are never read.
        let stretches: [Stretch; STRETCHES] = std::array::from_fn(stretch);
        let len = (words[0] as usize).clamp(1, STRETCHES);
        Plan::from_stretches(&stretches[..len]).unwrap_or_else(|| Plan::new(Bpm::DEFAULT, 48_000.0, false))
    }
}

/// The control thread's half.
pub struct PlanWriter {
    cell: Arc<Latest<WORDS>>,
}

/// A reader's half; each reading thread has its own.
#[derive(Clone)]
pub struct PlanReader {
    cell: Arc<Latest<WORDS>>,
    plan: Plan,
}

/// Both halves.
pub fn plan_cell(plan: Plan) -> (PlanWriter, PlanReader) {
    let cell = Arc::new(Latest::new(plan));
    (PlanWriter { cell: Arc::clone(&cell) }, PlanReader { cell, plan })
}

impl PlanWriter {
    /// Publishes a plan.
    pub fn write(&self, plan: &Plan) {
        self.cell.write(*plan);
    }
}

impl PlanReader {
    /// The newest plan; while one is being written, the one before. Realtime: yes.
    pub fn read(&mut self) -> &Plan {
        self.cell.renew(&mut self.plan);
        &self.plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let mut plan = Plan::new(Bpm::DEFAULT, 44_100.0, true);
        let (writer, mut reader) = plan_cell(plan);
        for i in 0..20 {
            plan.set_bpm(Bpm::new(100.0 + f64::from(i)).unwrap(), i64::from(i) * 100_000);
            plan.roll(f64::from(i) * 7.3, i64::from(i) * 100_000 + 50_000);
            writer.write(&plan);
            assert_eq!(reader.read().stretches(), plan.stretches());
        }
    }

    #[test]
    fn a_loop_is_read_as_it_was_written() {
        let mut plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        let (writer, mut reader) = plan_cell(plan);
        plan.roll(0.0, 0);
        // Set, made shorter than the song's position, turned off in a later pass, and set before the song.
        let regions = [Some(0..96), Some(24..48), None, Some(96..192), Some(0..24)];
        for (i, region) in (1..).zip(regions) {
            plan.set_loop(region.map(|pulses| LoopRegion::new(pulses).unwrap()), i * 60_000);
            writer.write(&plan);
            assert_eq!(reader.read(), &plan);
        }
        let passes: Vec<i64> = plan.stretches().iter().map(|stretch| stretch.looping.pass).collect();
        assert!(passes.iter().any(|pass| *pass != 0), "{passes:?}");
        plan.stand(5.0, 400_000);
        writer.write(&plan);
        assert_eq!(reader.read(), &plan);
    }
}
