//! The files of a take: those it was recorded to, their later parts, and its `.mid`; in its own folder, and in the
//! second folder if the disk was full or gone.
//!
//! A file may belong to a take by its name. A part with a start time must also begin with the frame that follows the
//! part before; in the second folder, which takes of several folders share, the start time is required.

use super::{
    TakeError,
    folder::{Reach, channel_files, is_part_of, open},
    fresh::folder_of,
    shown,
    take::{NotUsable, Take},
};
use crate::wav::Notes;
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

/// The text chunk of a file that was closed properly: the program that wrote it.
const END_TEXT: &[u8; 4] = b"ISFT";
/// Seconds after which a time reference wraps.
const DAY_SECONDS: u64 = 86_400;

/// A file of a take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TakePiece {
    /// Whether it is in the second folder.
    pub(super) is_second: bool,
    /// Its name.
    pub(super) name: OsString,
    /// The rest of its name after the take's: `.wav`, `-part2.wav`, `-1.wav`, `.mid`.
    pub(super) tail: OsString,
}

impl TakePiece {
    fn is_midi(&self) -> bool {
        self.tail == ".mid"
    }
}

/// The files of a take, the first one first, those in the second folder last.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The folder of the take.
    pub(super) own: PathBuf,
    /// The folder where it may continue, if it is another.
    pub(super) second: Option<PathBuf>,
    /// The take's name: the common beginning of the names of all its files.
    pub(super) stem: OsString,
    /// The files.
    pub(super) list: Vec<TakePiece>,
    /// How many of them, from the first on, are not later parts.
    head_count: usize,
    /// Files with a similar name that stay, in sentences.
    pub(super) stays: Vec<String>,
}

/// The time range of a file of a take.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    originator: String,
    date: String,
    rate_hz: u32,
    channels: u16,
    first: u64,
    frames: u64,
    has_end: bool,
}

impl Stretch {
    /// `None` if the file has no start time.
    fn of(path: &Path) -> Option<Stretch> {
        let take = Take::open(path, Reach::Folder).ok()?;
        let (format, frames) = take.audio().ok()?;
        let notes = Notes::read(&mut &take.file, &take.wav).ok()?;
        let has_end = notes.info.get(END_TEXT).is_some();
        let origin = notes.origin?;
        Some(Stretch {
            originator: origin.originator,
            date: origin.date,
            rate_hz: format.sample_rate_hz,
            channels: format.channels,
            first: origin.time_reference,
            frames,
            has_end,
        })
    }

    /// Whether the other one begins with the next frame.
    fn goes_on_in(&self, other: &Stretch) -> bool {
        let day = (DAY_SECONDS * u64::from(self.rate_hz)).max(1);
        let is_alike =
            (&self.originator, self.rate_hz, self.channels) == (&other.originator, other.rate_hz, other.channels);
        is_alike && other.first == self.first.saturating_add(self.frames) % day
    }

    /// Whether both began at the same frame, as the files of one take do.
    fn begins_with(&self, other: &Stretch) -> bool {
        (&self.originator, &self.date, self.rate_hz, self.first)
            == (&other.originator, &other.date, other.rate_hz, other.first)
    }
}

impl Pieces {
    /// The files of the take with this name: of its file, or, if it has several, of all together.
    ///
    /// # Errors
    /// There is no such take, or several; or it may continue in a second folder that cannot be read.
    pub(super) fn of(path: &Path, second: Option<&Path>) -> Result<Pieces, TakeError> {
        let own = folder_of(path);
        let mut pieces = Pieces {
            own: own.to_owned(),
            second: second.filter(|second| !is_same(own, second)).map(Path::to_owned),
            stem: path.file_name().unwrap_or_default().to_owned(),
            list: Vec::new(),
            head_count: 0,
            stays: Vec::new(),
        };
        let there = path.symlink_metadata();
        let is_one = there.is_ok();
        let heads = match there {
            Ok(_) => {
                pieces.stem = path.file_stem().unwrap_or_default().to_owned();
                vec![path.file_name().unwrap_or_default().to_owned()]
            }
            Err(none) => pieces.files_of_one_take(path, none)?,
        };
        pieces.head_count = heads.len();
        heads.iter().for_each(|head| pieces.push(false, head));
        for head in &heads {
            pieces.add_parts(head)?;
        }
        pieces.add_midi(is_one.then_some(path));
        pieces.list.sort_by_key(|piece| piece.is_second);
        Ok(pieces)
    }

