//! The librarian: repairs takes of an interrupted run, measures finished takes, and keeps the list of takes while a
//! client looks at it.
//!
//! A worker (`worker.rs`) at a low priority that waits for nothing but the disk. A long measurement looks at the jobs
//! meanwhile, and begins again later. Once the control thread is gone the librarian ends, wherever it is: each file is
//! replaced whole or not at all.

mod watched_folder;

pub use watched_folder::infos;

use super::{
    ErrandId,
    worker::{ControlGone, DiskWork, Worker, WorkerHandle, WorkerLink, worker},
    writer::ORIGINATOR,
};
use crate::{
    files,
    midi::smf::performance::{Performance, performance},
    status::TakesStatus,
    takes::{self, NamedTake, NotUsable, Reach, RepairReport, Take, Verdict, cache::Cache},
    wav::{Health, Notes},
};
use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};
use watched_folder::WatchedFolder;

/// How often it looks at the folder, while a client looks at the list.
const LOOK: Duration = Duration::from_secs(2);
/// The nice value of the thread: playback and recording come first.
const NICE: i32 = 10;

/// The longest MIDI file that is read: more than busker writes.
const MIDI_BYTES_MAX: u64 = 64 << 20;

/// A job from the control thread.
#[derive(Debug)]
pub enum LibrarianJob {
    /// Finish interrupted moves and repair headers in these folders: that of takes, and the second one.
    Mend(Vec<PathBuf>),
    /// Measure a take.
    Measure(PathBuf),
    /// Keep the list of this folder; `None` ends that.
    Look(Option<PathBuf>),
    /// Look at the folder again.
    LookAgain,
    /// Give a take another name.
    Rename(NamedTake, String, ErrandId),
    /// Put a take into the trash.
    Remove(NamedTake, ErrandId),
    /// Read what was played beside a take.
    Performance(NamedTake, ErrandId),
}

/// A report of the librarian.
#[derive(Debug)]
pub enum LibrarianNews {
    /// Headers were repaired: the sentence.
    Mended(String),
    /// A take was measured.
    Measured(PathBuf, Box<Verdict>),
    /// The list as it is now.
    Takes(TakesStatus),
    /// What was played beside a take.
    Performed(ErrandId, PathBuf, Performance),
    /// The request was done: the sentence.
    Did(ErrandId, String),
    /// The request could not be done: the sentence.
    DidNot(ErrandId, String),
}

/// The librarian's state.
pub struct Librarian {
    /// Measurements from before; without it no take is measured.
    cache: Option<Cache>,
    /// The folder whose list is kept.
    shelf: Option<WatchedFolder>,
    revision: u64,
}

type Link = WorkerLink<Librarian>;

/// Both halves of a librarian with this cache of measurements.
pub fn librarian(cache: Option<Cache>) -> (Worker<Librarian>, WorkerHandle<LibrarianJob, LibrarianNews>) {
    worker(Librarian { cache, shelf: None, revision: 0 })
}

impl DiskWork for Librarian {
    type Job = LibrarianJob;
    type News = LibrarianNews;
    const THREAD: &'static str = "librarian";

    fn start(&mut self) {
        // On Linux a thread has a priority of its own.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
        // If another station writes one at this moment, its measurement is made again: nothing else is lost.
        if let Some(Err(error)) = self.cache.as_ref().map(|cache| cache.tidy(Duration::ZERO))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::info!("the cache of measurements is not tidied: {error}");
        }
    }

    fn patience(&self) -> Option<Duration> {
        self.shelf.as_ref().map(|shelf| if shelf.has_unmeasured() { Duration::ZERO } else { LOOK })
    }

    fn obey(&mut self, job: LibrarianJob, link: &mut Link) {
        match job {
            LibrarianJob::Mend(folders) => folders.iter().for_each(|folder| self.mend(folder, link)),
            LibrarianJob::Measure(path) => {
                if let Some(verdict) = self.measure(&path, link) {
                    link.report(LibrarianNews::Measured(path, Box::new(verdict)));
                }
                self.look(link);
            }
            LibrarianJob::Look(folder) => {
                self.shelf = folder.map(WatchedFolder::new);
                self.look(link);
            }
            LibrarianJob::LookAgain => self.look(link),
            LibrarianJob::Rename(NamedTake { path, second }, name, errand) => {
                let take = NamedTake::found(&path, second);
                let old = shown(&take.path);
                let done = takes::rename(&take, &name);
                let done = done.map(|moved| format!("{old} is now {}{}", shown(&moved.to), moved.besides));
                self.did(errand, done, &old, link);
            }
            LibrarianJob::Remove(NamedTake { path, second }, errand) => {
                let take = NamedTake::found(&path, second);
                let old = shown(&take.path);
                let done = takes::remove(&take).map(|moved| {
                    let (to, besides) = (takes::shown(&moved.to), moved.besides);
                    format!("{old} is in the trash: {to}{besides}; {}", takes::TRASH_KEEPS_ROOM)
                });
                self.did(errand, done, &old, link);
            }
            LibrarianJob::Performance(NamedTake { path, second }, errand) => {
                let path = NamedTake::found(&path, second).path;
                link.report(match performance_beside(&path) {
                    Ok(performance) => LibrarianNews::Performed(errand, path, performance),
                    Err(why) => LibrarianNews::DidNot(errand, format!("{}: {why}", shown(&path))),
                });
            }
        }
    }

    fn go_on(&mut self, link: &mut Link) -> bool {
        if let Some(path) = self.shelf.as_mut().and_then(WatchedFolder::next_unmeasured) {
            self.publish(link);
            self.measure(&path, link);
            self.publish(link);
        }
        self.shelf.as_ref().is_some_and(WatchedFolder::has_unmeasured)
    }

    fn idle(&mut self, link: &mut Link) {
        self.look(link);
    }
}

