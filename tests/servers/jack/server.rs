//! A real JACK server with the dummy driver, and the JACK tools.

use busker::engine::host::jack;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env, fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Frames in a period at start.
pub const PERIOD: u32 = 1024;

/// Frames per second of a server without a requested rate.
pub const RATE_HZ: u32 = 48_000;

/// The known cause of jackd ending at once.
const NO_SERVER: &str = "jackd did not start: JACK has eight places for servers, and each that was killed keeps its \
    place until one of its name is started again; where no server runs, remove /dev/shm/jack-shm-registry";

/// A server of this test's own. Dropping it ends it.
pub struct Server {
    jackd: Child,
}

impl Server {
    /// A server that answers.
    pub fn start() -> Server {
        Server::start_at(RATE_HZ)
    }

    /// One at this rate.
    pub fn start_at(rate_hz: u32) -> Server {
        let mut server = Server { jackd: jackd(&env::var("JACK_DEFAULT_SERVER").unwrap(), rate_hz) };
        wait_for("a JACK server", || {
            if let Ok(Some(status)) = server.jackd.try_wait() {
                panic!("{NO_SERVER} ({status})");
            }
            jack::running(None)
        });
        server
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.jackd), signal).unwrap();
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.jackd.wait().unwrap();
    }

    /// Ends it by a signal, in order.
    pub fn terminate(mut self) {
        self.signal(Signal::TERM);
        self.jackd.wait().unwrap();
    }

    /// Makes it hang.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended_before = !matches!(self.jackd.try_wait(), Ok(None));
        if !ended_before && !end(&mut self.jackd) {
            // jackd has no handler for SIGPIPE and may be ended by a client that disconnects.
            bury(&env::var("JACK_DEFAULT_SERVER").unwrap_or_default());
        }
    }
}

fn jackd(name: &str, rate_hz: u32) -> Child {
    let (rate, period) = (rate_hz.to_string(), PERIOD.to_string());
    spawn(Command::new("jackd").args(["-n", name, "-r", "-d", "dummy", "-r", &rate, "-p", &period]))
}

/// Ends a server; true if it ended in order.
fn end(jackd: &mut Child) -> bool {
    let pid = Pid::from_child(jackd);
    let _ = kill_process(pid, Signal::TERM);
    let _ = kill_process(pid, Signal::CONT);
    let begun = Instant::now();
    while matches!(jackd.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = jackd.kill();
    jackd.wait().is_ok_and(|status| status.success())
}

/// Frees what a killed server leaves: one of the eight places JACK has for servers, until another server of its name
/// has started and ended; and the semaphores of its clients.
pub fn bury(name: &str) {
    let mut jackd = jackd(name, RATE_HZ);
    thread::sleep(Duration::from_secs(1));
    end(&mut jackd);
    let marked = format!("_{name}_");
    let left = fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.path());
    left.filter(|path| path.to_string_lossy().contains(&marked)).for_each(|path| drop(fs::remove_file(path)));
}

/// A tool that runs beside the test. Dropping it ends it.
pub struct Tool(pub Child);

impl Tool {
    /// Starts it; its output can be read from its `stdout`.
    pub fn start(program: &str, args: &[&str]) -> Tool {
        Tool(spawn(Command::new(program).args(args).stdout(Stdio::piped())))
    }

    /// Waits until it ends by itself.
    pub fn finish(program: &str, args: &[&str]) {
        let status = spawn(Command::new(program).args(args)).wait().unwrap();
        assert!(status.success(), "{program} {args:?}: {status}");
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Records the station's output to a 24-bit file.
pub fn capture(path: &Path, seconds: u32) {
    let (path, seconds) = (path.to_str().unwrap(), seconds.to_string());
    Tool::finish("jack_capture", &["-c", "2", "-p", "busker:out_*", "-d", &seconds, "-b", "24", "--daemon", path]);
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    // The tools whose output is read.
    if !["jack_mclk_dump", "stdbuf"].iter().any(|read| command.get_program() == *read) {
        command.stdout(Stdio::null());
    }
    command.spawn().unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => panic!(
            "{:?} is not installed: `make test` installs it (Debian: jackd2 jack-midi-clock jack-capture)",
            command.get_program()
        ),
        _ => panic!("{:?}: {error}", command.get_program()),
    })
}

/// Waits, with a time limit.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}
