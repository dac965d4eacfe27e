use super::*;
use crate::music::{Bpm, LoopRegion};
use proptest::prelude::*;

const CLOCK: Message = Message::CLOCK;
const ALL: ClockSends = ClockSends::ALL;

/// A follower as the MIDI specification describes one: it knows its place from counting pulses alone.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Follower {
    pub(in crate::engine) running: bool,
    next_pulse: i64,
}

impl Follower {
    /// Takes a message; returns the pulse of the song it plays, if it plays one.
    pub(in crate::engine) fn hear(&mut self, message: &[u8]) -> Option<i64> {
        match *message {
            [0xF8] if self.running => {
                self.next_pulse += 1;
                return Some(self.next_pulse - 1);
            }
            [0xFA] => (self.running, self.next_pulse) = (true, 0),
            [0xFB] => self.running = true,
            [0xFC] => self.running = false,
            [0xF2, low, high] => {
                assert!(!self.running, "a follower that runs ignores positions");
                self.next_pulse = (i64::from(low) + i64::from(high) * 128) * PULSES_PER_SIXTEENTH;
            }
            _ => {}
        }
        None
    }
}

fn plan() -> Plan {
    Plan::new(Bpm::DEFAULT, 48_000.0, true)
}

fn run_with(out: &mut ClockOut, plan: &Plan, sends: ClockSends, window: Range<i64>) -> Vec<(i64, Message)> {
    let mut sent = Vec::new();
    out.window(plan, sends, window, |frame, message| sent.push((frame.floor() as i64, message)));
    sent
}

fn run(out: &mut ClockOut, plan: &Plan, window: Range<i64>) -> Vec<(i64, Message)> {
    run_with(out, plan, ALL, window)
}

fn commands(sent: &[(i64, Message)]) -> Vec<(i64, Message)> {
    sent.iter().copied().filter(|(_, m)| *m != CLOCK).collect()
}

#[test]
fn start_comes_before_the_first_pulse_of_the_song_and_after_the_one_before() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(0.0, 1500);
    let sent = run(&mut out, &plan, 0..3001);
    assert_eq!(sent, [(0, CLOCK), (1000, CLOCK), (1040, Message::START), (2000, CLOCK), (3000, CLOCK)]);
    let (mut plan, mut out) = (Plan::new(Bpm::MAX, 48_000.0, true), ClockOut::new());
    plan.roll(0.0, 500);
    let sent = run(&mut out, &plan, 0..1001);
    assert_eq!(sent, [(0, CLOCK), (400, CLOCK), (401, Message::START), (800, CLOCK)]);
}

#[test]
fn a_start_that_comes_late_still_comes_before_its_pulse() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    run(&mut out, &plan, 0..1700);
    plan.roll(0.0, 1700);
    assert_eq!(run(&mut out, &plan, 1700..2001), [(1700, Message::START), (2000, CLOCK)]);
}

#[test]
fn a_start_that_is_cancelled_is_a_stop() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(0.0, 1500);
    run(&mut out, &plan, 0..1800);
    plan.stand(0.0, 1900);
    assert_eq!(commands(&run(&mut out, &plan, 1800..9000)), [(1800, Message::STOP)]);
}

#[test]
fn a_song_from_the_middle_continues_on_its_sixteenth() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(25.0, 500);
    let sent = commands(&run(&mut out, &plan, 0..20_000));
    // Pulse 25 sounds on frame 1000; the next sixteenth is pulse 30, five pulses later.
    assert_eq!(sent, [(1000, Message::song_position(5)), (5040, Message::CONTINUE)]);
}

#[test]
fn a_locate_sends_the_song_position_playing_or_stopped() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.stand(96.0, 500);
    assert_eq!(commands(&run(&mut out, &plan, 0..600)), [(500, Message::song_position(16))]);
    plan.roll(96.0, 700);
    assert_eq!(
        commands(&run(&mut out, &plan, 600..1500)),
        [(600, Message::song_position(16)), (600, Message::CONTINUE)]
    );
    plan.roll(0.0, 2500);
    assert_eq!(commands(&run(&mut out, &plan, 1500..4000)), [(2040, Message::STOP), (2040, Message::START)]);
    plan.stand(3.0, 4100);
    assert_eq!(commands(&run(&mut out, &plan, 4000..9000)), [(4100, Message::STOP)]);
}

