//! Runs each test in a process of its own: libjack keeps one server per process, and its name in the environment.
//!
//! The test calls itself again with the environment set. All processes that it leaves are ended: its process group, and
//! the servers of its name.

use super::server::bury;
use crate::turn::Turn;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    env, fs,
    os::unix::process::CommandExt,
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Set in the process that runs the test.
const INSIDE: &str = "BUSKER_JACK_TEST";
/// Time limit of a test, in case it hangs.
const LONGEST: Duration = Duration::from_secs(240);

/// Runs `test`, which must be its function's name, in a process of its own with a server's name of its own.
pub fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        thread::spawn(|| {
            thread::sleep(LONGEST);
            eprintln!("the test hangs");
            process::exit(101);
        });
        return body();
    }
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let _turn = Turn::beside_another();
    let server = format!("busker-test-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let child = Command::new(env::current_exe().unwrap())
        .args([&format!("jack::{test}"), "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .env("JACK_DEFAULT_SERVER", &server)
        .env("JACK_NO_START_SERVER", "1")
        .env("JACK_NO_AUDIO_RESERVATION", "1")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let group = Pid::from_child(&child);
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        // After an abort, the test's tools are still running, and the server, which leaves the group.
        let _ = kill_process_group(group, Signal::KILL);
        let tell = |signal| {
            for pid in servers(&server) {
                let _ = kill_process(pid, signal);
            }
        };
        tell(Signal::TERM);
        tell(Signal::CONT);
        let begun = Instant::now();
        while servers(&server).next().is_some() && begun.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(50));
        }
        tell(Signal::KILL);
        bury(&server);
        panic!("{test} failed with {}:\n{stdout}\n{stderr}", output.status);
    }
    assert!(stdout.contains("1 passed"), "there is no test called {test}:\n{stdout}");
    assert_eq!(stderr, "", "libjack's chatter would be all over the screen");
    // The measurements, for `--nocapture`.
    for line in stdout.lines() {
        if let Some(at) = line.find("measured: ") {
            println!("{test}: {}", &line[at..]);
        }
    }
}

/// The servers of this name.
fn servers(server: &str) -> impl Iterator<Item = Pid> {
    let called = format!("jackd\0-n\0{server}\0");
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(move |entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        fs::read_to_string(entry.path().join("cmdline")).ok()?.starts_with(&called).then_some(pid)
    })
}
