//! The subcommands of `busker takes` that change takes or make new ones, and that leave other files alone.

use crate::common::outcome;
use outcome::{done, run};
use std::{
    f64::consts::TAU,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const RATE_HZ: u32 = 48_000;

/// A take of so many seconds with a sine at -20 dBFS.
fn take(path: &Path, seconds: u32) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE_HZ,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for frame in 0..seconds * RATE_HZ {
        let sample = (TAU * 1_000.0 * f64::from(frame) / f64::from(RATE_HZ)).sin() * 838_860.8;
        (0..2).for_each(|_| wav.write_sample(sample as i32).unwrap());
    }
    wav.finalize().unwrap();
}

/// A home whose folder of takes is `jams`, with a take of 3 s.
fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let jams = home.path().join("jams");
    fs::create_dir(&jams).unwrap();
    fs::create_dir_all(home.path().join("config/busker")).unwrap();
    let settings = format!("recordings: {}\n", jams.display());
    fs::write(home.path().join("config/busker/config.yaml"), settings).unwrap();
    take(&jams.join("jam.wav"), 3);
    (home, jams)
}

/// Every file below a folder with its bytes; for other entries only the name.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            all.push((entry.path(), if kind.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() }));
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    all.sort();
    all
}

fn probed(path: &Path) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name,sample_rate,duration"]);
    String::from_utf8(command.arg(path).output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn levels_are_listed_after_they_were_measured() {
    let (home, jams) = home();
    let path = home.path();
    assert!(!done(path, &["takes", "list"]).contains("dBFS"));
    assert!(done(path, &["takes", "list", "--measure"]).contains("-20.0 dBFS  -20.0 LUFS"));
    assert!(done(path, &["takes", "list"]).contains("-20.0 dBFS  -20.0 LUFS"));
    assert_eq!(contents(&jams).len(), 1, "nothing but takes lies in their folder");
    // A bare name is found there, with and without its extension.
    for name in ["jam.wav", "jam"] {
        let shown = done(path, &["takes", "show", name]);
        for part in
            ["jams/jam.wav: intact", "  peak -20.0 dBFS, true peak -20.0 dBTP", "  loudness -20.0 LUFS", "no dropouts"]
        {
            assert!(shown.contains(part), "'{part}' is not in: {shown}");
        }
    }
}

#[test]
fn a_take_goes_through_its_life() {
    let (home, jams) = home();
    let path = home.path();
    fs::write(jams.join("jam.mid"), "MThd").unwrap();
    assert!(
        done(path, &["takes", "trim", "jam", "--from", "0.5", "--to", "0:02.5"]).contains("jam-trim.wav: 2.000 s of")
    );
    let made = done(path, &["takes", "export", "jam-trim", "--format", "flac", "--rate", "44100", "--bits", "16"]);
    assert!(made.contains("jam-trim.flac: "), "{made}");
    assert_eq!(probed(&jams.join("jam-trim.flac")), "flac,44100,2.000000");
    let args =
        ["takes", "export", "jam", "--format", "ogg", "--normalize", "peak", "--level", "-3", "--out", "for friends/"];
    assert!(done(path, &args).contains("for friends/jam.ogg: "));
    assert!(probed(&path.join("for friends/jam.ogg")).starts_with("vorbis,48000,3.0"));
    let args = ["takes", "export", "jam", "--format", "wav", "--normalize", "lufs", "--out", "loud.wav"];
    assert!(done(path, &args).contains("+6.0 dB to -14.0 LUFS"));
    assert!(done(path, &["takes", "show", "loud.wav"]).contains("loudness -14.0 LUFS"));
    done(path, &["takes", "rename", "jam", "../Friday: loud/er\u{1b}[2J"]);
    assert!(jams.join("_Friday_ loud_er_[2J.wav").exists() && jams.join("_Friday_ loud_er_[2J.mid").exists());
    let (code, _, err) = run(path, &["takes", "rename", "jam-trim", "_Friday_ loud_er_[2J"]);
    assert!(code == 2 && err.contains("exists already"), "{err}");
    done(path, &["takes", "remove", "jam-trim"]);
    assert!(jams.join(".trash/jam-trim.wav").exists() && !jams.join("jam-trim.wav").exists());
    let (code, _, err) = run(path, &["takes", "remove", "--empty-trash"]);
    assert!(code == 2 && err.contains("1 file, 0.6 MB in the trash") && err.contains("--yes"), "{err}");
    assert!(jams.join(".trash/jam-trim.wav").exists());
    assert!(done(path, &["takes", "remove", "--empty-trash", "--yes"]).contains("1 file, 0.6 MB"));
    assert!(done(path, &["takes", "remove", "--empty-trash"]).contains("is empty"));
}

#[test]
fn a_take_of_several_files_is_renamed_and_removed_as_one_and_every_other_verb_names_its_files() {
    let (home, jams) = home();
    let path = home.path();
    fs::write(path.join("ea.yaml"), "bpm: 120\nsteps:\n  - { at: 0, do: [record.start ea, note.play C3 100 200] }\n  - { at: 0.5, do: record.stop }\n").unwrap();
    let settings = format!("recordings: {}\nrecord: {{ files: inputs master }}\n", jams.display());
    fs::write(path.join("config/busker/config.yaml"), settings).unwrap();
    done(path, &["run", "ea.yaml", "--simulate"]);
    for verb in [
        &["show", "ea"][..],
        &["trim", "ea", "--to", "1"],
        &["export", "ea", "--format", "wav"],
        &["play", "ea", "--device", "sim"],
    ] {
        let (code, _, err) = run(path, &[&["takes"], verb].concat());
        assert!(code != 0 && err.contains("name one of ea-inputs.wav, ea-master.wav"), "{verb:?}: {err}");
    }
    let said = done(path, &["takes", "rename", "ea", "x"]);
    assert!(said.contains("jams/ea is now ") && said.trim_end().ends_with("jams/x"), "{said}");
    for file in ["x-inputs.wav", "x-master.wav", "x.mid"] {
        assert!(jams.join(file).exists(), "{file}");
    }
    done(path, &["takes", "remove", "x"]);
    let left: Vec<_> = contents(&jams).into_iter().map(|(file, _)| file).collect();
    let trash = jams.join(".trash");
    let all = [
        trash.clone(),
        trash.join("x-inputs.wav"),
        trash.join("x-master.wav"),
        trash.join("x.mid"),
        jams.join("jam.wav"),
    ];
    assert_eq!(left, all);
}

#[test]
fn a_mistake_of_the_user_is_reported_and_no_file_is_made() {
    let (home, jams) = home();
    let before = contents(&jams);
    for (args, why) in [
        (&["trim", "jam"][..], "--from"),
        (&["trim", "jam", "--from", "x"], "1:23.5"),
        (&["trim", "jam", "--from", "4"], "the take ends at 0:03.0"),
        (&["export", "jam", "--format", "mp3"], "write wav, flac or ogg"),
        (&["export", "jam", "--format", "flac", "--bits", "8"], "16, 24 or 32f"),
        (&["export", "jam", "--format", "wav", "--rate", "1"], "from 8000 to 384000 Hz"),
        (&["export", "jam", "--format", "wav", "--level", "-3"], "--normalize"),
        (&["export", "jam", "--format", "wav", "--normalize", "peak", "--level", "3"], "-70 to 0 dB"),
        (&["export", "jam", "jam", "--format", "wav", "--out", "one.wav"], "several takes need a folder"),
        (&["remove"], "<FILE>"),
        (&["remove", "jam", "--yes"], "cannot be used with"),
        (&["show", "none"], "none cannot be read: No such file"),
    ] {
        let (code, _, err) = run(home.path(), &[&["takes"], args].concat());
        assert!(code == 2 && err.contains(why), "{args:?}: {err}");
        assert_eq!(contents(&jams), before);
    }
}

/// Files that are no takes.
fn none(folder: &Path, sound: &[u8]) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = sound.to_vec();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    write("empty.wav", b"");
    write("cut.wav", &sound[..30]);
    write("text.wav", b"not a take at all, only named like one");
    write("huge-header.wav", &with(16, &[0xFF, 0xFF, 0xFF, 0x7F]));
    write("no-sizes.wav", &with(0, b"RF64"));
    write("odd.wav", &with(32, &[7]));
    write("two.wav", &[sound, b"data\x04\0\0\0abcd"].concat());
    fs::create_dir(folder.join("folder.wav")).unwrap();
    let made = Command::new("mkfifo").arg(folder.join("fifo.wav")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("loop.wav", folder.join("loop.wav")).unwrap();
}

#[test]
fn every_subcommand_names_files_that_are_no_takes_and_leaves_them_alone() {
    let (home, jams) = home();
    let sound = fs::read(jams.join("jam.wav")).unwrap();
    let folder = home.path().join("none");
    fs::create_dir(&folder).unwrap();
    none(&folder, &sound);
    let before = contents(&folder);
    for (file, _) in &before {
        let file = file.to_str().unwrap();
        for (verb, rest) in [
            ("show", &[][..]),
            ("repair", &[]),
            ("trim", &["--to", "1"]),
            ("rename", &["another"]),
            ("remove", &[]),
            ("export", &["--format", "wav"]),
            ("export", &["--format", "flac", "--normalize", "lufs"]),
            ("export", &["--format", "ogg", "--rate", "44100"]),
        ] {
            // An empty take needs no repair, and can be moved.
            if file.ends_with("empty.wav") && ["repair", "rename", "remove"].contains(&verb) {
                continue;
            }
            let args = [&["takes", verb, file], rest].concat();
            let (code, out, err) = run(home.path(), &args);
            assert!(code == 2 && format!("{out}{err}").contains(file), "{args:?}: {code} {out}{err}");
            assert_eq!(contents(&folder), before, "{args:?}");
        }
    }
    let (code, ..) = run(home.path(), &["takes", "list", "--measure", "--folder", "none"]);
    assert_eq!(code, 0);
    assert_eq!(contents(&folder), before);
}

#[test]
fn unsupported_samples_make_no_file() {
    let (home, jams) = home();
    let sound = fs::read(jams.join("jam.wav")).unwrap();
    let folder = home.path().join("others");
    fs::create_dir(&folder).unwrap();
    // ADPCM; and a header that is outdated.
    let mut adpcm = sound.clone();
    adpcm[20..22].copy_from_slice(&[2, 0]);
    fs::write(folder.join("adpcm.wav"), adpcm).unwrap();
    fs::write(folder.join("to-repair.wav"), &sound[..sound.len() - 600]).unwrap();
    let before = contents(&folder);
    for (file, why) in
        [("others/adpcm.wav", "sample format not supported"), ("others/to-repair.wav", "repair it first")]
    {
        for args in [&["trim", file, "--to", "1"][..], &["export", file, "--format", "wav"]] {
            let (code, _, err) = run(home.path(), &[&["takes"], args].concat());
            assert!(code == 2 && err.contains(file) && err.contains(why), "{args:?}: {err}");
            assert_eq!(contents(&folder), before);
        }
    }
    let (code, out, _) = run(home.path(), &["takes", "show", "others/adpcm.wav"]);
    assert!(code != 0 && out.starts_with("others/adpcm.wav: cannot be used\n"), "{out}");
}
