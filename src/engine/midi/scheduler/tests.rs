//! Laws of the scheduler, in virtual time.

mod laws;

use super::{
    super::{
        port::{PortNews, SendFailed},
        sent::sent_log,
    },
    port::RETRY_NS,
    *,
};
use crate::{
    midi::{Channel, Message},
    music::Note,
    profile::{Halves, Target},
};
use std::sync::{Mutex, atomic::Ordering};

type Heard = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

struct Fake(Heard);

impl MidiOut for Fake {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.0.lock().unwrap().push((at_ns, bytes.to_vec()));
        Ok(())
    }
}

const MSB_FIRST: Halves = Halves::MsbFirst;
const PORT: PortIndex = PortIndex(0);
const MS: u64 = 1_000_000;

fn over(out: Box<dyn MidiOut>, log: SentLog) -> Scheduler {
    on_wire(out, log, Arc::default(), Wire::UNLIMITED)
}

fn on_wire(out: Box<dyn MidiOut>, log: SentLog, panel: Arc<PortPanel>, wire: Wire) -> Scheduler {
    Scheduler::new(vec![SchedulerPort { out, panel, wire }], log, None)
}

/// Requests that arrive at the instant 0, and single steps.
trait AtOnce {
    fn ask(&mut self, request: SendRequest);
    fn step_at(&mut self, now_ns: u64);
}

impl AtOnce for Scheduler {
    fn ask(&mut self, request: SendRequest) {
        self.submit(0, request);
    }

    fn step_at(&mut self, now_ns: u64) {
        self.step(&|| now_ns);
    }
}

fn scheduler() -> (Scheduler, Heard) {
    let wire = Heard::default();
    let (log, _) = sent_log();
    (over(Box::new(Fake(Arc::clone(&wire))), log), wire)
}

/// Runs exactly, as virtual time does.
fn run_until(scheduler: &mut Scheduler, end_ns: u64) {
    let mut now = 0;
    while let Some(due) = scheduler.next_due_ns()
        && due < end_ns
    {
        now = due.max(now);
        scheduler.step_at(now);
    }
}

fn message(due_ns: u64, message: Message) -> SendRequest {
    SendRequest { port: PORT, due_ns, what: What::Message(message) }
}

fn on(note: u8) -> Message {
    Message::note_on(Channel::FIRST, Note::new(note).unwrap(), 100)
}

fn off(note: u8) -> Message {
    Message::note_off(Channel::FIRST, Note::new(note).unwrap())
}

fn knob(controller: u8, value: u16) -> SendRequest {
    let (target, spacing_ns) = (Target::Cc(controller), SPACING_NS);
    SendRequest {
        port: PORT,
        due_ns: 0,
        what: What::Control { channel: Channel::FIRST, target, halves: MSB_FIRST, value, spacing_ns, glide_ns: 0 },
    }
}

fn taken(wire: &Heard) -> Vec<(u64, Vec<u8>)> {
    std::mem::take(&mut *wire.lock().unwrap())
}

#[test]
fn messages_due_together_leave_in_the_order_they_were_asked_for_and_knobs_behind() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(knob(74, 9));
    scheduler.ask(SendRequest { port: PORT, due_ns: 5, what: What::SysEx(vec![0xF0, 1, 0xF7].into()) });
    for bytes in [[0xB0, 0, 1], [0xB0, 32, 2]] {
        scheduler.ask(message(5, Message::from_bytes(&bytes).unwrap()));
    }
    scheduler.ask(message(5, Message::program(Channel::FIRST, 5)));
    scheduler.ask(message(5, Message::pitch_bend(Channel::FIRST, 1)));
    scheduler.ask(message(5, on(60)));
    scheduler.ask(message(5, Message::control(Channel::FIRST, 64, 127)));
    scheduler.ask(message(5, off(60)));
    scheduler.ask(message(5, Message::START));
    scheduler.step_at(10);
    let firsts: Vec<[u8; 2]> = taken(&wire).iter().map(|(_, b)| [b[0], b.get(1).copied().unwrap_or(0)]).collect();
    let expected = [
        [0xFA, 0],
        [0xF0, 1],
        [0xB0, 0],
        [0xB0, 32],
        [0xC0, 5],
        [0xE0, 1],
        [0x90, 60],
        [0xB0, 64],
        [0x80, 60],
        [0xB0, 74],
    ];
    assert_eq!(firsts, expected);
}

