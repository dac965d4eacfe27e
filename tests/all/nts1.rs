//! `busker nts1` with the simulated device: every subcommand, and its refusals.

use assert_cmd::Command;
use busker::{
    midi::parser::{ParsedMessage, Parser},
    nts1::{
        Module,
        device::SimulatedNts1,
        unit::{self, Version},
    },
};
use portable_pty::{PtySize, native_pty_system};
use std::{fs, io::Read, path::Path, thread};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a subcommand on the simulated device: exit code, standard output, standard error.
fn nts1(home: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_busker"))
        .args([&["nts1"], args, &["--port", "sim"]].concat())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .current_dir(home)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().unwrap(), out, err)
}

fn done(home: &Path, args: &[&str]) -> String {
    let (code, out, err) = nts1(home, args);
    assert_eq!(code, 0, "{args:?} said: {err}");
    out
}

/// Runs a subcommand that must be refused: exit code 2 and no output.
fn refused(home: &Path, args: &[&str], part: &str) {
    let (code, out, err) = nts1(home, args);
    assert_eq!((code, out.as_str()), (2, ""), "{args:?} said: {err}");
    assert!(err.contains(part), "'{part}' is not in: {err}");
}

#[test]
fn info_and_units_show_the_contents_of_the_device() {
    let home = home();
    let info = done(home.path(), &["info"]);
    for part in ["version     1.03", "API    2.0.0", "Simulated", "oscillator  SAW", "reverb      HALL"] {
        assert!(info.contains(part), "'{part}' is not in:\n{info}");
    }
    let units = done(home.path(), &["units"]);
    assert_eq!(units.lines().count(), 48);
    assert_eq!(units.lines().filter(|line| line.ends_with("empty")).count(), 46);
    assert!(units.contains("sim waves") && units.contains("version 1.2.3  API 2.0.0"), "{units}");
    refused(home.path(), &["info", "--channel", "2"], "--channel 1");
    refused(home.path(), &["info", "--channel", "17"], "17");
}

#[test]
fn a_backup_can_be_restored_and_overwrites_nothing() {
    let home = home();
    done(home.path(), &["backup", "kept/here"]);
    let folder = home.path().join("kept/here");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (program, globals) = (read("nts1_program.syx"), read("nts1_global.syx"));
    assert_eq!((program.len(), globals.len()), (584, 45));
    assert_eq!(program[..7], [0xF0, 0x42, 0x30, 0, 1, 0x73, 0x40]);
    refused(home.path(), &["backup", "kept/here"], "is not overwritten");
    assert_eq!(read("nts1_program.syx"), program);
    let out = done(home.path(), &["restore", "kept/here/nts1_program.syx", "kept/here/nts1_global.syx"]);
    assert!(out.contains("'Simulated'") && out.contains("the global data"), "{out}");
}

#[test]
fn a_file_that_is_no_dump_is_not_sent() {
    let home = home();
    done(home.path(), &["backup", "."]);
    let program = fs::read(home.path().join("nts1_program.syx")).unwrap();
    let file = |name: &str, bytes: &[u8]| fs::write(home.path().join(name), bytes).unwrap();
    let mut other = program.clone();
    other[5] = 0x57;
    file("other.syx", &other);
    file("cut.syx", &program[..300]);
    file("short.syx", &[&program[..300], &[0xF7]].concat());
    file("more.syx", &[&program[..], b"more"].concat());
    file("text.syx", b"no music");
    for (name, part) in [
        ("other.syx", "a message other than"),
        ("cut.syx", "no complete message"),
        ("short.syx", "not a dump"),
        ("more.syx", "bytes outside any complete message"),
        ("text.syx", "no complete message"),
        ("missing.syx", "missing.syx cannot be read"),
        (".", "it is a folder"),
    ] {
        refused(home.path(), &["restore", "nts1_program.syx", name], part);
    }
}

