//! Modulation in virtual time, at the synth's end of the wire.

use crate::engine::control::tests::Rig;

/// The filter's cutoff on the NTS-1.
const CUTOFF: u8 = 43;

fn range(sent: &[(f64, u8)]) -> (u8, u8) {
    (sent.iter().map(|(_, value)| *value).min().unwrap(), sent.iter().map(|(_, value)| *value).max().unwrap())
}

#[test]
fn an_lfo_modulates_a_parameter_around_its_value_no_closer_than_its_spacing() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.5");
    rig.wait_ms(100);
    rig.sent();
    assert_eq!(rig.ask("mod.set filter_cutoff lfo sine 2hz depth 0.25"), "filter_cutoff: lfo sine 2hz depth 0.25");
    rig.wait_ms(1000);
    let sent = rig.sent_of(CUTOFF);
    assert_eq!(rig.value("filter_cutoff"), 64, "the base value stays");
    assert!(sent.windows(2).all(|two| two[1].0 - two[0].0 > 9.999 && two[0].1 != two[1].1), "{sent:?}");
    let (low, high) = range(&sent);
    assert!((32..=34).contains(&low) && (94..=96).contains(&high), "{low} to {high}");
    // Two cycles: the top is reached after an eighth of a second and half a second later.
    let tops: Vec<f64> = sent.iter().filter(|(_, value)| *value == high).map(|(at_ms, _)| at_ms - 100.0).collect();
    assert!(tops.iter().all(|at| (at % 500.0 - 125.0).abs() < 30.0), "{tops:?}");
    assert_eq!(rig.told(), [("filter_cutoff".to_owned(), 64)], "not each value is an event");
}

#[test]
fn several_modulators_add_up_and_stay_within_the_range() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("mod.set filter_cutoff lfo square 1hz depth 0.2");
    rig.ask("mod.set filter_cutoff lfo2 square 1hz depth 0.1");
    rig.ask("mod.set filter_cutoff lfo3 square 1hz depth 0 offset -0.1");
    rig.wait_ms(400);
    assert_eq!(rig.offline.status().params.motion[0].value, 64 + 25, "0.5 + 0.2 + 0.1 - 0.1 of 127");
    assert_eq!(rig.offline.status().params.motion[0].by.len(), 3);
    rig.ask("mod.set filter_cutoff lfo depth 1");
    rig.wait_ms(1100);
    assert_eq!(range(&rig.sent_of(CUTOFF)), (0, 127));
}

#[test]
fn a_parameter_without_modulators_is_back_at_its_base_value() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.25");
    rig.ask("mod.set filter_cutoff lfo saw 5hz depth 0.2");
    rig.ask("mod.set filter_cutoff env");
    rig.wait_ms(130);
    assert_eq!(rig.refused("mod.off filter_cutoff lfo2"), "filter_cutoff has no lfo2");
    rig.ask("mod.off filter_cutoff lfo");
    assert_eq!(rig.offline.status().params.motion[0].by, ["env depth 0.5"]);
    rig.ask("mod.off filter_cutoff");
    rig.wait_ms(100);
    assert_eq!(rig.sent_of(CUTOFF).last().unwrap().1, 32);
    assert!(rig.offline.status().params.motion.is_empty());
    assert_eq!(rig.refused("mod.off filter_cutoff"), "filter_cutoff has no modulation");
    rig.wait_ms(500);
    assert!(rig.sent().is_empty());
}

