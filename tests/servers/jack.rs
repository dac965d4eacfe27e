//! The station on a real JACK server.
//!
//! Needs jackd2, jack-midi-clock, jack-capture and strace; `make test` installs them. Each test runs in a process of
//! its own, with a server of its own. Tests assert on received samples and frames, never on durations; if an
//! interruption of the server spoils a measurement, it is repeated.

mod alone;
mod latency;
mod probe;
mod server;
mod sound;
mod station;
mod takes;

use crate::common::{program, within};
use alone::alone;
use busker::{
    engine::host::{AudioRequest, jack},
    status::{SourceStatus, SyncState},
};
use probe::{Heard, Probe};
use server::{PERIOD, RATE_HZ, Server, Tool, bury, capture, wait_for};
use sound::{read, unbroken_ramp, unbroken_sine};
use station::{Stage, request};
use std::{
    io::{BufRead, BufReader},
    path::Path,
};

const CLOCK: u8 = 0xF8;
const START: u8 = 0xFA;
const STOP: u8 = 0xFC;

/// Lets the built-in synth hold a sine of 440 Hz.
fn hold_a_sine(stage: &Stage) {
    stage.ask("param.set osc_type vpm");
    stage.ask("param.set filter_type off");
    stage.ask("note.on A4 100");
    wait_for("sound", || stage.status().outputs[0].peak_db > -30.0);
    let mut before = 0.0;
    wait_for("a level that stands", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let level = stage.status().outputs[0].rms_db;
        (level - std::mem::replace(&mut before, level)).abs() < 0.001
    });
}

fn sine_is_unbroken(path: &Path) -> Result<usize, String> {
    let channels = read(path);
    assert_eq!(channels.len(), 2);
    let lengths = channels.iter().map(|channel| unbroken_sine(channel, 440.0)).collect::<Result<Vec<_>, _>>()?;
    Ok(lengths[0])
}

#[test]
fn the_output_is_one_unbroken_sine() {
    alone("the_output_is_one_unbroken_sine", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_synth());
        assert_eq!(probe.connections("busker:out_1"), ["system:playback_1"]);
        assert_eq!(probe.connections("busker:out_2"), ["system:playback_2"]);
        hold_a_sine(&stage);
        let path = stage.file("heard.wav");
        let frames = probe.undisturbed(|| {
            capture(&path, 4);
            sine_is_unbroken(&path)
        });
        println!("measured: {frames} frames of sine without a break");
        assert!(frames > 3 * 48_000, "{frames}");
    });
}

#[test]
fn a_change_of_period_leaves_the_output_unbroken() {
    alone("a_change_of_period_leaves_the_output_unbroken", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_synth());
        hold_a_sine(&stage);
        // Longer than the renderer's longest block, too.
        for period in [512, 4096] {
            Tool::finish("jack_bufsize", &[&period.to_string()]);
            wait_for("the new period", || stage.status().device.block_frames == period);
            let path = stage.file("heard.wav");
            let frames = probe.undisturbed(|| {
                capture(&path, 2);
                sine_is_unbroken(&path)
            });
            println!("measured: {frames} frames of sine without a break in periods of {period}");
            assert!(frames > 48_000, "{frames}");
        }
        assert!(stage.status().device.running);
    });
}

#[test]
fn audio_at_the_inputs_is_in_the_take_sample_for_sample() {
    alone("audio_at_the_inputs_is_in_the_take_sample_for_sample", || {
        let _server = Server::start();
        let probe = Probe::open();
        let stage = Stage::with_ports(&[""]);
        assert_eq!(probe.connections("busker:in_1"), ["system:capture_1"]);
        for n in 1..=2 {
            probe.connect(&format!("probe:ramp_{n}"), &format!("busker:in_{n}"));
        }
        let frames = probe.undisturbed(|| {
            stage.ask("record.start ramp");
            stage.record_seconds(3.0);
            stage.ask("record.stop");
            // Its pre-roll may reach back to before the ramp.
            let before = |channel: &Vec<i32>| channel.iter().take_while(|sample| **sample == 0).count();
            let channels: Vec<Vec<i32>> =
                read(&stage.finished_take()).iter().map(|channel| channel[before(channel)..].to_vec()).collect();
            unbroken_ramp(&channels[0], 1)?;
            unbroken_ramp(&channels[1], -1)?;
            assert_eq!(channels[0][0], -channels[1][0]);
            Ok(channels[0].len())
        });
        println!("measured: {frames} frames of input in the take, each one more than the one before");
        assert!(frames > 2 * 48_000, "{frames}");
    });
}

