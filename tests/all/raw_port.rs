//! Ports that are files: FIFOs and pseudo-terminals, with the station and with the program.
//!
//! No test asserts on durations: each step waits for the bytes.

use assert_cmd::Command;
use busker::engine::{
    config::EngineConfig,
    host::open_port::{OpenPort, PortWay},
    host::{
        patchbay::{Patchbay, PortChange},
        sim::SimDevice,
    },
    live::{Engine, Machinery},
};
use portable_pty::{PtySize, native_pty_system};
use rustix::fs::{CWD, FileType, Mode};
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const CLOCK: u8 = 0xF8;
const START: u8 = 0xFA;
const CONTINUE: u8 = 0xFB;
const STOP: u8 = 0xFC;
/// Time limit; only a failing test reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

fn fifo(folder: &Path) -> PathBuf {
    let path = folder.join("midi");
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

fn open(path: &Path) -> (OpenPort, Patchbay) {
    let mut patchbay = Patchbay::new();
    (patchbay.raw(path.to_str().unwrap(), true, false).unwrap(), patchbay)
}

/// A station with this port.
fn station(folder: &Path, (port, patchbay): (OpenPort, Patchbay)) -> Engine {
    let config = EngineConfig::built_in(folder).unwrap();
    let sim = Box::new(SimDevice::new(48_000, 256));
    Engine::start(&config, Machinery { patchbay, ..Machinery::lasting(sim, vec![port]) }, None).unwrap()
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

fn ask(engine: &Engine, line: &str) {
    engine.station().ask(line.parse().unwrap()).unwrap();
}

/// The reader at the other end.
struct Listener {
    incoming: mpsc::Receiver<Vec<u8>>,
    heard: Vec<u8>,
}

impl Listener {
    fn new(mut reader: impl Read + Send + 'static) -> Listener {
        let (sender, incoming) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Listener { incoming, heard: Vec::new() }
    }

    fn until(&mut self, what: &str, mut come: impl FnMut(&[u8]) -> bool) {
        while !come(&self.heard) {
            match self.incoming.recv_timeout(PATIENCE) {
                Ok(bytes) => self.heard.extend(bytes),
                Err(error) => panic!("{what} never came ({error}): {:02X?}", self.heard),
            }
        }
    }

    fn until_message(&mut self, message: &[u8]) {
        let what = format!("{message:02X?}");
        self.until(&what, |heard| voices(heard).windows(message.len()).any(|part| part == message));
    }

    /// All bytes, after the port is closed.
    fn all(mut self) -> Vec<u8> {
        self.heard.extend(self.incoming.iter().flatten());
        self.heard
    }
}

/// The bytes without real-time ones, which may come between any others.
fn voices(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte < CLOCK).collect()
}

fn real_time(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte >= CLOCK).collect()
}

#[test]
fn a_fifo_gets_exactly_the_played_messages_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    // Opened before there is a reader, which must not wait.
    let port = open(&path);
    let mut listener = Listener::new(File::open(&path).unwrap());
    let engine = station(folder.path(), port);
    ask(&engine, "note.on C4 100");
    listener.until_message(&[0x90, 60, 100]);
    ask(&engine, "transport.play");
    listener.until("a beat", |heard| heard.iter().skip_while(|byte| **byte != START).count() > 25);
    ask(&engine, "transport.stop");
    listener.until("the stop", |heard| heard.contains(&STOP));
    wait_for("a song that stands", || !engine.station().status().transport.playing);
    let seconds = engine.station().status().transport.seconds;
    for line in ["note.on E4 90", "note.off C4", "midi.send F0 7D 01 0A 0D 7F F7"] {
        ask(&engine, line);
    }
    listener.until_message(&[0xF7]);
    drop(engine);
    let heard = listener.all();
    let mut messages = voices(&heard);
    // Note-offs go before note-ons if both are due: the order of the two requests depends on the threads.
    let end = messages.split_off(messages.len() - 6);
    assert_eq!(end, [0x80, 64, 64, 0xB0, 123, 0]);
    let sysex = messages.split_off(messages.len() - 7);
    assert_eq!(sysex, [0xF0, 0x7D, 1, 0x0A, 0x0D, 0x7F, 0xF7]);
    let notes: Vec<&[u8]> = messages.chunks(3).collect();
    assert_eq!(notes[0], [0x90, 60, 100]);
    assert_eq!(notes.len(), 3, "{notes:02X?}");
    assert!(notes.contains(&&[0x90, 64, 90][..]) && notes.contains(&&[0x80, 60, 64][..]), "{notes:02X?}");

    let clock = real_time(&heard);
    let (start, stop) = (position(&clock, START), position(&clock, STOP));
    assert!(clock.iter().filter(|byte| **byte != CLOCK).count() == 2 && start < stop, "{clock:02X?}");
    let pulses = (stop - start - 1) as f64;
    let expected = seconds * 2.0 * 24.0;
    assert!((pulses - expected).abs() <= 1.0, "{pulses} pulses in {expected} pulses of song");
}

