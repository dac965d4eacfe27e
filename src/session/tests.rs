//! The file of a session says what it was written from, and every fault of it is told.

use super::*;
use crate::snapshots::Snapshot;
use proptest::{collection, prelude::*};

fn text() -> impl Strategy<Value = String> {
    // With what YAML takes for something else, and with what it has to quote.
    let odd = prop::sample::select(vec!["y", "no", "null", "~", "1", "1e3", "- a", "a: b", "#x", "'", "\"", "é[{"]);
    prop_oneof![odd.prop_map(str::to_owned), "[a-z][a-z0-9_]{0,12}", "[ -~]{0,20}[!-~]"]
}

fn values() -> impl Strategy<Value = BTreeMap<String, u16>> {
    collection::btree_map(text(), 0..=16_383_u16, 0..6)
}

prop_compose! {
    fn instrument()(
        port in text(),
        profile in prop::option::of(text()),
        values in values(),
        macros in collection::vec(text(), 0..3),
        motion in collection::vec(text(), 0..3),
        automation in collection::btree_map(
            text(),
            collection::vec((0.0..1e7, 0..=16_383_u16), 1..5).prop_map(Lane::of),
            0..3,
        ),
    ) -> InstrumentState {
        InstrumentState { port, profile, values, macros, motion, automation }
    }
}

prop_compose! {
    fn session()(
        bpm in 20.0..=300.0,
        instruments in collection::vec(instrument(), 0..4),
        snapshots in collection::vec((text(), "[!-~]{1,8}", values()), 0..4),
    ) -> Session {
        let mut kept = Snapshots::default();
        for (profile, name, values) in snapshots {
            kept.put(Snapshot { profile, name, values });
        }
        Session { bpm: Bpm::new(bpm).unwrap(), instruments: instruments.into_iter().map(Arc::new).collect(), snapshots: Arc::new(kept), ..Session::default() }
    }
}

proptest! {
    #[test]
    fn the_file_reads_back_what_was_written(session in session()) {
        let text = session.to_yaml();
        let read = Session::from_yaml("session.yaml", &text);
        prop_assert_eq!(read.as_ref(), Ok(&session), "{}", text);
        prop_assert_eq!(read.unwrap().to_yaml(), text);
    }
}

#[test]
fn the_file_is_as_a_person_would_write_it() {
    let text = "# A busker session: `session.save` and every change write it.
bpm: 98.5
instruments:
  - port: \"alsa:NTS-1\"
    profile: korg_nts1_mk2
    values:
      filter_cutoff: 127
      filter_type: 0
    macros:
      - \"macro.drive bright filter_cutoff 0.2 0.9 exponential\"
    motion:
      - \"mod.set filter_cutoff lfo sine 1/4 depth 0.3\"
    automation:
      filter_cutoff: \"0 12, 24.5 80\"
  - port: \"sim\"
snapshots:
  - profile: korg_nts1_mk2
    name: warm
    values: { filter_cutoff: 90 }
";
    let session = Session::from_yaml("session.yaml", text).unwrap();
    assert_eq!(session.instruments[0].automation["filter_cutoff"].points(), [(0.0, 12), (24.5, 80)]);
    assert_eq!(session.to_yaml(), text);
}

#[test]
fn what_is_left_out_is_the_default() {
    assert_eq!(Session::from_yaml("session.yaml", ""), Ok(Session::default()));
    assert_eq!(Session::from_yaml("session.yaml", "instruments: []\n"), Ok(Session::default()));
}

#[test]
fn every_fault_is_named_with_its_line() {
    let text = "bpm: 500
tempo: 3
instruments:
  - profile: 7
    values: { cutoff: 20000 }
  - port: sim
    values: [1]
    macros: loud
    motion: [3]
    automation:
      cutoff: 0 12, -1 2
      open: 0 loud
      shut: [1]
snapshots:
  - { profile: nts1, name: cold }
";
    let faults: Vec<String> =
        Session::from_yaml("session.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "session.yaml:1 bpm: '500' does not fit, allowed 20 to 300",
            "session.yaml:2 tempo: 'tempo' is not a field here, allowed bpm, song, tracks, instruments, snapshots",
            "session.yaml:4 instruments.1.port: is missing",
            "session.yaml:4 instruments.1.profile: '7' does not fit, allowed text, with quotes: \"7\"",
            "session.yaml:5 instruments.1.values.cutoff: '20000' does not fit, allowed 0 to 16383",
            "session.yaml:7 instruments.2.values: 'a list' does not fit, allowed a mapping",
            "session.yaml:8 instruments.2.macros: 'loud' does not fit, allowed a list",
            "session.yaml:9 instruments.2.motion.1: '3' does not fit, allowed text, with quotes: \"3\"",
            "session.yaml:11 instruments.2.automation.cutoff: '-1 2' does not fit, allowed a pulse and a value, like 24.5 80, with commas between",
            "session.yaml:12 instruments.2.automation.open: '0 loud' does not fit, allowed a pulse and a value, like 24.5 80, with commas between",
            "session.yaml:13 instruments.2.automation.shut: 'a list' does not fit, allowed text",
            "session.yaml:15 snapshots.1(cold).values: is missing",
        ]
    );
}