#[test]
fn knobs_for_bank_program_and_pedals_keep_their_order_and_every_value() {
    let (mut scheduler, wire) = scheduler();
    let knob = |target, value| SendRequest {
        port: PORT,
        due_ns: 0,
        what: What::Control {
            channel: Channel::FIRST,
            target,
            halves: MSB_FIRST,
            value,
            spacing_ns: SPACING_NS,
            glide_ns: 0,
        },
    };
    let bank = Target::Cc14 { msb: 0, lsb: 32 };
    for request in [
        knob(Target::Program, 5),
        knob(bank, 128),
        knob(Target::Program, 5),
        message(0, on(60)),
        knob(Target::Cc(64), 127),
        message(0, off(60)),
        knob(Target::Cc(64), 0),
        knob(Target::Cc(64), 0),
    ] {
        scheduler.ask(request);
    }
    scheduler.step_at(0);
    let sent: Vec<Vec<u8>> = taken(&wire).into_iter().map(|(_, bytes)| bytes).collect();
    let (program, pair) = (vec![0xC0, 5], [vec![0xB0, 0, 1], vec![0xB0, 32, 0]]);
    let [first, second] = pair;
    let (down, up) = (vec![0xB0, 64, 127], vec![0xB0, 64, 0]);
    let (on, off) = (vec![0x90, 60, 100], vec![0x80, 60, 64]);
    assert_eq!(sent, [program.clone(), first, second, program, on, down, off, up], "a program again in another bank");
    assert_eq!(scheduler.next_due_ns(), None);
}

#[test]
fn a_program_that_a_port_refused_is_tried_again_unless_a_newer_one_was_asked_for() {
    let (mut scheduler, wire, stalled) = stalling();
    let program = |due_ns, value| SendRequest {
        port: PORT,
        due_ns,
        what: What::Control {
            channel: Channel::FIRST,
            target: Target::Program,
            halves: MSB_FIRST,
            value,
            spacing_ns: SPACING_NS,
            glide_ns: 0,
        },
    };
    stalled.store(true, Ordering::Relaxed);
    scheduler.ask(program(MS, 5));
    scheduler.ask(program(MS, 6));
    run_until(&mut scheduler, 4 * MS);
    stalled.store(false, Ordering::Relaxed);
    run_until(&mut scheduler, 2000 * MS);
    assert_eq!(taken(&wire).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [[0xC0, 6]]);
}

#[test]
fn messages_leave_when_they_are_due() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(message(7 * MS, off(60)));
    scheduler.ask(message(2 * MS, on(60)));
    run_until(&mut scheduler, 100 * MS);
    assert_eq!(taken(&wire), [(2 * MS, vec![0x90, 60, 100]), (7 * MS, vec![0x80, 60, 64])]);
}

#[test]
fn a_turned_knob_is_spaced_and_its_last_value_always_arrives() {
    let (mut scheduler, wire) = scheduler();
    for value in 0..=100 {
        scheduler.ask(knob(74, value));
        scheduler.step_at(u64::from(value) * MS);
    }
    run_until(&mut scheduler, 1000 * MS);
    let sent = taken(&wire);
    assert_eq!(sent.last().map(|(_, bytes)| bytes[2]), Some(100));
    assert!(sent.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 10 * MS), "{sent:?}");
    assert_eq!(sent.len(), 11);
}

