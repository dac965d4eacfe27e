//! Replay in virtual time: the performance of a take, over again, on the frames where it was.

use crate::engine::control::tests::Rig;

/// Notes and controllers of a take's MIDI file, in order, with their ticks.
fn performed(rig: &Rig, name: &str) -> Vec<(u32, String)> {
    let bytes = std::fs::read(rig.take(name)).unwrap();
    let smf = midly::Smf::parse(&bytes).unwrap();
    let mut found = Vec::new();
    for track in &smf.tracks[1..] {
        let mut tick = 0;
        for event in track {
            tick += u32::from(event.delta);
            if let midly::TrackEventKind::Midi { message, .. } = event.kind {
                found.push((tick, format!("{message:?}")));
            }
        }
    }
    found
}

/// The first frame of a take that is not silent, and how many it has.
fn onset(rig: &Rig, name: &str) -> (usize, usize) {
    let mut reader = hound::WavReader::open(rig.take(name)).unwrap();
    let frames = reader.duration() as usize;
    let samples: Vec<i32> = reader.samples().map(Result::unwrap).collect();
    (samples.iter().position(|sample| sample.abs() > 1 << 10).unwrap() / 2, frames)
}

fn played() -> Rig {
    let mut rig = Rig::new();
    rig.ask("record.set pre_roll 0");
    rig.wait_ms(500);
    rig.ask("record.start jam");
    rig.wait_ms(300);
    rig.ask("note.play C4 100 200");
    rig.wait_ms(250);
    rig.ask("midi.send B0 2B 40");
    rig.ask("note.play G4 80 100");
    rig.wait_ms(450);
    rig.ask("record.stop");
    rig.wait_ms(500);
    rig
}

#[test]
fn a_replayed_take_has_the_same_performance_on_the_same_frames() {
    let mut rig = played();
    assert_eq!(rig.ask("take.replay jam"), "replaying jam for 1.0 s");
    rig.wait_ms(2_000);
    rig.offline.finish();
    let (first, again) = (performed(&rig, "jam.mid"), performed(&rig, "jam-replay.mid"));
    assert_eq!(first.len(), 5);
    let what = |list: &[(u32, String)]| list.iter().map(|(_, what)| what.clone()).collect::<Vec<_>>();
    assert_eq!(what(&again), what(&first));
    for ((was, _), (is, what)) in first.iter().zip(&again) {
        assert!(was.abs_diff(*is) <= 1, "{what}: tick {was}, then {is}");
    }
    let (first, again) = (onset(&rig, "jam.wav"), onset(&rig, "jam-replay.wav"));
    assert!(first.0.abs_diff(again.0) <= 48, "{first:?}, then {again:?}");
    assert!(first.1.abs_diff(again.1) <= 48, "{first:?}, then {again:?}");
}

#[test]
fn a_replay_that_is_stopped_leaves_no_note() {
    let mut rig = Rig::new();
    rig.ask("record.start jam");
    rig.wait_ms(100);
    rig.ask("note.play C4 100 5000");
    rig.wait_ms(5_500);
    rig.ask("record.stop");
    rig.wait_ms(100);
    rig.ask("take.replay jam");
    rig.wait_ms(1_000);
    rig.ask("record.stop");
    rig.wait_ms(1_000);
    rig.offline.finish();
    let held = performed(&rig, "jam-replay.mid");
    assert!(held[0].1.contains("NoteOn"), "{held:?}");
    let notes: Vec<u8> = rig.sent().iter().map(|bytes| bytes[0] & 0xF0).filter(|status| *status < 0xA0).collect();
    assert_eq!(notes, [0x90, 0x80, 0x90, 0x80]);
}

#[test]
fn what_cannot_be_replayed_is_refused_in_words() {
    let mut rig = Rig::new();
    rig.ask("record.start quiet");
    rig.wait_ms(200);
    assert!(rig.refused("take.replay quiet").contains("is being recorded"));
    rig.ask("record.stop");
    rig.wait_ms(100);
    assert!(rig.refused("take.replay quiet").contains("nothing was played beside it"));
    assert!(rig.refused("take.replay jam").contains("no such take"));
    assert!(rig.refused("take.replay ../jam").contains("not a take name"));
}
