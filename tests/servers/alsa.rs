//! The ALSA host on a real server: cpal's own code, through ALSA's "jack" plugin, on a jackd without a sound card.
//!
//! Needs jackd, jack_capture, aplay and the plugin; `make test` installs them. Each test starts a server under a name
//! of its own and runs again in a process of its own, because alsa-lib and libjack read their environment once. No test
//! asserts on durations. With feature `rt-check`, an allocation in a callback ends the process.

mod server;
mod signal;

use busker::{
    engine::{
        config::EngineConfig,
        host::AudioRequest,
        live::Engine,
        select::{DeviceChoice, PortChoice, PortWish, select},
        station::Station,
    },
    status::Event,
};
use server::Stage;
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// A machine with two busy cores may lose a period now and then, but not every time.
const TRIES: usize = 4;

fn config(folder: &Path, input: Option<&str>) -> EngineConfig {
    let input = input.map(|channels| channels.parse().unwrap());
    EngineConfig { input, ..EngineConfig::built_in(folder).unwrap() }
}

/// The station on ALSA's default device.
fn station_on_alsa(folder: &Path, input: Option<&str>, ports: &[PortWish]) -> Engine {
    let config = config(folder, input);
    let request = AudioRequest { sample_rate_hz: None, block_frames: None, inputs: None, jack_ports: Vec::new() };
    let device = DeviceChoice::Alsa("default".to_owned());
    let selected = select(&device, ports, &request, &config.profile).unwrap();
    let spec = selected.machinery.device.spec();
    eprintln!("{spec:?}");
    assert_eq!((spec.host, spec.sample_rate_hz, spec.inputs), ("alsa", 48_000, 2));
    assert_eq!(spec.block_frames, 1024, "the server's period is the least the plugin takes");
    assert_eq!(spec.latency_frames, 2048);
    Engine::start(&config, selected.machinery, None).unwrap()
}

fn ask(station: &Station, command: &str) {
    station.ask(command.parse().unwrap()).unwrap();
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_alsa_output_is_one_unbroken_sine() {
    let Some(stage) = Stage::enter("the_alsa_output_is_one_unbroken_sine") else { return };
    let engine = station_on_alsa(stage.folder(), None, &[PortChoice::Sim.into()]);
    let station = engine.station();
    for command in ["param.set osc_type vpm", "param.set filter_type off", "note.on A4 100"] {
        ask(station, command);
    }
    wait_for("sound", || station.status().outputs[0].peak_db > -40.0);
    // The attack is over.
    thread::sleep(Duration::from_secs(1));
    let mut faults = Vec::new();
    for attempt in 0..TRIES {
        let before = station.status().device.xruns;
        let file = stage.capture(&format!("heard{attempt}.wav"), 4);
        let xruns = station.status().device.xruns - before;
        let heard = signal::first_channel(&file);
        assert!(heard.len() > 48_000, "jack_capture wrote {} frames", heard.len());
        match signal::faults_of_sine(&heard, 440.0) {
            found if found.is_empty() => return,
            found => faults.push(format!("{xruns} xruns, faults at {found:?}")),
        }
    }
    panic!("never unbroken: {faults:#?}");
}

#[test]
fn inputs_are_recorded_sample_for_sample() {
    let Some(stage) = Stage::enter("inputs_are_recorded_sample_for_sample") else { return };
    let engine = station_on_alsa(stage.folder(), Some("1-2"), &[]);
    let station = engine.station();
    let _player = stage.play_counter(120);
    wait_for("the counter", || station.status().inputs.meters.iter().all(|meter| meter.peak_db > -140.0));
    let mut faults = Vec::new();
    for attempt in 0..TRIES {
        let before = station.status().device.xruns;
        let events = station.subscribe(|| {});
        ask(station, &format!("record.start take{attempt}"));
        wait_for("three seconds", || station.status().record.take.as_ref().is_some_and(|take| take.seconds >= 3.0));
        ask(station, "record.stop");
        let mut finished = None;
        wait_for("the end of the take", || {
            finished = events.try_iter().find(|event| matches!(event, Event::TakeFinished { .. }));
            finished.is_some()
        });
        // The load and the xruns are updated once a second.
        thread::sleep(Duration::from_millis(1100));
        let xruns = station.status().device.xruns - before;
        let file = stage.folder().join(format!("take{attempt}.wav"));
        match signal::faults_of_counter(&file) {
            (frames, found) if found.is_empty() => {
                assert!(frames >= 2 * 48_000, "{frames} frames");
                return;
            }
            (_, found) => faults.push(format!("{xruns} xruns, faults at {found:?}")),
        }
    }
    panic!("never exact: {faults:#?}");
}

#[test]
fn a_server_that_dies_closes_the_take_and_the_station_plays_on() {
    let Some(stage) = Stage::enter("a_server_that_dies_closes_the_take_and_the_station_plays_on") else { return };
    let engine = station_on_alsa(stage.folder(), Some("1-2"), &[PortChoice::Sim.into()]);
    let station = engine.station();
    let events = station.subscribe(|| {});
    ask(station, "transport.play");
    ask(station, "record.start last");
    wait_for("a take", || station.status().record.take.as_ref().is_some_and(|take| take.seconds > 0.5));
    stage.end_server();
    let ended = Instant::now();
    wait_for("the loss", || !station.status().device.running);
    eprintln!("noticed after {:?}", ended.elapsed());
    let mut finished = false;
    wait_for("the end of the take", || {
        finished |= events.try_iter().any(|event| matches!(event, Event::TakeFinished { .. }));
        finished
    });
    eprintln!("take closed after {:?}", ended.elapsed());
    let frames = hound::WavReader::open(stage.folder().join("last.wav")).unwrap().duration();
    assert!(frames > 12_000, "the take has {frames} frames");
    let seconds = station.status().transport.seconds;
    wait_for("the song to go on", || station.status().transport.seconds > seconds + 0.2);
    ask(station, "note.on C4 100");
    wait_for("the built-in synth on the simulated host", || station.status().outputs[0].peak_db > -40.0);
}
