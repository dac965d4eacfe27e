//! Takes of a known signal: the files to the last bit, gaps, splits, disks that refuse.

use super::*;
use crate::{
    engine::audio::capture::{CaptureFeed, Layout, capture},
    midi::smf::{Bytes, MessageDirection, TICKS_PER_QUARTER},
    takes::{self, Reach, RepairReport},
    taps::{Tap, Taps},
    wav::{Notes, Wav},
};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Mutex,
        atomic::AtomicU32,
        mpsc::{Receiver, Sender},
    },
};
use tempfile::TempDir;

const RATE_HZ: f64 = 8_000.0;
/// Frames in the rig's buffer: a little more than a stall.
const HELD: usize = 48_000;

fn taps(text: &str) -> Vec<Tap> {
    text.parse::<Taps>().unwrap().as_slice().to_vec()
}

fn file(suffix: &str, of: &str) -> FileOf {
    FileOf { suffix: suffix.to_owned(), taps: taps(of) }
}

/// A counter on the left, its negative on the right, silence on the master.
struct Rig {
    feed: CaptureFeed,
    writer: Worker<Writer>,
    progress: WriteProgress,
    jobs: Sender<TakeJob>,
    done: Receiver<TakeNews>,
    folder: TempDir,
    frame: i64,
}

impl Rig {
    fn new() -> Rig {
        let (feed, capture) = capture(&Layout { taps: taps("1-2,master"), left_out: Vec::new(), frames: HELD });
        let (writer, WorkerHandle { jobs, news: done }, progress) = writer(capture);
        Rig { feed, writer, progress, jobs, done, folder: tempfile::tempdir().unwrap(), frame: 0 }
    }

    fn order(&self, take: u32) -> TakeOrder {
        TakeOrder {
            take: TakeId(take),
            folder: self.folder.path().join("takes"),
            second_folder: None,
            name: "jam".to_owned(),
            files: vec![file("", "1-2")],
            depth: Depth::Int24,
            dither: true,
            sample_rate_hz: RATE_HZ as u32,
            earliest_frame: 0,
            begin: Begin::At(self.frame),
            end_frame: None,
            threshold: 0.5,
            length_frames: None,
            silence_frames: None,
            split_frames: None,
            marks: Vec::new(),
            clock: WallClock { frame: 0, at: jiff::civil::date(2026, 3, 1).at(23, 59, 59, 0) },
            note: "120.00 BPM".to_owned(),
            bpm: 120.0,
            port_names: vec!["synth".to_owned()],
        }
    }

    fn begin(&self, order: TakeOrder) {
        self.jobs.send(TakeJob::Begin(Box::new(order))).unwrap();
    }

    fn end(&self, take: u32) {
        self.jobs.send(TakeJob::End { take: TakeId(take), frame: self.frame }).unwrap();
    }

    /// Advances the time for the callback alone.
    fn play(&mut self, frames: usize) {
        let side = |sign: i64| -> Vec<f32> {
            (0..frames as i64).map(|i| (sign * (self.frame + i)) as f32 / 8_388_608.0).collect()
        };
        for from in (0..frames).step_by(500) {
            let to = (from + 500).min(frames);
            let (left, right, silence) = (side(1), side(-1), vec![0.0; frames]);
            let channels = [&left[from..to], &right[from..to], &silence[from..to], &silence[from..to]];
            self.feed.feed(to - from, channels.into_iter());
        }
        self.frame += frames as i64;
    }

    /// Advances the time for all.
    fn go(&mut self, frames: usize) {
        for from in (0..frames).step_by(400) {
            self.play(400.min(frames - from));
            self.writer.step();
        }
    }

    fn told(&self) -> Vec<TakeNews> {
        self.done.try_iter().collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("takes").join(name)
    }
}

fn samples(path: &Path) -> Vec<i32> {
    hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}

/// The file has these samples; where not, the assertion shows the first that differs.
#[track_caller]
fn assert_samples(path: &Path, want: &[i32]) {
    let got = samples(path);
    let differs = got.iter().zip(want).position(|(got, want)| got != want);
    assert_eq!((got.len(), differs), (want.len(), None), "{}", path.display());
}

