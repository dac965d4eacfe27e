//! Laws that hold for any mix of requests, wires, refusals and absences, in virtual time.

use super::*;
use crate::{
    engine::{
        frame_clock::frame_clock,
        midi::sent::{Payload, SentReader},
        plan_cell::plan_cell,
    },
    music::{Bpm, Plan},
};
use proptest::prelude::*;
use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::atomic::AtomicU64,
    time::Duration,
};

const BYTE_NS: u64 = 320_000;

/// What happened at a port.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    /// Bytes, when they were sent and the instant they carried.
    Bytes(u64, u64, Vec<u8>),
    Refused,
    Gone,
    /// A message was sent although the port was away.
    SentToNobody,
}

#[derive(Default)]
struct Life {
    away: bool,
    refusing: bool,
    /// Every so many messages one is refused.
    refuses_every: Option<u32>,
    asked: u32,
    takes_pieces: bool,
    news: VecDeque<PortNews>,
    heard: Vec<Heard>,
}

#[derive(Clone, Default)]
struct Stage {
    life: Arc<Mutex<Life>>,
    now_ns: Arc<AtomicU64>,
}

impl MidiOut for Stage {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        let mut life = self.life.lock().unwrap();
        life.asked += 1;
        if life.away {
            life.heard.push(Heard::SentToNobody);
        }
        if life.refusing || life.refuses_every.is_some_and(|every| life.asked.is_multiple_of(every)) {
            life.heard.push(Heard::Refused);
            return Err(SendFailed);
        }
        life.heard.push(Heard::Bytes(self.now_ns.load(Ordering::Relaxed), at_ns, bytes.to_vec()));
        Ok(())
    }

    fn takes_pieces(&self) -> bool {
        self.life.lock().unwrap().takes_pieces
    }

    fn is_there(&self) -> bool {
        !self.life.lock().unwrap().away
    }

    fn news(&mut self) -> Option<PortNews> {
        self.life.lock().unwrap().news.pop_front()
    }
}

/// A scheduler with its ports, and the time.
struct Play {
    scheduler: Scheduler,
    stages: Vec<Stage>,
    panels: Vec<Arc<PortPanel>>,
    log: SentReader,
    now_ns: u64,
    /// How late the thread wakes, in ns; scrambled.
    jitter_ns: u64,
    steps: u64,
}

/// Clock pulses at a tempo: the watch, and their instants in the first seconds.
fn clock(bpm: f64, seconds: i64) -> (PulseWatch, Vec<u64>) {
    let plan = Plan::new(Bpm::new(bpm).unwrap(), 48_000.0, true);
    let (_, reader) = plan_cell(plan);
    let (mut feed, frames) = frame_clock(48_000.0);
    feed.exactly(0, 48_000);
    let pulses = plan.pulses(0..seconds * 48_000).map(|pulse| (pulse.frame * 1e9 / 48_000.0) as u64).collect();
    (PulseWatch::new(reader, frames), pulses)
}

impl Play {
    fn new(wires: &[Wire], pulses: Option<PulseWatch>) -> Play {
        let now_ns = Arc::<AtomicU64>::default();
        let stage = |_: &Wire| Stage { life: Arc::default(), now_ns: Arc::clone(&now_ns) };
        let stages: Vec<Stage> = wires.iter().map(stage).collect();
        let panels: Vec<Arc<PortPanel>> = wires.iter().map(|_| Arc::default()).collect();
        let (writer, log) = sent_log();
        let ports = stages.iter().zip(&panels).zip(wires);
        let ports = ports.map(|((stage, panel), wire)| SchedulerPort {
            out: Box::new(stage.clone()),
            panel: Arc::clone(panel),
            wire: *wire,
        });
        let scheduler = Scheduler::new(ports.collect(), writer, pulses);
        Play { scheduler, stages, panels, log, now_ns: 0, jitter_ns: 0, steps: 0 }
    }

    fn ask(&mut self, port: usize, due_ns: u64, what: What) {
        self.scheduler.submit(self.now_ns, SendRequest { port: PortIndex(port as u8), due_ns, what });
    }

    fn step(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
        self.stages[0].now_ns.store(now_ns, Ordering::Relaxed);
        self.scheduler.step(&|| now_ns);
        self.steps += 1;
        let next = self.scheduler.next_due_ns();
        assert!(next.is_none_or(|next_ns| next_ns > now_ns), "asks for {next:?} again at {now_ns}");
    }

    /// Steps whenever a message is due, as a thread would that wakes a little late.
    fn run_until(&mut self, end_ns: u64) {
        while let Some(due_ns) = self.scheduler.next_due_ns() {
            let late_ns = if self.jitter_ns > 0 { self.steps.wrapping_mul(2_654_435_761) % self.jitter_ns } else { 0 };
            let due_ns = due_ns.max(self.now_ns) + late_ns;
            if due_ns >= end_ns {
                break;
            }
            self.step(due_ns);
        }
        self.now_ns = end_ns;
        self.stages[0].now_ns.store(end_ns, Ordering::Relaxed);
    }

