//! Tracks in virtual time: 48 kHz, 120 BPM, a bar is 96,000 frames. What is played on the input is a number for each
//! frame, so what is heard says which frame it is.

mod kept;

use crate::{
    engine::{
        config::EngineConfig,
        offline::{BLOCK_FRAMES, Offline, built_in_port},
    },
    status::{TrackState, TrackStatus},
};
use std::path::Path;
use tempfile::TempDir;

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
    /// Its own folder for takes, where it has one.
    _folder: Option<TempDir>,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::of(folder.path());
        Rig { _folder: Some(folder), ..rig }
    }

    /// One whose takes and sessions go into this folder.
    fn of(folder: &Path) -> Rig {
        let mut config = EngineConfig::of_seven_bits(folder);
        config.input = Some("1".parse().unwrap());
        let offline = Offline::of_device(&config, vec![built_in_port()], 1).unwrap();
        Rig { offline, heard: Vec::new(), _folder: None }
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
}

#[test]
fn passes_of_an_overdub_are_added_from_their_next_turn_on_and_each_is_one_undo() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    let start = rig.play();
    // A level in each bar: what is heard says which bars it is made of.
    let level = move |frame: i64| match (frame - start).div_euclid(BAR) {
        1 => 1.0 / 64.0,
        3 => 1.0 / 32.0,
        4 => 1.0 / 16.0,
        _ => 0.0,
    };
    rig.run_with(start + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + BAR + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + 2 * BAR + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + 3 * BAR + BAR / 2, level);
    assert_eq!(rig.track(1).state, TrackState::Overdubbing);
    rig.run_with(start + 4 * BAR + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + 7 * BAR, level);
    let in_bar = |rig: &Rig, bar: i64| {
        let at = (start + bar * BAR) as usize;
        let part = &rig.heard[at + 2_000..at + BAR as usize - 2_000];
        let first = part[0];
        assert!(part.iter().all(|x| *x == first), "bar {bar}");
        first
    };
    assert_eq!(in_bar(&rig, 2), 1.0 / 64.0);
    assert_eq!(in_bar(&rig, 3), 1.0 / 64.0, "what is being recorded is not heard twice");
    assert_eq!(in_bar(&rig, 4), 1.0 / 64.0 + 1.0 / 32.0);
    assert_eq!(in_bar(&rig, 5), 1.0 / 64.0 + 1.0 / 32.0 + 1.0 / 16.0);
    assert_eq!((rig.track(1).state, rig.track(1).layers), (TrackState::Playing, 3));
    let whole = 1.0 / 64.0 + 1.0 / 32.0 + 1.0 / 16.0;
    for (left, layers) in [(whole - 1.0 / 16.0, 2), (1.0 / 64.0, 1), (0.0, 0)] {
        rig.ask("track.undo 1");
        let now = rig.offline.frame();
        rig.run_with(now + 2 * BAR, |_| 0.0);
        let heard = rig.heard[(now + BAR) as usize];
        assert_eq!((heard, rig.track(1).layers), (left, layers));
    }
    for layers in 1..=3 {
        rig.ask("track.redo 1");
        assert_eq!(rig.track(1).layers, layers);
    }
    let now = rig.offline.frame();
    rig.run_with(now + 2 * BAR, |_| 0.0);
    assert_eq!(rig.heard[(now + BAR) as usize], whole);
}

#[test]
fn what_is_played_to_the_music_lies_where_the_player_heard_it() {
    // What is played to a frame comes in 700 frames later.
    const ROUND_TRIP: i64 = 700;
    let mut rig = Rig::new();
    rig.offline.control().tracks.round_trip_frames = ROUND_TRIP;
    let late = |frame: i64| played(frame - ROUND_TRIP);
    rig.run_with(1_000, late);
    rig.ask("track.add");
    let start = rig.play();
    rig.run_with(start + BAR / 2, late);
    rig.ask("track.pedal 1");
    rig.run_with(start + BAR + BAR / 2, late);
    rig.ask("track.pedal 1");
    rig.run_with(start + 6 * BAR, late);
    for frame in start + 3 * BAR..start + 6 * BAR {
        let at = (frame - start) % BAR;
        if at < BAR - SEAM {
            assert_eq!(frame_of(rig.heard[frame as usize]), start + BAR + at);
        }
    }
}

#[test]
fn the_first_loop_sets_the_tempo_and_is_played_on_from_its_end() {
    let mut rig = Rig::new();
    rig.run_to(5_000);
    rig.ask("track.add");
    assert_eq!(rig.ask("track.pedal 1"), "track 1: recording");
    // 3.3 s are 8 beats at 145.45 BPM.
    rig.run_to(5_000 + 158_400);
    assert_eq!(rig.ask("track.pedal 1"), "track 1: playing");
    rig.run_to(5_000 + 4 * 158_400);
    let status = rig.offline.status();
    assert!((status.transport.bpm - 8.0 * 60.0 / 3.3).abs() < 1e-9, "{}", status.transport.bpm);
    assert_eq!(rig.track(1).loop_pulses, Some(8.0 * 24.0));
    let mut late = 0;
    for frame in 5_000 + 158_400..5_000 + 4 * 158_400 - 1_000 {
        let at = (frame - 5_000) % 158_400;
        let heard = rig.heard[frame as usize];
        if at < 158_400 - SEAM && frame_of(heard) != 5_000 + at {
            late = frame - 5_000 - 158_400;
        }
    }
    // A block of the device until it is heard, and what it begins with is spread over 5 ms.
    assert!(late <= BLOCK_FRAMES + 240, "{late}");
}

