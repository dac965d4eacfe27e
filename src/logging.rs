//! The log: a file, never the terminal. One file back is kept.

use crate::files;
use std::{fs, io, panic::PanicHookInfo, path::Path, sync::Mutex};
use tracing_subscriber::EnvFilter;

/// A log that has grown past this is put aside at the next start.
const KEEP_BYTES: u64 = 4 * 1024 * 1024;

/// Writes tracing to the file; `BUSKER_LOG` takes filters like `debug` or `busker::engine=debug`.
///
/// # Errors
/// Where the file cannot be written; everything works without a log.
pub fn start(file: &Path) -> io::Result<()> {
    if fs::metadata(file).is_ok_and(|data| data.len() > KEEP_BYTES) {
        fs::rename(file, file.with_extension("log.1"))?;
    }
    let log = files::open_log(file)?;
    let filter = EnvFilter::try_from_env("BUSKER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(log)).init();
    // A fault of the program's own goes to the log with its place, not over the screen.
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("?"), "{info}");
    }));
    Ok(())
}
