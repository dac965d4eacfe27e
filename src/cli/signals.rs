//! Turns signals that end a program, SIGTERM and its like, into the command `quit`, so that there is only one way to
//! end; without an engine, into a message. SIGHUP, the end of a terminal, counts only if the station needs the
//! terminal. Signals that would end the program without need are ignored.

use super::Failure;
use crate::{command::Command, engine::station::Station};
use signal_hook::{
    consts::{
        SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
    },
    iterator::Signals,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
};

/// The power supply is about to fail: the station closes the take in time.
const SIGPWR: i32 = rustix::process::Signal::POWER.as_raw();
/// The user or the system asks the program to end: SIGXCPU comes a while before SIGKILL.
pub const LEAVE: [i32; 5] = [SIGINT, SIGTERM, SIGQUIT, SIGXCPU, SIGPWR];
/// No longer used, but it ends a program by default.
const SIGSTKFLT: i32 = rustix::process::Signal::STKFLT.as_raw();
/// Signals that end a program by default, without need.
const IGNORED: [i32; 7] = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT];

/// From now on SIGXFSZ (a file may not grow) does not end the program: the write fails, and the take ends.
///
/// # Errors
/// The system refuses.
pub fn leave_full_files_to_writes() -> Result<(), Failure> {
    ignore(&[SIGXFSZ])
}

/// Ignores signals by a handler that does nothing: truly ignored ones would stay so in programs that are started from
/// here.
fn ignore(signals: &[i32]) -> Result<(), Failure> {
    for signal in signals {
        signal_hook::flag::register(*signal, Arc::default()).map_err(Failure::other)?;
    }
    Ok(())
}

/// From now on these signals end the engine in order, or do nothing.
///
/// # Errors
/// The system refuses; then the signals would end the program at once, so it must not start.
pub fn quit_on_signals(station: Station) -> Result<(), Failure> {
    ignore(&IGNORED)?;
    on_signals(&LEAVE, move || station.send_surely(Command::Quit {}).is_ok())
}

/// For an engine that is reachable only by its terminal: the end of the terminal ends it in order, too.
///
/// # Errors
/// The system refuses.
pub fn quit_on_hang_up(station: Station) -> Result<(), Failure> {
    on_signals(&[SIGHUP], move || station.send_surely(Command::Quit {}).is_ok())
}

/// For subcommands without an engine: from now on these signals are sent to the receiver.
///
/// # Errors
/// The system refuses; then the signals would end the program at once.
pub fn asked_to_leave() -> Result<Receiver<()>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let signals: Vec<i32> = LEAVE.into_iter().chain([SIGHUP]).collect();
    on_signals(&signals, move || sender.send(()).is_ok())?;
    Ok(receiver)
}

/// Whether the terminal has hung up.
pub struct HangUps(Arc<AtomicBool>);

impl HangUps {
    /// True after a hang-up.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// From now on the end of the terminal is only recorded: the program continues.
///
/// # Errors
/// The system refuses.
pub fn hang_ups() -> Result<HangUps, Failure> {
    let raised = Arc::<AtomicBool>::default();
    signal_hook::flag::register(SIGHUP, Arc::clone(&raised)).map_err(Failure::other)?;
    Ok(HangUps(raised))
}

/// Calls `leave` at each of these signals until it returns false.
fn on_signals(signals: &[i32], leave: impl Fn() -> bool + Send + 'static) -> Result<(), Failure> {
    let mut signals = Signals::new(signals).map_err(Failure::other)?;
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
