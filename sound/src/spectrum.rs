//! Spectra. Realtime: no.

pub use rustfft::num_complex::Complex;

use rustfft::FftPlanner;

/// The discrete Fourier transform, in place; not normalized.
pub fn transform(bins: &mut [Complex<f64>]) {
    FftPlanner::new().plan_fft_forward(bins.len()).process(bins);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_one_bin() {
        let turn = std::f64::consts::TAU / 64.0;
        let mut bins: Vec<Complex<f64>> =
            (0..64).map(|n| Complex::new((turn * 5.0 * f64::from(n)).cos(), 0.0)).collect();
        transform(&mut bins);
        let loud: Vec<usize> = (0..64).filter(|bin| bins[*bin].norm() > 1e-9).collect();
        assert_eq!(loud, [5, 59]);
        assert!((bins[5].re - 32.0).abs() < 1e-9);
    }
}
