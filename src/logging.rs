//! The log: a file, never the terminal. One older file is kept. A thread of its own writes it.

mod lines;

use crate::files;
use lines::Lines;
use std::{fs, io, panic::PanicHookInfo, path::Path, sync::Arc, time::Duration};
use tracing_subscriber::EnvFilter;

/// Size from which the log is renamed at the next start, in bytes.
const KEEP_BYTES: u64 = 4 * 1024 * 1024;
/// How long the program waits for the last lines when it ends.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long a panicking thread waits until its line is written: the program may end with the panic.
const FAULT_LINE: Duration = Duration::from_millis(100);

/// The log. When dropped, it waits for the lines that are not in the file yet.
#[must_use = "the last lines are waited for when this is dropped"]
#[derive(Debug)]
pub struct Log(Arc<Lines>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.wait(LAST_LINES);
    }
}

/// Writes tracing to the file; `BUSKER_LOG` takes filters like `debug` or `busker::engine=debug`.
///
/// # Errors
/// The file cannot be written; everything works without a log.
pub fn start(file: &Path) -> io::Result<Log> {
    if fs::metadata(file).is_ok_and(|data| data.len() > KEEP_BYTES) {
        fs::rename(file, file.with_extension("log.1"))?;
    }
    let lines = Arc::new(Lines::into(files::open_log(file)?)?);
    let filter = EnvFilter::try_from_env("BUSKER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Arc::clone(&lines)).init();
    let log = Log(Arc::clone(&lines));
    // The place of a panic goes to the log, not over the screen.
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("?"), "{info}");
        lines.wait(FAULT_LINE);
    }));
    Ok(log)
}
