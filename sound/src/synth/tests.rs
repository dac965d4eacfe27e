//! Laws of the whole synth.

use std::f64::consts::TAU;

use crate::spectrum::{Complex, transform};
use proptest::prelude::*;

use super::*;

const RATE_HZ: f64 = 48_000.0;
/// The pure sine: VPM without index, filter off, envelope open.
const SINE: &[(u8, u8)] = &[(53, 72), (42, 127), (14, 127)];

fn with(controls: &[(u8, u8)]) -> Synth {
    at_rate(RATE_HZ, controls)
}

fn at_rate(rate_hz: f64, controls: &[(u8, u8)]) -> Synth {
    let mut synth = Synth::new(rate_hz);
    set(&mut synth, controls);
    synth
}

fn set(synth: &mut Synth, controls: &[(u8, u8)]) {
    for &(cc, value) in controls {
        synth.midi(&[0xB0, cc, value]);
    }
}

fn on(synth: &mut Synth, note: u8) {
    synth.midi(&[0x90, note, 100]);
}

fn off(synth: &mut Synth, note: u8) {
    synth.midi(&[0x80, note, 0]);
}

/// Left and right of the next frames.
fn stereo(synth: &mut Synth, frames: usize) -> (Vec<f32>, Vec<f32>) {
    // Not zero: the synth must overwrite.
    let (mut left, mut right) = (vec![9.0; frames], vec![9.0; frames]);
    for (l, r) in left.chunks_mut(512).zip(right.chunks_mut(512)) {
        synth.render(l, r);
    }
    (left, right)
}

fn left(synth: &mut Synth, frames: usize) -> Vec<f32> {
    stereo(synth, frames).0
}

/// The left side of a note under these controls, from its attack.
fn note(controls: &[(u8, u8)], note: u8, frames: usize) -> Vec<f32> {
    let mut synth = with(controls);
    on(&mut synth, note);
    left(&mut synth, frames)
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

fn db(gain: f64) -> f64 {
    20.0 * gain.log10()
}

/// Power per bin up to half the rate, under a Blackman-Harris window (side lobes under -92 dB, main lobe 4 bins a side).
fn spectrum(samples: &[f32]) -> Vec<f64> {
    let len = samples.len();
    let mut bins: Vec<_> = samples
        .iter()
        .enumerate()
        .map(|(n, &x)| {
            let t = TAU * n as f64 / len as f64;
            let window = 0.35875 - 0.48829 * t.cos() + 0.14128 * (2.0 * t).cos() - 0.01168 * (3.0 * t).cos();
            Complex::new(f64::from(x) * window, 0.0)
        })
        .collect();
    transform(&mut bins);
    bins[..len / 2].iter().map(Complex::norm_sqr).collect()
}

/// The frequency of a sine in Hz, by its rising zero crossings.
fn pitch_hz(samples: &[f32]) -> f64 {
    let crossings: Vec<f64> = samples
        .windows(2)
        .enumerate()
        .filter(|(_, w)| w[0] < 0.0 && w[1] >= 0.0)
        .map(|(n, w)| n as f64 + f64::from(w[0] / (w[0] - w[1])))
        .collect();
    let (first, last) = (crossings[0], crossings[crossings.len() - 1]);
    RATE_HZ * (crossings.len() - 1) as f64 / (last - first)
}

fn centroid_hz(samples: &[f32]) -> f64 {
    let power = spectrum(samples);
    let total: f64 = power.iter().sum();
    let weighted: f64 = power.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
    weighted / total * RATE_HZ / samples.len() as f64
}

/// Root mean square of the difference in parts of the first signal's own.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let apart: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    (apart / a.iter().copied().map(square).sum::<f64>()).sqrt()
}

