//! A take moves with all that belongs to it: the files it goes on in and its `.mid`.
//!
//! Several files cannot move at once. So a hidden file says first what moves where; it goes when all has moved. Whoever
//! finds one that nobody holds finishes what it says: killed at any moment, a take is together again at the next start.
//! Nothing ever takes another file's place.

use super::{
    NotDone,
    folder::{Reach, is_held, open},
    fresh::{folder_of, move_new},
    take::{NotUsable, Take},
};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

/// The trash in a folder of takes.
pub(super) const TRASH: &str = ".trash";
/// What says what moves, in the folder of takes.
const PLAN: &str = ".busker-moving";
/// Behind the names, so that a plan that was cut off is known: nothing has moved then.
const PLAN_END: &[u8] = b"end\n";
/// A plan is read up to here, in bytes.
const PLAN_BYTES_MAX: u64 = 16 << 20;

/// A name in the folder, and the one it gets, there or in its trash.
type Move = (OsString, PathBuf);

/// A plan that is being carried out; the lock on its file tells others that somebody is at it.
struct Plan {
    folder: PathBuf,
    _file: File,
}

impl Plan {
    /// Writes down what moves. What an interrupted run left is finished before.
    fn begin(folder: &Path, moves: &[Move]) -> io::Result<Plan> {
        let path = folder.join(PLAN);
        let create = || File::options().write(true).create_new(true).open(&path);
        let mut file = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                finish_moves(folder)?;
                create().map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => io::Error::other("another take is being moved: try again"),
                    _ => error,
                })?
            }
            made => made?,
        };
        let _ = file.try_lock();
        let mut bytes = Vec::new();
        for (from, to) in moves {
            for name in [from.as_os_str(), to.as_os_str()] {
                bytes.extend(name.as_bytes());
                bytes.push(0);
            }
        }
        bytes.extend(PLAN_END);
        let plan = Plan { folder: folder.to_owned(), _file: file.try_clone()? };
        let written = file.write_all(&bytes).and_then(|()| file.sync_all()).and_then(|()| sync(folder));
        match written {
            Ok(()) => Ok(plan),
            Err(error) => {
                let _ = plan.end();
                Err(error)
            }
        }
    }

    /// All has moved, or nothing.
    fn end(self) -> io::Result<()> {
        fs::remove_file(self.folder.join(PLAN))?;
        sync(&self.folder)
    }
}

/// Gives a take another name, there or in the trash, with all that belongs to it: all, or nothing.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where a file of that name is there already; those of the disk; a part that is being
/// recorded.
pub(super) fn move_take(path: &Path, to: &Path) -> Result<(), NotDone> {
    let folder = folder_of(path);
    let parts = parts(path)?;
    // Their locks are held until they have their names.
    let _held = parts.iter().map(|(name, _)| free(&folder.join(name))).collect::<Result<Vec<Take>, NotDone>>()?;
    let moves = moves(path, to, &parts)?;
    let plan = Plan::begin(folder, &moves)?;
    let mut moved: Vec<&Move> = Vec::new();
    for step in &moves {
        if let Err(error) = move_new(&folder.join(&step.0), &folder.join(&step.1)) {
            for (from, to) in moved.into_iter().rev() {
                if let Err(error) = move_new(&folder.join(to), &folder.join(from)) {
                    tracing::warn!("{} stays where it is: {error}", to.display());
                }
            }
            let _ = plan.end();
            return Err(error.into());
        }
        moved.push(step);
    }
    // The names, too, must be on the disk.
    sync(folder_of(to))?;
    sync(folder)?;
    Ok(plan.end()?)
}