fn counter(from: i64, to: i64) -> Vec<i32> {
    (from as i32..to as i32).flat_map(|i| [i, -i]).collect()
}

fn notes(path: &Path) -> Notes {
    let mut file = File::open(path).unwrap();
    let wav = Wav::read(&mut file).unwrap();
    assert_eq!(wav.health(), crate::wav::Health::Sound, "{:?}", wav.findings);
    Notes::read(&mut file, &wav).unwrap()
}

fn finished(done: &[TakeNews]) -> Vec<(u64, u64)> {
    let of = |done: &TakeNews| match done {
        TakeNews::Finished { frames, gap_frames, .. } => Some((*frames, *gap_frames)),
        _ => None,
    };
    done.iter().filter_map(of).collect()
}

#[test]
fn the_frames_of_a_take_are_in_its_file_to_the_last_bit() {
    let mut rig = Rig::new();
    rig.go(5_000);
    let order = TakeOrder { begin: Begin::At(3_210), ..rig.order(1) };
    rig.begin(order);
    rig.go(100_000);
    rig.end(1);
    rig.writer.step();
    assert_samples(&rig.path("jam.wav"), &counter(3_210, 105_000));
    let told = rig.told();
    assert!(matches!(told.first(), Some(TakeNews::Began { frame: 3_210, .. })), "{told:?}");
    assert_eq!(finished(&told), [(101_790, 0)]);
    assert!(matches!(told.last(), Some(TakeNews::Over { take: TakeId(1) })));
}

#[test]
fn a_stall_as_long_as_the_buffer_loses_nothing() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.go(1_000);
    rig.play(HELD - 1_000);
    rig.go(1_000);
    rig.end(1);
    rig.writer.step();
    assert_samples(&rig.path("jam.wav"), &counter(0, HELD as i64 + 1_000));
    assert_eq!(finished(&rig.told()), [(HELD as u64 + 1_000, 0)]);
}

#[test]
fn a_longer_stall_leaves_a_gap_of_its_exact_length_that_is_marked() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.go(4_000);
    rig.play(80_000);
    rig.go(20_000);
    rig.end(1);
    rig.writer.step();
    let got = samples(&rig.path("jam.wav"));
    assert_eq!(got.len(), 2 * 104_000);
    let silent: Vec<usize> = (1..104_000).filter(|i| got[2 * i] == 0).collect();
    let (first, last) = (silent[0], silent[silent.len() - 1]);
    assert_eq!(last + 1 - first, silent.len(), "one gap");
    assert!(got[..2 * first] == counter(0, first as i64));
    assert!(got[2 * (last + 1)..] == counter(last as i64 + 1, 104_000));
    // Frames that were still held are not given up, but for a part that makes room.
    assert!(silent.len() as u64 <= 84_000 - HELD as u64 + HELD as u64 / 8, "{} frames", silent.len());
    let gap = silent.len() as u64;
    assert_eq!(finished(&rig.told()), [(104_000, gap)]);
    let marks = notes(&rig.path("jam.wav")).marks;
    assert_eq!((marks[0].frame, marks[0].label.as_str()), (first as u64, format!("gap {gap} frames").as_str()));
}

/// A slow disk: a job comes while a file is written.
#[test]
fn a_job_that_comes_while_a_take_is_behind_is_done_before_the_rest_is_written() {
    let mut rig = Rig::new();
    rig.play(40_000);
    rig.begin(TakeOrder { begin: Begin::At(0), split_frames: Some(5_000), ..rig.order(1) });
    let next = TakeJob::Begin(Box::new(TakeOrder { name: "next".to_owned(), end_frame: Some(40_000), ..rig.order(2) }));
    let waiting = Mutex::new(vec![TakeJob::End { take: TakeId(1), frame: 12_000 }, next]);
    let (jobs, news) = (rig.jobs.clone(), AtomicU32::new(0));
    rig.writer.knock_with(move || {
        // It has begun, and its first file is whole.
        if news.fetch_add(1, Ordering::Relaxed) == 1 {
            waiting.lock().unwrap().drain(..).for_each(|job| jobs.send(job).unwrap());
        }
    });
    rig.writer.step();
    assert_eq!(finished(&rig.told()), [(5_000, 0), (0, 0), (5_000, 0), (2_000, 0)]);
    assert_samples(&rig.path("jam-part3.wav"), &counter(10_000, 12_000));
}

