//! Takes for tests of editing and exporting; text of times.

use super::{Reach, Take, time_of, time_text};
use crate::wav::{Depth, Encoder, Info, Mark, Origin, WavFile, WavShape};
use std::{
    f64::consts::TAU,
    fs::{self, File},
    path::{Path, PathBuf},
};

pub(super) const RATE_HZ: u32 = 48_000;

/// The origin of a take in a test: 10 s after midnight.
pub(super) fn origin() -> Origin {
    Origin { description: "a jam".to_owned(), time_reference: 480_000, ..Origin::default() }
}

/// Writes a take.
pub(super) fn write(path: &Path, shape: WavShape, samples: &[f32], marks: &[(u64, &str)]) {
    let mut bytes = Vec::new();
    Encoder::new(shape.depth, false, 0).encode(samples, &mut bytes);
    let mut wav = WavFile::create(File::create_new(path).unwrap(), shape, Some(&origin())).unwrap();
    wav.write(&bytes).unwrap();
    let marks: Vec<Mark> =
        marks.iter().map(|(frame, label)| Mark { frame: *frame, label: (*label).to_owned() }).collect();
    wav.finish(&marks, &Info(vec![(*b"INAM", "Friday".to_owned())])).1.unwrap();
}

/// Writes a mono take of busker that begins `first` samples after midnight; one that a full disk cut off has no end
/// text.
pub(super) fn write_at(path: &Path, first: u64, frames: usize, has_end: bool) {
    let shape = WavShape { channels: 1, sample_rate_hz: RATE_HZ, depth: Depth::Int24 };
    let mut bytes = Vec::new();
    Encoder::new(shape.depth, false, 0).encode(&sines(1, frames, 0.5), &mut bytes);
    let origin = Origin {
        originator: "busker".to_owned(),
        date: "2026-11-29".to_owned(),
        time_reference: first,
        ..Origin::default()
    };
    let mut wav = WavFile::create(File::create_new(path).unwrap(), shape, Some(&origin)).unwrap();
    wav.write(&bytes).unwrap();
    let info = if has_end { Info(vec![(*b"ISFT", "busker".to_owned())]) } else { Info::default() };
    wav.finish(&[], &info).1.unwrap();
}

/// The names in a folder, in order.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    contents(folder).iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// Frames whose channels are sines of rising frequency at this level.
pub(super) fn sines(channels: u16, frames: usize, amplitude: f64) -> Vec<f32> {
    let hz = |channel: u16| 997.0 + 101.0 * f64::from(channel);
    let at = |frame: usize, channel| (TAU * hz(channel) * frame as f64 / f64::from(RATE_HZ)).sin() * amplitude;
    (0..frames).flat_map(|frame| (0..channels).map(move |channel| at(frame, channel) as f32)).collect()
}

/// A folder with the take `jam.wav`.
pub(super) fn folder(channels: u16, depth: Depth, samples: &[f32], marks: &[(u64, &str)]) -> (tempfile::TempDir, Take) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jam.wav");
    write(&path, WavShape { channels, sample_rate_hz: RATE_HZ, depth }, samples, marks);
    let take = opened(&path);
    (folder, take)
}

pub(super) fn opened(path: &Path) -> Take {
    Take::open_whole(path, Reach::Folder).unwrap()
}

/// All files in a folder, with their bytes.
pub(super) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut contents: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let bytes = fs::read(&path).unwrap_or_default();
            (path, bytes)
        })
        .collect();
    contents.sort();
    contents
}

#[test]
fn a_time_is_seconds_or_minutes_and_seconds() {
    for (text, seconds) in [("0", 0.0), ("83.5", 83.5), ("1:23.5", 83.5), ("90:00", 5_400.0), (".5", 0.5)] {
        assert_eq!(time_of(text), Ok(seconds), "{text}");
    }
    for text in ["", "-1", "1:60", "1:-2", "a", "1:2:3", "nan", "inf", "1e300", "99999999999999999999:0"] {
        assert!(time_of(text).is_err(), "{text}");
    }
    assert_eq!(time_text(83.57), "1:23.5");
}