/// The listed values of the effect controllers, without off.
fn effect_types() -> Vec<(u8, u8)> {
    let listed = |cc, values: Vec<u8>| values.into_iter().skip(1).map(move |v| (cc, v));
    listed(88, modulation::MODULATIONS.iter().map(|t| t.0).collect())
        .chain(listed(89, delay::DELAYS.iter().map(|t| t.0).collect()))
        .chain(listed(90, reverb::REVERBS.iter().map(|t| t.0).collect()))
        .collect()
}

#[test]
fn a_new_synth_is_silent_and_overwrites_with_exact_zeros() {
    let mut synth = Synth::new(RATE_HZ);
    assert!(synth.is_silent());
    let (l, r) = stereo(&mut synth, 1000);
    assert!(l.iter().chain(&r).all(|&x| x == 0.0));
}

#[test]
fn it_can_be_moved_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Synth>();
}

#[test]
fn a_default_note_peaks_between_minus_12_and_minus_9_dbfs() {
    for key in [36, 48, 60, 72, 84] {
        let peak = db(f64::from(peak(&note(&[], key, 24_000))));
        assert!((-12.0..=-9.0).contains(&peak), "note {key}: {peak} dBFS");
    }
}

#[test]
fn velocity_scales_level() {
    let peaks = [20, 60, 127].map(|velocity| {
        let mut synth = with(SINE);
        synth.midi(&[0x90, 69, velocity]);
        peak(&left(&mut synth, 4800))
    });
    assert!((peaks[2] / LEVEL - 1.0).abs() < 1e-3);
    assert!((peaks[1] / peaks[0] - 3.0).abs() < 1e-2);
}

#[test]
fn vpm_without_index_is_one_unbroken_sine_of_the_notes_frequency() {
    // 550 whole periods, so that the window's side lobes do not hide anything.
    let samples = note(SINE, 69, 4800 + 60_000);
    let steady = &samples[4800..];
    assert!((pitch_hz(steady) - 440.0).abs() < 0.001);

    let power = spectrum(steady);
    let bin = 550;
    let total: f64 = power.iter().sum();
    let fundamental: f64 = power[bin - 5..=bin + 5].iter().sum();
    let rest = db(((total - fundamental) / fundamental).sqrt());
    assert!(rest < -120.0, "all that is not the sine: {rest} dB");

    // From the end of the attack to the last frame: y[n + 1] + y[n - 1] = 2 cos(w) y[n].
    let twice_cos = 2.0 * (TAU * 440.0 / RATE_HZ).cos();
    for (n, w) in samples.windows(3).enumerate().skip(100) {
        let miss = f64::from(w[0]) + f64::from(w[2]) - twice_cos * f64::from(w[1]);
        assert!(miss.abs() < 1e-6, "frame {n}: {miss}");
    }
}

#[test]
fn adsr_holds_the_same_sine_after_its_attack() {
    let open = note(SINE, 57, 9600);
    let adsr = note(&[(53, 72), (42, 127)], 57, 9600);
    assert_eq!(open[100..], adsr[100..]);
}

#[test]
fn notes_are_equal_tempered() {
    for (key, hz) in [(21, 27.5), (60, 261.625_565), (108, 4_186.009_04)] {
        let pitch = pitch_hz(&note(SINE, key, 48_000));
        assert!((pitch / hz - 1.0).abs() < 1e-4, "note {key}: {pitch} Hz");
    }
}

#[test]
fn a_full_bend_is_two_semitones() {
    for (bend, semitones) in [([0x7F, 0x7F], 2.0), ([0, 0], -2.0), ([0, 0x40], 0.0)] {
        let mut synth = with(SINE);
        synth.midi(&[0xE0, bend[0], bend[1]]);
        on(&mut synth, 69);
        let moved = 12.0 * (pitch_hz(&left(&mut synth, 24_000)) / 440.0).log2();
        assert!((moved - semitones).abs() < 1e-3, "{moved} semitones");
        set(&mut synth, &[(121, 0)]);
        left(&mut synth, 4800);
        let back = pitch_hz(&left(&mut synth, 24_000));
        assert!((back - 440.0).abs() < 0.01, "{back} Hz");
    }
}