/// Finishes what an interrupted run began to move in a folder; how many files have moved.
///
/// # Errors
/// Those of the disk; it can be tried again.
pub fn finish_moves(folder: &Path) -> io::Result<usize> {
    let path = folder.join(PLAN);
    let file = match open(&path, Reach::Folder, true) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file?,
    };
    if is_held(file.try_lock()) {
        return Ok(0);
    }
    let mut bytes = Vec::new();
    (&file).take(PLAN_BYTES_MAX).read_to_end(&mut bytes)?;
    let mut count = 0;
    for (from, to) in read_plan(&bytes).unwrap_or_default() {
        let (from, to) = (folder.join(from), folder.join(to));
        let is_there = from.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if is_there && to.symlink_metadata().is_err() {
            move_new(&from, &to)?;
            count += 1;
        }
    }
    sync(folder)?;
    fs::remove_file(&path)?;
    Ok(count)
}

/// What a plan says; nothing where it is not whole, or leads out of the folder and its trash.
fn read_plan(bytes: &[u8]) -> Option<Vec<Move>> {
    let names = bytes.strip_suffix(PLAN_END)?;
    let names: Vec<&[u8]> = names.strip_suffix(&[0]).unwrap_or(names).split(|byte| *byte == 0).collect();
    let bare = |name: &[u8]| {
        let name = OsString::from_vec(name.to_vec());
        (Path::new(&name).file_name() == Some(name.as_os_str())).then_some(name)
    };
    let target = |name: &[u8]| {
        let path = PathBuf::from(OsString::from_vec(name.to_vec()));
        let components: Vec<Component<'_>> = path.components().collect();
        match components[..] {
            [Component::Normal(_)] => Some(path),
            [Component::Normal(trash), Component::Normal(_)] if trash == TRASH => Some(path),
            _ => None,
        }
    };
    names.chunks(2).map(|pair| Some((bare(pair.first()?)?, target(pair.get(1)?)?))).collect()
}

/// The names in a folder of what a take goes on in, each with its part's number.
fn parts(path: &Path) -> io::Result<Vec<(OsString, u32)>> {
    let (stem, extension) = (bytes_of(path.file_stem()), bytes_of(path.extension()));
    let part_of = |name: &OsStr| {
        let name = name.as_bytes().strip_prefix(stem)?.strip_prefix(b"-part")?;
        let number = name.strip_suffix(extension)?.strip_suffix(b".")?;
        let number = std::str::from_utf8(number).ok()?.parse::<u32>().ok()?;
        (number >= 2).then_some(number)
    };
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder_of(path))? {
        let entry = entry?;
        if let (Some(part), true) = (part_of(&entry.file_name()), entry.file_type()?.is_file()) {
            parts.push((entry.file_name(), part));
        }
    }
    parts.sort_by_key(|(_, part)| *part);
    Ok(parts)
}

/// What moves where, the take's first file first.
fn moves(path: &Path, to: &Path, parts: &[(OsString, u32)]) -> io::Result<Vec<Move>> {
    let folder = folder_of(path);
    let place = |name: OsString| {
        let path = to.with_file_name(name);
        path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path)
    };
    let part_name = |part: u32| {
        let mut name = to.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-part{part}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        name
    };
    let (midi, midi_to) = (path.with_extension("mid"), to.with_extension("mid"));
    let name_of = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    let mut moves = vec![(name_of(path), place(name_of(to)))];
    moves.extend(parts.iter().map(|(name, part)| (name.clone(), place(part_name(*part)))));
    if midi.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        moves.push((name_of(&midi), place(name_of(&midi_to))));
    }
    // What another take has would become this one's: its notes, and what it goes on in.
    let taken = [midi_to, to.with_file_name(part_name(2))];
    let mut wanted = moves.iter().map(|(_, to)| folder.join(to)).chain(taken);
    match wanted.any(|path| path.symlink_metadata().is_ok()) {
        true => Err(io::ErrorKind::AlreadyExists.into()),
        false => Ok(moves),
    }
}

/// A part that nobody records to.
fn free(path: &Path) -> Result<Take, NotDone> {
    let take = Take::open(path, Reach::Folder).map_err(NotUsable::Disk)?;
    if take.is_recording { Err(NotUsable::Recording.into()) } else { Ok(take) }
}