#[test]
fn without_a_clock_nothing_is_sent_but_the_stop() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(0.0, 0);
    run(&mut out, &plan, 0..1000);
    plan.set_clock(false, 1500);
    assert_eq!(run(&mut out, &plan, 1000..9000), [(1000, CLOCK), (1500, Message::STOP)]);
}

#[test]
fn a_follower_stops_when_its_clock_is_switched_off_and_begins_anew_when_it_is_on() {
    for off in [ClockSends { pulses: false, ..ALL }, ClockSends { transport: false, ..ALL }] {
        let (mut plan, mut out) = (plan(), ClockOut::new());
        plan.roll(0.0, 0);
        run(&mut out, &plan, 0..1500);
        let sent = run_with(&mut out, &plan, off, 1500..2500);
        assert_eq!(commands(&sent), [(1500, Message::STOP)], "{off:?}");
        assert_eq!(sent.len() > 1, off.pulses, "{off:?}");
        assert_eq!(commands(&run_with(&mut out, &plan, off, 2500..9500)), [], "{off:?}");
        let again = commands(&run(&mut out, &plan, 9500..20_000));
        assert_eq!(again, [(9500, Message::song_position(2)), (11_040, Message::CONTINUE)], "{off:?}");
    }
}

#[test]
fn without_positions_it_still_continues_on_a_sixteenth() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(25.0, 500);
    let sent = run_with(&mut out, &plan, ClockSends { position: false, ..ALL }, 0..20_000);
    assert_eq!(commands(&sent), [(5040, Message::CONTINUE)]);
}

#[test]
fn a_song_past_the_range_of_a_position_keeps_its_place_in_the_bar() {
    for bar in [1023, 1024, 1025, 1500, 2048, 5000, 100_000] {
        for sixteenth in 0..16 {
            let (mut plan, mut out) = (plan(), ClockOut::new());
            let song_pulse = (bar * 16 + sixteenth) * PULSES_PER_SIXTEENTH;
            plan.roll(song_pulse as f64, 500);
            let mut follower = Follower::default();
            let sent = run(&mut out, &plan, 0..20_000);
            let first = sent.iter().find_map(|(_, message)| follower.hear(message.bytes()));
            assert_eq!(first.map(|pulse| pulse % 96), Some(song_pulse % 96), "bar {bar}, sixteenth {sixteenth}");
        }
    }
}

#[test]
fn a_port_with_transport_alone_is_started_and_stopped() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    let transport = ClockSends { transport: true, ..ClockSends::NONE };
    plan.roll(0.0, 500);
    assert_eq!(run_with(&mut out, &plan, transport, 0..5000), [(40, Message::START)]);
    plan.stand(5.0, 6000);
    assert_eq!(run_with(&mut out, &plan, transport, 5000..9000), [(6000, Message::STOP)]);
}

#[test]
fn a_port_without_transport_gets_no_stop_at_the_end() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.roll(0.0, 0);
    run_with(&mut out, &plan, ClockSends { transport: false, ..ALL }, 0..5000);
    out.stop(|message| panic!("{message:?}"));
}

/// An edit of the plan by the control thread.
#[derive(Clone, Debug)]
enum Edit {
    Bpm(f64),
    Roll(f64),
    Stand(f64),
    Clock(bool),
    /// The windows jump.
    Jump(i64),
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (20.0..300.0f64).prop_map(Edit::Bpm),
        3 => (0.0..500.0f64).prop_map(Edit::Roll),
        1 => (0.0..500.0f64).prop_map(Edit::Stand),
        1 => any::<bool>().prop_map(Edit::Clock),
        2 => (-20_000..100_000i64).prop_map(Edit::Jump),
    ]
}

