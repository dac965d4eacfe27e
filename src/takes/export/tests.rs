//! Exports, read back by ffmpeg and by busker itself.

use super::{
    super::{
        measure,
        tests::{RATE_HZ, contents, folder, opened, sines},
    },
    *,
};
use crate::wav::Notes;
use std::{
    f64::consts::TAU,
    fs,
    ops::ControlFlow,
    process::{Command, Stdio},
};

fn plan(form: Form) -> Export {
    Export { form, depth: None, rate_hz: None, normalize: None }
}

fn exported(take: &Take, plan: &Export) -> Result<Exported, TakeError> {
    let wanted = take.path.with_file_name(format!("out.{}", plan.form));
    export(take, &wanted, plan, None, &mut |_| ControlFlow::Continue(()))
}

/// The samples that ffmpeg reads, as 32-bit integers.
fn read_by_ffmpeg(path: &Path) -> Vec<i32> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-xerror", "-i"]).arg(path).args(["-f", "s32le", "-c:a", "pcm_s32le", "-"]);
    read_by(command)
}

/// The samples that libvorbis reads; ffmpeg leaves out the first 128 frames.
fn read_by_sox(path: &Path) -> Vec<i32> {
    let mut command = Command::new("sox");
    command.arg(path).args(["-t", "s32", "-L", "-"]);
    read_by(command)
}

fn read_by(mut command: Command) -> Vec<i32> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command:?}");
    output.stdout.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()
}

