//! Laws of the probe: its delay is found through cables and rooms, and nothing else is taken for it.

use super::*;
use proptest::prelude::*;

/// The law: how far a delay may be from the true one, in frames.
const LAW_FRAMES: f64 = 0.01;

/// The probe as it is heard after a delay, by a shift of the phases of its spectrum, in so many frames from
/// [`LEAD_FRAMES`] before it on.
fn delayed(probe: &Probe, delay_frames: f64, frames: usize) -> Vec<f64> {
    let whole = delay_frames.floor();
    let samples = probe.samples();
    // Room for what a shift between frames spreads.
    let bins = (samples.len() + 2 * LEAD_FRAMES).next_power_of_two();
    let mut spectrum = vec![Complex::new(0.0, 0.0); bins];
    for (to, from) in spectrum[LEAD_FRAMES..].iter_mut().zip(samples) {
        to.re = f64::from(*from);
    }
    transform(&mut spectrum);
    for (bin, value) in spectrum.iter_mut().enumerate() {
        let bin = if bin > bins / 2 { bin as f64 - bins as f64 } else { bin as f64 };
        *value = (*value * Complex::from_polar(1.0, -TAU * bin / bins as f64 * (delay_frames - whole))).conj();
    }
    transform(&mut spectrum);
    let mut heard = vec![0.0; frames];
    for (at, value) in spectrum.iter().enumerate() {
        if let Some(to) = heard.get_mut(at + whole as usize) {
            *to = value.re / bins as f64;
        }
    }
    heard
}

/// White noise of this RMS, the same for the same seed.
fn noise(frames: usize, rms: f64, seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    // Four of them have a variance of a third, and are as good as normal here.
    (0..frames).map(move |_| (0..4).map(|_| uniform()).sum::<f64>() * 3.0_f64.sqrt() * rms)
}

fn seek(probe: &Probe, heard: &[f64]) -> [Sought; 2] {
    probe.seek(&heard.iter().map(|x| *x as f32).collect::<Vec<f32>>())
}

fn both(probe: &Probe, heard: &[f64]) -> [Arrival; 2] {
    seek(probe, heard).map(|sought| match sought {
        Sought::Found(arrival) => arrival,
        other => panic!("{other:?}"),
    })
}

fn mixed(mut heard: Vec<f64>, other: impl Iterator<Item = f64>) -> Vec<f64> {
    heard.iter_mut().zip(other).for_each(|(to, from)| *to += from);
    heard
}

fn window(probe: &Probe) -> usize {
    LEAD_FRAMES + probe.listen_frames(LONGEST_FRAMES)
}

#[test]
fn both_sweeps_are_found_to_a_thousandth_of_a_frame_through_a_cable_at_every_rate() {
    for rate_hz in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let probe = Probe::new(rate_hz);
        for delay in [0.0, 0.25, 63.5, 1024.0, 65_536.3, 99_999.9, 100_000.0] {
            for arrival in both(&probe, &delayed(&probe, delay, window(&probe))) {
                assert!((arrival.delay_frames - delay).abs() < 0.001, "{delay} at {rate_hz}: {arrival:?}");
                assert!((arrival.gain - 1.0).abs() < 1e-3, "{arrival:?}");
                assert!(arrival.clear_db > 100.0, "{arrival:?}");
            }
        }
    }
}

#[test]
fn silence_noise_tones_and_clicks_are_no_probe() {
    let probe = Probe::new(48_000.0);
    let frames = window(&probe);
    assert_eq!(seek(&probe, &vec![0.0; frames]), [Sought::Absent; 2]);
    assert_eq!(seek(&probe, &[]), [Sought::Absent; 2]);
    for seed in 0..8 {
        let noise: Vec<f64> = noise(frames, 0.1, seed).collect();
        assert_eq!(seek(&probe, &noise), [Sought::Absent; 2], "noise {seed}");
    }
    let tone: Vec<f64> = (0..frames).map(|n| (n as f64 * TAU * 440.0 / 48_000.0).sin()).collect();
    assert_eq!(seek(&probe, &tone), [Sought::Absent; 2]);
    let clicks: Vec<f64> = (0..frames).map(|n| if n % 24_000 == 0 { 1.0 } else { 0.0 }).collect();
    assert_eq!(seek(&probe, &clicks), [Sought::Absent; 2]);
    assert_eq!(probe.seek(&vec![f32::NAN; frames]), [Sought::Absent; 2]);
}