#[test]
fn the_progress_can_be_read_from_outside() {
    let mut rig = Rig::new();
    let progress = rig.progress.clone();
    assert_eq!(progress.oldest_frame(), None);
    rig.play(3_000);
    rig.begin(rig.order(1));
    rig.writer.step();
    assert_eq!(progress.oldest_frame(), Some(3_000));
    rig.go(8_000);
    assert!(progress.oldest_frame().is_some_and(|frame| frame > 10_000), "{progress:?}");
    rig.end(1);
    rig.writer.step();
    assert_eq!(progress.oldest_frame(), None);
}

#[test]
fn a_take_of_a_given_length_is_that_long_to_the_frame() {
    let mut rig = Rig::new();
    rig.go(5_000);
    rig.begin(TakeOrder { begin: Begin::At(4_500), length_frames: Some(24_000), ..rig.order(1) });
    rig.go(40_000);
    assert_samples(&rig.path("jam.wav"), &counter(4_500, 28_500));
    assert!(matches!(rig.told().last(), Some(TakeNews::Over { .. })));
}

#[test]
fn later_files_of_a_take_have_its_name_and_no_other_takes_name() {
    let mut rig = Rig::new();
    for take in 1..=2 {
        rig.begin(TakeOrder { split_frames: Some(1_000), ..rig.order(take) });
        rig.go(2_500);
        rig.end(take);
        rig.writer.step();
    }
    assert_samples(&rig.path("jam-part3.wav"), &counter(2_000, 2_500));
    assert_samples(&rig.path("jam-2-part3.wav"), &counter(4_500, 5_000));
    // A take does not join a later part that another take left.
    fs::remove_file(rig.path("jam.wav")).unwrap();
    rig.begin(rig.order(3));
    rig.go(100);
    rig.end(3);
    rig.writer.step();
    assert!(!rig.path("jam.wav").exists() && rig.path("jam-3.wav").exists());
}

#[test]
fn a_link_that_leads_nowhere_is_not_written_through_and_not_replaced() {
    let mut rig = Rig::new();
    let takes = rig.folder.path().join("takes");
    fs::create_dir(&takes).unwrap();
    let nowhere = rig.folder.path().join("nowhere");
    for name in ["jam.mid", "jam-2.wav", "jam-3-part2.wav"] {
        symlink(&nowhere, takes.join(name)).unwrap();
    }
    rig.begin(rig.order(1));
    rig.jobs.send(TakeJob::RolledMessage(vec![note(0, true)])).unwrap();
    rig.go(1_000);
    // Made by another program while the take was made.
    symlink(&nowhere, takes.join("jam-4.mid")).unwrap();
    rig.end(1);
    rig.writer.step();
    assert!(rig.path("jam-4.wav").exists());
    assert!(takes.join("jam-4.mid").is_symlink() && !nowhere.exists());
    let told = rig.told();
    let sentence = told.iter().find_map(|done| match done {
        TakeNews::Midi { sentence } => Some(sentence.as_str()),
        _ => None,
    });
    assert!(sentence.is_some_and(|sentence| sentence.contains("jam-4-2.mid")), "{told:?}");
    assert!(rig.path("jam-4-2.mid").exists());
}

fn note(frame: i64, is_on: bool) -> RolledMessage {
    let bytes = Bytes::of(&[if is_on { 0x90 } else { 0x80 }, 60, 100]).unwrap();
    RolledMessage { frame, way: MessageDirection::Sent, port: 0, bytes }
}

/// Note-ons and note-offs in a MIDI file, and its length in seconds, at 120 BPM.
fn played(path: &Path) -> (usize, usize, f64) {
    let bytes = fs::read(path).unwrap();
    let smf = midly::Smf::parse(&bytes).unwrap();
    let of = |is_on: bool| {
        let is = |event: &midly::TrackEvent<'_>| match event.kind {
            midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. } => is_on,
            midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOff { .. }, .. } => !is_on,
            _ => false,
        };
        smf.tracks.iter().flatten().filter(|event| is(event)).count()
    };
    let ticks = smf.tracks.iter().map(|track| track.iter().map(|event| event.delta.as_int()).sum::<u32>()).max();
    (of(true), of(false), f64::from(ticks.unwrap()) / f64::from(TICKS_PER_QUARTER) / 2.0)
}

