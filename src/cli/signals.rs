//! What ends a program, SIGTERM and its like, as the command `quit`, so that every way out is the same one; without an
//! engine, as news. SIGHUP, the end of a terminal, is only heard where the station goes on without one. What would end it
//! and tells nothing that matters is ignored.

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

/// The power supply reports that it is about to fail: the station closes the take while it still can.
const SIGPWR: i32 = rustix::process::Signal::POWER.as_raw();
/// Somebody asks the program to end; or the system: SIGXCPU comes a while before SIGKILL does.
pub const LEAVE: [i32; 5] = [SIGINT, SIGTERM, SIGQUIT, SIGXCPU, SIGPWR];
/// Of no use to anybody any more, and yet it ends a program.
const SIGSTKFLT: i32 = rustix::process::Signal::STKFLT.as_raw();
/// What ends a program that does not know it, and tells nothing here.
const IGNORED: [i32; 7] = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT];

/// From now on SIGXFSZ (a file may not grow) does not end the program: the write fails, and the take ends.
///
/// # Errors
/// Where the system refuses.
pub fn leave_full_files_to_writes() -> Result<(), Failure> {
    ignore(&[SIGXFSZ])
}

/// By a handler that does nothing: what is ignored would stay so in programs that are started from here.
fn ignore(signals: &[i32]) -> Result<(), Failure> {
    for signal in signals {
        signal_hook::flag::register(*signal, Arc::default()).map_err(Failure::other)?;
    }
    Ok(())
}

/// From now on these signals make the engine end in order, or do nothing.
///
/// # Errors
/// Where the system refuses; then they would end the program at once, so better not to begin.
pub fn quit_on_signals(station: Station) -> Result<(), Failure> {
    ignore(&IGNORED)?;
    on_signals(&LEAVE, move || station.send_surely(Command::Quit {}).is_ok())
}

/// For an engine that nobody can reach without its terminal: from now on the end of that one ends it in order, too.
///
/// # Errors
/// Where the system refuses.
pub fn quit_on_hang_up(station: Station) -> Result<(), Failure> {
    on_signals(&[SIGHUP], move || station.send_surely(Command::Quit {}).is_ok())
}

/// For verbs without an engine: from now on these signals come through here.
///
/// # Errors
/// Where the system refuses; then they would end the program at once.
pub fn asked_to_leave() -> Result<Receiver<()>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let signals: Vec<i32> = LEAVE.into_iter().chain([SIGHUP]).collect();
    on_signals(&signals, move || sender.send(()).is_ok())?;
    Ok(receiver)
}

/// Whether the terminal has hung up.
pub struct HangUps(Arc<AtomicBool>);

impl HangUps {
    /// Whether it has.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// From now on the end of the terminal is only noted: the program goes on.
///
/// # Errors
/// Where the system refuses.
pub fn hang_ups() -> Result<HangUps, Failure> {
    let raised = Arc::<AtomicBool>::default();
    signal_hook::flag::register(SIGHUP, Arc::clone(&raised)).map_err(Failure::other)?;
    Ok(HangUps(raised))
}

/// Calls `leave` at each of these signals until nobody listens any more.
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
