//! Clients that leave: the notes they held, and the panels they looked at.

use crate::engine::{control::tests::Rig, station::Guest};

const ADA: Guest = Guest(1);
const BEN: Guest = Guest(2);

fn ask(rig: &mut Rig, guest: Guest, line: &str) {
    rig.offline.ask_as(guest, &line.parse().unwrap()).unwrap();
}

fn leave(rig: &mut Rig, guest: Guest) {
    rig.offline.leave(guest);
    rig.wait_ms(20);
}

#[test]
fn the_notes_of_a_client_that_leaves_end_and_the_others_sound_on() {
    let mut rig = Rig::new();
    for (guest, line) in [
        (ADA, "note.on C3 100"),
        (ADA, "note.on C3 90"),
        (ADA, "note.on E3 100"),
        (BEN, "note.on G3 100"),
        (Guest::NOBODY, "note.on B3 100"),
        // Another client may end a note.
        (BEN, "note.off E3"),
    ] {
        ask(&mut rig, guest, line);
    }
    rig.wait_ms(20);
    rig.sent();
    leave(&mut rig, ADA);
    assert_eq!(rig.sent(), [[0x80, 48, 64]]);
    leave(&mut rig, ADA);
    leave(&mut rig, Guest::NOBODY);
    assert!(rig.sent().is_empty(), "no note is ended twice, and notes of scripts never");
    ask(&mut rig, Guest::NOBODY, "midi.panic");
    rig.wait_ms(20);
    rig.sent();
    leave(&mut rig, BEN);
    assert!(rig.sent().is_empty(), "the panic ended it");
}

#[test]
fn pedals_and_bends_of_a_client_end_with_it_and_those_of_scripts_stay() {
    let mut rig = Rig::new();
    for (guest, line) in [
        (ADA, "midi.send b0 40 7f e0 00 00 91 3c 40 b0 43 7f b0 43 00"),
        (BEN, "midi.send b0 42 7f"),
        (Guest::NOBODY, "midi.send b1 40 7f"),
        // The same pedal, held by two clients.
        (ADA, "midi.send b2 40 7f"),
        (BEN, "midi.send b2 40 7f"),
    ] {
        ask(&mut rig, guest, line);
    }
    rig.wait_ms(20);
    rig.sent();
    leave(&mut rig, ADA);
    let mut sent = rig.sent();
    sent.sort();
    assert_eq!(sent, [[0x81, 60, 64], [0xB0, 64, 0], [0xE0, 0, 64]]);
    leave(&mut rig, BEN);
    assert_eq!(rig.sent(), [[0xB0, 66, 0], [0xB2, 64, 0]]);
    leave(&mut rig, Guest::NOBODY);
    assert_eq!(rig.sent(), Vec::<Vec<u8>>::new());
}

#[test]
fn the_monitor_and_the_takes_are_kept_while_a_client_looks() {
    let mut rig = Rig::new();
    let kept = |rig: &Rig| {
        let status = rig.offline.status();
        (status.monitor.is_some(), status.takes.is_some())
    };
    for guest in [ADA, BEN] {
        ask(&mut rig, guest, "midi.monitor on");
        ask(&mut rig, guest, "take.list on");
    }
    rig.wait_ms(20);
    assert_eq!(kept(&rig), (true, true));
    ask(&mut rig, ADA, "midi.monitor toggle");
    leave(&mut rig, ADA);
    assert_eq!(kept(&rig), (true, true));
    ask(&mut rig, BEN, "midi.monitor off");
    assert_eq!(kept(&rig), (false, true));
    leave(&mut rig, BEN);
    assert_eq!(kept(&rig), (false, false));
}