#[test]
fn a_midi_file_is_as_long_as_its_take_and_ends_its_notes() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.jobs.send(TakeJob::RolledMessage(vec![note(4_000, true)])).unwrap();
    rig.go(24_000);
    rig.end(1);
    rig.writer.step();
    assert_eq!(played(&rig.path("jam.mid")), (1, 1, 3.0));
    rig.jobs.send(TakeJob::RolledMessage(vec![note(23_000, false)])).unwrap();
    // While it is made, too: after a power cut it has the messages up to the last write, and none after it.
    rig.begin(rig.order(2));
    rig.jobs.send(TakeJob::RolledMessage(vec![note(24_100, true)])).unwrap();
    rig.go(100_000);
    let (on, off, seconds) = played(&rig.path("jam-2.mid"));
    assert!((on, off) == (1, 1) && (2.0..3.0).contains(&seconds), "{seconds}");
}

#[test]
fn the_midi_file_follows_a_take_into_its_second_folder() {
    let mut rig = Rig::new();
    let second = rig.folder.path().join("second");
    rig.begin(TakeOrder { second_folder: Some(second.clone()), ..rig.order(1) });
    rig.jobs.send(TakeJob::RolledMessage(vec![note(4_000, true)])).unwrap();
    rig.go(10_000);
    // The disk takes no more files: a file is in the place of the folder.
    let takes = rig.folder.path().join("takes");
    fs::rename(&takes, rig.folder.path().join("away")).unwrap();
    fs::write(&takes, "in the way").unwrap();
    rig.end(1);
    rig.writer.step();
    assert_eq!(played(&second.join("jam.mid")), (1, 1, 1.25));
    let told = rig.told();
    let is_said = |done: &TakeNews| matches!(done, TakeNews::Midi { sentence } if sentence.contains("second/jam.mid"));
    assert!(told.iter().any(is_said), "{told:?}");
}

#[test]
fn files_that_follow_each_other_are_one_signal_and_know_their_time() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { split_frames: Some(7_000), ..rig.order(1) });
    rig.go(6_000);
    rig.jobs.send(TakeJob::Mark { take: None, frame: 7_001, label: "here".to_owned() }).unwrap();
    rig.go(14_000);
    rig.end(1);
    rig.writer.step();
    let names = ["jam.wav", "jam-part2.wav", "jam-part3.wav"];
    let joined: Vec<i32> = names.iter().flat_map(|name| samples(&rig.path(name))).collect();
    assert!(joined == counter(0, 20_000));
    assert_eq!(finished(&rig.told()), [(7_000, 0), (7_000, 0), (6_000, 0)]);
    let origins = names.map(|name| notes(&rig.path(name)).origin.unwrap());
    // A second before midnight, at 8000 Hz.
    let before_midnight = 86_399 * 8_000;
    assert_eq!(origins.clone().map(|origin| origin.time_reference), [before_midnight, before_midnight + 7_000, 6_000]);
    assert_eq!(origins.map(|origin| origin.date), ["2026-03-01", "2026-03-01", "2026-03-02"]);
    assert_eq!(notes(&rig.path(names[1])).marks[0].frame, 1);
    assert!(notes(&rig.path(names[0])).marks.is_empty());
}

#[test]
fn several_files_and_several_takes_are_made_at_once() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { files: vec![file("1", "1"), file("2+master", "2,master")], ..rig.order(1) });
    rig.go(10_000);
    let end_frame = Some(rig.frame - 1_000);
    rig.begin(TakeOrder { begin: Begin::At(2_000), end_frame, ..rig.order(2) });
    rig.go(10_000);
    rig.end(1);
    rig.writer.step();
    assert_samples(&rig.path("jam-1.wav"), &(0..20_000).collect::<Vec<i32>>());
    assert_samples(&rig.path("jam-2+master.wav"), &(0..20_000).flat_map(|i| [-i, 0, 0]).collect::<Vec<i32>>());
    assert_samples(&rig.path("jam.wav"), &counter(2_000, 9_000));
}

