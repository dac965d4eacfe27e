//! Takes as files: what lies in their folder, what is in them, and what can be made of them. Blocks on the disk; runs on
//! whatever thread calls it, never on one that must not wait.
//!
//! A take is never changed: of its file only the sizes in a header are ever repaired. What is made of it is a new file
//! that takes nobody's place.

pub mod cache;
mod event;
pub mod export;
mod folder;
mod fresh;
mod moved;
mod moving;
mod name;
mod pieces;
mod repair;
mod take;
#[cfg(test)]
mod tests;
mod trim;
mod verdict;

pub use event::TakeEvent;
pub use folder::{Reach, in_folder, in_several, is_held, meant, open, wav_files};
pub(crate) use fresh::Fresh;
pub use fresh::sweep;
pub use moved::{MoveReport, NamedTake, remove, rename, trash_files};
pub use moving::finish_moves;
pub use name::{safe_name, unquoted};
pub use repair::{RepairReport, repair, repair_folder};
pub use take::{NotUsable, Take};
pub use trim::trim;
pub use verdict::{LEVEL_DBFS_MAX, Measurement, Overview, TakeAnalyzer, Verdict, measure};

use crate::wav::{Finding, FindingSeverity, Health, Wav};
use std::{io, ops::ControlFlow, path::Path};

/// What frees the room of what was removed, as the answer to a removal says it.
pub const TRASH_KEEPS_ROOM: &str = "it uses disk space until `busker takes remove --empty-trash --yes`";

/// Called now and then with how much of the work is done, 0 to 1; breaks where it shall not go on.
pub type Progress<'a> = dyn FnMut(f64) -> ControlFlow<()> + 'a;

/// Why something was not done with a take. The take is what it was, and nothing half is left.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The take cannot be used, or whoever asked does not want it any more.
    #[error(transparent)]
    Take(#[from] NotUsable),
    /// What was asked cannot be.
    #[error("{0}")]
    Asked(String),
    /// The disk refused what was to be written.
    #[error("it cannot be written: {}", refusal(.0))]
    Disk(#[from] io::Error),
}

/// Why a disk refuses; where it is full, what gives it room.
fn refusal(error: &io::Error) -> String {
    match moving::has_no_room(error) {
        true => {
            "the disk is full: empty the trash with `busker takes remove --empty-trash --yes`, or delete other files \
                 there"
                .to_owned()
        }
        false => error.to_string(),
    }
}

/// Minutes and seconds, `3:12.4`. Cut, not rounded.
pub fn time_text(seconds: f64) -> String {
    let tenths = (seconds * 10.0) as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Seconds of a time as [`time_text`] writes it, or of seconds alone.
///
/// # Errors
/// What else it is, in a sentence.
pub fn time_of(text: &str) -> Result<f64, String> {
    let read = || {
        let (minutes, seconds) = match text.split_once(':') {
            Some((minutes, seconds)) => {
                (minutes.parse::<u32>().ok()?, seconds.parse().ok().filter(|s| (0.0..60.0).contains(s))?)
            }
            None => (0, text.parse::<f64>().ok()?),
        };
        Some(f64::from(minutes) * 60.0 + seconds).filter(|seconds| (0.0..=1e9).contains(seconds))
    };
    read().ok_or_else(|| "write seconds like 83.5, or minutes and seconds like 1:23.5".to_owned())
}

/// Why nothing can be done with a file.
pub fn why_beyond(wav: &Wav) -> String {
    let beyond = wav.findings.iter().filter(|finding| finding.severity() == FindingSeverity::Beyond);
    beyond.map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// Why nothing can be done with a file whose header is true: its samples are of a kind that is not read.
pub fn why_unread(wav: &Wav) -> Option<String> {
    let format = wav.format.filter(|_| wav.health() == Health::Sound && wav.frames().is_none())?;
    Some(format!("{format}: sample format not supported"))
}

/// A path that moves no cursor.
pub fn shown(path: &Path) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.display().to_string().chars().map(escaped).collect()
}