#[test]
fn an_unchanged_value_is_not_sent_twice_unless_a_raw_message_came_between() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(knob(74, 5));
    run_until(&mut scheduler, 100 * MS);
    scheduler.ask(knob(74, 5));
    run_until(&mut scheduler, 200 * MS);
    assert_eq!(taken(&wire).len(), 1);
    scheduler.ask(message(0, Message::control(Channel::FIRST, 74, 99)));
    scheduler.ask(knob(74, 5));
    run_until(&mut scheduler, 300 * MS);
    assert_eq!(taken(&wire).len(), 2);
    scheduler.ask(message(0, Message::program(Channel::FIRST, 1)));
    scheduler.ask(knob(74, 5));
    run_until(&mut scheduler, 400 * MS);
    assert_eq!(taken(&wire).len(), 2, "a program may change every parameter");
}

#[test]
fn halves_stay_together_in_the_order_of_the_profile_and_seven_bits_go_in_the_upper_one() {
    let (pair, nrpn, rpn) =
        (Target::Cc14 { msb: 54, lsb: 102 }, Target::Nrpn { msb: 0, lsb: 3 }, Target::Rpn { msb: 0, lsb: 0 });
    let cases: [(Halves, [&[[u8; 2]]; 3]); 2] = [
        (
            Halves::MsbFirst,
            [
                &[[54, 0x24], [102, 0x34]],
                &[[99, 0], [98, 3], [6, 0x24], [38, 0x34]],
                &[[101, 0], [100, 0], [6, 0x24], [38, 0x34]],
            ],
        ),
        (
            Halves::LsbFirst,
            [
                &[[102, 0x34], [54, 0x24]],
                &[[99, 0], [98, 3], [38, 0x34], [6, 0x24]],
                &[[101, 0], [100, 0], [38, 0x34], [6, 0x24]],
            ],
        ),
    ];
    let sent = |target, halves, value| {
        let (mut scheduler, wire) = scheduler();
        let what =
            What::Control { channel: Channel::FIRST, target, halves, value, spacing_ns: SPACING_NS, glide_ns: 0 };
        scheduler.ask(knob(1, 1));
        scheduler.ask(SendRequest { port: PORT, due_ns: 0, what });
        scheduler.ask(knob(2, 2));
        scheduler.step_at(0);
        let bytes: Vec<[u8; 2]> = taken(&wire).iter().map(|(_, b)| [b[1], b[2]]).collect();
        bytes.strip_prefix(&[[1, 1]]).and_then(|bytes| bytes.strip_suffix(&[[2, 2]])).unwrap().to_vec()
    };
    for (halves, expected) in cases {
        for (target, expected) in [pair, nrpn, rpn].into_iter().zip(expected) {
            assert_eq!(sent(target, halves, 0x1234), expected, "{target:?} {halves:?}");
        }
    }
    assert_eq!(sent(nrpn, Halves::MsbOnly, 100), [[99, 0], [98, 3], [6, 100]]);
    assert_eq!(sent(rpn, Halves::MsbOnly, 12), [[101, 0], [100, 0], [6, 12]]);
    let ten_bits = Target::Cc10 { msb: 34, lsb: 63 };
    assert_eq!(sent(ten_bits, Halves::MsbFirst, 0x1234 & 0x3FF), [[63, 4], [34, 0x46]], "the lower three bits first");
}

#[test]
fn a_flood_drops_note_ons_and_counts_them_but_never_a_note_off() {
    let (wire, panel) = (Heard::default(), Arc::<PortPanel>::default());
    let out = Box::new(Fake(Arc::clone(&wire)));
    let mut scheduler = on_wire(out, sent_log().0, Arc::clone(&panel), Wire::UNLIMITED);
    for _ in 0..3 * QUEUE {
        scheduler.ask(message(10, on(60)));
    }
    for note in 0..128 {
        scheduler.ask(message(20, off(note)));
    }
    run_until(&mut scheduler, MS);
    let offs = taken(&wire).iter().filter(|(_, b)| b[0] == 0x80).count();
    assert_eq!(offs, 128);
    assert_eq!(panel.dropped.load(Ordering::Relaxed), 2 * QUEUE as u64);
    assert_eq!(panel.queued_most.load(Ordering::Relaxed), QUEUE as u32 + 128);
}

