//! Measurements in virtual time, at 48 kHz: through a cable of a known delay, and through what is none.

use crate::{
    engine::{
        config::EngineConfig,
        offline::{Offline, tests::Cable},
        station::{Answer, Guest},
    },
    latencies::Latencies,
    status::RoundTripStatus,
    stored::{self, StoredValue},
};
use std::{
    path::PathBuf,
    sync::mpsc::{self, Receiver},
};

struct Rig {
    offline: Offline,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new(cable: Cable) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let (latencies, _) = StoredValue::load(folder.path().join("latencies.yaml"));
        let config =
            EngineConfig { latencies, clock_on: false, ..EngineConfig::built_in(folder.path().join("takes")).unwrap() };
        Rig { offline: Offline::on_cable(&config, 2, cable), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("latencies.yaml")
    }

    fn ask(&mut self, line: &str) -> Answer {
        self.offline.ask(&line.parse().unwrap())
    }

    fn ask_later(&mut self, line: &str) -> Receiver<Answer> {
        let (reply, answer) = mpsc::channel();
        self.offline.ask_then(Guest::NOBODY, &line.parse().unwrap(), Box::new(move |answer| drop(reply.send(answer))));
        answer
    }

    /// The answer, and after how many ms it came.
    fn wait(&mut self, answer: &Receiver<Answer>) -> (Answer, i64) {
        let begun = self.offline.frame();
        loop {
            match answer.try_recv() {
                Ok(answer) => return (answer, (self.offline.frame() - begun) / 48),
                Err(_) => self.offline.run_to(self.offline.frame() + 480),
            }
            assert!(self.offline.frame() - begun < 48_000 * 6, "no answer came");
        }
    }

    fn measure(&mut self) -> (Answer, i64) {
        let answer = self.ask_later("latency.measure");
        self.wait(&answer)
    }

    fn status(&self) -> RoundTripStatus {
        *self.offline.status().latency
    }
}

#[test]
fn the_delay_of_a_cable_is_measured_exactly_and_within_a_second() {
    for delay in [256, 1024, 9_999, 16_000, 65_537, 100_000] {
        for gain in [1.0, -0.01] {
            let mut rig = Rig::new(Cable::of(delay, gain));
            let (answer, ms) = rig.measure();
            let text = answer.unwrap();
            let measured = rig.status().measured.unwrap();
            assert!((measured.frames - delay as f64).abs() < 0.001, "{delay}: {measured:?}");
            assert_eq!(rig.status().round_trip_frames, delay as i64);
            assert!(text.starts_with(&format!("output to input 1: {delay}.000 frames ±0.000, ")), "{text}");
            assert_eq!(text.ends_with("inverted polarity"), gain < 0.0, "{text}");
            let most_ms = if delay <= 16_384 { 1000 } else { 3000 };
            assert!(ms <= most_ms, "{delay}: after {ms} ms");
        }
    }
}

#[test]
fn what_was_measured_is_kept_and_moved_by_hand() {
    let mut rig = Rig::new(Cable::of(1024, 1.0));
    assert_eq!(rig.status().round_trip_frames, 0, "virtual time has no delay");
    rig.ask("latency.set -2").unwrap();
    assert_eq!((rig.status().round_trip_frames, rig.status().measured), (-96, None));
    rig.measure().0.unwrap();
    assert_eq!(rig.status().round_trip_frames, 1024 - 96);
    rig.ask("latency.set 0.5").unwrap();
    assert_eq!(rig.status().round_trip_frames, 1024 + 24);
    let kept: Latencies = stored::load(&rig.file()).unwrap();
    let [delay] = &kept.delays[..] else { panic!("{kept:?}") };
    assert_eq!((delay.offset_ms, delay.key.rate_hz, delay.key.block_frames), (0.5, 48_000, 256));
    assert!((delay.measured.unwrap().frames - 1024.0).abs() < 0.001);
}