/// The distances between the pulses, in frames.
fn pulse_distances(heard: &[Heard]) -> Vec<u32> {
    let frames: Vec<u32> = heard.iter().filter(|(_, bytes)| bytes == &[CLOCK]).map(|(frame, _)| *frame).collect();
    frames.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect()
}

/// Whether the clock's pulses are those of 120 BPM, to the frame.
fn pulses_are_exact(probe: &Probe, pulses: usize, rate_hz: u32) -> Result<(), String> {
    let exact = rate_hz / 48..=rate_hz.div_ceil(48);
    probe.heard();
    let heard: Vec<Heard> = (0..=pulses).map(|_| probe.hear()).collect();
    match pulse_distances(&heard).iter().position(|distance| !exact.contains(distance)) {
        None => Ok(()),
        Some(at) => Err(format!("pulse {at} comes after {} frames", pulse_distances(&heard)[at])),
    }
}

#[test]
fn the_clock_is_120_bpm_and_every_pulse_is_on_its_frame() {
    alone("the_clock_is_120_bpm_and_every_pulse_is_on_its_frame", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_ports(&[""]));
        assert_eq!(probe.ports("busker:midi"), ["busker:midi_out", "busker:midi_in"]);
        probe.connect("busker:midi_out", "probe:midi_in");
        probe.undisturbed(|| pulses_are_exact(&probe, 192, RATE_HZ));
        println!("measured: 192 pulses, 1000 frames apart each");

        let tempo = probe.undisturbed(|| {
            let mut dump = Tool::start("jack_mclk_dump", &["-n", "busker:midi_out"]);
            let mut lines = BufReader::new(dump.0.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut read = |until: &str| -> Vec<String> {
                let mut seen: Vec<String> = Vec::new();
                while !seen.last().is_some_and(|line| line.contains(until)) {
                    seen.push(lines.next().expect("jack_mclk_dump prints on"));
                }
                // It prints in bursts: the following lines were printed already, or will be.
                seen.extend(lines.by_ref().take(48));
                seen
            };
            let mut seen = read("CLK");
            stage.ask("transport.play");
            seen.extend(read("(0xfa) start"));
            stage.ask("transport.stop");
            seen.extend(read("(0xfc) stop"));
            let tempo: Vec<String> =
                seen.into_iter().filter(|line| line.contains("CLK") && !line.contains("??")).collect();
            match tempo.iter().find(|line| !line.contains("cur:  120.00[BPM]") || !line.contains("dt: 1000[sm]")) {
                None => Ok(tempo),
                Some(line) => Err(line.clone()),
            }
        });
        println!("measured: {} lines of jack_mclk_dump like {:?}", tempo.len(), tempo[0].trim());
    });
}

#[test]
fn messages_of_the_synth_move_its_knobs_and_its_clock_is_followed() {
    alone("messages_of_the_synth_move_its_knobs_and_its_clock_is_followed", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_ports(&["probe"]));
        assert_eq!(probe.connections("busker:midi_in"), ["probe:midi_out"], "the port beside the one that is played");
        probe.say(&[0xB0, 43, 32]);
        let cutoff = || {
            let params = &stage.station.status().params;
            params.values[params.profile.param_index("filter_cutoff").unwrap()]
        };
        wait_for("the knob", || cutoff() >> 7 == 32);
        stage.ask("clock.source midi");
        // 48000 * 60 / 24 / 1200 = 100 BPM.
        probe.clock(1200);
        wait_for("the tempo", || {
            let status = stage.station.status();
            let locked = matches!(
                &status.clock.source,
                SourceStatus::Midi { from: Some(from), state: SyncState::Locked } if from == "probe"
            );
            locked && (status.transport.bpm - 100.0).abs() < 0.05
        });
        probe.say(&[0xFA]);
        wait_for("the song", || stage.station.status().transport.playing);
        probe.clock(0);
        wait_for("the loss", || {
            matches!(stage.station.status().clock.source, SourceStatus::Midi { state: SyncState::Lost, .. })
        });
    });
}

