//! Takes as files: listing, reading, editing and exporting them. Blocks on the disk; runs on any thread that may wait.
//!
//! A take is never changed: only the sizes in the header of its file are ever repaired. Everything made from a take is
//! a new file that replaces no other.

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

/// How to free the disk space of removed takes, as the answer to `take.remove` shows it.
pub const TRASH_KEEPS_ROOM: &str = "it uses disk space until `busker takes remove --empty-trash --yes`";

/// Called repeatedly with the part of the work that is done, 0 to 1; a break stops the work.
pub type Progress<'a> = dyn FnMut(f64) -> ControlFlow<()> + 'a;

/// Why an operation on a take failed. The take is unchanged, and no incomplete file is left.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The take cannot be used, or the operation was stopped.
    #[error(transparent)]
    Take(#[from] NotUsable),
    /// The request is not possible.
    #[error("{0}")]
    Asked(String),
    /// The disk refused to write.
    #[error("it cannot be written: {}", refusal(.0))]
    Disk(#[from] io::Error),
}

/// The error of a disk, with the way to free space if it is full.
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

/// Reads a time as [`time_text`] writes it, or seconds alone.
///
/// # Errors
/// The text is no time, in a sentence.
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

/// Why a file cannot be used.
pub fn why_beyond(wav: &Wav) -> String {
    let beyond = wav.findings.iter().filter(|finding| finding.severity() == FindingSeverity::Beyond);
    beyond.map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a file with a correct header cannot be used: its samples are of an unsupported kind.
pub fn why_unread(wav: &Wav) -> Option<String> {
    let format = wav.format.filter(|_| wav.health() == Health::Sound && wav.frames().is_none())?;
    Some(format!("{format}: sample format not supported"))
}

/// A path without control characters, which would move the cursor.
pub fn shown(path: &Path) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.display().to_string().chars().map(escaped).collect()
}
