//! The multimode filter of the voice: fundsp's state-variable coefficients (Andrew Simper's trapezoidal form, which is
//! stable however fast its cutoff changes) over one or two stages. Runs in the audio callback.

use fundsp::math::xerp;
use fundsp::svf::SvfCoefs;

/// The responses of CC 42; 2 and 4 are poles: 12 and 24 dB per octave for low and high pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilterKind {
    #[default]
    Lp2,
    Lp4,
    Bp2,
    Bp4,
    Hp2,
    Hp4,
    Off,
}

/// CC 42.
pub const FILTERS: &[(u8, FilterKind)] = &[
    (0, FilterKind::Lp2),
    (18, FilterKind::Lp4),
    (36, FilterKind::Bp2),
    (54, FilterKind::Bp4),
    (72, FilterKind::Hp2),
    (90, FilterKind::Hp4),
    (127, FilterKind::Off),
];

/// Minimum cutoff, in Hz: the lowest audible pitch.
const CUTOFF_MIN_HZ: f32 = 20.0;
/// Maximum cutoff, in Hz: the highest audible pitch.
const CUTOFF_MAX_HZ: f32 = 20_000.0;
/// Depth of a full sweep, in octaves: half of the knob's ten.
const SWEEP_OCTAVES: f32 = 5.0;
/// No resonance: the flattest passband (Butterworth).
const Q_MIN: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Full resonance: it rings, but decays by itself.
const Q_MAX: f32 = 20.0;

/// The memory of one two-pole stage.
#[derive(Clone, Copy, Default)]
pub struct Stage {
    ic1: f32,
    ic2: f32,
}

impl Stage {
    /// One frame: fundsp's `FixedSvf::tick` with borrowed coefficients, so that the response can change while it runs.
    #[inline]
    pub fn advance(&mut self, c: &SvfCoefs<f32>, x: f32) -> f32 {
        let v3 = x - self.ic2;
        let v1 = c.a1 * self.ic1 + c.a2 * v3;
        let v2 = self.ic2 + c.a2 * self.ic1 + c.a3 * v3;
        self.ic1 = 2.0 * v1 - self.ic1;
        self.ic2 = 2.0 * v2 - self.ic2;
        c.m0 * x + c.m1 * v1 + c.m2 * v2
    }
}

/// One filter for one channel.
pub struct Filter {
    rate_hz: f32,
    kind: FilterKind,
    /// Knob positions of the coefficients below.
    knobs: [f32; 3],
    /// The resonant stage, and the flat one before it in four-pole kinds.
    resonant: SvfCoefs<f32>,
    flat: SvfCoefs<f32>,
    gain: f32,
    stages: [Stage; 2],
}

impl Filter {
    pub fn new(rate_hz: f32) -> Self {
        Self {
            rate_hz,
            kind: FilterKind::Off,
            knobs: [-1.0; 3],
            resonant: SvfCoefs::default(),
            flat: SvfCoefs::default(),
            gain: 1.0,
            stages: [Stage::default(); 2],
        }
    }

    pub fn clear(&mut self) {
        self.stages = [Stage::default(); 2];
    }

    /// Call once per control step. Knobs are 0..=1; `sweep` is in -1..=1 of [`SWEEP_OCTAVES`].
    pub fn control(&mut self, kind: FilterKind, cutoff: f32, resonance: f32, sweep: f32) {
        let knobs = [cutoff, resonance, sweep];
        if (kind, knobs) == (self.kind, self.knobs) {
            return;
        }
        (self.kind, self.knobs) = (kind, knobs);
        let cutoff_hz = (xerp(CUTOFF_MIN_HZ, CUTOFF_MAX_HZ, cutoff) * (sweep * SWEEP_OCTAVES).exp2())
            .clamp(CUTOFF_MIN_HZ, 0.45 * self.rate_hz);
        let q = xerp(Q_MIN, Q_MAX, resonance);
        let design = match kind {
            FilterKind::Lp2 | FilterKind::Lp4 => SvfCoefs::lowpass,
            FilterKind::Bp2 | FilterKind::Bp4 => SvfCoefs::bandpass,
            FilterKind::Hp2 | FilterKind::Hp4 => SvfCoefs::highpass,
            FilterKind::Off => return self.clear(),
        };
        self.resonant = design(self.rate_hz, cutoff_hz, q);
        self.flat = design(self.rate_hz, cutoff_hz, Q_MIN);
        // The peak of a resonance has the gain Q; dividing by its square root keeps the loudness about even.
        let peak = (q / Q_MIN).sqrt();
        self.gain = match kind {
            FilterKind::Bp2 => peak / q,
            // The flat band-pass stage has a peak of Q_MIN itself.
            FilterKind::Bp4 => peak / q / Q_MIN,
            _ => 1.0 / peak,
        };
    }

    /// Filters in place.
    pub fn run(&mut self, samples: &mut [f32]) {
        match self.kind {
            FilterKind::Off => {}
            FilterKind::Lp2 | FilterKind::Bp2 | FilterKind::Hp2 => {
                for x in samples {
                    *x = self.gain * self.stages[0].advance(&self.resonant, *x);
                }
            }
            FilterKind::Lp4 | FilterKind::Bp4 | FilterKind::Hp4 => {
                for x in samples {
                    let once = self.stages[1].advance(&self.flat, *x);
                    *x = self.gain * self.stages[0].advance(&self.resonant, once);
                }
            }
        }
    }
}
