//! The free space on the disk of a folder. The system call may hang as long as a stick or a share does, so a thread of
//! its own makes it, and the last answer counts.

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
};

/// Asks for the free space, and keeps the answer.
#[derive(Debug, Default)]
pub struct DiskSpace {
    asker: Option<Asker>,
    known: Option<(PathBuf, Option<u64>)>,
}

/// The thread, which ends with it once the file system has answered.
#[derive(Debug)]
struct Asker {
    questions: SyncSender<PathBuf>,
    answers: Receiver<(PathBuf, Option<u64>)>,
}

impl DiskSpace {
    /// Takes the newest answer, and asks for the free space of a folder. While a call hangs, no other is made.
    pub fn look(&mut self, folder: &Path) {
        if self.asker.is_none() {
            // Where the system has no more threads, the space is not known.
            self.asker = Asker::spawn().ok();
        }
        if let Some(Asker { questions, answers }) = &self.asker {
            self.known = answers.try_iter().last().or(self.known.take());
            let _ = questions.try_send(folder.to_owned());
        }
    }

    /// The bytes that are free for files in a folder, by the last answer.
    pub fn free_bytes(&self, folder: &Path) -> Option<u64> {
        self.known.as_ref().filter(|(of, _)| of == folder)?.1
    }
}

impl Asker {
    fn spawn() -> io::Result<Asker> {
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
        thread::Builder::new().name("room".into()).spawn(ask)?;
        Ok(Asker { questions, answers })
    }
}

/// The folder may not exist before the first take: then it is its nearest ancestor's disk.
fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok())?;
    // Bytes for users without privileges.
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