#[test]
fn notes_arrive_in_order_last_as_long_as_asked_and_end_when_the_station_does() {
    alone("notes_arrive_in_order_last_as_long_as_asked_and_end_when_the_station_does", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_ports(&["probe"]));
        assert_eq!(probe.connections("busker:midi_out"), ["probe:midi_in"], "by a part of its name");
        stage.ask("clock.run off");
        // The frame clock has settled after 150 blocks of 1024 frames.
        stage.ask("record.start settled");
        stage.record_seconds(3.5);
        stage.ask("record.stop");
        stage.finished_take();
        probe.heard();

        let sent: [&[u8]; 5] =
            [&[0x90, 60, 100], &[0x90, 64, 100], &[0x90, 67, 100], &[0xB0, 74, 1], &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]];
        let chord = || {
            stage.ask("midi.send 90 3C 64 90 40 64 90 43 64 B0 4A 01 F0 7E 7F 09 01 F7");
            let heard = sent.map(|_| probe.hear());
            assert_eq!(heard.each_ref().map(|(_, bytes)| bytes.as_slice()), sent, "in the order they were sent");
            i64::from(heard[4].0.wrapping_sub(heard[0].0))
        };
        median_within_1_ms_of(0, "from the first to the last message of one command", chord);

        let note = || {
            stage.ask("note.play C5 100 100");
            let (on, off) = (probe.hear(), probe.hear());
            assert_eq!((on.1, off.1), (vec![0x90, 72, 100], vec![0x80, 72, 64]));
            i64::from(off.0.wrapping_sub(on.0))
        };
        median_within_1_ms_of(4800, "a note of 100 ms", note);

        stage.ask("transport.play");
        stage.ask("clock.run on");
        stage.ask("note.on E4 90");
        let note = [0x90, 64, 90].to_vec();
        while probe.hear().1 != note {}
        drop(stage);
        let heard: Vec<Vec<u8>> = probe.heard().into_iter().map(|(_, bytes)| bytes).collect();
        for last in [&[0x80, 64, 64][..], &[0xB0, 123, 0], &[STOP]] {
            assert!(heard.contains(&last.to_vec()), "{last:02X?} is not among the last: {heard:02X?}");
        }
        assert!(heard.contains(&vec![START]) || heard.contains(&vec![CLOCK]), "the clock ran: {heard:02X?}");
        wait_for("the end of the client", || probe.ports("busker:").is_empty());
    });
}

/// Measures until the median of twenty is right. Single messages are late if their thread wakes late; and a period that
/// comes late while the frame clock settles changes its rate, which takes seconds to settle again.
fn median_within_1_ms_of(frames: i64, what: &str, mut measure: impl FnMut() -> i64) {
    const ROUNDS: u32 = 6;
    for _ in 0..ROUNDS {
        let mut all: Vec<i64> = std::iter::repeat_with(&mut measure).take(20).collect();
        all.sort_unstable();
        println!("\nmeasured: {what}: {all:?}");
        if (all[10] - frames).abs() <= 48 {
            return;
        }
    }
    panic!("{what}: not {frames} frames to within 1 ms in any of {ROUNDS} rounds");
}