#[test]
fn releasing_the_newest_key_returns_to_the_earlier_note_without_a_break() {
    let mut synth = with(SINE);
    on(&mut synth, 57);
    left(&mut synth, 1000);
    on(&mut synth, 69);
    assert!((pitch_hz(&left(&mut synth, 9600)) - 440.0).abs() < 0.1);
    off(&mut synth, 69);
    let earlier = left(&mut synth, 9600);
    assert!((pitch_hz(&earlier) - 220.0).abs() < 0.1);
    let steepest = earlier.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < LEVEL * 0.06, "a step of {steepest}");
}

#[test]
fn a_lower_cutoff_darkens() {
    for kind in [0, 18] {
        let centroids =
            [127, 100, 80, 60, 40].map(|cutoff| centroid_hz(&note(&[(42, kind), (43, cutoff)], 45, 32_768)[8192..]));
        for pair in centroids.windows(2) {
            assert!(pair[1] < 0.95 * pair[0], "type {kind}: {centroids:?}");
        }
    }
}

#[test]
fn a_moving_cutoff_makes_no_zipper_noise() {
    // Zipper noise is a tone at the rate of the steps: it would show far above a filtered low sine.
    let mut synth = with(&[(53, 72), (14, 127), (43, 90)]);
    on(&mut synth, 45);
    left(&mut synth, 4800);
    let mut samples = Vec::new();
    for cutoff in (20..=90).rev().chain(20..=90) {
        set(&mut synth, &[(43, cutoff)]);
        samples.extend(left(&mut synth, 480));
    }
    let power = spectrum(&samples);
    let from = 1500 * samples.len() / RATE_HZ as usize;
    let above: f64 = power[from..].iter().sum();
    let ratio = db((above / power.iter().sum::<f64>()).sqrt());
    assert!(ratio < -70.0, "{ratio} dB above 1.5 kHz");
}

#[test]
fn oscillators_do_not_alias_grossly() {
    // Everything between the harmonics of a note whose harmonics do not coincide with their own aliases.
    for (name, oscillator, alt) in
        [("saw", 18, 0), ("triangle", 36, 0), ("square", 54, 0), ("waves", 127, 0), ("saw with sub", 18, 127)]
    {
        let controls = [(53, oscillator), (55, alt), (42, 127), (14, 127)];
        let samples = &note(&controls, 85, 4800 + 65_536)[4800..];
        let hz = 440.0 * 2.0_f64.powf(16.0 / 12.0) * if alt > 0 { 0.5 } else { 1.0 };
        let bins_per_hz = samples.len() as f64 / RATE_HZ;
        let (mut on_harmonics, mut between) = (0.0, 0.0);
        for (n, power) in spectrum(samples).into_iter().enumerate() {
            let at = n as f64 / bins_per_hz;
            let away = (at - hz * (at / hz).round()).abs() * bins_per_hz;
            if away < 6.0 {
                on_harmonics += power;
            } else if at < 16_000.0 {
                between += power;
            }
        }
        let aliases = db((between / on_harmonics).sqrt());
        assert!(aliases < -40.0, "{name}: {aliases} dB");
    }
}

#[test]
fn every_oscillator_and_filter_type_sounds_its_own_way() {
    for (cc, values) in [(53, vec![18, 36, 54, 72, 90, 127]), (42, vec![0, 18, 36, 54, 72, 90, 127])] {
        let sounds: Vec<_> = values.iter().map(|&v| note(&[(43, 60), (cc, v)], 57, 9600)).collect();
        for (i, a) in sounds.iter().enumerate() {
            assert!(peak(a) > 0.005, "CC {cc} = {}", values[i]);
            for (j, b) in sounds.iter().enumerate().skip(i + 1) {
                let apart = difference(a, b);
                assert!(apart > 0.1, "CC {cc}: {} and {}", values[i], values[j]);
            }
        }
    }
    assert!(peak(&note(&[(53, 0)], 57, 9600)) < FLOOR);
}

