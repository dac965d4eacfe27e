//! The probe signal that measures a delay, and its detector. Pure. Realtime: no, except [`Probe::samples`].
//!
//! The probe is a rising sweep and the same sweep backwards. The detector locates each on its own, so one probe gives two
//! measurements; clock drift moves them apart. The delay is the peak of the cross-correlation, refined to a fraction of a
//! frame on the phases of the cross-spectrum. The spectrum is weighted with a half cosine (Hann) from 0 Hz to the highest
//! frequency: the peak has almost no sidelobes, its sign is the polarity, and reflections more than a few frames away do
//! not move it.

use crate::spectrum::{Complex, transform};
use std::{
    f64::consts::{PI, TAU},
    ops::Range,
};

/// The longest delay that is found, in frames.
pub const LONGEST_FRAMES: usize = 100_000;
/// Frames recorded before the probe starts, and half the silence between its sweeps: the search around one sweep does not
/// contain the other.
pub const LEAD_FRAMES: usize = 2048;
/// Length of a sweep, in seconds.
const SWEEP_SECONDS: f64 = 0.2;
/// The lowest and the highest frequency of a sweep, in Hz; the highest is within this part of the rate, too.
const LOWEST_HZ: f64 = 100.0;
const HIGHEST_HZ: f64 = 20_000.0;
const HIGHEST_OF_RATE: f64 = 0.45;
/// Part of a sweep over which it fades in, and out.
const FADE: f64 = 0.02;
/// Level of the probe, 1.0 = full scale: -12 dB.
const LEVEL: f64 = 0.25;
/// Least ratio of an arrival to the RMS of the correlation. The highest of 100,000 lags of noise is about 5.
const CLEAR: f64 = 10.0;
/// An earlier arrival is the direct sound if it has at least this part of the strongest…
const FIRST_OF_STRONGEST: f64 = 0.5;
/// …and this ratio to the RMS.
const FIRST_CLEAR: f64 = 8.0;
/// Frames that noise may move an arrival with a delay of 0 to negative lags.
const EARLIEST_FRAMES: usize = 8;

/// The probe at a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    samples: Vec<f32>,
    sweeps: [Range<usize>; 2],
    /// The highest frequency, as part of the rate.
    highest: f64,
}

/// A sweep that arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Its delay, in frames.
    pub delay_frames: f64,
    /// Standard error of the delay, in frames, from the noise and reflections around it.
    pub error_frames: f64,
    /// Linear gain, 1.0 = as played; negative if the polarity is inverted.
    pub gain: f64,
    /// Level above the noise and reflections around it, in dB.
    pub clear_db: f64,
}

/// Result of a search for one sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sought {
    /// The sweep arrived.
    Found(Arrival),
    /// The recording ends before the sweep does.
    Arriving,
    /// The recording does not contain the sweep.
    Absent,
}

/// A correlation by its lags.
struct Correlation {
    /// The cross-spectrum, weighted; the positive frequencies alone.
    spectrum: Vec<Complex<f64>>,
    /// At each lag.
    values: Vec<f64>,
}

impl Probe {
    /// The probe at this rate.
    pub fn new(sample_rate_hz: f64) -> Probe {
        let highest = (HIGHEST_HZ / sample_rate_hz).min(HIGHEST_OF_RATE);
        let lowest = LOWEST_HZ / sample_rate_hz;
        let frames = (SWEEP_SECONDS * sample_rate_hz).round().max(1.0) as usize;
        let length = frames as f64;
        let fade = |from_end: f64| (0.5 - 0.5 * (PI * (from_end / (FADE * length)).min(1.0)).cos()) * LEVEL;
        let rising = (0..frames).map(|n| {
            let n = n as f64 + 0.5;
            let turns = lowest * n + (highest - lowest) * n * n / (2.0 * length);
            ((TAU * turns).sin() * fade(n.min(length - n))) as f32
        });
        let rising: Vec<f32> = rising.collect();
        let second = frames + 2 * LEAD_FRAMES;
        let mut samples = rising.clone();
        samples.resize(second, 0.0);
        samples.extend(rising.iter().rev());
        Probe { samples, sweeps: [0..frames, second..second + frames], highest }
    }

    /// The signal to play, at -12 dB.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Frames to record from the probe's first on to find a delay of up to `delay_frames`.
    pub fn listen_frames(&self, delay_frames: usize) -> usize {
        self.samples.len() + delay_frames + LEAD_FRAMES
    }

    /// Locates both sweeps in a recording that starts [`LEAD_FRAMES`] before the probe.
    pub fn seek(&self, heard: &[f32]) -> [Sought; 2] {
        let heard: Vec<f64> = heard.iter().map(|x| if x.is_finite() { f64::from(*x) } else { 0.0 }).collect();
        self.sweeps.clone().map(|sweep| self.seek_sweep(&heard, sweep))
    }

