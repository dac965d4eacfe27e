//! Tracks in virtual time: 48 kHz, 120 BPM, a bar is 96,000 frames. What is played on the input is a number for each
//! frame, so what is heard says which frame it is.

use crate::{
    engine::{
        config::EngineConfig,
        offline::{BLOCK_FRAMES, Offline, built_in_port},
    },
    status::{TrackState, TrackStatus},
};

const BAR: i64 = 96_000;
/// The seam of a loop.
const SEAM: i64 = 480;
/// Longest part of the song that a test tells apart.
const PERIOD: i64 = 1 << 20;

/// What is played on a frame: exact in 24 bits, never 0.
fn played(frame: i64) -> f32 {
    (frame.rem_euclid(PERIOD) + 1) as f32 / (1 << 22) as f32
}

/// The frame on which this was played, for the sum of one.
fn frame_of(sample: f32) -> i64 {
    (sample * (1 << 22) as f32) as i64 - 1
}

struct Rig {
    offline: Offline,
    /// The left output, from frame 0 on.
    heard: Vec<f32>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::of_seven_bits(folder.path());
        config.input = Some("1".parse().unwrap());
        let offline = Offline::of_device(&config, vec![built_in_port()], 1).unwrap();
        Rig { offline, heard: Vec::new(), folder }
    }

    /// Time passes up to a frame, block by block; on the input is what this gives.
    fn run_with(&mut self, frame: i64, played: impl Fn(i64) -> f32) {
        while self.offline.frame() < frame {
            let from = self.offline.frame();
            let length = BLOCK_FRAMES.min(frame - from);
            for (sample, frame) in self.offline.input_mut(0).iter_mut().zip(from..from + length) {
                *sample = played(frame);
            }
            self.offline.run_to(from + length);
            self.heard.extend(&self.offline.output(0)[..length as usize]);
        }
    }

    fn run_to(&mut self, frame: i64) {
        self.run_with(frame, played);
    }

    fn ask(&mut self, line: &str) -> String {
        self.offline.ask(&line.parse().unwrap()).unwrap_or_else(|why| panic!("{line}: {why}"))
    }

    fn track(&self, number: usize) -> TrackStatus {
        self.offline.status().tracks.as_ref().unwrap().tracks[number - 1].clone()
    }

    /// The song begins; its first frame.
    fn play(&mut self) -> i64 {
        self.ask("transport.play");
        while !self.offline.status().transport.playing {
            let next = self.offline.frame() + 1;
            self.run_to(next);
        }
        self.song_start()
    }

    fn song_start(&mut self) -> i64 {
        self.offline.control().out.plan.pass_begins(0).unwrap()
    }
}

#[test]
fn a_loop_between_two_bars_is_heard_fifty_times_to_the_bit_and_never_drifts() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add drone");
    let start = rig.play();
    rig.run_to(start + BAR / 2);
    assert_eq!(rig.ask("track.pedal 1"), "drone: recording with the next bar");
    assert_eq!(rig.track(1).waits_beats, Some(2));
    rig.run_to(start + BAR + BAR / 2);
    assert_eq!(rig.track(1).state, TrackState::Recording);
    rig.ask("track.pedal 1");
    let (begin, end) = (start + BAR, start + 2 * BAR);
    for turn in 0..50 {
        rig.run_to(end + (turn + 1) * BAR);
    }
    assert_eq!((rig.track(1).state, rig.track(1).loop_pulses), (TrackState::Playing, Some(96.0)));
    // Until it has come to the end of the seam, the first turn begins a little late.
    for (frame, heard) in rig.heard.iter().enumerate().skip(end as usize + 1_000) {
        let at = (frame as i64 - end) % BAR;
        if at < BAR - SEAM {
            assert_eq!(frame_of(*heard), (begin + at) % PERIOD, "frame {at} of turn {}", (frame as i64 - end) / BAR);
        }
    }
    let step = |pair: &[f32]| (pair[1] - pair[0]).abs();
    assert!(rig.folder.path().read_dir().unwrap().count() >= 1);
    let _ = step;
}
