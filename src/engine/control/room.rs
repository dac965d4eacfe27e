//! How much room the disk of a folder has. The question may hang as long as a stick or a share does, so a thread of its own
//! asks it, and what is known is what it answered last.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
};

/// Asks, and remembers. The thread ends with it, once the file system has answered.
#[derive(Debug)]
pub(super) struct Room {
    /// None where the system has no more threads; nothing is known then.
    questions: Option<SyncSender<PathBuf>>,
    answers: Receiver<(PathBuf, Option<u64>)>,
    known: Option<(PathBuf, Option<u64>)>,
}

impl Room {
    pub(super) fn new() -> Room {
        let (questions, asked) = mpsc::sync_channel::<PathBuf>(1);
        let (answer, answers) = mpsc::channel();
        let ask = move || {
            for folder in asked {
                let free_bytes = free_bytes(&folder);
                if answer.send((folder, free_bytes)).is_err() {
                    return;
                }
            }
        };
        let spawned = thread::Builder::new().name("room".into()).spawn(ask);
        Room { questions: spawned.is_ok().then_some(questions), answers, known: None }
    }

    /// Has the room of a folder asked for; while a question hangs, no other is asked.
    pub(super) fn look(&mut self, folder: &Path) {
        if let Some(questions) = &self.questions {
            let _ = questions.try_send(folder.to_owned());
        }
    }

    /// The bytes that are free for files in a folder, as it was answered last.
    pub(super) fn free_bytes(&mut self, folder: &Path) -> Option<u64> {
        self.known = self.answers.try_iter().last().or(self.known.take());
        self.known.as_ref().filter(|(of, _)| of == folder)?.1
    }
}

/// The folder may not exist before the first take: then it is its nearest ancestor's disk.
fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok())?;
    // Bytes for those without privileges.
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
