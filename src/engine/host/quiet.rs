//! Sends the standard error of libraries to the log, away from the terminal.
//!
//! alsa-lib and libjack write there on their own, in the middle of a screen. Descriptors belong to the whole program,
//! so this works for every thread at once. Realtime: no.

use crate::files;
use rustix::stdio::{dup2_stderr, stderr};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

/// While it lives, the standard error of the program goes into a file: messages of libraries, and panics too. Guards
/// may be nested, as scopes are; the inner one must go first.
#[must_use = "standard error is restored when this is dropped"]
pub struct QuietStderr {
    before: Option<OwnedFd>,
}

impl QuietStderr {
    /// Appends to this file, which is made where it is missing. Where that fails, everything stays as it was: messages
    /// on the screen are better than no station.
    pub fn into(log_file: &Path) -> QuietStderr {
        match redirect(log_file) {
            Ok(before) => QuietStderr { before: Some(before) },
            Err(error) => {
                tracing::warn!("the standard error stays on the terminal: {error}");
                QuietStderr { before: None }
            }
        }
    }
}

fn redirect(log_file: &Path) -> io::Result<OwnedFd> {
    let log = files::open_log(log_file)?;
    // Programs that this one starts do not get it.
    let before = rustix::io::fcntl_dupfd_cloexec(stderr(), 3)?;
    dup2_stderr(log.as_fd())?;
    Ok(before)
}

impl Drop for QuietStderr {
    fn drop(&mut self) {
        if let Some(before) = self.before.take()
            && let Err(error) = dup2_stderr(before.as_fd())
        {
            tracing::warn!("the standard error stays in the log: {error}");
        }
    }
}

/// From now on alsa-lib writes nothing to the standard error from this thread. For lists and look-ups without a screen.
pub fn hush_alsa() {
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!("alsa-lib will not be quiet: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn stderr_goes_into_the_file_while_it_lives_and_back_to_the_terminal_after() {
        let folder = tempfile::tempdir().unwrap();
        let (outer_log, inner_log) = (folder.path().join("state/outer.log"), folder.path().join("inner.log"));
        let say = |text: &str| assert_eq!(rustix::io::write(stderr(), text.as_bytes()).unwrap(), text.len());
        let outer = QuietStderr::into(&outer_log);
        say("ALSA lib one\n");
        let inner = QuietStderr::into(&inner_log);
        say("ALSA lib two\n");
        drop(inner);
        say("ALSA lib three\n");
        drop(outer);
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        // Other tests may write something in between.
        assert!(read(&outer_log).contains("one\n") && read(&outer_log).contains("three\n"));
        assert!(!read(&outer_log).contains("two\n") && read(&inner_log).contains("two\n"));
        let size = fs::metadata(&outer_log).unwrap().len();
        rustix::io::write(stderr(), b"").unwrap();
        assert_eq!(fs::metadata(&outer_log).unwrap().len(), size);
    }

    #[test]
    fn a_log_that_cannot_be_made_changes_nothing() {
        let quiet = QuietStderr::into(Path::new("/proc/no/such/folder/busker.log"));
        assert!(quiet.before.is_none());
    }
}
