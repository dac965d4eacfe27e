//! Files handed to the keeper, and those it could not write. The control thread's; nothing here waits for the disk.
//!
//! A file that the disk refused is handed over again every two seconds, and once more at the end, unless a newer page
//! of it was meanwhile; the failure is reported once, and to every client that waits for the file.

use super::Control;
use crate::{
    engine::disk::{
        ErrandId,
        keeper::{How, Page, PageRevision, SharedFile, TRASH, WriteOutcome, WriteReport},
        worker::WorkerHandle,
    },
    midi_maps::MidiMaps,
    snapshots::{Snapshot, Snapshots},
    status::Severity,
    stored::{self, Content, FromYaml, Full, Merge, StoredFile},
    yaml,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
};

/// The part of a report that says what still works where the trash cannot be written.
const TRASH_LOSS: &str = "param.undo restores the old snapshot, but it is not in the trash";
/// Longest part of a name that the name of a file in the trash takes over, in characters.
const NAME_CHARS: usize = 60;
/// A file that was refused is tried again so often, in ns.
const AGAIN_NS: u64 = 2_000_000_000;

/// The control thread's end of the keeper's channels.
#[derive(Debug)]
pub struct KeeperHandle {
    /// `None` once everything was handed over.
    pages: Option<Sender<Page>>,
    kept: Receiver<WriteReport>,
    /// Times the disk refused a file, each file once until it is written.
    refused: u64,
    /// The revision of the page that was handed over last.
    revision: PageRevision,
    /// Files that were refused, and are not written yet.
    failing: BTreeMap<PathBuf, Failing>,
    /// When they were tried again last, in ns.
    tried_ns: u64,
}

/// A file that was refused.
#[derive(Debug)]
struct Failing {
    /// Its newest page.
    newest: PageRevision,
    /// That page, where it may be tried again and is not with the keeper.
    page: Option<Page>,
}

/// A snapshot as it lies in the trash.
#[derive(Debug)]
struct Trashed(Snapshots);

impl Content for Trashed {
    fn text(&self) -> Result<String, Full> {
        let text = format!("# Moved here when it was replaced or deleted.\n{}", self.0.field());
        yaml::fits(Snapshots::BYTES_MAX, &text).map_err(|too_much| Full::new(too_much, "save fewer parameters"))?;
        Ok(text)
    }
}

impl KeeperHandle {
    /// Both ends of the keeper's channels.
    pub fn new(keeper: WorkerHandle<Page, WriteReport>) -> KeeperHandle {
        KeeperHandle {
            pages: Some(keeper.jobs),
            kept: keeper.news,
            refused: 0,
            revision: PageRevision::default(),
            failing: BTreeMap::new(),
            tried_ns: 0,
        }
    }

    /// Times the disk refused a file.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Has a value written to its file; the client that waits for it gets its answer then.
    pub(super) fn keep<T: Merge + Content + 'static>(&mut self, value: Arc<T>, home: &StoredFile, errand: ErrandId) {
        let Some(path) = home.file.clone() else { return };
        let read = Arc::clone(&home.read);
        let how = How::SharedFile(SharedFile { read, merge: stored::merged::<T>, bytes_max: T::BYTES_MAX });
        self.hand_over(path, value, T::LOSS, how, Some(errand));
    }

    /// Puts a snapshot into the trash beside the file it was in: a file of its own, written as that one is.
    pub(super) fn put_in_trash(&mut self, file: &Path, snapshot: &Snapshot) {
        let plain = |name: &str| -> String {
            let kept = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
            name.chars().take(NAME_CHARS).map(kept).collect()
        };
        let name = format!("{}-{}.yaml", plain(&snapshot.profile), plain(&snapshot.name));
        let path = file.with_file_name(TRASH).join(name);
        let mut alone = Snapshots::default();
        alone.put(snapshot.clone());
        self.hand_over(path, Arc::new(Trashed(alone)), TRASH_LOSS, How::Trash, None);
    }

    /// Has a file written from content that does not change any more. `loss` says what still works and what is lost
    /// where it cannot be, `how` the way to write it, and `errand` the request that waits for it.
    pub(super) fn hand_over(
        &mut self,
        path: PathBuf,
        content: Arc<dyn Content>,
        loss: &'static str,
        how: How,
        errand: Option<ErrandId>,
    ) {
        self.revision = self.revision.next();
        if let Some(failing) = self.failing.get_mut(&path).filter(|_| !matches!(how, How::Trash)) {
            *failing = Failing { newest: self.revision, page: None };
        }
        let errands = errand.into_iter().collect();
        self.send(Page { path, revision: self.revision, content, loss, how, errands });
    }

    /// A keeper that is gone sends no report.
    fn send(&self, page: Page) {
        if let Some(pages) = &self.pages {
            let _ = pages.send(page);
        }
    }

    /// A file was refused: records what to try again. True where the failure is to be reported.
    fn fail(&mut self, path: PathBuf, revision: PageRevision, again: Option<Page>, is_awaited: bool) -> bool {
        let is_news = !self.failing.contains_key(&path) || is_awaited;
        let failing = self.failing.entry(path).or_insert(Failing { newest: revision, page: None });
        if failing.newest <= revision {
            *failing = Failing { newest: revision, page: again };
        }
        self.refused += u64::from(is_news);
        is_news
    }

    /// Hands refused files over again.
    fn try_again(&mut self) {
        let pages: Vec<Page> = self.failing.values_mut().filter_map(|failing| failing.page.take()).collect();
        pages.into_iter().for_each(|page| self.send(page));
    }
}

