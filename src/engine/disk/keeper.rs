//! The keeper: writes small files (MIDI maps, snapshots, sessions), so that a slow disk stalls neither notes nor knobs.
//! The control thread hands over the content, shared and unchanging; the keeper turns it into text.
//!
//! A worker (`worker.rs`) of its own that waits for nothing but the disk. A file's page is a level: of several that
//! wait for one file only the newest is written (each file for the trash is one of its own, and is written before the
//! file that takes its place), and few wait: each comes from a command of the user, or two seconds after the one
//! before. Pages of a file have revisions, and no older one is written after a newer one. The outcome is an event: a
//! failure, or one that a client waits for. It ends when the control thread is gone, after everything handed to it is
//! on the disk.
//!
//! A file that other programs may write, too, is read first: where it changed since, the changes of others stay in it.

use super::{
    ErrandId,
    worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker},
};
use crate::{
    files,
    session::lock::Lock,
    stored::{Content, MergeTexts, Texts},
    yaml,
};
use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io, mem,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

/// The trash in a folder, as that of the takes.
pub const TRASH: &str = ".trash";
/// How often the keeper tries the lock while another copy of busker writes into the same folder, and the time between
/// two tries.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// A file with its new content.
#[derive(Debug)]
pub struct Page {
    /// The file.
    pub path: PathBuf,
    /// Its place among the pages of this file.
    pub revision: PageRevision,
    /// Its content.
    pub content: Arc<dyn Content>,
    /// For the report where it cannot be written, the beginning of a sentence: what still works, and what is lost.
    pub loss: &'static str,
    /// How it is written.
    pub how: How,
    /// The requests that wait for it.
    pub errands: Vec<ErrandId>,
}

/// A count of pages: of two, the one with the higher revision was handed over later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageRevision(u64);

impl PageRevision {
    /// The revision of the next page.
    pub fn next(self) -> PageRevision {
        PageRevision(self.0 + 1)
    }
}

/// How a file is written.
#[derive(Debug)]
pub enum How {
    /// It is replaced. The lock is held until it is written: no other program may write there before.
    Own(Option<Arc<Lock>>),
    /// It is replaced, unless others changed it.
    SharedFile(SharedFile),
    /// It is for the trash: a new file of this name, or of the next that is free.
    Trash,
}

/// The data for writing a file that others may write, too.
#[derive(Debug)]
pub struct SharedFile {
    /// Its text when it was read at the start.
    pub read: Arc<str>,
    /// How to merge the changes of both sides.
    pub merge: MergeTexts,
    /// The longest file that is read there, in bytes.
    pub bytes_max: usize,
}

/// The outcome of a write.
#[derive(Debug)]
pub struct WriteReport {
    /// The file.
    pub path: PathBuf,
    /// Its revision.
    pub revision: PageRevision,
    /// The requests that wait for it.
    pub errands: Vec<ErrandId>,
    /// The outcome.
    pub outcome: WriteOutcome,
}

/// The outcome of a write, by kind.
#[derive(Debug)]
pub enum WriteOutcome {
    /// It is on the disk.
    Written,
    /// It is on the disk together with what others had changed.
    Merged {
        /// The text that was handed over.
        ours: String,
        /// The text that is there now.
        merged: String,
    },
    /// It could not be written; the old file is unchanged.
    Not {
        /// The sentence: what works, what is lost, and why.
        sentence: String,
        /// The page, where it may be written another time: the disk refused it, or the file has a fault.
        again: Option<Page>,
    },
}

/// The keeper's state.
#[derive(Debug, Default)]
pub struct FileKeeper {
    /// The files to write, in order.
    waiting: Vec<Page>,
    /// The newest text of each shared file that reached the disk.
    handed: HashMap<PathBuf, String>,
    /// The newest page of each file that reached the disk.
    written: HashMap<PathBuf, PageRevision>,
}

/// Why a file was not written.
enum Refusal {
    /// It would be too long, now and always.
    Full(String),
    /// The disk refuses it, or the file there has a fault; that may be mended.
    Disk(String),
}

/// Both halves of a keeper.
pub fn keeper() -> (Worker<FileKeeper>, WorkerHandle<Page, WriteReport>) {
    worker(FileKeeper::default())
}

impl DiskWork for FileKeeper {
    type Job = Page;
    type News = WriteReport;
    const THREAD: &'static str = "keeper";

