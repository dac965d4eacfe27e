//! Checks recordings for lost audio.

use std::path::Path;

/// The first channel, full scale being 1.
pub fn first_channel(file: &Path) -> Vec<f64> {
    let mut wav = hound::WavReader::open(file).unwrap();
    let (channels, full) = (usize::from(wav.spec().channels), f64::from(1 << (wav.spec().bits_per_sample - 1)));
    wav.samples::<i32>().step_by(channels).map(|x| f64::from(x.unwrap()) / full).collect()
}

/// Positions where a sine of a known pitch is interrupted: each sample is 2cos(ω) times the one before it minus the one
/// before that.
pub fn faults_of_sine(samples: &[f64], hz: f64) -> Vec<usize> {
    let peak = samples.iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    if peak < 0.01 {
        return vec![0];
    }
    let c = 2.0 * (std::f64::consts::TAU * hz / 48_000.0).cos();
    // A sample lost in the middle of a swing is off by a twentieth of the peak, a silent period by all of it.
    let off = |w: &[f64]| (w[2] - c * w[1] + w[0]).abs() > 0.002 * peak;
    let faults = samples.windows(3).enumerate().filter(|(_, w)| off(w)).map(|(i, _)| i);
    let mut silent = samples.chunks(480).enumerate().filter(|(_, part)| part.iter().all(|x| x.abs() < 0.1 * peak));
    faults.chain(silent.next().map(|(i, _)| i * 480)).take(10).collect()
}

/// Frames of a recording of the counter, and the positions where it does not increase by one.
pub fn faults_of_counter(file: &Path) -> (usize, Vec<(usize, i32, i32)>) {
    let mut wav = hound::WavReader::open(file).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().bits_per_sample), (2, 24));
    let samples: Vec<i32> = wav.samples::<i32>().map(|x| x.unwrap()).collect();
    let frames: Vec<(i32, i32)> = samples.chunks_exact(2).map(|frame| (frame[0], frame[1])).collect();
    let apart = frames.iter().enumerate().filter(|(_, (l, r))| *l != -*r || *l == 0).map(|(i, (l, r))| (i, *l, *r));
    let jumps = frames.windows(2).enumerate().filter(|(_, w)| w[1].0 != w[0].0 + 1);
    let jumps = jumps.map(|(i, w)| (i, w[0].0, w[1].0));
    (frames.len(), apart.take(5).chain(jumps.take(10)).collect())
}
