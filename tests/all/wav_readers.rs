//! The WAV files of busker, read by other programs: sox, ffprobe, mediainfo, libsndfile and the Python package wavinfo.

use busker::wav::{Depth, Encoder, Info, Mark, Origin, WavFile, WavShape};
use serde_json::Value;
use std::{fs::File, path::Path, process::Command};

/// Odd with one channel of 24 bits.
const FRAMES: u64 = 4801;
const TIME_REFERENCE: u64 = 3_628_812_345;
/// The notes that wavinfo reads, as JSON.
const WAVINFO: &str = "
import json, sys, wavinfo
wav = wavinfo.WavInfoReader(sys.argv[1], info_encoding='utf-8')
bext, info = wav.bext, wav.info
print(json.dumps({
    'frames': wav.data.frame_count, 'channels': wav.fmt.channel_count, 'bits': wav.fmt.bits_per_sample,
    'description': bext.description, 'originator': bext.originator, 'date': bext.originator_date,
    'time': bext.originator_time, 'time_reference': bext.time_reference, 'history': bext.coding_history,
    'created': info and info.created_date, 'comment': info and info.comment, 'software': info and info.software,
    'cues': [[cue.name, cue.sample_offset] for cue in wav.cues.cues],
    'labels': [[label.name, label.text] for label in wav.cues.labels],
}))
";

fn shapes() -> impl Iterator<Item = WavShape> {
    let depths = [Depth::Int16, Depth::Int24, Depth::Float32];
    let of = |depth| [1, 2, 32].map(|channels| WavShape { channels, sample_rate_hz: 48_000, depth });
    depths.into_iter().flat_map(of)
}

fn origin() -> Origin {
    Origin {
        description: "a take of busker".into(),
        originator: "busker".into(),
        originator_reference: "busker-20260314-210012".into(),
        date: "2026-03-14".into(),
        time: "21:00:12".into(),
        time_reference: TIME_REFERENCE,
        coding_history: "A=PCM,F=48000,W=24,M=stereo,T=busker\r\n".into(),
    }
}

fn marks() -> [Mark; 3] {
    let mark = |frame, label: &str| Mark { frame, label: label.to_owned() };
    [mark(0, "begin"), mark(1200, "xrun"), mark(FRAMES, "Grüße")]
}

/// A take during recording, and after it is closed.
fn takes(folder: &Path, shape: WavShape) -> [std::path::PathBuf; 2] {
    let paths = ["open.wav", "closed.wav"].map(|name| folder.join(name));
    for (path, closes) in paths.iter().zip([false, true]) {
        let samples: Vec<_> =
            (0..FRAMES * u64::from(shape.channels)).map(|at| (at as f32 * 0.01).sin() / 2.0).collect();
        let mut audio = Vec::new();
        Encoder::new(shape.depth, true, 1).encode(&samples, &mut audio);
        let mut wav = WavFile::create(File::create(path).unwrap(), shape, Some(&origin())).unwrap();
        wav.write(&audio).unwrap();
        wav.make_true(&marks()).unwrap();
        if closes {
            let info = Info(vec![
                (*b"ISFT", "busker".into()),
                (*b"ICRD", "2026-03-14".into()),
                (*b"ICMT", "120 beats a minute, Grüße".into()),
            ]);
            wav.finish(&marks(), &info).1.unwrap();
        }
    }
    paths
}

/// The output of a program, which must contain no warning.
fn output(program: &str, args: &[&str], path: &Path) -> String {
    let output = Command::new(program).args(args).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh test installs it"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.is_empty(), "{program} {}: {out}{err}", path.display());
    out.into_owned()
}

fn json(program: &str, args: &[&str], path: &Path) -> Value {
    serde_json::from_str(&output(program, args, path)).unwrap()
}

/// Runs a check on every shape, during recording (false) and closed (true).
fn each(check: impl Fn(&Path, WavShape, bool)) {
    for shape in shapes() {
        let folder = tempfile::tempdir().unwrap();
        let [open, closed] = takes(folder.path(), shape);
        check(&open, shape, false);
        check(&closed, shape, true);
    }
}

