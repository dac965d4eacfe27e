//! Automation in virtual time.

use crate::engine::control::tests::Rig;

/// The filter's cutoff on the NTS-1.
const CUTOFF: u8 = 43;

/// Plays a bar at 120 BPM, in which the cutoff is turned to each of these positions, each at its ms.
fn play(rig: &mut Rig, turns: &[(i64, &str)]) {
    rig.ask("transport.locate 1:1:0");
    rig.ask("transport.play");
    let mut gone = 0;
    for (ms, place) in turns {
        rig.wait_ms(ms - gone);
        rig.ask(&format!("param.set filter_cutoff {place}"));
        gone = *ms;
    }
    rig.wait_ms(2000 - gone);
    rig.ask("transport.stop");
    rig.wait_ms(100);
}

/// The values sent in a bar that is only played, with their time in ms from its beginning.
fn played(rig: &mut Rig) -> Vec<(f64, u8)> {
    rig.sent();
    let begin_ms = rig.offline.frame() as f64 / 48.0;
    play(rig, &[]);
    rig.sent_of(CUTOFF).into_iter().map(|(at_ms, value)| ((at_ms - begin_ms).round(), value)).collect()
}

#[track_caller]
fn nearly(played: &[(f64, u8)], expected: &[(f64, u8)]) {
    let near = |((at, value), (ms, wanted)): (&(f64, u8), &(f64, u8))| value == wanted && (at - ms).abs() <= 12.0;
    assert!(played.len() == expected.len() && played.iter().zip(expected).all(near), "{played:?}, not {expected:?}");
}

#[test]
fn turns_recorded_while_armed_play_back_in_their_place() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("auto.arm on");
    play(&mut rig, &[(500, "0.5"), (1000, "1")]);
    rig.ask("auto.arm off");
    let shown = rig.offline.status();
    assert!(!shown.automation.armed && shown.params.automated.len() == 1);
    // From the beginning up to the first turn it keeps its value from before.
    nearly(&played(&mut rig), &[(0.0, 0), (500.0, 64), (1000.0, 127)]);
    nearly(&played(&mut rig), &[(0.0, 0), (500.0, 64), (1000.0, 127)]);
}

#[test]
fn a_turn_while_not_armed_or_while_the_song_is_stopped_is_not_recorded() {
    let mut rig = Rig::new();
    play(&mut rig, &[(500, "0.5")]);
    rig.ask("auto.arm on");
    rig.ask("param.set filter_cutoff 0.1");
    rig.wait_ms(100);
    assert!(rig.offline.status().params.automated.is_empty());
    assert!(played(&mut rig).is_empty());
}

#[test]
fn turns_replace_recorded_points_for_as_long_as_the_user_turns() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("auto.arm on");
    play(&mut rig, &[(200, "0.2"), (400, "0.4"), (600, "0.6"), (800, "0.8"), (1800, "1")]);
    rig.wait_ms(600);
    rig.ask("param.set filter_cutoff 0");
    play(&mut rig, &[(300, "0.9"), (500, "0.7")]);
    rig.ask("auto.arm off");
    // 0.4 was recorded between the turns; the knob was released half a second after the last, at 1000.
    nearly(&played(&mut rig), &[(0.0, 0), (200.0, 25), (300.0, 114), (500.0, 89), (1800.0, 127)]);
}

#[test]
fn it_plays_from_any_place_of_the_song_and_is_silent_when_off() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("auto.arm on");
    play(&mut rig, &[(500, "0.5"), (1000, "1")]);
    rig.ask("auto.arm off");
    rig.ask("param.set filter_cutoff 0.1");
    rig.wait_ms(50);
    rig.ask("transport.locate 1:2:240");
    rig.ask("transport.play");
    rig.wait_ms(20);
    assert_eq!(rig.value("filter_cutoff"), 64, "the value at that place");
    rig.ask("transport.stop");
    rig.ask("auto.on off");
    rig.ask("param.set filter_cutoff 0.1");
    rig.wait_ms(50);
    assert!(played(&mut rig).is_empty());
    rig.ask("auto.on on");
    assert!(rig.refused("auto.clear filter_resonance").contains("no automation"));
    rig.ask("auto.clear filter_cutoff");
    assert!(rig.offline.status().params.automated.is_empty() && played(&mut rig).is_empty());
}

#[test]
fn a_recorded_macro_drives_again() {
    let mut rig = Rig::new();
    rig.ask("macro.drive open filter_cutoff 0 1");
    rig.ask("auto.arm on");
    rig.ask("transport.play");
    rig.wait_ms(500);
    rig.ask("param.set open 1");
    rig.wait_ms(700);
    rig.ask("transport.stop");
    rig.ask("auto.arm off");
    rig.ask("param.set open 0");
    rig.wait_ms(100);
    nearly(&played(&mut rig), &[(500.0, 127)]);
}

#[test]
fn points_the_song_jumps_over_during_a_turn_stay() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("auto.arm on");
    play(&mut rig, &[(500, "0.5"), (1000, "1")]);
    rig.ask("param.set filter_cutoff 0");
    rig.wait_ms(600);
    rig.ask("transport.locate 1:1:0");
    rig.ask("transport.play");
    rig.wait_ms(100);
    rig.ask("param.set filter_cutoff 0.2");
    rig.ask("transport.locate 1:4:0");
    rig.wait_ms(300);
    rig.ask("transport.stop");
    rig.ask("auto.arm off");
    nearly(&played(&mut rig), &[(0.0, 0), (100.0, 25), (500.0, 64), (1000.0, 127)]);
}