    fn life(&self, port: usize) -> std::sync::MutexGuard<'_, Life> {
        self.stages[port].life.lock().unwrap()
    }

    fn leave(&self, port: usize) {
        let mut life = self.life(port);
        life.away = true;
        life.news.push_back(PortNews::Gone);
        life.heard.push(Heard::Gone);
    }

    fn come_back(&self, port: usize) {
        let mut life = self.life(port);
        life.away = false;
        life.news.push_back(PortNews::Connected);
    }

    /// The messages a port got: when they were sent, and their bytes.
    fn bytes(&self, port: usize) -> Vec<(u64, Vec<u8>)> {
        let heard = &self.life(port).heard;
        let bytes = heard.iter().filter_map(|heard| match heard {
            Heard::Bytes(now_ns, _, bytes) => Some((*now_ns, bytes.clone())),
            _ => None,
        });
        bytes.collect()
    }
}

fn control(target: Target, value: u16, spacing_ns: u64, glide_ns: u64) -> What {
    What::Control { channel: Channel::FIRST, target, halves: MSB_FIRST, value, spacing_ns, glide_ns }
}

const TARGETS: [Target; 5] = [
    Target::Cc(74),
    Target::Cc(43),
    Target::Cc14 { msb: 54, lsb: 102 },
    Target::Nrpn { msb: 0, lsb: 3 },
    Target::PitchBend,
];

/// The place of pitch bend among them.
const BEND: usize = 4;

/// The target and value a port got, from the messages that carry it.
fn unit(messages: &[Vec<u8>]) -> Option<(usize, u16, usize)> {
    let fourteen = |coarse: u8, fine: u8| u16::from(coarse) << 7 | u16::from(fine);
    let rest = |i: usize| messages.get(i).map(|m| (m[1], m[2]));
    match (messages[0][0], messages[0][1], messages[0][2]) {
        (0xE0, fine, coarse) => Some((4, fourteen(coarse, fine), 1)),
        (0xB0, 74, value) => Some((0, value.into(), 1)),
        (0xB0, 43, value) => Some((1, value.into(), 1)),
        (0xB0, 54, coarse) => match rest(1) {
            Some((102, fine)) => Some((2, fourteen(coarse, fine), 2)),
            _ => None,
        },
        (0xB0, 99, 0) => match (rest(1), rest(2), rest(3)) {
            (Some((98, 3)), Some((6, coarse)), Some((38, fine))) => Some((3, fourteen(coarse, fine), 4)),
            _ => None,
        },
        _ => None,
    }
}

/// An act at a port after a while.
#[derive(Clone, Debug)]
enum Act {
    Note { ahead_ms: u64, length_ms: u64 },
    Turn { target: usize, value: u16, glide_ms: u64 },
    SysEx(usize),
    Panic,
    Refuse(bool),
    RefuseEvery(Option<u32>),
    Leave,
    ComeBack,
    Move(f64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..20u64, 0..30u64).prop_map(|(ahead_ms, length_ms)| Act::Note { ahead_ms, length_ms }),
        8 => (0..TARGETS.len(), 0..128u16, prop_oneof![Just(0), 1..50u64])
            .prop_map(|(target, value, glide_ms)| Act::Turn { target, value, glide_ms }),
        1 => (3..60usize).prop_map(Act::SysEx),
        1 => Just(Act::Panic),
        1 => any::<bool>().prop_map(Act::Refuse),
        1 => prop::option::of(2..6u32).prop_map(Act::RefuseEvery),
        1 => Just(Act::Leave),
        1 => Just(Act::ComeBack),
        1 => (-20.0..20.0f64).prop_map(Act::Move),
    ]
}

