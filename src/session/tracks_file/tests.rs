//! Reading returns the tracks that were written, and names every fault of a file.

use super::*;
use crate::{
    session::Session,
    stored::{FromYaml, ToYaml},
};
use proptest::{collection, option, prelude::*};
use std::time::Instant;

fn frames() -> impl Strategy<Value = u64> {
    prop_oneof![0..200_000_u64, 0..=FRAMES_MAX as u64]
}

fn length() -> impl Strategy<Value = u64> {
    1..=FRAMES_MAX as u64
}

fn pulse() -> impl Strategy<Value = f64> {
    prop_oneof![(0..10_000_i64).prop_map(|pulse| pulse as f64), -PULSE_MAX..PULSE_MAX]
}

fn gains() -> impl Strategy<Value = Decibels> {
    prop_oneof![Just(Decibels::UNITY), Just(Decibels(-3.0)), (-120.0..=24.0_f32).prop_map(Decibels)]
}

fn likeness() -> impl Strategy<Value = f32> {
    prop_oneof![Just(0.0_f32), Just(1.0_f32), 0.0..=1.0_f32]
}

fn file() -> impl Strategy<Value = Arc<Path>> {
    let odd = prop::sample::select(vec![
        "audio/a, b.wav",
        "audio/{x}: #1.wav",
        "12",
        "~",
        "true",
        "/srv/music/a.wav",
        "audio/\u{85}\u{2028}\u{7f}\n.wav",
        "- a",
        "audio/\"q\" 'r' \\\\.wav",
        "...",
    ]);
    let path = prop_oneof![odd.prop_map(str::to_owned), "audio/[a-z0-9 _.-]{1,20}[.]wav", "/[!-.0-~]{1,20}"];
    path.prop_map(|path| Arc::from(Path::new(&path)))
}

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec!["on", "no", "~", "1", "a: b", "#x", "'", "\"", "é[{", "a\u{2028}b"]);
    prop_oneof![odd.prop_map(str::to_owned), "[a-z][a-z0-9_]{0,12}", "[ -~]{0,20}[!-~]"]
}

prop_compose! {
    fn layer()(
        file in file(),
        (file_frame, place, frames) in (frames(), frames(), length()),
        gain in gains(),
        ins in (frames(), likeness()),
        outs in (frames(), likeness()),
    ) -> LoopLayer {
        let fade = |(frames, likeness)| Fade { frames, likeness };
        LoopLayer { file, file_frame, place, frames, gain, fade_in: fade(ins), fade_out: fade(outs) }
    }
}

prop_compose! {
    fn clip()(
        file in file(),
        (file_frame, frames) in (frames(), length()),
        at_pulse in pulse(),
        gain in gains(),
        (fade_in, fade_out) in (frames(), frames()),
        (is_layer, mute) in any::<(bool, bool)>(),
    ) -> TrackClip {
        TrackClip { file, file_frame, at_pulse, frames, gain, fade_in, fade_out, is_layer, mute }
    }
}

prop_compose! {
    fn looped()(
        at_pulse in pulse(),
        pulses in prop_oneof![Just(96.0), LOOP_PULSES_MIN..=LOOP_PULSES_MAX],
        speed in prop::sample::select(SPEEDS.to_vec()),
        is_backwards in any::<bool>(),
        layers in collection::vec(layer(), 0..4),
    ) -> TrackLoop {
        TrackLoop { at_pulse, pulses, speed: if is_backwards { -speed } else { speed }, layers }
    }
}

prop_compose! {
    fn track()(
        name in text(),
        inputs in option::of(prop::sample::select(vec!["1", "1-2", "3,1", "synth", "master-left"])),
        monitor in prop::sample::select(MonitorMode::WORDS.to_vec()),
        mode in prop::sample::select(RecordMode::WORDS.to_vec()),
        gain in gains(),
        pan in prop_oneof![Just(0.0), -1.0..=1.0],
        feedback_percent in prop_oneof![Just(100.0), 0.0..=100.0],
        (arm, mute, solo, solo_safe) in any::<(bool, bool, bool, bool)>(),
        clips in collection::vec(clip(), 0..4),
        looped in option::of(looped()),
    ) -> Track {
        let (monitor, mode) = (monitor.1, mode.1);
        let inputs = inputs.map(|inputs| inputs.parse().unwrap());
        let of_new = Track::new(TrackId(1), name);
        Track { inputs, arm, monitor, gain, pan, mute, solo, solo_safe, mode, feedback_percent, clips, looped, ..of_new }
    }
}

