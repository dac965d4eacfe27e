//! Modulation and automation in the midi.jsonl of a script: a morph, an LFO, a 14-bit pair and an NRPN, automation and
//! a macro.

use assert_cmd::Command;
use std::fs;

const SCRIPT: &str = "
bpm: 120
steps:
  # From 0.5 s on the knobs of `low` are morphed to over a bar, two seconds.
  - { at: 0.0, do: [clock.run off, param.set filter_cutoff 0.2, param.set osc_shape 0.1, snapshot.save low] }
  - { at: 0.1, do: [param.set filter_cutoff 0.9, param.set osc_shape 0.9, param.set osc_edit_1 0.5] }
  - { at: 0.5, do: snapshot.recall low 1bar }
  # Two cycles of a quarter note.
  - { at: 3.0, do: mod.set filter_resonance lfo sine 1/4 depth 0.5 offset 0.5 }
  - { at: 4.0, do: mod.off filter_resonance }
  # A macro is turned while the song plays, and plays again.
  - { at: 4.5, do: [macro.drive bright filter_cutoff 0.2 1 exponential, auto.arm on, transport.play] }
  - { at: 5.0, do: param.set bright 0.5 }
  - { at: 5.5, do: param.set bright 1 }
  - { at: 6.5, do: [transport.stop, auto.arm off, param.set bright 0] }
  - { at: 7.0, do: transport.play }
  - { at: 9.0, do: transport.stop }
";

/// A message: its instant in ms and its bytes.
type Sent = (f64, Vec<u8>);

fn run() -> Vec<Sent> {
    let home = tempfile::tempdir().unwrap();
    let (script, out) = (home.path().join("motion.yaml"), home.path().join("out"));
    fs::write(&script, SCRIPT).unwrap();
    let mut busker = Command::new(env!("CARGO_BIN_EXE_busker"));
    busker.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path().join("config"));
    busker.args(["run", "--simulate", "--out"]).arg(&out).arg(&script).assert().success();
    let message = |line: &str| -> Sent {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes = line["bytes"].as_array().unwrap().iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
        (line["t_us"].as_f64().unwrap() / 1000.0, bytes)
    };
    fs::read_to_string(out.join("midi.jsonl")).unwrap().lines().map(message).collect()
}

/// The values of a pair of controllers between two instants; the lower half is sent first.
fn values(sent: &[Sent], (msb, lsb): (u8, u8), from_ms: f64, to_ms: f64) -> Vec<(f64, u16)> {
    let of = |two: &[Sent]| match (&two[0].1[..], &two[1].1[..]) {
        (&[0xB0, first, low], &[0xB0, second, high])
            if (first, second) == (lsb, msb) && (from_ms..to_ms).contains(&two[1].0) =>
        {
            assert!((two[0].0 - two[1].0).abs() < 1e-9, "the halves of a value go together");
            Some((two[1].0, u16::from(high) << 7 | u16::from(low)))
        }
        _ => None,
    };
    sent.windows(2).filter_map(of).collect()
}

const CUTOFF: (u8, u8) = (43, 107);
const RESONANCE: (u8, u8) = (44, 108);

#[track_caller]
fn keeps_its_spacing(values: &[(f64, u16)]) {
    assert!(values.windows(2).all(|two| two[1].0 - two[0].0 >= 9.999), "{values:?}");
}

#[test]
fn a_morph_glides_evenly_and_ends_on_target_a_pair_and_an_nrpn_whole() {
    let sent = run();
    let cutoff = values(&sent, CUTOFF, 500.0, 2600.0);
    keeps_its_spacing(&cutoff);
    assert!(cutoff.len() > 80 && cutoff.windows(2).all(|two| two[1].1 < two[0].1), "{cutoff:?}");
    assert_eq!(cutoff.last().unwrap().1, 3277, "0.2 of 16383");
    // The fine half is sent first, the coarse half right after it.
    let pair: Vec<&Sent> = sent.iter().filter(|(_, bytes)| bytes[0] == 0xB0 && [54, 102].contains(&bytes[1])).collect();
    assert!(
        pair.len() > 300 && pair.chunks(2).all(|two| two[0].1[1] == 102 && two[1].1[1] == 54 && two[0].0 == two[1].0)
    );
    let whole = |two: &[&Sent]| u16::from(two[1].1[2]) << 7 | u16::from(two[0].1[2]);
    let shapes: Vec<u16> = pair.chunks(2).map(whole).collect();
    assert_eq!((shapes[0], shapes[1]), (1638, 14_745));
    assert_eq!(*shapes.last().unwrap(), 1638);
    assert!(shapes[1..].windows(2).all(|two| two[1] < two[0] && two[0] - two[1] < 140));
    let nrpn: Vec<&Sent> =
        sent.iter().filter(|(_, bytes)| bytes[0] == 0xB0 && [99, 98, 38, 6].contains(&bytes[1])).collect();
    let numbers = |four: &[&Sent]| four.iter().map(|(_, bytes)| bytes[1]).collect::<Vec<u8>>();
    assert!(nrpn.len() > 600 && nrpn.chunks(4).all(|four| numbers(four) == [99, 98, 38, 6]));
    let last = nrpn.chunks(4).rfind(|four| four[1].1[2] == 0).unwrap();
    assert_eq!((last[2].1[2], last[3].1[2]), (0, 0), "edit 1 is back at its default");
}

#[test]
fn an_lfo_modulates_around_the_base_value_and_leaves_it_unchanged() {
    let sent = run();
    let swing = values(&sent, RESONANCE, 3000.0, 4000.0);
    keeps_its_spacing(&swing);
    let tops: Vec<f64> = swing.iter().filter(|(_, value)| *value >= 127 << 7).map(|(at, _)| *at).collect();
    assert!(tops.iter().all(|at| (at % 500.0 - 125.0).abs() < 30.0) && tops.len() >= 2, "{tops:?}");
    assert!(swing.iter().any(|(_, value)| *value < 1 << 7));
    assert_eq!(values(&sent, RESONANCE, 4000.0, 9999.0).last().unwrap().1, 0);
}

#[test]
fn automation_plays_at_its_positions() {
    let sent = run();
    let turned = values(&sent, CUTOFF, 4900.0, 6400.0);
    let played = values(&sent, CUTOFF, 7000.0, 9000.0);
    let values = |sent: &[(f64, u16)]| sent.iter().map(|(_, value)| *value).collect::<Vec<u16>>();
    assert_eq!(values(&turned), [5898, 16_383], "(16^0.5 - 1) / 15 of the way from 0.2 to 1, and the top");
    assert_eq!(values(&played), values(&turned));
    for (turned, played) in turned.iter().zip(&played) {
        assert!((played.0 - turned.0 - 2500.0).abs() < 12.0, "{played:?} after {turned:?}");
    }
}
