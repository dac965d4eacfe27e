//! A take moves with all that belongs to it: the files it goes on in and its `.mid`, in its own folder and in the second.
//!
//! Several files cannot move at once. So a hidden file in each folder says first what moves there; it goes when all has
//! moved. Whoever finds one that nobody holds finishes what it says: killed at any moment, a take is together again at the
//! next start. What moves in a second folder is decided in the first: once the take's first file has its new name there,
//! the rest follows, and not before.
//!
//! On a full disk there is no room for a plan. A single file needs none. Several get their new names first, beside the old
//! ones, and lose the old ones when all have both: killed in between, the take is whole under one of its names, and some
//! of its files have two.
//!
//! Nothing ever takes another file's place.

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
/// What says what moves, in the folder where it does.
const PLAN: &str = ".busker-moving";
/// Behind the names, so that a plan that was cut off is known: nothing has moved then.
const PLAN_END: &[u8] = b"end\n";
/// A plan is read up to here, in bytes.
const PLAN_BYTES_MAX: u64 = 16 << 20;

/// Where a take gets its new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Where its files lie.
    Same,
    /// In the trash of the folder of each.
    Trash,
}

/// A name in the folder, and the one it gets, there or in its trash.
type Move = (OsString, PathBuf);

/// What decides whether the moves in a second folder are to be done: the first file of the take has left the one path and is
/// at the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    from: PathBuf,
    to: PathBuf,
}

/// What a plan says.
#[derive(Debug, Default)]
struct Written {
    decision: Option<Decision>,
    moves: Vec<Move>,
}

/// A plan that is being carried out; the lock on its file tells others that somebody is at it.
struct MovePlan {
    folder: PathBuf,
    _file: File,
}

impl MovePlan {
    /// Writes down what moves. What an interrupted run left is finished before.
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
pub(super) fn move_take(pieces: &Pieces, stem: &OsStr, place: To) -> Result<(), TakeError> {
    // Their locks are held until they have their names.
    let _held = pieces.audio().map(|path| free(&path)).collect::<Result<Vec<Take>, TakeError>>()?;
    let moves = moves(pieces, stem, place)?;
    let plans = match begin(&moves) {
        Err(error) if has_no_room(&error) => {
            return link_and_unlink(&moves).map_err(|other| match other.kind() {
                // Such a disk knows no second names: what is in the way is that it is full.
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => error.into(),
                _ => other.into(),
            });
        }
        plans => plans?,
    };
    move_all(&moves, plans)
}

/// What moves in each folder, that of the take first.
struct Moves<'p> {
    own: (&'p Path, Vec<Move>),
    second: Option<(&'p Path, Vec<Move>)>,
}

impl Moves<'_> {
    /// Each as two paths, the take's first file first.
    fn steps(&self) -> Vec<(PathBuf, PathBuf)> {
        let folders = [&self.own].into_iter().chain(&self.second);
        folders
            .flat_map(|(folder, moves)| moves.iter().map(|(from, to)| (folder.join(from), folder.join(to))))
            .collect()
    }

    /// Brings the names to the disk.
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

/// The plans of a move that needs any, that of the second folder first: it is nothing without what it waits for.
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

/// Moves files without a plan: the take is whole under its old name until it is whole under the new one.
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

/// Finishes what an interrupted run began to move in a folder; how many files have moved.
///
/// # Errors
/// Those of the disk, or the folder is not there that decides; it can be tried again.
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
        // What was begun there comes first; one that is still at it is at this, too.
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

/// What a plan says; nothing where it is not whole, or leads out of the folder and its trash.
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

/// What moves where, the take's first file first.
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
    // What another take has would become this one's: its notes, and what it goes on in.
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

/// A part that nobody records to.
fn free(path: &Path) -> Result<Take, TakeError> {
    let take = Take::open(path, Reach::Folder).map_err(NotUsable::Disk)?;
    if take.is_recording { Err(NotUsable::Recording.into()) } else { Ok(take) }
}

/// Whether a disk, or what this user may have of it, is full.
pub(super) fn has_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
