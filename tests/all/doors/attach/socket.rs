//! The socket with clients that are not this program, and with broken ones.

use super::number;
use crate::common::{
    outcome::{done, run},
    served::{Served, wait_until},
};
use busker::remote::wire::{MESSAGE_BYTES_MAX, WIRE};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::{
        fs::{OpenOptionsExt, PermissionsExt},
        net::{UnixDatagram, UnixStream},
    },
    path::Path,
    time::Duration,
};

/// A client at the socket.
pub struct Stranger {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Stranger {
    fn new(home: &Path) -> Stranger {
        let stream = UnixStream::connect(home.join("socket")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut stranger = Stranger { reader: BufReader::new(stream.try_clone().unwrap()), stream };
        assert_eq!(stranger.told()["type"], "hello");
        stranger
    }

    pub fn greeted(home: &Path, role: &str) -> Stranger {
        let mut stranger = Stranger::new(home);
        stranger.ask(json!({ "type": "hello", "wire": WIRE, "version": "test", "role": role }));
        stranger
    }

    fn send(&mut self, bytes: &[u8]) {
        // The station may have disconnected already.
        let _ = self.stream.write_all(bytes);
    }

    fn ask(&mut self, message: Value) {
        self.send_message(&message);
    }

    pub fn send_message(&mut self, message: &Value) {
        self.send(format!("{message}\n").as_bytes());
    }

    /// The next message.
    fn told(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: '{line}'"))
    }

    /// The next message of a kind.
    pub fn next(&mut self, kind: &str) -> Value {
        loop {
            let told = self.told();
            if told["type"] == kind {
                return told;
            }
        }
    }

    /// Whether the connection is closed.
    fn is_left(&mut self) -> bool {
        let mut rest = Vec::new();
        // A station that disconnects with unread data resets the connection.
        self.reader.read_to_end(&mut rest).map_or(true, |_| rest.is_empty())
    }
}

#[test]
fn a_screen_is_sent_events_and_changes_and_its_notes_end_with_it() {
    let port = tempfile::tempdir().unwrap();
    let fifo = port.path().join("port");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let mut wire = fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(&fifo).unwrap();
    let service = Served::start(&["--port", &format!("raw:{}", fifo.display())]);
    let home = service.home();
    assert_eq!(done(home, &["do", "clock.run", "off"]), "");
    let mut screen = Stranger::greeted(home, "screen");
    assert!(screen.next("profile")["profile"]["params"].is_array());
    assert_eq!(screen.next("status")["changes"]["click_on"], false);
    screen.ask(json!({ "type": "do", "command": "transport.play" }));
    assert_eq!(screen.next("event")["event"], "playing");
    screen.ask(json!({ "type": "do", "command": "click.on on", "id": 3 }));
    // A client that has the answer has the changes already.
    let mut clicks = false;
    loop {
        let told = screen.told();
        clicks |= told["changes"]["click_on"] == true;
        if told["type"] == "answer" {
            assert!(clicks && told["done"] == true && told["id"] == 3, "{told}");
            break;
        }
    }
    screen.ask(json!({ "type": "do", "command": "note.on C4 100", "id": 4 }));
    screen.next("answer");
    drop(screen);
    let mut bytes = Vec::new();
    wait_until("the end of the note", || {
        let mut some = [0; 64];
        if let Ok(count) = wire.read(&mut some) {
            bytes.extend_from_slice(&some[..count]);
        }
        bytes.windows(2).any(|pair| pair == [0x80, 60])
    });
    assert!(bytes.windows(2).any(|pair| pair == [0x90, 60]), "{bytes:?}");
}

#[test]
fn clients_are_sent_the_reason_when_they_are_refused_and_nothing_stops() {
    let service = Served::start(&[]);
    let home = service.home();
    assert_eq!(fs::metadata(home.join("socket")).unwrap().permissions().mode() & 0o777, 0o600);
    let leaves = |first: &[u8], why: &str| {
        let mut stranger = Stranger::new(home);
        stranger.send(first);
        let told = stranger.next("leave");
        assert!(told["why"].as_str().unwrap().contains(why), "{told}");
        assert!(stranger.is_left());
    };
    let old = json!({ "type": "hello", "wire": 0, "version": "0.0.1", "role": "screen" });
    leaves(format!("{old}\n").as_bytes(), "0.0.1 there uses wire 0");
    // A screen of the protocol version before this one, byte for byte.
    let screen = br#"{"type":"hello","wire":1,"version":"0.1.0","role":"screen"}"#;
    let own = format!("{} here uses wire {WIRE}, 0.1.0 there uses wire 1;", env!("CARGO_PKG_VERSION"));
    leaves(&[screen, &b"\n"[..]].concat(), &own);
    leaves(b"GET / HTTP/1.1\r\n", "not a valid message");
    leaves(b"{}\n", "not a valid message");
    leaves(b"\xff\xfe\n", "not a valid message");
    leaves(
        br#"{"type":"do","command":"quit"}
"#,
        "hello",
    );
    leaves(&vec![b'x'; MESSAGE_BYTES_MAX + 1], "at most");
    // Half a message before the end: no command.
    let mut half = Stranger::greeted(home, "screen");
    half.send(br#"{"type":"do","command":"qu"#);
    drop(half);
    // An invalid command is answered, and the client stays connected.
    let mut stranger = Stranger::greeted(home, "watch");
    stranger.ask(json!({ "type": "do", "command": "param.set filter_cutoff loud", "id": 1 }));
    assert_eq!(stranger.next("answer")["done"], false);
    stranger.ask(json!({ "type": "do", "command": "note.on", "id": null }));
    assert_eq!(stranger.next("answer")["done"], false);
    stranger.ask(json!({ "type": "dance" }));
    assert!(stranger.next("leave")["why"].as_str().unwrap().contains("not a valid message"));
    wait_until("all to be counted", || number(home, "/doors/0/refused") >= 9.0);
    // Clients beyond the maximum are refused; when one leaves, the next may connect.
    let mut many: Vec<Stranger> = Vec::new();
    let full = loop {
        let mut stranger = Stranger {
            reader: BufReader::new(UnixStream::connect(home.join("socket")).unwrap()),
            stream: UnixStream::connect(home.join("socket")).unwrap(),
        };
        let told = stranger.told();
        if told["type"] == "leave" {
            break told;
        }
        many.push(stranger);
    };
    assert!(full["why"].as_str().unwrap().contains("connected already"), "{full}");
    drop(many);
    wait_until("room", || run(home, &["status"]).0 == 0);
}

#[test]
fn a_screen_that_never_reads_does_not_delay_the_others() {
    let service = Served::start(&[]);
    let home = service.home();
    let _stuck = Stranger::greeted(home, "screen");
    let mut busy = Stranger::greeted(home, "ask");
    // Far more is sent than the buffer of the stuck connection holds.
    for id in 0..5_000u32 {
        busy.ask(json!({ "type": "do", "command": format!("param.set filter_cutoff {}", id % 2), "id": id }));
        assert_eq!(busy.told()["done"], true);
    }
    assert_eq!(number(home, "/device/xruns"), 0.0);
    assert!(done(home, &["do", "record.start", "jam"]).contains("jam.wav"));
    assert!(done(home, &["do", "record.status"]).starts_with("recording"));
}

#[test]
fn systemd_is_notified_when_it_is_ready_and_when_it_stops_and_a_stop_closes_the_take() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let system = UnixDatagram::bind(&path).unwrap();
    system.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let told = || {
        let mut bytes = [0; 256];
        let count = system.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    };
    let mut service = Served::with(&[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert!(told().contains("READY=1"));
    let home = service.home().to_owned();
    done(&home, &["do", "record.start", "friday jam"]);
    assert!(service.terminate().success());
    assert!(told().contains("STOPPING=1"));
    assert!(done(&home, &["takes", "list"]).contains("friday jam"));
    assert!(!home.join("socket").exists());
}

#[test]
fn events_are_printed_as_they_happen() {
    let service = Served::start(&[]);
    let home = service.home();
    let mut watching =
        crate::common::program::busker(home, &["watch"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    wait_until("the watcher", || number(home, "/doors/0/connected") >= 2.0);
    done(home, &["do", "transport.play"]);
    assert_eq!(lines.next().unwrap(), "playing from 1:1:0");
    done(home, &["do", "record.start friday jam"]);
    assert!(lines.next().unwrap().ends_with("Music/friday jam.wav"));
    done(home, &["do", "quit"]);
    assert_eq!(lines.last().unwrap(), "the station ends");
    assert!(watching.wait().unwrap().success());
}