#[test]
fn where_even_note_offs_find_no_room_all_notes_are_ended() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(message(0, on(60)));
    scheduler.step_at(0);
    for _ in 0..3 * (QUEUE + QUEUE_FOR_URGENT) {
        scheduler.ask(message(MS, off(61)));
    }
    scheduler.step_at(1);
    assert!(taken(&wire).iter().any(|(_, b)| b[..2] == [0x80, 60]));
}

#[test]
fn panic_ends_all_sound_and_drops_waiting_messages() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(message(0, on(64)));
    scheduler.ask(message(50 * MS, on(65)));
    scheduler.step_at(0);
    scheduler.ask(SendRequest { port: PORT, due_ns: 1, what: What::Panic });
    run_until(&mut scheduler, 100 * MS);
    let sent = taken(&wire);
    assert!(sent.iter().any(|(_, b)| b[..] == [0x80, 64, 64]));
    assert!(sent.iter().any(|(_, b)| b[..] == [0xBF, 123, 0]));
    assert!(!sent.iter().any(|(_, b)| b[..2] == [0x90, 65]));
}

#[test]
fn the_end_sends_nothing_where_only_knobs_were_turned() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(message(0, Message::control(Channel::FIRST, 74, 9)));
    scheduler.step_at(0);
    taken(&wire);
    scheduler.silence(&|| 1);
    assert!(taken(&wire).is_empty());
}

#[test]
fn the_end_ends_notes_lifts_pedals_and_resets_bends() {
    let (mut scheduler, wire) = scheduler();
    for note in [0, 60, 127] {
        scheduler.ask(message(0, on(note)));
    }
    let control = |pedal, value| message(0, Message::control(Channel::FIRST, pedal, value));
    for request in
        [control(64, 127), control(66, 1), control(67, 127), message(0, Message::pitch_bend(Channel::FIRST, 1))]
    {
        scheduler.ask(request);
    }
    scheduler.step_at(0);
    for request in [message(0, off(60)), control(67, 0)] {
        scheduler.ask(request);
    }
    scheduler.step_at(0);
    taken(&wire);
    scheduler.silence(&|| 1);
    let sent: Vec<_> = taken(&wire).into_iter().map(|(_, b)| b).collect();
    let expected = [[0x80, 0, 64], [0x80, 127, 64], [0xB0, 64, 0], [0xB0, 66, 0], [0xB0, 123, 0], [0xE0, 0, 64]];
    assert_eq!(sent, expected);
}

#[test]
fn a_panic_lifts_every_pedal_and_resets_every_bend_of_every_client() {
    let (mut scheduler, wire) = scheduler();
    scheduler.ask(SendRequest { port: PORT, due_ns: 0, what: What::Panic });
    scheduler.step_at(0);
    let sent: Vec<_> = taken(&wire).into_iter().map(|(_, b)| b).collect();
    for channel in 0..16 {
        for end in [[0xB0, 120, 0], [0xB0, 64, 0], [0xB0, 66, 0], [0xB0, 67, 0], [0xB0, 123, 0], [0xE0, 0, 64]] {
            assert!(sent.contains(&vec![end[0] | channel, end[1], end[2]]), "{end:?} on {channel}: {sent:02X?}");
        }
    }
}

#[test]
fn a_value_the_synth_reported_is_not_sent_and_any_other_is() {
    let (mut scheduler, wire) = scheduler();
    let known = |controller, value| {
        let what = What::Known { channel: Channel::FIRST, target: Target::Cc(controller), value };
        SendRequest { port: PORT, due_ns: 0, what }
    };
    for request in [known(43, 32), knob(43, 32)] {
        scheduler.ask(request);
    }
    assert_eq!(scheduler.next_due_ns(), None);
    scheduler.ask(knob(43, 33));
    run_until(&mut scheduler, MS);
    assert_eq!(taken(&wire), [(0, vec![0xB0, 43, 33])]);
    for request in [knob(43, 50), known(43, 60), knob(43, 60)] {
        scheduler.ask(request);
    }
    run_until(&mut scheduler, 100 * MS);
    assert_eq!(taken(&wire), [], "the value that waited is older than the one the synth reported");
}

