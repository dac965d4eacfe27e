//! Tracks in a session: what is heard after it was saved and opened again, from its files, in another station.

use super::{BAR, Rig, SEAM, played};
use crate::{
    session::{Session, track::LoopLayer},
    status::{Event, Severity, TrackState},
    stored, wav,
};
use std::{
    fs::{self, File},
    path::Path,
    sync::mpsc::Receiver,
};

/// Frames that a take has more than was asked for, on each side.
const MARGIN: u64 = 2_400;

impl Rig {
    fn refused(&mut self, line: &str) -> String {
        self.offline.ask(&line.parse().unwrap()).unwrap_err()
    }

    fn events(&self) -> Receiver<Event> {
        self.offline.station().subscribe(|| {})
    }

    /// A loop of a bar from the second bar of the song on, on a new track.
    fn record_loop(&mut self, track: usize, played: impl Fn(i64) -> f32) -> i64 {
        self.ask(&format!("track.add loop{track}"));
        let start = self.play();
        self.run_with(start + BAR / 2, &played);
        self.ask(&format!("track.pedal {track}"));
        self.run_with(start + BAR + BAR / 2, &played);
        self.ask(&format!("track.pedal {track}"));
        self.run_with(start + 3 * BAR, &played);
        assert_eq!(self.track(track).state, TrackState::Playing);
        start
    }

    /// What is heard of these bars of the song, played from its beginning.
    fn bars(&mut self, from: i64, to: i64) -> Vec<f32> {
        let start = self.play();
        self.run_with(start + to * BAR, |_| 0.0);
        self.heard[(start + from * BAR) as usize..(start + to * BAR) as usize].to_vec()
    }
}

fn warnings(events: &Receiver<Event>) -> Vec<String> {
    let warning = |event: Event| event.notice().filter(|(severity, _)| *severity != Severity::Info);
    events.try_iter().filter_map(warning).map(|(_, text)| text).collect()
}

fn kept(folder: &Path) -> Session {
    stored::load(&folder.join("session.yaml")).unwrap()
}

fn layers(session: &Session) -> Vec<&LoopLayer> {
    session.tracks.iter().flat_map(|track| &track.looped).flat_map(|looped| &looped.layers).collect()
}

fn frames(file: &Path) -> u64 {
    wav::Wav::read(&mut File::open(file).unwrap()).unwrap().frames().unwrap()
}

/// A session with a loop and an overdub, and what is heard of its bars 6 to 10 there.
fn recorded(music: &Path) -> Vec<f32> {
    let mut rig = Rig::of(music);
    rig.run_to(1_000);
    rig.ask("session.new jam");
    let start = rig.record_loop(1, played);
    rig.run_to(start + 3 * BAR + BAR / 2);
    rig.ask("track.pedal 1");
    rig.run_to(start + 4 * BAR + BAR / 2);
    rig.ask("track.pedal 1");
    rig.run_to(start + 6 * BAR);
    assert_eq!((rig.track(1).state, rig.track(1).layers), (TrackState::Playing, 2));
    rig.ask("track.gain 1 -3");
    rig.run_with(start + 12 * BAR, |_| 0.0);
    let heard = rig.heard[(start + 7 * BAR) as usize..(start + 11 * BAR) as usize].to_vec();
    rig.ask("session.save");
    rig.offline.finish();
    assert!(heard.iter().filter(|sample| **sample != 0.0).count() as i64 > 3 * BAR);
    heard
}

#[test]
fn a_loop_with_an_overdub_sounds_the_same_to_the_bit_from_its_files_seam_included() {
    let music = tempfile::tempdir().unwrap();
    let heard = recorded(music.path());
    let jam = music.path().join("jam");
    let session = kept(&jam);
    for layer in layers(&session) {
        assert!(layer.file.is_relative(), "{:?}", layer.file);
        let frames = frames(&jam.join(&layer.file));
        assert!(layer.fade_in.frames == SEAM as u64 && layer.file_frame >= MARGIN);
        assert!(frames >= layer.file_frame + layer.frames + MARGIN, "{frames} for {layer:?}");
    }
    // Moved, too.
    fs::rename(&jam, music.path().join("moved")).unwrap();
    let mut rig = Rig::of(music.path());
    let events = rig.events();
    rig.run_to(777);
    rig.ask("session.open moved");
    let again = rig.bars(7, 11);
    let differs = heard.iter().zip(&again).position(|(a, b)| a.to_bits() != b.to_bits());
    assert_eq!((differs, heard.len()), (None, again.len()));
    assert_eq!(warnings(&events), Vec::<String>::new());
    rig.ask("session.save");
    let (moved, was) = (kept(&music.path().join("moved")), session);
    assert_eq!((moved.tracks, moved.song), (was.tracks, was.song));
}

#[test]
fn what_goes_on_over_the_end_of_a_loop_has_no_step_there_after_it_was_opened_again() {
    const PERIOD: f64 = 480.0;
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::of(music.path());
    rig.run_to(1_000);
    rig.ask("session.new jam");
    let tone = |frame: i64| (frame as f64 / PERIOD * std::f64::consts::TAU).sin() as f32 * 0.25;
    rig.record_loop(1, tone);
    rig.offline.finish();
    let mut rig = Rig::of(music.path());
    rig.ask("session.open jam");
    let heard = rig.bars(2, 6);
    // Twice as steep as the tone, for the seam adds what is alike.
    let steepest = 2.0 * 0.25 * (std::f64::consts::TAU / PERIOD) as f32;
    let step = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step > 0.0 && step < steepest, "{step} of {steepest}");
}

