//! Files of the version before (`tests/files/before`, written by that version) open unchanged; files of a newer version
//! are refused and not changed; values that can be made here are within the limits of their files.

use busker::{
    config::SettingsFile,
    latencies::Latencies,
    midi_maps::MidiMaps,
    session::{InstrumentState, Session},
    snapshots::{Snapshot, Snapshots},
    stored::{self, FromYaml, StoredValue, ToYaml},
    yaml::Fault,
};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

fn before(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/before").join(name)
}

/// The text of a file after its comment, whose wording may change.
fn content(text: &str) -> &str {
    text.split_once('\n').filter(|(first, _)| first.starts_with('#')).map_or(text, |(_, rest)| rest)
}

/// A file of the version before reads as that version wrote it, to the byte.
fn opens<T: ToYaml + PartialEq + Debug>(name: &str) -> T {
    let value: T = stored::load(&before(name)).unwrap();
    let written = fs::read_to_string(before(name)).unwrap();
    assert_eq!(content(&stored::text(&value).unwrap()), content(&written));
    assert_ne!(value, T::default());
    value
}

#[test]
fn files_of_the_version_before_open_unchanged() {
    let session: Session = opens("session.yaml");
    let [sim] = &session.instruments[..] else { panic!("{} instruments", session.instruments.len()) };
    assert_eq!((session.bpm.get(), sim.values["delay_mix"]), (98.5, 8192));
    assert_eq!(sim.macros, ["macro.drive bright filter_cutoff 0.2 0.9 exponential"]);
    assert_eq!(sim.motion, ["mod.set osc_shape lfo triangle 1/4 depth 0.3"]);
    assert_eq!(sim.automation["delay_mix"].points().len(), 5);
    let names =
        |snapshots: &Snapshots| snapshots.of("korg_nts1_mk2").map(|snapshot| snapshot.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&session.snapshots), ["warm", "on"]);
    assert_eq!(names(&opens::<Snapshots>("snapshots.yaml")), ["libr", "a:b{"]);
    assert_eq!(names(&stored::load(&before("trash.yaml")).unwrap()), ["warm"]);
    let learned: MidiMaps = opens("learned.yaml");
    let does: Vec<&str> = learned.maps.iter().map(|map| map.does.as_str()).collect();
    assert_eq!(does, ["filter_cutoff", "record.toggle", "clock.bpm"]);
    let settings = SettingsFile::load(&before("config.yaml")).unwrap();
    assert_eq!(settings.faults, Vec::<Fault>::new());
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_not_overwritten() {
    fn refused<T: FromYaml + Debug>(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.yaml");
        fs::write(&file, text).unwrap();
        let (stored, faults) = StoredValue::<T>::load(file.clone());
        assert_eq!(stored.home.file, None);
        assert_eq!(faults.len(), 1, "the version alone is the fault: {faults:?}");
        faults[0].to_string().replace(&file.display().to_string(), "it.yaml")
    }
    let says = "it.yaml:1 version: '2' is unknown: a newer busker wrote this file; this one reads version 1 and does \
     not change the file";
    let newer = "version: 2\ntracks: []\nsnapshots: { a: 1 }\n";
    assert_eq!(refused::<Session>(newer), says);
    assert_eq!(refused::<Snapshots>(newer), says);
    assert_eq!(refused::<MidiMaps>(newer), says);
    assert_eq!(refused::<Latencies>(newer), says);
    assert_eq!(Session::from_yaml("", "version: 1\nbpm: 120\n"), Ok(Session::default()));
}

#[test]
fn a_file_that_is_too_long_is_named_with_its_limit() {
    fn refused<T: FromYaml + Debug>() -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.yaml");
        fs::write(&file, "#".repeat(T::BYTES_MAX)).unwrap();
        assert!(stored::load::<T>(&file).is_ok());
        fs::write(&file, "#".repeat(T::BYTES_MAX + 1)).unwrap();
        let fault = stored::load::<T>(&file).unwrap_err()[0].to_string();
        fault.replace(&file.display().to_string(), "it.yaml")
    }
    assert_eq!(refused::<Session>(), "it.yaml: cannot be read: more than 6291456 bytes");
    assert_eq!(refused::<Snapshots>(), "it.yaml: cannot be read: more than 2097152 bytes");
    assert_eq!(refused::<MidiMaps>(), "it.yaml: cannot be read: more than 524288 bytes");
    assert_eq!(refused::<Latencies>(), "it.yaml: cannot be read: more than 262144 bytes");
}

/// As many snapshots of one kind as can be saved.
fn as_many_as_fit(knobs: usize, name: &str) -> Snapshots {
    let values: BTreeMap<String, u16> = (0..knobs).map(|n| (format!("knob{n:044}"), 16_383)).collect();
    let mut snapshots = Snapshots::default();
    for n in 0.. {
        let (profile, name) = ("p".repeat(48), format!("{name}{n}"));
        let snapshot = Snapshot { profile, name: name.clone(), values: values.clone() };
        if let Err(full) = snapshots.has_room_for(&name, &snapshot) {
            assert!(full.to_string().ends_with(": delete some snapshots first"), "{full}");
            assert!(snapshots.has_room_for("p", &snapshot).is_err() && n > 0);
            return snapshots;
        }
        snapshots.put(snapshot);
    }
    unreachable!("there is always room");
}

#[test]
fn as_many_snapshots_as_can_be_saved_are_read_again() {
    for (knobs, name) in [(0, "a"), (1, "{[\""), (60, "é\\"), (2000, "a")] {
        let snapshots = as_many_as_fit(knobs, name);
        let text = stored::text(&snapshots).unwrap();
        assert!(Snapshots::from_yaml("", &text).as_ref() == Ok(&snapshots), "{knobs} knobs, named {name}");
    }
}

#[test]
fn the_largest_session_is_within_its_limits() {
    // The maximum automation, at the longest positions, on one knob each of sixteen synths.
    let turns = |from: usize| {
        (0..750).map(|n| format!("{}.123 16383", 9_999_000_000_usize + from * 750 + n)).collect::<Vec<_>>().join(", ")
    };
    let values: BTreeMap<String, u16> = (0..128).map(|n| (format!("knob{n:044}"), 16_383)).collect();
    let instruments = (0..16).map(|at| {
        let text = format!("instruments: [{{ port: x, automation: {{ a: '{}' }} }}]", turns(at));
        let session = Session::from_yaml("", &text).unwrap();
        let motion: Vec<String> =
            values.keys().map(|knob| format!("mod.set {knob} lfo sine 1/4 depth 0.333")).collect();
        Arc::new(InstrumentState { values: values.clone(), motion, ..InstrumentState::clone(&session.instruments[0]) })
    });
    let (instruments, snapshots) = (instruments.collect(), Arc::new(as_many_as_fit(60, "a")));
    let session = Session { instruments, snapshots, ..Session::default() };
    let text = stored::text(&session).unwrap();
    assert_eq!(Session::from_yaml("", &text), Ok(session));
}
