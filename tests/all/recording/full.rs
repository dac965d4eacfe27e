//! Recording to a disk that becomes full: a small tmpfs in a mount namespace of its own, which ends with the last
//! process in it, however the test ends.

use super::{RATE_HZ, frames, program::busker, samples, terminal::Terminal, within::within};
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

const DISK_BYTES: u64 = 1 << 20;
/// Disk space of the folder, a file's last page and the MIDI file, in pages of 4 KiB.
const NOT_AUDIO_BYTES: u64 = 4 * 4096;
/// A frame of two channels and 24 bits.
const FRAME_BYTES: u64 = 6;

/// Mounts a disk of `$1` bytes at `$2`, runs the rest, and copies the files of the disk to `$3`.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o "size=$1" none "$2" || exit 97
disk=$2 kept=$3
shift 3
"$@"
status=$?
cp -r "$disk/." "$kept" || exit 98
exit $status
"#;

/// The command prefix that runs a program with a small disk at `disk`, whose files are in `kept` at the end.
fn on_a_small_disk(disk: &Path, kept: &Path) -> Vec<String> {
    for folder in [disk, kept] {
        fs::create_dir(folder).unwrap();
    }
    let may = |how: &str| Command::new("unshare").args([how, "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    // As root; or as root of a namespace, if the system allows one to every user.
    let how = ["-m", "-rm"].into_iter().find(|how| may(how).is_ok_and(|output| output.status.success()));
    let how =
        how.expect("neither this user nor one in a namespace of its own may mount a tmpfs: run the tests as root");
    let size = DISK_BYTES.to_string();
    let words = ["unshare", how, "sh", "-c", ON_A_SMALL_DISK, "sh", &size];
    let folders = [disk, kept].map(|folder| folder.to_str().unwrap().to_owned());
    words.map(str::to_owned).into_iter().chain(folders).collect()
}

fn settings(home: &Path, text: &str) {
    fs::create_dir_all(home.join("config/busker")).unwrap();
    fs::write(home.join("config/busker/config.yaml"), text).unwrap();
}

#[test]
fn a_full_disk_ends_the_take_which_is_complete_and_the_station_plays_on() {
    let home = tempfile::tempdir().unwrap();
    let (disk, kept) = (home.path().join("small"), home.path().join("kept"));
    let around = on_a_small_disk(&disk, &kept);
    settings(home.path(), &format!("recordings: {}\n", disk.display()));
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let mut station = Terminal::within(&around, home, &[], 240, 40);
    station.wait_for("PIANO");
    station.keys(":record.start jam\r");
    station.wait_for("● REC 00:00:0");
    station.wait_until("a full disk", |screen| {
        let part = ["small/jam.wav ended: the disk is full; the first ", " s are saved; everything else works"];
        part.iter().all(|part| screen.contains(part))
    });
    station.keys(":record.status\r");
    station.wait_for("not recording; takes are saved in");
    station.keys(":transport.play\r");
    station.wait_for("playing");
    station.keys("\x11");
    assert!(station.wait_for_exit(), "{}", station.screen());
    let take = kept.join("jam.wav");
    let bytes = fs::metadata(&take).unwrap().len();
    println!("{bytes} bytes of {DISK_BYTES} are the take");
    assert!(bytes + NOT_AUDIO_BYTES >= DISK_BYTES, "{bytes} bytes of {DISK_BYTES}");
    // A header of a page, and every byte after it.
    assert_eq!(frames(&take), (bytes - busker::wav::AUDIO_AT) / FRAME_BYTES);
    let shown = busker(station.home(), &["takes", "show", "kept/jam.wav"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.starts_with("kept/jam.wav: intact\n"), "{shown}");
}

const JAM: &str = "
bpm: 120
steps:
  - { at: 0,   do: [record.start jam, transport.play, click.on on] }
  - { at: 0.1, do: [note.play C3 100 900, param.set reverb_type hall] }
  - { at: 2,   do: note.play G3 100 2000 }
  - { at: 5,   do: note.play C4 100 1900 }
  - { at: 9,   do: record.stop }
";

#[test]
fn a_full_disk_and_a_second_folder_hold_one_unbroken_take_together() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| home.path().join(name);
    fs::write(folder("jam.yaml"), JAM).unwrap();
    let run = busker(home.path(), &["run", "jam.yaml", "--simulate"]);

    settings(home.path(), &format!("recordings: {}\n", folder("large").display()));
    assert!(within(&["env"], &run).status().unwrap().success());
    let whole = samples(&folder("large/jam.wav"));
    assert!(whole.len() as u64 >= 2 * 9 * RATE_HZ && whole.iter().any(|sample| *sample != 0));

    let (small, second) = (folder("small"), folder("second"));
    let text = format!("recordings: {}\nrecord:\n  second_folder: {}\n", small.display(), second.display());
    settings(home.path(), &text);
    let around = on_a_small_disk(&small, &folder("kept"));
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let output = within(&around, &run).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("small/jam.wav: the disk is full; the first "), "{said}");
    assert!(said.contains(" s are saved; it continues in ") && said.contains("second/jam-part2.wav"), "{said}");
    let parts = [folder("kept/jam.wav"), second.join("jam-part2.wav")];
    println!("{:?} frames", parts.each_ref().map(|part| frames(part)));
    let joined: Vec<i32> = parts.iter().flat_map(|part| samples(part)).collect();
    assert!(joined == whole, "{} samples, {} in one", joined.len(), whole.len());

    // If the second folder is missing, no file of the take moves; if it is there, all of them move.
    let verb = |args: &[&str]| {
        let output = busker(home.path(), args).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    fs::rename(&second, folder("unplugged")).unwrap();
    for args in [&["takes", "rename", "kept/jam.wav", "friday"][..], &["takes", "remove", "kept/jam.wav"]] {
        let (code, said) = verb(args);
        assert!(code == Some(2) && said.contains("jam-part2.wav and its .mid may be in "), "{said}");
    }
    fs::rename(folder("unplugged"), &second).unwrap();
    let (code, said) = verb(&["takes", "rename", "kept/jam.wav", "friday"]);
    assert!(
        code == Some(0) && said.contains("kept/jam.wav is now kept/friday.wav; so are 2 files of it in "),
        "{said}"
    );
    for file in [folder("kept/friday.wav"), second.join("friday-part2.wav"), second.join("friday.mid")] {
        assert!(file.exists(), "{}", file.display());
    }
    let (code, said) = verb(&["takes", "remove", "kept/friday.wav"]);
    assert!(code == Some(0) && said.contains("`busker takes remove --empty-trash --yes`"), "{said}");
    assert!(second.join(".trash/friday-part2.wav").exists() && !second.join("friday.mid").exists());
    let (_, said) = verb(&["takes", "remove", "--empty-trash", "--yes"]);
    assert!(said.contains("2 files"), "{said}");
    assert!(!second.join(".trash/friday-part2.wav").exists());
}

/// Copies the files of `$1` to the disk at `$2`, fills the disk and runs the rest.
const ON_A_FULL_DISK_WITH_TAKES: &str = r#"cp "$1"/* "$2" && cat /dev/zero 2>/dev/null >"$2/fill"; shift 2; exec "$@""#;

#[test]
fn on_a_full_disk_takes_are_renamed_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| home.path().join(name);
    settings(home.path(), "");
    fs::create_dir(folder("takes")).unwrap();
    let script = JAM.replace("at: 9,", "at: 0.3,");
    fs::write(folder("jam.yaml"), script).unwrap();
    assert!(busker(home.path(), &["run", "jam.yaml", "--simulate", "--out", "takes"]).status().unwrap().success());
    let audio = fs::read(folder("takes/jam.wav")).unwrap();
    // It has no start time, so it belongs to the take by its name.
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 48_000,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(folder("takes/jam-part2.wav"), spec).unwrap().finalize().unwrap();
    fs::write(folder("takes/one.wav"), &audio).unwrap();
    for (at, (args, there, gone)) in [
        // A single file, and three together.
        (["rename", "one.wav", "two"].as_slice(), ["two.wav"].as_slice(), ["one.wav"].as_slice()),
        (
            &["rename", "jam.wav", "friday"],
            &["friday.wav", "friday-part2.wav", "friday.mid"],
            &["jam.wav", "jam-part2.wav", "jam.mid"],
        ),
        (&["remove", "one.wav"], &[".trash/one.wav"], &["one.wav"]),
        (
            &["remove", "jam.wav"],
            &[".trash/jam.wav", ".trash/jam-part2.wav", ".trash/jam.mid"],
            &["jam.wav", "jam-part2.wav", "jam.mid"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (disk, kept) = (folder(&format!("small{at}")), folder(&format!("kept{at}")));
        let mut around = on_a_small_disk(&disk, &kept);
        let takes = folder("takes");
        let full = ["sh", "-c", ON_A_FULL_DISK_WITH_TAKES, "sh", takes.to_str().unwrap(), disk.to_str().unwrap()];
        around.extend(full.map(str::to_owned));
        let around: Vec<&str> = around.iter().map(String::as_str).collect();
        let mut words: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
        words[1] = disk.join(args[1]).display().to_string();
        let words: Vec<&str> = ["takes"].into_iter().chain(words.iter().map(String::as_str)).collect();
        let output = within(&around, &busker(home.path(), &words)).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{args:?}: {said}");
        for name in there {
            assert!(kept.join(name).exists(), "{args:?} {name}: {said}");
        }
        for name in gone {
            assert!(!kept.join(name).exists(), "{args:?} {name}: {said}");
        }
        assert!(!kept.join(".busker-moving").exists());
    }
}

/// Fills the disk at `$1` and runs the rest.
const ON_A_FULL_DISK: &str = r#"cat /dev/zero 2>/dev/null >"$1/fill"; shift; exec "$@""#;

#[test]
fn a_disk_that_is_full_before_a_take_refuses_it_and_is_a_fault() {
    let home = tempfile::tempdir().unwrap();
    let (disk, kept) = (home.path().join("small"), home.path().join("kept"));
    settings(home.path(), &format!("recordings: {}\n", disk.display()));
    let mut around = on_a_small_disk(&disk, &kept);
    let full = ["sh", "-c", ON_A_FULL_DISK, "sh", disk.to_str().unwrap()];
    around.extend(full.map(str::to_owned));
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let mut station = Terminal::within(&around, home, &[], 240, 40);
    station.wait_for("PIANO");
    station.keys(":record.start jam\r");
    station.wait_for("small/jam.wav: the disk is full; everything else works");
    station.keys(":record.status\r");
    station.wait_for("not recording; takes are saved in");
    station.wait_for("faults 1!");
    station.keys("\x11");
    assert!(station.wait_for_exit(), "{}", station.screen());
    let left: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["fill"]);
}

#[test]
fn a_power_failure_closes_the_take() {
    let mut station = Terminal::open(&[], 240, 40);
    station.wait_for("PIANO");
    station.keys(":record.start jam\r");
    station.wait_for("● REC 00:00:0");
    station.signal("PWR");
    assert!(station.wait_for_exit(), "{}", station.screen());
    let shown = busker(station.home(), &["takes", "show", "jam.wav"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("jam.wav: intact\n") && shown.contains("title jam"), "{shown}");
}

#[test]
fn audio_that_a_stalled_disk_never_took_is_reported_at_the_end() {
    let stall = "inject=fdatasync:delay_enter=20s:when=3+";
    let around = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", stall];
    let is_said = |home: &Path, take: &str, output: &Output| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("the rest is saved")).collect();
        let [line] = *lines else { panic!("{said}") };
        assert!(line.contains("jam.wav"), "{line}");
        let kept = frames(&home.join(take)) as f64 / RATE_HZ as f64;
        let lost: f64 = line.split("the last ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        // Written data that is not yet on the disk counts as lost: the power may fail.
        assert!(kept > 0.5 && (3.8..6.5).contains(&(kept + lost)), "{kept} s are there, {lost} s are lost");
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let home = tempfile::tempdir().unwrap();
            let command = busker(home.path(), &["record", "--demo", "--seconds", "4", "--out", "jam.wav"]);
            is_said(home.path(), "jam.wav", &within(&around, &command).output().unwrap());
        });
        // The same when another program asks the station to end.
        let home = tempfile::tempdir().unwrap();
        let command = busker(home.path(), &["serve", "--demo", "--osc", "off", "--http", "off"]);
        let mut command = within(&around, &command);
        let served = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let ask = |line: &str| busker(home.path(), &["do", line]).output().unwrap().status.success();
        while !ask("record.start jam") {
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_secs(4));
        assert!(ask("quit"));
        is_said(home.path(), "Music/jam.wav", &served.wait_with_output().unwrap());
    });
}
