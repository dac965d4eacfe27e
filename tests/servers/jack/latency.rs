//! The round trip on a server whose graph has a delay of its own: a client that hears itself does so a period later.

use super::{
    alone::alone,
    probe::Probe,
    program::busker,
    server::{PERIOD, Server, Tool, wait_for},
    station::Stage,
};
use busker::latencies::Latencies;
use std::{
    env,
    io::{BufRead, BufReader},
    thread,
};

/// What jack_iodelay measures of a client that hears itself, in frames.
fn as_jack_iodelay_has_it(probe: &Probe) -> f64 {
    wait_for("the end of the one before", || probe.ports("jack_delay").is_empty());
    // Line by line: it prints into a pipe.
    let mut tool = Tool::start("stdbuf", &["-oL", "jack_iodelay"]);
    let lines = BufReader::new(tool.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    wait_for("jack_iodelay", || probe.try_connect("jack_delay:out", "jack_delay:in"));
    let frames = |line: String| line.split_once(" frames").and_then(|(frames, _)| frames.trim().parse().ok());
    lines.filter_map(frames).next().expect("a delay")
}

#[test]
fn the_delay_of_the_graph_is_measured() {
    alone("latency::the_delay_of_the_graph_is_measured", || {
        let _server = Server::start();
        let (probe, stage) = (Probe::open(), Stage::with_synth());
        probe.connect("busker:out_1", "busker:in_1");
        for period in [PERIOD, 4096] {
            Tool::finish("jack_bufsize", &[&period.to_string()]);
            wait_for("the period", || stage.status().device.block_frames == period);
            let measured = probe.undisturbed(|| {
                stage.station.ask("latency.measure 1".parse().unwrap())?;
                let measured = stage.status().latency.measured.unwrap();
                let is_true = (measured.frames - f64::from(period)).abs() < 0.01;
                if is_true { Ok(measured) } else { Err(format!("{measured}")) }
            });
            let other = as_jack_iodelay_has_it(&probe);
            println!("measured: {measured} of {period}; jack_iodelay has it as {other}");
            assert!((other - measured.frames).abs() < 0.1, "{other}");
            assert_eq!(stage.status().latency.round_trip_frames, i64::from(period));
        }
    });
}

#[test]
fn the_program_calibrates_and_says_what_is_not_connected() {
    alone("latency::the_program_calibrates_and_says_what_is_not_connected", || {
        let _server = Server::start();
        let probe = Probe::open();
        let home = tempfile::tempdir().unwrap();
        let calibrate = || {
            let mut command = busker(home.path(), &["calibrate", "--device", "jack"]);
            command.env("JACK_DEFAULT_SERVER", env::var("JACK_DEFAULT_SERVER").unwrap());
            command.output().unwrap()
        };
        let output = calibrate();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("no signal at input 1: connect output 1 to input 1 with a cable"), "{said}");
        let said = probe.undisturbed(|| {
            let output = thread::scope(|scope| {
                let program = scope.spawn(calibrate);
                wait_for("its ports", || {
                    !probe.ports("busker:in_1").is_empty() && !probe.ports("busker:out_1").is_empty()
                });
                // Once it runs: before, its ports are not to be connected.
                wait_for("its connections", || !probe.connections("busker:out_1").is_empty());
                probe.connect("busker:out_1", "busker:in_1");
                program.join().unwrap()
            });
            let said = String::from_utf8(output.stdout).unwrap();
            if output.status.success() { Ok(said) } else { Err(String::from_utf8(output.stderr).unwrap()) }
        });
        println!("measured: {}", said.trim());
        assert!(said.starts_with(&format!("output to input 1: {PERIOD}.000 frames")), "{said}");
        let kept: Latencies = busker::stored::load(&home.path().join("config/busker/latencies.yaml")).unwrap();
        let [delay] = &kept.delays[..] else { panic!("{kept:?}") };
        assert!((delay.measured.unwrap().frames - f64::from(PERIOD)).abs() < 0.01);
        assert_eq!((delay.key.rate_hz, delay.key.block_frames), (48_000, PERIOD));
    });
}