#[test]
fn what_has_not_come_whole_is_waited_for_and_never_given_a_delay() {
    let probe = Probe::new(48_000.0);
    let heard = delayed(&probe, 30_000.0, window(&probe));
    for listened in (0..60_000).step_by(997) {
        let there = LEAD_FRAMES + probe.samples().len() + listened;
        for sought in seek(&probe, &heard[..there]) {
            match sought {
                Sought::Found(arrival) => assert!((arrival.delay_frames - 30_000.0).abs() < LAW_FRAMES, "{arrival:?}"),
                Sought::Arriving | Sought::Absent => assert!(listened < 30_000 + LEAD_FRAMES, "{listened}: {sought:?}"),
            }
        }
    }
}

#[test]
fn the_first_arrival_counts_and_not_a_stronger_reflection() {
    let probe = Probe::new(48_000.0);
    let frames = window(&probe);
    let direct = delayed(&probe, 500.3, frames).into_iter().map(|x| x * 0.7);
    let heard = mixed(delayed(&probe, 700.0, frames), direct);
    for arrival in both(&probe, &heard) {
        assert!((arrival.delay_frames - 500.3).abs() < LAW_FRAMES, "{arrival:?}");
    }
}

#[test]
fn a_clock_that_drifts_moves_the_sweeps_apart() {
    let probe = Probe::new(48_000.0);
    let frames = window(&probe);
    let heard = delayed(&probe, 500.0, frames);
    // 200 ppm slower, linearly between frames: enough for a look at the places.
    let slow: Vec<f64> = (0..frames - 100)
        .map(|n| {
            let at = n as f64 * (1.0 - 200e-6);
            let (whole, part) = (at as usize, at.fract());
            heard[whole] * (1.0 - part) + heard[whole + 1] * part
        })
        .collect();
    let [rising, falling] = both(&probe, &slow);
    assert!((rising.delay_frames - falling.delay_frames).abs() > 0.5, "{rising:?} {falling:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_delay_is_found_through_noise_at_every_level_and_polarity(
        delay in 0.0..100_000.0_f64,
        level_db in -40.0..0.0_f64,
        is_inverted in any::<bool>(),
        // Beside the probe as it is heard.
        noise_db in -60.0..-15.0_f64,
        seed in any::<u64>(),
    ) {
        let probe = Probe::new(48_000.0);
        let frames = window(&probe);
        let gain = 10.0_f64.powf(level_db / 20.0) * if is_inverted { -1.0 } else { 1.0 };
        let heard = delayed(&probe, delay, frames).into_iter().map(|x| x * gain);
        let rms = gain.abs() * LEVEL / 2.0_f64.sqrt() * 10.0_f64.powf(noise_db / 20.0);
        for arrival in both(&probe, &mixed(heard.collect(), noise(frames, rms, seed))) {
            prop_assert!((arrival.delay_frames - delay).abs() < LAW_FRAMES, "{:?}", arrival);
            prop_assert!((arrival.gain / gain - 1.0).abs() < 0.01, "{:?}", arrival);
            prop_assert!(arrival.error_frames < LAW_FRAMES, "{:?}", arrival);
        }
    }

    #[test]
    fn the_delay_of_the_direct_sound_is_found_in_a_room(
        delay in 0.0..90_000.0_f64,
        // Frames after the direct sound, and gains.
        reflections in proptest::collection::vec((40.0..2_000.0_f64, -0.6..0.6_f64), 0..8),
        seed in any::<u64>(),
    ) {
        let probe = Probe::new(48_000.0);
        let frames = window(&probe);
        let mut heard = delayed(&probe, delay, frames);
        for (later, gain) in reflections {
            heard = mixed(heard, delayed(&probe, delay + later, frames).into_iter().map(|x| x * gain));
        }
        // -30 dB of noise beside the direct sound.
        let heard = mixed(heard, noise(frames, LEVEL / 2.0_f64.sqrt() * 0.03, seed));
        for arrival in both(&probe, &heard) {
            prop_assert!((arrival.delay_frames - delay).abs() < LAW_FRAMES, "{:?}", arrival);
        }
    }

    #[test]
    fn where_noise_hides_the_probe_there_is_no_delay_or_the_true_one(
        delay in 0.0..100_000.0_f64, noise_db in 0.0..40.0_f64, seed in any::<u64>(),
    ) {
        let probe = Probe::new(48_000.0);
        let frames = window(&probe);
        let rms = LEVEL / 2.0_f64.sqrt() * 10.0_f64.powf(noise_db / 20.0);
        for sought in seek(&probe, &mixed(delayed(&probe, delay, frames), noise(frames, rms, seed))) {
            if let Sought::Found(arrival) = sought {
                prop_assert!((arrival.delay_frames - delay).abs() < 0.5, "{:?}", arrival);
            }
        }
    }
}