#[test]
fn takes_of_other_taps_overlap_each_exact_and_a_fault_that_ends_one_leaves_the_others_alone() {
    let mut rig = Rig::new();
    let of = |rig: &Rig, take: u32, name: &str, taps: &str| TakeOrder {
        name: name.to_owned(),
        files: vec![file("", taps)],
        ..rig.order(take)
    };
    let lost = rig.folder.path().join("lost");
    rig.begin(TakeOrder { folder: lost.clone(), ..of(&rig, 1, "lost", "1") });
    rig.begin(of(&rig, 2, "two", "2,1"));
    rig.go(3_000);
    rig.begin(TakeOrder { begin: Begin::At(1_000), ..of(&rig, 3, "three", "master-left,2") });
    rig.go(5_000);
    fs::remove_dir_all(&lost).unwrap();
    fs::write(&lost, "in the way").unwrap();
    rig.go(20_000);
    let told = rig.told();
    let ends =
        |done: &&TakeNews| matches!(done, TakeNews::Failed { .. } | TakeNews::Over { .. } | TakeNews::Finished { .. });
    let ended: Vec<&TakeNews> = told.iter().filter(ends).collect();
    let failed = matches!(
        ended[..],
        [TakeNews::Failed { take: TakeId(1), goes_on: None, .. }, TakeNews::Over { take: TakeId(1) }]
    );
    assert!(failed, "{told:?}");
    rig.end(3);
    rig.go(4_000);
    rig.jobs.send(TakeJob::Mark { take: Some(TakeId(3)), frame: 30_000, label: "of another".to_owned() }).unwrap();
    rig.jobs.send(TakeJob::Mark { take: Some(TakeId(2)), frame: 30_000, label: "its own".to_owned() }).unwrap();
    rig.end(2);
    rig.writer.step();
    assert_samples(&rig.path("two.wav"), &(0..32_000).flat_map(|i| [-i, i]).collect::<Vec<i32>>());
    assert_samples(&rig.path("three.wav"), &(1_000..28_000).flat_map(|i| [0, -i]).collect::<Vec<i32>>());
    let marks = notes(&rig.path("two.wav")).marks;
    assert_eq!(marks.iter().map(|mark| (mark.frame, &*mark.label)).collect::<Vec<_>>(), [(30_000, "its own")]);
}

/// A kill leaves the files as they are at that moment, on the disk or in memory, with no lock on them: so are copies of
/// them.
#[test]
fn takes_that_are_killed_together_are_each_repaired_and_miss_less_than_a_second() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { name: "one".to_owned(), ..rig.order(1) });
    rig.go(2_500);
    let files = vec![file("", "master-right,1,2")];
    rig.begin(TakeOrder { name: "two".to_owned(), files, begin: Begin::At(500), ..rig.order(2) });
    let (mut repaired, mut missed) = (0, 0);
    for moment in 0..30 {
        rig.go(1_111);
        let left = rig.folder.path().join(format!("left {moment}"));
        fs::create_dir(&left).unwrap();
        for (name, first) in [("one.wav", 0), ("two.wav", 500)] {
            let path = left.join(name);
            fs::copy(rig.path(name), &path).unwrap();
            let is_mended = matches!(takes::repair(&path, Reach::Folder, false).unwrap(), RepairReport::Done(_));
            repaired += u32::from(is_mended);
            let got = samples(&path);
            let frames = got.len() as i64 / if first == 0 { 2 } else { 3 };
            missed = missed.max(rig.frame - first - frames);
            let want = match first {
                0 => counter(0, frames),
                _ => (500..500 + frames as i32).flat_map(|i| [0, i, -i]).collect(),
            };
            assert!(got == want, "{name} at moment {moment}");
        }
    }
    assert!(repaired > 20 && missed < RATE_HZ as i64, "{repaired} were repaired, {missed} frames are missing");
}

