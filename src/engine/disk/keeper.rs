//! The keeper: small files (what was learned, snapshots, sessions) are written here, so that a slow disk stalls neither
//! notes nor knobs.
//!
//! Runs on its own thread (or stepped, in virtual time) and waits for nothing but the disk. A file's text is a level: of
//! several that wait for one file only the newest is written (what goes to the trash is each a file of its own, and is
//! written before what takes its place), and few wait: each is a person's doing, or comes two seconds
//! after the one before. A failure is an event: each comes back as a sentence. It ends when the control thread is gone,
//! after everything handed to it is on the disk.

use crate::{files, session::lock::Lock};
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

/// A file as it is to be.
#[derive(Debug)]
pub struct Page {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// What still works and what is lost where it cannot be written: the beginning of a sentence.
    pub loss: &'static str,
    /// Held until it is written: nobody else may write there before.
    pub lock: Option<Arc<Lock>>,
    /// It is for the trash: a new file of this name, or of the next that is free.
    pub is_trash: bool,
}

/// A file that could not be written; the old one stands.
#[derive(Debug)]
pub struct NotKept {
    /// The file.
    pub path: PathBuf,
    /// What works, what is lost, and why.
    pub sentence: String,
}

/// The keeper's state.
#[derive(Debug)]
pub struct Keeper {
    pages: Receiver<Page>,
    failures: Sender<NotKept>,
}

impl Keeper {
    /// A keeper of what comes in here.
    pub fn new(pages: Receiver<Page>, failures: Sender<NotKept>) -> Keeper {
        Keeper { pages, failures }
    }

    /// Runs until nobody is left who could hand it anything.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("keeper".into()).spawn(move || {
            while let Ok(page) = self.pages.recv() {
                self.write_all(Some(page));
            }
        })
    }

    /// Writes everything there is to write now.
    pub fn step(&self) {
        self.write_all(None);
    }

    fn write_all(&self, first: Option<Page>) {
        let mut waiting: Vec<Page> = Vec::new();
        for page in first.into_iter().chain(self.pages.try_iter()) {
            waiting.retain(|older| older.path != page.path || older.is_trash);
            waiting.push(page);
        }
        for Page { path, text, loss, lock, is_trash } in waiting {
            let written = match is_trash {
                true => files::add(&path, text.as_bytes()),
                false => files::replace(&path, text.as_bytes(), files::Readers::Owner),
            };
            if let Err(error) = written {
                let sentence = format!("{loss}: {} cannot be written ({error})", path.display());
                // A control that is gone can tell nobody.
                let _ = self.failures.send(NotKept { path, sentence });
            }
            drop(lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, sync::mpsc};

    fn page(path: PathBuf, text: &str) -> Page {
        Page { path, text: text.to_owned(), loss: "the rest works", lock: None, is_trash: false }
    }

    #[test]
    fn of_several_texts_for_one_file_only_the_newest_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, pages) = mpsc::channel();
        let (failures, failed) = mpsc::channel();
        let keeper = Keeper::new(pages, failures);
        // Where a file is in the way of the folder, each text that is tried is a failure.
        fs::write(folder.path().join("taken"), "").unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("taken").join("b"));
        for n in 0..100 {
            sender.send(page(a.clone(), &n.to_string())).unwrap();
            sender.send(page(b.clone(), &n.to_string())).unwrap();
        }
        keeper.step();
        assert_eq!(fs::read_to_string(a).unwrap(), "99");
        let failed: Vec<NotKept> = failed.try_iter().collect();
        assert_eq!(failed.len(), 1, "{failed:?}");
        let sentence = &failed[0].sentence;
        assert!(sentence.starts_with(&format!("the rest works: {} cannot be written (", b.display())), "{sentence}");
    }

    #[test]
    fn everything_handed_over_is_on_the_disk_when_the_thread_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, pages) = mpsc::channel();
        let (failures, _failed) = mpsc::channel();
        let keeper = Keeper::new(pages, failures).spawn().unwrap();
        for n in 0..200 {
            sender.send(page(folder.path().join((n % 10).to_string()), &n.to_string())).unwrap();
        }
        drop(sender);
        keeper.join().unwrap();
        for n in 0..10 {
            assert_eq!(fs::read_to_string(folder.path().join(n.to_string())).unwrap(), (190 + n).to_string());
        }
    }
}
