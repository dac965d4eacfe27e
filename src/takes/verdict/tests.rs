//! Verdicts on signals with known levels.

use super::*;
use crate::takes::TakeEvent;
use std::f64::consts::TAU;

const RATE_HZ: u32 = 48_000;

/// Frames of channels that are all this function of time in frames.
fn signal(channels: usize, frames: usize, of: impl Fn(usize) -> f64) -> Vec<f32> {
    (0..frames).flat_map(|frame| std::iter::repeat_n(of(frame) as f32, channels)).collect()
}

fn sine(frequency_hz: f64, dbfs: f64) -> impl Fn(usize) -> f64 {
    let amplitude = 10.0_f64.powf(dbfs / 20.0);
    move |frame| amplitude * (TAU * frequency_hz * frame as f64 / f64::from(RATE_HZ)).sin()
}

fn measured_as(channels: u16, samples: &[f32], bits: Option<u16>, happenings: &[(u64, TakeEvent)]) -> Measurement {
    let frames = samples.len() / usize::from(channels);
    let mut analyzer = TakeAnalyzer::new(channels, RATE_HZ, frames as u64, bits, happenings);
    analyzer.feed(&mut samples.to_vec());
    analyzer.end()
}

fn verdict(channels: u16, samples: &[f32]) -> Verdict {
    measured_as(channels, samples, None, &[]).verdict
}

fn assert_near(got: Option<f64>, want: f64, tolerance: f64) {
    assert!(got.is_some_and(|got| (got - want).abs() <= tolerance), "{got:?} is not {want}");
}

#[test]
fn a_sine_at_minus_6_dbfs_peaks_there() {
    let verdict = verdict(2, &signal(2, 96_000, sine(997.0, -6.0)));
    assert_near(verdict.peak_dbfs, -6.0, 0.01);
    assert_near(verdict.true_peak_dbtp, -6.0, 0.05);
    assert_eq!((verdict.frames, verdict.channels, verdict.clipped_samples), (96_000, 2, 0));
    assert!(verdict.dc_offset < 1e-4, "{}", verdict.dc_offset);
    assert_eq!(verdict.warnings(), [""; 0]);
    assert_eq!(verdict.short(), "0:02.0  peak -6.0 dBFS (true -6.0)  -6.0 LUFS  no dropouts");
}

/// EBU Tech 3341, cases 1 to 5: stereo sines of 1 kHz.
#[test]
fn loudness_is_that_of_ebu_3341() {
    let cases: [(&[(f64, f64)], f64); 5] = [
        (&[(20.0, -23.0)], -23.0),
        (&[(20.0, -33.0)], -33.0),
        (&[(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)], -23.0),
        (&[(10.0, -72.0), (10.0, -36.0), (60.0, -23.0), (10.0, -36.0), (10.0, -72.0)], -23.0),
        (&[(20.0, -26.0), (20.1, -20.0), (20.0, -26.0)], -23.0),
    ];
    for (parts, lufs) in cases {
        let samples: Vec<f32> = parts
            .iter()
            .flat_map(|(seconds, dbfs)| signal(2, (seconds * f64::from(RATE_HZ)) as usize, sine(1_000.0, *dbfs)))
            .collect();
        assert_near(verdict(2, &samples).loudness_lufs, lufs, 0.1);
    }
}

#[test]
fn all_channels_have_equal_weight() {
    // Each doubling of channels is 3 dB more, and all have equal weight.
    for (channels, more) in [(1, -3.01), (2, 0.0), (4, 3.01), (6, 4.77), (32, 12.04)] {
        let verdict = verdict(channels, &signal(usize::from(channels), 48_000, sine(1_000.0, -23.0)));
        assert_near(verdict.loudness_lufs, -23.0 + more, 0.1);
        for only in 0..usize::from(channels) {
            let samples = signal(1, 48_000, sine(1_000.0, -20.0));
            let mut frames = vec![0.0; 48_000 * usize::from(channels)];
            frames.chunks_mut(usize::from(channels)).zip(samples).for_each(|(frame, sample)| frame[only] = sample);
            let alone = super::tests::verdict(channels, &frames);
            assert_near(alone.loudness_lufs, -23.0, 0.1);
            if channels > 4 && only > 2 {
                break;
            }
        }
    }
}

#[test]
fn with_too_many_channels_the_sample_peak_is_measured() {
    let verdict = verdict(100, &signal(100, 4_800, sine(1_000.0, -6.0)));
    assert_near(verdict.peak_dbfs, -6.0, 0.01);
    assert_eq!((verdict.loudness_lufs, verdict.true_peak_dbtp), (None, None));
}