fn play_acts(play: &mut Play, acts: Vec<(usize, u64, Act)>) -> Vec<[Option<u16>; TARGETS.len()]> {
    let mut wanted = vec![[None; TARGETS.len()]; play.stages.len()];
    let mut notes = 0;
    for (port, gap_us, act) in acts {
        let port = port % play.stages.len();
        play.run_until(play.now_ns + gap_us * 1000);
        let now_ns = play.now_ns;
        let away = play.life(port).away;
        match act {
            Act::Note { ahead_ms, length_ms } => {
                // Each is another note-on, so that their order shows.
                let note = Note::new((notes % 128) as u8).unwrap();
                let velocity = 1 + (notes / 128) as u8;
                notes += 1;
                let begin_ns = now_ns + ahead_ms * MS;
                let on = What::Message(Message::note_on(Channel::FIRST, note, velocity));
                let off = What::Message(Message::note_off(Channel::FIRST, note));
                play.ask(port, begin_ns, on);
                play.ask(port, begin_ns + length_ms * MS, off);
            }
            Act::Turn { target, value, glide_ms } => {
                if !away {
                    wanted[port][target] = Some(value);
                }
                play.ask(port, now_ns, control(TARGETS[target], value, 5 * MS, glide_ms * MS));
            }
            Act::SysEx(bytes) => {
                let mut sysex = vec![0; bytes];
                (sysex[0], sysex[bytes - 1]) = (0xF0, 0xF7);
                play.ask(port, now_ns, What::SysEx(sysex.into()));
            }
            Act::Panic => {
                // It resets the bend, unless that is still on its way.
                wanted[port][BEND] = None;
                play.ask(port, now_ns, What::Panic);
            }
            Act::Refuse(refusing) => play.life(port).refusing = refusing,
            Act::RefuseEvery(every) => play.life(port).refuses_every = every,
            Act::Leave if !away => {
                play.leave(port);
                wanted[port] = [None; TARGETS.len()];
            }
            Act::ComeBack if away => play.come_back(port),
            Act::Leave | Act::ComeBack => {}
            Act::Move(ms) => play.panels[port].set_offset_ms(ms),
        }
        play.step(now_ns);
    }
    for port in 0..play.stages.len() {
        let away = play.life(port).away;
        if away {
            play.come_back(port);
        }
        let mut life = play.life(port);
        (life.refusing, life.refuses_every) = (false, None);
    }
    play.step(play.now_ns);
    play.run_until(play.now_ns + 20_000 * MS);
    wanted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn notes_always_end_values_arrive_whole_and_spaced_and_no_message_goes_to_an_absent_port(
        acts in prop::collection::vec((0..3usize, prop_oneof![Just(0), 0..6000u64], act()), 1..120),
        bpm in 20.0..300.0f64,
        pieces in any::<bool>(),
    ) {
        let (pulses, _) = clock(bpm, 1);
        let mut play = Play::new(&[Wire::DIN, Wire::USB, Wire::UNLIMITED], Some(pulses));
        play.life(0).takes_pieces = pieces;
        let wanted = play_acts(&mut play, acts);
        prop_assert_eq!(play.scheduler.next_due_ns(), None);
        for (port, wanted) in wanted.iter().enumerate() {
            prop_assert_eq!(play.panels[port].queued.load(Ordering::Relaxed), 0);
            let heard = play.life(port).heard.clone();
            prop_assert!(!heard.contains(&Heard::SentToNobody));
            let mut sounding = std::collections::HashSet::new();
            let mut held = [None; TARGETS.len()];
            let mut spaced = [0; TARGETS.len()];
            let mut i = 0;
            while let Some(event) = heard.get(i) {
                i += 1;
                let Heard::Bytes(now_ns, _, bytes) = event else {
                    if *event == Heard::Gone {
                        sounding.clear();
                        (held, spaced) = Default::default();
                    }
                    continue;
                };
                match bytes[..] {
                    [0x90, note, _] => drop(sounding.insert(note)),
                    [0x80, note, _] => drop(sounding.remove(&note)),
                    [0xB0, 120 | 123, 0] => sounding.clear(),
                    [status, 120 | 123, 0] if status & 0xF0 == 0xB0 => {}
                    [status, 64 | 66 | 67, 0] if status & 0xF0 == 0xB0 => {}
                    // No parameter here has the middle as a value: a panic or a return sends it.
                    [status, 0, 64] if status & 0xF0 == 0xE0 => held[BEND] = None,
                    [0xB0 | 0xE0, ..] => {
                        let messages: Vec<Vec<u8>> = heard[i - 1..].iter().take(4).map_while(|heard| match heard {
                            Heard::Bytes(.., bytes) if bytes.len() == 3 => Some(bytes.clone()),
                            _ => None,
                        }).collect();
                        match unit(&messages) {
                            Some((target, value, len)) => {
                                held[target] = Some(value);
                                prop_assert!(*now_ns >= spaced[target], "{:?} too soon", TARGETS[target]);
                                spaced[target] = now_ns + 5 * MS;
                                i += len - 1;
                            }
                            None => {
                                // Only the port itself may have torn it.
                                let end = heard[i..].iter().position(|h| !matches!(h, Heard::Bytes(.., b) if b[0] == 0xB0));
                                let torn_by = end.map(|end| &heard[i + end]);
                                let by_port = matches!(torn_by, Some(Heard::Refused | Heard::Gone));
                                prop_assert!(by_port, "torn: {messages:02X?} by {torn_by:?}");
                                i += end.unwrap_or(0);
                            }
                        }
                    }
                    _ => {}
                }
            }
            prop_assert!(sounding.is_empty(), "port {port}: {sounding:?} hang");
            for (target, (wanted, held)) in wanted.iter().zip(held).enumerate() {
                prop_assert!(wanted.is_none() || *wanted == held, "{:?}: {wanted:?}, {held:?}", TARGETS[target]);
            }
        }
    }

    #[test]
    fn messages_due_together_leave_in_the_order_they_came_on_any_wire(
        dues in prop::collection::vec(1..6u64, 1..200),
        wire in prop::sample::select(vec![Wire::DIN, Wire::USB, Wire::UNLIMITED]),
    ) {
        let mut play = Play::new(&[wire], None);
        let mut order = Vec::new();
        for (i, due_ms) in dues.into_iter().enumerate() {
            let note = Note::new((i % 128) as u8).unwrap();
            let on = Message::note_on(Channel::FIRST, note, 1 + (i / 128) as u8);
            order.push((due_ms, i, on.bytes().to_vec()));
            play.ask(0, due_ms * MS, What::Message(on));
        }
        play.run_until(1000 * MS);
        let heard: Vec<Vec<u8>> = play.bytes(0).into_iter().map(|(_, bytes)| bytes).collect();
        order.sort();
        prop_assert_eq!(heard, order.into_iter().map(|(.., bytes)| bytes).collect::<Vec<_>>());
    }

    #[test]
    fn of_two_discrete_messages_of_a_channel_the_one_queued_first_and_due_no_later_leaves_first(
        asked in prop::collection::vec((0..3u8, 0..10u8, 0..5u64, prop::option::weighted(0.05, -20.0..20.0f64)), 1..120),
        wire in prop::sample::select(vec![Wire::DIN, Wire::USB, Wire::UNLIMITED]),
        jitter_us in 0..2000u64,
    ) {
        let mut play = Play::new(&[wire], None);
        play.jitter_ns = jitter_us * 1000;
        let mut queued = Vec::new();
        // Each carries its number, so that it is known again.
        for (number, (channel, kind, ahead_ms, moved_ms)) in (0..).zip(asked) {
            play.run_until(play.now_ns + u64::from(number % 3) * MS / 4);
            if let Some(ms) = moved_ms {
                play.panels[0].set_offset_ms(ms);
            }
            let due_ns = play.now_ns + ahead_ms * MS;
            let of = Channel::new(channel + 1).unwrap();
            let short = |status: u8, a: u8, b: u8| {
                What::Message(Message::from_bytes(&[status | of.nibble(), a, b]).unwrap())
            };
            let knob = |target| What::Control {
                channel: of, target, halves: MSB_FIRST, value: number.into(), spacing_ns: 5 * MS, glide_ns: 20 * MS,
            };
            let what = match kind {
                0 => short(0x90, 60, number),
                1 => short(0x80, 60, number),
                2 => short(0xB0, 64, number),
                3 => short(0xB0, 0, number),
                4 => What::Message(Message::program(of, number)),
                5 => What::SysEx(vec![0xF0, number, 0xF7].into()),
                6 => knob(Target::Program),
                7 => knob(Target::Cc(66)),
                // These may wait, whichever command sets them.
                8 => short(0xB0, 74, number),
                _ => knob(Target::Cc(75)),
            };
            if kind < 8 {
                queued.push((number, (kind != 5).then_some(channel), due_ns));
            }
            play.ask(0, due_ns, what);
        }
        play.run_until(10_000 * MS);
        let heard: Vec<u8> = play.bytes(0).iter().filter_map(|(_, bytes)| match bytes[..] {
            [status, number] if status & 0xF0 == 0xC0 => Some(number),
            [0xF0, number, 0xF7] => Some(number),
            [status, 74 | 75, _] if status & 0xF0 == 0xB0 => None,
            [.., number] => Some(number),
            _ => None,
        }).collect();
        prop_assert_eq!(heard.len(), queued.len(), "each value was sent");
        let place = |number: u8| heard.iter().position(|heard| *heard == number);
        for (i, (before, channel, due_ns)) in queued.iter().enumerate() {
            for (after, channel_after, due_after_ns) in &queued[i + 1..] {
                let same = channel.is_none() || channel_after.is_none() || channel == channel_after;
                if same && due_ns <= due_after_ns {
                    prop_assert!(place(*before) < place(*after), "{before} and {after} in {heard:?}");
                }
            }
        }
    }

    #[test]
    fn on_a_flooded_wire_the_newest_values_arrive_and_a_bend_is_before_its_note_where_few_wait(
        rounds in prop::collection::vec((0..4u64, 1..12usize), 1..40),
        wire in prop::sample::select(vec![Wire::DIN, Wire::USB, Wire::UNLIMITED]),
    ) {
        let mut play = Play::new(&[wire], None);
        let mut newest = HashMap::new();
        for (round, (gap_ms, messages)) in (0u8..).zip(rounds) {
            play.run_until(play.now_ns + gap_ms * MS);
            for kind in (0..messages).map(|i| i % 5) {
                let value = round + kind as u8;
                let bytes: &[u8] = match kind {
                    0 => &[0xB0, 1, value],
                    1 => &[0xE0, 0, value],
                    2 => &[0xD0, value],
                    3 => &[0xA0, 60, value],
                    _ => &[0xB1, 1, value],
                };
                newest.insert(bytes[..bytes.len() - 1].to_vec(), value);
                play.ask(0, play.now_ns, What::Message(Message::from_bytes(bytes).unwrap()));
            }
        }
        play.run_until(play.now_ns + 2000 * MS);
        let mut held = HashMap::new();
        for (_, bytes) in play.bytes(0) {
            let (value, place) = bytes.split_last().unwrap();
            held.insert(place.to_vec(), *value);
        }
        prop_assert_eq!(held, newest);
        play.ask(0, play.now_ns, What::Message(Message::pitch_bend(Channel::FIRST, 1)));
        play.ask(0, play.now_ns, What::Message(on(60)));
        play.run_until(play.now_ns + 10 * MS);
        let heard = play.bytes(0);
        prop_assert_eq!([heard[heard.len() - 2].1[0], heard[heard.len() - 1].1[0]], [0xE0, 0x90]);
    }

    #[test]
    fn a_flood_of_continuous_controllers_holds_up_no_note_off_and_no_pedal_by_more_than_eight_messages(
        per_ms in 1..6u64,
        wire in prop::sample::select(vec![Wire::DIN, Wire::USB]),
    ) {
        let mut play = Play::new(&[wire], None);
        let mut wanted = Vec::new();
        for i in 0..400u64 {
            play.run_until(i * MS);
            for k in 0..per_ms {
                let value = (i % 128) as u8;
                play.ask(0, i * MS, What::Message(Message::control(Channel::FIRST, 70 + k as u8, value)));
                play.ask(0, i * MS, control(Target::Cc(80 + k as u8), value.into(), MS, 0));
            }
            if i % 20 == 0 {
                for last in [on(60), off(60), Message::control(Channel::FIRST, 64, 0)] {
                    wanted.push((i * MS, last.bytes().to_vec()));
                    play.ask(0, i * MS, What::Message(last));
                }
            }
        }
        play.run_until(20_000 * MS);
        let heard = play.bytes(0);
        let discrete: Vec<_> = heard.iter().filter(|(_, b)| b[0] != 0xB0 || b[1] == 64).collect();
        prop_assert_eq!(discrete.len(), wanted.len());
        // One that is on the wire, eight in order, and the two before it.
        let most_ns = 11 * 3 * BYTE_NS;
        for ((asked_ns, bytes), (heard_ns, heard)) in wanted.iter().zip(discrete) {
            prop_assert_eq!(bytes, heard);
            prop_assert!(heard_ns - asked_ns <= most_ns, "{bytes:02X?} {} us late", (heard_ns - asked_ns) / 1000);
        }
    }

    #[test]
    fn on_a_saturated_din_wire_no_pulse_is_late_by_more_than_a_message(
        bpm in 20.0..=300.0f64,
        jitter_us in 0..400u64,
        pieces in any::<bool>(),
    ) {
        let (watch, pulses) = clock(bpm, 3);
        let mut play = Play::new(&[Wire::DIN], Some(watch));
        play.jitter_ns = jitter_us * 1000;
        play.life(0).takes_pieces = pieces;
        for i in 0..2000u64 {
            play.run_until(i * MS);
            let channel = Channel::FIRST;
            let note = Note::new((i % 128) as u8).unwrap();
            play.ask(0, i * MS, What::Message(Message::note_on(channel, note, 100)));
            play.ask(0, (i + 3) * MS, What::Message(Message::note_off(channel, note)));
            play.ask(0, i * MS, control(TARGETS[i as usize % TARGETS.len()], i as u16 % 128, MS, 0));
            play.ask(0, i * MS, control(Target::Cc((i % 30) as u8), i as u16 % 128, MS, 20 * MS));
            if pieces && i % 500 == 100 {
                let mut sysex = vec![1; 400];
                (sysex[0], sysex[399]) = (0xF0, 0xF7);
                play.ask(0, i * MS, What::SysEx(sysex.into()));
            }
            if i % 700 == 300 {
                play.ask(0, i * MS, What::Panic);
            }
        }
        let worst_ns = latest_pulse(&play.bytes(0), &pulses);
        prop_assert!(worst_ns <= 960_000, "a pulse {worst_ns} ns late");
    }

    #[test]
    fn a_saturated_din_wire_is_used_to_85_percent_beside_the_clock(bpm in 20.0..=300.0f64, jitter_us in 0..100u64) {
        let (watch, pulses) = clock(bpm, 2);
        let mut play = Play::new(&[Wire::DIN], Some(watch));
        play.jitter_ns = jitter_us * 1000;
        for i in 0..2000u64 {
            play.run_until(i * MS);
            for k in 0..3 {
                play.ask(0, i * MS, control(Target::Cc((i * 3 + k) as u8 % 100), i as u16 % 128, MS, 0));
            }
        }
        let bytes: usize = play.bytes(0).iter().map(|(_, bytes)| bytes.len()).sum();
        let used = (bytes + pulses.len()) as f64 * BYTE_NS as f64 / 2e9;
        prop_assert!((0.85..1.01).contains(&used), "{used}");
    }

    #[test]
    fn a_usb_wire_gets_sixteen_messages_a_millisecond_and_notes_at_once(seed in 0..100u64) {
        let mut play = Play::new(&[Wire::USB], None);
        for i in 0..100 * 4 {
            play.run_until(i * MS / 4);
            for k in 0..20 {
                let (controller, value) = ((i * 7 + k * 3 + seed) % 120, (i + k) % 128);
                play.ask(0, play.now_ns, control(Target::Cc(controller as u8), value as u16, MS, 0));
            }
            play.ask(0, play.now_ns, What::Message(on((i % 128) as u8)));
            play.step(play.now_ns);
        }
        let heard = play.bytes(0);
        let notes = heard.iter().filter(|(_, b)| b[0] == 0x90);
        prop_assert!(notes.enumerate().all(|(i, (now_ns, _))| *now_ns == i as u64 * MS / 4), "a note waited");
        let knobs: Vec<u64> = heard.iter().filter(|(_, b)| b[0] == 0xB0).map(|(now_ns, _)| *now_ns).collect();
        let within = |window: Range<u64>| knobs.iter().filter(|ns| window.contains(ns)).count();
        for begin in 0..90 {
            let count = within(begin * MS..(begin + 10) * MS);
            prop_assert!(count <= 16 * 11, "{count} in 10 ms from {begin} ms");
        }
        prop_assert!(knobs.len() > 1000, "{}", knobs.len());
    }

    #[test]
    fn a_glide_is_even_and_ends_at_its_value_in_its_time(
        from in 0..=16_383u16,
        to in 0..=16_383u16,
        then in 0..=16_383u16,
        glide_ms in 1..800u64,
        spacing_ms in 1..30u64,
        turned_at in 0.0..1.2f64,
    ) {
        let (target, spacing, glide) = (TARGETS[3], spacing_ms * MS, glide_ms * MS);
        let mut play = Play::new(&[Wire::UNLIMITED], None);
        let (begin, turn) = (100 * MS, 100 * MS + (glide as f64 * turned_at) as u64);
        play.ask(0, 0, control(target, from, spacing, glide));
        play.run_until(begin);
        play.ask(0, begin, control(target, to, spacing, glide));
        play.run_until(turn);
        let turned = play.bytes(0).len();
        play.ask(0, turn, control(target, then, spacing, glide));
        play.run_until(10_000 * MS);
        let messages = play.bytes(0);
        let units: Vec<(u64, u16)> = messages.chunks(4).map(|unit| {
            (unit[0].0, u16::from(unit[2].1[2]) << 7 | u16::from(unit[3].1[2]))
        }).collect();
        prop_assert_eq!(units[0], (0, from), "the first is a jump");
        let (way_there, way_on) = units.split_at(turned / 4);
        let monotone = |way: &[(u64, u16)], to: u16| {
            way.windows(2).all(|w| w[0].1 != w[1].1 && (w[1].1 > w[0].1) == (to > w[0].1))
        };
        prop_assert!(monotone(way_there, to), "{way_there:?}");
        let on = &units[turned / 4 - 1..];
        prop_assert!(monotone(on, then), "{on:?}");
        prop_assert!(units.windows(2).all(|w| w[1].0 - w[0].0 >= spacing));
        let last = *units.last().unwrap();
        prop_assert_eq!(last.1, then);
        prop_assert!(way_on.is_empty() || last.0 <= turn + glide + spacing, "{} ms late", (last.0 - turn) / MS);
        // Each step is as large as the time since the one before requires, and no larger.
        let most = f64::from(from.abs_diff(to).max(to.abs_diff(then)).max(from.abs_diff(then))) / glide as f64;
        for w in units[1..].windows(2).filter(|w| w[1].0 <= turn) {
            let steepest = most * (w[1].0 - w[0].0) as f64 + 1.0;
            prop_assert!(f64::from(w[0].1.abs_diff(w[1].1)) <= steepest, "{w:?}");
        }
    }
}

