//! The thread "profiles": notices that a profile was edited, reads all of them again and hands them to the control
//! thread, which never waits for the disk. Realtime: no.
//!
//! It looks at the files four times a second rather than have the kernel tell (inotify, the `notify` crate): what is
//! told is told of folders, so nothing comes of a file behind a link into another folder (as those who keep their
//! settings in git have them), of a folder that another machine shares, or of one that does not exist yet or was put in
//! another's place. A look is one reading of the folder and a `stat` for each file, and needs no library. Measured: the
//! thread takes 0.07 % of a core with one file, 0.5 % with 400.
//!
//! Editors write in steps: files are read when two looks in a row found them the same.

use super::control::ProfileNews;
use crate::profile::{FileStamps, ProfileScan};
use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

/// How often the files are looked at, and how long they must be left alone to be read.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The watching thread. Dropping it ends it; nobody waits for that, for a disk may be slow.
pub struct ProfileWatch {
    _end: Sender<()>,
}

impl ProfileWatch {
    /// Watches what was read; `knock` is called after each piece of news.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        reading: ProfileScan,
        knock: impl Fn() + Send + 'static,
    ) -> io::Result<(ProfileWatch, Receiver<ProfileNews>)> {
        let (end, ended) = mpsc::channel();
        // News is as rare as a hand that saves a file.
        let (sender, news) = mpsc::channel();
        let mut watcher = Watcher::new(reading);
        thread::Builder::new().name("profiles".to_owned()).spawn(move || {
            while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(news) = watcher.look() {
                    if sender.send(news).is_err() {
                        return;
                    }
                    knock();
                }
            }
        })?;
        Ok((ProfileWatch { _end: end }, news))
    }
}

/// What the thread knows.
struct Watcher {
    /// What was read last.
    reading: ProfileScan,
    /// How the files stood at the last look.
    seen: FileStamps,
}

impl Watcher {
    fn new(reading: ProfileScan) -> Watcher {
        Watcher { seen: reading.marks().clone(), reading }
    }

    /// Looks at the files once, and reads them where they were edited and are left alone now.
    fn look(&mut self) -> Option<ProfileNews> {
        let marks = self.reading.places().look();
        let is_still = marks == self.seen;
        self.seen = marks;
        if !is_still || self.seen == *self.reading.marks() {
            return None;
        }
        let again = self.reading.again(self.seen.clone());
        let before = std::mem::replace(&mut self.reading, again);
        let faults = self.reading.new_faults(&before);
        let mended = self.reading.mended(&before);
        let is_news = self.reading.library != before.library || !faults.is_empty() || !mended.is_empty();
        is_news.then(|| ProfileNews { library: self.reading.library.clone(), faults, mended })
    }
}

#[cfg(test)]
mod tests;
