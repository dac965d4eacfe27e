//! `busker takes`: list, show and repair, also after a killed recording.

use crate::common::{outcome, program};
use ::busker::wav::AUDIO_AT;
use outcome::{done, run};
use program::busker;
use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant, SystemTime},
};
use tempfile::TempDir;

/// Bytes before the audio in hound's files with 24 bits.
const HEADER_BYTES: u64 = 68;
/// A frame of two channels and 24 bits.
const FRAME_BYTES: u64 = 6;
const RATE_HZ: u64 = 48_000;

/// A take of so many frames.
fn take(path: &Path, frames: i32) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE_HZ as u32,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    (0..frames * 2).for_each(|sample| wav.write_sample(sample % 4096 - 2048).unwrap());
    wav.finalize().unwrap();
}

/// Sets the number of frames in the header of a take.
fn say(path: &Path, frames: u32) {
    let mut bytes = fs::read(path).unwrap();
    let audio_bytes = frames * FRAME_BYTES as u32;
    bytes[4..8].copy_from_slice(&(audio_bytes + HEADER_BYTES as u32 - 8).to_le_bytes());
    bytes[64..68].copy_from_slice(&audio_bytes.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

/// Frames by hound and by sox, which agree.
fn frames(path: &Path) -> u64 {
    let by_hound = u64::from(hound::WavReader::open(path).unwrap().duration());
    let sox = Command::new("soxi").arg("-s").arg(path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&sox.stderr), "");
    assert_eq!(String::from_utf8_lossy(&sox.stdout).trim(), by_hound.to_string());
    by_hound
}

/// A folder of takes: a valid one, an interrupted one, one that ends inside a frame, and a file that is no take.
fn folder() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("jams");
    fs::create_dir(&folder).unwrap();
    take(&folder.join("sound.wav"), 48_000);
    take(&folder.join("longer.wav"), 96_000);
    say(&folder.join("longer.wav"), 24_000);
    take(&folder.join("cut.WAV"), 48_000);
    let bytes = fs::read(folder.join("cut.WAV")).unwrap();
    fs::write(folder.join("cut.WAV"), &bytes[..bytes.len() - 100]).unwrap();
    take(&home.path().join("elsewhere.wav"), 4_800);
    say(&home.path().join("elsewhere.wav"), 0);
    symlink(home.path().join("elsewhere.wav"), folder.join("link.wav")).unwrap();
    fs::create_dir(folder.join("folder.wav")).unwrap();
    fs::write(folder.join("notes.txt"), "not a take").unwrap();
    for (age, name) in ["sound.wav", "longer.wav", "cut.WAV"].iter().enumerate() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 - age as u64);
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    }
    (home, folder)
}

#[test]
fn the_list_is_newest_first_and_marks_takes_that_need_repair() {
    let (home, _) = folder();
    let list = done(home.path(), &["takes", "list", "--folder", "jams"]);
    assert_eq!(
        list,
        "take        length  channels  bits  rate      size    peak  loudness
sound.wav   0:01.0  2         24    48000 Hz  0.3 MB
longer.wav  0:02.0  2         24    48000 Hz  0.6 MB                  needs repair
cut.WAV     0:00.9  2         24    48000 Hz  0.3 MB                  needs repair
"
    );
    fs::write(home.path().join("jams/\u{1b}[2J.wav"), "").unwrap();
    let list = done(home.path(), &["takes", "list", "--folder", "jams"]);
    assert!(list.contains("\\u{1b}[2J.wav") && list.contains("the file is empty"), "{list}");
}

#[test]
fn the_folder_is_that_of_the_settings_and_may_be_missing() {
    let (home, folder) = folder();
    let path = home.path();
    assert!(done(path, &["takes", "list"]).starts_with("no takes in "));
    assert!(done(path, &["takes", "repair"]).starts_with("nothing in "));
    fs::create_dir_all(path.join("config/busker")).unwrap();
    let settings = path.join("config/busker/config.yaml");
    fs::write(&settings, format!("recordings: {}\n", folder.display())).unwrap();
    assert!(done(path, &["takes", "list"]).contains("longer.wav"));
    fs::write(&settings, "recordings: [\n").unwrap();
    let (code, _, err) = run(path, &["takes", "list"]);
    assert!(code == 2 && err.contains("config.yaml") && err.contains("--folder"), "{err}");
    let (code, _, err) = run(path, &["takes", "list", "--folder", "nowhere"]);
    assert!(code == 2 && err.contains("nowhere cannot be read"), "{err}");
}

#[test]
fn show_prints_the_contents_of_the_file() {
    let (home, _) = folder();
    assert_eq!(
        done(home.path(), &["takes", "show", "jams/longer.wav"]),
        "jams/longer.wav: needs repair (busker takes repair FILE)
  RIFF, 576068 bytes
  24 bits PCM, 2 channels, 48000 Hz, the longer form
  2.000 s of audio: 96000 frames from byte 68
  chunk 'fmt ' at byte 12, 40 bytes
  chunk 'data' at byte 60, 144000 bytes
  - the header declares 144000 bytes of audio; the file has 576000
  - the header declares the end of the file at byte 144068; it is at 576068
"
    );
    let args = ["takes", "show", "jams/notes.txt", "jams/none.wav", "jams/folder.wav", "jams/sound.wav"];
    let (code, out, err) = run(home.path(), &args);
    assert_eq!(code, 2);
    assert!(out.contains("notes.txt: cannot be used") && out.contains("not a WAV file"), "{out}");
    assert!(out.contains("sound.wav: intact"), "{out}");
    for part in ["none.wav cannot be read", "folder.wav cannot be read", "3 of 4 files cannot be used"] {
        assert!(err.contains(part), "'{part}' is not in: {err}");
    }
}

