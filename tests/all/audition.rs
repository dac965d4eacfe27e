//! `busker takes play`: a take through the outputs, from the command line.

use crate::common::program;
use hound::{SampleFormat, WavSpec, WavWriter};
use program::busker;
use std::{fs, path::Path};

/// The result of a run: exit code, standard output, standard error.
fn play(home: &Path, file: &Path) -> (i32, String, String) {
    let output = busker(home, &["takes", "play", &file.display().to_string(), "--device", "sim"]).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().unwrap(), out, err)
}

#[test]
fn a_take_is_played_to_its_end_from_any_folder() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("elsewhere/a take.wav");
    fs::create_dir(home.path().join("elsewhere")).unwrap();
    // With another rate than the device's.
    let spec = WavSpec { channels: 1, sample_rate: 22_050, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut wav = WavWriter::create(&file, spec).unwrap();
    (0..8_820_i16).for_each(|i| wav.write_sample(i).unwrap());
    wav.finalize().unwrap();
    let (code, out, err) = play(home.path(), &file);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, format!("{}  0.4 s; ctrl-c stops\n", file.display()));
}

#[test]
fn a_file_that_cannot_be_played_is_reported_as_a_mistake_of_the_user() {
    let home = tempfile::tempdir().unwrap();
    let text = home.path().join("text.wav");
    fs::write(&text, "no take at all, but a letter to the reader").unwrap();
    for (file, why) in [(home.path().join("absent.wav"), "no such take"), (text, "WAV"), ("/".into(), "name")] {
        let (code, out, err) = play(home.path(), &file);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(why) && err.contains(&file.display().to_string()), "{err}");
    }
}
