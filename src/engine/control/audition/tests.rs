//! Audition in virtual time: a take in the outputs, and in no other take.

use super::*;
use crate::engine::{config::EngineConfig, offline::Offline};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::sync::mpsc::Receiver;
use std::{fs, iter::repeat_n, os::unix::fs::FileExt};

const RATE_HZ: u32 = 48_000;
/// Until a start or a stop is over.
const RAMP: usize = 240;

struct Rig {
    folder: tempfile::TempDir,
    offline: Offline,
    events: Receiver<Event>,
}

fn rig() -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { clock_on: false, ..EngineConfig::of_seven_bits(folder.path()) };
    let offline = Offline::new(&config).unwrap();
    let events = offline.station().subscribe(|| {});
    Rig { folder, offline, events }
}

impl Rig {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A take of 24 bits whose sides are opposite.
    fn take(&self, name: &str, samples: impl IntoIterator<Item = i32>) {
        let spec = WavSpec { channels: 2, sample_rate: RATE_HZ, bits_per_sample: 24, sample_format: SampleFormat::Int };
        let mut wav = WavWriter::create(self.path(name), spec).unwrap();
        for sample in samples {
            wav.write_sample(sample).unwrap();
            wav.write_sample(-sample).unwrap();
        }
        wav.finalize().unwrap();
    }

    #[track_caller]
    fn ask(&mut self, line: &str) {
        self.offline.ask(&line.parse().unwrap()).unwrap();
    }

    fn refused(&mut self, line: &str) -> String {
        self.offline.ask(&line.parse().unwrap()).unwrap_err()
    }

    /// The left output of so many frames, as samples of 24 bits.
    fn hear(&mut self, frames: usize) -> Vec<f64> {
        let mut heard = Vec::new();
        while heard.len() < frames {
            let block = (frames - heard.len()).min(100);
            self.offline.run_to(self.offline.frame() + block as i64);
            let [left, right] = [0, 1].map(|side| &self.offline.output(side)[..block]);
            assert!(left.iter().zip(right).all(|(l, r)| *l == -r));
            heard.extend(left.iter().map(|x| f64::from(*x) * 8_388_608.0));
        }
        heard
    }

    fn notices(&self) -> Vec<(Severity, String)> {
        let notice = |event| match event {
            Event::Notice { severity, text } => Some((severity, text)),
            _ => None,
        };
        self.events.try_iter().filter_map(notice).collect()
    }

    fn audition(&self) -> Option<AuditionStatus> {
        Option::clone(&self.offline.status().audition)
    }
}

fn ramp(frames: i32) -> impl Iterator<Item = i32> {
    (0..frames).map(|i| 1_000_000 + i * 50)
}

#[test]
fn a_take_is_played_to_the_sample_and_is_in_no_other_take() {
    let mut rig = rig();
    rig.take("ramp.wav", ramp(60_000));
    rig.ask("record.start meanwhile");
    rig.hear(1_000);
    rig.ask("take.play ramp");
    let heard = rig.hear(61_000);
    let want: Vec<f64> = ramp(60_000).map(f64::from).collect();
    assert!(heard[RAMP..60_000] == want[RAMP..], "nothing is changed after the ramp");
    assert!(heard[..RAMP].iter().zip(&want).all(|(heard, want)| heard.abs() <= want.abs()));
    assert!(heard[60_000..].iter().all(|x| *x == 0.0));
    rig.ask("record.stop");
    rig.offline.finish();
    let meanwhile = hound::WavReader::open(rig.path("meanwhile.wav")).unwrap();
    assert_eq!(meanwhile.duration(), 62_000);
    assert!(meanwhile.into_samples::<i32>().all(|x| x.unwrap() == 0));
    let events: Vec<Event> = rig.events.try_iter().collect();
    let path = rig.path("ramp.wav");
    assert!(events.contains(&Event::AuditionStarted { path: path.clone(), length_seconds: 1.25 }), "{events:?}");
    assert!(events.contains(&Event::AuditionEnded { path }), "{events:?}");
}

#[test]
fn the_song_and_the_take_under_way_are_not_touched() {
    let mut rig = rig();
    rig.take("a.wav", ramp(20_000));
    rig.ask("transport.play");
    rig.ask("record.start jam");
    rig.ask("take.play a.wav");
    rig.hear(2_000);
    rig.ask("take.stop");
    rig.hear(2_000);
    let status = rig.offline.status();
    assert!(status.transport.playing && status.record.take.is_some());
}

#[test]
fn a_stop_is_soon_and_the_next_take_has_nothing_of_the_one_before() {
    let mut rig = rig();
    rig.take("a.wav", repeat_n(4_000_000, 200_000));
    rig.take("b.wav", repeat_n(-2_000_000, 200_000));
    rig.ask("take.play a");
    rig.hear(5_000);
    rig.ask("take.stop");
    assert!(rig.audition().is_none());
    assert!(rig.hear(5_000)[RAMP..].iter().all(|x| *x == 0.0));
    rig.ask("take.play b");
    let heard = rig.hear(5_000);
    assert!(heard.iter().all(|x| (-2_000_000.0..=0.0).contains(x)));
    assert!(heard[2 * RAMP..].iter().all(|x| *x == -2_000_000.0));
    // And without a stop between.
    rig.ask("take.play a");
    let heard = rig.hear(5_000);
    let turn = heard.iter().position(|x| *x > 0.0).unwrap();
    assert!(heard[..turn].iter().all(|x| *x <= 0.0) && heard[turn..].iter().all(|x| *x > 0.0));
    assert!(heard[1_000..].iter().all(|x| *x == 4_000_000.0));
}

