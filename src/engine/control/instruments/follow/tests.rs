//! Knobs turned on the synth, in virtual time: the parameter follows, and nothing is sent back.

use super::*;
use crate::{engine::control::tests::Rig, profile::Profile};

const PROFILE: &str = "
id: wide
name: Wide
source: made up
sections: [All]
parameters:
  - { name: bend, section: All, pitchbend: yes }
  - { name: program, section: All, program: yes }
  - { name: range, section: All, rpn: [0, 0] }
  - { name: wave, section: All, nrpn: [1, 2], range: [0, 5] }
  - { name: pitch, section: All, cc: 34, lsb: 63, lsb_bits: 3 }
  - { name: shape, section: All, cc: 36, lsb: 63, lsb_bits: 3 }
";

#[test]
fn a_controller_moves_its_knob_once_and_is_not_sent_back() {
    let mut rig = Rig::new();
    rig.hear(&[0xB0, 43, 30, 43, 31, 43, 32]);
    assert_eq!(rig.value("filter_cutoff"), 32);
    assert_eq!(rig.told(), [("filter_cutoff".to_owned(), 32)], "a fast hand is one change");
    rig.ask(&format!("param.set filter_cutoff {}", 32.0 / 127.0));
    rig.wait_ms(100);
    assert_eq!(rig.sent(), Vec::<Vec<u8>>::new(), "the synth has it");
    rig.ask("param.set filter_cutoff 1");
    rig.wait_ms(100);
    assert_eq!(rig.sent(), [[0xB0, 43, 127]]);
}

#[test]
fn a_knob_turned_on_the_synth_is_undone_on_the_synth() {
    let mut rig = Rig::new();
    let before = rig.value("filter_cutoff");
    rig.hear(&[0xB0, 43, 30]);
    rig.hear(&[0xB0, 43, 32]);
    rig.ask("param.undo");
    rig.wait_ms(100);
    assert_eq!(rig.value("filter_cutoff"), before);
    assert_eq!(rig.sent(), [[0xB0, 43, before as u8]]);
}

#[test]
fn a_stepped_knob_goes_to_the_nearest_option() {
    let mut rig = Rig::new();
    rig.hear(&[0xB0, 42, 20]);
    assert_eq!(rig.value("filter_type"), 18);
    assert_eq!(rig.sent(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_pair_is_one_value_whichever_half_comes_first() {
    let mut rig = Rig::new();
    let name = rig.name(Target::Cc14 { msb: 54, lsb: 102 });
    rig.hear(&[0xB0, 102, 5, 54, 10]);
    assert_eq!(rig.told(), [(name.clone(), 10 << 7 | 5)]);
    rig.hear(&[0xB0, 54, 20, 102, 7]);
    assert_eq!(rig.told(), [(name.clone(), 20 << 7 | 7)]);
    rig.hear(&[0xB0, 102, 9]);
    rig.hear(&[0xB0, 54, 21]);
    assert_eq!(rig.value(&name), 21 << 7 | 9, "although something came between");
    assert_eq!(rig.sent(), Vec::<Vec<u8>>::new());
}

#[test]
fn an_nrpn_moves_its_knob_in_either_order_and_null_ends_it() {
    let mut rig = Rig::new();
    let [second, third] = [1, 2].map(|lsb| rig.name(Target::Nrpn { msb: 0, lsb }));
    rig.hear(&[0xB0, 99, 0, 98, 1, 38, 3, 6, 100]);
    rig.hear(&[0xB0, 98, 2, 6, 50, 38, 1]);
    assert_eq!(rig.told(), [(second, 100 << 7 | 3), (third, 50 << 7 | 1)]);
    rig.hear(&[0xB0, 99, 127, 98, 127, 6, 1]);
    rig.hear(&[0xB0, 101, 0, 100, 2, 6, 1]);
    assert_eq!(rig.told(), []);
    assert_eq!(rig.sent(), Vec::<Vec<u8>>::new());
}

#[test]
fn other_channels_and_other_controllers_move_nothing() {
    let mut rig = Rig::new();
    let before = rig.offline.status().params;
    rig.hear(&[0xB1, 43, 30, 0xB0, 3, 1, 0x90, 43, 30, 0xF8, 0xC0, 43, 0xE0, 43, 43, 0xF0, 43, 0xF7]);
    assert_eq!(rig.offline.status().params, before);
    assert_eq!(rig.told(), []);
}

#[test]
fn a_synth_that_sends_its_values_back_undoes_nothing() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 0.2");
    rig.wait_ms(5);
    rig.ask("param.set filter_cutoff 0.8");
    rig.hear(&[0xB0, 43, 25]);
    assert_eq!(rig.value("filter_cutoff"), 102);
    assert_eq!(rig.sent(), [[0xB0, 43, 25], [0xB0, 43, 102]], "the last value goes out");
    rig.wait_ms(200);
    rig.hear(&[0xB0, 43, 26]);
    assert_eq!(rig.value("filter_cutoff"), 26);
}

#[test]
fn every_target_is_read() {
    let params = Profile::from_yaml("wide.yaml", PROFILE).unwrap().params;
    let read = |bytes: &[&[u8]]| {
        let mut reader = ParamReader::default();
        bytes.iter().filter_map(|bytes| reader.read(&Message::from_bytes(bytes).unwrap(), &params)).last()
    };
    assert_eq!(read(&[&[0xE0, 1, 2]]), Some((0, Part::Whole(2 << 7 | 1))));
    assert_eq!(read(&[&[0xC0, 9]]), Some((1, Part::Whole(9))));
    assert_eq!(read(&[&[0xB0, 101, 0], &[0xB0, 100, 0], &[0xB0, 6, 2]]), Some((2, Part::Upper(2))));
    assert_eq!(read(&[&[0xB0, 99, 0], &[0xB0, 98, 0], &[0xB0, 6, 2]]), None);
    let of_seven_bits = [&[0xB0, 99, 1][..], &[0xB0, 98, 2], &[0xB0, 6, 3], &[0xB0, 38, 0]];
    assert_eq!(read(&of_seven_bits), Some((3, Part::Whole(3))), "its lower half says nothing");
    assert_eq!(read(&[&[0xB0, 63, 7], &[0xB0, 34, 127]]), Some((4, Part::Whole(1023))));
    assert_eq!(read(&[&[0xB0, 63, 7], &[0xB0, 34, 1], &[0xB0, 36, 1]]), Some((5, Part::Whole(8))), "each has its own");
}
