//! The folder of takes: its files, opened without following anything that leads out of it.

use rustix::fs::OFlags;
use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Where a file's name comes from, and so how far it may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody named it, and may name a link.
    Named,
    /// It was found in the folder as a file, which it must be still.
    Folder,
}

/// The WAV files that lie in a folder itself, newest first. Links are left out, wherever they lead.
///
/// # Errors
/// A folder that is not there or cannot be read.
pub fn wav_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_wav = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"));
        // Neither asks where a link leads. A file that is gone meanwhile is no take.
        if let (true, Ok(metadata)) = (is_wav, entry.metadata())
            && metadata.is_file()
        {
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    files.sort_by(|(time, path), (other_time, other)| other_time.cmp(time).then_with(|| path.cmp(other)));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// Opens a file, and nothing that is none: a FIFO would wait for ever.
///
/// # Errors
/// Those of the disk, a folder, a device.
pub fn open(path: &Path, reach: Reach, is_to_be_written: bool) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, reach == Reach::Folder);
    let file = File::options().read(true).write(is_to_be_written).custom_flags(flags.bits() as i32).open(path)?;
    match file.metadata()? {
        metadata if metadata.is_file() => Ok(file),
        metadata if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
    }
}

/// What a name in a folder means: it leads nowhere else.
///
/// # Errors
/// It is no bare name.
pub fn in_folder(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_bare = Path::new(name).file_name().is_some_and(|bare| bare == name) && !name.contains('\0');
    if !is_bare {
        return Err(format!("'{name}' is no name of a take; allowed is a name in the folder of takes"));
    }
    Ok(folder.join(name))
}

/// The file that a name means: as it is, or with `.wav` behind it.
pub fn meant(path: &Path) -> Option<PathBuf> {
    let mut with_ending = path.as_os_str().to_owned();
    with_ending.push(".wav");
    [path.to_owned(), PathBuf::from(with_ending)].into_iter().find(|path| path.symlink_metadata().is_ok())
}

/// Whether somebody holds the file's lock, as whoever records does. Where the disk knows no locks nobody does.
pub fn is_held(lock: Result<(), TryLockError>) -> bool {
    matches!(lock, Err(TryLockError::WouldBlock))
}
