//! Renames takes, or moves them to the trash in their folder, with all files that belong to them.

use super::{
    NotUsable, TakeError,
    folder::{Reach, meant},
    fresh::{stems, too_many},
    moving::{TRASH, To, move_take},
    name::safe_name,
    pieces::Pieces,
    shown,
    take::Take,
    why_beyond,
};
use crate::wav::Health;
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

/// The name of a take in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTake {
    /// Its file; for a take of several files, the common beginning of their names.
    pub path: PathBuf,
    /// The folder where takes continue when a disk is full.
    pub second: Option<PathBuf>,
}

impl NamedTake {
    /// The take of a name: the file, with `.wav` added if there is no ending; in the second folder if the first has no
    /// such file.
    pub fn found(path: &Path, second: Option<PathBuf>) -> NamedTake {
        let elsewhere = || second.as_ref().zip(path.file_name()).and_then(|(second, name)| meant(&second.join(name)));
        let is_several = || super::in_several(path).is_some();
        let found = meant(path).or_else(|| if is_several() { None } else { elsewhere() });
        NamedTake { path: found.unwrap_or_else(|| path.to_owned()), second }
    }
}

/// The result of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveReport {
    /// Its new file; for a take of several files, the common beginning of their names.
    pub to: PathBuf,
    /// Notes on other files that moved or stayed, to append to a sentence; mostly empty.
    pub besides: String,
}

/// Renames a take, in the folder of each file. Characters that are unsafe in file names are replaced.
///
/// # Errors
/// See [`TakeError`]; then nothing is changed. A name that another file or its `.mid` has is refused.
pub fn rename(take: &NamedTake, name: &str) -> Result<MoveReport, TakeError> {
    let pieces = Pieces::of(&take.path, take.second.as_deref())?;
    // The locks are held until the files have their new names.
    let _takes = to_be_moved(&pieces)?;
    let stem = safe_name(name);
    if stem.is_empty() {
        return Err(TakeError::Asked(format!("{:?} is not a name: no allowed character is left", name)));
    }
    let to = take.path.with_file_name(file_name(OsStr::new(&stem), &pieces));
    match move_take(&pieces, OsStr::new(&stem), To::Same) {
        Err(TakeError::Disk(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            let name = shown(&to);
            Err(TakeError::Asked(format!("{name}, or a part or .mid of it, exists already and is unchanged")))
        }
        moved => moved.map(|()| MoveReport { to, besides: besides(&pieces, "") }),
    }
}

/// Moves a take to the trash of its folder, under a free name.
///
/// # Errors
/// See [`TakeError`]; then nothing is changed.
pub fn remove(take: &NamedTake) -> Result<MoveReport, TakeError> {
    let pieces = Pieces::of(&take.path, take.second.as_deref())?;
    let _takes = to_be_moved(&pieces)?;
    let trash = make_trash(&pieces.own)?;
    if let Some(second) = pieces.second.as_ref().filter(|_| pieces.count_in_second() > 0) {
        make_trash(second)?;
    }
    for stem in stems(&pieces.stem) {
        match move_take(&pieces, &stem, To::Trash) {
            Err(TakeError::Disk(error)) if error.kind() == io::ErrorKind::AlreadyExists => {}
            moved => {
                moved?;
                return Ok(MoveReport {
                    to: trash.join(file_name(&stem, &pieces)),
                    besides: besides(&pieces, "the trash of "),
                });
            }
        }
    }
    Err(too_many().into())
}

/// The name of the first file; for a take of several files, the common beginning of their names.
fn file_name(stem: &OsStr, pieces: &Pieces) -> PathBuf {
    let mut name = stem.to_owned();
    if let Some(first) = pieces.list.first().filter(|first| first.tail.as_encoded_bytes().starts_with(b".")) {
        name.push(&first.tail);
    }
    name.into()
}

fn besides(pieces: &Pieces, place: &str) -> String {
    let count = pieces.count_in_second();
    let second = pieces.second.as_ref().filter(|_| count > 0).map(|second| {
        let (files, are) = if count == 1 { ("file", "is") } else { ("files", "are") };
        format!("so {are} {count} {files} of it in {place}{}", shown(second))
    });
    second.iter().chain(&pieces.stays).map(|sentence| format!("; {sentence}")).collect()
}

fn make_trash(folder: &Path) -> Result<PathBuf, TakeError> {
    let trash = folder.join(TRASH);
    match fs::create_dir(&trash) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ if !trash.symlink_metadata()?.is_dir() => {
            Err(TakeError::Asked(format!("{} is not a folder: the trash cannot be created", shown(&trash))))
        }
        _ => Ok(trash),
    }
}

