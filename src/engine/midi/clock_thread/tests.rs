use super::{
    super::{
        clock_out::tests::Follower,
        port::{PortNews, SendFailed},
        sent::{SentReader, sent_log},
    },
    *,
};
use crate::{
    engine::{frame_clock::frame_clock, plan_cell::plan_cell},
    midi::ClockSends,
    music::Bpm,
};
use proptest::prelude::*;
use std::{cell::Cell, collections::VecDeque, sync::Mutex};

const RATE_HZ: f64 = 48_000.0;

/// A message, and the instant it was due on.
type Due = (u64, Vec<u8>);

/// The device at a port, which can refuse or be away.
#[derive(Clone, Default)]
struct Far {
    heard: Arc<Mutex<Vec<Due>>>,
    deaf: Arc<AtomicBool>,
    away: Arc<AtomicBool>,
    news: Arc<Mutex<VecDeque<PortNews>>>,
}

impl MidiOut for Far {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        assert!(!self.away.load(Ordering::Relaxed), "{bytes:02X?} to a port that does not exist");
        if self.deaf.load(Ordering::Relaxed) {
            return Err(SendFailed);
        }
        self.heard.lock().unwrap().push((at_ns, bytes.to_vec()));
        Ok(())
    }

    fn is_there(&self) -> bool {
        !self.away.load(Ordering::Relaxed)
    }

    fn news(&mut self) -> Option<PortNews> {
        let news = self.news.lock().unwrap().pop_front()?;
        self.away.store(news == PortNews::Gone, Ordering::Relaxed);
        Some(news)
    }
}

impl Far {
    fn take(&self) -> Vec<Due> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    fn take_bytes(&self) -> Vec<u8> {
        self.take().into_iter().flat_map(|(_, bytes)| bytes).collect()
    }

    fn tell(&self, news: PortNews) {
        self.news.lock().unwrap().push_back(news);
    }
}

/// A clock thread's state on one port, stepped by hand.
struct Bench {
    thread: ClockThread,
    far: Far,
    panel: Arc<PortPanel>,
    sent: SentReader,
    now_ns: Cell<u64>,
}

impl Bench {
    fn new(plan: Plan) -> Bench {
        Bench::on(plan, PortPanel::default())
    }

    fn on(plan: Plan, panel: PortPanel) -> Bench {
        let (far, panel) = (Far::default(), Arc::new(panel));
        let port = ClockPort::new(PortIndex(0), Box::new(far.clone()), Arc::clone(&panel));
        let (log, sent) = sent_log();
        let (mut feed, frames) = frame_clock(RATE_HZ);
        feed.exactly(0, 1);
        let (_, plan) = plan_cell(plan);
        Bench { thread: ClockThread::new(vec![port], plan, frames, log), far, panel, sent, now_ns: Cell::new(0) }
    }

    /// Steps at the instant of a frame; returns until when it would sleep, as a frame.
    fn at(&mut self, frame: f64) -> f64 {
        self.now_ns.set((frame * 1e9 / RATE_HZ).round() as u64);
        let now_ns = self.now_ns.clone();
        self.thread.step(&|| now_ns.get()) as f64 * RATE_HZ / 1e9
    }

    /// Steps whenever a message is due, up to a frame.
    fn run(&mut self, from: f64, to: f64) {
        let mut frame = from;
        while frame <= to {
            frame = self.at(frame).max(frame + 1e-3);
        }
    }
}

/// 1000 frames a pulse.
fn plan() -> Plan {
    Plan::new(Bpm::DEFAULT, RATE_HZ, true)
}

/// The song begins with the pulse on frame 1000.
fn rolling() -> Plan {
    let mut plan = plan();
    plan.roll(0.0, 1);
    plan
}

fn beside(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.01
}

#[test]
fn it_sleeps_to_the_next_pulse_and_sends_it_on_its_instant() {
    let mut bench = Bench::new(rolling());
    assert!(beside(bench.at(10.0), 1000.0 - 960.0), "to the start, 20 ms before its pulse");
    assert!(beside(bench.at(40.0), 1000.0));
    assert_eq!(bench.sent.pop().unwrap().payload.bytes(), [0xFA]);
    for pulse in 1..100 {
        assert!(beside(bench.at(f64::from(pulse) * 1000.0), f64::from(pulse + 1) * 1000.0));
        let sent = bench.sent.pop().unwrap();
        assert!((sent.at_ns as f64 * RATE_HZ / 1e9 - f64::from(pulse) * 1000.0).abs() < 0.001);
        assert!(sent.waited_ns < 100, "{}", sent.waited_ns);
    }
    assert_eq!(bench.thread.counters().late.load(Ordering::Relaxed), 0);
}

