//! `busker attach`: the screen of a station that runs in another process.

use super::{Failure, Outcome, complain, setup::SocketArgs};
use crate::{
    remote::{
        socket::client::{SocketClient, SocketError},
        wire::Role,
    },
    status::Severity,
    tui::{self, Left, TuiError, TuiOptions},
};
use clap::Args;
use std::path::Path;

/// What `busker attach` may be told.
#[derive(Args, Debug)]
pub struct AttachArgs {
    #[command(flatten)]
    socket: SocketArgs,
}

/// What is said to whoever comes.
const HOW_TO_LEAVE: &str = "attached: ctrl-d leaves the screen, the station keeps running; :quit ends it";
/// What is said to whoever left a station that goes on.
pub const GOES_ON: &str = "detached: the station keeps running; `busker attach` shows it, `busker do quit` ends it";

/// Shows the station until the screen is left.
///
/// # Errors
/// No terminal, no station, or a line that broke.
pub fn attach(args: &AttachArgs) -> Outcome {
    tui::check_terminal().map_err(Failure::asked)?;
    show(&args.socket.checked_path())
}

/// Shows the station at a socket.
///
/// # Errors
/// No station there, or a line that broke.
pub fn show(path: &Path) -> Outcome {
    let station = SocketClient::open(path, Role::Screen).and_then(SocketClient::into_station).map_err(refused)?;
    let notices = vec![(Severity::Info, HOW_TO_LEAVE.to_owned())];
    let options = TuiOptions { attached: true, can_detach: true, notices, ..TuiOptions::from_environment() };
    match tui::run(&station, options) {
        Ok(Left::Ended) => Ok(()),
        Ok(Left::Detached) => {
            complain(GOES_ON);
            Ok(())
        }
        // There is nobody to tell.
        Ok(Left::Lost) => Ok(()),
        Err(TuiError::EngineGone) => {
            let path = path.display();
            Err(Failure::other(format!(
                "the connection to the station at {path} broke; `busker status` shows whether it runs"
            )))
        }
        Err(error) => Err(Failure::other(error)),
    }
}

/// No station is a mistake of whoever asked for it; the rest is not.
pub fn refused(error: SocketError) -> Failure {
    match error {
        SocketError::NoStation(_) => Failure::asked(error),
        error => Failure::other(error),
    }
}
