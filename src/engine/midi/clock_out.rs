//! The MIDI clock that a follower gets: pulses, start, stop, continue, song position.
//!
//! One [`ClockOut`] per port compares the [`Plan`] with the messages the port got last. The clock thread and the
//! callback both drive it, window by window; it knows frames only and reads no clock. Realtime: yes.
//!
//! A window may lie ahead of an edit of the plan (a port whose offset is negative), and windows may jump (a clock that
//! was held up, a device that came back). A follower that runs counts the pulses it gets, so its count is compared with
//! the plan's: for a few pulses too many the clock waits, a few too few it makes up for, and where the count is further
//! off it stops the follower, sends the song position, and continues on the next sixteenth.
//!
//! While a song wraps in a loop followers get even pulses and nothing else: they count run pulses, which do not wrap
//! (`music/loops.rs`). A song position is that of the song: a follower that starts or continues on a later pass begins
//! on the song's place in the loop, with START where that is the song's beginning.
//!
//! A follower begins with the first pulse after START or CONTINUE and needs a moment to make ready (MIDI 1.0, "Start"),
//! and another copy of busker must know of that pulse before it has rendered past it. So these go out
//! [`START_LEAD_SECONDS`] ahead of the pulse they are meant for, or behind the pulse before it, whichever is later.

use crate::{
    midi::{ClockSends, Message},
    music::{Plan, Pulse, Song, Stretch, position::BAR_PULSES},
};
use std::ops::Range;

/// Pulses in the sixteenth note that song positions count in (MIDI 1.0, "Song Position Pointer").
const PULSES_PER_SIXTEENTH: i64 = 6;
/// Song positions the message can carry, in sixteenths: 14 bits.
const POSITIONS: i64 = 16_384;
/// Sixteenths in a bar.
const SIXTEENTHS_PER_BAR: i64 = BAR_PULSES / PULSES_PER_SIXTEENTH;
/// Most pulses that are made up for at once, or waited for. More would sound as a jump of the tempo; leaving out a part
/// of a sixteenth is the lesser evil.
pub const MOST_MADE_UP: i64 = 3;
/// How long before a follower's first pulse START or CONTINUE is sent. Blocks of 512 frames at 44.1 kHz, in pairs as
/// a device takes them, are 23 ms; more would make a key that plays feel late.
pub const START_LEAD_SECONDS: f64 = 0.02;

/// The state the follower is in, by the messages it got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FollowerState {
    /// Stopped; the song was last at this pulse.
    Stopped { at_pulse: f64 },
    /// It will get START (where that is song pulse 0) or CONTINUE when the song reaches this run pulse.
    Waiting { offset_pulses: i64, run_pulse: i64, song_pulse: i64 },
    /// Running; its next pulse is this run pulse.
    Running { offset_pulses: i64, next_pulse: i64 },
    /// Stopped while the song rolls, because its pulses or its transport were switched off.
    Left { offset_pulses: i64 },
}

/// The clock of one port.
#[derive(Debug)]
pub struct ClockOut {
    told: FollowerState,
    /// The clock messages it has got so far.
    sends: ClockSends,
}

impl Default for ClockOut {
    fn default() -> Self {
        Self::new()
    }
}

impl ClockOut {
    /// A follower that is stopped at the beginning.
    pub fn new() -> ClockOut {
        ClockOut { told: FollowerState::Stopped { at_pulse: 0.0 }, sends: ClockSends::ALL }
    }

    /// Emits the messages due in a window of frames, in order, each with its frame, and only those of `sends`. Windows
    /// should adjoin.
    pub fn window(&mut self, plan: &Plan, sends: ClockSends, window: Range<i64>, mut emit: impl FnMut(f64, Message)) {
        self.switch(sends, |message| emit(window.start as f64, message));
        let mut emit = |frame: f64, message: Message| {
            if passes(sends, message) {
                emit(frame, message);
            }
        };
        let mut ahead = plan.parts(window.start..i64::MAX).flat_map(Self::pulses_of).peekable();
        for (stretch, part) in plan.parts(window) {
            let mut from = part.start;
            while let Some(&coming) = ahead.peek() {
                let pulse = coming.1;
                self.approach(stretch, coming, from..pulse.whole_frame.min(part.end), from == part.start, &mut emit);
                if pulse.whole_frame >= part.end {
                    break;
                }
                ahead.next();
                from = pulse.whole_frame + 1;
                if stretch.clock_on {
                    self.pulse(stretch.song, pulse, &mut emit);
                }
            }
        }
    }

    fn pulses_of((stretch, part): (&Stretch, Range<i64>)) -> impl Iterator<Item = (&Stretch, Pulse)> {
        stretch.pulses(part).map(move |pulse| (stretch, pulse))
    }

