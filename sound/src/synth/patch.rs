//! The parameters of the synth, and the table from controller numbers to parameters. Pure; read in the audio callback.

use std::ops::{Index, IndexMut};

use super::delay::{DELAYS, DelayKind};
use super::envelope::{EG_TYPES, EgType};
use super::filter::{FILTERS, FilterKind};
use super::modulation::{MODULATIONS, Modulation};
use super::oscillator::{OSCILLATORS, Oscillator};
use super::reverb::{REVERBS, ReverbKind};

/// A continuous parameter: 0..=1, or -1..=1 if it is centred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    Attack,
    Release,
    TremoloDepth,
    TremoloRate,
    OscLfoRate,
    /// -1..=1.
    OscLfoDepth,
    Shape,
    Alt,
    Cutoff,
    Resonance,
    /// -1 (up) ..=1 (down).
    SweepDepth,
    SweepRate,
    ModA,
    ModB,
    DelayA,
    DelayB,
    /// -1 (dry) ..=1 (wet).
    DelayMix,
    ReverbA,
    ReverbB,
    /// -1 (dry) ..=1 (wet).
    ReverbMix,
}

const KNOBS: usize = Knob::ReverbMix as usize + 1;

/// One value per [`Knob`].
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Knobs([f32; KNOBS]);

impl Index<Knob> for Knobs {
    type Output = f32;
    fn index(&self, knob: Knob) -> &f32 {
        &self.0[knob as usize]
    }
}

impl IndexMut<Knob> for Knobs {
    fn index_mut(&mut self, knob: Knob) -> &mut f32 {
        &mut self.0[knob as usize]
    }
}

impl Knobs {
    /// Moves every knob by the given part (0..=1) of its distance to `target`.
    pub fn approach(&mut self, target: &Knobs, part: f32) {
        for (now, target) in self.0.iter_mut().zip(&target.0) {
            *now += (target - *now) * part;
            // Arrive: an endless approach would keep the filter changing.
            if (target - *now).abs() < 1e-5 {
                *now = *target;
            }
        }
    }
}

/// All values that the controllers set.
#[derive(Clone)]
pub struct Patch {
    pub oscillator: Oscillator,
    pub filter: FilterKind,
    pub eg: EgType,
    pub modulation: Option<Modulation>,
    pub delay: Option<DelayKind>,
    pub reverb: Option<ReverbKind>,
    pub knobs: Knobs,
    /// The low seven bits of shape, until the high ones come.
    shape_lsb: u8,
    alt_lsb: u8,
}

/// A row of the controller table.
struct ControllerRow {
    cc: u8,
    default: u8,
    set: fn(&mut Patch, u8),
}

const fn row(cc: u8, default: u8, set: fn(&mut Patch, u8)) -> ControllerRow {
    ControllerRow { cc, default, set }
}

/// Every controller the synth answers, from Korg's "NTS-1 digital kit mkII MIDI Implementation" 1.00.
const CONTROLS: &[ControllerRow] = &[
    row(14, 0, |p, v| p.eg = nearest(EG_TYPES, v)),
    row(16, 0, |p, v| p.knobs[Knob::Attack] = unit(v)),
    row(19, 40, |p, v| p.knobs[Knob::Release] = unit(v)),
    row(20, 0, |p, v| p.knobs[Knob::TremoloDepth] = unit(v)),
    row(21, 40, |p, v| p.knobs[Knob::TremoloRate] = unit(v)),
    row(24, 40, |p, v| p.knobs[Knob::OscLfoRate] = unit(v)),
    row(26, 64, |p, v| p.knobs[Knob::OscLfoDepth] = centred(v)),
    row(28, 64, |p, v| p.knobs[Knob::ModA] = unit(v)),
    row(29, 64, |p, v| p.knobs[Knob::ModB] = unit(v)),
    row(30, 64, |p, v| p.knobs[Knob::DelayA] = unit(v)),
    row(31, 64, |p, v| p.knobs[Knob::DelayB] = unit(v)),
    row(33, 64, |p, v| p.knobs[Knob::DelayMix] = centred(v)),
    row(34, 64, |p, v| p.knobs[Knob::ReverbA] = unit(v)),
    row(35, 64, |p, v| p.knobs[Knob::ReverbB] = unit(v)),
    row(36, 64, |p, v| p.knobs[Knob::ReverbMix] = centred(v)),
    row(42, 0, |p, v| p.filter = nearest(FILTERS, v)),
    row(43, 100, |p, v| p.knobs[Knob::Cutoff] = unit(v)),
    row(44, 0, |p, v| p.knobs[Knob::Resonance] = unit(v)),
    // 63 and 64 both mean none.
    row(45, 64, |p, v| p.knobs[Knob::SweepDepth] = if v == 63 { 0.0 } else { centred(v) }),
    row(46, 40, |p, v| p.knobs[Knob::SweepRate] = unit(v)),
    row(53, 18, |p, v| p.oscillator = nearest(OSCILLATORS, v)),
    row(54, 0, |p, v| p.knobs[Knob::Shape] = fine(v, p.shape_lsb)),
    row(55, 0, |p, v| p.knobs[Knob::Alt] = fine(v, p.alt_lsb)),
    row(88, 0, |p, v| p.modulation = nearest(MODULATIONS, v)),
    row(89, 0, |p, v| p.delay = nearest(DELAYS, v)),
    row(90, 0, |p, v| p.reverb = nearest(REVERBS, v)),
    // Sent before 54 and 55; alone they change nothing.
    row(102, 0, |p, v| p.shape_lsb = v),
    row(103, 0, |p, v| p.alt_lsb = v),
];