fn probed(path: &Path) -> String {
    let entries = "stream=codec_name,sample_rate,channels";
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=p=0", "-show_entries", entries]).arg(path);
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn wav_and_flac_are_bit_identical_to_the_take() {
    for (channels, frames) in [(1, 17), (2, 4_096), (2, 4_097), (6, 20_000), (8, 8_192 + 31)] {
        for depth in [Depth::Int16, Depth::Int24] {
            let (_folder, take) = folder(channels, depth, &sines(channels, frames, 0.9), &[]);
            let want = read_by_ffmpeg(&take.path);
            for (form, codec) in [(Form::Wav, format!("pcm_s{depth}le")), (Form::Flac, "flac".to_owned())] {
                let made = exported(&take, &plan(form)).unwrap();
                assert!(read_by_ffmpeg(&made.path) == want, "{form} {channels} {frames} {depth}");
                assert_eq!(probed(&made.path), format!("{codec},{RATE_HZ},{channels}"));
                assert_eq!((made.gain_db, made.held_samples), (0.0, 0));
            }
        }
    }
}

#[test]
fn the_check_sum_of_a_flac_is_that_of_its_audio() {
    let (_folder, take) = folder(2, Depth::Int24, &sines(2, 10_000, 0.9), &[]);
    let made = exported(&take, &plan(Form::Flac)).unwrap();
    let raw = take.path.with_extension("raw");
    let data = take.wav.data.unwrap();
    fs::write(&raw, &fs::read(&take.path).unwrap()[data.start as usize..][..data.bytes as usize]).unwrap();
    let sum = Command::new("md5sum").arg(raw).output().unwrap().stdout;
    let bytes = fs::read(made.path).unwrap();
    let written: String = bytes[26..42].iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(String::from_utf8(sum).unwrap().starts_with(&written));
    // The length: 36 bits of frames.
    assert_eq!(u32::from_be_bytes(bytes[22..26].try_into().unwrap()), 10_000);
}

#[test]
fn ogg_has_the_length_and_sounds_alike() {
    for channels in [1, 2, 6] {
        let (_folder, take) = folder(channels, Depth::Int24, &sines(channels, 50_000, 0.5), &[]);
        let made = exported(&take, &plan(Form::Ogg)).unwrap();
        let (got, want) = (read_by_sox(&made.path), read_by_sox(&take.path));
        assert_eq!(got.len(), want.len());
        assert_eq!(probed(&made.path), format!("vorbis,{RATE_HZ},{channels}"));
        if channels < 6 {
            // With more channels the order differs there.
            let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
            let error = power(&mut got.iter().zip(&want).map(|(a, b)| f64::from(*a) - f64::from(*b)));
            let ratio_db = 10.0 * (power(&mut want.iter().map(|a| f64::from(*a))) / error).log10();
            assert!(ratio_db > 25.0, "{ratio_db} dB");
        }
    }
}

#[test]
fn a_requested_level_is_measured_back() {
    let measured = |path: &Path| measure(&opened(path), &mut |_| ControlFlow::Continue(())).unwrap().verdict;
    // A sine, whose loudness is its peak; and one with clicks, whose peak is far above it.
    let sine = sines(2, 96_000, 0.1);
    let mut clicks = sine.clone();
    clicks.iter_mut().step_by(9_600).for_each(|sample| *sample = 0.9);
    let near = |got: Option<f64>, want: f64| got.is_some_and(|got| (got - want).abs() < 0.06);
    for rate_hz in [None, Some(44_100)] {
        for (samples, normalize, level, lufs, dbtp, is_limited) in [
            (&sine, Normalize::Peak, None, None, Some(-1.0), false),
            (&sine, Normalize::Peak, Some(-6.0), None, Some(-6.0), false),
            (&sine, Normalize::Loudness, None, Some(-14.0), None, false),
            (&sine, Normalize::Loudness, Some(-23.0), Some(-23.0), None, false),
            (&clicks, Normalize::Loudness, None, None, Some(-1.0), true),
        ] {
            let (_folder, take) = folder(2, Depth::Int24, samples, &[]);
            let plan = Export { normalize: Some((normalize, level)), rate_hz, ..plan(Form::Wav) };
            let made = exported(&take, &plan).unwrap();
            let verdict = measured(&made.path);
            assert_eq!(made.is_limited, is_limited, "{verdict}");
            assert!(lufs.is_none_or(|lufs| near(verdict.loudness_lufs, lufs)), "{verdict}");
            assert!(dbtp.is_none_or(|dbtp| near(verdict.true_peak_dbtp, dbtp)), "{verdict}");
            assert!(verdict.true_peak_dbtp.unwrap() < PEAK_DBTP + 0.06, "{verdict}");
        }
    }
    let (_folder, silent) = folder(2, Depth::Int24, &[0.0; 1_000], &[]);
    let made = exported(&silent, &Export { normalize: Some((Normalize::Peak, None)), ..plan(Form::Wav) }).unwrap();
    assert_eq!(made.gain_db, 0.0);
}

#[test]
fn another_rate_keeps_the_wave_and_its_length() {
    let (_folder, take) = folder(2, Depth::Float32, &sines(2, 50_001, 0.5), &[(24_000, "half a second")]);
    for (rate_hz, form) in
        [(44_100, Form::Wav), (96_000, Form::Wav), (16_000, Form::Wav), (22_050, Form::Wav), (47_998, Form::Wav)]
    {
        let made = exported(&take, &Export { rate_hz: Some(rate_hz), ..plan(form) }).unwrap();
        let made = opened(&made.path);
        let want_frames = (50_001.0 * f64::from(rate_hz) / f64::from(RATE_HZ)).round() as u64;
        assert_eq!(made.audio().unwrap().1, want_frames);
        let mut samples = Vec::new();
        crate::wav::Samples::open(&made.file, &made.wav).unwrap().read(want_frames as usize, &mut samples).unwrap();
        // The wave itself, at its time: neither its frequency nor its position changes.
        let middle = want_frames as usize / 4..want_frames as usize * 3 / 4;
        for frame in middle {
            for (channel, hz) in [(0, 997.0), (1, 1098.0)] {
                let want = 0.5 * (TAU * hz * frame as f64 / f64::from(rate_hz)).sin();
                let got = f64::from(samples[frame * 2 + channel]);
                assert!((got - want).abs() < 1e-4, "{rate_hz} Hz, frame {frame}: {got} is not {want}");
            }
        }
        let notes = Notes::read(&mut &made.file, &made.wav).unwrap();
        assert_eq!(notes.marks[0].frame, u64::from(rate_hz / 2));
        assert_eq!(notes.origin.unwrap().time_reference, u64::from(rate_hz) * 10);
    }
}

#[test]
fn sixteen_bits_are_dithered_only_if_precision_is_lost() {
    let quiet = vec![0.3 / 32_768.0; 200_000];
    let (_folder, take) = folder(1, Depth::Int24, &quiet, &[]);
    let made = exported(&take, &Export { depth: Some(Depth::Int16), ..plan(Form::Flac) }).unwrap();
    let values = read_by_ffmpeg(&made.path);
    let mean = values.iter().map(|value| f64::from(*value) / 65_536.0).sum::<f64>() / values.len() as f64;
    assert!((mean - 0.3).abs() < 0.01, "{mean}");
    let (_folder, take) = folder(1, Depth::Float32, &[1.5, -1.5, 0.5], &[]);
    assert_eq!(exported(&take, &plan(Form::Flac)).unwrap().held_samples, 2);
    assert_eq!(exported(&take, &plan(Form::Wav)).unwrap().held_samples, 0);
}

#[test]
fn an_impossible_export_is_refused_and_no_file_is_left() {
    let (two, nine) =
        (folder(2, Depth::Int24, &sines(2, 9_000, 0.5), &[]), folder(9, Depth::Int24, &sines(9, 90, 0.5), &[]));
    let nothing = folder(2, Depth::Int24, &[], &[]);
    let cases = [
        (&two, Export { depth: Some(Depth::Float32), ..plan(Form::Flac) }, "16 or 24 bits"),
        (&two, Export { depth: Some(Depth::Int16), ..plan(Form::Ogg) }, "leave out --bits"),
        (&two, Export { rate_hz: Some(192_000), ..plan(Form::Flac) }, "96000 Hz"),
        (&two, Export { rate_hz: Some(1), ..plan(Form::Wav) }, "resampling works between"),
        (&nine, plan(Form::Flac), "up to 8 channels"),
        (&nothing, plan(Form::Wav), "it contains no audio"),
    ];
    for ((folder, take), plan, why) in cases {
        let refused = exported(take, &plan).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(contents(folder.path()).len(), 1);
    }
    let (folder, take) = two;
    for form in [Form::Wav, Form::Flac, Form::Ogg] {
        let wanted = folder.path().join("out");
        let mut calls = 0;
        let stopped = export(&take, &wanted, &plan(form), None, &mut |_| {
            calls += 1;
            if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(stopped, Err(TakeError::Take(NotUsable::Stopped))));
        assert_eq!(contents(folder.path()).len(), 1);
    }
}

#[test]
fn an_existing_file_stays() {
    let (folder, take) = folder(2, Depth::Int24, &sines(2, 100, 0.5), &[]);
    fs::write(folder.path().join("out.flac"), "precious").unwrap();
    for name in ["out-2.flac", "out-3.flac"] {
        assert_eq!(exported(&take, &plan(Form::Flac)).unwrap().path, folder.path().join(name));
    }
    assert_eq!(fs::read_to_string(folder.path().join("out.flac")).unwrap(), "precious");
}

#[test]
fn noise_is_not_longer_as_flac() {
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..40_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as i32 as f32 / i32::MAX as f32
        })
        .collect();
    let (_folder, take) = folder(2, Depth::Int24, &noise, &[]);
    let made = exported(&take, &plan(Form::Flac)).unwrap();
    assert!(read_by_ffmpeg(&made.path) == read_by_ffmpeg(&take.path));
    assert!(fs::metadata(&made.path).unwrap().len() < 40_000 * 3 + 1_000);
}