prop_compose! {
    fn song()(
        region in option::of((0..10_000_i64, 24..10_000_i64)),
        loop_on in any::<bool>(),
        loop_count in option::of(1..=u32::MAX),
        punch in option::of((0..10_000_i64, 24..10_000_i64)),
        punch_on in any::<[bool; 2]>(),
        markers in collection::vec((0.0..1e6_f64, text()), 0..4),
        grid in prop::sample::select(QuantizeGrid::WORDS.to_vec()),
        master_db in -120.0..24.0_f32,
    ) -> SongState {
        let marker = |(at_pulse, name)| Marker { at_pulse, name };
        let mut markers: Vec<Marker> = markers.into_iter().map(marker).collect();
        markers.sort_by(|a, b| a.at_pulse.total_cmp(&b.at_pulse));
        SongState {
            region: region.map(|(from, length)| LoopRegion::new(from..from + length).unwrap()),
            loop_on,
            loop_count,
            punch: Punch { in_pulse: punch.map(|(from, _)| from), out_pulse: punch.map(|(_, to)| to) },
            punch_on,
            markers,
            grid: grid.1,
            master_db,
        }
    }
}

prop_compose! {
    fn session()(
        tracks in collection::vec(track(), 0..4),
        ids in collection::hash_set(1..=ID_MAX, 4),
        song in song(),
    ) -> Session {
        let numbered = |(track, id): (Track, u32)| Arc::new(Track { id: TrackId(id), ..track });
        let tracks = tracks.into_iter().zip(ids).map(numbered).collect();
        Session { tracks, song: Arc::new(song), ..Session::default() }
    }
}

proptest! {
    #[test]
    fn the_file_reads_back_what_was_written_and_says_the_same(session in session()) {
        // Relative paths stand for themselves where no folder is known.
        let session = session.placed_in(Path::new(""));
        let text = session.to_yaml();
        let read = Session::from_yaml("session.yaml", &text);
        prop_assert_eq!(read.as_ref(), Ok(&session), "{}", text);
        prop_assert_eq!(read.unwrap().to_yaml(), text);
    }

    #[test]
    fn a_session_says_the_same_wherever_it_was_moved(session in session()) {
        let text = session.to_yaml();
        let there = session.placed_in(Path::new("/somewhere/jam"));
        prop_assert!(there.files().all(|file| file.is_absolute()));
        prop_assert_eq!(there.to_yaml(), text);
    }
}