/// How late the latest pulse starts, where bytes and pulses share a wire in the order they were sent.
fn latest_pulse(bytes: &[(u64, Vec<u8>)], pulses: &[u64]) -> u64 {
    let messages = bytes.iter().map(|(ns, bytes)| (*ns, true, bytes.len() as u64));
    let mut events: Vec<_> = messages.chain(pulses.iter().map(|ns| (*ns, false, 1))).collect();
    events.sort();
    let (mut free_ns, mut worst_ns) = (0, 0);
    for (ns, message, len) in events {
        let start_ns = ns.max(free_ns);
        if !message {
            worst_ns = worst_ns.max(start_ns - ns);
        }
        free_ns = start_ns + len * BYTE_NS;
    }
    worst_ns
}

#[test]
fn one_port_that_must_wait_holds_up_no_other() {
    let mut play = Play::new(&[Wire::DIN, Wire::UNLIMITED], None);
    for note in 0..100 {
        play.ask(0, MS, What::Message(on(note)));
        play.ask(1, MS, What::Message(on(note)));
    }
    play.run_until(MS + 1);
    assert_eq!((play.bytes(0).len(), play.bytes(1).len()), (1, 100));
    assert_eq!(play.panels[0].queued.load(Ordering::Relaxed), 99);
    play.run_until(1000 * MS);
    let heard = play.bytes(0);
    let end = Duration::from_nanos(heard.last().unwrap().0 - heard[0].0);
    assert!(heard.len() == 100 && end >= Duration::from_micros(99 * 960 - 100), "{end:?}");
}

