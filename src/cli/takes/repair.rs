//! `busker takes repair`: headers made true.
//!
//! A file that is being recorded is left alone: whoever records holds its lock. Sound files are not touched, and a
//! repaired one keeps its date.

use super::{
    super::{Failure, Outcome, complain, print},
    Origin, Recordings, is_held, open, read, shown, why_beyond,
};
use crate::wav::{Health, Severity, Wav};
use std::{
    fs::{File, FileTimes},
    io,
    path::{Path, PathBuf},
};

/// From here on a size that no file has is one that was left open.
const OPEN_BYTES: u64 = u32::MAX as u64;

/// What became of a file.
enum Done {
    Sound,
    Recording,
    Repaired(Wav),
    Beyond(Wav),
}

/// Repairs what was named, and says of each what was done.
///
/// # Errors
/// A file that cannot be read, written or repaired; the others are done. Or the output cannot be written.
pub(super) fn named(files: &[PathBuf], is_dry: bool) -> Outcome {
    let mut failed = 0;
    for path in files {
        failed += usize::from(!said(path, repair(path, Origin::Named, is_dry), Origin::Named, is_dry)?);
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::asked(format!("{failed} of {} files cannot be repaired", files.len()))),
    }
}

/// Repairs what needs it in the folder, and says what was done.
///
/// # Errors
/// As [`named`].
pub(super) fn folder(recordings: &Recordings, is_dry: bool) -> Outcome {
    let (mut failed, mut left) = (0, 0);
    for path in &recordings.files {
        let done = repair(path, Origin::Folder, is_dry);
        left += usize::from(matches!(done, Ok(Done::Sound)));
        failed += usize::from(!said(path, done, Origin::Folder, is_dry)?);
    }
    match failed {
        0 if left == recordings.files.len() => print(&format!("nothing in {} needs repair", shown(&recordings.folder))),
        0 => Ok(()),
        _ => Err(Failure::other(format!("{failed} of {} files cannot be repaired", recordings.files.len()))),
    }
}

/// False where it failed.
fn said(path: &Path, done: io::Result<Done>, origin: Origin, is_dry: bool) -> Result<bool, Failure> {
    let name = shown(path);
    match done {
        Ok(Done::Sound) if origin == Origin::Folder => {}
        Ok(Done::Sound) => print(&format!("{name}: sound, nothing to repair"))?,
        Ok(Done::Recording) => print(&format!("{name}: being recorded, left alone until it is finished"))?,
        Ok(Done::Repaired(wav)) => print(&format!("{name}: {}", what(&wav, is_dry)))?,
        Ok(Done::Beyond(wav)) => {
            complain(&format!("{name} cannot be repaired and is left as it is: {}", why_beyond(&wav)));
            return Ok(false);
        }
        Err(error) => {
            complain(&format!("{name} cannot be repaired: {error}"));
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is repaired, from what was found before.
fn what(wav: &Wav, is_dry: bool) -> String {
    let done = if is_dry { "would be repaired" } else { "repaired" };
    let rate_hz = wav.format.map(|format| f64::from(format.sample_rate_hz));
    let said = wav.said_frames().zip(rate_hz).map(|(frames, rate_hz)| frames as f64 / rate_hz);
    let why = match (wav.said_frames(), wav.frames(), said, wav.data) {
        (.., Some(data)) if data.said_bytes >= OPEN_BYTES && data.said_bytes > wav.file_bytes => {
            "its header left the length open".to_owned()
        }
        (said_frames, frames, Some(said), _) if said_frames != frames => format!("its header said {said:.3} s"),
        _ => "its header said another size of the whole".to_owned(),
    };
    let mut text = format!("{done}, {:.3} s of audio; {why}", wav.seconds().unwrap_or_default());
    for finding in wav.findings.iter().filter(|finding| finding.severity() == Severity::Harmless) {
        text.push_str(&format!("; {finding}"));
    }
    text
}

/// Reads a file and makes its header true.
fn repair(path: &Path, origin: Origin, is_dry: bool) -> io::Result<Done> {
    let (file, refused) = match open(path, origin, !is_dry) {
        // A sound file need not be writable.
        Err(error) if is_refusal(&error) && !is_dry => (open(path, origin, false)?, Some(error)),
        opened => (opened?, None),
    };
    if is_held(file.try_lock()) {
        return Ok(Done::Recording);
    }
    let wav = read(&file)?;
    match (wav.health(), &wav.repair) {
        (Health::Beyond, _) => Ok(Done::Beyond(wav)),
        (Health::NeedsRepair, Some(_)) if is_dry => Ok(Done::Repaired(wav)),
        (Health::NeedsRepair, Some(repair)) => {
            if let Some(error) = refused {
                return Err(error);
            }
            let modified = file.metadata()?.modified();
            repair.write(&mut &file)?;
            keep_date(&file, modified);
            file.sync_all()?;
            match read(&file)?.health() {
                Health::Sound => Ok(Done::Repaired(wav)),
                _ => Err(io::Error::other("what was written is not what is read; somebody else writes to it")),
            }
        }
        _ => Ok(Done::Sound),
    }
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// The date of a take is when it was played. Where it cannot be kept the repair counts all the same.
fn keep_date(file: &File, modified: io::Result<std::time::SystemTime>) {
    if let Ok(modified) = modified {
        let _ = file.set_times(FileTimes::new().set_modified(modified));
    }
}