#[test]
fn the_end_of_a_take_waits_for_no_other_that_catches_up() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { name: "slow".to_owned(), files: vec![file("", "1-2,master")], ..rig.order(1) });
    rig.begin(TakeOrder { name: "quick".to_owned(), ..rig.order(2) });
    rig.go(1_000);
    // The disk is away for five seconds; one take has as much to be written, the other hardly anything.
    rig.play(40_000);
    rig.jobs.send(TakeJob::End { take: TakeId(2), frame: 2_000 }).unwrap();
    rig.end(1);
    rig.writer.step();
    let over: Vec<TakeId> = rig
        .told()
        .into_iter()
        .filter_map(|done| if let TakeNews::Over { take } = done { Some(take) } else { None })
        .collect();
    assert_eq!(over, [TakeId(2), TakeId(1)]);
    assert_samples(&rig.path("quick.wav"), &counter(0, 2_000));
}

#[test]
fn a_take_of_taps_that_are_not_held_is_refused_and_leaves_no_file() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { files: vec![file("", "1,3")], ..rig.order(1) });
    rig.go(1_000);
    let told = rig.told();
    let [TakeNews::Failed { reason, goes_on: None, .. }, TakeNews::Over { .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(reason, "3 is not in the capture buffer");
    assert!(!rig.folder.path().join("takes").exists());
}

#[test]
fn a_sound_begins_a_take_and_silence_ends_it() {
    let mut rig = Rig::new();
    let order = TakeOrder {
        begin: Begin::OnSound { from_frame: 1_000, pre_roll_frames: 500 },
        threshold: 20_000.0 / 8_388_608.0,
        silence_frames: Some(2_000),
        ..rig.order(1)
    };
    rig.begin(order);
    rig.go(19_000);
    assert!(rig.told().is_empty());
    rig.go(6_000);
    assert!(matches!(rig.told()[..], [TakeNews::Began { frame: 19_500, .. }]));
    let silence = vec![0.0; 400];
    for _ in 0..10 {
        rig.feed.feed(400, [&silence[..]; 4].into_iter());
        rig.writer.step();
    }
    let mut want = counter(19_500, 25_000);
    want.resize(want.len() + 2 * 1_999, 0);
    assert_samples(&rig.path("jam.wav"), &want);
    assert!(matches!(rig.told().last(), Some(TakeNews::Over { .. })));
}

#[test]
fn a_sound_that_does_not_come_leaves_no_file() {
    let mut rig = Rig::new();
    rig.begin(TakeOrder { begin: Begin::OnSound { from_frame: 0, pre_roll_frames: 0 }, ..rig.order(1) });
    rig.go(5_000);
    rig.end(1);
    rig.go(1_000);
    assert!(matches!(rig.told()[..], [TakeNews::Over { .. }]));
    assert!(!rig.path("jam.wav").exists());
}

#[test]
fn a_file_is_never_overwritten() {
    let mut rig = Rig::new();
    fs::create_dir(rig.folder.path().join("takes")).unwrap();
    fs::write(rig.path("jam.wav"), "precious").unwrap();
    fs::write(rig.path("jam-2.mid"), "precious").unwrap();
    for take in 1..=2 {
        rig.begin(rig.order(take));
        rig.go(10);
        rig.end(take);
        rig.writer.step();
    }
    assert_eq!(fs::read(rig.path("jam.wav")).unwrap(), b"precious");
    assert_samples(&rig.path("jam-3.wav"), &counter(0, 10));
    assert_samples(&rig.path("jam-4.wav"), &counter(10, 20));
}

#[test]
fn a_folder_that_refuses_is_reported_and_the_second_one_is_used() {
    let mut rig = Rig::new();
    let in_the_way = rig.folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    rig.begin(TakeOrder { folder: in_the_way.clone(), ..rig.order(1) });
    rig.go(1_000);
    let told = rig.told();
    assert!(
        matches!(&told[..], [TakeNews::Failed { frames: 0, goes_on: None, .. }, TakeNews::Over { .. }]),
        "{told:?}"
    );
    let second = rig.folder.path().join("second");
    rig.begin(TakeOrder { folder: in_the_way, second_folder: Some(second.clone()), ..rig.order(2) });
    rig.go(1_000);
    rig.end(2);
    rig.writer.step();
    let told = rig.told();
    assert!(matches!(&told[..], [TakeNews::Failed { goes_on: Some(_), .. }, TakeNews::Began { .. }, ..]), "{told:?}");
    assert_samples(&second.join("jam.wav"), &counter(1_000, 2_000));
}

#[test]
fn a_file_that_is_removed_is_reported_and_the_take_goes_on_in_another() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.go(6_000);
    fs::remove_dir_all(rig.folder.path().join("takes")).unwrap();
    rig.go(20_000);
    rig.end(1);
    rig.writer.step();
    let told = rig.told();
    let goes_on = told.iter().find_map(|done| match done {
        TakeNews::Failed { goes_on, frames, .. } => Some((goes_on.clone().unwrap(), *frames)),
        _ => None,
    });
    let (path, safe) = goes_on.unwrap();
    assert_eq!(safe, 0, "no frame of a removed file is safe");
    let rest = samples(&path);
    assert!(rest.len() >= 2 * 14_000 && rest == counter(26_000 - rest.len() as i64 / 2, 26_000));
}

