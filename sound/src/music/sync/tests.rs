//! Laws of the follower: steady with a steady source, quick with a changing one, unchanged by false pulses.

use super::*;
use proptest::prelude::*;

/// Time of the first instant, so that none is negative.
const BEGIN_NS: f64 = 5e9;

/// Uniform, -1..1, the same for the same seed (xorshift64*).
struct Scramble(u64);

impl Scramble {
    fn new(seed: u64) -> Scramble {
        Scramble(seed.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1)
    }

    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn interval_ns(bpm: f64) -> f64 {
    MINUTE_NS / (bpm * PPQN as f64)
}

/// A source whose pulses are sent at its tempo, and arrive with jitter.
struct Source {
    follower: ClockFollower,
    at_ns: f64,
    jitter_ns: f64,
    scramble: Scramble,
}

impl Source {
    fn new(jitter_ns: f64, seed: u64) -> Source {
        Source { follower: ClockFollower::new(), at_ns: BEGIN_NS, jitter_ns, scramble: Scramble::new(seed) }
    }

    /// Sends this many pulses, the first one interval after the last one before; checks the follower after each.
    fn pulses(&mut self, count: usize, bpm: f64, mut look: impl FnMut(&ClockFollower, usize)) {
        for i in 0..count {
            self.at_ns += interval_ns(bpm);
            self.pulse();
            look(&self.follower, i);
        }
    }

    fn pulse(&mut self) -> Option<SyncEvent> {
        let arrives_ns = self.at_ns + self.scramble.next() * self.jitter_ns;
        self.follower.pulse(arrives_ns as u64)
    }

    fn bpm(&self) -> f64 {
        bpm(&self.follower)
    }

    /// The number of the newest pulse.
    fn number(&self) -> i64 {
        self.follower.time().unwrap().pulse
    }