fn position(bytes: &[u8], byte: u8) -> usize {
    bytes.iter().position(|b| *b == byte).unwrap()
}

#[test]
fn a_terminal_line_carries_every_byte_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let path = pty.master.tty_name().unwrap();
    let mut listener = Listener::new(pty.master.try_clone_reader().unwrap());
    let engine = station(folder.path(), open(&path));
    // New line, carriage return, interrupt, end of file, suspend, stop and start: all have a meaning for a terminal.
    ask(&engine, "midi.send B0 0A 0D");
    ask(&engine, "midi.send F0 03 04 1A 11 13 7F F7");
    listener.until_message(&[0xB0, 0x0A, 0x0D]);
    listener.until_message(&[0xF0, 3, 4, 0x1A, 0x11, 0x13, 0x7F, 0xF7]);
    listener.until("a pulse", |heard| heard.contains(&CLOCK));
    ask(&engine, "note.on C4 100");
    listener.until_message(&[0x90, 60, 100]);
    drop(engine);
    listener.until_message(&[0x80, 60, 64, 0xB0, 123, 0]);
}

#[test]
fn a_note_that_ended_without_a_reader_is_ended_for_the_next_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let port = open(&path);
    let mut reader = File::open(&path).unwrap();
    let engine = station(folder.path(), port);
    ask(&engine, "note.on C4 100");
    ask(&engine, "transport.play");
    let mut heard = Vec::new();
    while !voices(&heard).ends_with(&[0x90, 60, 100]) || !heard.contains(&START) {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        heard.extend(byte);
    }
    drop(reader);
    ask(&engine, "note.off C4");
    let seconds = || engine.station().status().transport.seconds;
    let left_at = seconds();
    wait_for("some pulses", || seconds() > left_at + 0.2);
    let mut listener = Listener::new(File::open(&path).unwrap());
    listener.until_message(&[0x80, 60, 64]);
    listener.until("where the song is", |heard| heard.contains(&0xF2) && heard.contains(&CONTINUE));
    drop(engine);
    assert_eq!(real_time(&listener.all()).last(), Some(&STOP));
}

