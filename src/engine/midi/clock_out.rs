//! What a MIDI clock follower must be told: pulses, start, stop, continue, song position.
//!
//! One [`ClockOut`] per port compares what the [`Plan`] says with what the port was last told. The clock thread and
//! the callback both drive it, window by window; it knows frames only and reads no clock. Realtime: yes.

use crate::{
    midi::Message,
    music::{Plan, Song, Stretch},
};
use std::ops::Range;

/// Pulses in the sixteenth note that song positions count in (MIDI 1.0, "Song Position Pointer").
const PULSES_PER_SIXTEENTH: i64 = 6;
/// The highest song position the message can carry, in sixteenths.
const HIGHEST_SIXTEENTH: i64 = 16_383;

/// What the follower believes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    /// It stands; the song was last at this pulse.
    Stopped { at_pulse: f64 },
    /// It will be told to start (from pulse 0) or continue when the song reaches this pulse.
    Waiting { offset_pulses: i64, song_pulse: i64 },
    /// It runs.
    Running { offset_pulses: i64 },
}

/// The clock of one port.
#[derive(Debug)]
pub struct ClockOut {
    told: Told,
}

impl Default for ClockOut {
    fn default() -> Self {
        Self::new()
    }
}

impl ClockOut {
    /// A follower that stands at the beginning.
    pub fn new() -> ClockOut {
        ClockOut { told: Told::Stopped { at_pulse: 0.0 } }
    }

    /// Everything due in a window of frames, in order, each with its frame. Windows must adjoin.
    pub fn window(&mut self, plan: &Plan, window: Range<i64>, mut emit: impl FnMut(i64, Message)) {
        for (stretch, part) in plan.parts(window) {
            self.reconcile(stretch, part.start, &mut emit);
            if !stretch.clock_on {
                continue;
            }
            for pulse in stretch.pulses(part) {
                if let Told::Waiting { offset_pulses, song_pulse } = self.told
                    && pulse.song_pulse.is_some_and(|p| p >= song_pulse)
                {
                    emit(pulse.whole_frame, if song_pulse == 0 { Message::START } else { Message::CONTINUE });
                    self.told = Told::Running { offset_pulses };
                }
                emit(pulse.whole_frame, Message::CLOCK);
            }
        }
    }

    /// Stops a follower that runs; for the way out.
    pub fn stop(&mut self, mut emit: impl FnMut(Message)) {
        if !matches!(self.told, Told::Stopped { .. }) {
            emit(Message::STOP);
            self.told = Told::Stopped { at_pulse: 0.0 };
        }
    }

    fn reconcile(&mut self, stretch: &Stretch, frame: i64, emit: &mut impl FnMut(i64, Message)) {
        match (stretch.song, self.told) {
            _ if !stretch.clock_on => self.stop(|stop| emit(frame, stop)),
            (Song::Stopped { at_pulse }, Told::Stopped { at_pulse: was }) => {
                if sixteenth(at_pulse) != sixteenth(was) {
                    emit(frame, song_position(sixteenth(at_pulse)));
                }
                self.told = Told::Stopped { at_pulse };
            }
            (Song::Stopped { at_pulse }, _) => {
                emit(frame, Message::STOP);
                self.told = Told::Stopped { at_pulse };
            }
            (
                Song::Rolling { offset_pulses },
                Told::Running { offset_pulses: was } | Told::Waiting { offset_pulses: was, .. },
            ) if offset_pulses == was => {}
            (Song::Rolling { offset_pulses }, _) => {
                self.stop(|stop| emit(frame, stop));
                let next = stretch.timeline.first_pulse_from(frame).max(stretch.first_pulse) - offset_pulses;
                let sixteenths = next.max(0).div_euclid(PULSES_PER_SIXTEENTH)
                    + i64::from(next > 0 && next % PULSES_PER_SIXTEENTH != 0);
                if sixteenths > 0 {
                    emit(frame, song_position(sixteenths));
                }
                self.told = Told::Waiting { offset_pulses, song_pulse: sixteenths * PULSES_PER_SIXTEENTH };
            }
        }
    }
}

