//! The whole engine in virtual time: commands in, bytes and audio out, exact to the frame.

use super::*;
use crate::engine::audio::renderer::Renderer;
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// What comes in on a frame, of what was played before it.
type Comes = Box<dyn Fn(&[f32], usize) -> f32>;

/// A cable from the left output to the first input of the device.
pub(in crate::engine) struct Cable {
    /// What was played.
    played: Vec<f32>,
    comes: Comes,
}

impl Cable {
    /// One through which what was played comes in as `comes` says for each frame, of which only what was played a block before is
    /// there.
    pub(in crate::engine) fn new(comes: impl Fn(&[f32], usize) -> f32 + 'static) -> Cable {
        Cable { played: Vec::new(), comes: Box::new(comes) }
    }

    /// One of so many frames, a block at least, with this gain.
    pub(in crate::engine) fn of(delay_frames: usize, gain: f32) -> Cable {
        Cable::new(move |played, at| at.checked_sub(delay_frames).map_or(0.0, |at| played[at] * gain))
    }

    pub(super) fn hand_over(cable: &mut Option<Cable>, renderer: &mut Renderer, frames: usize) {
        let Some(cable) = cable else { return };
        let at = cable.played.len();
        for (frame, to) in (at..at + frames).zip(renderer.device_input_mut(0)) {
            *to = (cable.comes)(&cable.played, frame);
        }
    }

    pub(super) fn take(cable: &mut Option<Cable>, renderer: &Renderer, frames: usize) {
        let Some(cable) = cable else { return };
        cable.played.extend_from_slice(&renderer.output(0)[..frames]);
    }
}

type Wire = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

fn config(folder: &Path) -> EngineConfig {
    EngineConfig::of_seven_bits(folder)
}

fn rig(folder: &Path) -> (Offline, Wire) {
    let mut offline = Offline::new(&config(folder)).unwrap();
    let wire = Wire::default();
    let log = Arc::clone(&wire);
    offline.listen_to_sent(Box::new(move |sent, at_ns, _| {
        log.lock().unwrap().push((at_ns / 1000, sent.payload.bytes().to_vec()));
    }));
    (offline, wire)
}

fn ask(offline: &mut Offline, line: &str) {
    offline.ask(&line.parse().unwrap()).unwrap();
}

fn without_clock(wire: &Wire) -> Vec<(u64, Vec<u8>)> {
    wire.lock().unwrap().iter().filter(|(_, bytes)| bytes[0] != 0xF8).cloned().collect()
}

fn samples(path: &Path) -> Vec<i32> {
    hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}

#[test]
fn a_note_sounds_on_its_frame_and_is_in_the_take() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, wire) = rig(folder.path());
    ask(&mut offline, "record.start jam");
    offline.run_to(24_001);
    ask(&mut offline, "note.play A4 100 250");
    offline.run_to(48_000);
    ask(&mut offline, "record.stop");
    offline.finish();
    let sent = without_clock(&wire);
    assert_eq!(sent[0], (500_020, vec![0x90, 69, 100]));
    assert_eq!(sent[1], (750_020, vec![0x80, 69, 64]));
    let samples = samples(&folder.path().join("jam.wav"));
    assert_eq!(samples.len(), 48_000 * 2);
    assert!(samples[..24_001 * 2].iter().all(|x| *x == 0));
    let first = samples.iter().position(|x| *x != 0).unwrap() / 2;
    assert!((24_001..24_010).contains(&first), "first sound at {first}");
}

#[test]
fn a_run_is_the_same_to_the_sample_and_the_byte_every_time() {
    let run = || {
        let folder = tempfile::tempdir().unwrap();
        let (mut offline, wire) = rig(folder.path());
        for line in ["record.start jam", "transport.play", "click.on on", "param.set mod_type chorus"] {
            ask(&mut offline, line);
        }
        for i in 0..20 {
            ask(&mut offline, &format!("note.play {} 100 200", 40 + i));
            ask(&mut offline, &format!("param.set filter_cutoff {}", f64::from(i) / 20.0));
            offline.run_to(i64::from(i + 1) * 7_777);
        }
        offline.finish();
        let bytes = std::fs::read(folder.path().join("jam.wav")).unwrap();
        let wire = wire.lock().unwrap().clone();
        (bytes, wire)
    };
    assert!(run() == run());
}

#[test]
fn the_clock_ticks_every_thousand_frames_and_stops_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, wire) = rig(folder.path());
    offline.run_to(1);
    ask(&mut offline, "transport.play");
    offline.run_to(10_500);
    assert!(offline.status().transport.playing);
    offline.finish();
    let times: Vec<u64> =
        wire.lock().unwrap().iter().filter(|(_, b)| b[0] == 0xF8).map(|(t, _)| (t * 48 + 500) / 1000).collect();
    assert_eq!(times, (0..=10).map(|i| i * 1000).collect::<Vec<_>>());
    let commands = without_clock(&wire);
    assert_eq!(commands[0], (833, vec![0xFA]), "20 ms before its pulse");
    assert_eq!(commands[1].1, [0xFC]);
}

#[test]
fn notes_that_sound_at_the_end_are_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, wire) = rig(folder.path());
    ask(&mut offline, "note.on C4 100");
    offline.run_to(1000);
    ask(&mut offline, "record.start unfinished");
    offline.run_to(2000);
    offline.finish();
    assert!(without_clock(&wire).iter().any(|(_, bytes)| bytes[..2] == [0x80, 60]));
    // With the pre-roll, as far as there is any.
    assert_eq!(samples(&folder.path().join("unfinished.wav")).len(), 2 * 2000);
}