#[test]
fn at_any_tempo_the_start_comes_behind_the_pulse_before_the_first() {
    for bpm in [60.0, 120.0, 174.0, 300.0] {
        let mut plan = plan();
        plan.set_bpm(Bpm::new(bpm).unwrap(), 0);
        plan.roll(0.0, 2000);
        let first = plan.last().from_frame as f64;
        let mut bench = Bench::new(plan);
        bench.run(10.0, first + 1.0);
        let heard = bench.far.take();
        let start = heard.iter().position(|(_, bytes)| bytes == &[0xFA]).unwrap();
        let before = first - heard[start].0 as f64 * RATE_HZ / 1e9;
        let pulse = 60.0 * RATE_HZ / bpm / 24.0;
        assert!((before - pulse.min(960.0)).abs() < 3.0, "{bpm} BPM: {before} frames before");
        assert_eq!(heard.len() - start, 2, "{bpm} BPM: the first pulse follows");
    }
}

#[test]
fn lateness_is_counted_from_the_pulse_s_own_instant() {
    let mut bench = Bench::new(plan());
    bench.at(10.0);
    bench.at(1000.0 + 96.0);
    let sent = bench.sent.pop().unwrap();
    assert!(sent.at_ns.abs_diff(1_000_000_000 / 48) < 100 && sent.waited_ns.abs_diff(2_000_000) < 100, "{sent:?}");
    let counters = bench.thread.counters();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!((read(&counters.pulses), read(&counters.late), read(&counters.skipped)), (1, 1, 0));
    assert!((1999..=2000).contains(&read(&counters.latest_us)));
}

#[test]
fn a_follower_that_lost_a_pulse_is_stopped_and_continues_on_the_sixteenth() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 3500.0);
    bench.far.deaf.store(true, Ordering::Relaxed);
    bench.run(3500.0, 5500.0);
    bench.far.deaf.store(false, Ordering::Relaxed);
    bench.run(5500.0, 8500.0);
    let before = [0xFA, 0xF8, 0xF8, 0xF8];
    let after = [0xFC, 0xF2, 1, 0, 0xF8, 0xFB, 0xF8, 0xF8];
    assert_eq!(bench.far.take_bytes(), [&before[..], &after].concat());
}

#[test]
fn a_follower_that_refuses_the_stop_is_sent_it_until_it_takes_it() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 1500.0);
    let Bench { thread, far, .. } = &mut bench;
    let (port, log) = (&mut thread.ports[0], &mut thread.log);
    far.deaf.store(true, Ordering::Relaxed);
    assert!(!port.stop(0, log) && !port.stop(0, log));
    far.deaf.store(false, Ordering::Relaxed);
    assert!(port.stop(0, log) && port.stop(0, log));
    assert_eq!(far.take_bytes(), [0xFA, 0xF8, 0xFC]);
}

#[test]
fn three_overdue_pulses_are_sent_and_four_are_not() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 2500.0);
    bench.far.take();
    bench.at(5500.0);
    assert_eq!(bench.far.take_bytes(), [0xF8; 3]);
    bench.at(9500.0);
    // Pulse 9 is next; the sixteenth after it is pulse 12.
    assert_eq!(bench.far.take_bytes(), [0xFC, 0xF2, 2, 0]);
    assert_eq!(bench.thread.counters().skipped.load(Ordering::Relaxed), 4);
    bench.run(9500.0, 14_500.0);
    assert_eq!(bench.far.take_bytes(), [0xF8, 0xF8, 0xF8, 0xFB, 0xF8, 0xF8]);
}

#[test]
fn nothing_is_sent_to_a_port_that_is_gone_and_one_that_comes_back_begins_like_a_new_one() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 2500.0);
    bench.far.tell(PortNews::Gone);
    bench.far.take();
    bench.run(2500.0, 100_000.0);
    assert_eq!(bench.far.take(), []);
    bench.far.tell(PortNews::Connected);
    // It is seen within a tenth of a second: here on pulse 103.
    bench.at(104_000.0);
    assert_eq!(bench.far.take_bytes(), [0xF2, 18, 0, 0xF8]);
    bench.run(104_000.0, 109_500.0);
    assert_eq!(bench.far.take_bytes(), [0xF8, 0xF8, 0xF8, 0xF8, 0xFB, 0xF8]);
    assert_eq!(bench.thread.counters().skipped.load(Ordering::Relaxed), 0);
}

