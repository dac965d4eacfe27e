//! `busker attach`: the screen of a station in another process.

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

/// Arguments of `busker attach`.
#[derive(Args, Debug)]
pub struct AttachArgs {
    #[command(flatten)]
    socket: SocketArgs,
}

/// The message after attaching.
const HOW_TO_LEAVE: &str = "attached: ctrl-d leaves the screen, the station keeps running; :quit ends it";
/// The message after leaving a station that keeps running.
pub const GOES_ON: &str = "detached: the station keeps running; `busker attach` shows it, `busker do quit` ends it";

/// Shows the station until the user leaves the screen.
///
/// # Errors
/// No terminal, no station, or a lost connection.
pub fn attach(args: &AttachArgs) -> Outcome {
    tui::check_terminal().map_err(Failure::asked)?;
    show(&args.socket.checked_path())
}

/// Shows the station at a socket.
///
/// # Errors
/// No station, or a lost connection.
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
        // There is no terminal for a message.
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

/// A missing station is a mistake of the user; the rest is not.
pub fn refused(error: SocketError) -> Failure {
    match error {
        SocketError::NoStation(_) => Failure::asked(error),
        error => Failure::other(error),
    }
}