#[test]
fn an_unusual_rate_is_measured() {
    for rate_hz in [1, 15, 16, 17, 100, 3_999, 4_000] {
        let mut analyzer = TakeAnalyzer::new(2, rate_hz, 3_000, Some(24), &[]);
        analyzer.feed(&mut signal(2, 3_000, sine(997.0, -6.0)));
        let verdict = analyzer.end().verdict;
        assert_near(verdict.peak_dbfs, -6.0, 0.01);
        assert_eq!((verdict.frames, verdict.loudness_lufs.is_some()), (3_000, rate_hz == 4_000));
    }
}

#[test]
fn a_peak_between_samples_is_found() {
    // A quarter of the rate, 45 degrees off: the samples are 3 dB below the wave.
    let wave = |frame: usize| (TAU * (frame as f64 / 4.0 + 0.125)).sin() * 0.5;
    let verdict = verdict(2, &signal(2, 48_000, wave));
    assert_near(verdict.peak_dbfs, -9.03, 0.01);
    assert_near(verdict.true_peak_dbtp, -6.02, 0.2);
}

#[test]
fn skipping_quiet_parts_gives_the_same_true_peak() {
    // Noise with a changing level, in blocks of odd sizes, compared with the library over all of it.
    for rate_hz in [44_100, 96_000, 192_000] {
        for seed in 1..8_u32 {
            let mut state = seed;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state as i32 as f32 / i32::MAX as f32
            };
            let level = |at: usize| (0.6 + 0.5 * (at as f64 * f64::from(seed) / 3_000.0).sin()).powi(4) as f32;
            let mut samples: Vec<f32> = (0..40_000).map(|at| noise() * level(at)).collect();
            let mut whole = ebur128::EbuR128::new(2, rate_hz, ebur128::Mode::TRUE_PEAK).unwrap();
            whole.add_frames_f32(&samples).unwrap();
            whole.add_frames_f32(&[0.0; 48]).unwrap();
            let want = whole.true_peak(0).unwrap().max(whole.true_peak(1).unwrap());
            let mut analyzer = TakeAnalyzer::new(2, rate_hz, 20_000, None, &[]);
            samples.chunks_mut(2 * 333).for_each(|block| analyzer.feed(block));
            assert_near(analyzer.end().verdict.true_peak_dbtp, 20.0 * want.log10(), 1e-6);
        }
    }
}

#[test]
fn clipped_samples_are_counted_for_every_depth() {
    for (bits, top, clips) in [
        (Some(16), 32_767.0 / 32_768.0, true),
        (Some(24), 8_388_607.0 / 8_388_608.0, true),
        (Some(24), 32_767.0 / 32_768.0, false),
        (None, 8_388_607.0 / 8_388_608.0, false),
        (None, 1.5, true),
    ] {
        let mut samples = vec![0.1_f32; 9_600];
        samples[100] = top;
        samples[200] = -1.0;
        let measured = measured_as(2, &samples, bits, &[]);
        assert_eq!(measured.verdict.clipped_samples, 1 + u64::from(clips), "{bits:?} {top}");
        assert!(measured.verdict.short().contains("CLIPPED"), "{}", measured.verdict.short());
        assert!(measured.verdict.warnings()[0].contains("clipped: turn the input down"));
    }
}

#[test]
fn silence_is_silence() {
    let verdict = verdict(2, &vec![0.0; 96_000]);
    assert_eq!((verdict.peak_dbfs, verdict.true_peak_dbtp, verdict.loudness_lufs), (None, None, None));
    assert_eq!(verdict.noise_floor_dbfs, Some(FLOOR_DBFS));
    assert_eq!(verdict.short(), "0:01.0  silence  no dropouts");
    assert!(verdict.warnings()[0].starts_with("nothing but silence"));
    let text = verdict.to_string();
    assert!(text.contains("noise floor none: its quietest parts are silence"), "{text}");
}

#[test]
fn an_empty_take_is_measured() {
    let measured = measured_as(2, &[], None, &[]);
    assert_eq!(measured.verdict.short(), "0:00.0  empty  no dropouts");
    assert_eq!(measured.verdict.noise_floor_dbfs, None);
    assert!(measured.overview.columns.iter().all(|column| *column == (0, 0)));
}

#[test]
fn the_largest_offset_of_all_channels_is_measured() {
    let samples: Vec<f32> = signal(1, 48_000, sine(1_000.0, -20.0)).iter().flat_map(|s| [*s, s - 0.02]).collect();
    let verdict = verdict(2, &samples);
    assert!((verdict.dc_offset - 0.02).abs() < 1e-4, "{}", verdict.dc_offset);
    assert!(verdict.to_string().contains("DC offset 2.0 %, noticeable"), "{verdict}");
    assert!(verdict.short().contains("DC 2.0 %"), "{}", verdict.short());
}

