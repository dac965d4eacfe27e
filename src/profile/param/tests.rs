//! Laws of a parameter.

use super::{super::Profile, *};
use proptest::prelude::*;

fn plain_param(lo: u16, hi: u16) -> Param {
    Param {
        name: "cutoff".to_owned(),
        label: "Cutoff".to_owned(),
        section: 0,
        target: Some(Target::PitchBend),
        halves: Halves::default(),
        drives: Vec::new(),
        lo,
        hi,
        default: lo,
        curve: Curve::Linear,
        options: Vec::new(),
        centered: false,
        unit: None,
        display_ends: None,
        spacing_ms: None,
        smoothing_ms: None,
        random: true,
    }
}

fn delay_type() -> Param {
    let options =
        [(0, "off"), (9, "stereo"), (27, "ping pong"), (63, "stereo BPM"), (81, "ping pong BPM"), (127, "doubling")];
    Param {
        curve: Curve::Stepped,
        options: options.map(|(value, label)| ParamOption::new(value, label)).to_vec(),
        ..plain_param(0, 127)
    }
}

#[test]
fn options_share_the_knob_evenly_and_the_nearest_is_taken() {
    let param = delay_type();
    for (option, at) in param.options.iter().zip(0..) {
        let position = f64::from(at) / 5.0;
        assert_eq!(param.position_of(option.value), position);
        for near in [position - 0.09, position, position + 0.09] {
            assert_eq!(param.value_at(near), option.value);
        }
    }
    assert_eq!(param.position_of(70), 0.6);
}

#[test]
fn a_stepped_parameter_snaps_to_the_nearest_option() {
    let param = delay_type();
    let nearest = [(0, 0), (4, 0), (5, 9), (18, 9), (19, 27), (100, 81), (105, 127), (9999, 127)];
    for (value, snapped) in nearest {
        assert_eq!(param.snap(value), snapped, "{value}");
    }
    assert_eq!(plain_param(3, 90).snap(0), 3);
    assert_eq!(plain_param(3, 90).snap(127), 90);
}

#[test]
fn a_single_option_is_the_only_value() {
    let mut param = delay_type();
    param.options.truncate(1);
    assert_eq!((param.value_at(1.0), param.position_of(77), param.step(5, 3), param.snap(99)), (0, 0.0, 0, 0));
}

#[test]
fn a_step_is_an_option_a_value_or_a_128th_and_stops_at_the_ends() {
    let stepped = delay_type();
    assert_eq!(stepped.step(9, 1), 27);
    assert_eq!(stepped.step(9, -1), 0);
    assert_eq!(stepped.step(10, 1), 27);
    assert_eq!(stepped.step(0, i32::MIN), 0);
    assert_eq!(stepped.step(0, i32::MAX), 127);
    let narrow = plain_param(0, 127);
    assert_eq!(narrow.step(64, 1), 65);
    assert_eq!(narrow.step(64, -10), 54);
    assert_eq!(narrow.step(120, 10), 127);
    assert_eq!(narrow.step(127, i32::MIN), 0);
    let wide = plain_param(0, 16383);
    assert_eq!(wide.step(0, 1), 128);
    assert_eq!(wide.step(100, 1), 228);
    assert_eq!(wide.step(16300, 1), 16383);
    assert_eq!(wide.step(0, i32::MAX), 16383);
    assert_eq!(plain_param(0, 200).step(10, 1), 12);
}

#[test]
fn steps_down_from_the_top_of_a_wide_range_reach_the_centre() {
    let wide = plain_param(0, 16383);
    assert_eq!(wide.step(16383, -64), wide.centre());
    let mut value = 16383;
    for _ in 0..64 {
        value = wide.step(value, -1);
    }
    assert_eq!(value, 8192);
}

#[test]
fn the_centre_is_the_upper_of_two_middles() {
    assert_eq!(plain_param(0, 127).centre(), 64);
    assert_eq!(plain_param(0, 16383).centre(), 8192);
    assert_eq!(plain_param(0, 100).centre(), 50);
}

