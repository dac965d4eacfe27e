//! `busker serve`, in a home of its own.

use crate::{program::busker, terminal::Terminal};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a test waits for what must come. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Service {
    child: Child,
    home: Arc<TempDir>,
}

impl Service {
    /// With these arguments; attached to by nobody yet.
    pub fn start(args: &[&str]) -> Service {
        Service::with(args, &[])
    }

    /// With this environment, too.
    pub fn with(args: &[&str], environment: &[(&str, &str)]) -> Service {
        let home = tempfile::tempdir().unwrap();
        let port = if args.contains(&"--port") { &[][..] } else { &["--port", "sim"] };
        let closed = ["serve", "--device", "sim", "--osc", "off", "--http", "off"];
        let mut command = busker(home.path(), &[&closed, port, args].concat());
        let mut child = command.envs(environment.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = said.by_ref().map(Result::unwrap).find(|line| line.contains("socket at"));
        assert!(ready.is_some(), "it did not begin");
        std::thread::spawn(move || said.for_each(drop));
        Service { child, home: Arc::new(home) }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A screen of it.
    pub fn attach(&self) -> Terminal {
        Terminal::at(&[], Arc::clone(&self.home), &["attach"], 80, 24)
    }

    /// Asks it to end, as a system that is shut down does.
    pub fn terminate(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never ended");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