/// A port that can be made to refuse.
struct Stalling {
    wire: Heard,
    stalled: Arc<std::sync::atomic::AtomicBool>,
}

impl MidiOut for Stalling {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        if self.stalled.load(Ordering::Relaxed) {
            return Err(SendFailed);
        }
        self.wire.lock().unwrap().push((at_ns, bytes.to_vec()));
        Ok(())
    }
}

fn stalling() -> (Scheduler, Heard, Arc<std::sync::atomic::AtomicBool>) {
    let (wire, stalled) = (Heard::default(), Arc::default());
    let out = Stalling { wire: Arc::clone(&wire), stalled: Arc::clone(&stalled) };
    (over(Box::new(out), sent_log().0), wire, stalled)
}

#[test]
fn a_note_off_a_port_refuses_is_sent_first_when_it_takes_messages_again() {
    let (mut scheduler, wire, stalled) = stalling();
    for note in [60, 64] {
        scheduler.ask(message(0, on(note)));
    }
    scheduler.step_at(0);
    taken(&wire);
    stalled.store(true, Ordering::Relaxed);
    for (due_ns, message_) in [(MS, off(60)), (2 * MS, off(64)), (3 * MS, on(67))] {
        scheduler.ask(message(due_ns, message_));
    }
    run_until(&mut scheduler, 2000 * MS);
    assert!(scheduler.make_up(&|| 2000 * MS).is_some() && taken(&wire).is_empty());
    stalled.store(false, Ordering::Relaxed);
    scheduler.ask(message(0, on(60)));
    scheduler.step_at(2000 * MS);
    let sent: Vec<_> = taken(&wire).into_iter().map(|(_, b)| [b[0], b[1]]).collect();
    assert_eq!(sent, [[0x80, 60], [0x80, 64], [0x90, 60]]);
    run_until(&mut scheduler, 4000 * MS);
    assert!(taken(&wire).is_empty() && scheduler.next_due_ns().is_none());
}

#[test]
fn a_pedal_that_a_port_refused_to_lift_is_lifted_before_anything_else() {
    let (mut scheduler, wire, stalled) = stalling();
    let pedal = |value| message(0, Message::control(Channel::FIRST, 64, value));
    scheduler.ask(pedal(127));
    scheduler.step_at(0);
    taken(&wire);
    stalled.store(true, Ordering::Relaxed);
    for request in [pedal(0), message(0, Message::pitch_bend(Channel::FIRST, Message::BEND_MIDDLE))] {
        scheduler.ask(request);
    }
    scheduler.step_at(MS);
    stalled.store(false, Ordering::Relaxed);
    scheduler.ask(message(0, on(60)));
    scheduler.step_at(1000 * MS);
    let sent: Vec<_> = taken(&wire).into_iter().map(|(_, b)| b).collect();
    assert_eq!(sent, [[0xB0, 64, 0], [0xE0, 0, 64], [0x90, 60, 100]]);
}

#[test]
fn a_port_that_takes_messages_again_gets_them_within_the_longest_wait_without_a_busy_loop() {
    let (mut scheduler, wire, stalled) = stalling();
    scheduler.ask(message(0, on(60)));
    scheduler.step_at(0);
    taken(&wire);
    stalled.store(true, Ordering::Relaxed);
    scheduler.ask(SendRequest { port: PORT, due_ns: MS, what: What::Panic });
    let mut steps = 0;
    let mut now = MS;
    while now < 10_000 * MS {
        scheduler.step_at(now);
        now = scheduler.next_due_ns().unwrap().max(now);
        steps += 1;
    }
    assert!(steps < 40, "{steps} tries in ten seconds");
    stalled.store(false, Ordering::Relaxed);
    run_until(&mut scheduler, now + RETRY_NS.1 + 1);
    let sent: Vec<_> = taken(&wire).into_iter().map(|(_, b)| b).collect();
    assert!(sent.contains(&vec![0x80, 60, 64]) && sent.contains(&vec![0xB0, 123, 0]), "{sent:02X?}");
    assert_eq!(scheduler.make_up(&|| now + RETRY_NS.1), None);
}
