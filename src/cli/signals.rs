//! SIGINT, SIGTERM and SIGHUP as the command `quit`, so that every way out is the same one; without an engine, as news.

use super::Failure;
use crate::{command::Command, engine::station::Station};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    sync::mpsc::{self, Receiver},
    thread,
};

/// From now on these signals make the engine end in order.
///
/// # Errors
/// Where the system refuses; then they would end the program at once, so better not to begin.
pub fn quit_on_signals(station: Station) -> Result<(), Failure> {
    on_signals(move || station.send(Command::Quit {}).is_ok())
}

/// For verbs without an engine: from now on these signals come through here.
///
/// # Errors
/// Where the system refuses; then they would end the program at once.
pub fn asked_to_leave() -> Result<Receiver<()>, Failure> {
    let (sender, receiver) = mpsc::channel();
    on_signals(move || sender.send(()).is_ok())?;
    Ok(receiver)
}

/// Calls `leave` at each signal until nobody listens any more.
fn on_signals(leave: impl Fn() -> bool + Send + 'static) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(Failure::other)?;
    let wait = move || {
        for signal in signals.forever() {
            tracing::info!(signal, "asked to leave by a signal");
            if !leave() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(Failure::other)?;
    Ok(())
}