    /// The path of one of them.
    pub(super) fn path(&self, piece: &TakePiece) -> PathBuf {
        self.folder(piece).join(&piece.name)
    }

    /// The folder of one of them.
    pub(super) fn folder(&self, piece: &TakePiece) -> &Path {
        self.second.as_deref().filter(|_| piece.is_second).unwrap_or(&self.own)
    }

    /// The paths of the files with audio.
    pub(super) fn audio(&self) -> impl Iterator<Item = PathBuf> {
        self.list.iter().filter(|piece| !piece.is_midi()).map(|piece| self.path(piece))
    }

    /// The paths of the files the take was recorded to, without their later parts.
    pub(super) fn heads(&self) -> impl Iterator<Item = PathBuf> {
        self.list.iter().take(self.head_count).map(|piece| self.path(piece))
    }

    /// The number of files in the second folder.
    pub(super) fn count_in_second(&self) -> usize {
        self.list.iter().filter(|piece| piece.is_second).count()
    }

    /// Files that would belong to this take under another name, if they existed: its `.mid`, and second parts.
    pub(super) fn would_be_taken_for(&self, stem: &OsStr) -> Vec<OsString> {
        let heads = self.list.iter().filter(|piece| !piece.is_second && !piece.is_midi());
        let part2 = heads.map(|piece| {
            let tail = Path::new(&piece.tail);
            // The tail of a take of one file is only an extension, which a path would take for a name.
            let (tail, ending) = match tail.extension() {
                Some(ending) => (tail.file_stem().unwrap_or_default(), ending),
                None => (
                    OsStr::new(""),
                    OsStr::from_bytes(tail.as_os_str().as_bytes().strip_prefix(b".").unwrap_or_default()),
                ),
            };
            joined(&[stem, tail, OsStr::new("-part2."), ending])
        });
        part2.chain([joined(&[stem, OsStr::new(".mid")])]).collect()
    }

    fn push(&mut self, is_second: bool, name: &OsStr) {
        let tail = name.as_bytes().get(self.stem.as_bytes().len()..).unwrap_or_default().to_vec();
        self.list.push(TakePiece { is_second, name: name.to_owned(), tail: OsString::from_vec(tail) });
    }

    /// The first files of the take of this name that was recorded to several.
    fn files_of_one_take(&self, path: &Path, none: io::Error) -> Result<Vec<OsString>, TakeError> {
        let mut takes: Vec<(Stretch, Vec<OsString>)> = Vec::new();
        for (name, _) in channel_files(path) {
            let Some(stretch) = Stretch::of(&self.own.join(&name)) else { continue };
            match takes.iter_mut().find(|(first, _)| first.begins_with(&stretch)) {
                Some((_, names)) => names.push(name),
                None => takes.push((stretch, vec![name])),
            }
        }
        // A single file is a take whose name ends with a number.
        takes.retain(|(_, names)| names.len() > 1);
        match &mut takes[..] {
            [(_, names)] => Ok(std::mem::take(names)),
            [] => Err(NotUsable::Disk(none).into()),
            _ => Err(TakeError::Asked("several takes begin with this name: name the files of one of them".to_owned())),
        }
    }