#[test]
fn silence_cannot_be_normalized_and_this_is_reported() {
    let (_folder, take) = folder(2, Depth::Int24, &[0.0; 2 * 48_000], &[]);
    for normalize in [Normalize::Loudness, Normalize::Peak] {
        let made = exported(&take, &Export { normalize: Some((normalize, None)), ..plan(Form::Wav) }).unwrap();
        assert!(made.is_silent && made.gain_db == 0.0, "{made:?}");
    }
}

#[test]
fn a_rate_that_flac_is_not_written_at_is_refused_with_what_to_do() {
    let (_folder, take) = folder(2, Depth::Int24, &sines(2, 100, 0.5), &[]);
    let refused = exported(&take, &Export { rate_hz: Some(192_000), ..plan(Form::Flac) }).unwrap_err().to_string();
    assert!(refused.contains("add --rate 96000, or export as wav"), "{refused}");
}

#[test]
fn samples_that_are_no_numbers_are_silence_in_the_export() {
    let mut samples = sines(1, 1_000, 0.5);
    (samples[10], samples[20]) = (f32::NAN, f32::INFINITY);
    let (_folder, take) = folder(1, Depth::Float32, &samples, &[]);
    let made = exported(&take, &plan(Form::Wav)).unwrap();
    let made: Vec<f32> = hound::WavReader::open(made.path).unwrap().into_samples().map(Result::unwrap).collect();
    (samples[10], samples[20]) = (0.0, 0.0);
    assert_eq!(made, samples);
}

#[test]
fn a_rate_that_ogg_is_not_written_at_is_refused_with_what_to_do_and_lower_ones_are_written() {
    let samples = sines(2, 4_000, 0.5);
    for rate_hz in [8_000, 44_100, 96_000, 176_400, OGG_RATE_HZ, OGG_RATE_HZ + 1, 384_000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jam.wav");
        let shape = crate::wav::WavShape { channels: 2, sample_rate_hz: rate_hz, depth: Depth::Int24 };
        super::super::tests::write(&path, shape, &samples, &[]);
        match exported(&opened(&path), &plan(Form::Ogg)) {
            Ok(_) => assert!(rate_hz <= OGG_RATE_HZ, "{rate_hz}"),
            Err(why) => {
                let why = why.to_string();
                assert!(
                    rate_hz > OGG_RATE_HZ && why.contains("add --rate 192000, or export as wav"),
                    "{rate_hz}: {why}"
                );
            }
        }
    }
}

#[test]
fn a_level_above_the_measured_range_is_not_normalized() {
    let (folder, take) = folder(2, Depth::Float32, &sines(2, 96_000, 1e30), &[]);
    for normalize in [Normalize::Loudness, Normalize::Peak] {
        let refused =
            exported(&take, &Export { normalize: Some((normalize, None)), ..plan(Form::Wav) }).unwrap_err().to_string();
        assert!(refused.contains("120 dBFS or more") && refused.contains("without --normalize"), "{refused}");
    }
    assert_eq!(contents(folder.path()).len(), 1);
}