#[test]
fn the_folder_is_repaired_but_no_targets_of_links() {
    let (home, folder) = folder();
    let path = home.path();
    let names = ["sound.wav", "longer.wav", "cut.WAV", "link.wav", "notes.txt"];
    let all = || names.map(|name| fs::read(folder.join(name)).unwrap());
    let before = all();
    let dry = done(path, &["takes", "repair", "--folder", "jams", "--dry-run"]);
    assert_eq!(
        dry,
        "jams/longer.wav: would be repaired, 2.000 s of audio; its header declared 0.500 s
jams/cut.WAV: would be repaired, 1.000 s of audio; its header declared 1.000 s; \
         2 bytes after the end belong to no chunk; they are kept
"
    );
    assert_eq!(all(), before);
    let said = done(path, &["takes", "repair", "--folder", "jams"]);
    assert_eq!(said, dry.replace("would be repaired", "repaired"));
    let after = all();
    for (name, (before, after)) in names.iter().zip(before.iter().zip(&after)) {
        assert_eq!(before.len(), after.len(), "{name}");
        let audio = before.len().min(HEADER_BYTES as usize);
        assert!(before[audio..] == after[audio..], "{name} has other audio");
        let is_repaired = matches!(*name, "longer.wav" | "cut.WAV");
        assert_eq!(before != after, is_repaired, "{name}");
    }
    assert_eq!(frames(&folder.join("longer.wav")), 96_000);
    assert_eq!(frames(&folder.join("cut.WAV")), 47_983);
    let order = done(path, &["takes", "list", "--folder", "jams"]);
    let order: Vec<&str> = order.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(order, ["take", "sound.wav", "longer.wav", "cut.WAV"], "a repair is no new date");
    assert!(done(path, &["takes", "repair", "--folder", "jams"]).starts_with("nothing in jams needs repair"));
    assert!(done(path, &["takes", "repair", "jams/longer.wav"]).contains("intact, nothing to repair"));
    // A link that the user names is followed.
    assert!(done(path, &["takes", "repair", "jams/link.wav"]).contains("repaired, 0.100 s"));
    assert_eq!(frames(&path.join("elsewhere.wav")), 4_800);
}

#[test]
fn files_that_cannot_be_repaired_are_named_and_the_rest_is_done() {
    let (home, folder) = folder();
    let fifo = Command::new("mkfifo").arg(folder.join("fifo.wav")).status().unwrap();
    assert!(fifo.success());
    let args = ["takes", "repair", "jams/fifo.wav", "jams/notes.txt", "jams/none.wav", "jams/longer.wav"];
    let (code, out, err) = run(home.path(), &args);
    assert_eq!(code, 2);
    assert!(out.starts_with("jams/longer.wav: repaired, 2.000 s"), "{out}");
    for part in [
        "jams/fifo.wav cannot be repaired: it is not a file",
        "jams/notes.txt cannot be repaired and is unchanged: not a WAV file",
        "jams/none.wav cannot be repaired: No such file",
        "3 of 4 files cannot be repaired",
    ] {
        assert!(err.contains(part), "'{part}' is not in: {err}");
    }
    let (code, _, err) = run(home.path(), &["takes", "repair", "jams/longer.wav", "--folder", "jams"]);
    assert!(code == 2 && err.contains("--folder"), "{err}");
    // In a folder it is not a mistake of the user.
    fs::write(folder.join("empty.wav"), "").unwrap();
    let (code, out, err) = run(home.path(), &["takes", "repair", "--folder", "jams"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("cut.WAV: repaired") && out.contains("empty.wav: empty, nothing was written"), "{out}{err}");
}

/// A process that is killed when the test ends in any way.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_recording_is_left_alone_while_it_runs_and_repaired_after() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let jam = path.join("jam.wav");
    let length = || fs::metadata(&jam).map_or(0, |metadata| metadata.len());
    let args = ["record", "--demo", "--seconds", "30", "--out", "jam.wav"];
    let mut recording = Killed(busker(path, &args).spawn().unwrap());
    wait_for("a second of audio", || length() > AUDIO_AT + RATE_HZ * FRAME_BYTES);
    assert!(
        done(path, &["takes", "repair", "--folder", "."]).contains("jam.wav: being recorded, unchanged until it ends")
    );
    assert!(done(path, &["takes", "list", "--folder", "."]).trim_end().ends_with("being recorded"));
    // In the middle of a second, when the header is outdated.
    let from = length();
    wait_for("some more audio", || length() > from + RATE_HZ * FRAME_BYTES / 4);
    let written = (length() - AUDIO_AT) / FRAME_BYTES;
    recording.0.kill().unwrap();
    recording.0.wait().unwrap();
    // Before the repair a second is missing at most; the buffer of the file holds a part of the next.
    let before = frames(&jam);
    assert!(before + RATE_HZ + 2_048 >= written, "{before} of {written} frames");
    let left = length();
    done(path, &["takes", "repair", "jam.wav"]);
    assert_eq!(length(), left);
    let after = frames(&jam);
    assert_eq!(after, (left - AUDIO_AT) / FRAME_BYTES);
    assert!(after >= written && after >= before, "{after} of {written} frames");
    assert!(done(path, &["takes", "repair", "jam.wav"]).contains("intact"));
}
