//! The list of takes in a folder: the data of each file is kept until the file changes. The librarian's.

use crate::{
    status::{TakeInfo, TakeState, TakesStatus},
    takes::{Measurement, Reach, Take, cache::Cache, wav_files, why_beyond, why_unread},
    wav::{Health, Notes},
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// Takes in the list; `busker takes list` shows more.
const TAKES_MAX: usize = 2_000;
/// Marks of a take that are shown.
const MARKS_MAX: usize = 500;

/// A folder whose list is kept.
pub(super) struct WatchedFolder {
    folder: PathBuf,
    fault: Option<String>,
    /// Newest first.
    files: Vec<PathBuf>,
    known: HashMap<PathBuf, Known>,
    measuring: Option<PathBuf>,
}

/// The data of a file of this length and date.
struct Known {
    bytes: u64,
    modified: SystemTime,
    info: TakeInfo,
    /// It cannot be measured.
    hopeless: bool,
}

impl WatchedFolder {
    pub(super) fn new(folder: PathBuf) -> WatchedFolder {
        WatchedFolder { folder, fault: None, files: Vec::new(), known: HashMap::new(), measuring: None }
    }

    /// Looks at the folder; true where the list changed.
    pub(super) fn look(&mut self, cache: Option<&Cache>) -> bool {
        let (files, fault) = match wav_files(&self.folder) {
            Ok(files) => (files, None),
            // Before the first take there is no folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), None),
            Err(error) => (Vec::new(), Some(format!("{} cannot be read: {error}", self.folder.display()))),
        };
        let mut known: HashMap<PathBuf, Known> = HashMap::new();
        let mut is_new = fault != self.fault || self.known.is_empty();
        for path in files.iter().take(TAKES_MAX) {
            let before = self.known.remove(path);
            let now = stamp(path).ok();
            let is_same = |before: &Known| now == Some((before.bytes, before.modified)) && !is_open(&before.info);
            match before {
                Some(before) if is_same(&before) => drop(known.insert(path.clone(), before)),
                before => {
                    let Some((bytes, modified)) = now else { continue };
                    let info = info(path, modified, cache);
                    is_new |= before.is_none_or(|before| before.info != info);
                    known.insert(path.clone(), Known { bytes, modified, info, hopeless: false });
                }
            }
        }
        // The files that are left here are gone.
        is_new |= !self.known.is_empty();
        self.files = files.into_iter().filter(|path| known.contains_key(path)).collect();
        (self.known, self.fault) = (known, fault);
        is_new
    }

    fn unmeasured(&self) -> Option<&PathBuf> {
        self.files.iter().find(|path| {
            self.known.get(*path).is_some_and(|known| {
                known.info.verdict.is_none() && known.info.state == TakeState::Sound && !known.hopeless
            })
        })
    }

    pub(super) fn has_unmeasured(&self) -> bool {
        self.unmeasured().is_some()
    }

    /// The newest take that is to be measured; the list marks it as being measured.
    pub(super) fn next_unmeasured(&mut self) -> Option<PathBuf> {
        self.measuring = self.unmeasured().cloned();
        self.measuring.clone()
    }

    pub(super) fn measured(&mut self, path: &Path, measured: &Measurement) {
        self.measuring = None;
        if let Some(known) = self.known.get_mut(path) {
            show(&mut known.info, measured);
        }
    }

    pub(super) fn not_measured(&mut self, path: &Path) {
        self.measuring = None;
        if let Some(known) = self.known.get_mut(path) {
            known.hopeless = true;
        }
    }

    pub(super) fn status(&self, revision: u64) -> TakesStatus {
        TakesStatus {
            revision,
            folder: self.folder.clone(),
            fault: self.fault.clone(),
            takes: self.files.iter().filter_map(|path| Some(self.known.get(path)?.info.clone())).collect(),
            measuring: self.measuring.as_deref().map(name),
        }
    }
}

/// The takes in a folder, newest first, with their data. For callers that look once.
///
/// # Errors
/// A folder that cannot be read; before the first take there is none, and no takes.
pub fn infos(folder: &Path, cache: &Cache) -> io::Result<Vec<TakeInfo>> {
    let files = match wav_files(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        files => files?,
    };
    let info = |path: &PathBuf| Some(info(path, stamp(path).ok()?.1, Some(cache)));
    Ok(files.iter().take(TAKES_MAX).filter_map(info).collect())
}

fn is_open(info: &TakeInfo) -> bool {
    info.state == TakeState::Recording
}

fn stamp(path: &Path) -> io::Result<(u64, SystemTime)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.len(), metadata.modified()?))
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn show(info: &mut TakeInfo, measured: &Measurement) {
    info.verdict = Some(Arc::new(measured.verdict.clone()));
    info.overview = Some(Arc::new(measured.overview.clone()));
}

fn info(path: &Path, modified: SystemTime, cache: Option<&Cache>) -> TakeInfo {
    let made =
        Timestamp::try_from(modified).map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string());
    let mut info = TakeInfo {
        name: name(path),
        seconds: None,
        channels: None,
        bits: None,
        sample_rate_hz: None,
        made: made.unwrap_or_default(),
        state: TakeState::Sound,
        verdict: None,
        overview: None,
        marks: Arc::default(),
    };
    let take = match Take::open(path, Reach::Folder) {
        Ok(take) => take,
        Err(error) => {
            info.state = TakeState::Beyond(format!("it cannot be read: {error}"));
            return info;
        }
    };
    info.seconds = take.wav.seconds();
    if let Some(format) = take.wav.format {
        info.channels = Some(format.channels);
        info.bits = Some(format.bits);
        info.sample_rate_hz = Some(format.sample_rate_hz);
        let notes = Notes::read(&mut &take.file, &take.wav).unwrap_or_default();
        let rate_hz = f64::from(format.sample_rate_hz.max(1));
        let marks = notes.marks.into_iter().take(MARKS_MAX);
        info.marks = marks.map(|mark| (mark.frame as f64 / rate_hz, mark.label)).collect();
    }
    info.state = match take.wav.health() {
        _ if take.is_recording => TakeState::Recording,
        Health::Sound => why_unread(&take.wav).map_or(TakeState::Sound, TakeState::Beyond),
        Health::NeedsRepair => TakeState::NeedsRepair,
        Health::Beyond => TakeState::Beyond(why_beyond(&take.wav)),
    };
    if let Some(measured) = cache.and_then(|cache| cache.get(path)) {
        show(&mut info, &measured);
    }
    info
}
