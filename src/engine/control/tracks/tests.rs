//! Tracks in virtual time: 48 kHz, 120 BPM, a bar is 96,000 frames. What is played on the input is a number for each
//! frame, so what is heard says which frame it is.

mod clips;
mod clock;
mod kept;

use crate::{
    engine::{
        config::EngineConfig,
        offline::{BLOCK_FRAMES, Offline, built_in_port},
    },
    session::playlist::Playlist,
    status::{TrackState, TrackStatus},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
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
    folder: PathBuf,
    /// Removed with it, where it has one of its own.
    _own: Option<TempDir>,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::of(folder.path());
        Rig { _own: Some(folder), ..rig }
    }

    /// One whose takes and sessions go into this folder.
    fn of(folder: &Path) -> Rig {
        let mut config = EngineConfig::of_seven_bits(folder);
        config.input = Some("1".parse().unwrap());
        let offline = Offline::of_device(&config, vec![built_in_port()], 1).unwrap();
        Rig { offline, heard: Vec::new(), folder: folder.to_owned(), _own: None }
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
    rig.ask("latency.set 14.5833333");
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

#[test]
fn what_replaces_a_part_of_a_loop_leaves_the_rest_as_it_was() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    rig.ask("track.mode 1 replace");
    rig.ask("quantize.set beat");
    let start = rig.play();
    let level = move |frame: i64| match (frame - start).div_euclid(BAR) {
        1 => 1.0 / 64.0,
        3 => 1.0 / 32.0,
        _ => 0.0,
    };
    for (at, press) in [
        (BAR - 1_000, true),
        (2 * BAR - 1_000, true),
        (3 * BAR + BAR / 4 - 1_000, true),
        (3 * BAR + BAR / 2 - 1_000, true),
    ] {
        rig.run_with(start + at, level);
        if press {
            rig.ask("track.pedal 1");
        }
    }
    rig.run_with(start + 6 * BAR, level);
    let heard = |at: i64| rig.heard[(start + 5 * BAR + at) as usize];
    for (beat, want) in [(0, 1.0 / 64.0), (1, 1.0 / 32.0), (2, 1.0 / 64.0), (3, 1.0 / 64.0)] {
        assert_eq!(heard(beat * BAR / 4 + BAR / 8), want, "beat {beat}");
    }
}

#[test]
fn feedback_makes_older_layers_softer_by_each_turn_of_an_overdub() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    rig.ask("track.feedback 1 50");
    let start = rig.play();
    let level = move |frame: i64| if (frame - start).div_euclid(BAR) == 1 { 1.0 / 64.0 } else { 0.0 };
    for at in [BAR / 2, BAR + BAR / 2, 2 * BAR + BAR / 2, 4 * BAR + BAR / 2] {
        rig.run_with(start + at, level);
        rig.ask("track.pedal 1");
    }
    rig.run_with(start + 7 * BAR, level);
    for (bar, want) in [(2, 1.0), (3, 1.0), (4, 0.5), (5, 0.25), (6, 0.25)] {
        let heard = rig.heard[(start + bar * BAR + BAR / 2) as usize] * 64.0;
        assert!((heard - want).abs() < 1e-4, "bar {bar}: {heard}");
    }
}

#[test]
fn a_loop_is_played_backwards_and_at_half_speed_and_its_file_stays_what_it_is() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    let start = rig.play();
    for at in [BAR / 2, BAR + BAR / 2] {
        rig.run_to(start + at);
        rig.ask("track.pedal 1");
    }
    rig.run_to(start + 2 * BAR + BAR / 2);
    rig.ask("track.speed 1 -1");
    rig.run_to(start + 4 * BAR);
    for at in SEAM..BAR - SEAM {
        let heard = frame_of(rig.heard[(start + 3 * BAR + at) as usize]);
        assert_eq!(heard, start + 2 * BAR - 1 - at);
    }
    rig.ask("track.speed 1 0.5");
    rig.run_to(start + 8 * BAR);
    // At half speed a turn is two bars, counted from the loop's beginning: bars 5 and 6 are one.
    for at in (2_000..BAR).step_by(2) {
        let heard = frame_of(rig.heard[(start + 5 * BAR + at) as usize]);
        assert_eq!(heard, start + BAR + at / 2);
    }
    rig.ask("track.undo 1");
    rig.ask("track.undo 1");
    assert_eq!(rig.track(1).speed, 1.0);
}

