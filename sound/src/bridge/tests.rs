//! Two callbacks in virtual time, with a chosen lateness.

use super::*;
use proptest::prelude::*;

/// A run of both callbacks.
struct Run {
    spec: BridgeSpec,
    /// The input's true rate.
    in_hz: f64,
    /// The time of the output's first callback, in seconds.
    phase: f64,
    /// Maximum lateness of each callback, in its periods.
    late: f64,
    seconds: f64,
    seed: u64,
}

/// The output.
struct Heard {
    samples: Vec<f32>,
    gaps: usize,
}

impl Run {
    fn new(in_frames: usize, out_frames: usize) -> Run {
        let spec = BridgeSpec { channels: 1, sample_rate_hz: 48e3, in_frames, out_frames, clocks: Clocks::Same };
        Run { spec, in_hz: 48e3, phase: 0.0, late: 0.0, seconds: 2.0, seed: 1 }
    }

    fn apart(mut self, ppm: f64) -> Run {
        self.spec.clocks = Clocks::Apart;
        self.in_hz *= 1.0 + ppm * 1e-6;
        self
    }

    /// `signal` is the signal at the input, by its frame.
    fn hear(&self, signal: impl Fn(u64) -> f32) -> Heard {
        let BridgeSpec { in_frames, out_frames, sample_rate_hz, .. } = self.spec;
        let (mut input, mut output, _) = bridge(self.spec);
        let (mut brought, mut taken) = (0_u64, 0_u64);
        let (mut in_at, mut out_at) = (0.0_f64, 0.0_f64);
        let mut scramble = self.seed | 1;
        let mut lateness = move || {
            scramble ^= scramble << 13;
            scramble ^= scramble >> 7;
            scramble ^= scramble << 17;
            (scramble >> 11) as f64 / (1_u64 << 53) as f64
        };
        let due = |n: u64, frames: usize, hz: f64, late: f64| ((n as f64 + late) * frames as f64) / hz;
        let mut heard = Heard { samples: Vec::new(), gaps: 0 };
        let mut next_in = due(1, in_frames, self.in_hz, lateness() * self.late);
        let mut next_out = self.phase;
        while next_in.max(next_out) < self.seconds {
            if next_in <= next_out {
                in_at = in_at.max(next_in);
                let from = brought * in_frames as u64;
                let block: Vec<f32> = (from..from + in_frames as u64).map(&signal).collect();
                input.push((in_at * 1e9) as u64, block.into_iter());
                brought += 1;
                next_in = due(brought + 1, in_frames, self.in_hz, lateness() * self.late);
            } else {
                out_at = out_at.max(next_out);
                let begun = output.begin(out_frames, (out_at * 1e9) as u64);
                assert!(!begun.starved);
                heard.gaps += usize::from(begun.gap);
                let mut rest = out_frames;
                while rest > 0 {
                    let n = rest.min(MAX_BLOCK);
                    heard.samples.extend_from_slice(output.take(n));
                    rest -= n;
                }
                taken += 1;
                next_out = self.phase + due(taken, out_frames, sample_rate_hz, lateness() * self.late);
            }
        }
        heard
    }
}

/// A counter as samples: exact in a float, never silence.
fn counter(frame: u64) -> f32 {
    (frame + 1) as f32 / 8_388_608.0
}

/// Positions where the counter does not increase by one, from its first value on.
fn breaks(samples: &[f32]) -> usize {
    let first = samples.iter().position(|x| *x != 0.0).expect("nothing came through");
    let goes_on = |a: f32, b: f32| b * 8_388_608.0 - a * 8_388_608.0 == 1.0;
    // From silence to the counter is the end of a break, not another.
    samples[first..].windows(2).filter(|w| w[0] != 0.0 && !goes_on(w[0], w[1])).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn on_one_clock_every_sample_passes_untouched(
        (in_frames, out_frames) in (16_usize..1500, 16_usize..1500).prop_flat_map(|(n, m)| {
            prop_oneof![Just((n, n)), Just((n, m))]
        }),
        phase in 0.0..0.05,
        late in 0.0..0.5,
        seed: u64,
    ) {
        let run = Run { phase, late, seed, ..Run::new(in_frames, out_frames) };
        let heard = run.hear(counter);
        prop_assert_eq!(heard.gaps, 0);
        prop_assert_eq!(breaks(&heard.samples), 0);
    }

    #[test]
    fn a_gap_is_always_counted_and_the_target_grows(
        frames in 32_usize..600,
        phase in 0.0..0.05,
        late in 0.5..3.0,
        seed: u64,
    ) {
        let heard = Run { phase, late, seed, seconds: 6.0, ..Run::new(frames, frames) }.hear(counter);
        prop_assert!(breaks(&heard.samples) <= heard.gaps, "{} breaks", breaks(&heard.samples));
        // Each makes the target a block longer, and six more blocks are enough for three periods.
        prop_assert!(heard.gaps <= 6, "{} gaps", heard.gaps);
    }
}