    fn seek_sweep(&self, heard: &[f64], sweep: Range<usize>) -> Sought {
        let played: Vec<f64> = self.samples[sweep.clone()].iter().map(|x| f64::from(*x)).collect();
        let earliest = (LEAD_FRAMES + sweep.start).saturating_sub(EARLIEST_FRAMES);
        // Lags at which the recording contains the whole sweep and the margin after it.
        let whole = earliest..(heard.len() + 1).saturating_sub(played.len() + LEAD_FRAMES).max(earliest);
        let correlation = Correlation::of(heard, &played, heard.len() + played.len(), self.highest);
        let strength = |lag: usize| correlation.values[lag].abs();
        let Some(strongest) = (earliest..heard.len()).max_by(|a, b| strength(*a).total_cmp(&strength(*b))) else {
            return Sought::Absent;
        };
        let rest = rms(&correlation.values[earliest..heard.len()]);
        if strength(strongest) < CLEAR * rest || rest == 0.0 {
            return Sought::Absent;
        }
        if !whole.contains(&strongest) {
            return Sought::Arriving;
        }
        let least = (FIRST_OF_STRONGEST * strength(strongest)).max(FIRST_CLEAR * rest).min(strength(strongest));
        let first = (earliest..=strongest).find(|lag| strength(*lag) >= least).unwrap_or(strongest);
        // Its local maximum.
        let top = (first..strongest.max(first)).find(|lag| strength(lag + 1) < strength(*lag)).unwrap_or(strongest);
        let from = top - LEAD_FRAMES;
        let around = &heard[from..top + played.len() + LEAD_FRAMES];
        match refined(around, &played, self.highest) {
            Some(arrival) => {
                let delay_frames = arrival.delay_frames + (from as f64 - (LEAD_FRAMES + sweep.start) as f64);
                Sought::Found(Arrival { delay_frames, ..arrival })
            }
            None => Sought::Absent,
        }
    }
}

impl Correlation {
    /// Correlates a recording with a signal; valid for lags up to `frames` less the length of the signal.
    fn of(heard: &[f64], played: &[f64], frames: usize, highest: f64) -> Correlation {
        let bins = frames.next_power_of_two();
        let spectrum_of = |samples: &[f64]| {
            let mut spectrum: Vec<Complex<f64>> = samples.iter().map(|x| Complex::new(*x, 0.0)).collect();
            spectrum.resize(bins, Complex::new(0.0, 0.0));
            transform(&mut spectrum);
            spectrum
        };
        let (heard, played) = (spectrum_of(heard), spectrum_of(played));
        let top = ((highest * bins as f64) as usize).min(bins / 2);
        let mut spectrum: Vec<Complex<f64>> =
            heard.iter().zip(&played).take(top + 1).map(|(y, x)| y * x.conj()).collect();
        for (bin, value) in spectrum.iter_mut().enumerate() {
            *value *= (1.0 + (PI * bin as f64 / top.max(1) as f64).cos()) / bins as f64;
        }
        let values = at_lags(spectrum.iter().copied(), bins);
        Correlation { spectrum, values }
    }

    /// The slope at each lag.
    fn slopes(&self) -> Vec<f64> {
        let bins = self.values.len();
        let step = TAU / bins as f64;
        at_lags(self.spectrum.iter().enumerate().map(|(bin, value)| value * Complex::new(0.0, step * bin as f64)), bins)
    }

    /// This correlation minus another one at this gain and lag.
    fn without(&self, other: &Correlation, gain: f64, lag: f64) -> Correlation {
        let bins = self.values.len();
        let turn = -TAU / bins as f64 * lag;
        let of_other =
            other.spectrum.iter().enumerate().map(|(bin, x)| x * Complex::from_polar(gain, turn * bin as f64));
        let spectrum: Vec<Complex<f64>> = self.spectrum.iter().zip(of_other).map(|(x, y)| x - y).collect();
        let values = at_lags(spectrum.iter().copied(), bins);
        Correlation { spectrum, values }
    }

    /// Value and first two derivatives at a fractional lag.
    fn at(&self, lag: f64) -> [f64; 3] {
        let step = TAU / self.values.len() as f64;
        let mut sums = [0.0; 3];
        for (bin, value) in self.spectrum.iter().enumerate() {
            let omega = step * bin as f64;
            let turned = value * Complex::from_polar(1.0, omega * lag);
            sums[0] += turned.re;
            sums[1] -= omega * turned.im;
            sums[2] -= omega * omega * turned.re;
        }
        sums
    }
}

/// Real part of the inverse transform, computed as the forward transform of the conjugate.
fn at_lags(spectrum: impl Iterator<Item = Complex<f64>>, bins: usize) -> Vec<f64> {
    let mut values: Vec<Complex<f64>> = spectrum.map(|value| value.conj()).collect();
    values.resize(bins, Complex::new(0.0, 0.0));
    transform(&mut values);
    values.iter().map(|value| value.re).collect()
}

/// Refines an arrival near lag [`LEAD_FRAMES`] of an excerpt; its delay counts from the start of the excerpt.
fn refined(around: &[f64], played: &[f64], highest: f64) -> Option<Arrival> {
    let correlation = Correlation::of(around, played, around.len(), highest);
    let lags = 2 * LEAD_FRAMES;
    let near = LEAD_FRAMES - 2..LEAD_FRAMES + 3;
    let top = near.max_by(|a, b| correlation.values[*a].abs().total_cmp(&correlation.values[*b].abs()))?;
    let mut lag = top as f64;
    for _ in 0..12 {
        let [_, slope, bend] = correlation.at(lag);
        let step = (slope / bend).clamp(-0.5, 0.5);
        if !step.is_finite() {
            return None;
        }
        lag -= step;
        if step.abs() < 1e-9 {
            break;
        }
    }
    if (lag - top as f64).abs() > 1.5 {
        return None;
    }
    let [peak, _, bend] = correlation.at(lag);
    let as_played = Correlation::of(played, played, around.len(), highest);
    let gain = peak / as_played.values[0];
    // The residual: noise and reflections.
    let rest = correlation.without(&as_played, gain, lag);
    Some(Arrival {
        delay_frames: lag,
        error_frames: rms(&rest.slopes()[..lags]) / bend.abs(),
        gain,
        clear_db: 20.0 * (peak.abs() / rms(&rest.values[..lags]).max(peak.abs() * 1e-9)).log10(),
    })
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|x| x * x).sum::<f64>() / values.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests;