#[test]
fn a_port_that_went_and_came_between_two_looks_begins_like_a_new_one_and_is_not_lost() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 2500.0);
    bench.far.deaf.store(true, Ordering::Relaxed);
    bench.at(3000.0);
    bench.far.take();
    bench.far.deaf.store(false, Ordering::Relaxed);
    bench.far.tell(PortNews::Gone);
    bench.far.tell(PortNews::Connected);
    bench.run(3500.0, 7500.0);
    assert_eq!(bench.far.take_bytes(), [0xF2, 1, 0, 0xF8, 0xF8, 0xF8, 0xFB, 0xF8]);
}

#[test]
fn an_offset_moves_every_pulse_by_itself() {
    for (offset_ms, first) in [(10.0, 1480.0), (-10.0, 520.0)] {
        let mut bench = Bench::on(plan(), PortPanel::new(ClockSends::ALL, offset_ms));
        let wakes = bench.at(500.0);
        assert!(beside(wakes, first) || beside(wakes, first - 960.0), "{wakes}");
        bench.run(500.0, 10_000.0);
        for (i, (at_ns, _)) in bench.far.take().into_iter().enumerate() {
            let frame = at_ns as f64 * RATE_HZ / 1e9;
            assert!(beside(frame, first + i as f64 * 1000.0), "{offset_ms} ms: pulse {i} on {frame}");
        }
    }
}

#[test]
fn a_stream_that_begins_anew_further_back_is_followed() {
    let mut bench = Bench::new(rolling());
    bench.run(500.0, 50_500.0);
    bench.far.take();
    bench.at(20_500.0);
    assert!(bench.far.take_bytes().is_empty());
    bench.run(20_500.0, 25_500.0);
    assert_eq!(bench.far.take_bytes(), [0xFC, 0xF2, 4, 0, 0xF8, 0xF8, 0xF8, 0xF8, 0xFB, 0xF8]);
}

proptest! {
    #[test]
    fn a_moving_offset_makes_neither_a_burst_nor_a_gap(
        moves in prop::collection::vec((-500.0..500.0f64, 1000.0..100_000.0f64), 1..8),
        bpm in 20.0..300.0f64,
    ) {
        let mut plan = plan();
        plan.set_bpm(Bpm::new(bpm).unwrap(), 0);
        let per_pulse = plan.last().timeline.frames_per_pulse();
        let mut bench = Bench::new(plan);
        let (mut frame, mut last) = (50_000.0, None);
        bench.at(frame);
        for (offset_ms, frames) in moves {
            bench.panel.set_offset_ms(offset_ms);
            bench.run(frame, frame + frames);
            frame += frames;
            bench.at(frame);
            for (at_ns, bytes) in bench.far.take() {
                prop_assert_eq!(bytes, [0xF8]);
                let at = at_ns as f64 * RATE_HZ / 1e9;
                if let Some(last) = last.replace(at) {
                    let apart = (at - last) / per_pulse;
                    prop_assert!((1.0 / 1.1 - 0.01..1.0 / 0.9 + 0.01).contains(&apart), "{apart} pulses apart at {at}");
                }
            }
        }
    }

    /// Each sleep ends late by some frames; now and then by a lot.
    #[test]
    fn however_long_it_is_held_up_no_pulse_is_stale_and_followers_are_in_step_again(
        held_up in prop::collection::vec(prop_oneof![9 => 0.0..50.0f64, 1 => 50.0..60_000.0f64], 1..300),
        bpm in 20.0..300.0f64,
    ) {
        let mut plan = plan();
        plan.set_bpm(Bpm::new(bpm).unwrap(), 0);
        plan.roll(0.0, 100);
        let mut bench = Bench::new(plan);
        let (mut follower, mut frame, mut since) = (Follower::default(), bench.at(1.0), 0);
        let quiet = std::iter::repeat_n(0.0, 40);
        for late in held_up.into_iter().chain(quiet) {
            frame += late;
            let next = bench.at(frame);
            let here = plan.at(frame as i64).song_pulse_at(frame);
            since = if late > 50.0 { 0 } else { since + 1 };
            let heard = bench.far.take();
            let pulses = heard.iter().filter(|(_, bytes)| bytes == &[0xF8]).count();
            prop_assert!(pulses <= 3, "{pulses} at once");
            for (_, bytes) in heard {
                if let Some(pulse) = follower.hear(&bytes) {
                    let behind = here - pulse as f64;
                    prop_assert!((-0.01..3.01).contains(&behind), "plays {pulse} at {here}");
                }
            }
            prop_assert!(follower.running || since < 20, "it never got in again");
            frame = next.max(frame + 0.01);
        }
    }
}