#[test]
fn sox_reads_it_without_a_warning_and_finds_its_texts() {
    each(|path, shape, is_closed| {
        let of = |flag| output("soxi", &[flag], path).trim().to_owned();
        assert_eq!(of("-s"), FRAMES.to_string(), "{shape}");
        assert_eq!(of("-c"), shape.channels.to_string());
        assert_eq!(of("-b"), shape.depth.bits().to_string());
        // Of the texts it supports the date and the program.
        if is_closed {
            let told = Command::new("soxi").arg("-V6").arg(path).output().unwrap();
            let told = String::from_utf8_lossy(&told.stderr).into_owned();
            assert!(told.contains("Chunk ICRD") && told.contains("Chunk ISFT"), "{told}");
        }
        // Every sample, to the end.
        let stat = Command::new("sox").arg(path).args(["-n", "stats"]).output().unwrap();
        let told = String::from_utf8_lossy(&stat.stderr).into_owned();
        assert!(stat.status.success() && !told.contains("WARN"), "{shape}: {told}");
    });
}

#[test]
fn ffprobe_reads_it_without_a_warning_and_its_notes() {
    each(|path, shape, is_closed| {
        let args = ["-v", "warning", "-of", "json", "-show_format", "-show_streams"];
        let told = json("ffprobe", &args, path);
        let stream = &told["streams"][0];
        assert_eq!(stream["duration_ts"], FRAMES, "{shape}: {told}");
        assert_eq!(stream["channels"], shape.channels);
        let codec = match shape.depth {
            Depth::Int16 => "pcm_s16le",
            Depth::Int24 => "pcm_s24le",
            Depth::Float32 => "pcm_f32le",
        };
        assert_eq!(stream["codec_name"], codec);
        let tags = &told["format"]["tags"];
        // The description of bext and the comment of INFO have the same name there; the last one counts.
        let comment = if is_closed { "120 beats a minute, Grüße" } else { "a take of busker" };
        assert_eq!(tags["comment"], comment, "{told}");
        assert_eq!(tags["time_reference"], TIME_REFERENCE.to_string());
        assert_eq!(tags["date"], "2026-03-14");
        assert_eq!(tags["creation_time"], "21:00:12");
        assert_eq!(tags["encoded_by"], "busker");
    });
}

#[test]
fn mediainfo_reads_it_and_its_notes() {
    each(|path, shape, is_closed| {
        let told = json("mediainfo", &["--Output=JSON"], path);
        let tracks = &told["media"]["track"];
        let (general, audio) = (&tracks[0], &tracks[1]);
        assert_eq!(audio["SamplingCount"], FRAMES.to_string(), "{shape}: {told}");
        assert_eq!(audio["Channels"], shape.channels.to_string());
        assert_eq!(audio["BitDepth"], shape.depth.bits().to_string());
        assert_eq!(general["Description"], "a take of busker");
        assert_eq!(general["Producer"], "busker");
        if is_closed {
            // It reads texts as Latin-1, because the file cannot declare their encoding.
            assert!(general["Comment"].as_str().unwrap().starts_with("120 beats a minute, "), "{told}");
        }
    });
}

#[test]
fn libsndfile_reads_it_and_its_notes() {
    each(|path, shape, _| {
        // It reports an odd size, with a pad byte or without.
        let told = output("sndfile-info", &[], path).replace("*** 'data' chunk should be an even number", "");
        assert!(told.contains(&format!("Frames      : {FRAMES}")), "{shape}: {told}");
        assert!(!told.contains("*** ") && !told.contains("rror"), "{shape}: {told}");
        let bext = output("sndfile-info", &["--broadcast"], path);
        assert!(bext.contains("a take of busker") && bext.contains("21:00:12"), "{bext}");
    });
}

#[test]
fn wavinfo_reads_every_note() {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");
    each(|path, shape, is_closed| {
        let told = json(python, &["-c", WAVINFO], path);
        let want = serde_json::json!({
            "frames": FRAMES, "channels": shape.channels, "bits": shape.depth.bits(),
            "description": "a take of busker", "originator": "busker", "date": "2026-03-14", "time": "21:00:12",
            "time_reference": TIME_REFERENCE, "history": "A=PCM,F=48000,W=24,M=stereo,T=busker\r\n",
            "created": is_closed.then_some("2026-03-14"), "comment": is_closed.then_some("120 beats a minute, Grüße"),
            "software": is_closed.then_some("busker"),
            "cues": [[1, 0], [2, 1200], [3, FRAMES]],
            "labels": [[1, "begin"], [2, "xrun"], [3, "Grüße"]],
        });
        assert_eq!(told, want, "{shape}");
    });
}