#[test]
fn a_file_that_is_removed_before_its_end_is_not_reported_as_finished() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.go(6_000);
    fs::remove_file(rig.path("jam.wav")).unwrap();
    rig.end(1);
    rig.writer.step();
    let told = rig.told();
    let failed = told.iter().find_map(|done| match done {
        TakeNews::Failed { frames, reason, goes_on: None, .. } => Some((*frames, reason.as_str())),
        _ => None,
    });
    assert!(matches!(failed, Some((0, reason)) if reason.contains("another program removed it")), "{told:?}");
    assert!(finished(&told).is_empty());
}

#[test]
fn an_unfinished_file_opens_and_misses_less_than_a_second() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    for _ in 0..40 {
        rig.go(1_234);
        let frames = samples(&rig.path("jam.wav")).len() / 2;
        assert!(frames as f64 + 0.9 * RATE_HZ >= rig.frame as f64, "{frames} of {}", rig.frame);
    }
    std::mem::forget(rig.writer);
}

#[test]
fn a_take_whose_header_cannot_be_written_does_not_begin_and_leaves_no_file() {
    let mut rig = Rig::new();
    // No header names a file without channels.
    let files = vec![file("", "1"), FileOf { suffix: "b".to_owned(), taps: vec![] }];
    let second = rig.folder.path().join("second");
    rig.begin(TakeOrder { files, second_folder: Some(second.clone()), ..rig.order(1) });
    rig.go(1_000);
    let told = rig.told();
    let [TakeNews::Failed { frames: 0, reason, goes_on: None, .. }, TakeNews::Over { .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(reason.contains("; nor to ") && reason.contains("second/jam"), "{reason}");
    for folder in [rig.folder.path().join("takes"), second] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }
}

#[test]
fn a_file_that_is_moved_while_it_is_written_is_reported_with_its_new_path() {
    let mut rig = Rig::new();
    rig.begin(rig.order(1));
    rig.go(6_000);
    let moved = rig.folder.path().join("moved");
    fs::rename(rig.folder.path().join("takes"), &moved).unwrap();
    rig.go(6_000);
    rig.end(1);
    rig.writer.step();
    let told = rig.told();
    let finished = told.iter().find_map(|done| match done {
        TakeNews::Finished { path, frames: 12_000, .. } => Some(path.clone()),
        _ => None,
    });
    assert_eq!(finished, Some(moved.join("jam.wav")), "{told:?}");
    assert_samples(&moved.join("jam.wav"), &counter(0, 12_000));
}

#[test]
fn a_file_that_may_not_grow_keeps_all_that_was_written_to_it() {
    let error = |kind: io::ErrorKind| io::Error::from(kind);
    assert!(
        take_file::has_no_room(&error(io::ErrorKind::FileTooLarge))
            && take_file::has_no_room(&error(io::ErrorKind::StorageFull))
    );
    assert!(!take_file::has_no_room(&error(io::ErrorKind::PermissionDenied)));
}
