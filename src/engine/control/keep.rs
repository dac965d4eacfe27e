//! What the keeper is handed, and what it could not write. The control thread's; nothing here waits for the disk.

use super::Control;
use crate::{
    engine::disk::{
        ErrandId,
        keeper::{How, Kept, Outcome, Page, Shared, TRASH},
    },
    learned::Learned,
    snapshots::{Snapshot, Snapshots},
    status::Severity,
    stored::{self, Merge, Stored},
};
use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
};

/// What still works where something cannot be put there.
const TRASH_LOSS: &str = "param.undo brings the old snapshot back, but it is not in the trash";
/// Longest part of a name that the name of a file in the trash takes over, in characters.
const NAME_CHARS: usize = 60;

/// The way to the keeper and back.
#[derive(Debug)]
pub struct KeeperHandle {
    /// Nothing once everything was handed over.
    pages: Option<Sender<Page>>,
    kept: Receiver<Kept>,
    /// Times the disk refused a file.
    refused: u64,
}

impl KeeperHandle {
    /// Both ends of the keeper's.
    pub fn new(pages: Sender<Page>, kept: Receiver<Kept>) -> KeeperHandle {
        KeeperHandle { pages: Some(pages), kept, refused: 0 }
    }

    /// Times the disk refused a file.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Has a value written to its file; who is owed an answer for it gets one then.
    pub(super) fn keep<T: Merge>(&self, stored: &Stored<T>, errand: ErrandId) {
        let Some(path) = stored.file.clone() else { return };
        // The keeper refuses a text that is too long: it alone reports what becomes of a file.
        let text = stored::text(&stored.value).map_err(|full| full.to_string());
        let how = How::Shared(Shared { read: Arc::clone(&stored.read), merge: stored::merged::<T> });
        self.hand_over(Page { path, text, loss: T::LOSS, how, errands: vec![errand] });
    }

    /// Puts a snapshot into the trash beside the file it was in: a file of its own, written as that one is.
    pub(super) fn put_in_trash(&self, file: &Path, snapshot: &Snapshot) {
        let plain = |name: &str| -> String {
            let kept = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
            name.chars().take(NAME_CHARS).map(kept).collect()
        };
        let name = format!("{}-{}.yaml", plain(&snapshot.profile), plain(&snapshot.name));
        let path = file.with_file_name(TRASH).join(name);
        let mut alone = Snapshots::default();
        alone.put(snapshot.clone());
        let text = format!("# Put here when it was replaced or deleted.\n{}", alone.field());
        let (text, errands) = (Ok(text), Vec::new());
        self.hand_over(Page { path, text, loss: TRASH_LOSS, how: How::Trash, errands });
    }

    /// A keeper that is gone answers by its silence.
    pub(super) fn hand_over(&self, page: Page) {
        if let Some(pages) = &self.pages {
            let _ = pages.send(page);
        }
    }
}

impl Control {
    /// Takes the keeper's reports: answers whoever waits for a file, posts a notice where one could not be written, and
    /// takes over what other stations wrote.
    pub fn listen_to_keeper(&mut self) {
        while let Ok(Kept { path, errands, outcome }) = self.out.keeper.kept.try_recv() {
            match outcome {
                Outcome::Written => errands.into_iter().for_each(|errand| self.out.owed.done(errand)),
                Outcome::Merged { ours, merged } => {
                    errands.into_iter().for_each(|errand| self.out.owed.done(errand));
                    self.take_in(&path, &ours, &merged);
                }
                Outcome::Not(sentence) => {
                    self.out.keeper.refused += 1;
                    self.sessions.not_kept(&path);
                    for errand in errands {
                        self.out.answer_errand(errand, &Err(sentence.clone()));
                    }
                    self.out.notice(Severity::Warning, sentence);
                }
            }
        }
    }

    /// Others changed a file: what they changed is so here, too.
    fn take_in(&mut self, path: &Path, ours: &str, merged: &str) {
        tracing::info!(path = %path.display(), "changed by others meanwhile");
        if self.sessions.library.file.as_deref() == Some(path) {
            take_in(&mut self.sessions.library.value, ours, merged);
        } else if self.learn.stored().file.as_deref() == Some(path) {
            let mut learned: Learned = self.learn.stored().value.clone();
            take_in(&mut learned, ours, merged);
            self.learn.replace(learned);
        }
    }

    /// Nothing more is handed over: the keeper ends when all of it is on the disk.
    pub fn close_keeper(&mut self) {
        self.out.keeper.pages = None;
        // Its lock goes with it, or with the last text that is still to be written.
        self.sessions.open = None;
    }
}

/// Does to a value what `merged` says otherwise than `ours`, which it was when it was handed over.
fn take_in<T: Merge>(value: &mut T, ours: &str, merged: &str) {
    let read = |text| T::from_yaml("", text).ok();
    if let (Some(ours), Some(merged)) = (read(ours), read(merged)) {
        *value = T::merge(&ours, value, &merged).0;
    }
}