#[test]
fn what_waits_is_withdrawn_by_the_same_press_and_nothing_was_recorded() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    let start = rig.play();
    rig.run_to(start + BAR / 4);
    rig.ask("track.pedal 1");
    rig.run_to(start + BAR / 2);
    assert_eq!(rig.ask("track.pedal 1"), "track 1: cancelled");
    rig.run_to(start + 2 * BAR + BAR / 2);
    assert_eq!((rig.track(1).state, rig.track(1).waits_beats), (TrackState::Empty, None));
    rig.ask("track.pedal 1");
    assert_eq!(rig.ask("transport.cancel"), "cancelled");
    assert!(rig.offline.ask(&"transport.cancel".parse().unwrap()).is_err());
}

#[test]
fn two_presses_take_back_the_last_pass_and_a_pedal_that_is_held_clears() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    rig.ask("quantize.set off");
    rig.ask("track.pedal 1");
    rig.run_to(100_000);
    rig.ask("track.pedal 1");
    rig.run_to(150_000);
    rig.ask("track.pedal 1");
    rig.run_to(200_000);
    rig.ask("track.pedal 1");
    rig.run_to(300_000);
    let layers = rig.track(1).layers;
    assert!(layers >= 2);
    rig.ask("track.pedal 1");
    rig.run_to(300_000 + 9_600);
    assert!(rig.ask("track.pedal 1").starts_with("undone: pass"));
    rig.run_to(400_000);
    assert_eq!((rig.track(1).state, rig.track(1).layers), (TrackState::Playing, layers - 1));
    rig.ask("track.pedal 1 on");
    rig.run_to(400_000 + 60_000);
    assert_eq!(rig.track(1).state, TrackState::Empty);
    rig.ask("track.pedal 1 off");
    rig.ask("track.undo 1");
    assert_eq!(rig.track(1).layers, layers - 1);
}

#[test]
fn armed_tracks_record_a_clip_for_each_pass_of_the_song_and_layers_pile_up() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add lead");
    rig.ask("track.arm 1 on");
    rig.ask("loop.set 1:1:0 2:1:0");
    rig.ask("track.record on");
    while !rig.offline.status().transport.playing {
        let next = rig.offline.frame() + 1;
        rig.run_to(next);
    }
    let start = rig.song_start();
    let level = move |frame: i64| match (frame - start).div_euclid(BAR) {
        0 => 1.0 / 64.0,
        1 => 1.0 / 32.0,
        2 => 1.0 / 16.0,
        _ => 0.0,
    };
    rig.run_with(start + 2 * BAR + BAR / 2, level);
    rig.ask("track.record off");
    rig.run_with(start + 5 * BAR, level);
    let heard = |at: i64| rig.heard[(start + at) as usize];
    assert_eq!(heard(BAR / 4), 0.0);
    assert_eq!(heard(BAR + BAR / 4), 1.0 / 64.0);
    assert_eq!(heard(2 * BAR + BAR / 4), 1.0 / 64.0 + 1.0 / 32.0);
    assert_eq!(heard(3 * BAR + BAR / 4), 1.0 / 64.0 + 1.0 / 32.0 + 1.0 / 16.0);
    assert_eq!(heard(3 * BAR + 3 * BAR / 4), 1.0 / 64.0 + 1.0 / 32.0);
    assert_eq!(rig.track(1).clips, 3);
}

#[test]
fn solo_silences_the_others_and_leaves_their_mutes_as_they_were() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    rig.ask("track.add");
    let start = rig.play();
    let level = |_: i64| 1.0 / 64.0;
    for track in [1, 2] {
        rig.ask(&format!("track.pedal {track}"));
    }
    rig.run_with(start + BAR + BAR / 2, level);
    for track in [1, 2] {
        rig.ask(&format!("track.pedal {track}"));
    }
    rig.run_with(start + 3 * BAR, level);
    let now = |rig: &mut Rig| {
        let frame = rig.offline.frame();
        rig.run_with(frame + 4_000, level);
        *rig.heard.last().unwrap()
    };
    assert_eq!(now(&mut rig), 2.0 / 64.0);
    rig.ask("track.mute 2 on");
    assert_eq!(now(&mut rig), 1.0 / 64.0);
    rig.ask("track.solo 2 on");
    assert_eq!(now(&mut rig), 0.0);
    rig.ask("track.mute 2 off");
    assert_eq!(now(&mut rig), 1.0 / 64.0);
    rig.ask("track.solo 2 off");
    assert_eq!(now(&mut rig), 2.0 / 64.0);
    rig.ask("track.gain 1 -6.0206");
    assert!((now(&mut rig) - 1.5 / 64.0).abs() < 1e-6);
}
