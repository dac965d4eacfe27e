//! What the keeper is handed, and what it could not write. The control thread's; nothing here waits for the disk.

use super::Control;
use crate::{
    engine::disk::keeper::{NotKept, Page},
    snapshots::{Snapshot, Snapshots},
    status::Severity,
    stored::{self, Stored, ToYaml},
};
use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender},
};

/// The trash in a folder, as that of the takes.
const TRASH: &str = ".trash";
/// What still works where something cannot be put there.
const TRASH_LOSS: &str = "param.undo brings the old snapshot back, but it is not in the trash";
/// Longest part of a name that the name of a file in the trash takes over, in characters.
const NAME_CHARS: usize = 60;

/// The way to the keeper and back.
#[derive(Debug)]
pub struct KeeperHandle {
    /// Nothing once everything was handed over.
    pages: Option<Sender<Page>>,
    failures: Receiver<NotKept>,
}

impl KeeperHandle {
    /// Both ends of the keeper's.
    pub fn new(pages: Sender<Page>, failures: Receiver<NotKept>) -> KeeperHandle {
        KeeperHandle { pages: Some(pages), failures }
    }

    /// A keeper that is gone answers by its silence.
    pub(super) fn hand_over(&self, page: Page) {
        if let Some(pages) = &self.pages {
            let _ = pages.send(page);
        }
    }
}

impl Control {
    /// Has a value written to its file, where it has one; what cannot be is told.
    pub(super) fn keep<T: ToYaml>(&self, stored: &Stored<T>) {
        let Some(path) = stored.file.clone() else { return };
        match stored::text(&stored.value) {
            Ok(text) => self.keeper.hand_over(Page { path, text, loss: T::LOSS, lock: None, is_trash: false }),
            Err(full) => {
                let text = format!("{}: {} cannot be written ({full})", T::LOSS, path.display());
                self.desk.notice(Severity::Warning, text);
            }
        }
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
        self.keeper.hand_over(Page { path, text, loss: TRASH_LOSS, lock: None, is_trash: true });
    }

    /// Tells what the keeper could not write.
    pub fn listen_to_keeper(&mut self) {
        while let Ok(NotKept { path, sentence }) = self.keeper.failures.try_recv() {
            self.session_not_kept(&path);
            self.desk.notice(Severity::Warning, sentence);
        }
    }

    /// Nothing more is handed over: the keeper ends when all of it is on the disk.
    pub fn close_keeper(&mut self) {
        self.keeper.pages = None;
        // Its lock goes with it, or with the last text that is still to be written.
        self.session = None;
    }
}
