//! A pseudo-terminal with the program in it, and its screen as text.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    num::NonZeroU16,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Time limit of a test; it measures nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Terminal {
    /// `None` after a hang-up.
    master: Option<(Box<dyn MasterPty + Send>, Box<dyn Write + Send>)>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// False after the other end is no longer read.
    read: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    home: Arc<TempDir>,
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

impl Terminal {
    pub fn open(args: &[&str], columns: u16, rows: u16) -> Terminal {
        Terminal::within(&[], tempfile::tempdir().unwrap(), args, columns, rows)
    }

    /// Another terminal of the same user.
    pub fn beside(&self, args: &[&str]) -> Terminal {
        Terminal::at(&[], Arc::clone(&self.home), args, 80, 24)
    }

    /// With these words before the program, and this home folder.
    pub fn within(around: &[&str], home: TempDir, args: &[&str], columns: u16, rows: u16) -> Terminal {
        Terminal::at(around, Arc::new(home), args, columns, rows)
    }

    pub fn at(around: &[&str], home: Arc<TempDir>, args: &[&str], columns: u16, rows: u16) -> Terminal {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut words = around.iter().copied().chain([env!("CARGO_BIN_EXE_busker")]).chain(args.iter().copied());
        let mut command = CommandBuilder::new(words.next().unwrap());
        command.args(words);
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home.path());
        command.env("XDG_CONFIG_HOME", home.path().join("config"));
        command.env("XDG_STATE_HOME", home.path().join("state"));
        command.env("BUSKER_SOCKET", home.path().join("socket"));
        // A server that runs on this machine for another test must not be used.
        command.env("JACK_DEFAULT_SERVER", format!("none-{}", std::process::id()));
        command.env("JACK_NO_START_SERVER", "1");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        let read = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&read);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while goes_on.load(Ordering::Relaxed)
                && let Ok(n @ 1..) = output.read(&mut bytes)
            {
                shown.lock().unwrap().process(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Terminal { master: Some((pair.master, keys)), child, screen, read, reader: Some(reader), home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn keys(&mut self, keys: &str) {
        let (_, writer) = self.master.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    pub fn wait_until(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !seen(&self.screen()) {
            assert!(begun.elapsed() < PATIENCE, "'{what}' never came; the screen is\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The time of a user between two keys.
    pub fn pause(&self) {
        thread::sleep(Duration::from_millis(120));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
        let (master, _) = self.master.as_ref().unwrap();
        master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Closes the other end of the terminal, as when its window is closed or the connection breaks.
    pub fn hang_up(&mut self) {
        self.read.store(false, Ordering::Relaxed);
        // The next output of the program lets the reader see that.
        self.resize(100, 30);
        self.reader.take().unwrap().join().unwrap();
        self.master = None;
    }

    /// Kills the program.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether the program ended with success.
    pub fn wait_for_exit(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(begun.elapsed() < PATIENCE, "it never ended; the screen is\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A station without a screen goes on, but must not outlive the test.
        if let Ok(None) = self.child.try_wait() {
            self.signal("TERM");
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.child.kill();
    }
}