#[test]
fn shape_and_alt_are_audible_on_every_oscillator() {
    for oscillator in [18, 36, 54, 72, 90, 127] {
        let plain = note(&[(53, oscillator), (54, 64)], 57, 9600);
        for moved in [[(54, 127), (55, 0)], [(54, 64), (55, 127)]] {
            let mut controls = vec![(53, oscillator)];
            controls.extend(moved);
            let apart = difference(&plain, &note(&controls, 57, 9600));
            assert!(apart > 0.1, "oscillator {oscillator}, {moved:?}: {apart}");
        }
    }
}

#[test]
fn every_effect_type_is_audible_at_the_default_knobs() {
    let dry = note(&[], 57, 48_000);
    for (cc, value) in effect_types() {
        let apart = difference(&dry, &note(&[(cc, value)], 57, 48_000));
        assert!(apart > 0.05, "CC {cc} = {value}: {apart}");
    }
}

#[test]
fn no_two_types_of_an_effect_are_the_same() {
    let types = effect_types();
    let sounds: Vec<_> = types
        .iter()
        // Away from the middle, so that no BPM delay is by chance as long as a free one.
        .map(|&(cc, value)| {
            let mut synth = with(&[(cc, value), (30, 50)]);
            on(&mut synth, 57);
            let (mut l, r) = stereo(&mut synth, 48_000);
            l.extend(r);
            l
        })
        .collect();
    for (i, a) in sounds.iter().enumerate() {
        for (j, b) in sounds.iter().enumerate().skip(i + 1) {
            let apart = difference(a, b);
            assert!(apart > 0.01, "{:?} and {:?}: {apart}", types[i], types[j]);
        }
    }
}

#[test]
fn vibrato_tremolo_and_sweep_change_the_sound() {
    let plain = note(SINE, 57, 48_000);
    for moved in [(26, 100), (26, 20), (20, 127)] {
        let mut controls = SINE.to_vec();
        controls.push(moved);
        assert!(difference(&plain, &note(&controls, 57, 48_000)) > 0.1, "{moved:?}");
    }
    let bright = |controls: &[(u8, u8)]| centroid_hz(&note(controls, 45, 48_000));
    let still = bright(&[(43, 70)]);
    let (up, down) = (bright(&[(43, 70), (45, 20)]), bright(&[(43, 70), (45, 110)]));
    assert!(up > 1.1 * still, "left is up: {up} Hz, still {still} Hz");
    assert!(down < 0.9 * still, "right is down: {down} Hz, still {still} Hz");
    assert_eq!(note(&[(45, 63)], 45, 4800), note(&[(45, 64)], 45, 4800));
}

#[test]
fn changing_the_type_of_an_effect_does_not_click() {
    let mut synth = with(SINE);
    on(&mut synth, 57);
    let mut samples = left(&mut synth, 4800);
    for (cc, value) in [(89, 9), (89, 27), (89, 0), (90, 11), (90, 127), (90, 0), (88, 14), (88, 0)] {
        set(&mut synth, &[(cc, value)]);
        samples.extend(left(&mut synth, 9600));
    }
    // The dry sine moves by 0.008 a frame at most; the loudest sum of it and its echoes stays under four times that.
    let steepest = samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.032, "a step of {steepest}");
}

#[test]
fn bpm_delays_come_on_the_beat() {
    // Knob A at 90 is the tenth of thirteen note lengths: a quarter note.
    let mut controls = SINE.to_vec();
    controls.extend([(89, 72), (30, 90), (33, 127)]);
    let mut synth = with(&controls);
    synth.set_bpm(150.0);
    on(&mut synth, 69);
    let echo = left(&mut synth, 48_000);
    let first = echo.iter().position(|x| x.abs() > 0.01).unwrap();
    let beat = (RATE_HZ * 60.0 / 150.0) as usize;
    assert!(first.abs_diff(beat) < 48, "{first} frames, a beat is {beat}");
}