/// What somebody does with two pedals.
#[derive(Clone, Debug)]
enum Deed {
    Ask(&'static str),
    Wait(i64),
}

fn a_deed() -> impl Strategy<Value = Deed> {
    let line = prop::sample::select(vec![
        "track.pedal 1",
        "track.pedal 2",
        "track.pedal 1",
        "track.pedal 2",
        "transport.cancel",
        "track.undo 1",
        "track.redo 1",
        "track.undo 2",
        "edit.undo",
        "edit.redo",
        "track.clear 2",
        "track.speed 1 -1",
        "track.mode 1 replace",
        "track.feedback 2 50",
        "track.multiply 2 2",
        "transport.toggle",
        "quantize.set off",
        "quantize.set beat",
    ]);
    prop_oneof![line.prop_map(Deed::Ask), (1_000..60_000_i64).prop_map(Deed::Wait)]
}

/// Files that are closed, with their bytes.
fn takes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let wav = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wav");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(wav);
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_pressed_the_sum_of_what_the_model_says_is_heard_and_no_file_is_written_over(
        deeds in prop::collection::vec(a_deed(), 1..40),
    ) {
        let mut rig = Rig::new();
        rig.run_to(1_000);
        rig.ask("track.add");
        rig.ask("track.add");
        let mut closed = BTreeMap::new();
        for deed in deeds {
            match deed {
                Deed::Ask(line) => drop(rig.offline.ask(&line.parse().unwrap())),
                Deed::Wait(frames) => {
                    let to = rig.offline.frame() + frames;
                    rig.run_to(to);
                }
            }
            if !rig.offline.control().recorder.takes.is_open() {
                closed.extend(takes(&rig.folder));
            }
        }
        // Nothing records or waits any more, and the song plays.
        drop(rig.offline.ask(&"transport.cancel".parse().unwrap()));
        while rig.offline.status().tracks.as_ref().is_none_or(|tracks| tracks.tracks.len() < 2) {
            rig.ask("track.add");
        }
        for track in 1..=2 {
            if matches!(rig.track(track).state, TrackState::Recording | TrackState::Overdubbing) {
                rig.run_to(rig.offline.frame() + 20_000);
                rig.ask("quantize.set off");
                rig.ask(&format!("track.pedal {track}"));
            }
        }
        rig.run_to(rig.offline.frame() + 20_000);
        if !rig.offline.status().transport.playing {
            rig.ask("transport.play");
        }
        rig.run_to(rig.offline.frame() + 40_000);
        prop_assert!((1..=2).all(|track| matches!(rig.track(track).state, TrackState::Playing | TrackState::Empty)));
        let from = rig.offline.frame();
        rig.run_to(from + 100_000);
        let files = takes(&rig.folder);
        for (path, bytes) in closed {
            prop_assert_eq!(files.get(&path), Some(&bytes), "{}", path.display());
        }
        let samples: BTreeMap<PathBuf, Vec<f32>> = files.keys().map(|path| {
            let read = hound::WavReader::open(path).unwrap().into_samples::<i32>();
            (path.clone(), read.map(|sample| sample.unwrap() as f32 / 8_388_608.0).collect())
        }).collect();
        let out = &rig.offline.control().out;
        let plan = *out.plan;
        let playlists: Vec<Playlist> = out.model.tracks().iter().map(|track| track.playlist(&plan.last().timeline)).collect();
        let mut want = vec![0.0_f32; 100_000];
        for part in plan.passes(from..from + 100_000) {
            let first = plan.song_time_at(part.frames.start).unwrap().song_frame;
            let length = part.frames.end - part.frames.start;
            for piece in playlists.iter().flat_map(|playlist| playlist.pieces(first..first + length, part.pass)) {
                for frame in piece.song.clone() {
                    let at = piece.file_at + (frame - piece.song.start) as f64 * piece.speed;
                    let sample = samples[&**piece.file()].get(at as usize).copied().unwrap_or_default();
                    want[(part.frames.start - from + frame - first) as usize] += sample * piece.gain_at(frame);
                }
            }
        }
        for (i, (heard, want)) in rig.heard[from as usize..].iter().zip(&want).enumerate() {
            prop_assert!((heard - want).abs() < 1e-6, "frame {}: {} is heard, not {}", i, heard, want);
        }
    }
}

#[test]
fn an_export_is_what_was_heard_and_the_same_run_makes_the_same_bytes() {
    let run = || {
        let mut rig = Rig::new();
        rig.run_to(1_000);
        rig.ask("track.add drone");
        rig.ask("track.add lead");
        let start = rig.play();
        for (at, line) in [
            (BAR / 2, "track.pedal 1"),
            (BAR + BAR / 2, "track.pedal 1"),
            (2 * BAR + BAR / 2, "track.pedal 2"),
            (4 * BAR + BAR / 2, "track.pedal 2"),
        ] {
            rig.run_to(start + at);
            rig.ask(line);
        }
        rig.run_to(start + 12 * BAR);
        rig.ask("loop.set 9:1:0 11:1:0");
        let said = rig.ask("export.mix");
        assert!(said.starts_with("exported 4.0 s to ") && said.contains("exports/mix.wav"), "{said}");
        let path = rig.folder.join("exports/mix.wav");
        let mix: Vec<i32> = hound::WavReader::open(&path).unwrap().into_samples().map(Result::unwrap).collect();
        let heard = rig.heard[(start + 8 * BAR) as usize..(start + 10 * BAR) as usize].to_vec();
        for (frame, (heard, mixed)) in heard.iter().zip(mix.chunks(2)).enumerate() {
            assert_eq!((heard * 8_388_608.0).round() as i32, mixed[0], "frame {frame}");
        }
        fs::read(path).unwrap()
    };
    assert_eq!(run(), run());
}

