//! The folder of takes: its files, opened without following links that lead out of it.

use crate::files::open_plain;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The origin of a file's name, and so whether links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The user named it; it may be a link.
    Named,
    /// It was found in the folder as a plain file, and must still be one.
    Folder,
}

/// The WAV files directly in a folder, newest first. Links are left out.
///
/// # Errors
/// The folder is missing or cannot be read.
pub fn wav_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_wav = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"));
        // Neither call follows a link. A file that was removed meanwhile is no take.
        if let (true, Ok(metadata)) = (is_wav, entry.metadata())
            && metadata.is_file()
        {
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    files.sort_by(|(time, path), (other_time, other)| other_time.cmp(time).then_with(|| path.cmp(other)));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// Opens a plain file only: a FIFO would wait for its writer.
///
/// # Errors
/// Errors of the disk; a folder or a device.
pub fn open(path: &Path, reach: Reach, is_to_be_written: bool) -> io::Result<File> {
    open_plain(File::options().read(true).write(is_to_be_written), path, reach == Reach::Named)
}

/// The path of a name in a folder.
///
/// # Errors
/// The name is no bare file name.
pub fn in_folder(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_bare = Path::new(name).file_name().is_some_and(|bare| bare == name) && !name.contains('\0');
    if !is_bare {
        return Err(format!("'{name}' is not a take name; allowed: a name in the takes folder"));
    }
    Ok(folder.join(name))
}

/// The existing file of a name: the name itself, or with `.wav` added.
pub fn meant(path: &Path) -> Option<PathBuf> {
    let mut with_ending = path.as_os_str().to_owned();
    with_ending.push(".wav");
    [path.to_owned(), PathBuf::from(with_ending)].into_iter().find(|path| path.symlink_metadata().is_ok())
}

/// The number in the name of a later part of a file: 2 for `jam-part2.wav` of `jam.wav`.
pub(super) fn is_part_of(name: &OsStr, head: &OsStr) -> Option<u32> {
    let head = Path::new(head);
    let bytes = |part: Option<&OsStr>| part.unwrap_or_default().as_bytes().to_vec();
    let rest = name.as_bytes().strip_prefix(&bytes(head.file_stem())[..])?.strip_prefix(b"-part")?;
    let number = rest.strip_suffix(&bytes(head.extension())[..])?.strip_suffix(b".")?;
    let number = std::str::from_utf8(number).ok()?.parse::<u32>().ok()?;
    (number >= 2).then_some(number)
}

/// By their names, the first files of a take that was recorded to several, in order, each with the suffix of its name:
/// `-1`, `-2`, `-inputs`, `-1-2+master`. A take whose name ends with a number looks like one of them.
pub(super) fn channel_files(take: &Path) -> Vec<(OsString, String)> {
    let stem = take.file_name().unwrap_or_default();
    let Some(entries) = take.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    else {
        return Vec::new();
    };
    let entries = fs::read_dir(entries).into_iter().flatten().flatten();
    let channel_file = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let added = name.as_bytes().strip_prefix(stem.as_bytes())?.strip_suffix(b".wav")?;
        let added = std::str::from_utf8(added).ok()?.to_owned();
        let is_channel_file = added.strip_prefix('-')?.split('+').all(is_place) && entry.file_type().ok()?.is_file();
        is_channel_file.then_some((name, added))
    };
    let mut files: Vec<(OsString, String)> = entries.filter_map(channel_file).collect();
    files.sort();
    files
}

/// Whether a word is a suffix that names the channels of a file.
fn is_place(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(word, "inputs" | "master")
        || is_number(word)
        || word.split_once('-').is_some_and(|(from, to)| is_number(from) && is_number(to))
}

/// Why there is no file of this name, if a take of several files has the name.
pub fn in_several(take: &Path) -> Option<String> {
    let names: Vec<String> = channel_files(take).iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    (names.len() > 1).then(|| format!("it has several files: name one of {}", names.join(", ")))
}

/// Whether the file is locked, as a recorder does. On a disk without locks it never is.
pub fn is_held(lock: Result<(), TryLockError>) -> bool {
    matches!(lock, Err(TryLockError::WouldBlock))
}