proptest! {
    // A minute each.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn two_clocks_are_followed_without_a_gap_or_a_click(
        frames in 64_usize..1024,
        ppm in -300.0..300.0,
        phase in 0.0..0.02,
        late in 0.0..0.4,
        seed: u64,
    ) {
        let run = Run { phase, late, seed, seconds: 60.0, ..Run::new(frames, frames) }.apart(ppm);
        let omega = std::f64::consts::TAU * 440.0 / 48e3;
        let heard = run.hear(|frame| (0.5 * (omega * frame as f64).sin()) as f32);
        prop_assert_eq!(heard.gaps, 0);
        let first = heard.samples.iter().position(|x| *x != 0.0).unwrap_or(0);
        // A sine is 2cos(ω) times its last sample minus the one before; a frame lost would be off by up to 0.03.
        let c = 2.0 * omega.cos();
        let worst = heard.samples[first + 64..]
            .windows(3)
            .map(|w| (f64::from(w[2]) - c * f64::from(w[1]) + f64::from(w[0])).abs())
            .fold(0.0, f64::max);
        prop_assert!(worst < 1e-4, "off by {worst}");
    }
}

#[test]
fn the_follower_plays_the_other_clocks_pitch_and_keeps_the_highs() {
    for ppm in [-300.0, 40.0, 300.0] {
        let run = Run { seconds: 150.0, late: 0.2, ..Run::new(256, 256) }.apart(ppm);
        // 15 kHz, in the input's own seconds.
        let omega = std::f64::consts::TAU * 15e3 / 48e3;
        let heard = run.hear(|frame| (0.5 * (omega * frame as f64).sin()) as f32);
        let tail = &heard.samples[heard.samples.len() - 48_000 * 10..];
        let peak = |part: &[f32]| part.iter().fold(0.0_f32, |a, x| a.max(x.abs()));
        let (least, most) = tail.chunks(480).map(peak).fold((1.0_f32, 0.0_f32), |(a, b), p| (a.min(p), b.max(p)));
        assert!(least > 0.49 && most < 0.51, "the highs tremble between {least} and {most}");
        // The frequency of the output: upward crossings of zero.
        let crossings: Vec<usize> = (1..tail.len()).filter(|i| tail[i - 1] < 0.0 && tail[*i] >= 0.0).collect();
        let span = (crossings[crossings.len() - 1] - crossings[0]) as f64;
        let cycles = (crossings.len() - 1) as f64;
        let heard_ppm = (cycles / span / (15e3 / 48e3) - 1.0) * 1e6;
        assert!((heard_ppm - ppm).abs() < 20.0, "{ppm} ppm is played as {heard_ppm}");
    }
}

#[test]
fn an_interruption_fills_the_ring_to_its_target_again() {
    let (mut input, mut output, interruptions) = bridge(Run::new(100, 100).spec);
    let push = |input: &mut BridgeIn| input.push(0, [1.0; 100].into_iter());
    for _ in 0..4 {
        push(&mut input);
    }
    assert_eq!(output.begin(100, 0), BlockStart { gap: false, starved: false });
    assert_eq!(output.take(100), [1.0; 100]);
    // 200 are left; the output was stopped while 300 came.
    for _ in 0..3 {
        push(&mut input);
    }
    interruptions.add();
    // It was counted when it was reported.
    assert_eq!(output.begin(100, 0), BlockStart { gap: false, starved: false });
    output.take(100);
    assert_eq!(output.ring.occupied_len(), 200);
}

#[test]
fn an_input_that_stops_is_reported() {
    let (mut input, mut output, _) = bridge(Run::new(480, 480).spec);
    // An input that never began only gives silence.
    for _ in 0..300 {
        assert!(!output.begin(480, 0).starved);
    }
    for _ in 0..3 {
        input.push(0, [1.0; 480].into_iter());
    }
    let mut gaps = 0;
    let starved = (0..400).position(|_| {
        let begun = output.begin(480, 0);
        output.take(480);
        gaps += usize::from(begun.gap);
        begun.starved
    });
    assert_eq!(gaps, 1);
    assert_eq!(starved, Some(203));
}

#[test]
fn a_ring_without_a_reader_keeps_its_frames_and_counts_once() {
    let (mut input, mut output, _) = bridge(Run::new(64, 64).spec);
    for frame in 0..3 {
        input.push(0, (0..64_usize).map(|i| counter(frame * 64 + i as u64)));
    }
    output.begin(64, 0);
    assert_eq!(output.take(64)[0], counter(0));
    for frame in 3..1000 {
        input.push(0, (0..64_usize).map(|i| counter(frame * 64 + i as u64)));
    }
    assert!(output.begin(64, 0).gap);
    output.take(64);
    assert!(!output.begin(64, 0).gap);
}