    /// The later parts of a file.
    fn add_parts(&mut self, head: &OsStr) -> Result<(), TakeError> {
        let mut own = parts(&self.own, head)?;
        let mut before = Stretch::of(&self.own.join(head));
        own.retain(|(name, _)| {
            let next = Stretch::of(&self.own.join(name));
            let is_anothers = matches!((&before, &next), (Some(before), Some(next)) if !before.goes_on_in(next));
            if is_anothers {
                self.stays.push(format!("{} belongs to another take and is not moved", shown(Path::new(name))));
            } else {
                before = next;
            }
            !is_anothers
        });
        own.iter().for_each(|(name, _)| self.push(false, name));
        let Some(second) = self.second.clone() else { return Ok(()) };
        let last = own.last().map_or(head, |(name, _)| name);
        let last_part = own.last().map_or(1, |(_, part)| *part);
        let mut stretch = Stretch::of(&self.own.join(last));
        let there = match parts(&second, head) {
            Ok(there) => there,
            // It was cut off, as by a full disk: then it continued there.
            Err(error) if stretch.as_ref().is_some_and(|last| last.originator == "busker" && !last.has_end) => {
                let (next, folder) = (part_name(head, last_part + 1), shown(&second));
                return Err(TakeError::Asked(format!(
                    "its disk was full or disconnected, so {} and its .mid may be in {folder}, which cannot be read \
                     ({error}) and where they would keep their names: connect that disk, or set second_folder off",
                    shown(Path::new(&next))
                )));
            }
            Err(_) => return Ok(()),
        };
        for (name, _) in there.iter().filter(|(_, part)| *part > last_part) {
            let next = Stretch::of(&second.join(name));
            if let (Some(before), Some(next)) = (&stretch, &next)
                && before.goes_on_in(next)
            {
                self.push(true, name);
                stretch = Some(next.clone());
            } else {
                let (name, second) = (shown(Path::new(name)), shown(&second));
                self.stays.push(format!("{name} in {second} belongs to another take and is not moved"));
            }
        }
        Ok(())
    }

    /// The `.mid`; for one of several files (given by its path) only with the last of them.
    fn add_midi(&mut self, one: Option<&Path>) {
        let midi = joined(&[&self.stem, OsStr::new(".mid")]);
        let is_own = is_file(&self.own.join(&midi));
        if is_own {
            self.push(false, &midi);
        }
        if let Some(second) = &self.second {
            let is_anothers = self.list.iter().any(|piece| {
                !piece.is_second && !piece.is_midi() && second.join(&piece.name).symlink_metadata().is_ok()
            });
            let is_wanted = !is_own || self.count_in_second() > 0;
            if is_wanted && !is_anothers && is_file(&second.join(&midi)) {
                self.push(true, &midi);
            }
        }
        if let Some(path) = one.filter(|_| !self.list.iter().any(TakePiece::is_midi)) {
            self.add_shared_midi(path);
        }
    }

    /// `ea.mid`, for `ea-2.wav`: it moves with the last file of the take.
    fn add_shared_midi(&mut self, path: &Path) {
        let stem = self.stem.as_bytes();
        for at in stem.iter().enumerate().filter(|(_, byte)| **byte == b'-').map(|(at, _)| at) {
            let take = self.own.join(OsStr::from_bytes(stem.get(..at).unwrap_or_default()));
            let all = channel_files(&take);
            let midi = joined(&[take.as_os_str(), OsStr::new(".mid")]);
            let is_one_of_them = all.iter().any(|(name, _)| path.file_name() == Some(name));
            if !is_one_of_them
                || !is_file(Path::new(&midi))
                || path.with_file_name(joined(&[take.file_name().unwrap_or_default(), OsStr::new(".wav")])).exists()
            {
                continue;
            }
            let midi = Path::new(&midi).file_name().unwrap_or_default().to_owned();
            let others: Vec<String> = all
                .iter()
                .filter(|(name, _)| path.file_name() != Some(name))
                .map(|(name, _)| shown(Path::new(name)))
                .collect();
            if others.is_empty() {
                self.list.push(TakePiece { is_second: false, name: midi, tail: ".mid".into() });
            } else {
                self.stays.push(format!("{} stays with {}", shown(Path::new(&midi)), others.join(", ")));
            }
            return;
        }
    }
}

/// The names of the later parts of a file in a folder, each with its number.
fn parts(folder: &Path, head: &OsStr) -> io::Result<Vec<(OsString, u32)>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let (Some(part), true) = (is_part_of(&entry.file_name(), head), entry.file_type()?.is_file()) {
            parts.push((entry.file_name(), part));
        }
    }
    parts.sort_by_key(|(_, part)| *part);
    Ok(parts)
}

fn part_name(head: &OsStr, part: u32) -> OsString {
    let path = Path::new(head);
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-part{part}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    name
}

fn joined(parts: &[&OsStr]) -> OsString {
    parts.iter().copied().collect()
}

fn is_file(path: &Path) -> bool {
    open(path, Reach::Folder, false).is_ok()
}

/// Whether both are the same folder.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    one == other || place(one).is_some_and(|here| place(other) == Some(here))
}

#[cfg(test)]
mod tests;
