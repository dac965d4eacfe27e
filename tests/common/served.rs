//! `busker serve`, in a home of its own.

use super::program::busker;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Time limit of a test; it measures nothing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `look` returns a value.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a condition is true.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// The program. Dropping it ends it.
pub struct Served {
    child: Child,
    home: Arc<TempDir>,
    /// The address that receives OSC, if it does.
    pub osc: Option<SocketAddr>,
    /// The address that serves HTTP, if it does.
    pub http: Option<SocketAddr>,
    /// The token that it printed after `?token=`.
    pub token: Option<String>,
}

impl Served {
    /// On the simulated host, with these arguments; OSC and HTTP are off by default.
    pub fn start(args: &[&str]) -> Served {
        Served::with(args, &[])
    }

    /// The same with environment variables.
    pub fn with(args: &[&str], environment: &[(&str, &str)]) -> Served {
        Served::in_home(Arc::new(tempfile::tempdir().unwrap()), args, environment)
    }

    /// The same in a home that another one had.
    pub fn in_home(home: Arc<TempDir>, args: &[&str], environment: &[(&str, &str)]) -> Served {
        let mut all = vec!["serve", "--device", "sim"];
        for (flag, value) in [("--port", "sim"), ("--osc", "off"), ("--http", "off")] {
            if !args.contains(&flag) {
                all.extend([flag, value]);
            }
        }
        all.extend(args);
        let mut command = busker(home.path(), &all);
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut served = Served { child, home, osc: None, http: None, token: None };
        let is_ready = said.by_ref().any(|line| served.hear(&line));
        assert!(is_ready, "it did not begin");
        // The pipe must not fill up.
        thread::spawn(move || said.for_each(drop));
        served
    }

    /// Reads a line of the start; true for the last one.
    fn hear(&mut self, line: &str) -> bool {
        if let Some((_, at)) = line.split_once("OSC at ") {
            self.osc = Some(at.parse().unwrap());
        } else if let Some((_, address)) = line.split_once("HTTP at http://") {
            let (at, rest) = address.split_once('/').unwrap();
            self.http = Some(at.parse().unwrap());
            self.token = rest.strip_prefix("?token=").map(str::to_owned);
        }
        line.contains("socket at")
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its home folder, for a test that uses it after the program ends.
    pub fn shared_home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a system shutdown does.
    pub fn terminate(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.wait()
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit status.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("its end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