#[test]
fn the_room_is_shared_and_bounded_and_each_port_counts_what_it_lost() {
    let mut play = Play::new(&[Wire::DIN, Wire::UNLIMITED], None);
    for _ in 0..QUEUE {
        play.ask(0, 500 * MS, What::Message(on(60)));
    }
    for _ in 0..10 {
        play.ask(1, 0, What::Message(on(61)));
    }
    play.ask(1, 0, What::Message(off(61)));
    play.step(0);
    let lost = |port: usize| play.panels[port].dropped.load(Ordering::Relaxed);
    assert_eq!((lost(0), lost(1), play.bytes(1).len()), (0, 10, 1));
    assert_eq!(play.panels[0].queued_most.load(Ordering::Relaxed), QUEUE as u32);
}

#[test]
fn a_port_that_returns_gets_no_hanging_notes_and_all_its_values_again() {
    let mut play = Play::new(&[Wire::UNLIMITED], None);
    play.ask(0, 0, What::Message(on(60)));
    for (pedal, value) in [(66, 127), (67, 127), (67, 0)] {
        play.ask(0, 0, What::Message(Message::control(Channel::FIRST, pedal, value)));
    }
    play.ask(0, 0, What::Message(Message::pitch_bend(Channel::FIRST, 0)));
    play.ask(0, 0, control(Target::Cc(74), 9, MS, 0));
    play.ask(0, 900 * MS, What::Message(on(62)));
    play.run_until(10 * MS);
    play.leave(0);
    play.ask(0, play.now_ns, control(Target::Cc(43), 1, MS, 0));
    play.step(11 * MS);
    assert_eq!(play.scheduler.next_due_ns(), None, "nothing is kept for a port that is gone");
    play.ask(0, play.now_ns, What::Message(on(61)));
    let before = play.bytes(0).len();
    play.come_back(0);
    play.step(20 * MS);
    play.ask(0, 20 * MS, control(Target::Cc(74), 9, MS, 0));
    play.run_until(2000 * MS);
    let heard: Vec<Vec<u8>> = play.bytes(0).split_off(before).into_iter().map(|(_, bytes)| bytes).collect();
    let expected = [[0x80, 60, 64], [0xB0, 64, 0], [0xB0, 66, 0], [0xB0, 123, 0], [0xE0, 0, 64], [0xB0, 74, 9]];
    assert_eq!(heard, expected);
    let panel = &play.panels[0];
    assert_eq!(panel.dropped.load(Ordering::Relaxed) + panel.refused.load(Ordering::Relaxed), 0);
}