#[test]
fn a_synced_lfo_keeps_to_the_bar_through_tempo_changes() {
    let mut rig = Rig::new();
    rig.ask("clock.bpm 120");
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("mod.set filter_cutoff lfo square 1bar depth 0.5");
    rig.ask("transport.play");
    rig.wait_ms(2000);
    rig.ask("clock.bpm 60");
    rig.wait_ms(4000);
    let sent = rig.sent_of(CUTOFF);
    let turns: Vec<(f64, u8)> = sent.iter().filter(|(at_ms, _)| *at_ms > 20.0).copied().collect();
    let at = |turn: usize| (turns[turn].0, turns[turn].1);
    // Half of the first bar, its end, and half of the second, which takes twice as long.
    for (turn, (ms, value)) in [(1000.0, 0), (2000.0, 127), (4000.0, 0), (6000.0, 127)].into_iter().enumerate().take(3)
    {
        let (at_ms, sent) = at(turn);
        assert!((at_ms - ms).abs() < 12.0 && sent == value, "{turns:?}");
    }
}

#[test]
fn an_envelope_follows_the_notes_and_each_note_begins_it() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("mod.set filter_cutoff env attack 100 decay 100 sustain 0.5 release 100 depth 1");
    rig.wait_ms(200);
    rig.sent();
    rig.ask("note.play C4 100 400");
    rig.wait_ms(105);
    assert!(rig.offline.status().params.motion[0].value > 115, "at the top");
    rig.wait_ms(200);
    assert_eq!(rig.offline.status().params.motion[0].value, 64);
    rig.wait_ms(300);
    assert_eq!(rig.offline.status().params.motion[0].value, 0, "the note ended by itself");
    rig.hear(&[0x90, 60, 100]);
    rig.wait_ms(400);
    assert_eq!(rig.offline.status().params.motion[0].value, 64, "the synth's own keys count too");
    rig.hear(&[0x90, 62, 100, 0x80, 60, 0]);
    rig.wait_ms(85);
    assert!(rig.offline.status().params.motion[0].value > 115, "a second note begins it again");
    rig.hear(&[0x91, 62, 100, 0x90, 62, 0]);
    rig.wait_ms(200);
    assert_eq!(rig.offline.status().params.motion[0].value, 0);
}

#[test]
fn an_envelope_is_started_and_released_on_command_and_by_panic() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("mod.set filter_cutoff env attack 0 decay 0 sustain 1 release 0 depth 0.5 by command");
    let value = |rig: &mut Rig| {
        rig.wait_ms(20);
        rig.offline.status().params.motion[0].value
    };
    rig.ask("note.on C4 100");
    assert_eq!(value(&mut rig), 0, "notes do not begin it");
    rig.ask("mod.gate filter_cutoff on");
    assert_eq!(value(&mut rig), 64);
    rig.ask("mod.gate filter_cutoff toggle");
    assert_eq!(value(&mut rig), 0);
    assert!(rig.refused("mod.gate filter_resonance on").contains("has no envelope"));
    rig.ask("mod.set filter_cutoff env by notes");
    assert_eq!(value(&mut rig), 64, "a note is held");
    rig.ask("midi.panic");
    assert_eq!(value(&mut rig), 0);
}

#[test]
fn a_stepped_knob_goes_from_option_to_option() {
    let mut rig = Rig::new();
    rig.ask("mod.set filter_type lfo saw 1hz depth 0.5 offset 0.5");
    rig.wait_ms(1000);
    let values: Vec<u8> = rig.sent_of(42).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [0, 18, 36, 54, 72, 90, 127]);
}

#[test]
fn a_pair_and_an_nrpn_are_moved_whole() {
    let mut rig = Rig::new();
    rig.ask("mod.set osc_shape lfo triangle 1hz depth 0.5 offset 0.5");
    rig.ask("mod.set osc_edit_1 lfo triangle 1hz depth 0.5 offset 0.5");
    rig.wait_ms(500);
    let sent = rig.sent();
    let pairs = sent.iter().zip(sent.iter().skip(1)).filter(|(first, _)| first[1] == 102);
    assert!(pairs.clone().count() > 20);
    assert!(pairs.into_iter().all(|(_, second)| second[1] == 54));
    let numbers: Vec<u8> = sent.iter().map(|bytes| bytes[1]).filter(|number| ![54, 102].contains(number)).collect();
    assert!(numbers.len() > 80 && numbers.chunks(4).all(|four| four == [99, 98, 38, 6]), "{numbers:?}");
}