#[test]
fn a_session_with_a_file_that_is_gone_plays_the_rest_and_says_so_once() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::of(music.path());
    rig.run_to(1_000);
    rig.ask("session.new jam");
    rig.record_loop(1, |_| 1.0 / 64.0);
    rig.ask("transport.stop");
    rig.ask("transport.locate 1:1:0");
    let stopped = rig.offline.frame() + 4_000;
    rig.run_with(stopped, |_| 0.0);
    rig.record_loop(2, |_| 1.0 / 32.0);
    rig.offline.finish();
    let jam = music.path().join("jam");
    let gone = layers(&kept(&jam))[0].file.clone();
    fs::remove_file(jam.join(&gone)).unwrap();
    let mut rig = Rig::of(music.path());
    let events = rig.events();
    rig.ask("session.open jam");
    let heard = rig.bars(2, 4);
    assert_eq!(heard[BAR as usize / 2], 1.0 / 32.0);
    for line in ["clock.bpm 130", "clock.bpm 120", "track.gain 1 -1"] {
        rig.ask(line);
        let next = rig.offline.frame() + BAR;
        rig.run_with(next, |_| 0.0);
    }
    assert_eq!(warnings(&events), [format!("{} is missing: its clips are silent", gone.display())]);
    rig.offline.finish();
    assert_eq!(layers(&kept(&jam)).len(), 2, "its place stays in the file");
}

#[test]
fn each_session_has_its_tracks_and_its_loop_and_a_new_number_follows_the_highest() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::of(music.path());
    rig.run_to(1_000);
    rig.ask("session.new one");
    rig.record_loop(1, |_| 1.0 / 64.0);
    rig.ask("loop.set 2:1:0 3:1:0");
    rig.ask("quantize.set beat");
    rig.ask("transport.stop");
    rig.ask("transport.locate 1:1:0");
    rig.ask("session.new two");
    assert_eq!(rig.offline.status().tracks, None, "what is in a session stays there");
    let next = rig.offline.frame() + 4_000;
    rig.run_with(next, |_| 0.0);
    assert_eq!(rig.heard.last(), Some(&0.0));
    assert!(rig.offline.control().out.plan.last().looping.region.is_none());
    // Another number on the same stream is heard.
    let one = fs::read_to_string(music.path().join("one/session.yaml")).unwrap();
    fs::create_dir_all(music.path().join("three")).unwrap();
    let three = one.replace("id: 1", "id: 7").replace("audio/", &format!("{}/one/audio/", music.path().display()));
    fs::write(music.path().join("three/session.yaml"), three).unwrap();
    rig.ask("session.open three");
    let status = rig.offline.status().tracks.as_ref().unwrap().clone();
    assert_eq!((status.loop_on, status.loop_pulses, &*status.grid), (true, Some([96, 192]), "beat"));
    assert!(rig.refused("track.undo 1").contains("nothing"));
    rig.ask("track.add");
    let heard = rig.bars(3, 6);
    assert!(heard[1_000..2 * BAR as usize].iter().all(|sample| *sample != 0.0));
    assert_eq!(rig.offline.control().out.plan.last().looping.region.map(|region| region.pulses()), Some(96..192));
    rig.ask("session.save");
    let ids: Vec<u32> = kept(&music.path().join("three")).tracks.iter().map(|track| track.id.0).collect();
    assert_eq!(ids, [7, 8]);
}

#[test]
fn what_was_recorded_before_session_new_belongs_to_it_and_session_open_does_not_throw_it_away() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::of(music.path());
    rig.run_to(1_000);
    rig.ask("session.new other");
    rig.offline.finish();
    let mut rig = Rig::of(music.path());
    rig.run_to(1_000);
    let start = rig.record_loop(1, |_| 1.0 / 64.0);
    rig.run_with(start + 3 * BAR + BAR / 2, |_| 1.0 / 64.0);
    rig.ask("track.pedal 1");
    rig.run_with(start + 4 * BAR + BAR / 2, |_| 1.0 / 64.0);
    assert_eq!(rig.track(1).state, TrackState::Overdubbing);
    for line in ["session.new jam", "session.open other"] {
        assert!(rig.refused(line).contains("is being recorded"));
    }
    rig.ask("track.pedal 1");
    rig.run_with(start + 5 * BAR, |_| 1.0 / 64.0);
    rig.run_with(start + 6 * BAR, |_| 0.0);
    assert_eq!(
        rig.refused("session.open other"),
        "1 track is in no session yet: session.new keeps them, track.remove removes one"
    );
    rig.ask("session.new jam");
    assert_eq!(rig.track(1).layers, 2);
    rig.ask("track.undo 1");
    rig.ask("track.redo 1");
    rig.offline.finish();
    let session = kept(&music.path().join("jam"));
    let files: Vec<_> = session.files().map(|file| file.is_absolute() && file.exists()).collect();
    assert_eq!(files, [true, true], "its takes are where they were made");
    let mut rig = Rig::of(music.path());
    rig.ask("session.open jam");
    assert_eq!(rig.bars(2, 3)[BAR as usize / 2], 2.0 / 64.0);
}

#[test]
fn a_session_without_tracks_opens_as_it_was() {
    let music = tempfile::tempdir().unwrap();
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/before/session.yaml")).unwrap();
    fs::create_dir_all(music.path().join("old")).unwrap();
    fs::write(music.path().join("old/session.yaml"), &text).unwrap();
    let mut rig = Rig::of(music.path());
    rig.ask("session.open old");
    assert_eq!(rig.offline.status().tracks, None);
    rig.ask("session.save");
    let written = fs::read_to_string(music.path().join("old/session.yaml")).unwrap();
    assert!(!written.contains("tracks:") && !written.contains("song:"));
}