    /// A clean source on which the follower is locked, with 99 as the newest pulse.
    fn locked(bpm: f64) -> Source {
        let mut source = Source::new(0.0, 1);
        source.pulses(100, bpm, |_, _| ());
        source
    }
}

fn bpm(follower: &ClockFollower) -> f64 {
    follower.time().map_or(0.0, |time| 60e9 / (24.0 * time.ns_per_pulse))
}

fn pulses_in(seconds: f64, bpm: f64) -> usize {
    (seconds * bpm * 24.0 / 60.0) as usize
}

proptest! {
    #[test]
    fn a_millisecond_of_jitter_leaves_a_tempo_steady_to_a_hundredth(x in 60.0..200.0f64, seed in any::<u64>()) {
        let mut source = Source::new(1e6, seed);
        let (mut after_a_beat, mut settled, mut phase_ns) = (0.0f64, 0.0f64, 0.0f64);
        source.pulses(pulses_in(40.0, x), x, |follower, i| {
            let off = (bpm(follower) - x).abs();
            let true_ns = BEGIN_NS + (i + 1) as f64 * interval_ns(x);
            if i >= 26 {
                after_a_beat = after_a_beat.max(off);
                assert_eq!(follower.state(), SyncState::Locked);
            }
            if i > pulses_in(12.0, x) {
                settled = settled.max(off);
                phase_ns = phase_ns.max((follower.time().unwrap().ns - true_ns).abs());
            }
        });
        // The tempo is the inverse of the interval: the same jitter counts with its square.
        prop_assert!(after_a_beat < 0.6 * (x / 120.0).max(1.0).powi(2), "{after_a_beat} BPM off after a beat");
        prop_assert!(settled < 0.01, "{settled} BPM off");
        prop_assert!(phase_ns < 500e3, "{phase_ns} ns off");
    }

    #[test]
    fn a_source_that_drifts_is_followed(x in 60.0..200.0f64, seed in any::<u64>()) {
        let mut source = Source::new(200e3, seed);
        source.pulses(pulses_in(15.0, x), x, |_, _| ());
        // 0.1 % in 20 s.
        let count = pulses_in(20.0, x);
        for i in 0..count {
            let now = x * (1.0 + 1e-3 * i as f64 / count as f64);
            source.pulses(1, now, |_, _| ());
            prop_assert!((source.bpm() / now - 1.0).abs() < 5e-3);
            prop_assert!((source.follower.time().unwrap().ns - source.at_ns).abs() < 2e6);
        }
    }

    #[test]
    fn another_tempo_is_followed_within_two_beats(a in 40.0..200.0f64, b in 40.0..200.0f64, seed in any::<u64>()) {
        let mut source = Source::new(200e3, seed);
        source.pulses(pulses_in(10.0, a), a, |_, _| ());
        let before = source.number();
        source.pulses(48, b, |_, _| ());
        source.pulses(200, b, |follower, _| {
            assert!((bpm(follower) / b - 1.0).abs() < 0.01, "{} for {b}", bpm(follower));
        });
        prop_assert_eq!(source.follower.state(), SyncState::Locked);
        prop_assert!((source.number() - before - 248).abs() <= 1, "{} pulses for 248", source.number() - before);
    }

    #[test]
    fn garbage_is_overcome_within_two_beats(
        garbage in prop::collection::vec((0u8..6, any::<u64>(), 0u64..300_000_000), 0..200),
        x in 30.0..290.0f64,
    ) {
        let mut source = Source::new(0.0, 1);
        let follower = &mut source.follower;
        let mut at_ns = BEGIN_NS as u64;
        for (what, wild, since_ns) in garbage {
            at_ns += since_ns;
            match what {
                0 => follower.start(at_ns),
                1 => follower.stop(at_ns),
                2 => follower.continue_(wild),
                3 => follower.position(wild as u16 & 0x3fff, at_ns),
                4 if since_ns % 8 == 0 => follower.pulse(wild),
                4 => follower.look(wild),
                _ => follower.pulse(at_ns),
            };
            if let Some(time) = follower.time() {
                prop_assert!(time.ns.is_finite() && time.ns_per_pulse.is_finite() && time.ns_per_pulse > 0.0);
            }
        }
        source.at_ns = at_ns as f64;
        source.pulses(48, x, |_, _| ());
        prop_assert!((source.bpm() / x - 1.0).abs() < 0.01, "{} for {x}", source.bpm());
        let off_ns = source.follower.time().unwrap().ns - source.at_ns;
        prop_assert!(off_ns.abs() < 0.1 * interval_ns(x), "{off_ns} ns off");
    }

    #[test]
    fn a_source_that_stops_is_lost_in_under_half_a_second(x in 20.0..300.0f64, count in 1usize..100) {
        let mut source = Source::new(0.0, 1);
        source.pulses(count, x, |_, _| ());
        let (mapping, last_ns) = (source.follower.time(), source.at_ns as u64);
        prop_assert_eq!(source.follower.look(last_ns + 249_000_000), None);
        source.follower.look(last_ns + 450_000_000);
        let lost = if count > 1 { SyncState::Lost } else { SyncState::Waiting };
        prop_assert_eq!(source.follower.state(), lost);
        prop_assert_eq!(source.follower.time(), mapping, "the mapping is unchanged");
    }

    #[test]
    fn single_missing_pulses_are_counted_and_leave_the_phase(
        x in 20.0..250.0f64, between in prop::collection::vec(3i64..12, 30),
    ) {
        let mut source = Source::locked(x);
        let missing: Vec<i64> = between.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
        for i in 0..200 {
            source.at_ns += interval_ns(x);
            if !missing.contains(&i) || i == 199 {
                source.pulse();
            }
            let off_ns = source.follower.time().unwrap().ns_of(100 + i) - source.at_ns;
            prop_assert!(off_ns.abs() < 1e3, "{off_ns} ns off");
        }
        prop_assert_eq!(source.number(), 299);
    }
}

#[test]
fn a_good_estimate_comes_with_the_fourth_pulse() {
    for seed in 1..100 {
        let mut source = Source::new(200e3, seed);
        source.pulses(4, 120.0, |_, _| ());
        assert!((source.bpm() - 120.0).abs() < 1.5, "{}", source.bpm());
    }
}

#[test]
fn doubled_pulses_are_one() {
    let mut source = Source::new(0.0, 1);
    for _ in 0..200 {
        source.at_ns += interval_ns(120.0);
        source.pulse();
        source.follower.pulse((source.at_ns + 300e3) as u64);
    }
    assert_eq!(source.number(), 199);
    assert!((source.bpm() - 120.0).abs() < 1e-3);
}

#[test]
fn a_burst_after_a_stall_changes_nothing() {
    for held_up in 2..6 {
        let mut source = Source::locked(120.0);
        source.at_ns += f64::from(held_up) * interval_ns(120.0);
        for i in 0..held_up {
            source.follower.pulse((source.at_ns + f64::from(i) * 400e3) as u64);
        }
        let bpm_after = source.bpm();
        assert!((bpm_after - 120.0).abs() < 0.01, "{bpm_after}");
        source.pulses(50, 120.0, |follower, _| assert!((bpm(follower) - 120.0).abs() < 0.01));
        assert_eq!(source.number(), 149 + i64::from(held_up));
    }
}

#[test]
fn a_late_pulse_changes_nothing() {
    let mut source = Source::locked(120.0);
    source.follower.pulse((source.at_ns + 1.3 * interval_ns(120.0)) as u64);
    source.at_ns += interval_ns(120.0);
    source.pulses(50, 120.0, |follower, _| assert!((bpm(follower) - 120.0).abs() < 0.2, "{}", bpm(follower)));
    assert_eq!(source.number(), 150);
}

#[test]
fn a_tempo_out_of_range_is_unsteady() {
    for x in [12.0, 17.0, 360.0, 600.0, 2000.0] {
        let mut source = Source::new(0.0, 1);
        source.pulses(pulses_in(5.0, x), x, |_, _| ());
        assert!(matches!(source.follower.state(), SyncState::Unsteady | SyncState::Waiting), "{x}");
        let mut source = Source::locked(120.0);
        source.pulses(pulses_in(3.0, x), x, |_, _| ());
        assert_ne!(source.follower.state(), SyncState::Locked, "{x}");
        assert!((source.bpm() - 120.0).abs() < 6.0, "the mapping is unchanged: {} for {x}", source.bpm());
    }
}

#[test]
fn a_cable_that_was_unplugged_does_not_change_the_numbers() {
    let mut source = Source::locked(120.0);
    source.at_ns += 96.0 * interval_ns(120.0);
    assert_eq!(source.follower.look(source.at_ns as u64), Some(SyncEvent::Lost));
    source.at_ns += interval_ns(120.0);
    assert_eq!(source.pulse(), Some(SyncEvent::Found { source_pulse: 196 }));
    source.pulses(30, 120.0, |_, _| ());
    assert_eq!((source.number(), source.follower.state()), (226, SyncState::Locked));
}

#[test]
fn the_song_begins_with_the_first_pulse_after_start() {
    let rolls = Some(SyncEvent::Rolls { song_pulse: 0, source_pulse: 100 });
    for before_ns in [15e6, 900e3, 10e3] {
        let mut source = Source::locked(120.0);
        source.at_ns += interval_ns(120.0);
        assert_eq!(source.follower.start((source.at_ns - before_ns) as u64), rolls);
        source.pulse();
        assert_eq!(source.number(), 100);
    }
    // Right after a pulse: the order of the bytes counts, so it is the next.
    let mut source = Source::locked(120.0);
    assert_eq!(source.follower.start((source.at_ns + 300e3) as u64), rolls);
    source.pulses(24, 120.0, |_, _| ());
    let stops = source.follower.stop((source.at_ns + 1e6) as u64);
    assert_eq!(stops, Some(SyncEvent::Stops { song_pulse: 24 }));
}

#[test]
fn a_clock_that_restarts_with_start_is_followed_at_once() {
    for part in [0.02, 0.2, 0.4, 0.6, 0.9, 1.4] {
        let mut source = Source::locked(120.0);
        source.follower.start((source.at_ns + 100e3) as u64);
        source.at_ns += part * interval_ns(120.0);
        source.pulse();
        assert_eq!(source.number(), 100, "{part}");
        assert!((source.follower.time().unwrap().ns - source.at_ns).abs() < 2e6, "{part}");
        source.pulses(24, 120.0, |follower, _| assert!((bpm(follower) - 120.0).abs() < 1.0));
        assert_eq!(source.number(), 124, "{part}");
    }
}

#[test]
fn a_source_whose_clock_runs_only_with_its_song_begins_at_its_first_pulse() {
    let mut source = Source::new(0.0, 1);
    let start = source.follower.start(BEGIN_NS as u64);
    assert_eq!(start, Some(SyncEvent::Rolls { song_pulse: 0, source_pulse: 0 }));
    source.pulses(48, 120.0, |_, _| ());
    assert_eq!(source.number(), 47);
    // A minute later it starts again: the number of the pulse is the announced one, and the tempo is known at once.
    source.follower.stop(source.at_ns as u64);
    source.at_ns += 60e9;
    let start = source.follower.start(source.at_ns as u64);
    assert_eq!(start, Some(SyncEvent::Rolls { song_pulse: 0, source_pulse: 48 }));
    assert_eq!(source.pulse(), Some(SyncEvent::Found { source_pulse: 48 }));
    source.pulses(9, 90.0, |_, _| ());
    assert_eq!(source.number(), 57);
    assert!((source.bpm() - 90.0).abs() < 0.1);
}

#[test]
fn stop_continue_and_position_set_the_song_position() {
    let mut source = Source::locked(120.0);
    let now = |source: &Source| (source.at_ns + 2e6) as u64;
    let at = now(&source);
    assert_eq!(source.follower.stop(at), None, "it is stopped already");
    source.follower.start(at);
    source.pulses(10, 120.0, |_, _| ());
    let at = now(&source);
    assert_eq!(source.follower.continue_(at), None, "it rolls already");
    assert_eq!(source.follower.position(2, at), None, "that is where it is");
    assert_eq!(source.follower.stop(at), Some(SyncEvent::Stops { song_pulse: 10 }));
    source.pulses(100, 120.0, |_, _| ());
    let at = now(&source);
    let goes_on = Some(SyncEvent::Rolls { song_pulse: 10, source_pulse: 210 });
    assert_eq!(source.follower.continue_(at), goes_on);
    assert_eq!(source.follower.stop(at), Some(SyncEvent::Stops { song_pulse: 10 }), "no pulse has come");
    assert_eq!(source.follower.position(16, at), Some(SyncEvent::Located { song_pulse: 96 }));
    assert_eq!(source.follower.continue_(at), Some(SyncEvent::Rolls { song_pulse: 96, source_pulse: 210 }));
    source.pulses(5, 120.0, |_, _| ());
    let at = now(&source);
    let round = Some(SyncEvent::Rolls { song_pulse: 0, source_pulse: 215 });
    assert_eq!(source.follower.position(0, at), round, "the next round of a loop");
}

/// The follower of a source whose pulses wait for the end of an audio block, or come with its beginning (`early`): the
/// worst tempo error in BPM from the eighth second to the fourteenth, the worst phase error in ns, and the pulses by
/// which the song is off at the end.
fn in_blocks(x: f64, grain_ns: f64, early: bool) -> (f64, f64, i64) {
    let mut follower = ClockFollower::new();
    let (mut off_bpm, mut off_ns, mut origin) = (0.0f64, 0.0f64, 0);
    let mut roll = |event: Option<SyncEvent>| {
        if let Some(SyncEvent::Rolls { song_pulse, source_pulse }) = event {
            origin = source_pulse - song_pulse;
        }
    };
    roll(follower.start(BEGIN_NS as u64));
    let count = pulses_in(14.0, x);
    for i in 0..count {
        let true_ns = BEGIN_NS + 0.37 * grain_ns + i as f64 * interval_ns(x);
        let blocks = true_ns / grain_ns;
        let at_ns = if early { blocks.floor() } else { blocks.ceil() } * grain_ns;
        roll(follower.pulse(at_ns as u64));
        if i >= pulses_in(8.0, x) {
            assert_eq!(follower.state(), SyncState::Locked);
            off_bpm = off_bpm.max((bpm(&follower) - x).abs());
            off_ns = off_ns.max((follower.time().unwrap().ns - true_ns).abs());
        }
    }
    (off_bpm, off_ns, follower.time().unwrap().pulse - origin - (count as i64 - 1))
}

#[test]
fn a_clock_in_blocks_is_followed_to_a_tenth_in_eight_seconds_with_its_phase_and_its_song() {
    let grains_ms = [1.0, 5.0, 10.0, 512.0 / 48.0, 512.0 / 44.1, 15.0, 20.0, 1024.0 / 48.0, 1024.0 / 44.1, 25.0];
    let mut table = String::new();
    for x in [30.0, 40.0, 60.0, 72.0, 90.0, 97.3, 110.0, 118.0, 120.0, 128.0, 140.0, 160.0, 174.0, 200.0, 240.0, 300.0]
    {
        table += &format!("\n{x:>6}");
        for grain_ms in grains_ms {
            let (late, early) = (in_blocks(x, grain_ms * 1e6, false), in_blocks(x, grain_ms * 1e6, true));
            let (off_bpm, off_ns) = (late.0.max(early.0), late.1.max(early.1));
            table += &format!(" | {off_bpm:.3} {:4.1}", off_ns / 1e6);
            assert!(off_bpm < 0.1, "{x} BPM in blocks of {grain_ms} ms: {off_bpm} off");
            assert!(off_ns <= grain_ms * 1e6, "{x} BPM in blocks of {grain_ms} ms: {off_ns} ns off");
            assert_eq!((late.2, early.2), (0, 0), "{x} BPM in blocks of {grain_ms} ms: the song is elsewhere");
        }
    }
    // cargo test -- --nocapture: for each tempo and each grain, BPM and ms.
    println!("grains {grains_ms:.1?} ms{table}");
}

#[test]
fn three_pulses_a_block_are_three_however_far_apart_they_arrive() {
    for gap_ns in [0, 20_000, 320_000, 1_000_000] {
        let mut follower = ClockFollower::new();
        for block in 0..320 {
            for i in 0..3 {
                follower.pulse(BEGIN_NS as u64 + block * 25_000_000 + i * gap_ns);
            }
        }
        assert!((bpm(&follower) - 300.0).abs() < 0.1, "{} with {gap_ns} ns between", bpm(&follower));
    }
}

#[test]
fn pulses_lost_or_doubled_by_chance_are_no_blocks() {
    for (lost, doubled, gap_ns) in [(0.05, 0.0, 0.0), (0.0, 0.1, 300e3), (0.0, 0.1, 20e3), (0.02, 0.1, 300e3)] {
        for (x, seed) in [40.0, 90.0, 120.0, 180.0].into_iter().zip(1..) {
            let mut source = Source::new(1e6, seed);
            let mut chance = Scramble::new(seed ^ 0x55);
            for i in 0..pulses_in(20.0, x) {
                source.at_ns += interval_ns(x);
                if (chance.next() + 1.0) / 2.0 < lost {
                    continue;
                }
                let at_ns = source.at_ns + source.scramble.next() * source.jitter_ns;
                source.follower.pulse(at_ns as u64);
                if (chance.next() + 1.0) / 2.0 < doubled {
                    source.follower.pulse((at_ns + gap_ns) as u64);
                }
                let off = (source.bpm() - x).abs();
                assert!(i < pulses_in(8.0, x) || off < 0.05, "{off} off {x} BPM with {lost} lost, {doubled} doubled");
            }
        }
    }
}

/// The worst tempo error from the eighth second on, and the pulses by which the song is off at the end, with a source
/// whose blocks have up to 1 ms of jitter and are delayed at some seconds by so many ms; the blocks after them arrive
/// as soon as possible.
fn held_up(x: f64, grain_ns: f64, stalls: &[(f64, f64)]) -> (f64, i64) {
    let (mut follower, mut origin) = (ClockFollower::new(), 0);
    let mut roll = |event: Option<SyncEvent>| {
        if let Some(SyncEvent::Rolls { song_pulse, source_pulse }) = event {
            origin = source_pulse - song_pulse;
        }
    };
    roll(follower.start(BEGIN_NS as u64));
    let mut scramble = Scramble::new(7);
    let (mut count, mut free_ns, mut off_bpm) = (0, 0.0f64, 0.0f64);
    for block in 1..=(20e9 / grain_ns) as i64 {
        let due_ns = block as f64 * grain_ns;
        let stall_ms =
            stalls.iter().find(|(second, _)| (second * 1e9 / grain_ns) as i64 == block).map_or(0.0, |it| it.1);
        let mut at_ns = (due_ns + stall_ms * 1e6 + (scramble.next() + 1.0).powi(4) * 60e3).max(free_ns);
        while count as f64 * interval_ns(x) <= due_ns {
            roll(follower.pulse((BEGIN_NS + at_ns) as u64));
            (count, at_ns) = (count + 1, at_ns + 150e3);
        }
        free_ns = at_ns;
        if due_ns > 8e9 {
            off_bpm = off_bpm.max((bpm(&follower) - x).abs());
        }
    }
    (off_bpm, follower.time().unwrap().pulse - origin - (count - 1))
}

#[test]
fn a_delayed_clock_in_blocks_keeps_its_tempo_and_its_song() {
    let stalls: [&[(f64, f64)]; 4] = [&[], &[(6.0, 60.0)], &[(6.0, 30.0), (9.0, 30.0)], &[(9.5, 120.0), (14.0, 45.0)]];
    for x in [90.0, 120.0, 128.0, 140.0, 190.0, 240.0, 300.0] {
        for grain_ms in [512.0 / 48.0, 512.0 / 44.1, 1024.0 / 48.0, 1024.0 / 44.1, 25.0] {
            for stalls in stalls {
                let (off_bpm, off_pulses) = held_up(x, grain_ms * 1e6, stalls);
                let case = format!("{x} BPM in blocks of {grain_ms:.1} ms, held up at {stalls:?}");
                assert!(off_bpm < 0.5, "{case}: {off_bpm} off");
                assert_eq!(off_pulses, 0, "{case}: the song is elsewhere");
            }
        }
    }
}