#[test]
fn text_is_a_position_or_an_option() {
    let param = delay_type();
    for (text, value) in [
        ("0", 0),
        ("1", 127),
        ("1.0", 127),
        (" 0.4 ", 27),
        ("off", 0),
        ("Ping-Pong", 27),
        ("ping_pong", 27),
        ("pingpong bpm", 81),
        ("STEREO", 9),
        ("stereob", 63),
        ("d", 127),
    ] {
        assert_eq!(param.parse(text), Ok(value), "{text}");
    }
    assert_eq!(plain_param(0, 127).parse("0.8"), Ok(102));
}

#[test]
fn the_error_names_the_text_and_the_allowed_values() {
    let fails = |param: &Param, text: &str| param.parse(text).expect_err(text);
    assert_eq!(fails(&plain_param(0, 127), "1.5"), "cutoff: '1.5' is not a position, allowed 0 to 1");
    assert_eq!(fails(&plain_param(0, 127), "NaN"), "cutoff: 'NaN' is not a position, allowed 0 to 1");
    assert_eq!(fails(&delay_type(), "s"), "cutoff: 's' could be stereo, stereo BPM");
    for text in ["tape", "", " - ", "2"] {
        let allowed = "allowed off, stereo, ping pong, stereo BPM, ping pong BPM, doubling, or 0 to 1";
        assert_eq!(fails(&delay_type(), text), format!("cutoff: '{}' is not an option, {allowed}", text.trim()));
    }
}

#[test]
fn values_are_shown_as_musicians_read_them() {
    assert_eq!(delay_type().display(63), "stereo BPM");
    assert_eq!(delay_type().display(60), "stereo BPM");
    assert_eq!(plain_param(0, 127).display(77), "77");
    let with_unit = Param { unit: Some("ms".to_owned()), ..plain_param(0, 127) };
    assert_eq!(with_unit.display(77), "77 ms");
    let centered = Param { centered: true, ..plain_param(0, 127) };
    assert_eq!([0, 52, 64, 69, 127].map(|value| centered.display(value)), ["-64", "-12", "0", "+5", "+63"]);
    let sweep = Param { display_ends: Some((63, -63)), ..centered };
    assert_eq!([0, 62, 63, 64, 65, 127].map(|value| sweep.display(value)), ["+63", "+1", "0", "0", "-1", "-63"]);
}

proptest! {
    #[test]
    fn nothing_leaves_the_range(a: u16, b: u16, value: u16, steps: i32, position: f64) {
        prop_assume!(a != b);
        let param = plain_param(a.min(b), a.max(b));
        for reached in [param.step(value, steps), param.snap(value), param.value_at(position), param.centre()] {
            prop_assert!((param.lo..=param.hi).contains(&reached));
        }
        prop_assert!((0.0..=1.0).contains(&param.position_of(value)));
    }

    #[test]
    fn an_option_converts_to_a_position_and_back(
        values in proptest::collection::btree_set(0u16..=16383, 1..200)
    ) {
        let options = values.iter().map(|value| ParamOption::new(*value, format!("type {value}"))).collect();
        let param = Param { curve: Curve::Stepped, options, ..plain_param(0, 16383) };
        for value in values {
            prop_assert_eq!(param.value_at(param.position_of(value)), value);
            prop_assert_eq!(param.snap(value), value);
        }
    }
}

#[test]
fn randomizing_leaves_controls_that_play_select_or_switch_unless_the_profile_says_otherwise() {
    let text = |carrier: &str| {
        format!("id: x\nname: X\nsource: s\nsections: [A]\nparameters:\n  - {{ name: p, section: A, {carrier} }}\n")
    };
    let random = |carrier: &str| Profile::from_yaml("x.yaml", &text(carrier)).unwrap().params[0].random;
    let kept = [0, 6, 32, 38, 64, 65, 66, 67, 68, 69, 96, 97, 98, 99, 100, 101, 120, 121, 122, 123, 124, 125, 126, 127];
    for cc in 0..=127 {
        assert_eq!(random(&format!("cc: {cc}")), !kept.contains(&cc), "cc {cc}");
        assert!(random(&format!("cc: {cc}, random: yes")), "cc {cc}");
        assert!(!random(&format!("cc: {cc}, random: no")), "cc {cc}");
    }
    assert!(!random("cc: 0, lsb: 32") && !random("cc: 10, lsb: 64") && random("cc: 1, lsb: 33"));
    assert!(!random("program: yes") && random("pitchbend: yes") && random("nrpn: [0, 1]"));
}
