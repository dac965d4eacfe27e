//! Messages arrive as they were sent, and bytes that are no message are refused.

use super::*;
use crate::{
    engine::{config::EngineConfig, offline::Offline},
    status::Severity,
};
use proptest::prelude::*;

fn station() -> Offline {
    let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
    offline.run_to(48_000);
    offline
}

#[test]
fn a_status_that_travelled_is_the_same() {
    let mut offline = station();
    for line in ["mod.set filter_cutoff lfo sine 1/4 depth 0.3", "midi.monitor on", "transport.play", "note.on C3 100"]
    {
        offline.ask(&line.parse().unwrap()).unwrap();
    }
    let before = offline.status();
    offline.run_to(96_000);
    let after = offline.status();
    assert_ne!(before, after);
    let mut there = station().status();
    let levels = after.named(&after.differing(&before));
    for told in [ServerMessage::status(&before, 0), ServerMessage::Status { at_ns: after.at_ns, changes: levels }] {
        let ServerMessage::Status { at_ns, changes } = ServerMessage::decode(told.encode().as_bytes()).unwrap() else {
            panic!()
        };
        there.put(changes, &after.params.profile).unwrap();
        there.at_ns = at_ns;
    }
    // JSON keeps every digit of a number.
    assert_eq!(there, after);
}

#[test]
fn parts_that_did_not_change_are_not_sent_and_unknown_ones_are_skipped() {
    let mut offline = station();
    let before = offline.status();
    offline.ask(&"click.on on".parse().unwrap()).unwrap();
    let after = offline.status();
    let Changes(mut changes) = after.changes(before.revision());
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["click_on"]);
    changes.insert("of_tomorrow".to_owned(), 1.into());
    let mut there = before.clone();
    there.put(Changes(changes.clone()), &after.params.profile).unwrap();
    assert_eq!(there, after);
    // An invalid part is named, and the others are taken.
    changes.insert("click_on".to_owned(), false.into());
    changes.insert("outputs".to_owned(), "loud".into());
    let error = there.put(Changes(changes), &after.params.profile).unwrap_err();
    assert_eq!(error.part, "outputs");
    assert_eq!(there, before);
}

#[test]
fn every_message_survives_the_trip() {
    let profile = Arc::clone(&station().status().params.profile);
    let told = [
        ServerMessage::Hello { wire: WIRE, version: "0.1.0".to_owned() },
        ServerMessage::answer(Some(7), Err("no".to_owned())),
        ServerMessage::Profile { profile },
        ServerMessage::Event(Event::Notice { severity: Severity::Warning, text: "so".to_owned() }),
        ServerMessage::Event(Event::Playing { from: "5:1:0".parse().unwrap() }),
    ];
    for message in told {
        assert_eq!(ServerMessage::decode(message.encode().as_bytes()).unwrap(), message);
    }
    let asked = [
        ClientMessage::Hello { wire: WIRE, version: String::new(), role: Role::Watch },
        ClientMessage::Do { command: "record.start jam".to_owned(), id: None },
        ClientMessage::Status,
    ];
    for message in asked {
        assert_eq!(ClientMessage::decode(message.encode().as_bytes()).unwrap(), message);
    }
    assert_eq!(
        ClientMessage::decode(br#"{"type":"do","command":"quit"}"#).unwrap(),
        ClientMessage::Do { command: "quit".to_owned(), id: None }
    );
}

#[test]
fn another_version_of_the_wire_is_recognized() {
    assert_eq!(wire_mismatch(WIRE, "0.1.0"), None);
    assert!(wire_mismatch(WIRE + 1, "9.0.0").unwrap().contains("9.0.0 there uses wire 3"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = ClientMessage::decode(&bytes);
        let _ = ServerMessage::decode(&bytes);
    }
}