    /// Emits everything due between two pulses: the beginning of a stretch, and the start of a song that begins with
    /// the next pulse, which may belong to a later stretch.
    fn approach(
        &mut self,
        stretch: &Stretch,
        (of, pulse): (&Stretch, Pulse),
        gap: Range<i64>,
        begins: bool,
        emit: &mut impl FnMut(f64, Message),
    ) {
        let lead_frames = (START_LEAD_SECONDS * of.timeline.sample_rate_hz) as i64;
        let due = (pulse.whole_frame - lead_frames).max(gap.start);
        let can_start = pulse.song_pulse.is_some_and(is_sixteenth);
        let is_another_song = of.from_frame > gap.start && of.song != stretch.song;
        let starts_next = can_start && is_another_song && stretch.clock_on && of.clock_on;
        if begins && !(starts_next && due == gap.start) {
            self.reconcile(stretch, gap.start, &mut |message| emit(gap.start as f64, message));
        }
        if due < gap.end && stretch.clock_on && of.clock_on {
            if starts_next {
                self.reconcile(of, due, &mut |message| emit(due as f64, message));
            }
            self.start_with(of.song, pulse, due as f64, emit);
        }
    }

    /// Starts a follower that waits for this pulse of a song.
    fn start_with(&mut self, song: Song, pulse: Pulse, frame: f64, emit: &mut impl FnMut(f64, Message)) {
        if let (FollowerState::Waiting { offset_pulses, run_pulse, song_pulse }, Some(next_pulse)) =
            (self.told, pulse.run_pulse)
            && song == (Song::Rolling { offset_pulses })
            && next_pulse >= run_pulse
        {
            emit(frame, if song_pulse == 0 { Message::START } else { Message::CONTINUE });
            self.told = FollowerState::Running { offset_pulses, next_pulse };
        }
    }

    fn pulse(&mut self, song: Song, pulse: Pulse, emit: &mut impl FnMut(f64, Message)) {
        // Its fraction, but on the whole frame that the plan gave it.
        let frame = pulse.frame.max(pulse.whole_frame as f64);
        self.start_with(song, pulse, frame, emit);
        if let (FollowerState::Running { next_pulse, .. }, Some(run_pulse)) = (&mut self.told, pulse.run_pulse) {
            if run_pulse < *next_pulse {
                return;
            }
            *next_pulse = run_pulse + 1;
        }
        emit(frame, Message::CLOCK);
    }

    /// Whether the follower gets START or CONTINUE before this pulse of a song.
    pub fn starts_with(&self, song: Song, pulse: Pulse) -> bool {
        let (Song::Rolling { offset_pulses }, Some(next)) = (song, pulse.run_pulse) else { return false };
        match self.told {
            FollowerState::Waiting { offset_pulses: was, run_pulse, .. } if was == offset_pulses => next >= run_pulse,
            FollowerState::Running { offset_pulses: was, .. } | FollowerState::Left { offset_pulses: was }
                if was == offset_pulses =>
            {
                false
            }
            _ => pulse.song_pulse.is_some_and(is_sixteenth),
        }
    }

    /// Whether the follower gets START or CONTINUE before the next pulse, if the song rolls by then.
    pub fn may_start(&self) -> bool {
        !matches!(self.told, FollowerState::Running { .. })
    }

    /// Stops a follower that runs: at the end of the engine, and before it begins anew.
    pub fn stop(&mut self, mut emit: impl FnMut(Message)) {
        if matches!(self.told, FollowerState::Waiting { .. } | FollowerState::Running { .. }) && self.sends.transport {
            emit(Message::STOP);
        }
        if !matches!(self.told, FollowerState::Stopped { .. }) {
            self.told = FollowerState::Stopped { at_pulse: 0.0 };
        }
    }

    /// The port gets more or fewer clock messages than before. A running follower is stopped: it begins anew where
    /// something was switched on, and stays out where something was switched off.
    fn switch(&mut self, sends: ClockSends, mut emit: impl FnMut(Message)) {
        let was = std::mem::replace(&mut self.sends, sends);
        let on = (sends.pulses && !was.pulses) || (sends.transport && !was.transport);
        let off = (was.pulses && !sends.pulses) || (was.transport && !sends.transport);
        if !on && !off {
            return;
        }
        let offset_pulses = match self.told {
            FollowerState::Stopped { .. } => return,
            FollowerState::Left { offset_pulses } => offset_pulses,
            FollowerState::Waiting { offset_pulses, .. } | FollowerState::Running { offset_pulses, .. } => {
                if was.transport {
                    emit(Message::STOP);
                }
                offset_pulses
            }
        };
        self.told = if on { FollowerState::Stopped { at_pulse: 0.0 } } else { FollowerState::Left { offset_pulses } };
    }

