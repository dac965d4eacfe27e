//! Compares the recording part of the status with the present state. The control thread's.

use super::{TakeKey, Takes};
use crate::status::RecordStatus;
use std::fmt::{self, Display, Write};

/// A text from which each written part removes itself; a part that differs ends it.
struct Rest<'a>(&'a str);

impl Write for Rest<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// Whether a value is written as this text; no text is made to compare them.
fn is_written(text: &str, what: impl Display) -> bool {
    let mut rest = Rest(text);
    write!(rest, "{what}").is_ok() && rest.0.is_empty()
}

impl Takes {
    /// Whether the status is up to date while no take is made or waited for; the room on the disk is a level. While a
    /// take is made, [`Takes::status`] has to be asked.
    pub fn is_shown_at_rest(&self, shown: &RecordStatus) -> bool {
        let is_at_rest =
            !self.recording(TakeKey::MAIN) && !shown.is_recording && shown.take.is_none() && shown.waits_for.is_none();
        is_at_rest
            && shown.folder == self.folder
            && shown.bytes_per_second == self.bytes_per_second()
            && shown.capture_bytes == self.capture.bytes()
            && shown.capture_seconds == self.held_seconds()
            && match &self.options.inputs {
                Some(inputs) => is_written(&shown.inputs, inputs),
                None => shown.inputs == self.chosen.1,
            }
            && shown.behind.as_ref() == self.behind()
    }

    /// Recorded so far of the take under way, in seconds; 0 where there is none.
    pub fn seconds(&self, frame: i64) -> f64 {
        let first_frame = self.take(TakeKey::MAIN).and_then(|take| take.first_frame);
        first_frame.map_or(0.0, |first| (frame - first).max(0) as f64 / f64::from(self.sample_rate_hz))
    }

    /// Room left in the folder of takes, in bytes, where it is known.
    pub fn free_bytes(&self) -> Option<u64> {
        self.room.free_bytes(&self.folder)
    }
}
