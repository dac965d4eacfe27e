//! A pseudo-terminal with the program in it and a screen that can be read.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    num::NonZeroU16,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a test waits for what must come. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    home: TempDir,
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

impl Terminal {
    pub fn open(args: &[&str], columns: u16, rows: u16) -> Terminal {
        Terminal::within(&[], tempfile::tempdir().unwrap(), args, columns, rows)
    }

    /// With these words before the program, and this home.
    pub fn within(around: &[&str], home: TempDir, args: &[&str], columns: u16, rows: u16) -> Terminal {
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
        // A server that runs on this machine for another test is not this station's.
        command.env("JACK_DEFAULT_SERVER", format!("none-{}", std::process::id()));
        command.env("JACK_NO_START_SERVER", "1");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Terminal { master: pair.master, keys, child, screen, home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
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

    /// As long as a musician takes between two keys.
    pub fn pause(&self) {
        thread::sleep(Duration::from_millis(120));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Whether the program ended well.
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
        let _ = self.child.kill();
    }
}
