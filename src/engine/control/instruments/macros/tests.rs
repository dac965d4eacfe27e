//! Macros in virtual time.

use crate::engine::control::tests::Rig;

#[test]
fn a_macro_drives_several_knobs_each_over_its_own_range_and_curve() {
    let mut rig = Rig::new();
    assert_eq!(rig.ask("macro.drive bright filter_cutoff 0.25 1"), "bright drives filter_cutoff from 0.25 to 1");
    rig.ask("macro.drive bright filter_resonance 1 0");
    rig.ask("macro.drive bright osc_shape 0 1 exponential");
    rig.ask("param.set bright 0.5");
    rig.wait_ms(100);
    assert_eq!([rig.value("filter_cutoff"), rig.value("filter_resonance")], [79, 63]);
    assert_eq!(rig.value("osc_shape"), (16_383.0f64 * 0.2).round() as u16, "(16^0.5 - 1) / 15");
    assert!(rig.sent().contains(&vec![0xB0, 43, 79]));
    let shown = rig.profile();
    let bright = shown.params.last().unwrap();
    assert_eq!((bright.name.as_str(), bright.display(rig.value("bright")).as_str()), ("bright", "50 %"));
    assert_eq!(shown.sections.last().unwrap(), "Macros");
}

#[test]
fn a_turned_macro_is_undone_with_what_it_drove() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.5");
    rig.wait_ms(600);
    rig.ask("macro.drive bright filter_cutoff 0 1");
    for place in ["0.7", "0.8", "0.9"] {
        rig.ask(&format!("param.set bright {place}"));
        rig.wait_ms(50);
    }
    assert_eq!(rig.value("filter_cutoff"), 114);
    assert_eq!(rig.ask("param.undo"), "undone: bright");
    assert_eq!([rig.value("bright"), rig.value("filter_cutoff")], [0, 64]);
    rig.ask("param.redo");
    assert_eq!(rig.value("filter_cutoff"), 114);
}

#[test]
fn an_lfo_on_a_macro_moves_the_parameters_it_drives() {
    let mut rig = Rig::new();
    rig.ask("macro.drive bright filter_cutoff 0 1");
    rig.ask("param.set bright 0.5");
    rig.ask("mod.set bright lfo square 5hz depth 0.25");
    rig.wait_ms(500);
    let values: Vec<u8> = rig.sent_of(43).into_iter().map(|(_, value)| value).collect();
    assert!(values.ends_with(&[95, 32, 95, 32]) || values.ends_with(&[32, 95, 32, 95]), "{values:?}");
}

#[test]
fn a_snapshot_sets_a_macro_and_the_parameters_it_drives_each_for_itself() {
    let mut rig = Rig::new();
    rig.ask("macro.drive bright filter_cutoff 0 1");
    rig.ask("param.set bright 0.5");
    rig.ask("param.set filter_cutoff 0.1");
    rig.ask("snapshot.save here");
    rig.ask("param.set bright 1");
    rig.ask("snapshot.recall here");
    assert_eq!([rig.value("filter_cutoff"), rig.value("bright")], [13, 8192]);
}

#[test]
fn knobs_keep_their_values_when_macros_are_added_and_removed() {
    let mut rig = Rig::new();
    rig.ask("macro.drive one filter_cutoff 0 1");
    rig.ask("macro.drive two filter_resonance 0 1");
    rig.ask("param.set two 0.5");
    rig.ask("mod.set two lfo 1hz depth 0.1");
    rig.wait_ms(100);
    assert_eq!(rig.ask("macro.drop one"), "one is deleted");
    let profile = rig.profile();
    assert!(profile.param_index("one").is_none() && profile.sections.last().unwrap() == "Macros");
    assert_eq!([rig.value("two"), rig.value("filter_resonance")].map(|value| value > 0), [true, true]);
    assert_eq!(rig.offline.status().params.motion[0].param, profile.param_index("two").unwrap());
    rig.ask("macro.drop two filter_resonance");
    assert!(!rig.profile().sections.contains(&"Macros".to_owned()));
    assert!(rig.offline.status().params.motion.is_empty());
}

#[test]
fn an_impossible_macro_or_drive_is_refused() {
    let mut rig = Rig::new();
    assert!(rig.refused("macro.drive filter_cutoff filter_resonance 0 1").contains("choose another macro name"));
    assert!(rig.refused("macro.drive Bright! filter_cutoff 0 1").contains("not a macro name"));
    assert!(rig.refused("macro.drive bright nothing 0 1").contains("no parameter 'nothing'"));
    rig.ask("macro.drive bright filter_cutoff 0 1");
    assert!(rig.refused("macro.drive wide bright 0 1").contains("is a macro"));
    assert!(rig.refused("macro.drop wide").contains("there is only bright"));
    assert!(rig.refused("macro.drop bright osc_shape").contains("does not drive osc_shape"));
}