#[test]
fn a_port_with_a_clock_offset_never_sends_before_the_command() {
    let mut play = Play::new(&[Wire::UNLIMITED], None);
    play.panels[0].set_offset_ms(-5.0);
    play.run_until(20 * MS);
    play.ask(0, 40 * MS, What::Message(on(60)));
    play.ask(0, 20 * MS, What::Message(on(61)));
    play.run_until(100 * MS);
    play.panels[0].set_offset_ms(7.0);
    play.ask(0, 100 * MS, control(Target::Cc(74), 1, MS, 0));
    play.ask(0, 100 * MS, What::Message(on(62)));
    // The end is asked for when the port has the opposite offset, and still does not overtake the beginning.
    play.panels[0].set_offset_ms(-50.0);
    play.ask(0, 101 * MS, What::Message(off(62)));
    play.run_until(200 * MS);
    let heard: Vec<(u64, u8)> = play.bytes(0).into_iter().map(|(ns, bytes)| (ns / MS, bytes[1])).collect();
    assert_eq!(heard, [(20, 61), (35, 60), (107, 62), (107, 62), (107, 74)], "the end not before the beginning");
}

#[test]
fn the_log_has_the_instant_a_message_was_due_or_its_wire_free_even_if_the_thread_is_late() {
    let mut play = Play::new(&[Wire::DIN], None);
    for note in 0..3 {
        play.ask(0, MS, What::Message(on(note)));
    }
    for now_us in [1050, 1960, 2950] {
        play.step(now_us * 1000);
    }
    let mut logged = Vec::new();
    while let Some(sent) = play.log.pop() {
        assert!(matches!(sent.payload, Payload::Short(_)));
        logged.push((sent.at_ns / 1000, sent.waited_ns / 1000));
    }
    // 960 µs after the message before was sent, and 100 µs earlier: before the wire runs dry.
    assert_eq!(logged, [(1000, 50), (1910, 960), (2870, 1950)]);
}