const WRITTEN: &str = "# A busker session: `session.save` and every change write it.
bpm: 98.5
song:
  grid: beat
  loop: { from_pulse: 0, to_pulse: 384 }
  loop_on: true
  loop_count: 4
  punch: { in_pulse: 96, out_pulse: 192, out_on: true }
  markers:
    - { at_pulse: 96, name: verse }
    - { at_pulse: 100.5, name: \"the end\" }
tracks:
  - id: 1
    name: drone
    input: 1-2
    arm: true
    monitor: \"on\"
    gain_db: -3
    pan: -0.25
    mute: true
    solo: true
    solo_safe: true
    mode: takes
    feedback_percent: 62.5
    loop:
      at_pulse: 96
      pulses: 192
      speed: -0.5
      layers:
        - { file: audio/drone.wav, from: 2400, at: 0, frames: 96000, gain_db: -3, in: 480, out: 480, likeness: 0 }
        - { file: /srv/drone.wav, from: 0, at: 7, frames: 1, in: 1, out: 2, likeness: 0.1, out_likeness: 1 }
    clips:
      - { file: \"audio/a b.wav\", from: 2400, at_pulse: 96.5, frames: 480, gain_db: 0.1, in: 120, out: 120, layer: true, mute: true }
  - id: 4
    name: \"Lead 2\"
instruments: []
snapshots: []
";

#[test]
fn the_file_is_as_a_person_would_write_it() {
    let session = Session::from_yaml("session.yaml", WRITTEN).unwrap();
    let first = &session.tracks[0];
    assert_eq!((first.gain, first.mode, first.monitor), (Decibels(-3.0), RecordMode::Takes, MonitorMode::On));
    let layers = &first.looped.as_ref().unwrap().layers;
    assert_eq!((layers[0].fade_in, layers[1].gain), (Fade { frames: 480, likeness: 0.0 }, Decibels::UNITY));
    assert_eq!(session.to_yaml(), WRITTEN);
}

#[test]
fn a_file_below_the_folder_is_written_relative_to_it_and_any_other_as_it_is() {
    let folder = Path::new("/music/jam");
    for (file, text) in [
        ("/music/jam/audio/a.wav", "audio/a.wav"),
        ("/music/jam/a.wav", "\"a.wav\""),
        ("/music/jammed/a.wav", "/music/jammed/a.wav"),
        ("/music/jam/../a.wav", "/music/jam/../a.wav"),
        ("/music/jam", "/music/jam"),
        ("/a b.wav", "\"/a b.wav\""),
    ] {
        assert_eq!(written(Path::new(file), folder), text);
    }
}

#[test]
fn a_number_that_is_missing_or_doubled_is_the_next_free_one() {
    let text = "tracks: [{ name: a }, { name: b, id: 5 }, { name: c, id: 5 }, { name: d }, { name: e, id: 2 }]\n";
    let ids: Vec<u32> = Session::from_yaml("", text).unwrap().tracks.iter().map(|track| track.id.0).collect();
    assert_eq!(ids, [6, 5, 7, 8, 2]);
}

#[test]
fn every_fault_is_named_with_its_line() {
    let text = "song:
  grid: often
  loop: { from_pulse: 0, to_pulse: 3 }
  loop_count: 0
  key: c
  markers:
    - { at_pulse: -1, name: verse }
    - { at_pulse: 1 }
tracks:
  - id: 0
    input: 1-3
    gain_db: 30
    pan: .nan
    monitor: maybe
  - name: x
    loop:
      pulses: 1e9
      speed: 3
      layers:
        - { file: ../a.wav, frames: 1 }
        - { file: a/../../b.wav, frames: 1 }
        - { file: audio/a.wav }
        - { frames: 9, at: -1 }
        - { file: a.wav, frames: .inf, from: 2000000000000, likeness: 2 }
    clips:
      - { file: \"\", frames: 0, at_pulse: .inf }
      - { file: [1], frames: 1, at: 3 }
";
    let faults: Vec<String> =
        Session::from_yaml("session.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
    let path = "allowed a path below the session's folder without '..', or an absolute one";
    assert_eq!(
        faults,
        [
            "session.yaml:2 song.grid: 'often' does not fit, allowed off, bar, beat, 1/8, 1/16, 1/32".to_owned(),
            "session.yaml:3 song.loop: does not fit: a loop is at least one beat long and lies between 1:1:0 and the end of bar 108000".to_owned(),
            "session.yaml:4 song.loop_count: '0' does not fit, allowed 1 to 4294967295".to_owned(),
            "session.yaml:5 song.key: 'key' is not a field here, allowed grid, loop, loop_on, loop_count, punch, markers, master_db".to_owned(),
            "session.yaml:7 song.markers.1(verse).at_pulse: '-1' does not fit, allowed 0 to 10000000000".to_owned(),
            "session.yaml:8 song.markers.2.name: is missing".to_owned(),
            "session.yaml:10 tracks.1.name: is missing".to_owned(),
            "session.yaml:10 tracks.1.id: '0' does not fit, allowed 1 to 1000000000".to_owned(),
            "session.yaml:11 tracks.1.input: '1-3' names 3 taps, allowed one or two".to_owned(),
            "session.yaml:12 tracks.1.gain_db: '30' does not fit, allowed -120 to 24".to_owned(),
            "session.yaml:13 tracks.1.pan: 'NaN' does not fit, allowed -1 to 1".to_owned(),
            "session.yaml:14 tracks.1.monitor: 'maybe' does not fit, allowed auto, on, off".to_owned(),
            "session.yaml:17 tracks.2(x).loop.pulses: '1000000000' does not fit, allowed 0.001 to 96000".to_owned(),
            "session.yaml:18 tracks.2(x).loop.speed: '3' does not fit, allowed 0.25, 0.5, 1, 2, 4, negative backwards".to_owned(),
            format!("session.yaml:20 tracks.2(x).loop.layers.1.file: '../a.wav' does not fit, {path}"),
            format!("session.yaml:21 tracks.2(x).loop.layers.2.file: 'a/../../b.wav' does not fit, {path}"),
            "session.yaml:22 tracks.2(x).loop.layers.3.frames: is missing".to_owned(),
            "session.yaml:23 tracks.2(x).loop.layers.4.file: is missing".to_owned(),
            "session.yaml:23 tracks.2(x).loop.layers.4.at: '-1' does not fit, allowed 0 to 1099511627776".to_owned(),
            "session.yaml:24 tracks.2(x).loop.layers.5.frames: 'inf' does not fit, allowed 1 to 1099511627776".to_owned(),
            "session.yaml:24 tracks.2(x).loop.layers.5.likeness: '2' does not fit, allowed 0 to 1".to_owned(),
            "session.yaml:24 tracks.2(x).loop.layers.5.from: '2000000000000' does not fit, allowed 0 to 1099511627776".to_owned(),
            format!("session.yaml:26 tracks.2(x).clips.1.file: '' does not fit, {path}"),
            "session.yaml:26 tracks.2(x).clips.1.frames: '0' does not fit, allowed 1 to 1099511627776".to_owned(),
            "session.yaml:26 tracks.2(x).clips.1.at_pulse: 'inf' does not fit, allowed -10000000000 to 10000000000".to_owned(),
            format!("session.yaml:27 tracks.2(x).clips.2.at: 'at' is not a field here, allowed {}", CLIP_FIELDS.join(", ")),
            "session.yaml:27 tracks.2(x).clips.2.file: 'a list' does not fit, allowed one value".to_owned(),
        ]
    );
    let many = |count: usize, item: &str| format!("{item}, ").repeat(count);
    for (text, fault) in [
        (format!("tracks: [{}]", many(TRACKS_MAX + 1, "{ name: x }")), "'33' tracks, allowed at most 32"),
        (
            format!("song:\n  markers:\n{}", "  - { at_pulse: 0, name: x }\n".repeat(MARKERS_MAX + 1)),
            "'1001' markers, allowed at most 1000",
        ),
        (
            format!(
                "tracks:\n- name: x\n  loop:\n    pulses: 96\n    layers:\n{}",
                "    - { file: a.wav, frames: 1 }\n".repeat(LAYERS_MAX + 1)
            ),
            "'4097' layers, allowed at most 4096",
        ),
    ] {
        let faults = Session::from_yaml("", &text).unwrap_err();
        assert!(faults.len() == 1 && faults[0].to_string().contains(fault), "{faults:?}");
    }
}

#[test]
fn as_many_layers_as_the_file_holds_are_read_again() {
    let layer = |n: u64| LoopLayer {
        file: Arc::from(Path::new("audio/2026-11-30_10-00-00_drone.wav")),
        file_frame: 2_400 + n * 96_000,
        place: n,
        frames: 96_000,
        gain: Decibels(-0.123_456_7 * n as f32 / 1_000.0),
        fade_in: Fade::linear(480),
        fade_out: Fade::linear(480),
    };
    let track = |id: u32| {
        let layers = (0..LAYERS_MAX as u64).map(layer).collect();
        let looped = Some(TrackLoop { layers, ..TrackLoop::new(0.0, 96.0) });
        Arc::new(Track { looped, ..Track::new(TrackId(id), "drone".to_owned()) })
    };
    let session = Session { tracks: (1..=8).map(track).collect(), ..Session::default() };
    let begun = Instant::now();
    let text = crate::stored::text(&session).unwrap();
    let written = begun.elapsed();
    assert_eq!(Session::from_yaml("", &text).as_ref(), Ok(&session));
    println!("{} bytes: written in {written:?}, read in {:?}", text.len(), begun.elapsed() - written);
}