#[test]
fn what_was_just_played_becomes_a_loop_although_nobody_had_asked() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    let start = rig.play();
    rig.run_to(start + 3 * BAR + BAR / 3);
    assert_eq!(rig.ask("track.keep 1 2"), "track 1: the last 2 bars are its loop");
    rig.run_to(start + 9 * BAR);
    assert_eq!((rig.track(1).state, rig.track(1).loop_pulses), (TrackState::Playing, Some(192.0)));
    for bar in 5..9 {
        for at in (0..BAR - SEAM).step_by(7) {
            let heard = frame_of(rig.heard[(start + bar * BAR + at) as usize]);
            assert_eq!(heard, start + (1 + (bar - 5) % 2) * BAR + at, "bar {bar}");
        }
    }
    rig.ask("track.add");
    let refused = |rig: &mut Rig, line: &str| rig.offline.ask(&line.parse().unwrap()).unwrap_err();
    assert!(refused(&mut rig, "track.keep 2 12").contains("has not played"));
    assert!(refused(&mut rig, "track.keep 1").contains("has a loop"));
}

/// Frames without a sound from here on.
fn silence(heard: &[f32]) -> usize {
    heard.iter().take_while(|sample| sample.abs() < 1e-9).count()
}

#[test]
fn wherever_the_song_goes_and_however_fast_the_loop_sounds_at_once() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add");
    let start = rig.play();
    for at in [BAR / 2, BAR + BAR / 2] {
        rig.run_to(start + at);
        rig.ask("track.pedal 1");
    }
    rig.run_to(start + 5 * BAR + BAR / 3);
    for line in [
        "transport.locate 2:1:0",
        "transport.locate 4:3:120",
        "transport.locate 2:2:0",
        "clock.bpm 150",
        "clock.nudge 5",
        "clock.bpm 121",
        "transport.play",
        "loop.set 2:1:0 3:1:0",
        "transport.locate 2:1:0",
        "loop.on off",
    ] {
        let asked = rig.offline.frame();
        rig.ask(line);
        rig.run_to(asked + 40_000);
        let longest = (asked as usize..rig.heard.len() - 2_000).map(|at| silence(&rig.heard[at..])).max().unwrap();
        // A start of the MIDI clock is announced ahead; where a loop of another tempo ends early there is nothing.
        let is_slower = line == "clock.bpm 121";
        assert!(longest < 600 || is_slower, "{line}: {longest} frames of silence");
    }
}

#[test]
fn two_presses_take_back_a_pass_and_never_a_setting() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add two");
    rig.ask("track.gain 1 -3");
    let double = |rig: &mut Rig| {
        rig.run_to(rig.offline.frame() + 40_000);
        rig.ask("track.pedal 1");
        rig.ask("track.pedal 1")
    };
    assert_eq!(double(&mut rig), "two: cancelled");
    assert_eq!((rig.track(1).gain_db, rig.track(1).state), (-3.0, TrackState::Empty));
    rig.play();
    // A press that waits for the grid, one that cancels it, and one more are no double press.
    rig.run_to(rig.offline.frame() + 40_000);
    rig.ask("track.pedal 1");
    rig.run_to(rig.offline.frame() + 20_000);
    assert_eq!(rig.ask("track.pedal 1"), "two: cancelled");
    assert!(rig.ask("track.pedal 1").starts_with("two: recording"), "a press by itself");
    assert_eq!(rig.track(1).gain_db, -3.0);
}

#[test]
fn markers_are_passed_one_by_one_and_set_where_the_song_was_sent() {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    for (place, name) in [("2:2:100", "A"), ("7.123", "B"), ("3:4:233", "C")] {
        rig.ask(&format!("transport.locate {place}"));
        rig.ask(&format!("marker.add {name}"));
    }
    rig.ask("transport.locate 1:1:0");
    let passed: Vec<char> = (0..3).map(|_| rig.ask("marker.go next").chars().next().unwrap()).collect();
    assert_eq!(passed, ['A', 'C', 'B']);
    assert!(rig.offline.ask(&"marker.go next".parse().unwrap()).is_err());
    rig.ask("transport.locate 5:1:0");
    let passed: Vec<char> = (0..3).map(|_| rig.ask("marker.go previous").chars().next().unwrap()).collect();
    assert_eq!(passed, ['B', 'C', 'A']);
}

