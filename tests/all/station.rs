//! The program for a user: in a pseudo-terminal of 80x24, on a machine without sound.
//!
//! No test asserts on durations: each step waits until the screen shows the expected text.

use crate::common::terminal;
use busker_sound::spectrum::{Complex, transform};
use std::{f64::consts::TAU, fs, path::Path};
use terminal::Terminal;

/// The left channel, 1.0 = full scale.
fn left(path: &Path) -> Vec<f32> {
    let samples: Vec<i32> = hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect();
    samples.iter().step_by(2).map(|x| *x as f32 / 8_388_608.0).collect()
}

/// Frames of a spectrum: a third of a second.
const SPECTRUM: usize = 16_384;

/// The centroid of the spectrum, in Hz.
fn centroid_hz(samples: &[f32]) -> f64 {
    assert!(samples.iter().map(|x| x * x).sum::<f32>() > 0.1, "the take is silent");
    let window = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / samples.len() as f64).cos();
    let mut spectrum: Vec<Complex<f64>> =
        samples.iter().enumerate().map(|(i, x)| Complex::new(f64::from(*x) * window(i), 0.0)).collect();
    transform(&mut spectrum);
    let (mut weighted, mut sum) = (0.0, 0.0);
    for (bin, x) in spectrum[..samples.len() / 2].iter().enumerate() {
        weighted += bin as f64 * x.norm();
        sum += x.norm();
    }
    weighted / sum * 48_000.0 / samples.len() as f64
}

/// The log's data of a take: first frame, frame after the last, frames in the file.
fn frames_in_log(log: &str) -> (i64, i64, i64) {
    let value = |line: &str, key: &str| -> i64 {
        let text = line.split(key).nth(1).unwrap().split_whitespace().next().unwrap();
        text.parse().unwrap()
    };
    let line =
        |what: &str| log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no '{what}': {log}"));
    (
        value(line("take started"), " frame="),
        value(line("take stopped"), " frame="),
        value(line("take finished"), " frames="),
    )
}

#[test]
fn play_turn_the_cutoff_record_stop_quit() {
    let mut station = Terminal::open(&[], 80, 24);
    station.wait_for("stopped");
    station.wait_for("PIANO");
    station.keys("\x12");
    station.wait_for("● REC 00:00:0");
    // A chord, with the repeats of a terminal.
    for _ in 0..6 {
        station.keys("z");
        station.pause();
    }
    station.wait_for("synth L");
    station.keys("\t");
    station.wait_for("[Filter]");
    station.keys("\x1b[C");
    station.wait_for("▸Cutoff");
    for _ in 0..10 {
        station.keys("\x1b[6~");
    }
    station.wait_until("the cutoff at 20 or less", |screen| {
        screen.lines().find(|line| line.contains("▸Cutoff")).is_some_and(|line| {
            let shown = line.split("▸Cutoff").nth(1).unwrap_or_default();
            let digits: String =
                shown.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().is_ok_and(|cutoff| cutoff <= 24)
        })
    });
    for _ in 0..6 {
        station.keys("z");
        station.pause();
    }
    station.keys("\x12");
    // The measurement of the take comes last, and replaces the message that the take is finished.
    station.wait_for("dBFS (true");
    station.wait_for("○ ready to record");
    station.keys("\x11");
    assert!(station.wait_for_exit(), "the program failed: {}", station.screen());

    let mut takes: Vec<_> = fs::read_dir(station.home().join("Music")).unwrap().map(|e| e.unwrap().path()).collect();
    // The audio, and the MIDI file beside it.
    takes.sort_by_key(|path| path.extension() != Some("wav".as_ref()));
    assert_eq!(takes.len(), 2, "{takes:?}");
    assert_eq!(takes[1], takes[0].with_extension("mid"));
    let name = takes[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("recording_2") && name.len() == "recording_YYYYMMDD_HHMMSS.wav".len(), "{name}");
    let log = fs::read_to_string(station.home().join("state/busker/busker.log")).unwrap();
    let (first, end, written) = frames_in_log(&log);
    let samples = left(&takes[0]);
    assert_eq!(samples.len() as i64, end - first);
    assert_eq!(written, end - first);
    let onset = samples.iter().position(|x| x.abs() > 0.01).expect("the take is silent");
    let bright = centroid_hz(&samples[onset + 4096..][..SPECTRUM]);
    let dark = centroid_hz(&samples[samples.len() - SPECTRUM..]);
    assert!(dark < bright * 0.7, "the spectrum was at {bright} Hz and is at {dark} Hz");
    // sox opens it unrepaired.
    let sox = std::process::Command::new("soxi").arg("-s").arg(&takes[0]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&sox.stdout).trim(), (end - first).to_string());
}

#[test]
fn every_function_works_on_the_simulated_host_and_one_calm_line_reports_it() {
    let mut station = Terminal::open(&["--device", "alsa:no_such_card"], 80, 24);
    station.wait_for("simulated host");
    let screen = station.screen();
    assert!(!screen.contains("ALSA lib") && !screen.contains("panicked"), "{screen}");
    station.keys(" ");
    station.wait_for("playing");
    station.keys(":clock.bpm 98.5\r");
    station.wait_for("98.50 BPM");
    station.keys(":param.set filter_type hp2\r");
    station.keys(":clock.bpm 9000\r");
    station.wait_for("20..300");
    // Once to close the line with the mistake in it, once to switch the piano off.
    station.keys("\x1b");
    station.wait_for("PIANO");
    station.keys("\x1b");
    station.wait_for("KEYS");
    station.keys("?");
    station.wait_for("Help");
    station.keys("\x1b");
    station.wait_until("the help's end", |screen| !screen.contains("─ Help ─"));
    station.keys("q");
    assert!(station.wait_for_exit());
}

#[test]
fn a_window_that_is_too_small_shows_the_required_size_and_a_larger_one_is_used() {
    let mut station = Terminal::open(&["--demo"], 60, 20);
    station.wait_for("80");
    station.resize(200, 60);
    station.wait_for("Reverb");
    station.wait_for("Arpeggiator");
    station.keys("\x11");
    assert!(station.wait_for_exit());
}

#[test]
fn sigterm_closes_the_take() {
    let mut station = Terminal::open(&["--demo"], 80, 24);
    station.wait_for("PIANO");
    station.keys(":record.start jam\r");
    station.wait_for("● REC 00:00:0");
    station.keys(":note.on C4 100\r");
    station.pause();
    station.signal("TERM");
    station.wait_for_exit();
    let log = fs::read_to_string(station.home().join("state/busker/busker.log")).unwrap();
    let (first, end, _) = frames_in_log(&log);
    assert_eq!(left(&station.home().join("Music/jam.wav")).len() as i64, end - first);
}
