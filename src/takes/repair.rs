//! Repairs the headers of takes after an interrupted recording.
//!
//! A file that is being recorded is left alone: the recorder holds its lock. Valid files are not touched, and a
//! repaired one keeps its date.

use super::{
    folder::{Reach, is_held, open, wav_files},
    take::read,
};
use crate::wav::{FindingSeverity, Health, Wav};
use std::{
    fs::{File, FileTimes},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A size from here on means that the size was left open.
const OPEN_BYTES: u64 = u32::MAX as u64;

/// The result for a file.
#[derive(Debug)]
pub enum RepairReport {
    /// Its header was correct.
    Sound,
    /// It is being recorded and was left alone.
    Recording,
    /// Its header was repaired, or would be; the structure before the repair.
    Done(Wav),
    /// It cannot be repaired and was left alone.
    Beyond(Wav),
}

/// Repairs the takes in a folder; returns the result for each take, newest first.
///
/// # Errors
/// The folder cannot be read. Errors of single files are in the list.
pub fn repair_folder(folder: &Path, is_dry: bool) -> io::Result<Vec<(PathBuf, io::Result<RepairReport>)>> {
    let repaired = |path: PathBuf| {
        let repaired = repair(&path, Reach::Folder, is_dry);
        (path, repaired)
    };
    Ok(wav_files(folder)?.into_iter().map(repaired).collect())
}

/// Repairs a file's header; with `is_dry` it only checks.
///
/// # Errors
/// Errors of the disk; the file can be repaired again.
pub fn repair(path: &Path, reach: Reach, is_dry: bool) -> io::Result<RepairReport> {
    let (file, refused) = match open(path, reach, !is_dry) {
        // A valid file need not be writable.
        Err(error) if is_refusal(&error) && !is_dry => (open(path, reach, false)?, Some(error)),
        opened => (opened?, None),
    };
    if is_held(file.try_lock()) {
        return Ok(RepairReport::Recording);
    }
    let wav = read(&file)?;
    match (wav.health(), &wav.repair) {
        (Health::Beyond, _) => Ok(RepairReport::Beyond(wav)),
        (Health::NeedsRepair, Some(_)) if is_dry => Ok(RepairReport::Done(wav)),
        (Health::NeedsRepair, Some(repair)) => {
            if let Some(error) = refused {
                return Err(error);
            }
            let modified = file.metadata()?.modified();
            repair.write(&mut &file)?;
            keep_date(&file, modified);
            file.sync_all()?;
            match read(&file)?.health() {
                Health::Sound => Ok(RepairReport::Done(wav)),
                _ => Err(io::Error::other("the file differs from what was written; another program writes to it")),
            }
        }
        _ => Ok(RepairReport::Sound),
    }
}

impl RepairReport {
    /// The repair in a sentence, from the structure before.
    pub fn text(wav: &Wav, is_dry: bool) -> String {
        let done = if is_dry { "would be repaired" } else { "repaired" };
        let rate_hz = wav.format.map(|format| f64::from(format.sample_rate_hz));
        let said = wav.said_frames().zip(rate_hz).map(|(frames, rate_hz)| frames as f64 / rate_hz);
        let why = match (wav.said_frames(), wav.frames(), said, wav.data) {
            (.., Some(data)) if data.said_bytes >= OPEN_BYTES && data.said_bytes > wav.file_bytes => {
                "its header had no length".to_owned()
            }
            (said_frames, frames, Some(said), _) if said_frames != frames => format!("its header declared {said:.3} s"),
            _ => "its header declared another file size".to_owned(),
        };
        let mut text = format!("{done}, {:.3} s of audio; {why}", wav.seconds().unwrap_or_default());
        for finding in wav.findings.iter().filter(|finding| finding.severity() == FindingSeverity::Harmless) {
            text.push_str(&format!("; {finding}"));
        }
        text
    }
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// The date of a take is the time it was played. If it cannot be kept, the repair still counts.
fn keep_date(file: &File, modified: io::Result<SystemTime>) {
    if let Ok(modified) = modified {
        let _ = file.set_times(FileTimes::new().set_modified(modified));
    }
}