#[test]
fn the_noise_floor_is_that_of_the_quietest_windows_without_gaps_and_offset() {
    // A tone for 8 s, then 2 s of a tone 50 dB below, with an offset all the time.
    let quiet =
        |frame: usize| if frame < 8 * 48_000 { sine(1_000.0, -10.0)(frame) } else { sine(1_000.0, -60.0)(frame) };
    let mut samples = signal(2, 10 * 48_000, |frame| quiet(frame) + 0.1);
    assert_near(verdict(2, &samples).noise_floor_dbfs, -63.0, 0.2);
    // Silence in place of missing frames is no quiet window.
    samples[96_000..96_000 + 76_800].fill(0.0);
    let gap = (48_000, TakeEvent::Gap { frames: 38_400 });
    let measured = measured_as(2, &samples, None, &[gap, (9, TakeEvent::Xrun { times: 1 })]);
    assert_near(measured.verdict.noise_floor_dbfs, -63.0, 0.2);
    assert_eq!((measured.verdict.gaps, measured.verdict.gap_frames, measured.verdict.xruns), (1, 38_400, 1));
    let text = measured.verdict.to_string();
    assert!(text.contains("1 dropout: 38400 frames (0.800 s) are missing"), "{text}");
    assert!(measured.verdict.short().contains("1 DROPOUT (38400 frames)  1 xrun"), "{}", measured.verdict.short());
    assert_eq!(verdict(2, &vec![0.1; 2 * 19_000]).noise_floor_dbfs, None, "shorter than a window");
}

#[test]
fn samples_that_are_no_numbers_are_counted_and_change_no_other_measurement() {
    let mut samples = signal(2, 48_000, sine(1_000.0, -20.0));
    for (at, bad) in [(7, f32::NAN), (80_000, f32::INFINITY), (90_001, f32::NEG_INFINITY)] {
        samples[at] = bad;
    }
    let verdict = verdict(2, &samples);
    assert_eq!(verdict.broken_samples, 3);
    assert_near(verdict.peak_dbfs, -20.0, 0.01);
    assert_near(verdict.loudness_lufs, -20.0, 0.2);
    assert!(verdict.short().contains("BROKEN 3 samples"));
}

#[test]
fn the_overview_shows_the_position_of_sounds() {
    let samples = signal(1, 51_200, |frame| match frame {
        0..100 => 1.0,
        25_600 => -0.5,
        _ => 0.0,
    });
    let columns = measured_as(1, &samples, None, &[]).overview.columns;
    assert_eq!(columns.len(), Overview::COLUMNS);
    assert_eq!((columns[0], columns[1], columns[256], columns[511]), ((127, 127), (0, 0), (-64, 0), (0, 0)));
    // Fewer frames than columns: each frame spans several columns. More frames than given: they are in the last column.
    let columns = measured_as(1, &[1.0, -1.0], None, &[]).overview.columns;
    assert_eq!(
        (columns[0], columns[255], columns[256], columns[511]),
        ((127, 127), (127, 127), (-127, -127), (-127, -127))
    );
    let mut analyzer = TakeAnalyzer::new(1, RATE_HZ, 512, None, &[]);
    analyzer.feed(&mut [[0.0; 512], [1.0; 512]].concat());
    let columns = analyzer.end().overview.columns;
    assert_eq!((columns[510], columns[511]), ((0, 0), (0, 127)));
}

#[test]
fn after_an_xrun_the_verdict_does_not_say_no_dropouts() {
    let samples = signal(1, 48_000, sine(1_000.0, -20.0));
    let late = [(9, TakeEvent::Xrun { times: 3 }), (99, TakeEvent::Xrun { times: 1 })];
    let verdict = measured_as(1, &samples, None, &late).verdict;
    assert_eq!(verdict.xruns, 4, "each counts, however many were found at once");
    for text in [verdict.short(), verdict.to_string()] {
        assert!(text.contains("4 xruns") && !text.contains("no dropouts"), "{text}");
    }
}

#[test]
fn samples_that_are_no_numbers_are_not_called_silence() {
    let mut analyzer = TakeAnalyzer::new(1, 8_000, 8_000, None, &[]);
    analyzer.feed(&mut [f32::INFINITY; 8_000]);
    let warnings = analyzer.end().verdict.warnings();
    assert_eq!(warnings, ["8000 samples are not a number"]);
}