#[test]
fn silence_and_noise_are_refused_in_words_and_what_was_known_stays() {
    let mut rig = Rig::new(Cable::new(|_, _| 0.0));
    let (answer, ms) = rig.measure();
    let why = answer.unwrap_err();
    assert!(why.starts_with("no signal at input 1: connect output 1 to input 1 with a cable"), "{why}");
    assert!(ms < 3_000, "{ms}");
    let noise = |_: &[f32], at: usize| (at as u32).wrapping_mul(2_654_435_761).rotate_left(13) as f32 / 4e10 - 0.05;
    let mut rig = Rig::new(Cable::new(noise));
    let why = rig.measure().0.unwrap_err();
    assert!(why.starts_with("no probe at input 1, only other sound at -"), "{why}");
    assert_eq!(rig.status(), RoundTripStatus::default());
}

#[test]
fn a_delay_that_does_not_stand_still_is_refused() {
    // A frame more every tenth of a second.
    let mut rig = Rig::new(Cable::new(|played, at| at.checked_sub(1000 + at / 4_800).map_or(0.0, |at| played[at])));
    let why = rig.measure().0.unwrap_err();
    assert!(why.starts_with("unsteady latency at input 1: 1"), "{why}");
    assert_eq!(rig.status().measured, None);
}

#[test]
fn the_probe_that_was_disturbed_is_played_again() {
    let mut rig = Rig::new(Cable::new(|played, at| match at {
        // The cable is put in while the first sweep sounds.
        0..12_000 => 0.0,
        at => played[at - 2000],
    }));
    let (answer, _) = rig.measure();
    answer.unwrap();
    assert_eq!(rig.status().round_trip_frames, 2000);
}

#[test]
fn nothing_is_measured_while_the_song_plays_or_a_take_is_recorded_and_either_ends_it() {
    let mut rig = Rig::new(Cable::of(1024, 1.0));
    for (begin, end, why) in [
        ("transport.play", "transport.stop", "the song plays"),
        ("record.start jam", "record.stop", "a take is being recorded"),
    ] {
        rig.ask(begin).unwrap();
        let refused = rig.ask("latency.measure").unwrap_err();
        assert!(refused.starts_with(&format!("latency.measure: {why}")), "{refused}");
        rig.ask(end).unwrap();
        rig.offline.run_to(rig.offline.frame() + 48_000);
        let answer = rig.ask_later("latency.measure");
        assert!(rig.status().is_measuring);
        assert!(rig.ask("latency.measure").unwrap_err().contains("in progress"));
        rig.offline.run_to(rig.offline.frame() + 10_000);
        rig.ask(begin).unwrap();
        assert_eq!(rig.wait(&answer).0, Err(format!("latency not measured: {why}")));
        rig.ask(end).unwrap();
        rig.offline.run_to(rig.offline.frame() + 48_000);
    }
    assert_eq!(rig.measure().0.map(drop), Ok(()));
}

#[test]
fn what_is_monitored_is_silent_while_it_is_measured_and_back_after() {
    let mut rig = Rig::new(Cable::of(1024, 1.0));
    rig.ask("monitor.gain 0").unwrap();
    let answer = rig.ask_later("latency.measure");
    rig.ask("monitor.gain -6").unwrap();
    rig.wait(&answer).0.unwrap();
    assert!((rig.status().measured.unwrap().clear_db) > 100.0, "nothing of it goes round: {:?}", rig.status());
    assert_eq!(rig.offline.status().inputs.monitor_db, -6.0);
}

#[test]
fn an_input_that_is_not_there_is_named_with_those_that_are() {
    let mut rig = Rig::new(Cable::of(1024, 1.0));
    assert_eq!(rig.ask("latency.measure 3"), Err("latency.measure 3: the inputs are 1-2".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let mut offline = Offline::new(&EngineConfig::built_in(folder.path()).unwrap()).unwrap();
    let why = offline.ask(&"latency.measure".parse().unwrap()).unwrap_err();
    assert_eq!(why, "latency.measure: the device has no inputs");
}