    fn obey(&mut self, mut page: Page, _: &mut WorkerLink<Self>) {
        let is_other = |other: &Page| other.path == page.path && !matches!(other.how, How::Trash);
        if let Some(at) = self.waiting.iter().position(is_other) {
            let other = self.waiting.remove(at);
            let (older, newer) = if other.revision < page.revision { (other, page) } else { (page, other) };
            page = newer;
            page.errands.splice(0..0, older.errands);
        }
        self.waiting.push(page);
    }

    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        while let Some(page) = link.next_job() {
            self.obey(page, link);
        }
        for mut page in mem::take(&mut self.waiting) {
            let written = self.write(&page);
            let (path, revision, errands) = (page.path.clone(), page.revision, mem::take(&mut page.errands));
            let outcome = match written {
                Ok(outcome) => outcome,
                Err(Refusal::Full(why)) => WriteOutcome::Not { sentence: format!("{}: {why}", page.loss), again: None },
                Err(Refusal::Disk(why)) => {
                    let sentence = format!("{}: {why}", page.loss);
                    WriteOutcome::Not { sentence, again: Some(page) }
                }
            };
            link.report(WriteReport { path, revision, errands, outcome });
        }
        false
    }
}

impl FileKeeper {
    fn write(&mut self, page: &Page) -> Result<WriteOutcome, Refusal> {
        let is_for_trash = matches!(page.how, How::Trash);
        if !is_for_trash && self.written.get(&page.path).is_some_and(|written| *written > page.revision) {
            // The file there is newer.
            return Ok(WriteOutcome::Written);
        }
        let refused = |why: &dyn std::fmt::Display| format!("{} cannot be written ({why})", page.path.display());
        let text = page.content.text().map_err(|full| Refusal::Full(refused(&full)))?;
        let outcome = self.put(page, &text).map_err(Refusal::Disk)?;
        if !is_for_trash {
            self.written.insert(page.path.clone(), page.revision);
        }
        Ok(outcome)
    }

    fn put(&mut self, page: &Page, text: &str) -> Result<WriteOutcome, String> {
        let refused = |error: io::Error| format!("{} cannot be written ({error})", page.path.display());
        let replace = |text: &str| files::replace(&page.path, text.as_bytes(), files::Readers::Owner).map_err(refused);
        match &page.how {
            How::Own(_) => replace(text).map(|()| WriteOutcome::Written),
            How::Trash => files::add(&page.path, text.as_bytes()).map_err(refused).map(|()| WriteOutcome::Written),
            How::SharedFile(shared) => {
                let _lock = lock_folder(&page.path);
                let base = self.handed.get(&page.path).map_or(&*shared.read, String::as_str);
                let outcome = match theirs(&page.path, shared.bytes_max, base)? {
                    None => replace(text).map(|()| WriteOutcome::Written),
                    Some(theirs) => {
                        let texts = Texts { base, ours: text, theirs: &theirs };
                        merge(&page.path, shared.merge, &texts).and_then(|merged| {
                            replace(&merged)?;
                            Ok(WriteOutcome::Merged { ours: text.to_owned(), merged })
                        })
                    }
                }?;
                self.handed.insert(page.path.clone(), text.to_owned());
                Ok(outcome)
            }
        }
    }
}

/// A file's text, where it differs from the old one. A file that is gone is written anew.
fn theirs(path: &Path, bytes_max: usize, base: &str) -> Result<Option<String>, String> {
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(None);
    }
    let text = yaml::read_within(bytes_max, path).map_err(|fault| left(path, &fault.to_string()))?;
    Ok(Some(text).filter(|text| text != base))
}

/// Puts our changes into the changed text of others. Parts that have to go for it are in the trash before.
fn merge(path: &Path, merge: MergeTexts, texts: &Texts<'_>) -> Result<String, String> {
    let (merged, is_lossy) = merge(&path.display().to_string(), texts).map_err(|why| left(path, &why))?;
    if is_lossy {
        let trash = path.with_file_name(TRASH).join(path.file_name().unwrap_or_default());
        files::add(&trash, texts.theirs.as_bytes())
            .map_err(|error| left(path, &format!("{} cannot be written: {error}", trash.display())))?;
    }
    Ok(merged)
}

fn left(path: &Path, why: &str) -> String {
    format!("{} was changed meanwhile and is not overwritten ({why})", path.display())
}

/// Keeps other copies of busker from writing into a file's folder until it is dropped; `None` where the disk knows no
/// locks, or one of them takes too long.
fn lock_folder(path: &Path) -> Option<File> {
    let folder = File::open(path.parent()?).ok()?;
    for _ in 0..LOCK_TRIES {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_WAIT),
            locked => return locked.ok().map(|()| folder),
        }
    }
    None
}

#[cfg(test)]
mod tests;
