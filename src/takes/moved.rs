//! Takes that get another name, or go to the trash beside them, with all that belongs to them.

use super::{
    NotDone,
    folder::Reach,
    fresh::{names, too_many},
    moving::{TRASH, move_take},
    name::safe_name,
    shown,
    take::{NotUsable, Take},
    why_beyond,
};
use crate::wav::Health;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Gives a take another name, made safe, in the folder where it is.
///
/// # Errors
/// See [`NotDone`]; nothing is changed then. A name that another file or its `.mid` has is refused.
pub fn rename(path: &Path, name: &str) -> Result<PathBuf, NotDone> {
    // Its lock is held until it has its name.
    let _take = to_be_moved(path)?;
    let mut name_made = safe_name(name);
    if name_made.is_empty() {
        return Err(NotDone::Asked(format!("{:?} is no name: nothing of it is left", name)));
    }
    if let Some(extension) = path.extension() {
        name_made = format!("{name_made}.{}", extension.to_string_lossy());
    }
    let to = path.with_file_name(name_made);
    match move_take(path, &to) {
        Err(NotDone::Disk(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            let name = shown(&to);
            Err(NotDone::Asked(format!("{name}, or a part or .mid of it, is there already and stays what it is")))
        }
        moved => moved.map(|()| to),
    }
}

/// Puts a take into the trash of its folder, under a name that nothing there has.
///
/// # Errors
/// See [`NotDone`]; nothing is changed then.
pub fn remove(path: &Path) -> Result<PathBuf, NotDone> {
    let _take = to_be_moved(path)?;
    let trash = path.with_file_name(TRASH);
    match fs::create_dir(&trash) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ if !trash.symlink_metadata()?.is_dir() => {
            return Err(NotDone::Asked(format!("{} is no folder: the trash has no place", shown(&trash))));
        }
        _ => {}
    }
    for to in names(&trash.join(path.file_name().unwrap_or_default())) {
        match move_take(path, &to) {
            Err(NotDone::Disk(error)) if error.kind() == io::ErrorKind::AlreadyExists => {}
            moved => return moved.map(|()| to),
        }
    }
    Err(too_many().into())
}

/// The files in the trash of a folder with their bytes; none where there is no trash. Links and folders are left out.
///
/// # Errors
/// Those of the disk.
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

/// A take that nobody records to.
fn to_be_moved(path: &Path) -> Result<Take, NotDone> {
    let take = match Take::open(path, Reach::Folder) {
        Err(error) if path.is_symlink() => {
            tracing::debug!("{}: {error}", path.display());
            return Err(NotDone::Asked("it is a link: name the take it leads to".to_owned()));
        }
        take => take.map_err(NotUsable::Disk)?,
    };
    match take.wav.health() {
        _ if take.is_recording => Err(NotUsable::Recording.into()),
        // There is nothing in it that could be lost.
        Health::Beyond if take.wav.file_bytes == 0 => Ok(take),
        Health::Beyond => Err(NotUsable::Beyond(why_beyond(&take.wav)).into()),
        _ => Ok(take),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{self as rig, contents, sines},
        *,
    };
    use crate::wav::Depth;
    use std::{fs::File, os::unix::fs::symlink};

    /// A folder with `jam.wav`, and its notes where there are any.
    fn folder(has_midi: bool) -> (tempfile::TempDir, PathBuf) {
        let (folder, take) = rig::folder(2, Depth::Int24, &sines(2, 100, 0.5), &[]);
        if has_midi {
            fs::write(take.path.with_extension("mid"), "MThd").unwrap();
        }
        (folder, take.path)
    }

    fn names_in(folder: &Path) -> Vec<String> {
        contents(folder).iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_take_is_renamed_with_its_notes() {
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
    fn a_file_to_which_nothing_was_written_can_be_removed() {
        let (folder, jam) = folder(false);
        fs::write(&jam, "").unwrap();
        assert_eq!(remove(&jam).unwrap(), folder.path().join(TRASH).join("jam.wav"));
    }

    #[test]
    fn a_take_has_one_ending_however_it_is_written() {
        let (folder, jam) = folder(false);
        let old = folder.path().join("OLD.WAV");
        fs::rename(jam, &old).unwrap();
        assert_eq!(rename(&old, "NEW.WAV").unwrap(), folder.path().join("NEW.WAV"));
    }

    #[test]
    fn nobodys_place_is_taken() {
        for (has_midi, taken) in [(true, "b.wav"), (true, "b.mid"), (false, "b.wav"), (false, "b.mid")] {
            let (folder, jam) = folder(has_midi);
            fs::write(folder.path().join(taken), "precious").unwrap();
            let before = contents(folder.path());
            let refused = rename(&jam, "b").unwrap_err().to_string();
            assert!(refused.contains("is there already"), "{refused}");
            assert_eq!(contents(folder.path()), before);
        }
        let (folder, jam) = folder(false);
        let before = contents(folder.path());
        assert!(rename(&jam, "...").is_err() && rename(&jam, "jam").is_err());
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn the_trash_keeps_all_that_was_put_there() {
        let (folder, jam) = folder(true);
        let trash = folder.path().join(TRASH);
        let take = fs::read(&jam).unwrap();
        assert_eq!(remove(&jam).unwrap(), trash.join("jam.wav"));
        // A take without notes gets no other one's.
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
    fn what_leads_elsewhere_or_is_being_recorded_is_left_alone() {
        let (folder, jam) = folder(false);
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder.path().join(TRASH)).unwrap();
        symlink(&jam, folder.path().join("link.wav")).unwrap();
        let refused = remove(&jam).unwrap_err().to_string();
        assert!(refused.contains("the trash has no place"), "{refused}");
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
