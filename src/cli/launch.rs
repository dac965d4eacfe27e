//! Lets the user leave the screen of a station in the same process: a second process, the launcher, waits between it
//! and the shell. When the user leaves the screen, the launcher ends, and so the shell gets its prompt back; when the
//! station is killed, the launcher restores the terminal.
//!
//! All on the main thread, except the signals.

use super::{Failure, Outcome, attach::GOES_ON, complain, signals::LEAVE};
use crate::tui::terminal::GIVE_BACK;
use rustix::{
    process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal, setsid},
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGUSR1},
    iterator::Signals,
};
use std::{
    env,
    fs::OpenOptions,
    io::{self, Write},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The environment variable with the process id of the launcher.
const LAUNCHER: &str = "BUSKER_LAUNCHER";
/// How long the station may take to leave its screen after the terminal hung up.
const HANG_UP: Duration = Duration::from_secs(2);

/// The launcher of this station.
pub struct Launcher(Pid);

/// The launcher of this process; `None` if it was started without one.
pub fn launcher() -> Option<Launcher> {
    let parent = getppid()?;
    let named = env::var(LAUNCHER).ok()?.parse::<i32>().ok()?;
    (parent.as_raw_nonzero().get() == named).then_some(Launcher(parent))
}

impl Launcher {
    /// When the launcher is killed, the terminal belongs to another program: this counts as a hang-up.
    pub fn watch(&self) {
        if let Err(error) = set_parent_process_death_signal(Some(Signal::HUP)) {
            tracing::warn!(%error, "the end of the parent process will not be noticed");
        }
    }

    /// Ends the launcher after the user left the screen: the shell gets its prompt, and this process has no terminal
    /// any more.
    pub fn let_go(&self) {
        let _ = set_parent_process_death_signal(None);
        if let Err(error) = setsid() {
            tracing::warn!(%error, "still in the session of the terminal");
        }
        if let Ok(nothing) = OpenOptions::new().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&nothing);
            let _ = rustix::stdio::dup2_stdout(&nothing);
            let _ = rustix::stdio::dup2_stderr(&nothing);
        }
        // It may have ended already.
        if getppid() == Some(self.0) {
            let _ = kill_process(self.0, Signal::USR1);
        }
    }
}

/// Starts this program again with the same arguments, and waits until it ends or leaves its screen.
///
/// # Errors
/// The system refuses a process; or the failure of the station.
pub fn launch() -> Outcome {
    let mut signals = Signals::new(LEAVE.into_iter().chain([SIGCHLD, SIGHUP, SIGUSR1])).map_err(Failure::other)?;
    let before = tcgetattr(io::stdin()).ok();
    let program = env::current_exe().map_err(Failure::other)?;
    let mut child = Command::new(program)
        .args(env::args_os().skip(1))
        .env(LAUNCHER, std::process::id().to_string())
        .stdin(Stdio::inherit())
        .spawn()
        .map_err(|error| Failure::other(format!("the station cannot be started: {error}")))?;
    for signal in signals.forever() {
        match signal {
            SIGCHLD => {
                if let Some(status) = child.try_wait().map_err(Failure::other)? {
                    if status.code().is_none() {
                        give_back(before.as_ref());
                    }
                    return outcome(status);
                }
            }
            SIGUSR1 => {
                complain(GOES_ON);
                return Ok(());
            }
            SIGHUP => {
                pass_on(&child, Signal::HUP);
                wait_for_hang_up(&mut child, &mut signals);
                return Ok(());
            }
            SIGINT => pass_on(&child, Signal::INT),
            _ => pass_on(&child, Signal::TERM),
        }
    }
    Ok(())
}

/// Restores the terminal after the station was killed.
fn give_back(before: Option<&Termios>) {
    if let Some(before) = before {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
    }
    let mut out = io::stdout().lock();
    let _ = out.write_all(GIVE_BACK.as_bytes()).and_then(|()| out.flush());
}

fn pass_on(child: &Child, signal: Signal) {
    let _ = kill_process(Pid::from_child(child), signal);
}

/// Waits until the station has left the terminal, or ended.
fn wait_for_hang_up(child: &mut Child, signals: &mut Signals) {
    let begun = Instant::now();
    while begun.elapsed() < HANG_UP {
        if signals.pending().any(|signal| signal == SIGUSR1) || child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The exit code of the station, which has printed the reason itself.
fn outcome(status: ExitStatus) -> Outcome {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::told(code as u8)),
        None => {
            Err(Failure::other(format!("the station was killed: {status}; `busker takes repair` repairs its takes")))
        }
    }
}