#[test]
fn a_refused_command_names_the_thing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, wire) = rig(folder.path());
    let refused = |offline: &mut Offline, line: &str| offline.ask(&line.parse().unwrap()).unwrap_err();
    assert_eq!(
        refused(&mut offline, "param.set filter_cutof 0.5"),
        "korg_nts1_mk2 has no parameter 'filter_cutof'; did you mean 'filter_cutoff'?"
    );
    assert!(refused(&mut offline, "param.set filter_type fuzz").contains("fuzz"));
    assert!(refused(&mut offline, "profile.use moog").contains("generic_analog"));
    assert!(refused(&mut offline, "record.stop").contains("record.start"));
    assert_eq!(refused(&mut offline, "input.gain 7 0"), "input.gain 7: the inputs are synth");
    ask(&mut offline, "record.start a");
    assert!(refused(&mut offline, "record.start b").contains("already recording"));
    offline.run_to(4800);
    assert!(without_clock(&wire).is_empty());
}

#[test]
fn a_folder_that_refuses_is_one_notice_and_the_rest_plays_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut offline = Offline::new(&config(&file)).unwrap();
    let events = offline.station().subscribe(|| {});
    let refused = offline.ask(&"record.start jam".parse().unwrap()).unwrap_err();
    assert!(refused.contains("its folder is a file"), "{refused}");
    offline.run_to(48_000);
    assert_eq!(offline.status().record.take, None);
    let errors = events.try_iter().filter(|e| matches!(e, Event::Notice { text, .. } if text.contains("jam.wav")));
    assert_eq!(errors.count(), 1);
    ask(&mut offline, "note.on C4 100");
    offline.run_to(60_000);
    assert!(offline.status().outputs[0].peak_db > -40.0);
}

#[test]
fn a_tempo_that_jumps_from_20_to_300_loses_and_doubles_no_pulse() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, wire) = rig(folder.path());
    ask(&mut offline, "transport.play");
    for step in 1..=200 {
        ask(&mut offline, if step % 2 == 0 { "clock.bpm 20" } else { "clock.bpm 300" });
        offline.run_to(step * 9_000);
    }
    let pulses: Vec<u64> =
        wire.lock().unwrap().iter().filter(|(_, bytes)| *bytes == [0xF8]).map(|(at, _)| *at).collect();
    // 400 frames a pulse at 300 BPM, 6000 at 20; in µs.
    let distances = pulses.windows(2).map(|pair| pair[1] - pair[0]);
    let fits = |us: u64| (8_333 - 50..=125_000 + 50).contains(&us);
    assert!(distances.clone().all(fits), "{:?}", distances.collect::<Vec<_>>());
    let song = offline.status().transport.position;
    let ticks = song.pulses(crate::music::Bpm::DEFAULT).floor();
    assert!((pulses.len() as f64 - ticks - 1.0).abs() <= 1.0, "{} pulses, the song is at pulse {ticks}", pulses.len());
}

#[test]
fn a_located_place_is_shown_at_once_and_the_song_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, _) = rig(folder.path());
    let place = |offline: &Offline| offline.status().transport.position.to_string();
    ask(&mut offline, "transport.play");
    offline.run_to(100_000);
    ask(&mut offline, "transport.locate 9:1:0");
    assert_eq!(place(&offline), "9:1:0");
    offline.run_to(124_000);
    assert!(place(&offline).starts_with("9:1:"), "{}", place(&offline));
    ask(&mut offline, "transport.stop");
    ask(&mut offline, "transport.locate 5:1:0");
    ask(&mut offline, "transport.play");
    assert_eq!(place(&offline), "5:1:0");
    let pulse = |offline: &Offline| offline.status().transport.seconds;
    let before = pulse(&offline);
    ask(&mut offline, "clock.bpm 90");
    assert!(pulse(&offline) - before < 4.0, "a tempo is no jump");
}

#[test]
fn inputs_that_were_not_chosen_are_held_as_they_came_in_and_recorded_once_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { input: Some("2".parse().unwrap()), ..config(folder.path()) };
    let mut offline = Offline::of_device(&config, vec![built_in_port()], 4).unwrap();
    let level = |input: usize| 0.125 * input as f32;
    for input in 1..=4 {
        offline.engine.renderer.device_input_mut(input - 1).fill(level(input));
    }
    ask(&mut offline, "input.gain 2 6.0206");
    offline.run_to(48_000);
    // The frames from before the command, and for the others no gain.
    ask(&mut offline, "record.set files inputs+master");
    ask(&mut offline, "record.set inputs 4,2-3");
    assert_eq!(offline.status().record.inputs, "4,2-3");
    ask(&mut offline, "record.capture 0.5");
    let refused = offline.ask(&"record.set inputs 5".parse().unwrap()).unwrap_err();
    assert_eq!(refused, "no input 5: the inputs are 1-4");
    assert_eq!(offline.status().record.inputs, "4,2-3");
    ask(&mut offline, "record.set inputs start");
    ask(&mut offline, "record.start jam");
    offline.run_to(96_000);
    offline.finish();
    let capture = samples(&folder.path().join("recording_20000101_000001-capture.wav"));
    let of = |level: f32| (level * 8_388_608.0) as i32;
    assert_eq!(capture.len(), 5 * 24_000);
    let near = |got: i32, want: f32| (got - of(want)).abs() < 100;
    for frame in capture.chunks(5) {
        let [four, two, three, ..] = *frame else { panic!() };
        assert!((four, three) == (of(level(4)), of(level(3))) && near(two, 2.0 * level(2)), "{frame:?}");
    }
    let jam = samples(&folder.path().join("jam.wav"));
    assert!(jam.chunks(3).all(|frame| near(frame[0], 2.0 * level(2))));
}
