//! The answers to commands that wait for a take's beginning or end. The control thread's.

use super::{Awaited, Made, Out, Takes};
use crate::engine::{disk::writer::TakeId, station::Answer};

impl Takes {
    /// A take is over: answers the commands that wait for it.
    pub(super) fn answer_end(&self, made: &Made, out: &mut Out) {
        let answer = made.answer(f64::from(self.sample_rate_hz));
        // A command that waits for its beginning gets the fault where it had none.
        let fault = made.faults.first().cloned().unwrap_or_else(|| "no take started".to_owned());
        out.owed.answer(Awaited::Beginning(made.id), Err(fault));
        out.owed.answer(Awaited::End(made.id), answer);
    }

    /// The answer where the disk does not answer: the state so far.
    pub fn late(&self, awaited: Awaited) -> String {
        let held = self.behind().map_or_else(String::new, |behind| {
            format!(", {:.1} s still to write, the buffer holds {:.0} s", behind.seconds, behind.holds_seconds)
        });
        match awaited {
            Awaited::Beginning(take) => {
                format!("recording, but the disk is slow: {} does not exist yet{held}", self.file_of(take))
            }
            Awaited::End(take) => {
                format!("the take ended, but the disk is slow: {} is not readable yet{held}", self.file_of(take))
            }
            Awaited::Errand(_) => "not done yet; a message follows when it is".to_owned(),
        }
    }

    fn file_of(&self, take: TakeId) -> String {
        let path = self.made(take).and_then(|made| made.path.as_ref());
        path.map_or_else(|| "its file".to_owned(), |path| path.display().to_string())
    }
}

impl Made {
    /// The answer with its path, once it can be read.
    fn answer(&self, sample_rate_hz: f64) -> Answer {
        let faults = self.faults.join("; ");
        let Some(path) = &self.readable else {
            return match (&self.path, faults.is_empty()) {
                (_, false) => Err(faults),
                (None, true) => Ok("no take started".to_owned()),
                (Some(path), true) => Err(format!("{} does not exist", path.display())),
            };
        };
        let seconds = self.frames as f64 / self.files_at_once.max(1) as f64 / sample_rate_hz;
        let more = match self.files.saturating_sub(1) {
            0 => String::new(),
            1 => " and one more file".to_owned(),
            more => format!(" and {more} more files"),
        };
        let faults = if faults.is_empty() { faults } else { format!("; {faults}") };
        Ok(format!("recorded {seconds:.1} s to {}{more}{faults}", path.display()))
    }
}
