//! The librarian: mends what an interrupted run left, measures takes that are finished, and keeps the list of takes while
//! somebody looks at it.
//!
//! Runs on its own thread at a low priority (or stepped, in virtual time) and waits for nothing but the disk. Jobs and
//! news cross in channels that lose nothing. What measures long looks at its jobs meanwhile, and begins again later. It
//! ends with the control that gives it jobs, wherever it is: each file is replaced whole or not at all.

mod shelf;

pub use shelf::infos;

use super::{ErrandId, writer::ORIGINATOR};
use crate::{
    status::TakesStatus,
    takes::{self, Named, NotUsable, Reach, Repaired, Take, Verdict, cache::Cache},
    wav::{Health, Notes},
};
use shelf::Shelf;
use std::{
    collections::VecDeque,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// While somebody looks, how often the folder is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How much the thread stands back: whatever plays or records is served first.
const NICE: i32 = 10;

/// What the control thread asks.
#[derive(Debug)]
pub enum Job {
    /// Finish interrupted moves and make headers true in these folders: that of takes, and the second one.
    Mend(Vec<PathBuf>),
    /// Measure a take.
    Measure(PathBuf),
    /// Keep the list of this folder, or no more.
    Look(Option<PathBuf>),
    /// Look at the folder again.
    LookAgain,
    /// Give a take another name.
    Rename(Named, String, ErrandId),
    /// Put a take into the trash.
    Remove(Named, ErrandId),
}

/// What the librarian tells.
#[derive(Debug)]
pub enum News {
    /// Headers were made true: the sentence.
    Mended(String),
    /// A take was measured.
    Measured(PathBuf, Box<Verdict>),
    /// The list as it is now.
    Takes(TakesStatus),
    /// What was asked was done: the sentence.
    Did(ErrandId, String),
    /// What was asked could not be done: the sentence.
    DidNot(ErrandId, String),
}

/// The librarian's state.
pub struct Librarian {
    jobs: Receiver<Job>,
    /// Jobs that came while something was measured.
    waiting: VecDeque<Job>,
    news: Sender<News>,
    cache: Option<Cache>,
    shelf: Option<Shelf>,
    revision: u64,
}

impl Librarian {
    /// A librarian with this cache of what was measured.
    pub fn new(jobs: Receiver<Job>, news: Sender<News>, cache: Option<Cache>) -> Librarian {
        Librarian { jobs, waiting: VecDeque::new(), news, cache, shelf: None, revision: 0 }
    }

    /// Runs until the control thread is gone.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("librarian".into()).spawn(move || {
            // On Linux a thread has a priority of its own.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
            loop {
                let is_busy = !self.waiting.is_empty() || self.shelf.as_ref().is_some_and(Shelf::has_unmeasured);
                let job = match self.waiting.pop_front() {
                    Some(job) => Ok(job),
                    None if is_busy => self.jobs.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    }),
                    None if self.shelf.is_some() => self.jobs.recv_timeout(LOOK),
                    None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                };
                match job {
                    Ok(job) => self.obey(job),
                    Err(RecvTimeoutError::Timeout) if is_busy => self.measure_next(),
                    Err(RecvTimeoutError::Timeout) => self.look(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        })
    }

    /// Does everything there is to do now.
    pub fn step(&mut self) {
        while let Some(job) = self.waiting.pop_front().or_else(|| self.jobs.try_recv().ok()) {
            self.obey(job);
        }
        while self.shelf.as_ref().is_some_and(Shelf::has_unmeasured) {
            self.measure_next();
        }
    }

    fn tell(&self, news: News) {
        // A control that is gone can tell nobody.
        let _ = self.news.send(news);
    }

    fn obey(&mut self, job: Job) {
        match job {
            Job::Mend(folders) => folders.iter().for_each(|folder| self.mend(folder)),
            Job::Measure(path) => {
                if let Some(verdict) = self.measure(&path) {
                    self.tell(News::Measured(path, Box::new(verdict)));
                }
                self.look();
            }
            Job::Look(folder) => {
                self.shelf = folder.map(Shelf::new);
                self.look();
            }
            Job::LookAgain => self.look(),
            Job::Rename(Named { path, second }, name, errand) => {
                let take = Named::found(&path, second);
                let old = shown(&take.path);
                let done = takes::rename(&take, &name);
                let done = done.map(|moved| format!("{old} is now {}{}", shown(&moved.to), moved.besides));
                self.did(errand, done, &old);
            }
            Job::Remove(Named { path, second }, errand) => {
                let take = Named::found(&path, second);
                let old = shown(&take.path);
                let done = takes::remove(&take).map(|moved| {
                    let (to, besides) = (takes::shown(&moved.to), moved.besides);
                    format!("{old} is in the trash: {to}{besides}; {}", takes::TRASH_KEEPS_ROOM)
                });
                self.did(errand, done, &old);
            }
        }
    }

    fn did(&mut self, errand: ErrandId, outcome: Result<String, takes::NotDone>, name: &str) {
        self.tell(match outcome {
            Ok(sentence) => News::Did(errand, sentence),
            Err(error) => News::DidNot(errand, format!("{name}: {error}")),
        });
        self.look();
    }

    /// Mends what busker made. What others made, and what cannot be mended, is left as it is: the list tells of it.
    fn mend(&mut self, folder: &Path) {
        match takes::finish_moves(folder) {
            Ok(0) => {}
            Ok(count) => self.tell(News::Mended(format!("an interrupted move was completed: {count} files of a take"))),
            Err(error) => tracing::warn!("an interrupted move in {} could not be completed: {error}", folder.display()),
        }
        match takes::sweep(folder) {
            Ok(0) | Err(_) => {}
            Ok(count) => tracing::info!(count, folder = %folder.display(), "unfinished files were deleted"),
        }
        let files = takes::wav_files(folder).unwrap_or_default();
        for path in files.into_iter().filter(|path| is_interrupted(path)) {
            if let Ok(Repaired::Done(wav)) = takes::repair(&path, Reach::Folder, false) {
                tracing::info!(path = %path.display(), "header repaired");
                self.tell(News::Mended(format!("{}: {}", shown(&path), Repaired::text(&wav, false))));
            }
        }
        self.look();
    }

    /// What was measured of a take, now or before.
    fn measure(&mut self, path: &Path) -> Option<Verdict> {
        if let Some(measured) = self.cache.as_ref().and_then(|cache| cache.get(path)) {
            return Some(measured.verdict);
        }
        let (jobs, waiting) = (&self.jobs, &mut self.waiting);
        let mut gone = false;
        let mut progress = |_| match jobs.try_recv() {
            Ok(job) => {
                // What can wait does not interrupt.
                let urgent = !matches!(job, Job::Measure(_) | Job::LookAgain);
                waiting.push_back(job);
                if urgent { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Err(TryRecvError::Disconnected) => {
                gone = true;
                ControlFlow::Break(())
            }
            Err(TryRecvError::Empty) => ControlFlow::Continue(()),
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
                // Whatever came goes first.
                waiting.push_back(Job::Measure(path.to_owned()));
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

    fn measure_next(&mut self) {
        if let Some(path) = self.shelf.as_mut().and_then(Shelf::next_unmeasured) {
            self.publish();
            self.measure(&path);
            self.publish();
        }
    }

    fn look(&mut self) {
        if let Some(shelf) = &mut self.shelf
            && shelf.look(self.cache.as_ref())
        {
            self.publish();
        }
    }

    fn publish(&mut self) {
        if let Some(shelf) = &self.shelf {
            self.revision += 1;
            self.tell(News::Takes(shelf.status(self.revision)));
        }
    }
}

/// Whether it is a take of busker's that nobody records to and whose header is not true.
fn is_interrupted(path: &Path) -> bool {
    let Ok(take) = Take::open(path, Reach::Folder) else { return false };
    let notes = || Notes::read(&mut &take.file, &take.wav).unwrap_or_default();
    let needs_repair = !take.is_recording && take.wav.health() == Health::NeedsRepair;
    needs_repair && notes().origin.is_some_and(|origin| origin.originator == ORIGINATOR)
}

/// A take's name, as a person knows it.
fn shown(path: &Path) -> String {
    takes::shown(Path::new(path.file_name().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
