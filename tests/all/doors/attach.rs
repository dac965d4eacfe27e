//! A station that outlives its screens: served, attached, detached, and foreign clients at its socket. The program
//! itself, on the simulated host.
//!
//! No test asserts on durations: each step waits for the expected state.

#[path = "attach/socket.rs"]
pub mod socket;

use super::{
    outcome::{done, run},
    served::{Served, wait_until},
    terminal::Terminal,
};
use busker::takes::{Reach, Take, measure};
use std::{fs, ops::ControlFlow, path::Path};

/// A screen attached to it.
fn attach(service: &Served) -> Terminal {
    Terminal::at(&[], service.shared_home(), &["attach"], 80, 24)
}

/// A number of the status, by its path; waits until it is there.
fn number(home: &Path, path: &str) -> f64 {
    let mut found = None;
    wait_until(path, || {
        let status: serde_json::Value = serde_json::from_str(&done(home, &["status", "--json"])).unwrap();
        found = status.pointer(path).and_then(serde_json::Value::as_f64);
        found.is_some()
    });
    found.unwrap()
}

/// Frames in a take, and the number of its interruptions.
fn take(home: &Path, name: &str) -> (u64, u64) {
    let take = Take::open(&home.join(format!("Music/{name}.wav")), Reach::Named).unwrap();
    let verdict = measure(&take, &mut |_| ControlFlow::Continue(())).unwrap().verdict;
    (verdict.frames, verdict.gaps + verdict.xruns)
}

#[test]
fn a_take_goes_on_when_the_terminal_is_killed_and_the_next_screen_ends_it() {
    let service = Served::start(&[]);
    let home = service.home();
    let mut first = attach(&service);
    first.wait_for("PIANO");
    first.keys(":record.start jam\r");
    first.wait_for("● REC 00:00:0");
    first.hang_up();
    assert!(first.wait_for_exit());
    let xruns = number(home, "/device/xruns");
    let recorded = number(home, "/record/take/seconds");
    wait_until("more of the take", || number(home, "/record/take/seconds") > recorded + 0.5);
    let mut second = attach(&service);
    second.wait_for("● REC 00:00:0");
    second.keys("\x12");
    second.wait_for("ready to record");
    // The take is complete: as long as the engine reports, without gaps.
    let log = || fs::read_to_string(home.join("state/busker/busker.log")).unwrap();
    wait_until("the end of the take", || log().contains("take finished"));
    let log = log();
    let value = |line: &str, key: &str| -> u64 {
        let line = log.lines().find(|l| l.contains(line)).unwrap_or_else(|| panic!("no '{line}': {log}"));
        line.split(key).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    };
    let frames = value("take stopped", " frame=") - value("take started", " frame=");
    assert!(frames > 24_000);
    assert_eq!(take(home, "jam"), (frames, 0));
    assert_eq!(number(home, "/device/xruns"), xruns);
    second.keys("\x04");
    assert!(second.wait_for_exit());
    assert!(done(home, &["do", "record.status"]).starts_with("not recording"));
}

#[test]
fn a_user_leaves_a_station_and_returns_and_a_key_never_ends_it_for_others() {
    let mut own = Terminal::open(&["--demo"], 80, 24);
    own.wait_for("PIANO");
    own.keys(":record.start jam\r");
    own.wait_for("● REC 00:00:0");
    let mut guest = own.beside(&["attach"]);
    guest.wait_for("● REC 00:00:0");
    own.keys("\x04");
    assert!(own.wait_for_exit());
    own.wait_for("busker attach");
    // A user who types the name again returns to the running station.
    let mut again = own.beside(&[]);
    again.wait_for("● REC 00:00:0");
    again.keys(":click.on on\r");
    guest.wait_for("click on");
    // Arguments of a start do not attach, and the key that ends a station of one's own only leaves this one.
    let (code, _, err) = run(own.home(), &["serve", "--osc", "off", "--http", "off"]);
    assert!(code == 2 && err.contains("is already running"), "{code}: {err}");
    again.keys("\x11");
    assert!(again.wait_for_exit());
    guest.keys("\x1b");
    guest.wait_for("KEYS");
    guest.keys("q");
    assert!(guest.wait_for_exit());
    assert!(done(own.home(), &["do", "record.stop"]).contains("jam.wav"));
    let mut last = own.beside(&["attach"]);
    last.wait_for("ready to record");
    // The typed command is explicit: every screen ends with the station.
    last.keys(":quit\r");
    assert!(last.wait_for_exit());
    wait_until("the end of the station", || !own.home().join("socket").exists());
    let (code, _, err) = run(own.home(), &["status"]);
    assert!(code == 2 && err.contains("no station is running"), "{code}: {err}");
    assert_eq!(take(own.home(), "jam").1, 0);
}

#[test]
fn a_terminal_that_hangs_up_leaves_the_station_in_every_way() {
    type Going = fn(&mut Terminal);
    let goings: [(&str, Going); 3] = [
        ("its window is closed", Terminal::hang_up),
        ("the shell's end is told", |terminal| terminal.signal("HUP")),
        ("what stands before the station is killed", Terminal::kill),
    ];
    for (how, go) in goings {
        let mut own = Terminal::open(&["--demo"], 80, 24);
        own.wait_for("PIANO");
        own.keys(":record.start jam\r");
        own.wait_for("● REC 00:00:0");
        go(&mut own);
        let home = own.home();
        let recorded = number(home, "/record/take/seconds");
        wait_until(how, || number(home, "/record/take/seconds") > recorded + 0.3);
        assert_eq!(done(home, &["do", "quit"]), "", "{how}");
        wait_until("the end of the station", || !home.join("socket").exists());
        assert_eq!(take(home, "jam").1, 0, "{how}");
    }
}

#[test]
fn a_station_without_a_screen_can_be_attached_and_outlives_its_terminal() {
    let mut recorder = Terminal::open(&["record", "--demo", "--out", "jam.wav"], 80, 24);
    wait_until("the socket", || recorder.home().join("socket").exists());
    let mut screen = recorder.beside(&["attach"]);
    screen.wait_for("● REC 00:00:0");
    recorder.signal("HUP");
    screen.keys("\x12");
    // It runs for the take: at its end, both end.
    assert!(screen.wait_for_exit());
    assert!(recorder.wait_for_exit());
}
