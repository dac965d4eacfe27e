//! A meter's ballistics: from the callback's measurements to the levels on the screen.

use crate::{engine::audio::meter::MeterReader, music::Decibels, status::MeterStatus};

/// How fast a peak falls, in dB per second (the 20 dB in 1.7 s of IEC 60268-18, a little livelier).
const FALL_DB_PER_SECOND: f32 = 20.0;
/// How long a peak is held.
const HOLD_NS: u64 = 2_000_000_000;

/// One meter.
#[derive(Debug)]
pub struct Ballistics {
    reader: MeterReader,
    status: MeterStatus,
    heard_ns: u64,
    held_ns: u64,
}

impl Ballistics {
    /// A meter at rest.
    pub fn new(reader: MeterReader) -> Ballistics {
        Ballistics { reader, status: MeterStatus::SILENT, heard_ns: 0, held_ns: 0 }
    }

    /// Takes the measurements since the last call.
    pub fn listen(&mut self, now_ns: u64) {
        let level = self.reader.take();
        let seconds = now_ns.saturating_sub(self.heard_ns) as f32 * 1e-9;
        self.heard_ns = now_ns;
        let peak = Decibels::from_amplitude(level.peak).0;
        let status = &mut self.status;
        status.peak_db = peak.max(status.peak_db - FALL_DB_PER_SECOND * seconds).max(Decibels::SILENCE.0);
        status.rms_db = Decibels::from_amplitude(level.rms).0;
        status.clipped |= level.clipped_samples > 0;
        if peak >= status.hold_db {
            status.hold_db = peak;
            self.held_ns = now_ns;
        } else if now_ns.saturating_sub(self.held_ns) > HOLD_NS {
            status.hold_db = status.peak_db;
        }
    }

    /// Clears the clip indicator and the held peak.
    pub fn clear(&mut self) {
        self.status.clipped = false;
        self.status.hold_db = self.status.peak_db;
    }

    /// The levels to draw.
    pub fn status(&self) -> MeterStatus {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::audio::meter::meter;

    #[test]
    fn a_peak_rises_at_once_falls_slowly_and_is_held() {
        let (mut callback, reader) = meter(48_000.0);
        let mut shown = Ballistics::new(reader);
        callback.measure(&[1.0]);
        shown.listen(1_000_000_000);
        assert_eq!(shown.status().peak_db, 0.0);
        shown.listen(1_500_000_000);
        assert!((shown.status().peak_db - -10.0).abs() < 0.01);
        assert_eq!(shown.status().hold_db, 0.0);
        shown.listen(3_100_000_000);
        assert!(shown.status().hold_db < -30.0);
        assert!(shown.status().clipped);
        shown.clear();
        assert!(!shown.status().clipped);
    }
}