#[test]
fn every_tail_ends_in_exact_silence() {
    let mut types = effect_types();
    types.push((88, 0));
    for (cc, value) in types {
        let mut synth = with(&[(cc, value), (30, 100), (31, 80), (34, 70)]);
        on(&mut synth, 57);
        left(&mut synth, 4800);
        off(&mut synth, 57);
        let mut last = 0.0;
        for _ in 0..6000 {
            if synth.is_silent() {
                break;
            }
            last = peak(&left(&mut synth, 480));
        }
        assert!(synth.is_silent(), "CC {cc} = {value}: still {last}");
        assert!(last < 1e-4, "CC {cc} = {value}: cut at {last}");
        assert_eq!(peak(&left(&mut synth, 480)), 0.0);
    }
}

#[test]
fn every_envelope_ends_after_its_key() {
    for kind in [0, 25, 50, 75, 127] {
        let mut synth = with(&[(14, kind)]);
        on(&mut synth, 57);
        left(&mut synth, 24_000);
        off(&mut synth, 57);
        left(&mut synth, 96_000);
        assert!(synth.is_silent(), "EG type {kind}");
    }
}

#[test]
fn silence_stops_everything_at_once_and_keeps_the_parameters() {
    let all = [(53, 36), (88, 14), (89, 9), (90, 11)];
    for cut in [Synth::silence, |synth: &mut Synth| set(synth, &[(120, 0)])] {
        let mut fresh = with(&all);
        on(&mut fresh, 60);
        let mut synth = with(&all);
        on(&mut synth, 50);
        left(&mut synth, 30_000);
        cut(&mut synth);
        assert!(synth.is_silent());
        assert_eq!(peak(&left(&mut synth, 480)), 0.0);
        on(&mut synth, 60);
        assert_eq!(stereo(&mut synth, 9600), stereo(&mut fresh, 9600));
    }
}

#[test]
fn all_notes_off_releases() {
    let mut synth = with(&[]);
    on(&mut synth, 60);
    on(&mut synth, 64);
    left(&mut synth, 4800);
    set(&mut synth, &[(123, 0)]);
    assert!(peak(&left(&mut synth, 480)) > 0.01, "released, not cut");
    left(&mut synth, 48_000);
    assert!(synth.is_silent());
}

#[test]
fn messages_of_other_kinds_change_nothing() {
    let mut synth = with(&[]);
    on(&mut synth, 60);
    let mut told = with(&[]);
    on(&mut told, 60);
    for message in [
        &[][..],
        &[0xF8],
        &[0xFA],
        &[0x90],
        &[0x90, 64],
        &[0x90, 200, 100],
        &[0xC0, 5],
        &[0xD0, 100],
        &[0xA0, 60, 100],
        &[0xB0, 1, 127],
        &[0xB0, 117, 40],
        &[0xF2, 60, 100],
        &[0xF0, 0x7E, 0x7F, 0x06, 0x01, 0xF7],
    ] {
        told.midi(message);
    }
    assert_eq!(stereo(&mut synth, 4800), stereo(&mut told, 4800));
}

#[test]
fn a_new_synth_has_the_default_values() {
    let mut told = with(DEFAULTS);
    on(&mut told, 60);
    assert_eq!(left(&mut told, 4800), note(&[], 60, 4800));
}