impl Control {
    /// Takes the keeper's reports: answers the clients that wait for a file, sends a notice where one could not be
    /// written, and takes over the changes of other programs. Refused files are tried again.
    pub fn listen_to_keeper(&mut self, now_ns: u64) {
        while let Ok(WriteReport { path, revision, errands, outcome }) = self.out.keeper.kept.try_recv() {
            match outcome {
                WriteOutcome::Written => {
                    self.out.keeper.failing.remove(&path);
                    errands.into_iter().for_each(|errand| self.out.owed.done(errand));
                }
                WriteOutcome::Merged { ours, merged } => {
                    self.out.keeper.failing.remove(&path);
                    errands.into_iter().for_each(|errand| self.out.owed.done(errand));
                    self.take_in(&path, &ours, &merged);
                }
                WriteOutcome::Not { sentence, again } => {
                    let is_news = self.out.keeper.fail(path, revision, again, !errands.is_empty());
                    for errand in errands {
                        self.out.answer_errand(errand, &Err(sentence.clone()));
                    }
                    if is_news {
                        self.out.notice(Severity::Warning, sentence);
                    }
                }
            }
        }
        if now_ns.saturating_sub(self.out.keeper.tried_ns) >= AGAIN_NS {
            self.out.keeper.tried_ns = now_ns;
            self.out.keeper.try_again();
        }
    }

    /// Others changed a file: takes over their changes.
    fn take_in(&mut self, path: &Path, ours: &str, merged: &str) {
        tracing::info!(path = %path.display(), "changed by another program meanwhile");
        if self.sessions.library.file.as_deref() == Some(path) {
            let mut library = Snapshots::clone(self.out.model.library());
            take_in(&mut library, ours, merged);
            self.out.model.take_library(library);
        } else if self.learn.stored().home.file.as_deref() == Some(path) {
            let mut learned: MidiMaps = self.learn.stored().value.clone();
            take_in(&mut learned, ours, merged);
            self.learn.replace(learned);
        } else if self.latency.stored().home.file.as_deref() == Some(path) {
            let mut latencies = self.latency.stored().value.clone();
            take_in(&mut latencies, ours, merged);
            self.latency.replace(latencies);
        }
    }

    /// Nothing more is handed over: the keeper ends when all of it is on the disk.
    pub fn close_keeper(&mut self) {
        self.out.keeper.try_again();
        self.out.keeper.pages = None;
        // Files refused from now on are reported: they are lost.
        self.out.keeper.failing.clear();
        // Its lock goes with it, or with the last text that is still to be written.
        self.sessions.open = None;
    }
}

/// Applies the difference between `ours`, the text that was handed over, and `merged` to a value.
fn take_in<T: Merge>(value: &mut T, ours: &str, merged: &str) {
    let read = |text| T::from_yaml("", text).ok();
    if let (Some(ours), Some(merged)) = (read(ours), read(merged)) {
        *value = T::merge(&ours, value, &merged).0;
    }
}
