//! The subcommands: their results, and their messages for bad input.

use crate::common::program;
use assert_cmd::Command;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process};
use tempfile::TempDir;

/// The program with a home of its own.
fn busker(home: &Path, args: &[&str]) -> Command {
    Command::from_std(program::busker(home, args))
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a subcommand that must be refused: exit code 2, one message, no backtrace.
fn refused(home: &Path, args: &[&str]) -> String {
    let output = busker(home, args).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?} said: {text}");
    assert!(!text.contains("panicked") && !text.contains("backtrace") && !text.contains("ALSA lib"), "{text}");
    text.trim_end().to_owned()
}

const JAM: &str = "
bpm: 120
steps:
  - { at: 0,       do: [record.start jam, transport.play, click.on on] }
  - { at: 0.5,     do: note.play C3 100 900 }
  - { at: 0.5,     do: [param.set mod_type chorus, param.set delay_type stereo, param.set reverb_type hall] }
  - { at: \"2:1:0\", do: [param.set filter_cutoff 0.2, note.play G3 100 900, clock.bpm 133] }
  - { at: \"3:1:0\", do: record.stop }
";

#[test]
fn a_simulated_run_is_the_same_to_the_byte_every_time() {
    let home = home();
    fs::write(home.path().join("jam.yaml"), JAM).unwrap();
    for out in ["a", "b"] {
        busker(home.path(), &["run", "jam.yaml", "--simulate", "--out", out]).assert().success();
    }
    let read = |out: &str, name: &str| fs::read(home.path().join(out).join(name)).unwrap();
    for name in ["jam.wav", "midi.jsonl"] {
        assert!(read("a", name) == read("b", name), "{name} differs");
    }
    let wav = hound::WavReader::open(home.path().join("a/jam.wav")).unwrap();
    assert_eq!((wav.duration(), wav.spec().bits_per_sample, wav.spec().channels), (192_000, 24, 2));
    let midi = String::from_utf8(read("a", "midi.jsonl")).unwrap();
    assert!(midi.contains(r#"{"t_us":500000,"port":"sim","bytes":[144,48,100]}"#), "{midi}");
    let events = String::from_utf8(read("a", "events.jsonl")).unwrap();
    assert!(events.contains(r#""event":"take_finished""#), "{events}");
    assert!(String::from_utf8(read("a", "status.json")).unwrap().contains("\"filter_cutoff\": 3277"));
}

#[test]
fn a_script_with_faults_names_them_all_and_runs_nothing() {
    let home = home();
    let script = "steps:\n  - { at: -1, do: record.start jam }\n  - { at: 0, do: [note.on H2 100, clock.bpm 19] }\n";
    fs::write(home.path().join("bad.yaml"), script).unwrap();
    let said = refused(home.path(), &["run", "bad.yaml", "--simulate", "--out", "out"]);
    for part in ["bad.yaml:2", "bad.yaml:3", "'H2'", "20..300", "the script was not run"] {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    assert!(!home.path().join("out").exists());
    fs::write(home.path().join("broken.yaml"), "steps: [").unwrap();
    assert!(refused(home.path(), &["run", "broken.yaml", "--simulate"]).contains("broken.yaml"));
}

#[test]
fn a_refused_command_in_a_script_is_named_and_the_rest_is_done() {
    let home = home();
    let script =
        "steps:\n  - { at: 0, do: [param.set no_such 1, record.start jam] }\n  - { at: 0.1, do: record.stop }\n";
    fs::write(home.path().join("jam.yaml"), script).unwrap();
    let said = refused(home.path(), &["run", "jam.yaml", "--simulate", "--out", "out"]);
    assert!(said.contains("no parameter 'no_such'"), "{said}");
    assert!(home.path().join("out/jam.wav").exists());
}

#[test]
fn an_impossible_request_is_one_message_that_names_it() {
    let home = home();
    let cases: [(&[&str], &[&str]); 19] = [
        (&["clock", "--seconds", "-1"], &["'-1'", "a number of seconds over 0"]),
        (&["takes", "trim", "jam", "--from", "-1"], &["'-1'", "--from"]),
        (&["clock", "--port", "raw:/dev/null", "--seconds", "1"], &["/dev/null", "not a MIDI port"]),
        (&["do", "help"], &["unknown command 'help'", "`busker man`"]),
        (&["do", ""], &["no command given", "`busker man`"]),
        (&["frobnicate"], &["frobnicate"]),
        (&["--frobnicate"], &["--frobnicate"]),
        (&["run", "missing.yaml"], &["missing.yaml", "No such file"]),
        (&["record", "--seconds", "-3"], &["-3"]),
        (&["record", "--seconds", "x"], &["seconds", "86400"]),
        (&["record", "--input", "4-3"], &["4-3", "1, 3-4"]),
        (&["record", "--demo", "--input", "7", "--out", "x.wav"], &["input 7", "inputs 1-2"]),
        (&["clock", "--bpm", "900"], &["900", "20 to 300"]),
        (&["clock", "--port", "alsa:no_such_synth", "--seconds", "1"], &["no_such_synth"]),
        (&["monitor", "--port", "alsa:no_such_synth"], &["MIDI"]),
        (&["monitor", "--port", "sim"], &["sim", "alsa:NAME", "raw:PATH"]),
        (&["monitor", "--port", "NTS-1"], &["'NTS-1' is not a MIDI port"]),
        (&["monitor", "loudly"], &["loudly"]),
        (&["record", "--device", "alsa:no_such_card", "--seconds", "1"], &["no_such_card"]),
    ];
    for (args, parts) in cases {
        let said = refused(home.path(), args);
        for part in parts {
            assert!(said.contains(part), "{args:?}: '{part}' is not in: {said}");
        }
    }
}

#[test]
fn without_a_terminal_the_station_reports_this_and_what_to_use() {
    let home = home();
    let said = refused(home.path(), &["--demo"]);
    assert!(said.contains("terminal") && said.contains("busker record"), "{said}");
}

#[test]
fn a_mistake_in_the_settings_is_named_with_its_line_and_the_rest_counts() {
    let home = home();
    fs::create_dir_all(home.path().join("config/busker")).unwrap();
    let text = format!("clock:\n  bpm: 500\nrecordings: {}\n", home.path().join("jams").display());
    fs::write(home.path().join("config/busker/config.yaml"), text).unwrap();
    let output = busker(home.path(), &["record", "--demo", "--seconds", "1"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("config.yaml:2 clock.bpm: '500'"), "{said}");
    assert_eq!(fs::read_dir(home.path().join("jams")).unwrap().count(), 1, "{said}");
}

#[test]
fn devices_of_the_settings_that_are_missing_are_named_with_their_line_and_the_rest_counts() {
    let home = home();
    fs::create_dir_all(home.path().join("config/busker")).unwrap();
    fs::write(home.path().join("script.yaml"), "steps:\n  - { at: 0.1, do: quit }\n").unwrap();
    for (text, parts) in [
        ("midi: { ports: ['bogus:1', sim] }\n", &["config.yaml:1 midi.ports.1: 'bogus:1' is not a MIDI port"][..]),
        ("midi:\n  ports: ['jack:foo', sim]\n", &["config.yaml:2 midi.ports.1: a `jack:` port needs a JACK device"]),
        ("midi: { ports: ['raw:/dev/null', sim] }\n", &["config.yaml:1 midi.ports.1: /dev/null is a memory device of"]),
        ("audio:\n  device: bogus\n", &["config.yaml:2 audio.device: 'bogus' is not an audio device"]),
        ("audio:\n  device: alsa:no_such_card\n", &["config.yaml:2 audio.device: ", "no_such_card", "auto is used"]),
        ("audio:\n  input: 7-8\n", &["config.yaml:2 audio.input: ", "7", "the instrument's inputs are used"]),
        (
            "audio: { device: alsa:no_such_card, input: 7-8 }\nmidi: { ports: ['jack:foo'] }\n",
            &["audio.device: ", "audio.input: ", "midi.ports.1: "],
        ),
    ] {
        fs::write(home.path().join("config/busker/config.yaml"), format!("{text}clock: {{ bpm: 500 }}\n")).unwrap();
        let output = busker(home.path(), &["run", "script.yaml"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}: {said}");
        for part in parts.iter().chain(&["clock.bpm: '500'"]) {
            assert!(said.contains(part), "{text}: '{part}' is not in: {said}");
        }
    }
    fs::write(home.path().join("config/busker/config.yaml"), "audio: { input: 7-8 }\n").unwrap();
    let output = busker(home.path(), &["run", "script.yaml", "--simulate"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("config.yaml:1 audio.input: "), "{said}");
    let said = refused(home.path(), &["run", "script.yaml", "--device", "sim", "--input", "9"]);
    assert!(said.contains("input 9"), "a flag is not replaced: {said}");
}

#[test]
fn settings_that_are_a_pipe_are_named_and_block_no_subcommand_and_a_script_may_be_one() {
    let home = home();
    let script = home.path().join("jam.yaml");
    fs::write(&script, "bpm: 120\nsteps:\n  - { at: 0, do: note.play C3 100 100 }\n").unwrap();
    let made = |path: &Path| assert!(process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let config = home.path().join("config/busker");
    fs::create_dir_all(&config).unwrap();
    for file in ["config.yaml", "learned.yaml", "snapshots.yaml", "latencies.yaml"] {
        made(&config.join(file));
        for args in [&["run", "jam.yaml", "--simulate"][..], &["takes", "list"], &["profiles", "list"]] {
            let output = busker(home.path(), args).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            let is_named = said.contains(&format!("{file}: cannot be read: it is not a file but a pipe"));
            assert!(is_named || (file != "config.yaml" && args[0] != "run"), "{file} {args:?}: {said}");
        }
        fs::remove_file(config.join(file)).unwrap();
    }
    // A user who names a pipe has a program that writes to it.
    let pipe = home.path().join("pipe.yaml");
    made(&pipe);
    let mut writer = process::Command::new("cp").args([&script, &pipe]).spawn().unwrap();
    let output = busker(home.path(), &["run", "pipe.yaml", "--simulate"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writer.wait().unwrap();
}

#[test]
fn a_named_socket_that_other_users_may_write_is_used_with_a_warning() {
    let home = home();
    let folder = home.path().join("shared");
    fs::create_dir(&folder).unwrap();
    let doubted = |mode: u32| {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        let output = busker(home.path(), &["status", "--socket", "shared/busker.sock"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("no station is running at"), "{said}");
        said.contains("shared/busker.sock is used as named, but others may write to its folder")
    };
    assert_eq!([0o700, 0o755, 0o1777, 0o777].map(doubted), [false, false, false, true]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = home();
    fs::write(home.path().join("file"), "").unwrap();
    let said = refused(home.path(), &["record", "--demo", "--seconds", "1", "--out", "file/jam.wav"]);
    assert!(said.contains("file/jam.wav") && said.contains("its folder is a file"), "{said}");
    fs::write(home.path().join("jam.yaml"), JAM).unwrap();
    assert!(refused(home.path(), &["run", "jam.yaml", "--simulate", "--out", "file/out"]).contains("file/out"));
}

#[test]
fn record_makes_a_take_of_the_requested_length_and_never_overwrites() {
    let home = home();
    for _ in 0..2 {
        busker(home.path(), &["record", "--demo", "--seconds", "1", "--out", "jam.wav"]).assert().success();
    }
    for name in ["jam.wav", "jam-2.wav"] {
        let wav = hound::WavReader::open(home.path().join(name)).unwrap();
        assert!(wav.duration() >= 47_000, "{name}: {} frames", wav.duration());
        assert!(wav.into_samples::<i32>().any(|x| x.unwrap().abs() > 100_000), "{name} is silent");
    }
}

#[test]
fn the_printed_pages_are_made_from_the_tables() {
    let home = home();
    let print = |args: &[&str]| {
        let output = busker(home.path(), args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let man = print(&["man"]).replace("\\*(Aq", "'").replace("\\-", "-");
    for row in busker::command::COMMANDS {
        assert!(man.contains(row.help), "{} is not in the manual page", row.name);
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(print(&["completions", shell]).contains("simulate"), "{shell}");
    }
    assert!(print(&["--help"]).contains("busker run jam.yaml --simulate"));
    assert!(print(&["logs"]).trim_end().ends_with("busker/busker.log"));
    let devices: serde_json::Value = serde_json::from_str(&print(&["devices", "--json"])).unwrap();
    let ids: Vec<&str> = devices["devices"].as_array().unwrap().iter().filter_map(|d| d["id"].as_str()).collect();
    assert!(ids.contains(&"sim"), "{ids:?}");
    assert!(print(&["devices"]).contains("auto"));
}

/// A table in the format of midi.guide.
const TABLE: &str = "\
manufacturer,device,section,parameter_name,cc_msb,cc_lsb,cc_min_value,cc_max_value,cc_default_value,orientation,usage
ACME,Zap,Filter,Cutoff,74,,0,127,100,0-based,
ACME,Zap,Filter,Type,75,,0,127,,0-based,0: LP; 64-127: HP
ACME,Zap,Filter,Sweep,76,,0,127,,centered,0~63: down; 64~127: up
";

#[test]
fn a_table_becomes_a_profile_that_is_found_checked_and_shown() {
    let home = home();
    fs::write(home.path().join("zap.csv"), TABLE).unwrap();
    let run = |args: &[&str]| {
        let output = busker(home.path(), args).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{args:?}: {err}");
        (out, err)
    };
    let (out, err) = run(&["profiles", "import", "zap.csv"]);
    assert!(out.ends_with("busker/profiles/acme_zap.yaml: ACME Zap, 3 parameters\n"), "{out}");
    assert_eq!(err, "zap.csv:4 usage: '0~63: down' means something else at every value; the options are ignored\n");
    assert!(run(&["profiles", "import", "zap.csv"]).0.ends_with("3 parameters, as it was\n"));
    let file = home.path().join("config/busker/profiles/acme_zap.yaml");
    let (out, _) = run(&["profiles", "check", file.to_str().unwrap()]);
    assert_eq!(out, format!("{}: sound\n", file.display()));
    let (out, _) = run(&["profiles", "list"]);
    let line = out.lines().find(|line| line.starts_with("acme_zap ")).unwrap();
    assert!(line.contains("ACME") && line.ends_with("acme_zap.yaml"), "{line}");
    assert!(out.lines().any(|line| line.starts_with("korg_nts1_mk2 ") && line.ends_with("built-in")), "{out}");
    let (out, _) = run(&["profiles", "show", "acme_zap"]);
    assert!(out.contains("source: imported from zap.csv") && out.contains("0 LP, 95 HP"), "{out}");
    let (out, _) = run(&["profiles", "show", "korg_nts1_mk2"]);
    for part in ["CC 43+107", "CC 54+102", "NRPN 0:3", "0-16383", "18 (saw)", "not randomized"] {
        assert!(out.contains(part), "'{part}' is not in: {out}");
    }
}

#[test]
fn an_import_that_writes_nothing_reports_this_and_fails() {
    let home = home();
    let heading = TABLE.lines().find(|line| !line.is_empty()).unwrap();
    fs::write(home.path().join("rows.csv"), format!("{heading}\nACME,,Filter,Cutoff,74\n")).unwrap();
    for (file, why) in [("no.csv", "no.csv: cannot be read"), ("rows.csv", "rows.csv: no usable row")] {
        let said = refused(home.path(), &["profiles", "import", file]);
        assert!(said.contains(why) && said.ends_with("one was refused; nothing is written"), "{said}");
    }
}

#[test]
fn an_import_replaces_no_other_profile_and_writes_the_rest() {
    let home = home();
    fs::write(home.path().join("zap.csv"), format!("{TABLE}ACME,Zip,Filter,Cutoff,74\n")).unwrap();
    fs::create_dir(home.path().join("out")).unwrap();
    fs::write(home.path().join("out/acme_zap.yaml"), "mine").unwrap();
    fs::write(home.path().join("latin.csv"), b"device\nZ\xe4p\n").unwrap();
    let said = refused(home.path(), &["profiles", "import", "latin.csv", "no.csv", "zap.csv", "--out", "out"]);
    for part in ["latin.csv: is not UTF-8 (line 2)", "no.csv: cannot be read", "acme_zap.yaml exists and differs"] {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    assert_eq!(fs::read_to_string(home.path().join("out/acme_zap.yaml")).unwrap(), "mine");
    assert!(home.path().join("out/acme_zip.yaml").exists());
}

#[test]
fn a_profile_in_the_settings_is_listed_and_shown_and_the_faults_of_another_are_reported() {
    let home = home();
    let folder = home.path().join("config/busker");
    fs::create_dir_all(&folder).unwrap();
    let text = "cc_profiles:\n  mine: { cutoff: { cc: 74, range: [0, 100] } }\n  bad: { cutoff: { cc: 200 } }\n";
    fs::write(folder.join("config.yaml"), text).unwrap();
    let run = |args: &[&str]| {
        let output = busker(home.path(), args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (out, err) = run(&["profiles", "list"]);
    let line = out.lines().find(|line| line.starts_with("mine ")).unwrap();
    assert!(line.ends_with("config.yaml") && !out.contains("bad "), "{out}");
    assert!(err.contains("config.yaml:3 cc_profiles.bad.cutoff.cc: '200' does not fit, allowed 0 to 127;"), "{err}");
    let (out, _) = run(&["profiles", "show", "mine"]);
    for part in ["source: the settings file", "Knobs", "CC 74", "0-100"] {
        assert!(out.contains(part), "'{part}' is not in: {out}");
    }
}

#[test]
fn all_faults_of_a_profile_are_reported() {
    let home = home();
    let good = "id: zap\nname: Zap\nsource: me\nsections: [A]\nparameters: [{ name: a, section: A, cc: 1 }]\n";
    fs::write(home.path().join("good.yaml"), good).unwrap();
    fs::write(home.path().join("bad.yaml"), good.replace("cc: 1", "cc: 200").replace("id: zap", "id: 7")).unwrap();
    let output = busker(home.path(), &["profiles", "check", "bad.yaml", "good.yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "good.yaml: sound\n");
    let said = String::from_utf8(output.stderr).unwrap();
    for part in ["bad.yaml:1 id: '7'", "bad.yaml:5 parameters.1(a).cc: '200'", "1 of 2 files cannot be used"] {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    assert!(refused(home.path(), &["profiles", "show", "moog"]).contains("korg_nts1_mk2"));
}

/// A process that is killed when the test ends in any way.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{what} never came");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_script_runs_in_a_session_and_a_rehearsal_leaves_the_session_unchanged() {
    let home = home();
    let (path, folder) = (home.path(), home.path().join("Friday jam"));
    let script = "bpm: 99
steps:
  - { at: 0, do: [param.set filter_cutoff 1, snapshot.save warm, record.start take] }
  - { at: 0.2, do: [param.set filter_cutoff 0.5, record.stop] }
";
    fs::write(path.join("jam.yaml"), script).unwrap();
    busker(path, &["run", "jam.yaml", "--demo", "--session", "Friday jam"]).assert().success();
    let text = fs::read_to_string(folder.join("session.yaml")).unwrap();
    for part in ["bpm: 99\n", "port: \"sim\"", "filter_cutoff: 8192\n", "name: warm", "filter_cutoff: 16383,"] {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    assert!(folder.join("audio/take.wav").exists());
    assert!(!folder.join("session.lock").exists());

    fs::write(
        path.join("play.yaml"),
        "steps: [{ at: 0, do: [snapshot.recall warm, record.start take, session.save] }, { at: 3, do: record.stop }]\n",
    )
    .unwrap();
    busker(path, &["run", "play.yaml", "--simulate", "--session", "Friday jam", "--out", "out"]).assert().success();
    assert_eq!(fs::read_to_string(folder.join("session.yaml")).unwrap(), text);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert!(path.join("out/take.wav").exists());
    let midi = fs::read_to_string(path.join("out/midi.jsonl")).unwrap();
    assert!(midi.contains("\"bytes\":[176,43,127]"), "{midi}");

    fs::create_dir(path.join("mine")).unwrap();
    fs::write(path.join("mine/letter.txt"), "").unwrap();
    assert!(refused(path, &["run", "jam.yaml", "--demo", "--session", "mine"]).contains("other files"));
    fs::write(folder.join("session.yaml"), "bpm: 7\n").unwrap();
    let said = refused(path, &["record", "--demo", "--seconds", "1", "--session", "Friday jam"]);
    assert!(said.contains("session.yaml:1 bpm: '7'") && said.contains("fix its file"), "{said}");
}

#[test]
fn a_session_belongs_to_one_station_at_a_time_and_is_free_again_when_that_one_is_killed() {
    let home = home();
    let path = home.path();
    let (file, lock) = (path.join("jam/session.yaml"), path.join("jam/session.lock"));
    fs::write(path.join("long.yaml"), "steps: [{ at: 0, do: param.set filter_cutoff 1 }, { at: 600, do: quit }]\n")
        .unwrap();
    fs::write(path.join("short.yaml"), "steps: [{ at: 0, do: record.status }]\n").unwrap();
    let first = busker(path, &["run", "long.yaml", "--demo", "--session", "jam"]);
    let mut first = Killed(
        std::process::Command::new(first.get_program())
            .args(first.get_args())
            .envs(first.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(path)
            .spawn()
            .unwrap(),
    );
    wait_for("the knob in the file", || {
        fs::read_to_string(&file).is_ok_and(|text| text.contains("filter_cutoff: 16383"))
    });
    let said = refused(path, &["run", "short.yaml", "--demo", "--session", "jam"]);
    let process = format!("process {} on ", first.0.id());
    assert!(said.contains(&process), "{said}");
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    assert!(fs::read_to_string(&lock).unwrap().starts_with(&process), "it was left behind");
    busker(path, &["run", "short.yaml", "--demo", "--session", "jam", "--out", "out"]).assert().success();
    let events = fs::read_to_string(path.join("out/events.jsonl")).unwrap();
    assert!(events.contains("opened here") && events.contains("session_opened"), "{events}");
    assert!(fs::read_to_string(&file).unwrap().contains("filter_cutoff: 16383"));
    assert!(!lock.exists());
}
