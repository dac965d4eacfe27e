//! The noise floor: the level of the quietest windows of a take. Pure; a few kilobytes whatever the length of the take.

use super::FLOOR_DBFS;

/// Bins per decibel.
const BINS_OF_DB: f64 = 10.0;
/// Levels above this share one bin: they are no noise floor. In dBFS.
const TOP_DBFS: f64 = 10.0;
/// The part of the windows that counts as quietest: a twentieth.
const QUIETEST: f64 = 0.05;

/// A histogram of the levels of windows.
#[derive(Debug)]
pub(super) struct Floor {
    /// For each tenth of a decibel from [`FLOOR_DBFS`] up, the number of windows and the sum of their powers.
    bins: Vec<(u64, f64)>,
    windows: u64,
}

impl Floor {
    pub(super) fn new() -> Floor {
        let bins = ((TOP_DBFS - FLOOR_DBFS) * BINS_OF_DB) as usize + 1;
        Floor { bins: vec![(0, 0.0); bins], windows: 0 }
    }

    /// Counts a window with this mean square.
    pub(super) fn count(&mut self, power: f64) {
        let level = (10.0 * power.log10() - FLOOR_DBFS) * BINS_OF_DB;
        // The logarithm of 0 goes to the first bin.
        let bin = (level.max(0.0) as usize).min(self.bins.len() - 1);
        if let Some((windows, powers)) = self.bins.get_mut(bin) {
            *windows += 1;
            *powers += power;
        }
        self.windows += 1;
    }

    /// The RMS of the quietest twentieth, at least of one window, in dBFS.
    pub(super) fn dbfs(&self) -> Option<f64> {
        let wanted = ((self.windows as f64 * QUIETEST).ceil() as u64).max(1);
        let (mut windows, mut power) = (0, 0.0);
        for (count, powers) in self.bins.iter().filter(|(count, _)| *count > 0) {
            let taken = (*count).min(wanted - windows);
            power += powers * taken as f64 / *count as f64;
            windows += taken;
            if windows == wanted {
                return Some((10.0 * (power / wanted as f64).log10()).max(FLOOR_DBFS));
            }
        }
        None
    }
}