/// The files in the trash of a folder, each with its size in bytes; empty if there is no trash. Links and folders are
/// left out.
///
/// # Errors
/// Errors of the disk.
pub fn trash_files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let trash = folder.join(TRASH);
    if !trash.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(trash)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            files.push((entry.path(), metadata.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// The files of a take, if none is being recorded, without its later parts.
fn to_be_moved(pieces: &Pieces) -> Result<Vec<Take>, TakeError> {
    pieces.heads().map(|path| one_to_be_moved(&path)).collect()
}

fn one_to_be_moved(path: &Path) -> Result<Take, TakeError> {
    let take = match Take::open(path, Reach::Folder) {
        Err(error) if path.is_symlink() => {
            tracing::debug!("{}: {error}", path.display());
            return Err(TakeError::Asked("it is a link: name the take it points to".to_owned()));
        }
        take => take.map_err(NotUsable::Disk)?,
    };
    match take.wav.health() {
        _ if take.is_recording => Err(NotUsable::Recording.into()),
        // An empty file has nothing to lose.
        Health::Beyond if take.wav.file_bytes == 0 => Ok(take),
        Health::Beyond => Err(NotUsable::Beyond(why_beyond(&take.wav)).into()),
        _ => Ok(take),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{self as rig, contents, names_in, sines},
        *,
    };
    use crate::wav::Depth;
    use std::{fs::File, os::unix::fs::symlink};

    fn rename(path: &Path, name: &str) -> Result<PathBuf, TakeError> {
        super::rename(&named(path), name).map(|moved| moved.to)
    }

    fn remove(path: &Path) -> Result<PathBuf, TakeError> {
        super::remove(&named(path)).map(|moved| moved.to)
    }

    fn named(path: &Path) -> NamedTake {
        NamedTake { path: path.to_owned(), second: None }
    }

    /// A folder with `jam.wav`, and its `.mid` if `has_midi`.
    fn folder(has_midi: bool) -> (tempfile::TempDir, PathBuf) {
        let (folder, take) = rig::folder(2, Depth::Int24, &sines(2, 100, 0.5), &[]);
        if has_midi {
            fs::write(take.path.with_extension("mid"), "MThd").unwrap();
        }
        (folder, take.path)
    }

    #[test]
    fn a_take_is_renamed_with_its_midi_file() {
        let (folder, jam) = folder(true);
        assert_eq!(rename(&jam, "friday.wav").unwrap(), folder.path().join("friday.wav"));
        assert_eq!(names_in(folder.path()), ["friday.mid", "friday.wav"]);
        let friday = folder.path().join("friday.wav");
        for (name, made) in
            [("../up", "_up.wav"), ("a/b", "a_b.wav"), ("a\u{1b}[2J", "a_[2J.wav"), (".hidden", "hidden.wav")]
        {
            let to = rename(&friday, name).unwrap();
            assert_eq!(to, folder.path().join(made));
            fs::rename(&to, &friday).unwrap();
            fs::rename(to.with_extension("mid"), friday.with_extension("mid")).unwrap();
        }
    }

    #[test]
    fn an_empty_file_can_be_removed() {
        let (folder, jam) = folder(false);
        fs::write(&jam, "").unwrap();
        assert_eq!(remove(&jam).unwrap(), folder.path().join(TRASH).join("jam.wav"));
    }

    #[test]
    fn a_take_has_one_ending_with_or_without_wav_in_the_name() {
        let (folder, jam) = folder(false);
        let old = folder.path().join("OLD.WAV");
        fs::rename(jam, &old).unwrap();
        assert_eq!(rename(&old, "NEW.WAV").unwrap(), folder.path().join("NEW.WAV"));
    }

    #[test]
    fn no_file_is_replaced() {
        for (has_midi, taken) in [(true, "b.wav"), (true, "b.mid"), (false, "b.wav"), (false, "b.mid")] {
            let (folder, jam) = folder(has_midi);
            fs::write(folder.path().join(taken), "precious").unwrap();
            let before = contents(folder.path());
            let refused = rename(&jam, "b").unwrap_err().to_string();
            assert!(refused.contains("exists already"), "{refused}");
            assert_eq!(contents(folder.path()), before);
        }
        let (folder, jam) = folder(false);
        let before = contents(folder.path());
        assert!(rename(&jam, "...").is_err() && rename(&jam, "jam").is_err());
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn the_trash_keeps_all_files() {
        let (folder, jam) = folder(true);
        let trash = folder.path().join(TRASH);
        let take = fs::read(&jam).unwrap();
        assert_eq!(remove(&jam).unwrap(), trash.join("jam.wav"));
        // A take without a `.mid` does not get the one of another.
        fs::write(&jam, &take).unwrap();
        assert_eq!(remove(&jam).unwrap(), trash.join("jam-2.wav"));
        fs::write(trash.join("jam-3.mid"), "of another").unwrap();
        fs::write(&jam, &take).unwrap();
        assert_eq!(remove(&jam).unwrap(), trash.join("jam-4.wav"));
        assert_eq!(names_in(&trash), ["jam-2.wav", "jam-3.mid", "jam-4.wav", "jam.mid", "jam.wav"]);
        assert_eq!(names_in(folder.path()), [TRASH]);
        assert_eq!(trash_files(folder.path()).unwrap().len(), 5);
    }

    #[test]
    fn links_and_takes_being_recorded_are_left_alone() {
        let (folder, jam) = folder(false);
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder.path().join(TRASH)).unwrap();
        symlink(&jam, folder.path().join("link.wav")).unwrap();
        let refused = remove(&jam).unwrap_err().to_string();
        assert!(refused.contains("the trash cannot be created"), "{refused}");
        let refused = rename(&folder.path().join("link.wav"), "b").unwrap_err().to_string();
        assert!(refused.contains("it is a link"), "{refused}");
        assert!(trash_files(folder.path()).unwrap().is_empty());
        let recording = File::open(&jam).unwrap();
        recording.try_lock().unwrap();
        for refused in [rename(&jam, "b").unwrap_err(), remove(&jam).unwrap_err()] {
            assert!(refused.to_string().contains("being recorded"), "{refused}");
        }
        assert!(jam.exists() && contents(elsewhere.path()).is_empty());
    }
}