#[test]
fn a_long_sysex_goes_in_pieces_where_the_port_takes_them_and_whole_where_it_does_not() {
    let mut sysex = vec![1; 300];
    (sysex[0], sysex[299]) = (0xF0, 0xF7);
    for pieces in [true, false] {
        let (watch, pulses) = clock(300.0, 1);
        let mut play = Play::new(&[Wire::DIN], Some(watch));
        play.life(0).takes_pieces = pieces;
        play.ask(0, MS, What::SysEx(sysex.clone().into()));
        play.run_until(2 * MS);
        play.ask(0, 2 * MS, What::Message(off(60)));
        play.run_until(400 * MS);
        let heard = play.bytes(0);
        let (last, before) = heard.split_last().unwrap();
        assert_eq!(last.1[..2], [0x80, 60]);
        assert_eq!(before.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>(), sysex);
        assert_eq!(before.len() > 1, pieces);
        assert!(!pieces || latest_pulse(&heard, &pulses) == 0);
    }
}

#[test]
fn a_panic_cuts_a_long_sysex_short_and_the_end_waits_until_the_wire_has_taken_everything() {
    let (watch, _) = clock(120.0, 1);
    let mut play = Play::new(&[Wire::DIN], Some(watch));
    play.life(0).takes_pieces = true;
    play.ask(0, MS, What::Message(on(60)));
    play.run_until(4 * MS);
    let mut sysex = vec![1; 2000];
    (sysex[0], sysex[1999]) = (0xF0, 0xF7);
    play.ask(0, 4 * MS, What::SysEx(sysex.into()));
    play.run_until(30 * MS);
    let before = play.bytes(0).len();
    play.scheduler.silence(&|| 30 * MS);
    let mut tries = 0;
    while let Some(due_ns) = play.scheduler.make_up(&|| play.now_ns) {
        assert!(due_ns > play.now_ns, "a busy loop");
        play.now_ns = due_ns;
        tries += 1;
    }
    let heard: Vec<Vec<u8>> = play.bytes(0).split_off(before).into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(heard, [vec![0xF7], vec![0x80, 60, 64], vec![0xB0, 123, 0]]);
    assert!(tries < 10 && play.now_ns < 50 * MS);
}