#[test]
fn its_position_is_shown_and_can_be_set() {
    let mut rig = rig();
    rig.take("ramp.wav", ramp(96_000));
    assert_eq!(rig.refused("take.seek 1"), NOT_PLAYING);
    assert_eq!(rig.refused("take.stop"), NOT_PLAYING);
    rig.ask("take.play ramp.wav");
    rig.hear(24_000);
    let path = rig.path("ramp.wav");
    assert_eq!(rig.audition(), Some(AuditionStatus { path, seconds: 0.5, length_seconds: 2.0 }));
    rig.ask("take.seek 1.5");
    let heard = rig.hear(10_000);
    let of_take = |i: i32| f64::from(1_000_000 + i * 50);
    let first = heard.iter().position(|x| *x == of_take(72_000 + RAMP as i32)).unwrap();
    assert!(first < 2 * RAMP + 200, "at {first}");
    assert_eq!(heard[first + 5_000], of_take(72_000 + RAMP as i32 + 5_000));
    let seconds = rig.audition().unwrap().seconds;
    assert!((1.69..1.71).contains(&seconds), "{seconds}");
    assert_eq!(rig.refused("take.seek 3"), format!("take.seek: {} is 2.0 s long", rig.path("ramp.wav").display()));
    rig.ask("take.seek 2");
    rig.hear(1_000);
    assert_eq!(rig.audition(), None, "at its end it is over");
    assert_eq!(rig.refused("take.stop"), NOT_PLAYING);
}

#[test]
fn a_name_with_a_path_finds_nothing_outside_the_folder() {
    let mut rig = rig();
    fs::create_dir(rig.path("sub")).unwrap();
    rig.take("sub/a.wav", ramp(1_000));
    let here = rig.path("sub/a.wav").display().to_string();
    for name in ["sub/a.wav", "..", ".", "../a.wav", "/etc/passwd", "a/", "./a", &here] {
        let refused = rig.refused(&format!("take.play {name}"));
        assert!(refused.contains("not a take name"), "{name}: {refused}");
    }
}

#[test]
fn a_file_that_cannot_be_played_is_one_sentence_and_everything_goes_on() {
    let mut rig = rig();
    rig.take("good.wav", repeat_n(3_000_000, 20_000));
    fs::write(rig.path("empty.wav"), "").unwrap();
    fs::write(rig.path("text.wav"), "no take at all, but a letter to the reader").unwrap();
    fs::create_dir(rig.path("folder.wav")).unwrap();
    let header: Vec<u8> = fs::read(rig.path("good.wav")).unwrap().into_iter().take(30).collect();
    fs::write(rig.path("header.wav"), header).unwrap();
    for name in ["absent", "empty", "text", "folder", "header"] {
        assert!(rig.refused(&format!("take.play {name}")).starts_with("cannot play "));
        assert!(rig.hear(500).iter().all(|x| *x == 0.0));
        let notices = rig.notices();
        let [(Severity::Error, text)] = &notices[..] else { panic!("{name}: {notices:?}") };
        assert!(text.starts_with("cannot play ") && text.contains(name), "{text}");
        assert_eq!(rig.audition(), None);
    }
    rig.ask("take.play good");
    assert!(rig.hear(5_000)[RAMP..].iter().all(|x| *x == 3_000_000.0));
    // One that fails ends the one before.
    rig.refused("take.play absent");
    assert!(rig.hear(5_000)[2 * RAMP..].iter().all(|x| *x == 0.0));
}

#[test]
fn a_take_that_was_cut_plays_as_far_as_it_goes() {
    let mut rig = rig();
    rig.take("cut.wav", repeat_n(3_000_000, 48_000));
    let file = fs::File::options().write(true).open(rig.path("cut.wav")).unwrap();
    let length = file.metadata().unwrap().len();
    // Half a second and a part of a frame.
    file.set_len(length - 24_000 * 6 - 4).unwrap();
    rig.ask("take.play cut");
    let heard = rig.hear(30_000);
    assert!(heard[RAMP..23_999].iter().all(|x| *x == 3_000_000.0) && heard[23_999..].iter().all(|x| *x == 0.0));
    let notices = rig.notices();
    let [(Severity::Warning, text)] = &notices[..] else { panic!("{notices:?}") };
    assert!(text.contains("is 0.5 s shorter than its header declares"), "{text}");
}

#[test]
fn audio_that_the_header_does_not_count_yet_is_played() {
    let mut rig = rig();
    rig.take("under way.wav", repeat_n(3_000_000, 48_000));
    let file = fs::File::options().write(true).open(rig.path("under way.wav")).unwrap();
    // A header as it was half a second earlier.
    let audio_bytes = 24_000 * 6_u32;
    file.write_all_at(&(audio_bytes + 60).to_le_bytes(), 4).unwrap();
    file.write_all_at(&audio_bytes.to_le_bytes(), 64).unwrap();
    rig.ask("take.play under way");
    assert!(rig.hear(48_000)[RAMP..].iter().all(|x| *x == 3_000_000.0));
    assert_eq!(rig.notices(), []);
}

#[test]
fn the_end_of_the_engine_stops_it() {
    let mut rig = rig();
    rig.take("a.wav", ramp(100_000));
    rig.ask("take.play a");
    rig.hear(1_000);
    rig.offline.finish();
    assert_eq!(rig.audition(), None);
}