fn bytes_of(name: Option<&OsStr>) -> &[u8] {
    name.unwrap_or_default().as_bytes()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{self as rig, contents, sines},
        *,
    };
    use crate::wav::Depth;
    use std::{thread, time::Duration};

    /// A folder with a take of three files, its notes, and others that only sound alike.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let (folder, take) = rig::folder(2, Depth::Int24, &sines(2, 100, 0.5), &[]);
        for name in ["jam-part2.wav", "jam-part10.wav", "jam-2.wav", "jam-2-part2.wav", "jam-party.wav"] {
            fs::copy(&take.path, folder.path().join(name)).unwrap();
        }
        fs::write(take.path.with_extension("mid"), "MThd").unwrap();
        (folder, take.path)
    }

    fn names_in(folder: &Path) -> Vec<String> {
        contents(folder).iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    const MOVED: [&str; 7] = [
        "friday-part10.wav",
        "friday-part2.wav",
        "friday.mid",
        "friday.wav",
        "jam-2-part2.wav",
        "jam-2.wav",
        "jam-party.wav",
    ];

    #[test]
    fn a_take_moves_with_its_parts_and_its_notes_and_with_nothing_of_another() {
        let (folder, jam) = folder();
        move_take(&jam, &folder.path().join("friday.wav")).unwrap();
        assert_eq!(names_in(folder.path()), MOVED);
    }

    #[test]
    fn killed_between_any_two_moves_a_take_is_together_after_the_next_start() {
        for done in 0..=4 {
            let (folder, jam) = folder();
            let friday = folder.path().join("friday.wav");
            let moves = moves(&jam, &friday, &parts(&jam).unwrap()).unwrap();
            let plan = Plan::begin(folder.path(), &moves).unwrap();
            for (from, to) in &moves[..done] {
                move_new(&folder.path().join(from), &folder.path().join(to)).unwrap();
            }
            assert_eq!(finish_moves(folder.path()).unwrap(), 0, "somebody is at it");
            // As the system closes the file of whoever is killed. A program that another test starts has the lock for a
            // moment too, until it runs.
            drop(plan);
            let is_free = || File::open(folder.path().join(PLAN)).unwrap().try_lock().is_ok();
            assert!((0..5_000).any(|_| is_free() || {
                thread::sleep(Duration::from_millis(1));
                false
            }));
            assert_eq!(finish_moves(folder.path()).unwrap(), 4 - done);
            assert_eq!(names_in(folder.path()), MOVED, "after {done} moves");
        }
    }

    #[test]
    fn a_part_that_is_taken_or_being_recorded_leaves_everything_as_it_is() {
        let (folder, jam) = folder();
        fs::write(folder.path().join("friday-part10.wav"), "precious").unwrap();
        let before = contents(folder.path());
        assert!(move_take(&jam, &folder.path().join("friday.wav")).is_err());
        let recording = File::open(folder.path().join("jam-part10.wav")).unwrap();
        recording.try_lock().unwrap();
        let refused = move_take(&jam, &folder.path().join("monday.wav")).unwrap_err().to_string();
        assert!(refused.contains("being recorded"), "{refused}");
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn a_plan_that_is_cut_off_or_leads_elsewhere_moves_nothing() {
        let whole = b"jam.wav\0friday.wav\0end\n";
        for plan in [&whole[..10], b"", b"jam.wav\0end\n", b"jam.wav\0../up.wav\0end\n", b"../a.wav\0b.wav\0end\n"] {
            let (folder, _) = folder();
            let before = contents(folder.path());
            fs::write(folder.path().join(PLAN), plan).unwrap();
            assert_eq!(finish_moves(folder.path()).unwrap(), 0);
            assert_eq!(contents(folder.path()), before);
        }
    }
}