#[test]
fn a_pseudo_terminal_that_was_closed_is_reopened_when_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line");
    let line = || {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(pty.master.tty_name().unwrap(), &path).unwrap();
        pty
    };
    let pty = line();
    let mut patchbay = Patchbay::new();
    let port = patchbay.raw(path.to_str().unwrap(), true, false).unwrap();
    let (kept, mut input) = (port.kept.unwrap(), port.input.unwrap());
    let PortWay::Threads { mut scheduler, mut clock } = port.way else { panic!("not a port for threads") };
    let (knocks, knocked) = mpsc::channel();
    let events = patchbay.take_events(move || knocks.send(()).unwrap_or_default()).unwrap();
    let next = || {
        let event = events.recv_timeout(PATIENCE).unwrap();
        assert_eq!(event.port, kept);
        event.change
    };
    assert!(scheduler.is_there() && clock.is_there());
    drop(pty);
    assert_eq!(next(), PortChange::Gone);
    for out in [&mut scheduler, &mut clock] {
        assert!(out.news().is_some() && !out.is_there());
    }
    let pty = line();
    assert_eq!(next(), PortChange::Connected { name: path.display().to_string() });
    let mut listener = Listener::new(pty.master.try_clone_reader().unwrap());
    for (out, bytes) in [(&mut scheduler, &[0x90, 60, 100][..]), (&mut clock, &[CLOCK])] {
        assert!(out.news().is_some() && out.is_there());
        out.send(0, bytes).unwrap();
    }
    listener.until_message(&[0x90, 60, 100]);
    listener.until("a pulse", |heard| heard.contains(&CLOCK));
    pty.master.take_writer().unwrap().write_all(&[0xB0, 43, 7]).unwrap();
    wait_for("a message", || input.pop().is_some_and(|heard| heard.payload.bytes() == [0xB0, 43, 7]));
    assert!(knocked.try_iter().count() >= 2);
}

#[test]
fn input_from_a_terminal_line_moves_a_knob() {
    let folder = tempfile::tempdir().unwrap();
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let engine = station(folder.path(), open(&pty.master.tty_name().unwrap()));
    let values = || engine.station().status().params.values.clone();
    let before = values();
    // The cutoff, to another value.
    pty.master.take_writer().unwrap().write_all(&[0xB0, 43, 3]).unwrap();
    wait_for("a knob that moves", || values() != before);
}

#[test]
fn a_file_without_write_permission_is_refused_with_what_to_do() {
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write to everything");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let refused = Patchbay::new().raw(path.to_str().unwrap(), true, true).err().unwrap().to_string();
    assert!(refused.contains("may not be written to") && refused.contains("chmod u+w"), "{refused}");
}

/// The program with a home of its own.
fn busker(home: &Path, args: &[&str]) -> process::Command {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_busker"));
    command
        .args(args)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("BUSKER_SOCKET", home.join("socket"))
        .current_dir(home);
    command
}

#[test]
fn a_reader_that_leaves_ends_nothing_and_a_new_one_receives() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let port = format!("raw:{}", path.display());
    let mut program =
        busker(folder.path(), &["clock", "--port", &port]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..3 {
        let mut reader = File::open(&path).unwrap();
        let mut bytes = [0; 8];
        reader.read_exact(&mut bytes).unwrap();
        assert!(bytes.contains(&CLOCK), "{bytes:02X?}");
        drop(reader);
        // Some pulses without a reader.
        thread::sleep(Duration::from_millis(200));
        assert!(program.try_wait().unwrap().is_none(), "the program ended");
    }
    let mut reader = File::open(&path).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&program), rustix::process::Signal::TERM).unwrap();
    let mut heard = Vec::new();
    reader.read_to_end(&mut heard).unwrap();
    assert_eq!(heard.last(), Some(&STOP));
    assert!(program.wait().unwrap().success());
}

#[test]
fn a_path_that_is_no_port_ends_with_one_message_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("notes.txt");
    fs::write(&file, "kept").unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    fs::write(home.path().join("jam.yaml"), "steps:\n  - { at: 0, do: note.on C4 100 }\n").unwrap();
    for (port, parts) in [
        ("raw:/dev/snd/midiC31D7", &["/dev/snd/midiC31D7 does not exist"][..]),
        ("raw:.", &[". is a directory"]),
        ("raw:notes.txt", &["notes.txt", "ordinary file"]),
        ("raw:", &["'raw:'", "raw:PATH"]),
    ] {
        for verb in [&["clock", "--seconds", "1"][..], &["run", "jam.yaml", "--device", "sim"]] {
            let args = [verb, &["--port", port]].concat();
            let output = Command::from_std(busker(home.path(), &args)).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{args:?} said: {said}");
            assert!(parts.iter().all(|part| said.contains(part)), "{args:?} said: {said}");
        }
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "kept");
}