/// The value of every controller before the first message: (controller, value), each 0..=127.
pub const DEFAULTS: &[(u8, u8)] = &{
    let mut table = [(0, 0); CONTROLS.len()];
    let mut i = 0;
    while i < table.len() {
        table[i] = (CONTROLS[i].cc, CONTROLS[i].default);
        i += 1;
    }
    table
};

impl Default for Patch {
    fn default() -> Self {
        let mut patch = Self {
            oscillator: Oscillator::default(),
            filter: FilterKind::default(),
            eg: EgType::default(),
            modulation: None,
            delay: None,
            reverb: None,
            knobs: Knobs::default(),
            shape_lsb: 0,
            alt_lsb: 0,
        };
        for &(cc, value) in DEFAULTS {
            patch.control(cc, value);
        }
        patch
    }
}

impl Patch {
    /// Realtime: yes. Takes a controller (both 0..=127); one that is not in the table is ignored.
    pub fn control(&mut self, cc: u8, value: u8) {
        if let Some(control) = CONTROLS.iter().find(|control| control.cc == cc) {
            (control.set)(self, value);
        }
    }
}

/// 0..=127 as 0..=1.
fn unit(value: u8) -> f32 {
    f32::from(value) / 127.0
}

/// 0..=127 as -1..=1, with 64 exactly in the middle.
fn centred(value: u8) -> f32 {
    let away = f32::from(value) - 64.0;
    away / if away < 0.0 { 64.0 } else { 63.0 }
}

/// Two halves of 14 bits as 0..=1.
fn fine(msb: u8, lsb: u8) -> f32 {
    f32::from(u16::from(msb) << 7 | u16::from(lsb)) / 16383.0
}

/// The option with the nearest value, the lower one of two equally near.
fn nearest<T: Copy + Default>(options: &[(u8, T)], value: u8) -> T {
    options.iter().min_by_key(|(listed, _)| listed.abs_diff(value)).map(|&(_, option)| option).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_controller_snaps_to_the_nearest_listed_value() {
        let mut patch = Patch::default();
        for (value, expected) in [
            (0, Oscillator::Off),
            (9, Oscillator::Off),
            (10, Oscillator::Saw),
            (40, Oscillator::Triangle),
            (100, Oscillator::Noise),
            (120, Oscillator::Waves),
        ] {
            patch.control(53, value);
            assert_eq!(patch.oscillator, expected, "value {value}");
        }
    }

    #[test]
    fn a_fourteen_bit_value_is_set_when_its_high_half_comes() {
        let mut patch = Patch::default();
        patch.control(102, 127);
        assert_eq!(patch.knobs[Knob::Shape], 0.0);
        patch.control(54, 127);
        assert_eq!(patch.knobs[Knob::Shape], 1.0);
    }

    #[test]
    fn the_middle_of_a_centred_controller_is_exactly_nothing() {
        assert_eq!([centred(0), centred(64), centred(127)], [-1.0, 0.0, 1.0]);
        let mut patch = Patch::default();
        patch.control(45, 63);
        assert_eq!(patch.knobs[Knob::SweepDepth], 0.0);
    }

    #[test]
    fn each_controller_is_in_the_table_once() {
        for (i, control) in CONTROLS.iter().enumerate() {
            assert!(CONTROLS[..i].iter().all(|other| other.cc != control.cc));
        }
    }
}