/// The sixteenth a follower would next continue on from a pulse.
fn sixteenth(pulse: f64) -> i64 {
    // Whole but for rounding counts as whole.
    (pulse / PULSES_PER_SIXTEENTH as f64 - 1e-6).ceil() as i64
}

fn song_position(sixteenths: i64) -> Message {
    Message::song_position(sixteenths.clamp(0, HIGHEST_SIXTEENTH) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Bpm;
    use proptest::prelude::*;

    fn plan() -> Plan {
        Plan::new(Bpm::DEFAULT, 48_000.0, true)
    }

    fn run(out: &mut ClockOut, plan: &Plan, window: Range<i64>) -> Vec<(i64, Message)> {
        let mut sent = Vec::new();
        out.window(plan, window, |frame, message| sent.push((frame, message)));
        sent
    }

    fn commands(sent: &[(i64, Message)]) -> Vec<(i64, Message)> {
        sent.iter().copied().filter(|(_, m)| *m != Message::CLOCK).collect()
    }

    #[test]
    fn start_comes_with_the_first_pulse_of_the_song() {
        let (mut plan, mut out) = (plan(), ClockOut::new());
        plan.roll(0.0, 1500);
        let sent = run(&mut out, &plan, 0..3001);
        let clock = Message::CLOCK;
        assert_eq!(sent, [(0, clock), (1000, clock), (2000, Message::START), (2000, clock), (3000, clock)]);
    }

    #[test]
    fn a_song_from_the_middle_continues_on_its_sixteenth() {
        let (mut plan, mut out) = (plan(), ClockOut::new());
        plan.roll(25.0, 500);
        let sent = commands(&run(&mut out, &plan, 0..20_000));
        // Pulse 25 sounds on frame 1000; the next sixteenth is pulse 30, five pulses later.
        assert_eq!(sent, [(1000, Message::song_position(5)), (6000, Message::CONTINUE)]);
    }

    #[test]
    fn a_locate_tells_the_song_position_playing_or_stopped() {
        let (mut plan, mut out) = (plan(), ClockOut::new());
        plan.stand(96.0, 500);
        assert_eq!(commands(&run(&mut out, &plan, 0..600)), [(500, Message::song_position(16))]);
        plan.roll(96.0, 700);
        assert_eq!(
            commands(&run(&mut out, &plan, 600..1500)),
            [(1000, Message::song_position(16)), (1000, Message::CONTINUE)]
        );
        plan.roll(0.0, 2500);
        assert_eq!(commands(&run(&mut out, &plan, 1500..4000)), [(3000, Message::STOP), (3000, Message::START)]);
        plan.stand(3.0, 4100);
        assert_eq!(commands(&run(&mut out, &plan, 4000..9000)), [(4100, Message::STOP)]);
    }

    #[test]
    fn without_a_clock_nothing_is_sent_but_the_stop() {
        let (mut plan, mut out) = (plan(), ClockOut::new());
        plan.roll(0.0, 0);
        run(&mut out, &plan, 0..1000);
        plan.set_clock(false, 1500);
        assert_eq!(run(&mut out, &plan, 1000..9000), [(1000, Message::CLOCK), (1500, Message::STOP)]);
    }

    proptest! {
        #[test]
        fn how_time_is_cut_changes_nothing(cuts in prop::collection::vec(1i64..3000, 1..60), at in 0.0..200.0f64) {
            let mut plan = plan();
            plan.roll(at, 5000);
            plan.set_bpm(Bpm::new(173.0).unwrap(), 20_000);
            plan.stand(7.0, 60_000);
            let end = cuts.iter().sum();
            let whole = run(&mut ClockOut::new(), &plan, 0..end);
            let (mut out, mut frame, mut pieces) = (ClockOut::new(), 0, Vec::new());
            for n in cuts {
                pieces.extend(run(&mut out, &plan, frame..frame + n));
                frame += n;
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
