//! Everybody who listens knows the same, whenever they came.

use super::*;
use crate::engine::{assembly::EngineConfig, offline::Offline, station};

fn engine() -> Offline {
    Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap()
}

/// What is known after these messages.
fn known(messages: impl IntoIterator<Item = Utf8Bytes>) -> Status {
    let mut status = engine().status();
    let mut profile = Arc::clone(&status.params.profile);
    for message in messages {
        match Told::decode(message.as_bytes()).unwrap() {
            Told::Profile { profile: other } => profile = other,
            Told::Status { at_ns, changes } => {
                status.put(changes, &profile).unwrap();
                status.at_ns = at_ns;
            }
            Told::Position { .. } | Told::Meters { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    status
}

fn waiting(messages: &mut broadcast::Receiver<Utf8Bytes>) -> Vec<Utf8Bytes> {
    std::iter::from_fn(|| messages.try_recv().ok()).collect()
}

#[test]
fn whoever_comes_late_knows_the_same_as_whoever_was_there() {
    let mut engine = engine();
    let (station, desk) = station::station(engine.status());
    let feed = Feed::new(&station);
    let (mut early, begin) = feed.join(&station);
    let mut heard = begin.to_vec();
    for line in ["clock.bpm 97", "param.set filter_cutoff 0.2", "profile.use fm_synth", "click.on on"] {
        engine.ask(&line.parse().unwrap()).unwrap();
        desk.publish(engine.status());
        // Somebody comes right now, before the next turn.
        let (mut late, begin) = feed.join(&station);
        heard.extend(waiting(&mut early));
        assert!(waiting(&mut late).is_empty());
        assert_eq!(known(heard.clone()), known(begin), "{line}");
        assert_eq!(known(heard.clone()), engine.status(), "{line}");
    }
}

#[test]
fn a_song_that_only_moves_on_is_no_change_of_the_status() {
    let mut engine = engine();
    engine.ask(&"transport.play".parse().unwrap()).unwrap();
    engine.run_to(48_000);
    let before = engine.status();
    let (station, _desk) = station::station(before.clone());
    let feed = Feed::new(&station);
    let (mut messages, _) = feed.join(&station);
    engine.run_to(52_000);
    let after = engine.status();
    assert_ne!(before.transport, after.transport);
    let louder = Status { transport: after.transport, outputs: vec![crate::status::MeterStatus::SILENT; 3], ..before };
    feed.tell_levels(&louder);
    feed.tell_status(Arc::new(louder));
    let told: Vec<Told> = waiting(&mut messages).iter().map(|it| Told::decode(it.as_bytes()).unwrap()).collect();
    assert!(matches!(&told[..], [Told::Position { playing: true, .. }, Told::Meters { .. }]), "{told:?}");
}
