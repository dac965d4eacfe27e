//! All clients have the same status, early or late.

use super::*;
use crate::engine::{config::EngineConfig, offline::Offline, station};

fn engine() -> Offline {
    Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap()
}

/// The status after these messages.
fn known(messages: impl IntoIterator<Item = Utf8Bytes>) -> Status {
    let mut status = engine().status();
    let mut profile = Arc::clone(&status.params.profile);
    for message in messages {
        match ServerMessage::decode(message.as_bytes()).unwrap() {
            ServerMessage::Profile { profile: other } => profile = other,
            ServerMessage::Status { at_ns, changes } => {
                status.put(changes, &profile).unwrap();
                status.at_ns = at_ns;
            }
            ServerMessage::Position { .. } | ServerMessage::Meters { .. } | ServerMessage::Motion { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    status
}

fn waiting(messages: &mut broadcast::Receiver<Utf8Bytes>) -> Vec<Utf8Bytes> {
    std::iter::from_fn(|| messages.try_recv().ok()).collect()
}

#[test]
fn a_late_client_has_the_same_status_as_an_early_one() {
    let mut engine = engine();
    let (station, desk) = station::station(engine.status());
    let feed = Feed::new(&station);
    let (mut early, begin) = feed.join();
    let mut heard = begin.to_vec();
    for line in ["clock.bpm 97", "param.set filter_cutoff 0.2", "profile.use fm_synth", "click.on on"] {
        engine.ask(&line.parse().unwrap()).unwrap();
        desk.publish(engine.status());
        // A client comes right now, before the next turn.
        let (mut late, begin) = feed.join();
        heard.extend(waiting(&mut early));
        assert!(waiting(&mut late).is_empty());
        assert_eq!(known(heard.clone()), known(begin), "{line}");
        assert_eq!(known(heard.clone()), engine.status(), "{line}");
    }
}

fn told(messages: &mut broadcast::Receiver<Utf8Bytes>) -> Vec<ServerMessage> {
    waiting(messages).iter().map(|it| ServerMessage::decode(it.as_bytes()).unwrap()).collect()
}

#[test]
fn a_song_that_only_moves_on_is_no_change_of_the_status() {
    let mut engine = engine();
    engine.ask(&"transport.play".parse().unwrap()).unwrap();
    engine.run_to(48_000);
    let before = engine.status();
    let (station, desk) = station::station(before.clone());
    let feed = Feed::new(&station);
    let (mut messages, _) = feed.join();
    engine.run_to(52_000);
    let after = engine.status();
    assert_ne!(before.transport, after.transport);
    let louder = vec![crate::status::MeterStatus::SILENT; 3].into();
    desk.publish(Status { transport: after.transport, outputs: louder, ..before });
    feed.tell_news(Counts::Told);
    let told = told(&mut messages);
    assert!(
        matches!(&told[..], [ServerMessage::Position { playing: true, .. }, ServerMessage::Meters { .. }]),
        "{told:?}"
    );
}

#[test]
fn at_rest_nothing_is_sent_and_counts_are_sent_in_their_turn() {
    let mut engine = engine();
    let (station, desk) = station::station(engine.status());
    let feed = Feed::new(&station);
    let (mut messages, begin) = feed.join();
    // The clock runs: its pulses are counted, and nothing else changes.
    engine.run_to(48_000);
    let after = engine.status();
    assert_ne!(after.ports, station.status().ports);
    desk.publish(after.clone());
    feed.tell_news(Counts::Wait);
    assert_eq!(told(&mut messages), []);
    feed.tell_news(Counts::Told);
    let heard = waiting(&mut messages);
    let ServerMessage::Status { changes, .. } = ServerMessage::decode(heard[0].as_bytes()).unwrap() else {
        panic!("{heard:?}")
    };
    assert!(heard.len() == 1 && changes.0.contains_key("ports"), "{changes:?}");
    assert_eq!(known(begin.into_iter().chain(heard)), after);
    // Published again, it is no change.
    desk.publish(after);
    feed.tell_news(Counts::Told);
    assert_eq!(told(&mut messages), []);
}

#[test]
fn every_client_gets_the_place_of_a_stopped_song_however_late_it_comes() {
    let mut engine = engine();
    engine.ask(&"transport.play".parse().unwrap()).unwrap();
    engine.run_to(48_000);
    let (station, desk) = station::station(engine.status());
    let feed = Feed::new(&station);
    let (mut early, _) = feed.join();
    engine.ask(&"transport.stop".parse().unwrap()).unwrap();
    engine.run_to(52_000);
    desk.publish(engine.status());
    let (mut late, _) = feed.join();
    let told_early = told(&mut early);
    assert!(
        told_early.iter().any(|told| matches!(told, ServerMessage::Position { playing: false, .. })),
        "{told_early:?}"
    );
    assert_eq!(told(&mut late), []);
}

#[test]
fn a_modulated_parameter_has_a_message_of_its_own_and_its_part_stays() {
    let mut engine = engine();
    engine.ask(&"mod.set filter_cutoff lfo sine 1/4 depth 0.3".parse().unwrap()).unwrap();
    engine.run_to(2_000);
    let (station, desk) = station::station(engine.status());
    let feed = Feed::new(&station);
    let (mut messages, _) = feed.join();
    engine.run_to(9_000);
    desk.publish(engine.status());
    feed.tell_news(Counts::Wait);
    let told = told(&mut messages);
    let sounds = engine.status().params.motion[0].value;
    let moved = told.iter().find_map(|told| match told {
        ServerMessage::Motion { values } => Some(values.clone()),
        _ => None,
    });
    assert_eq!(moved, Some([("filter_cutoff".to_owned(), sounds)].into()), "{told:?}");
    assert!(!told.iter().any(|told| matches!(told, ServerMessage::Status { .. })), "{told:?}");
}
