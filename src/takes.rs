//! Takes as files: what lies in their folder, what is in them, and what can be made of them. Blocks on the disk; runs on
//! whatever thread calls it, never on one that must not wait.
//!
//! A take is never changed: of its file only the sizes in a header are ever repaired. What is made of it is a new file
//! that takes nobody's place.

pub mod cache;
mod folder;
mod happening;
mod name;
mod repair;
mod take;
mod verdict;

pub use folder::{Reach, is_held, open, wav_files};
pub use happening::Happening;
pub use name::safe_name;
pub use repair::{Repaired, repair, repair_folder};
pub use take::{NotUsable, Take};
pub use verdict::{Measured, Meter, Overview, Verdict, measure};

use crate::wav::{Finding, Severity, Wav};
use std::{ops::ControlFlow, path::Path};

/// Called now and then with how much of the work is done, 0 to 1; breaks where it shall not go on.
pub type Progress<'a> = dyn FnMut(f64) -> ControlFlow<()> + 'a;

/// Minutes and seconds, `3:12.4`. Cut, not rounded.
pub fn time_text(seconds: f64) -> String {
    let tenths = (seconds * 10.0) as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Why nothing can be done with a file.
pub fn why_beyond(wav: &Wav) -> String {
    let beyond = wav.findings.iter().filter(|finding| finding.severity() == Severity::Beyond);
    beyond.map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// A path that moves no cursor.
pub fn shown(path: &Path) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.display().to_string().chars().map(escaped).collect()
}
