//! Checks recordings: a sine must be unbroken, and a ramp without a gap.

use std::{f64::consts::TAU, path::Path};

/// The channels of a 24-bit file, in steps of 24-bit sound.
pub fn read(path: &Path) -> Vec<Vec<i32>> {
    let wav = hound::WavReader::open(path).unwrap();
    let spec = wav.spec();
    assert_eq!((spec.bits_per_sample, spec.sample_rate), (24, 48_000));
    let samples: Vec<i32> = wav.into_samples().map(Result::unwrap).collect();
    let channels = usize::from(spec.channels);
    (0..channels).map(|channel| samples.iter().skip(channel).step_by(channels).copied().collect()).collect()
}

/// Returns an error where a sine of this frequency breaks, sample by sample: each follows from the two before it.
///
/// Silence at the beginning and the end is left out: the recorder may begin before it is connected. Returns the length.
pub fn unbroken_sine(samples: &[i32], hz: f64) -> Result<usize, String> {
    let x: Vec<f64> = samples.iter().map(|&x| f64::from(x) / 8_388_608.0).collect();
    let peak = x.iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
    if peak < 0.01 {
        return Err(format!("there is no sound in it: peak {peak}"));
    }
    let is_sound = |x: &f64| x.abs() > peak / 100.0;
    let first = x.iter().position(is_sound).unwrap_or(0);
    let last = x.iter().rposition(is_sound).unwrap_or(0);
    let step = 2.0 * (TAU * hz / 48_000.0).cos();
    // The ends themselves may be cut anywhere.
    let (from, to) = (first + 4, last.saturating_sub(4));
    for n in from..to {
        let fault = x[n + 1] - step * x[n] + x[n - 1];
        if fault.abs() > 2e-5 {
            return Err(format!("the sine breaks at {n} of {from}..{to} by {fault}"));
        }
    }
    Ok(to.saturating_sub(from))
}

/// Returns an error where numbers are not consecutive.
pub fn unbroken_ramp(samples: &[i32], step: i32) -> Result<(), String> {
    match samples.windows(2).position(|pair| pair[1] - pair[0] != step) {
        None => Ok(()),
        Some(at) => Err(format!("{} follows {} at {at} of {}", samples[at + 1], samples[at], samples.len())),
    }
}

/// Silence in a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its first frame.
    pub at: usize,
    /// Its length.
    pub frames: usize,
}

/// The ranges of silence in numbers that continue after each as if it were not there. Silence before the first number
/// does not count; anything else that is not consecutive is an error.
pub fn gaps_in_ramp(samples: &[i32], step: i32) -> Result<Vec<Gap>, String> {
    let first = samples.iter().position(|&sample| sample != 0).unwrap_or(samples.len());
    let mut gaps: Vec<Gap> = Vec::new();
    for (at, &sample) in samples.iter().enumerate().skip(first) {
        let want = samples[first] + step * (at - first) as i32;
        match gaps.last_mut() {
            Some(gap) if sample == 0 && gap.at + gap.frames == at => gap.frames += 1,
            _ if sample == 0 => gaps.push(Gap { at, frames: 1 }),
            _ if sample == want => {}
            _ => return Err(format!("{sample} instead of {want} at {at} of {}; silence: {gaps:?}", samples.len())),
        }
    }
    Ok(gaps)
}
