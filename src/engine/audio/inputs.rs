//! The recorded inputs: the source, gain and meter of each. One pass over each while its samples are in the nearest
//! cache. Called by the renderer; its gains are levels, the newest wins, and a block goes from one to the next without
//! a step. Realtime: yes.

use super::meter::Meter;
use crate::taps::Tap;
use busker_sound::{
    MAX_BLOCK,
    latest::{LevelReader, LevelWriter, Words, level},
    mixer::Gain,
};

/// The samples of an input that the device does not have.
pub(super) static SILENCE: [f32; MAX_BLOCK] = [0.0; MAX_BLOCK];

/// The most inputs that have a gain: as many as channels can be named.
pub const INPUTS_MOST: usize = 256;
/// Numbers that [`InputGains`] cross threads as.
const WORDS: usize = INPUTS_MOST / 2;

/// The source of a recorded input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A channel of the device, counted from 0.
    Device(usize),
    /// The built-in synth: 0 left, 1 right.
    Synth(usize),
}

impl InputSource {
    /// Its tap.
    pub fn tap(self) -> Tap {
        match self {
            InputSource::Device(channel) => Tap::of_input(channel),
            InputSource::Synth(side) => Tap::SYNTH[side % 2],
        }
    }
}

/// Linear gains of the inputs, in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputGains(pub [f32; INPUTS_MOST]);

impl Words<WORDS> for InputGains {
    fn to_words(self) -> [u64; WORDS] {
        let pairs = self.0.as_chunks().0;
        std::array::from_fn(|i| {
            let [one, other]: [f32; 2] = pairs[i];
            u64::from(one.to_bits()) << 32 | u64::from(other.to_bits())
        })
    }

    fn from_words(words: [u64; WORDS]) -> InputGains {
        let mut gains = [0.0; INPUTS_MOST];
        for ([one, other], word) in gains.as_chunks_mut().0.iter_mut().zip(words) {
            (*one, *other) = (f32::from_bits((word >> 32) as u32), f32::from_bits(word as u32));
        }
        InputGains(gains)
    }
}

/// Changes the gains.
pub type InputGainsWriter = LevelWriter<InputGains, WORDS>;

/// The inputs.
pub struct Inputs {
    /// Samples of the device that were copied here.
    device: Vec<Vec<f32>>,
    sources: Vec<InputSource>,
    levels: LevelReader<InputGains, WORDS>,
    gains: Vec<Gain>,
    meters: Vec<Meter>,
    /// The samples of an input with a gain.
    changed: Vec<f32>,
}

impl Inputs {
    /// Inputs from these sources, each with its meter, at unity, and the writer of their gains. Realtime: no.
    pub fn new(device_inputs: usize, sources: Vec<InputSource>, meters: Vec<Meter>) -> (Inputs, InputGainsWriter) {
        let (writer, levels) = level(InputGains([1.0; INPUTS_MOST]));
        let block = || vec![0.0; MAX_BLOCK];
        let device = (0..device_inputs).map(|_| block()).collect();
        let gains = sources.iter().map(|_| Gain::new(1.0)).collect();
        (Inputs { device, sources, levels, gains, meters, changed: block() }, writer)
    }

    /// Number of inputs.
    pub fn count(&self) -> usize {
        self.sources.len()
    }

    /// Whether the built-in synth is one.
    pub fn hear_synth(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, InputSource::Synth(_)))
    }

    /// Number of the device's channels.
    pub fn device_count(&self) -> usize {
        self.device.len()
    }

    /// Room for [`MAX_BLOCK`] frames of a channel of the device.
    pub fn device_mut(&mut self, channel: usize) -> &mut [f32] {
        &mut self.device[channel]
    }

    /// Blocks are of another rate from the next on.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.meters.iter_mut().for_each(|meter| meter.set_rate(sample_rate_hz));
    }

    /// A block of a channel of the device, counted from 0, as it came.
    pub fn of_device<'here, 'there: 'here>(
        &'here self,
        channel: usize,
        frames: usize,
        device: impl Fn(usize) -> Option<&'there [f32]>,
    ) -> &'here [f32] {
        given(&self.device, channel, frames, device)
    }

    /// Gives a block of each input, with its gain, to `to`. One with unity gain is read in place: `device` gives a
    /// channel's samples, or `None` where [`device_mut`](Self::device_mut) was filled with them.
    pub fn each<'a>(
        &mut self,
        frames: usize,
        device: impl Fn(usize) -> Option<&'a [f32]>,
        synth: Option<[&[f32]; 2]>,
        mut to: impl FnMut(usize, &[f32]),
    ) {
        if let Some(InputGains(levels)) = self.levels.changed() {
            self.gains.iter_mut().zip(levels).for_each(|(gain, level)| gain.set(*level));
        }
        for (i, (source, gain)) in self.sources.iter().zip(&mut self.gains).enumerate() {
            let samples = match *source {
                InputSource::Device(channel) => given(&self.device, channel, frames, &device),
                InputSource::Synth(side) => synth.map_or(&SILENCE[..frames], |sides| &sides[side % 2][..frames]),
            };
            let samples = if gain.is_unity() {
                samples
            } else {
                let changed = &mut self.changed[..frames];
                changed.copy_from_slice(samples);
                gain.apply(changed);
                changed
            };
            self.meters[i].measure(samples);
            to(i, samples);
        }
    }
}

/// The device's samples of a channel: in place, or those that were copied here.
fn given<'here, 'there: 'here>(
    filled: &'here [Vec<f32>],
    channel: usize,
    frames: usize,
    device: impl Fn(usize) -> Option<&'there [f32]>,
) -> &'here [f32] {
    let of_filled = || filled.get(channel).map_or(&SILENCE[..frames], |input| &input[..frames]);
    device(channel).unwrap_or_else(of_filled)
}
