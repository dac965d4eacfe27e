//! Meaning and faults of the short format.

use super::*;
use crate::profile::{Curve, Param, Target};

fn read_sound(text: &str) -> Vec<Profile> {
    let short = check("config.yaml", text, |_| None).unwrap();
    assert_eq!(short.faults, []);
    short.profiles
}

fn told(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_short_profile_means_the_same_as_the_whole_one() {
    let short = "
audio: { device: sim }
cc_profiles:
  my_synth:
    filter_cutoff: { cc: 74, range: [0, 100], curve: exponential, label: Cutoff, unit: Hz, display: [20, 20000] }
    shape: { cc: 70, options: [{ value: 0, label: saw }, { value: 64, label: square }], default: 64, random: no }
    tune: { nrpn: [1, 2], centered: yes, spacing_ms: 20, smoothing_ms: 30 }
    bend: { pitchbend: yes }
";
    let whole = "
id: my_synth
name: my_synth
source: the settings file
sections: [Knobs]
parameters:
  - { name: filter_cutoff, section: Knobs, cc: 74, range: [0, 100], curve: exponential, label: Cutoff, unit: Hz, display: [20, 20000] }
  - { name: shape, section: Knobs, cc: 70, options: [{ value: 0, label: saw }, { value: 64, label: square }], default: 64, random: no }
  - { name: tune, section: Knobs, nrpn: [1, 2], centered: yes, spacing_ms: 20, smoothing_ms: 30 }
  - { name: bend, section: Knobs, pitchbend: yes }
";
    assert_eq!(read_sound(short), [Profile::from_yaml("my_synth.yaml", whole).unwrap()]);
}

#[test]
fn a_profile_of_the_program_before_has_a_name_and_its_parameters() {
    let named = read_sound(
        "cc_profiles: { my_synth: { name: 'My Custom Synthesizer', parameters: { filter_cutoff: { cc: 74, range: [0, 127], curve: 'exponential' } } } }\n",
    );
    let short = read_sound("cc_profiles: { my_synth: { filter_cutoff: { cc: 74, curve: exponential } } }\n");
    assert_eq!(named[0].name, "My Custom Synthesizer");
    assert_eq!(named[0].params, short[0].params);
}

#[test]
fn parameters_may_be_called_name_and_parameters() {
    let profiles = read_sound("cc_profiles: { a: { name: { cc: 1 }, parameters: { cc: 2 } } }\n");
    let names: Vec<&str> = profiles[0].params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!((profiles[0].name.as_str(), names), ("a", vec!["name", "parameters"]));
}

#[test]
fn a_parameter_needs_only_its_controller() {
    let profiles = read_sound("cc_profiles: { a: { resonance: { cc: 71 } }, b: { resonance: { cc: 71 } } }\n");
    let ids: Vec<&str> = profiles.iter().map(|profile| profile.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    let Param { name, label, target, lo, hi, curve, .. } = &profiles[0].params[0];
    assert_eq!((name.as_str(), label.as_str(), target), ("resonance", "resonance", &Some(Target::Cc(71))));
    assert_eq!((*lo, *hi, *curve, profiles[0].channel), (0, 127, Curve::Linear, 1));
}

#[test]
fn every_fault_is_reported_with_its_line_and_the_valid_profiles_count() {
    let text = "\
audio: { blok: 3 }
cc_profiles:
  bad:
    cutoff: { cc: 200 }
    low: { cc: 74, range: [90, 10] }
    again: { cc: 74, curve: cubic }
    none: { label: Nothing }
    named: { cc: 3, name: other, section: Knobs }
    number: 74
    cutoff: { cc: 5 }
    Not A Word: { cc: 6 }
  good:
    cutoff: { cc: 74 }
  good:
    cutoff: { cc: 75 }
  My Synth:
    cutoff: { cc: 74 }
  of_a_file:
    cutoff: { cc: 74 }
  empty: {}
  nothing:
";
    let short = check("config.yaml", text, |id| (id == "of_a_file").then_some("profiles/x.yaml")).unwrap();
    assert_eq!(
        told(&short.faults),
        [
            "config.yaml:4 cc_profiles.bad.cutoff: 'cutoff' appears more than once, allowed once",
            "config.yaml:4 cc_profiles.bad.cutoff.cc: '200' does not fit, allowed 0 to 127",
            "config.yaml:5 cc_profiles.bad.low.range: '90' to '10' is empty, allowed [lowest, highest]",
            "config.yaml:6 cc_profiles.bad.again.cc: 'cc 74' already carries low, allowed one parameter each",
            "config.yaml:6 cc_profiles.bad.again.curve: 'cubic' is not a curve, allowed linear, exponential, logarithmic, stepped",
            "config.yaml:7 cc_profiles.bad.none: no controller, allowed one of cc, cc + lsb, nrpn, rpn, pitchbend, \
             program, drives",
            "config.yaml:8 cc_profiles.bad.named.name: 'name' is not a field here, allowed label, cc, lsb, lsb_bits, nrpn, rpn, pitchbend, program, drives, range, default, curve, options, centered, unit, display, spacing_ms, smoothing_ms, random",
            "config.yaml:8 cc_profiles.bad.named.section: 'section' is not a field here, allowed label, cc, lsb, lsb_bits, nrpn, rpn, pitchbend, program, drives, range, default, curve, options, centered, unit, display, spacing_ms, smoothing_ms, random",
            "config.yaml:9 cc_profiles.bad.number: '74' does not fit, allowed a mapping of label, cc, lsb, lsb_bits, nrpn, rpn, pitchbend, program, drives, range, default, curve, options, centered, unit, display, spacing_ms, smoothing_ms, random",
            "config.yaml:11 cc_profiles.bad.Not A Word: 'Not A Word' does not fit, allowed a to z, 0 to 9 and _, a letter first",
            "config.yaml:13 cc_profiles.good: 'good' appears more than once, allowed once",
            "config.yaml:17 cc_profiles.My Synth: 'My Synth' does not fit, allowed a to z, 0 to 9 and _, a letter first",
            "config.yaml:19 cc_profiles.of_a_file: 'of_a_file' is already the id of profiles/x.yaml",
            "config.yaml:20 cc_profiles.empty: is empty, allowed one or more",
            "config.yaml:21 cc_profiles.nothing: 'nothing' does not fit, allowed a mapping",
        ]
    );
    assert_eq!(short.faulty, ["bad", "My Synth", "of_a_file", "empty", "nothing"]);
    let profiles: Vec<(&str, Target)> =
        short.profiles.iter().map(|profile| (profile.id.as_str(), profile.params[0].target.unwrap())).collect();
    assert_eq!(profiles, [("good", Target::Cc(74))]);
}

#[test]
fn a_field_that_is_no_list_of_profiles_is_one_fault() {
    for text in ["cc_profiles: 3\n", "cc_profiles: [a]\n", "3\n", "cc_profiles: {\n"] {
        let faults = check("config.yaml", text, |_| None).err().unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
    for text in ["", "# nothing\n", "cc_profiles:\n", "audio: 3\n"] {
        assert!(read_sound(text).is_empty());
    }
}
