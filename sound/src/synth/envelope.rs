//! The envelope generator of the voice's level. Runs in the audio callback.
//!
//! There are controllers for attack and release but none for decay or sustain level, so ADSR sustains at full level.

/// The shapes of CC 14.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EgType {
    /// Attack, full level while the key is held, release.
    #[default]
    Adsr,
    /// Attack, full level for [`HOLD_S`] regardless of the key, release.
    Ahr,
    /// Attack and release, regardless of the key.
    Ar,
    /// Attack and release repeatedly while the key is held.
    ArLoop,
    /// Full level while the key is held, with ramps just long enough to avoid clicks.
    Open,
}

/// CC 14.
pub const EG_TYPES: &[(u8, EgType)] =
    &[(0, EgType::Adsr), (25, EgType::Ahr), (50, EgType::Ar), (75, EgType::ArLoop), (127, EgType::Open)];

/// The hold time of AHR, in seconds: a quarter note at 120 BPM.
const HOLD_S: f32 = 0.5;
/// The shortest attack in seconds: fast, but without a click.
const ATTACK_MIN_S: f32 = 0.001;
/// The longest attack in seconds.
const ATTACK_MAX_S: f32 = 5.0;
/// The shortest release in seconds to -60 dB.
const RELEASE_MIN_S: f32 = 0.02;
/// The longest release in seconds to -60 dB.
const RELEASE_MAX_S: f32 = 8.0;
/// Level at which a release ends: -100 dB of full level.
const FLOOR: f32 = 1e-5;
/// Level at which AR loop restarts: -34 dB; waiting for the floor would leave a gap as long as the swell.
const LOOP_FLOOR: f32 = 0.02;

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Idle,
    Attack,
    /// Remaining frames of the hold.
    Hold(u32),
    Sustain,
    Release,
}

/// One envelope: 0..=1 per frame.
pub struct EnvelopeGenerator {
    rate_hz: f32,
    kind: EgType,
    /// Knob positions (0..=1) of the two rates below.
    attack: f32,
    release: f32,
    /// Rise per frame.
    rise: f32,
    /// The factor of the level per frame of release.
    fall: f32,
    stage: Stage,
    level: f32,
    held: bool,
}

impl EnvelopeGenerator {
    pub fn new(rate_hz: f32) -> Self {
        Self {
            rate_hz,
            kind: EgType::default(),
            attack: -1.0,
            release: -1.0,
            rise: 1.0,
            fall: 0.0,
            stage: Stage::Idle,
            level: 0.0,
            held: false,
        }
    }

    /// Call once per control step. Both knobs are 0..=1; times increase exponentially.
    pub fn control(&mut self, kind: EgType, attack: f32, release: f32) {
        if (kind, attack, release) == (self.kind, self.attack, self.release) {
            return;
        }
        (self.kind, self.attack, self.release) = (kind, attack, release);
        let (attack_s, release_s) = if kind == EgType::Open {
            (ATTACK_MIN_S, RELEASE_MIN_S)
        } else {
            (
                fundsp::math::xerp(ATTACK_MIN_S, ATTACK_MAX_S, attack),
                fundsp::math::xerp(RELEASE_MIN_S, RELEASE_MAX_S, release),
            )
        };
        self.rise = 1.0 / (attack_s * self.rate_hz);
        self.fall = 0.001_f32.powf(1.0 / (release_s * self.rate_hz));
    }

    /// A key was pressed: starts the attack from the present level.
    pub fn trigger(&mut self) {
        self.held = true;
        self.stage = Stage::Attack;
    }

    /// The last key was released.
    pub fn let_go(&mut self) {
        self.held = false;
        let deaf = matches!(self.kind, EgType::Ahr | EgType::Ar | EgType::ArLoop);
        if !deaf && self.stage != Stage::Idle {
            self.stage = Stage::Release;
        }
    }

    pub fn cut(&mut self) {
        self.held = false;
        self.stage = Stage::Idle;
        self.level = 0.0;
    }

    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    /// Advances by one frame.
    #[inline]
    pub fn advance(&mut self) -> f32 {
        match self.stage {
            Stage::Idle => {}
            Stage::Attack => {
                self.level += self.rise;
                if self.level >= 1.0 {
                    self.level = 1.0;
                    self.stage = match self.kind {
                        EgType::Adsr | EgType::Open => Stage::Sustain,
                        EgType::Ahr => Stage::Hold((HOLD_S * self.rate_hz) as u32),
                        EgType::Ar | EgType::ArLoop => Stage::Release,
                    };
                }
            }
            Stage::Hold(0) => self.stage = Stage::Release,
            Stage::Hold(frames) => self.stage = Stage::Hold(frames - 1),
            Stage::Sustain => {
                // The type may have changed after the key was released.
                if !self.held {
                    self.stage = Stage::Release;
                }
            }
            Stage::Release => {
                self.level *= self.fall;
                if self.kind == EgType::ArLoop && self.held && self.level < LOOP_FLOOR {
                    self.stage = Stage::Attack;
                } else if self.level < FLOOR {
                    self.cut_keeping_key();
                }
            }
        }
        self.level
    }

    fn cut_keeping_key(&mut self) {
        self.stage = Stage::Idle;
        self.level = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level at each millisecond of a key held for half of `ms`.
    fn played(kind: EgType, ms: usize) -> Vec<f32> {
        let mut envelope = EnvelopeGenerator::new(48_000.0);
        envelope.control(kind, 0.0, 0.3);
        envelope.trigger();
        (0..ms)
            .map(|at| {
                if at == ms / 2 {
                    envelope.let_go();
                }
                (0..48).map(|_| envelope.advance()).last().unwrap()
            })
            .collect()
    }

    #[test]
    fn adsr_and_open_hold_full_level_while_the_key_is_down_and_end_after_it() {
        for kind in [EgType::Adsr, EgType::Open] {
            let levels = played(kind, 3000);
            assert!(levels[5..1499].iter().all(|&l| l == 1.0), "{kind:?}");
            assert_eq!(levels[2999], 0.0, "{kind:?}");
        }
    }

    #[test]
    fn ahr_and_ar_end_while_the_key_is_still_down() {
        for (kind, at_300_ms) in [(EgType::Ahr, true), (EgType::Ar, false)] {
            let levels = played(kind, 3000);
            assert_eq!(levels[300] == 1.0, at_300_ms, "{kind:?}");
            assert_eq!(levels[1400], 0.0, "{kind:?}");
        }
    }

    #[test]
    fn ar_loop_comes_back_until_the_key_goes_up() {
        let levels = played(EgType::ArLoop, 3000);
        let swells = |levels: &[f32]| levels.windows(2).filter(|w| w[0] < 0.5 && w[1] > 0.5).count();
        assert!(swells(&levels[..1500]) > 3);
        assert_eq!(swells(&levels[1600..]), 0);
        assert_eq!(levels[2999], 0.0);
    }
}
