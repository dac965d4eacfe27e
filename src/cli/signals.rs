//! SIGINT, SIGTERM and SIGHUP as the command `quit`, so that every way out is the same one.

use super::Failure;
use crate::{command::Command, engine::station::Station};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::thread;

/// From now on these signals make the engine end in order.
///
/// # Errors
/// Where the system refuses; then they would end the program at once, so better not to begin.
pub fn quit_on_signals(station: Station) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(Failure::other)?;
    let wait = move || {
        for signal in signals.forever() {
            tracing::info!(signal, "asked to leave by a signal");
            if station.send(Command::Quit {}).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(Failure::other)?;
    Ok(())
}
