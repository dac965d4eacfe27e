//! Moves a take with all files that belong to it: its later parts and its `.mid`, in its own folder and in the second.
//!
//! Several files cannot move in one step. So a hidden file in each folder, the plan, first lists the moves; it is
//! deleted when all files have moved. A program that finds an unlocked plan completes it: after a kill at any moment,
//! the files of a take are together again at the next start. The first folder decides the moves in a second one: once
//! the take's first file has its new name there, the rest follows, and not before.
//!
//! A full disk has no room for a plan. A single file needs none. Several files first get hard links with their new
//! names, and lose the old ones when all have both: after a kill in between, the take is complete under one of its
//! names, and some of its files have two.
//!
//! No move replaces another file.

use super::{
    NotUsable, TakeError,
    folder::{Reach, is_held, open},
    fresh::{folder_of, move_new},
    pieces::Pieces,
    take::Take,
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
/// The name of the plan file, in the folder of its moves.
const PLAN: &str = ".busker-moving";
/// The end of a plan, to detect one that was cut off: then nothing has moved.
const PLAN_END: &[u8] = b"end\n";
/// Maximum size of a plan that is read, in bytes.
const PLAN_BYTES_MAX: u64 = 16 << 20;

/// The target of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// The folder of each file.
    Same,
    /// The trash in the folder of each file.
    Trash,
}

/// A name in the folder, and its new path, in the folder or its trash.
type Move = (OsString, PathBuf);

/// The condition for the moves in a second folder: the first file of the take has left the one path and is at the
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    from: PathBuf,
    to: PathBuf,
}

/// The contents of a plan.
#[derive(Debug, Default)]
struct Written {
    decision: Option<Decision>,
    moves: Vec<Move>,
}

/// A plan that is being carried out; the lock on its file shows this to other programs.
struct MovePlan {
    folder: PathBuf,
    _file: File,
}

impl MovePlan {
    /// Writes a plan. An interrupted one is completed first.
    fn begin(folder: &Path, written: &Written) -> io::Result<MovePlan> {
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
        let mut name = |name: &OsStr| {
            bytes.extend(name.as_bytes());
            bytes.push(0);
        };
        if let Some(Decision { from, to }) = &written.decision {
            [OsStr::new(""), from.as_os_str(), to.as_os_str()].into_iter().for_each(&mut name);
        }
        for (from, to) in &written.moves {
            [from.as_os_str(), to.as_os_str()].into_iter().for_each(&mut name);
        }
        bytes.extend(PLAN_END);
        let plan = MovePlan { folder: folder.to_owned(), _file: file.try_clone()? };
        match file.write_all(&bytes).and_then(|()| file.sync_all()).and_then(|()| sync(folder)) {
            Ok(()) => Ok(plan),
            Err(error) => {
                let _ = plan.end();
                Err(error)
            }
        }
    }

    /// Deletes the plan: all files have moved, or none.
    fn end(self) -> io::Result<()> {
        fs::remove_file(self.folder.join(PLAN))?;
        sync(&self.folder)
    }
}

/// Renames a take, in its folder or to the trash, with all files that belong to it: all, or none.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if a file of that name exists; errors of the disk; a part is being recorded.
pub(super) fn move_take(pieces: &Pieces, stem: &OsStr, place: To) -> Result<(), TakeError> {
    // The locks are held until the files have their new names.
    let _held = pieces.audio().map(|path| free(&path)).collect::<Result<Vec<Take>, TakeError>>()?;
    let moves = moves(pieces, stem, place)?;
    let plans = match begin(&moves) {
        Err(error) if has_no_room(&error) => {
            return link_and_unlink(&moves).map_err(|other| match other.kind() {
                // Such a disk has no hard links: the cause is that it is full.
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => error.into(),
                _ => other.into(),
            });
        }
        plans => plans?,
    };
    move_all(&moves, plans)
}

/// The moves in each folder, that of the take first.
struct Moves<'p> {
    own: (&'p Path, Vec<Move>),
    second: Option<(&'p Path, Vec<Move>)>,
}

impl Moves<'_> {
    /// The moves as pairs of paths, the take's first file first.
    fn steps(&self) -> Vec<(PathBuf, PathBuf)> {
        let folders = [&self.own].into_iter().chain(&self.second);
        folders
            .flat_map(|(folder, moves)| moves.iter().map(|(from, to)| (folder.join(from), folder.join(to))))
            .collect()
    }

    /// Syncs the names to the disk.
    fn sync(&self) -> io::Result<()> {
        for (folder, moves) in [&self.own].into_iter().chain(&self.second) {
            if let Some((_, to)) = moves.first() {
                sync(folder_of(&folder.join(to)))?;
            }
            sync(folder)?;
        }
        Ok(())
    }
}

/// The plans of a move that needs them, that of the second folder first: it has no effect without its condition.
fn begin(moves: &Moves<'_>) -> io::Result<Vec<MovePlan>> {
    let mut plans = Vec::new();
    let mut begun = || {
        let (own, of_own) = &moves.own;
        if let (Some((second, of_second)), Some((from, to))) = (&moves.second, of_own.first()) {
            let absolute = |name: &Path| std::path::absolute(own.join(name));
            let decision = Some(Decision { from: absolute(Path::new(from))?, to: absolute(to)? });
            plans.push(MovePlan::begin(second, &Written { decision, moves: of_second.clone() })?);
        }
        if of_own.len() > 1 {
            plans.push(MovePlan::begin(own, &Written { decision: None, moves: of_own.clone() })?);
        }
        Ok(())
    };
    match begun() {
        Ok(()) => Ok(plans),
        Err(error) => {
            end(plans)?;
            Err(error)
        }
    }
}

