//! The names of a take's files, made so that none is ever overwritten. The disk writer's.

use super::TakeOrder;
use crate::{config::recorder::FileOf, takes::Fresh, wav::WavFile};
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Names tried before giving up: `jam`, `jam-2`, …
const NAMES: u32 = 10_000;

/// A file that could not be made, and why.
pub(super) struct CreateFileError {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

/// The file's name: `jam.wav`, `jam-master.wav`, `jam-master-part2.wav`.
pub(super) fn file_name(stem: &str, suffix: &str, part: u32) -> OsString {
    let mut name = stem.to_owned();
    if !suffix.is_empty() {
        name.push('-');
        name.push_str(suffix);
    }
    if part > 1 {
        name.push_str(&format!("-part{part}"));
    }
    name.push_str(".wav");
    name.into()
}

/// A file that was begun, and its name.
pub(super) type NewFile = (PathBuf, WavFile<File>);

/// The files of a take.
pub(super) struct NewTakeFiles {
    /// In the order of the take's, each with its path.
    pub(super) files: Vec<NewFile>,
    /// The common beginning of all its file names: the take's name, and a number where that name was taken.
    pub(super) stem: String,
}

/// Makes the first file of each of a take's parts, all under one name. `begin` writes a file's header: a file whose
/// header cannot be written gets no name.
/// gets no name.
pub(super) fn create(
    order: &TakeOrder,
    folder: &Path,
    begin: impl Fn(&FileOf, File) -> io::Result<WavFile<File>>,
) -> Result<NewTakeFiles, CreateFileError> {
    let refusal = |error| CreateFileError { path: folder.join(file_name(&order.name, "", 1)), error };
    make_folder(folder).map_err(refusal)?;
    for stem in stems(&order.name) {
        match create_all(order, folder, &stem, &begin) {
            Ok(made) => return synced(folder).map(|()| made).map_err(refusal),
            Err(CreateFileError { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Err(refusal(too_many()))
}

/// Makes one more file of a take: this part of it or, where those names are taken, the first free number.
pub(super) fn create_part(
    folder: &Path,
    stem: &str,
    suffix: &str,
    first_part: u32,
    begin: impl Fn(File) -> io::Result<WavFile<File>>,
) -> io::Result<(NewFile, u32)> {
    make_folder(folder)?;
    for part in first_part..first_part.saturating_add(NAMES) {
        let path = folder.join(file_name(stem, suffix, part));
        match create_new(&path, &begin) {
            Ok(wav) => return synced(folder).map(|()| ((path, wav), part)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(too_many())
}

/// Makes the MIDI file, beside the take or under the next free name: it is there whole, or not at all.
pub(super) fn create_midi(folder: &Path, stem: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    make_folder(folder)?;
    let fresh = Fresh::beside(&folder.join(format!("{stem}.mid")))?;
    fresh.file().write_all(bytes)?;
    fresh.keep()
}

fn stems(name: &str) -> impl Iterator<Item = String> {
    let name = name.to_owned();
    (1..=NAMES).map(move |n| if n == 1 { name.clone() } else { format!("{name}-{n}") })
}

fn too_many() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "too many files of this name")
}

fn create_all(
    order: &TakeOrder,
    folder: &Path,
    stem: &str,
    begin: &dyn Fn(&FileOf, File) -> io::Result<WavFile<File>>,
) -> Result<NewTakeFiles, CreateFileError> {
    let mut files: Vec<NewFile> = Vec::new();
    // The MIDI file goes beside it under the same name, and so do later parts. A link that leads nowhere has its name.
    let is_taken = |name: OsString| folder.join(name).symlink_metadata().is_ok();
    let is_free = |suffix: &str| match is_taken(format!("{stem}.mid").into()) || is_taken(file_name(stem, suffix, 2)) {
        true => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        false => Ok(()),
    };
    for of in &order.files {
        let path = folder.join(file_name(stem, &of.suffix, 1));
        match is_free(&of.suffix).and_then(|()| create_new(&path, &|file| begin(of, file))) {
            Ok(wav) => files.push((path, wav)),
            Err(error) => {
                for (path, _) in files {
                    // Made a moment ago, and without audio.
                    let _ = fs::remove_file(path);
                }
                return Err(CreateFileError { path, error });
            }
        }
    }
    Ok(NewTakeFiles { files, stem: stem.to_owned() })
}

/// Begins a file under a hidden name and gives it its own, which must be free: killed in between, no file without a
/// header is left under that.
fn create_new(path: &Path, begin: &dyn Fn(File) -> io::Result<WavFile<File>>) -> io::Result<WavFile<File>> {
    // Cheaper than to find it out at the end.
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let fresh = Fresh::beside(path)?;
    // It stays locked: the repair of headers leaves it alone.
    let wav = begin(fresh.file().try_clone()?)?;
    fresh.keep_named()?;
    Ok(wav)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        // The system's message about a file where the folder should be would mislead.
        io::ErrorKind::AlreadyExists => io::Error::new(io::ErrorKind::NotADirectory, "its folder is a file"),
        _ => error,
    })
}

/// Brings the names in a folder to the disk.
fn synced(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // Some disks cannot do that.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}
