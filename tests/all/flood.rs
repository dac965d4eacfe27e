//! Far more controllers than a wire can carry, and a melody: the midi.jsonl of `busker run` shows that values are
//! spaced and coalesced, that notes go first, that the clock is on time and that the last values arrive.

use assert_cmd::Command;
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// Controllers of the synth in this test.
const KNOBS: u8 = 50;
/// The start, in ms: the song has started.
const BEGIN_MS: u32 = 10;
/// The interval of each knob's turns, in ms.
const EVERY_MS: u32 = 5;
/// The duration, in ms.
const LENGTH_MS: u32 = 1000;
/// Minimum time between values of one controller: the default.
const SPACING_US: u64 = 10_000;
/// A MIDI wire takes 320 µs for a byte.
const BYTE_US: u64 = 320;

fn write_synth(home: &Path) {
    let mut text = "id: fifty\nname: Fifty\nsource: made up\nsections: [All]\nparameters:\n".to_owned();
    for knob in 0..KNOBS {
        writeln!(text, "  - {{ name: k{knob}, section: All, cc: {} }}", controller(knob)).unwrap();
    }
    let folder = home.join("config/busker/profiles");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("fifty.yaml"), text).unwrap();
}

/// The controller of a knob: one whose values may be coalesced, not one that switches or selects, where every value
/// counts.
fn controller(knob: u8) -> u8 {
    match knob {
        0..12 => 20 + knob,
        12..38 => 70 + knob - 12,
        _ => 102 + knob - 38,
    }
}

/// The value of a knob at a time, of 127.
fn place(knob: u8, at_ms: u32) -> u32 {
    (u32::from(knob) * 7 + at_ms) % 128
}

fn write_script(home: &Path) {
    let mut text = "bpm: 120\nsteps:\n  - { at: 0, do: transport.play }\n".to_owned();
    for at_ms in (0..LENGTH_MS).step_by(EVERY_MS as usize) {
        let at = f64::from(BEGIN_MS + at_ms) / 1000.0;
        let turn = |knob| format!("param.set k{knob} {:.3}", f64::from(place(knob, at_ms)) / 127.0);
        let turns: Vec<String> = (0..KNOBS).map(turn).collect();
        writeln!(text, "  - {{ at: {at}, do: [{}] }}", turns.join(", ")).unwrap();
        if at_ms % 125 == 0 {
            writeln!(text, "  - {{ at: {at}, do: note.play C4 100 60 }}").unwrap();
        }
    }
    writeln!(text, "  - {{ at: {}, do: transport.stop }}", f64::from(LENGTH_MS) / 1000.0 + 0.5).unwrap();
    fs::write(home.join("flood.yaml"), text).unwrap();
}

/// The sent messages: the instant in µs and the bytes, in order; and the status at the end.
fn run(wire: &str) -> (Vec<(u64, Vec<u8>)>, serde_json::Value) {
    let home = tempfile::tempdir().unwrap();
    write_synth(home.path());
    write_script(home.path());
    let settings = format!("midi: {{ ports: [ {{ port: sim{wire} }} ] }}\nprofile: fifty\n");
    fs::write(home.path().join("config/busker/config.yaml"), settings).unwrap();
    Command::new(env!("CARGO_BIN_EXE_busker"))
        .args(["run", "flood.yaml", "--simulate", "--out", "out"])
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("XDG_STATE_HOME", home.path().join("state"))
        .current_dir(home.path())
        .assert()
        .success();
    let read = |name: &str| fs::read_to_string(home.path().join("out").join(name)).unwrap();
    let message = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes = value["bytes"].as_array().unwrap().iter().map(|b| b.as_u64().unwrap() as u8).collect();
        (value["t_us"].as_u64().unwrap(), bytes)
    };
    (read("midi.jsonl").lines().map(message).collect(), serde_json::from_str(&read("status.json")).unwrap())
}

fn note_begins_us() -> impl Iterator<Item = u64> {
    (0..u64::from(LENGTH_MS)).step_by(125).map(|at_ms| (u64::from(BEGIN_MS) + at_ms) * 1000)
}

