//! Clips: what is heard after each change of one, and that each change is one undo.

use super::{BAR, Rig};

/// A level in each bar of the song: what is heard says which bars it is made of.
const LEVELS: [f32; 2] = [1.0 / 64.0, 1.0 / 32.0];

/// A song of two bars on one track, in one clip, and the song stopped.
fn recorded() -> Rig {
    let mut rig = Rig::new();
    rig.run_to(1_000);
    rig.ask("track.add lead");
    rig.ask("track.arm 1 on");
    rig.ask("track.record on");
    while !rig.offline.status().transport.playing {
        let next = rig.offline.frame() + 1;
        rig.run_to(next);
    }
    let start = rig.song_start();
    let level = move |frame: i64| match (frame - start).div_euclid(BAR) {
        bar @ 0..=1 => LEVELS[bar as usize],
        _ => 0.0,
    };
    rig.run_with(start + 2 * BAR, level);
    rig.ask("track.record off");
    rig.ask("transport.stop");
    let end = rig.offline.frame();
    rig.run_with(end + BAR, |_| 0.0);
    assert_eq!(rig.track(1).clips, 1);
    rig
}

/// What is heard in the middle of the first halves of bars, after the song was played from its beginning.
fn bars(rig: &mut Rig, count: i64) -> Vec<f32> {
    rig.ask("transport.locate 1:1:0");
    let frame = rig.offline.frame();
    rig.run_with(frame + 4_800, |_| 0.0);
    let start = rig.play();
    rig.run_with(start + count * BAR, |_| 0.0);
    rig.ask("transport.stop");
    let frame = rig.offline.frame();
    rig.run_with(frame + 4_800, |_| 0.0);
    (0..count).map(|bar| rig.heard[(start + bar * BAR + BAR / 4) as usize]).collect()
}

#[test]
fn a_clip_is_split_moved_copied_and_deleted_and_each_is_one_undo() {
    let mut rig = recorded();
    let [one, two] = LEVELS;
    assert_eq!(bars(&mut rig, 4), [one, two, 0.0, 0.0]);
    assert_eq!(rig.ask("clip.split 1 1 2:1:0"), "lead: clip 1 split at 2:1:0");
    assert_eq!(bars(&mut rig, 4), [one, two, 0.0, 0.0]);
    assert_eq!(rig.ask("clip.move 1 2 4:1:0"), "lead: clip 2 moved to 4:1:0");
    assert_eq!(bars(&mut rig, 4), [one, 0.0, 0.0, two]);
    assert_eq!(rig.ask("clip.duplicate 1 1"), "lead: clip 1 copied to 2:1:0");
    assert_eq!(bars(&mut rig, 4), [one, one, 0.0, two]);
    assert_eq!(rig.ask("clip.delete 1 1"), "lead: clip 1 deleted; edit.undo brings it back");
    assert_eq!(bars(&mut rig, 4), [0.0, one, 0.0, two]);
    assert_eq!(rig.ask("clip.mute 1 2 toggle"), "lead: clip 2 muted");
    assert_eq!(bars(&mut rig, 4), [0.0, one, 0.0, 0.0]);
    for heard in [[0.0, one, 0.0, two], [one, one, 0.0, two], [one, 0.0, 0.0, two], [one, two, 0.0, 0.0]] {
        rig.ask("edit.undo");
        assert_eq!(bars(&mut rig, 4), heard);
    }
}

#[test]
fn a_clip_is_trimmed_gets_its_gain_and_snaps_to_the_grid() {
    let mut rig = recorded();
    let [one, two] = LEVELS;
    rig.ask("clip.trim 1 1 2:1:0 3:1:0");
    assert_eq!(bars(&mut rig, 3), [0.0, two, 0.0]);
    // What was cut off is still in the take.
    rig.ask("clip.trim 1 1 1:1:0 2:1:0");
    assert_eq!(bars(&mut rig, 3), [one, 0.0, 0.0]);
    rig.ask("clip.gain 1 1 -120");
    assert_eq!(bars(&mut rig, 1), [0.0]);
    rig.ask("edit.undo");
    rig.ask("clip.move 1 1 2:1:100");
    assert_eq!(rig.ask("clip.snap 1 1"), "lead: clip 1 moved to 2:1:0");
    assert_eq!(bars(&mut rig, 3), [0.0, one, 0.0]);
    // It comes from silence for half a bar.
    rig.ask("clip.fade 1 1 1 0");
    let heard = bars(&mut rig, 2)[1];
    assert!((heard - one / 2.0).abs() < one / 1_000.0, "{heard}");
    let lines = rig.ask("clip.list 1");
    assert!(lines.starts_with("1 2:1:0 to 3:1:0, 2.00 s of lead"), "{lines}");
}

#[test]
fn a_clip_that_is_not_there_and_a_place_outside_are_refused_in_words() {
    let mut rig = recorded();
    let mut refused = |line: &str| rig.offline.ask(&line.parse().unwrap()).unwrap_err();
    assert_eq!(refused("clip.move 1 2 1:1:0"), "lead has no clip 2: it has 1");
    assert_eq!(refused("clip.split 1 1 9:1:0"), "clip 1 of lead stays as it is: that place is not inside the clip");
    assert!(refused("clip.trim 1 1 2:1:0 2:1:0").contains("would be empty"));
    assert!(refused("clip.gain 2 1 0").starts_with("there is no track 2"));
}