impl Librarian {
    fn did(&mut self, errand: ErrandId, outcome: Result<String, takes::TakeError>, name: &str, link: &Link) {
        link.report(match outcome {
            Ok(sentence) => LibrarianNews::Did(errand, sentence),
            Err(error) => LibrarianNews::DidNot(errand, format!("{name}: {error}")),
        });
        self.look(link);
    }

    /// Repairs busker's own files. Files of other programs, and those that cannot be repaired, are left as they are:
    /// the list shows them.
    fn mend(&mut self, folder: &Path, link: &Link) {
        match takes::finish_moves(folder) {
            Ok(0) => {}
            Ok(count) => link
                .report(LibrarianNews::Mended(format!("an interrupted move was completed: {count} files of a take"))),
            Err(error) => tracing::warn!("an interrupted move in {} could not be completed: {error}", folder.display()),
        }
        match takes::sweep(folder) {
            Ok(0) | Err(_) => {}
            Ok(count) => tracing::info!(count, folder = %folder.display(), "unfinished files were deleted"),
        }
        let files = takes::wav_files(folder).unwrap_or_default();
        for path in files.into_iter().filter(|path| is_interrupted(path)) {
            if let Ok(RepairReport::Done(wav)) = takes::repair(&path, Reach::Folder, false) {
                tracing::info!(path = %path.display(), "header repaired");
                link.report(LibrarianNews::Mended(format!("{}: {}", shown(&path), RepairReport::text(&wav, false))));
            }
        }
        self.look(link);
    }

    /// The measurement of a take, made now or before.
    fn measure(&mut self, path: &Path, link: &mut Link) -> Option<Verdict> {
        if let Some(measured) = self.cache.as_ref().and_then(|cache| cache.get(path)) {
            return Some(measured.verdict);
        }
        let mut gone = false;
        let mut progress = |_| match link.glance() {
            // These jobs can wait.
            Ok(None | Some(LibrarianJob::Measure(_) | LibrarianJob::LookAgain)) => ControlFlow::Continue(()),
            Ok(Some(_)) => ControlFlow::Break(()),
            Err(ControlGone) => {
                gone = true;
                ControlFlow::Break(())
            }
        };
        let measured = Take::open_whole(path, Reach::Folder).and_then(|take| takes::measure(&take, &mut progress));
        match measured {
            Ok(measured) => {
                if let Some(shelf) = &mut self.shelf {
                    shelf.measured(path, &measured);
                }
                if let Some(cache) = &self.cache
                    && let Err(error) = cache.put(path, &measured)
                {
                    tracing::warn!("the measurements of {} are not saved: {error}", path.display());
                }
                Some(measured.verdict)
            }
            Err(NotUsable::Stopped) if gone => None,
            Err(NotUsable::Stopped) => {
                // The new job goes first.
                link.put_off(LibrarianJob::Measure(path.to_owned()));
                None
            }
            Err(error) => {
                tracing::info!("{} is not measured: {error}", path.display());
                if let Some(shelf) = &mut self.shelf {
                    shelf.not_measured(path);
                }
                None
            }
        }
    }

    fn look(&mut self, link: &Link) {
        if let Some(shelf) = &mut self.shelf
            && shelf.look(self.cache.as_ref())
        {
            self.publish(link);
        }
    }

    fn publish(&mut self, link: &Link) {
        if let Some(shelf) = &self.shelf {
            self.revision += 1;
            link.report(LibrarianNews::Takes(shelf.status(self.revision)));
        }
    }
}

/// What was played beside a take.
fn performance_beside(path: &Path) -> Result<Performance, String> {
    let path = takes::meant(path).ok_or("no such take")?;
    let bytes = files::read_plain(&path.with_extension("mid"), MIDI_BYTES_MAX).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "nothing was played beside it: there is no .mid".to_owned(),
        _ => format!("its .mid cannot be read: {error}"),
    })?;
    if bytes.len() as u64 > MIDI_BYTES_MAX {
        return Err("its .mid is too long".to_owned());
    }
    performance(&bytes).map_err(|error| format!("its .mid cannot be read: {error}"))
}

/// Whether it is a take of busker's that is not being recorded and whose header is wrong.
fn is_interrupted(path: &Path) -> bool {
    let Ok(take) = Take::open(path, Reach::Folder) else { return false };
    let notes = || Notes::read(&mut &take.file, &take.wav).unwrap_or_default();
    let needs_repair = !take.is_recording && take.wav.health() == Health::NeedsRepair;
    needs_repair && notes().origin.is_some_and(|origin| origin.originator == ORIGINATOR)
}

/// A take's name to show.
fn shown(path: &Path) -> String {
    takes::shown(Path::new(path.file_name().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