proptest! {
    #[test]
    fn cutting_time_into_other_windows_changes_nothing(cuts in prop::collection::vec(1i64..3000, 1..60), at in 0.0..200.0f64) {
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

    #[test]
    fn a_port_gets_its_clock_messages_and_no_others(
        pulses in any::<bool>(), transport in any::<bool>(), position in any::<bool>(), at in 0.0..200.0f64,
    ) {
        let sends = ClockSends { pulses, transport, position };
        let mut plan = plan();
        plan.roll(at, 5000);
        plan.set_bpm(Bpm::new(173.0).unwrap(), 20_000);
        plan.roll(at + 3.0, 40_000);
        plan.stand(7.0, 60_000);
        let mut expected = run(&mut ClockOut::new(), &plan, 0..70_000);
        expected.retain(|(_, message)| passes(sends, *message));
        prop_assert_eq!(run_with(&mut ClockOut::new(), &plan, sends, 0..70_000), expected);
    }

    /// Windows run ahead of the edits, as those of a port with a negative offset do, and jump now and then.
    #[test]
    fn after_edits_behind_its_windows_a_follower_is_in_step_again(
        edits in prop::collection::vec((edits(), 0i64..60_000, 0i64..24_000), 1..20), block in 100i64..5000,
    ) {
        let (mut plan, mut out, mut follower) = (plan(), ClockOut::new(), Follower::default());
        plan.roll(0.0, 0);
        let mut at = 0;
        for (edit, passes, ahead) in edits {
            let earliest = (at - ahead).max(0);
            match edit {
                Edit::Bpm(bpm) => plan.set_bpm(Bpm::new(bpm).unwrap(), earliest),
                Edit::Roll(pulse) => { plan.roll(pulse, earliest); }
                Edit::Stand(pulse) => plan.stand(pulse, earliest),
                Edit::Clock(on) => plan.set_clock(on, earliest),
                Edit::Jump(frames) => at += frames,
            }
            // Three pulses to wait for and a sixteenth, at the slowest tempo.
            let settled = at.max(plan.last().from_frame) + 10 * 6000;
            let end = settled + passes;
            while at < end {
                let window = at..(at + block).min(end);
                at = window.end;
                let mut burst = (f64::NAN, 0);
                let mut wrong = None;
                let mut heard = Vec::new();
                out.window(&plan, ALL, window, |frame, message| {
                    let played = follower.hear(message.bytes());
                    if message == CLOCK {
                        burst = if burst.0 == frame { (frame, burst.1 + 1) } else { (frame, 1) };
                        heard.push((frame.floor() as i64, played));
                        if burst.1 > MOST_MADE_UP + 1 {
                            wrong = Some(frame);
                        }
                    }
                });
                prop_assert_eq!(wrong, None, "a burst");
                for (frame, played) in heard.into_iter().filter(|(frame, _)| *frame >= settled) {
                    let pulse = plan.pulses(frame..frame + 1).next();
                    prop_assert!(pulse.is_some(), "a pulse beside the grid at {}", frame);
                    prop_assert_eq!(played, pulse.and_then(|pulse| pulse.song_pulse), "at {}", frame);
                }
            }
            let rolls = plan.last().clock_on && matches!(plan.last().song, Song::Rolling { .. });
            prop_assert_eq!(follower.running, rolls);
        }
    }
}

fn looped(from_pulse: i64, to_pulse: i64) -> Option<LoopRegion> {
    Some(LoopRegion::new(from_pulse..to_pulse).unwrap())
}

#[test]
fn across_the_wraps_of_a_loop_a_follower_gets_pulses_and_nothing_else() {
    let (mut plan, mut without) = (plan(), plan());
    plan.set_loop(looped(25, 52), 0);
    plan.roll(0.0, 500);
    without.roll(0.0, 500);
    let sent = run(&mut ClockOut::new(), &plan, 0..500_000);
    assert_eq!(sent, run(&mut ClockOut::new(), &without, 0..500_000));
    assert_eq!(commands(&sent), [(40, Message::START)]);
}

#[test]
fn a_loop_that_is_changed_or_turned_off_sends_nothing() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.set_loop(looped(0, 96), 0);
    plan.roll(0.0, 500);
    assert_eq!(commands(&run(&mut out, &plan, 0..60_000)), [(40, Message::START)]);
    plan.set_loop(looped(0, 24), 60_000);
    let shorter = run(&mut out, &plan, 60_000..120_000);
    plan.set_loop(None, 120_000);
    let off = run(&mut out, &plan, 120_000..180_000);
    let every_pulse: Vec<_> = (60..180).map(|i| (i * 1000, CLOCK)).collect();
    assert_eq!([shorter, off].concat(), every_pulse);
}

