//! The `busker` program: passes the command line to the library.

use busker::{cli, config::Folders, logging};
use std::{panic::catch_unwind, process::ExitCode};

/// Aborts on any allocation in the audio callback; for tests.
#[cfg(feature = "rt-check")]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

fn main() -> ExitCode {
    let log = Folders::of_user().log_file();
    // A station without a log still plays.
    let _last_lines = logging::start(&log);
    catch_unwind(cli::main).unwrap_or_else(|_| {
        cli::complain(&format!(
            "failed with an internal error; takes are closed, notes are off; see {}",
            log.display()
        ));
        ExitCode::FAILURE
    })
}