fn is_controller(bytes: &[u8]) -> bool {
    bytes[0] & 0xF0 == 0xB0 && bytes[1] < 120
}

fn assert_spaced_and_last_values(sent: &[(u64, Vec<u8>)]) {
    let mut last: BTreeMap<u8, (u64, u8)> = BTreeMap::new();
    for (at_us, bytes) in sent.iter().filter(|(_, bytes)| is_controller(bytes)) {
        if let Some((before_us, _)) = last.insert(bytes[1], (*at_us, bytes[2])) {
            assert!(at_us - before_us >= SPACING_US, "controller {} after {} µs", bytes[1], at_us - before_us);
        }
    }
    let end_ms = (LENGTH_MS - 1) / EVERY_MS * EVERY_MS;
    for knob in 0..KNOBS {
        assert_eq!(u32::from(last[&controller(knob)].1), place(knob, end_ms), "the last value of knob {knob}");
    }
}

#[test]
fn a_flood_is_spaced_and_coalesced_and_a_melody_goes_first() {
    let (sent, status) = run("");
    assert_spaced_and_last_values(&sent);
    let controllers = sent.iter().filter(|(_, bytes)| is_controller(bytes)).count();
    let asked = (LENGTH_MS / EVERY_MS) as usize * usize::from(KNOBS);
    assert!(controllers < asked * 6 / 10, "{controllers} of {asked}: every second value was replaced by a newer one");
    assert!(status["ports"][0]["coalesced"].as_u64().unwrap() > 4000);
    for at_us in note_begins_us() {
        let first = sent.iter().find(|(at, bytes)| *at >= at_us && bytes[0] != 0xF8 && bytes[0] < 0xF0).unwrap();
        assert_eq!(*first, (at_us, vec![0x90, 60, 100]), "the note goes before the controllers of its instant");
    }
    let offs: Vec<u64> = sent.iter().filter(|(_, bytes)| bytes[0] == 0x80).map(|(at_us, _)| *at_us).collect();
    assert_eq!(offs, note_begins_us().map(|at_us| at_us + 60_000).collect::<Vec<_>>());
}

#[test]
fn on_a_midi_wire_the_flood_waits_for_the_clock_and_for_notes() {
    let (sent, status) = run(", wire: din");
    assert_spaced_and_last_values(&sent);
    // The wire takes byte after byte, the clock's when they are due; nothing else is passed on before the message
    // before it is through. Times are whole frames of 1/48 ms, and the scheduler may be a tenth of a millisecond early.
    let mut free_us = 0;
    // When the engine ends nothing waits any more.
    let end_us = sent.last().unwrap().0;
    for (at_us, bytes) in sent.iter().filter(|(at_us, _)| *at_us < end_us) {
        let late_us = free_us.max(*at_us) - at_us;
        match bytes[0] {
            0xF8.. => assert!(late_us <= BYTE_US + 125, "{bytes:02X?} at {at_us} µs waits {late_us} µs"),
            _ => assert!(late_us <= 125, "{bytes:02X?} at {at_us} µs: the wire is busy for {late_us} µs"),
        }
        free_us = free_us.max(*at_us) + bytes.len() as u64 * BYTE_US;
    }
    let pulses: Vec<u64> = sent.iter().filter(|(_, bytes)| *bytes == [0xF8]).map(|(at_us, _)| *at_us).collect();
    for pair in pulses.windows(2) {
        assert!((20_833..=20_834).contains(&(pair[1] - pair[0])), "{pair:?}");
    }
    for (at_us, _) in sent.iter().filter(|(_, bytes)| bytes[0] == 0x90) {
        let late_us = note_begins_us().filter_map(|due_us| at_us.checked_sub(due_us)).min().unwrap();
        assert!(late_us <= 3 * BYTE_US + BYTE_US + 125, "a note waited {late_us} µs");
    }
    assert!(status["ports"][0]["wire_percent"].is_u64());
    assert_eq!(status["ports"][0]["dropped"], 0);
}