    fn reconcile(&mut self, stretch: &Stretch, frame: i64, emit: &mut impl FnMut(Message)) {
        if !stretch.clock_on {
            return self.stop(emit);
        }
        match (stretch.song, self.told) {
            (Song::Stopped { at_pulse }, FollowerState::Stopped { at_pulse: was }) => {
                if sixteenth(at_pulse) != sixteenth(was) {
                    emit(song_position(sixteenth(at_pulse)));
                }
                self.told = FollowerState::Stopped { at_pulse };
            }
            (Song::Stopped { at_pulse }, told) => {
                let left = matches!(told, FollowerState::Left { .. });
                emit(if left { song_position(sixteenth(at_pulse)) } else { Message::STOP });
                self.told = FollowerState::Stopped { at_pulse };
            }
            (Song::Rolling { offset_pulses }, FollowerState::Left { offset_pulses: was }) if offset_pulses == was => {}
            (Song::Rolling { offset_pulses }, FollowerState::Running { offset_pulses: was, next_pulse })
                if offset_pulses == was =>
            {
                let missing = next_run_pulse(stretch, frame) - next_pulse;
                if missing.abs() > MOST_MADE_UP {
                    emit(Message::STOP);
                    self.wait(stretch, frame, emit);
                } else if missing > 0 {
                    (0..missing).for_each(|_| emit(Message::CLOCK));
                    self.told = FollowerState::Running { offset_pulses, next_pulse: next_pulse + missing };
                }
            }
            (Song::Rolling { offset_pulses }, FollowerState::Waiting { offset_pulses: was, run_pulse, song_pulse })
                if offset_pulses == was =>
            {
                if next_sixteenth(stretch, frame) != (run_pulse, song_pulse) {
                    self.wait(stretch, frame, emit);
                }
            }
            (Song::Rolling { .. }, _) => {
                self.stop(&mut *emit);
                self.wait(stretch, frame, emit);
            }
        }
    }

    /// Sends a stopped follower the song position of the next sixteenth, where it will continue.
    fn wait(&mut self, stretch: &Stretch, frame: i64, emit: &mut impl FnMut(Message)) {
        let Song::Rolling { offset_pulses } = stretch.song else { return };
        let (run_pulse, song_pulse) = next_sixteenth(stretch, frame);
        if song_pulse > 0 {
            emit(song_position(song_pulse / PULSES_PER_SIXTEENTH));
        }
        self.told = FollowerState::Waiting { offset_pulses, run_pulse, song_pulse };
    }
}

/// Whether a port gets a message of the clock.
fn passes(sends: ClockSends, message: Message) -> bool {
    match message {
        Message::CLOCK => sends.pulses,
        Message::START | Message::CONTINUE | Message::STOP => sends.transport,
        _ => sends.position,
    }
}

/// The first run pulse of a rolling song, from a frame of its stretch on; not before its beginning.
fn next_run_pulse(stretch: &Stretch, frame: i64) -> i64 {
    stretch.pulses(frame..i64::MAX).find_map(|pulse| pulse.run_pulse).unwrap_or(0).max(0)
}

/// The run pulse and song pulse of the first sixteenth from a frame on. Where the loop ends within a sixteenth, that is
/// one behind the wrap: two sixteenths are enough to find it, since no loop is that short.
fn next_sixteenth(stretch: &Stretch, frame: i64) -> (i64, i64) {
    let next = next_run_pulse(stretch, frame);
    let placed = (next..next + 2 * PULSES_PER_SIXTEENTH).map(|run_pulse| (run_pulse, stretch.looping.place(run_pulse)));
    let mut sixteenths = placed.map(|(run_pulse, place)| (run_pulse, place.song_pulse));
    sixteenths.find(|(_, song_pulse)| is_sixteenth(*song_pulse)).unwrap_or((next, 0))
}

/// Whether a follower can begin with a pulse of the song.
fn is_sixteenth(song_pulse: i64) -> bool {
    song_pulse >= 0 && song_pulse % PULSES_PER_SIXTEENTH == 0
}

/// The sixteenth a follower would next continue on from a pulse.
fn sixteenth(pulse: f64) -> i64 {
    // Whole but for rounding counts as whole.
    (pulse / PULSES_PER_SIXTEENTH as f64 - 1e-6).ceil() as i64
}

/// Beyond the range of the message it is less by whole bars, so that the follower is at the right place of its bar.
fn song_position(sixteenths: i64) -> Message {
    let whole_bars = POSITIONS - POSITIONS % SIXTEENTHS_PER_BAR;
    let sixteenths = sixteenths.max(0);
    let sent = if sixteenths < POSITIONS { sixteenths } else { sixteenths % whole_bars };
    Message::song_position(sent as u16)
}

#[cfg(test)]
pub(in crate::engine) mod tests;