/// What is heard of an input at 1/4 in the middle of a stretch, after it has settled.
fn heard_input(rig: &mut Rig) -> f32 {
    let from = rig.offline.frame();
    rig.run_with(from + 4_096, |_| 0.25);
    rig.heard[from as usize + 4_000]
}

#[test]
fn the_input_of_a_track_is_heard_through_its_strip_once_and_not_over_its_own_playback() {
    let mut rig = Rig::new();
    rig.ask("track.add");
    rig.ask("monitor.gain 0");
    assert_eq!(heard_input(&mut rig), 0.25, "the monitor of all inputs");
    rig.ask("track.arm 1 on");
    assert_eq!(heard_input(&mut rig), 0.25, "through the track, and once");
    rig.ask("track.gain 1 -6");
    let half = 0.25 * crate::music::Decibels(-6.0).amplitude();
    assert_eq!(heard_input(&mut rig), half);
    rig.ask("track.mute 1 on");
    assert_eq!(heard_input(&mut rig), 0.0);
    rig.ask("track.mute 1 off");
    rig.ask("track.gain 1 0");
    rig.ask("monitor.gain -120");
    assert_eq!(heard_input(&mut rig), 0.0, "off is off");
    rig.ask("track.monitor 1 on");
    assert!((heard_input(&mut rig) - 0.25 * 0.7).abs() < 1e-6, "but where it is asked for");
    rig.ask("track.monitor 1 auto");
    rig.ask("monitor.gain 0");
    // A loop: its playback takes the place of its input.
    let start = rig.play();
    rig.run_with(start + BAR / 2, |_| 0.25);
    rig.ask("track.pedal 1");
    rig.run_with(start + BAR + BAR / 2, |_| 0.25);
    assert_eq!(heard_input(&mut rig), 0.25, "while it records");
    rig.ask("track.pedal 1");
    rig.run_with(start + 2 * BAR + BAR / 2, |_| 0.25);
    assert_eq!(heard_input(&mut rig), 0.25, "its playback alone");
    rig.ask("track.arm 1 off");
    assert_eq!(heard_input(&mut rig), 0.5, "the monitor of all inputs beside it");
}

#[test]
fn the_meter_of_a_track_stands_behind_its_strip_and_the_masters_fader_is_in_the_mix() {
    let mut rig = Rig::new();
    rig.ask("track.add");
    let start = rig.play();
    let level = |frame: i64| if frame < start + 2 * BAR { 0.5 } else { 0.0 };
    rig.run_with(start + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + BAR + BAR / 2, level);
    rig.ask("track.pedal 1");
    rig.run_with(start + 3 * BAR + 3 * BAR / 4, level);
    let meter = rig.track(1).meter;
    assert!((meter.peak_db + 6.0).abs() < 0.1 && (meter.rms_db + 6.0).abs() < 0.2, "{meter:?}");
    rig.ask("track.gain 1 -20");
    rig.ask("master.gain -6");
    let now = rig.offline.frame();
    rig.run_with(now + 3 * BAR, |_| 0.0);
    let meter = rig.track(1).meter;
    assert!((meter.rms_db + 26.0).abs() < 0.2, "{meter:?}");
    let heard = rig.heard[rig.heard.len() - BAR as usize / 2];
    assert!((20.0 * (heard / 0.5).log10() + 26.0).abs() < 0.01, "{heard}");
    assert_eq!(rig.offline.status().tracks.as_ref().unwrap().master_db, -6.0);
    rig.ask("edit.undo");
    assert_eq!(rig.offline.status().tracks.as_ref().unwrap().master_db, 0.0);
}

#[test]
fn an_export_goes_from_marker_to_marker_and_begins_with_the_first_sound_where_asked() {
    let mut rig = Rig::new();
    rig.ask("track.add");
    let start = rig.play();
    rig.run_with(start + BAR / 2, |_| 0.5);
    rig.ask("track.pedal 1");
    rig.run_with(start + BAR + BAR / 2, |_| 0.5);
    rig.ask("track.pedal 1");
    rig.run_with(start + 3 * BAR, |_| 0.0);
    rig.ask("transport.stop");
    for (range, begins, seconds) in
        [("whole", "range", "10.0 s"), ("whole", "sound", "8.0 s"), ("0..3:1:0", "range", "4.0 s")]
    {
        rig.ask(&format!("export.set range {range}"));
        rig.ask(&format!("export.set start {begins}"));
        let said = rig.ask("export.mix");
        assert!(said.contains(seconds), "{range}: {said}");
    }
    rig.ask("export.set range verse..chorus");
    let refused = rig.offline.ask(&"export.mix".parse().unwrap()).unwrap_err();
    assert!(refused.contains("there is no marker verse"), "{refused}");
    assert!(rig.ask("export.set format").contains("format is wav"));
}
