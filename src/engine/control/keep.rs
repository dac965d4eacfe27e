//! What the keeper is handed, and what it could not write. The control thread's; nothing here waits for the disk.

use super::Control;
use crate::{
    engine::disk::keeper::{NotKept, Page},
    status::Severity,
    stored::{self, Stored, ToYaml},
};
use std::sync::mpsc::{Receiver, Sender};

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
            Ok(text) => self.keeper.hand_over(Page { path, text, loss: T::LOSS, lock: None }),
            Err(full) => {
                let text = format!("{}: {} cannot be written ({full})", T::LOSS, path.display());
                self.desk.notice(Severity::Warning, text);
            }
        }
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