fn end(plans: Vec<MovePlan>) -> io::Result<()> {
    plans.into_iter().try_for_each(MovePlan::end)
}

fn move_all(moves: &Moves<'_>, plans: Vec<MovePlan>) -> Result<(), TakeError> {
    let steps = moves.steps();
    for (done, (from, to)) in steps.iter().enumerate() {
        if let Err(error) = move_new(from, to) {
            for (from, to) in steps.iter().take(done).rev() {
                if let Err(error) = move_new(to, from) {
                    tracing::warn!("{} is not moved: {error}", to.display());
                }
            }
            let _ = end(plans);
            return Err(error.into());
        }
    }
    moves.sync()?;
    Ok(end(plans)?)
}

/// Moves files without a plan: the take is complete under its old name until it is complete under the new one.
fn link_and_unlink(moves: &Moves<'_>) -> io::Result<()> {
    let steps = moves.steps();
    for (done, (from, to)) in steps.iter().enumerate() {
        if let Err(error) = fs::hard_link(from, to) {
            steps.iter().take(done).for_each(|(_, to)| drop(fs::remove_file(to)));
            return Err(error);
        }
    }
    moves.sync()?;
    steps.iter().try_for_each(|(from, _)| fs::remove_file(from))?;
    moves.sync()
}

/// Completes the moves that an interrupted program began in a folder; returns the number of moved files.
///
/// # Errors
/// Errors of the disk, or the folder of the condition is missing; it can be tried again.
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
    let Written { decision, mut moves } = read_plan(&bytes).unwrap_or_default();
    let mut count = 0;
    if let Some(Decision { from, to }) = decision {
        let first = folder_of(&from);
        first.read_dir().map_err(|error| {
            let first = first.display();
            io::Error::new(error.kind(), format!("the take's first file is in {first}, which cannot be read ({error})"))
        })?;
        // The plan there comes first; a program that still carries it out carries out this one, too.
        if first.join(PLAN).symlink_metadata().is_ok() && first != folder {
            count += finish_moves(first)?;
            if first.join(PLAN).symlink_metadata().is_ok() {
                return Ok(count);
            }
        }
        if from.symlink_metadata().is_ok() || to.symlink_metadata().is_err() {
            moves.clear();
        }
    }
    for (from, to) in moves {
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

/// The contents of a plan; `None` if it is incomplete, or leads out of the folder and its trash.
fn read_plan(bytes: &[u8]) -> Option<Written> {
    let names = bytes.strip_suffix(PLAN_END)?;
    let names: Vec<&[u8]> = names.strip_suffix(&[0]).unwrap_or(names).split(|byte| *byte == 0).collect();
    let path = |name: &[u8]| PathBuf::from(OsString::from_vec(name.to_vec()));
    let (decision, names) = match &names[..] {
        [b"", from, to, names @ ..] => {
            let at = Decision { from: path(from), to: path(to) };
            (Some(Some(at).filter(|at| at.from.is_absolute() && at.to.is_absolute())?), names)
        }
        names => (None, names),
    };
    let bare = |name: &[u8]| {
        let name = OsString::from_vec(name.to_vec());
        (Path::new(&name).file_name() == Some(name.as_os_str())).then_some(name)
    };
    let target = |name: &[u8]| {
        let path = path(name);
        let components: Vec<Component<'_>> = path.components().collect();
        match components[..] {
            [Component::Normal(_)] => Some(path),
            [Component::Normal(trash), Component::Normal(_)] if trash == TRASH => Some(path),
            _ => None,
        }
    };
    let moves: Option<Vec<Move>> =
        names.chunks(2).map(|pair| Some((bare(pair.first()?)?, target(pair.get(1)?)?))).collect();
    Some(Written { decision, moves: moves? })
}

/// The moves in each folder, the take's first file first.
fn moves<'p>(pieces: &'p Pieces, stem: &OsStr, place: To) -> io::Result<Moves<'p>> {
    let placed = |name: OsString| match place {
        To::Same => PathBuf::from(name),
        To::Trash => Path::new(TRASH).join(name),
    };
    let of = |is_second: bool| {
        let pieces = pieces.list.iter().filter(move |piece| piece.is_second == is_second);
        let moved = |tail: &OsStr| placed([stem, tail].into_iter().collect());
        pieces.map(|piece| (piece.name.clone(), moved(&piece.tail))).collect::<Vec<Move>>()
    };
    let second = pieces.second.as_deref().map(|second| (second, of(true)));
    let moves = Moves { own: (&pieces.own, of(false)), second: second.filter(|(_, moves)| !moves.is_empty()) };
    // Files of another take that would belong to this one under its new name: its `.mid`, and later parts.
    let would_be = pieces.would_be_taken_for(stem).into_iter().map(placed);
    let folders = [moves.own.0].into_iter().chain(pieces.second.as_deref());
    let would_be: Vec<PathBuf> =
        folders.flat_map(|folder| would_be.clone().map(move |name| folder.join(name))).collect();
    let mut wanted = moves.steps().into_iter().map(|(_, to)| to).chain(would_be);
    match wanted.any(|path| path.symlink_metadata().is_ok()) {
        true => Err(io::ErrorKind::AlreadyExists.into()),
        false => Ok(moves),
    }
}

/// A part that is not being recorded.
fn free(path: &Path) -> Result<Take, TakeError> {
    let take = Take::open(path, Reach::Folder).map_err(NotUsable::Disk)?;
    if take.is_recording { Err(NotUsable::Recording.into()) } else { Ok(take) }
}

/// Whether a disk, or this user's quota, is full.
pub(super) fn has_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
