//! The lock of a session: one process at a time writes there. Touches the disk.
//!
//! The system holds it (`flock`) and lets go of it when the process ends, however it ends. What stands in the file is for
//! people only.

use super::folder::LOCK;
use crate::files::open_plain;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// So often another one may end just while its lock is taken.
const TRIES: usize = 10;
/// No more of the text is shown, in bytes.
const TEXT_BYTES_MAX: u64 = 200;

/// A session's lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Holds it as long as it is open.
    _file: File,
}

/// A lock that is held, and whose it was where a process left it behind without its proper end.
#[derive(Debug)]
pub struct AcquiredLock {
    /// The lock.
    pub lock: Lock,
    /// As in "process 4711 on pi".
    pub left_by: Option<String>,
}

/// Why a session is not locked.
#[derive(Debug, thiserror::Error)]
pub enum NotLocked {
    /// Another process has it.
    #[error("it is open in another busker, {0}: quit that one first, or open another session")]
    Held(String),
    /// The disk refused.
    #[error("it cannot be locked ({0}): a session needs a writable folder")]
    Disk(#[from] io::Error),
}

impl Lock {
    /// Locks the session in a folder, which is there.
    ///
    /// # Errors
    /// See [`NotLocked`].
    pub fn take(folder: &Path) -> Result<AcquiredLock, NotLocked> {
        let path = folder.join(LOCK);
        for _ in 0..TRIES {
            let mut how = File::options();
            let mut file = open_plain(how.read(true).write(true).create(true).truncate(false), &path, true)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NotLocked::Held(text_of(&mut file))),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // Its owner may have taken the file away between opening and locking: then it is not the one that counts.
            let this = file.metadata()?;
            if !fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (this.dev(), this.ino())) {
                continue;
            }
            let left_by = Some(text_of(&mut file)).filter(|_| this.len() > 0);
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", this_process())?;
            return Ok(AcquiredLock { lock: Lock { path, _file: file }, left_by });
        }
        Err(NotLocked::Held("which is just ending".to_owned()))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still held, so that nobody else's is taken away.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("{} stays: {error}", self.path.display());
        }
    }
}

fn this_process() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("process {} on {host}", std::process::id())
}

/// What a person reads in it.
fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    // Unreadable, it names nobody.
    let _ = file.take(TEXT_BYTES_MAX).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).replace(char::is_control, " ");
    let text = text.trim();
    if text.is_empty() { "a process that is not named".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_and_told_who_has_it_until_the_first_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert_eq!(first.left_by, None);
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} on ", std::process::id())), "{refused}");
        drop(first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        assert!(Lock::take(folder.path()).is_ok());
    }

    #[test]
    fn a_lock_that_was_left_behind_is_taken_over_and_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOCK), "process 4711 on pi\u{1b}[2J and so on and on\n").unwrap();
        let locked = Lock::take(folder.path()).unwrap();
        assert_eq!(locked.left_by.as_deref(), Some("process 4711 on pi [2J and so on and on"));
        let text = fs::read_to_string(folder.path().join(LOCK)).unwrap();
        assert_eq!(text, format!("{}\n", this_process()));
    }

    #[test]
    fn a_folder_that_refuses_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Lock::take(&folder.path().join("not there")).unwrap_err().to_string();
        assert!(refused.contains("cannot be locked"), "{refused}");
    }
}