/// Ends the server in some way; the station goes on without it and uses the next one, whatever its rate.
fn the_server_goes_away(how: impl FnOnce(Server), next_rate_hz: u32) {
    let server = Server::start();
    let stage = Stage::with_ports(&[""]);
    stage.ask("record.start first");
    stage.record_seconds(0.5);
    how(server);
    wait_for("the loss", || !stage.status().device.running);
    let path = stage.finished_take();
    assert_eq!(path, stage.file("first.wav"));
    assert!(read(&path)[0].len() > 12_000, "the take until then is there");
    // On the simulated host, the song continues.
    stage.ask("transport.play");
    let seconds = stage.status().transport.seconds;
    wait_for("the song", || stage.status().transport.seconds > seconds + 0.2);

    let server = Server::start_at(next_rate_hz);
    wait_for("the return", || stage.status().device.running);
    assert_eq!(stage.status().device.sample_rate_hz, next_rate_hz);
    let probe = Probe::open();
    assert_eq!(probe.connections("busker:out_1"), ["system:playback_1"]);
    probe.connect("busker:midi_out", "probe:midi_in");
    probe.undisturbed(|| pulses_are_exact(&probe, 48, next_rate_hz));
    // Recording continues by itself.
    stage.record_seconds(0.5);
    let goes_on = stage.file("first-2.wav");
    assert_eq!(stage.status().record.take.as_ref().map(|take| take.path.clone()), Some(goes_on.clone()));
    stage.ask("record.stop");
    stage.finished_take();
    assert_eq!(hound::WavReader::open(goes_on).unwrap().spec().sample_rate, next_rate_hz);
    drop(probe);
    drop(stage);
    drop(server);
}

#[test]
fn a_killed_server_costs_no_take_and_the_next_one_is_used() {
    alone("a_killed_server_costs_no_take_and_the_next_one_is_used", || the_server_goes_away(Server::kill, 48_000));
}

#[test]
fn a_server_that_ends_in_order_costs_no_take_and_the_next_one_is_used_at_another_rate() {
    alone("a_server_that_ends_in_order_costs_no_take_and_the_next_one_is_used_at_another_rate", || {
        the_server_goes_away(Server::terminate, 44_100);
    });
}

#[test]
fn the_station_ends_without_a_server_that_was_killed() {
    alone("the_station_ends_without_a_server_that_was_killed", || {
        let server = Server::start();
        let stage = Stage::with_ports(&[""]);
        stage.ask("record.start take");
        stage.record_seconds(0.5);
        server.kill();
        // At once: before or after the loss is detected.
        let path = stage.file("take.wav");
        let Stage { engine, .. } = &stage;
        engine.station().send("quit".parse().unwrap()).unwrap();
        stage.finished_take();
        assert!(read(&path)[0].len() > 12_000);
        drop(stage);
        assert!(!jack::running(None));
        bury(&std::env::var("JACK_DEFAULT_SERVER").unwrap());
    });
}

#[test]
fn a_server_that_hangs_blocks_no_thread_and_is_used_again() {
    alone("a_server_that_hangs_blocks_no_thread_and_is_used_again", || {
        let server = Server::start();
        let stage = Stage::with_ports(&[""]);
        stage.ask("record.start take");
        stage.record_seconds(0.5);
        server.pause();
        wait_for("the loss", || !stage.status().device.running);
        stage.finished_take();
        stage.ask("transport.play");
        let seconds = stage.status().transport.seconds;
        wait_for("the song", || stage.status().transport.seconds > seconds + 0.2);
        assert!(!jack::running(None), "it does not answer");
        server.go_on();
        wait_for("the return", || stage.status().device.running);
        stage.record_seconds(0.5);
        server.pause();
        drop(stage);
        server.go_on();
        wait_for("the end of the old connection", || jack::running(None));
    });
}

#[test]
fn a_synth_that_comes_back_is_connected_again() {
    alone("a_synth_that_comes_back_is_connected_again", || {
        let _server = Server::start();
        let probe = Probe::open();
        let stage = Stage::with_ports(&["midi_in"]);
        assert_eq!(probe.connections("busker:midi_out"), ["probe:midi_in"]);
        drop(probe);
        let probe = Probe::open();
        wait_for("the connection", || probe.connections("busker:midi_out") == ["probe:midi_in"]);
        stage.ask("note.on C4 100");
        while probe.hear().1 != [0x90, 60, 100] {}
    });
}

#[test]
fn an_interruption_is_counted_and_the_clock_continues_exactly() {
    alone("an_interruption_is_counted_and_the_clock_continues_exactly", || {
        let server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_ports(&["probe"]));
        let before = stage.status().device.xruns;
        server.pause();
        std::thread::sleep(std::time::Duration::from_millis(500));
        server.go_on();
        wait_for("an xrun", || stage.status().device.xruns > before && stage.status().device.running);
        probe.undisturbed(|| pulses_are_exact(&probe, 96, RATE_HZ));
    });
}