#[test]
fn no_setting_exceeds_full_scale_or_gives_invalid_numbers() {
    let everything_on = [(44, 127), (88, 127), (89, 27), (31, 127), (90, 77), (34, 127)];
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for base in [&[][..], &everything_on] {
            for &(cc, _) in DEFAULTS {
                let mut synth = at_rate(rate_hz, base);
                synth.midi(&[0x90, 50, 127]);
                for value in 0..=127 {
                    set(&mut synth, &[(cc, value)]);
                    let (l, r) = stereo(&mut synth, 96);
                    for x in l.into_iter().chain(r) {
                        assert!(x.is_finite() && x.abs() <= 1.0, "CC {cc} = {value}: {x}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_extremes_of_pitch_stay_in_bounds() {
    for rate_hz in [44_100.0, 96_000.0] {
        for oscillator in [18, 36, 54, 72, 90, 127] {
            for key in [0, 127] {
                let extreme = [(53, oscillator), (54, 127), (55, 127), (26, 127), (24, 127)];
                let mut synth = at_rate(rate_hz, &extreme);
                synth.midi(&[0xE0, 127, 127]);
                on(&mut synth, key);
                assert!(left(&mut synth, 9600).iter().all(|x| x.abs() <= 1.0));
            }
        }
    }
}

/// A message of the kinds the synth knows.
fn message() -> impl Strategy<Value = [u8; 3]> {
    let data = 0..128_u8;
    prop_oneof![
        4 => (48..72_u8, 0..128_u8).prop_map(|(note, velocity)| [0x90, note, velocity]),
        2 => (48..72_u8).prop_map(|note| [0x80, note, 0]),
        1 => (data.clone(), data.clone()).prop_map(|(lsb, msb)| [0xE0, lsb, msb]),
        8 => (0..DEFAULTS.len(), data).prop_map(|(row, value)| [0xB0, DEFAULTS[row].0, value]),
        1 => (120..124_u8).prop_map(|cc| [0xB0, cc, 0]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn frames_are_the_same_however_they_are_split_into_blocks(
        mut messages in prop::collection::vec((0..4800_usize, message()), 0..24),
        mut cuts in prop::collection::vec(0..4800_usize, 0..80),
        types in prop::collection::vec(0..128_u8, 5),
    ) {
        messages.sort_by_key(|m| m.0);
        let render = |cuts: &[usize]| {
            let controls: Vec<_> = [53, 42, 88, 89, 90].into_iter().zip(types.clone()).collect();
            let mut synth = with(&controls);
            on(&mut synth, 60);
            let (mut l, mut r) = ([9.0; 4800], [9.0; 4800]);
            let mut stops: Vec<_> = messages.iter().map(|m| m.0).collect();
            stops.extend(cuts);
            stops.push(4800);
            stops.sort_unstable();
            let (mut from, mut waiting) = (0, messages.iter().peekable());
            for to in stops {
                synth.render(&mut l[from..to], &mut r[from..to]);
                from = to;
                while let Some((_, message)) = waiting.next_if(|m| m.0 <= to) {
                    synth.midi(message);
                }
            }
            (l.map(f32::to_bits), r.map(f32::to_bits), synth.is_silent())
        };
        cuts.sort_unstable();
        prop_assert!(render(&[]) == render(&cuts));
    }
}

#[test]
fn falling_asleep_does_not_depend_on_the_blocks() {
    let play = |block: usize| {
        let mut synth = with(&[(19, 0)]);
        let mut samples = vec![9.0; 48_000];
        let mut right = vec![0.0; block];
        for (n, stretch) in samples.chunks_mut(12_000).enumerate() {
            on(&mut synth, 60 + n as u8);
            let (sounding, rest) = stretch.split_at_mut(3001);
            for l in sounding.chunks_mut(block) {
                synth.render(l, &mut right[..l.len()]);
            }
            off(&mut synth, 60 + n as u8);
            for l in rest.chunks_mut(block) {
                synth.render(l, &mut right[..l.len()]);
            }
            assert!(synth.is_silent());
        }
        samples
    };
    let whole = play(8192);
    assert!([1, 7, 64, 1000].into_iter().all(|block| play(block) == whole));
}