#[test]
fn a_unit_is_installed_only_where_it_fits() {
    let home = home();
    let file = |name: &str, bytes: &[u8]| fs::write(home.path().join(name), bytes).unwrap();
    let good = unit::made(Module::Osc, "my wave", Version(0x0001_0100), 9000);
    file("my.unit", &good);
    let (code, out, err) = nts1(home.path(), &["install", "my.unit", "--slot", "4"]);
    assert_eq!((code, out.as_str()), (0, "installed 'my wave' version 1.1.0 in osc slot 4\n"), "{err}");
    assert!(err.contains("sent 3 of 3 blocks"), "{err}");
    refused(home.path(), &["install", "my.unit", "--slot", "0"], "osc slot 0 contains 'sim waves'");
    done(home.path(), &["install", "my.unit", "--slot", "0", "--replace"]);
    refused(home.path(), &["install", "my.unit", "--slot", "16"], "slots 0 to 15");
    refused(home.path(), &["install", "my.unit", "--slot", "1", "--module", "delfx"], "a unit for osc, not for delfx");
    file("small.unit", &good[..40]);
    refused(home.path(), &["install", "small.unit", "--slot", "4"], "too few");
    file("large.unit", &unit::made(Module::Modfx, "large", Version(0), 20_000));
    refused(home.path(), &["install", "large.unit", "--slot", "4"], "modfx takes 16368");
    let mut newer = good.clone();
    newer[10] = 3;
    file("newer.unit", &newer);
    refused(home.path(), &["install", "newer.unit", "--slot", "4"], "API 3.0.0");
    let mut foreign = good;
    foreign[5] = 3;
    file("foreign.unit", &foreign);
    refused(home.path(), &["install", "foreign.unit", "--slot", "4"], "another device");
    refused(home.path(), &["install", "none.unit", "--slot", "4"], "none.unit cannot be read");
}

#[test]
fn a_slot_is_cleared() {
    let home = home();
    let out = done(home.path(), &["remove", "--module", "revfx", "--slot", "2"]);
    assert_eq!(out, "removed 'sim hall' from revfx slot 2\n");
    refused(home.path(), &["remove", "--module", "revfx", "--slot", "3"], "empty already");
    refused(home.path(), &["remove", "--module", "revfx", "--slot", "8"], "slots 0 to 7");
    refused(home.path(), &["remove", "--module", "synth", "--slot", "1"], "osc, modfx, delfx or revfx");
}

#[test]
fn a_device_at_a_raw_port_answers_while_its_clock_runs() {
    let home = home();
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let port = format!("raw:{}", pty.master.tty_name().unwrap().display());
    let (mut from, mut to) = (pty.master.try_clone_reader().unwrap(), pty.master.take_writer().unwrap());
    // Ends with the program.
    thread::spawn(move || {
        let (mut device, mut parser, mut bytes) = (SimulatedNts1::default(), Parser::new(), [0; 512]);
        while let Ok(len @ 1..) = from.read(&mut bytes) {
            let mut answers = Vec::new();
            parser.feed(&bytes[..len], |parsed| {
                if let ParsedMessage::SysEx(bytes) = parsed {
                    answers.extend(device.hear(bytes));
                }
            });
            for answer in answers {
                let (head, tail) = answer.split_at(answer.len() / 2);
                to.write_all(&[head, &[0xF8], tail].concat()).unwrap();
            }
        }
    });
    let file = unit::made(Module::Osc, "my wave", Version(0x0001_0000), 9000);
    fs::write(home.path().join("my.unit"), file).unwrap();
    for args in [&["info"][..], &["install", "my.unit", "--slot", "4"], &["backup", "kept"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_busker"))
            .args([&["nts1"], args, &["--port", &port]].concat())
            .env("HOME", home.path())
            .current_dir(home.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?} said: {said}");
    }
    assert_eq!(fs::read(home.path().join("kept/nts1_program.syx")).unwrap().len(), 584);
}
