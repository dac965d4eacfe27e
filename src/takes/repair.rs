//! Headers made true that an interrupted run left untrue.
//!
//! A file that is being recorded is left alone: whoever records holds its lock. Sound files are not touched, and a
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

/// From here on a size that no file has is one that was left open.
const OPEN_BYTES: u64 = u32::MAX as u64;

/// What became of a file.
#[derive(Debug)]
pub enum RepairReport {
    /// Its header was true.
    Sound,
    /// Somebody records to it; it was left alone.
    Recording,
    /// Its header was made true, or would be; the structure as it was before.
    Done(Wav),
    /// Nothing can be done; it was left alone.
    Beyond(Wav),
}

/// Repairs what needs it in a folder; of each take, newest first, what became of it.
///
/// # Errors
/// A folder that cannot be read. What failed with a file is in the list.
pub fn repair_folder(folder: &Path, is_dry: bool) -> io::Result<Vec<(PathBuf, io::Result<RepairReport>)>> {
    let repaired = |path: PathBuf| {
        let repaired = repair(&path, Reach::Folder, is_dry);
        (path, repaired)
    };
    Ok(wav_files(folder)?.into_iter().map(repaired).collect())
}

/// Makes a file's header true; where it is dry, only looks.
///
/// # Errors
/// Those of the disk; the file can be repaired again.
pub fn repair(path: &Path, reach: Reach, is_dry: bool) -> io::Result<RepairReport> {
    let (file, refused) = match open(path, reach, !is_dry) {
        // A sound file need not be writable.
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
    /// What is repaired, in a sentence, from what was found before.
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

/// The date of a take is when it was played. Where it cannot be kept the repair counts all the same.
fn keep_date(file: &File, modified: io::Result<SystemTime>) {
    if let Ok(modified) = modified {
        let _ = file.set_times(FileTimes::new().set_modified(modified));
    }
}