#[test]
fn the_user_and_a_morph_set_the_value_an_lfo_moves_around() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 1");
    rig.ask("snapshot.save open");
    rig.ask("param.set filter_cutoff 0.25");
    rig.ask("mod.set filter_cutoff lfo square 10hz depth 0.1");
    rig.wait_ms(200);
    rig.sent();
    rig.ask("param.set filter_cutoff 0.5");
    rig.wait_ms(200);
    assert_eq!(range(&rig.sent_of(CUTOFF)), (51, 77));
    rig.ask("snapshot.recall open 2");
    rig.wait_ms(1000);
    let half_way = range(&rig.sent_of(CUTOFF));
    assert!((51..55).contains(&half_way.0) && (106..110).contains(&half_way.1), "{half_way:?}");
    rig.wait_ms(1200);
    assert_eq!(rig.value("filter_cutoff"), 127);
    rig.ask("mod.off filter_cutoff");
    rig.wait_ms(50);
    assert_eq!(rig.sent_of(CUTOFF).last().unwrap().1, 127);
}

#[test]
fn a_morph_over_bars_takes_as_long_as_they_do() {
    let mut rig = Rig::new();
    rig.ask("clock.bpm 240");
    rig.ask("param.set filter_cutoff 1");
    rig.ask("snapshot.save open");
    rig.ask("param.set filter_cutoff 0");
    rig.wait_ms(100);
    rig.sent();
    rig.ask("snapshot.recall open 2bars");
    rig.wait_ms(1990);
    assert_eq!(rig.offline.status().morph.as_ref().unwrap().percent, 99);
    rig.wait_ms(20);
    let sent = rig.sent_of(CUTOFF);
    assert_eq!((&*rig.offline.status().morph, sent.last().unwrap().1), (&None, 127));
    assert!(sent.last().unwrap().0 - sent[0].0 > 1900.0);
}

#[test]
fn a_program_is_moved_by_nothing() {
    let mut rig = Rig::new();
    rig.ask("profile.use fm_synth");
    let program = rig.profile().params.iter().find(|p| p.target == Some(crate::profile::Target::Program)).cloned();
    if let Some(param) = program {
        assert!(rig.refused(&format!("mod.set {} lfo", param.name)).contains("changes the program"));
    }
    assert!(rig.refused("mod.set nothing lfo").contains("no parameter 'nothing'"));
}

#[test]
fn a_knob_turned_on_the_synth_moves_the_base_value_of_an_lfo_and_an_echo_does_not() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("mod.set filter_cutoff lfo square 0.5hz depth 0.1");
    rig.wait_ms(300);
    let sounds = rig.offline.status().params.motion[0].value;
    assert_eq!(sounds, 77);
    rig.hear(&[0xB0, CUTOFF, 90]);
    assert_eq!(rig.value("filter_cutoff"), 77, "long after it was sent, it is the user's");
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("param.set filter_cutoff 0.6");
    rig.hear(&[0xB0, CUTOFF, 77]);
    assert_eq!(rig.value("filter_cutoff"), 76, "what comes back at once is no hand");
    rig.hear(&[0xB0, CUTOFF, 40]);
    assert_eq!(rig.value("filter_cutoff"), 27);
    rig.wait_ms(100);
    assert_eq!(rig.offline.status().params.motion[0].value, 40, "the top of the swing, as the hand has it");
}

#[test]
fn a_key_that_is_held_while_its_keyboard_goes_holds_nothing_open() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0");
    rig.ask("mod.set filter_cutoff env attack 0 decay 0 sustain 1 release 0 depth 0.5");
    rig.hear(&[0x90, 60, 100]);
    assert_eq!(rig.offline.status().params.motion[0].value, 64);
    rig.unplug();
    assert_eq!(rig.offline.status().params.motion[0].value, 0);
}