#[test]
fn every_one_of_a_thousand_controllers_keeps_its_own_value() {
    let mut play = Play::new(&[Wire::UNLIMITED], None);
    let mut wanted = HashMap::new();
    for round in 0..3u16 {
        for i in 0..1024u16 {
            let target = Target::Nrpn { msb: (i >> 7) as u8, lsb: (i & 0x7F) as u8 };
            wanted.insert(i, round * 3 + i);
            play.ask(0, play.now_ns, control(target, round * 3 + i, MS, if round == 1 { 500 * MS } else { 0 }));
        }
        // One more finds no room.
        play.ask(0, play.now_ns, control(Target::PitchBend, round, MS, 0));
        play.run_until(play.now_ns + 50 * MS);
    }
    let mut held = HashMap::new();
    for unit in play.bytes(0).chunks(4) {
        let number = u16::from(unit[0].1[2]) << 7 | u16::from(unit[1].1[2]);
        held.insert(number, u16::from(unit[2].1[2]) << 7 | u16::from(unit[3].1[2]));
    }
    assert_eq!(held, wanted);
    assert_eq!(play.panels[0].dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn after_a_flood_of_panics_a_note_goes_at_once_and_a_knob_soon() {
    let mut play = Play::new(&[Wire::USB], None);
    for i in 0..3000 {
        play.run_until(i * MS);
        play.ask(0, i * MS, What::Panic);
        play.step(i * MS);
    }
    let sent = play.bytes(0).len();
    // A panic is 96 messages and 6 ms on this wire.
    assert!(sent < 96 * 3000 / 6 + 200, "{sent} messages");
    play.ask(0, play.now_ns, What::Message(on(60)));
    play.ask(0, play.now_ns, control(Target::Cc(74), 99, MS, 0));
    let asked_ns = play.now_ns;
    play.run_until(asked_ns + 1000 * MS);
    let when = |bytes: &[u8]| play.bytes(0).iter().rev().find(|(_, b)| b == bytes).map(|(now_ns, _)| now_ns - asked_ns);
    assert_eq!(when(&[0x90, 60, 100]), Some(0));
    assert!(when(&[0xB0, 74, 99]).is_some_and(|late_ns| late_ns <= 50 * MS));
}

#[test]
fn a_panic_right_after_a_panic_ends_the_notes_played_between_them() {
    let mut play = Play::new(&[Wire::USB], None);
    play.ask(0, 0, What::Panic);
    play.step(0);
    play.ask(0, 0, What::Message(on(60)));
    play.ask(0, 50 * MS, What::Message(on(61)));
    play.step(1);
    play.ask(0, 2, What::Panic);
    play.run_until(100 * MS);
    let heard: Vec<Vec<u8>> = play.bytes(0).into_iter().map(|(_, bytes)| bytes).collect();
    let begun = heard.iter().position(|bytes| bytes[..2] == [0x90, 60]).unwrap();
    for end in [vec![0x80, 60, 64], vec![0xB0, 120, 0], vec![0xB0, 64, 0], vec![0xBF, 123, 0]] {
        assert!(heard[begun..].contains(&end), "{end:02X?} is missing behind the note");
    }
    // And where only a note waits that was not played yet, it is dropped.
    play.ask(0, play.now_ns, What::Panic);
    play.step(play.now_ns);
    play.ask(0, play.now_ns + MS, What::Message(on(62)));
    play.ask(0, play.now_ns, What::Panic);
    play.run_until(play.now_ns + 100 * MS);
    let notes = play.bytes(0).into_iter().filter(|(_, bytes)| bytes[0] == 0x90);
    assert_eq!(notes.map(|(_, bytes)| bytes[1]).collect::<Vec<_>>(), [60]);
}