#[test]
fn freewheeling_the_clock_stays_exact_and_real_time_continues_after_it() {
    alone("freewheeling_the_clock_stays_exact_and_real_time_continues_after_it", || {
        let _server = Server::start();
        // One way only: jackd 1.9.21 may stop calling all clients when it freewheels and two clients are, or ever were,
        // connected both ways (seen in 12 of 17 runs; in none of 8 one way).
        let (probe, stage) = (Probe::open(), Stage::with_ports(&[""]));
        probe.connect("busker:midi_out", "probe:midi_in");
        stage.ask("transport.play");
        let seconds = stage.status().transport.seconds;
        let begun = std::time::Instant::now();
        Tool::finish("jack_freewheel", &["y"]);
        pulses_are_exact(&probe, 480, RATE_HZ).unwrap();
        wait_for("the song far ahead", || stage.status().transport.seconds > seconds + 60.0);
        let faster = (stage.status().transport.seconds - seconds) / begun.elapsed().as_secs_f64();
        stage.ask("note.on C4 100");
        let note = [0x90, 60, 100].to_vec();
        while probe.hear().1 != note {}
        Tool::finish("jack_freewheel", &["n"]);
        println!("measured: {faster:.0} times faster than real time");
        stage.ask("clock.run off");
        wait_for("real time", || {
            let seconds = stage.status().transport.seconds;
            std::thread::sleep(std::time::Duration::from_millis(200));
            stage.status().transport.seconds - seconds < 1.0
        });
        probe.heard();
        median_within_1_ms_of(4800, "a note of 100 ms, afterwards", || {
            stage.ask("note.play C5 100 100");
            let (on, off) = (probe.hear(), probe.hear());
            i64::from(off.0.wrapping_sub(on.0))
        });
        assert!(stage.status().device.running);
    });
}

#[test]
fn a_missing_device_or_port_is_reported_in_one_sentence() {
    alone("a_missing_device_or_port_is_reported_in_one_sentence", || {
        let refused = |server: Option<&str>, request: &AudioRequest| match jack::open(server, request) {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        };
        assert!(!jack::running(None) && !jack::running(Some("busker-nobody")));
        assert_eq!(jack::list_midi(None), [""; 0]);
        let error = refused(Some("busker-nobody"), &request(&[]));
        assert_eq!(error, "no JACK server named busker-nobody is running: start one, or choose another device");

        let server = Server::start();
        let probe = Probe::open();
        assert_eq!(jack::list_midi(None), ["probe:midi_in"]);
        let error = refused(None, &request(&["minilogue"]));
        assert_eq!(error, "no JACK MIDI port 'minilogue': there is only probe:midi_in");
        let error = refused(None, &AudioRequest { sample_rate_hz: Some(44_100), ..request(&[]) });
        assert!(error.starts_with("the JACK server runs at 48000 Hz, not at 44100"), "{error}");

        let name = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        let asked = AudioRequest { block_frames: Some(64), inputs: Some(3), ..request(&["PROBE:midi", "", "probe"]) };
        let device = jack::open(Some(&name), &asked).unwrap();
        let spec = device.spec();
        assert_eq!((spec.host, spec.id.as_str()), ("jack", format!("jack:{name}").as_str()));
        assert_eq!((spec.sample_rate_hz, spec.block_frames, spec.inputs), (48_000, PERIOD, 3));
        // The latency that jackd reports for its own ports: a period until it is read, and one until it is played.
        assert_eq!(spec.latency_frames, 2 * PERIOD);
        let mut ports = probe.ports("busker:");
        ports.sort_unstable();
        let midi = ["midi_in_1", "midi_in_2", "midi_in_3", "midi_out_1", "midi_out_2", "midi_out_3"];
        let mine = ["in_1", "in_2", "in_3"].into_iter().chain(midi).chain(["out_1", "out_2"]);
        assert_eq!(ports, mine.map(|port| format!("busker:{port}")).collect::<Vec<_>>());
        let error = refused(Some("busker-nobody"), &request(&[]));
        assert!(error.contains("is in use"), "{error}");
        drop(device);
        assert!(probe.ports("busker:").is_empty(), "closed");
        drop((probe, server));
    });
}