#[test]
fn a_follower_that_continues_on_a_later_pass_gets_the_songs_place_in_the_loop() {
    let (mut plan, mut out) = (plan(), ClockOut::new());
    plan.set_loop(looped(24, 48), 0);
    plan.roll(0.0, 1);
    run(&mut out, &plan, 0..62_500);
    // Song pulse 37 on pass 1 has come.
    let at_pulse = plan.last().song_pulse_at(62_500.0);
    plan.stand(at_pulse, 62_500);
    assert_eq!(commands(&run(&mut out, &plan, 62_500..70_000)), [(62_500, Message::STOP)]);
    plan.roll(at_pulse, 70_000);
    let begin = plan.last().from_frame;
    let sent = commands(&run(&mut out, &plan, 70_000..90_000));
    assert_eq!(sent[0], (begin, Message::song_position(7)));
    assert_eq!(sent[1].1, Message::CONTINUE);
    let first = plan.pulses(sent[1].0 + 1..90_000).find(|pulse| pulse.song_pulse.is_some_and(is_sixteenth));
    assert_eq!(first.and_then(|pulse| pulse.song_pulse), Some(42));
}

#[test]
fn a_follower_that_comes_in_before_the_wrap_begins_behind_it() {
    // No sixteenth is left before the end of the loop, and its beginning is none.
    let mut plan = plan();
    plan.set_loop(looped(2, 47), 0);
    plan.roll(0.0, 0);
    let sent = commands(&run(&mut ClockOut::new(), &plan, 42_500..60_000));
    assert_eq!(sent, [(42_500, Message::song_position(1)), (50_040, Message::CONTINUE)]);
    // One that begins with the song's beginning starts.
    plan.set_loop(looped(0, 48), 0);
    let sent = commands(&run(&mut ClockOut::new(), &plan, 43_500..60_000));
    assert_eq!(sent, [(47_040, Message::START)]);
}

proptest! {
    #[test]
    fn a_follower_plays_the_songs_place_from_where_it_came_in_until_the_wrap(
        from in 0i64..200, len in 24i64..200, at in 0.0..200.0f64, comes_in in 10_000i64..2_000_000,
    ) {
        let mut plan = plan();
        plan.set_loop(looped(from, from + len), 0);
        plan.roll(at, 0);
        let (mut follower, mut played) = (Follower::default(), Vec::new());
        let end = comes_in + 24_000;
        ClockOut::new().window(&plan, ALL, comes_in..end, |frame, message| {
            if let Some(pulse) = follower.hear(message.bytes()) {
                played.push((frame as i64, pulse));
            }
        });
        prop_assert!(follower.running && played.len() >= 10);
        let song = |frame: i64| plan.pulses(frame..frame + 1).find_map(|pulse| Some((pulse.run_pulse?, pulse.song_pulse?)));
        let first = song(played[0].0).unwrap();
        prop_assert_eq!(played[0].1, first.1, "it begins where the song is");
        for (frame, pulse) in played {
            prop_assert_eq!(song(frame).map(|at| at.0 - first.0), Some(pulse - first.1), "and counts on evenly");
        }
    }
}
