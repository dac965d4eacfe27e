//! OSC with other clients: python-osc, liblo's oscsend and oscdump, and a client of these tests, each with `busker
//! serve`.
//!
//! No test asserts on durations: each step waits for the answer.

#[path = "osc/flood.rs"]
mod flood;
#[path = "osc/stage.rs"]
pub mod stage;

use super::served::wait_until;
use busker::{command::COMMANDS, remote::osc::datagram::TimeTag, remote::osc::help::SPECIAL};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use stage::{Client, Stage};
use std::{
    io::{BufRead, BufReader},
    net::UdpSocket,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

fn text(text: &str) -> OscType {
    OscType::String(text.to_owned())
}

/// A bundle of messages with a time after so long, and that instant.
fn bundle(after: Duration, messages: &[(&str, OscType)]) -> (OscPacket, SystemTime) {
    let due = SystemTime::now() + after;
    let TimeTag(tag) = TimeTag::at(due);
    let content = messages
        .iter()
        .map(|(addr, arg)| OscPacket::Message(OscMessage { addr: (*addr).to_owned(), args: vec![arg.clone()] }));
    let timetag = OscTime { seconds: (tag >> 32) as u32, fractional: tag as u32 };
    (OscPacket::Bundle(OscBundle { timetag, content: content.collect() }), due)
}

/// `oscsend` with these words after the address of the station.
fn oscsend(stage: &Stage, words: &[&str]) {
    let status =
        Command::new("oscsend").args(["127.0.0.1", &stage.at.port().to_string()]).args(words).status().unwrap();
    assert!(status.success(), "{words:?}");
}

#[test]
fn python_osc_makes_a_take() {
    let stage = Stage::open();
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/doors/osc/take.py");
    let ran = Command::new(python).args([script, &stage.at.port().to_string(), "of python"]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    wait_until("the take", || stage.take_frames("of python") > 0);
}

#[test]
fn oscsend_makes_a_take() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    oscsend(&stage, &["/clock/bpm", "f", "98.6"]);
    oscsend(&stage, &["/click/on", "T"]);
    oscsend(&stage, &["/record/start", "S", "liblo"]);
    client.wait_for("/status/record/is_recording", |is| is == [OscType::Bool(true)]);
    assert_eq!(client.ask("/status/transport/bpm"), [OscType::Double(98.6)], "as short as it was meant");
    assert_eq!(client.ask("/status/click_on"), [OscType::Bool(true)]);
    oscsend(&stage, &["/record/sto[p]"]);
    wait_until("the take", || stage.take_frames("liblo") > 0);
}

/// A child process. Dropping it ends it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn oscdump_receives_what_another_port_subscribed_to() {
    let stage = Stage::open();
    // A free port; nothing else on the machine requests one by number.
    let port = UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port().to_string();
    let mut dump = Command::new("oscdump").args(["-L", &port]).stdout(Stdio::piped()).spawn().map(Running).unwrap();
    let mut lines = BufReader::new(dump.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    oscsend(&stage, &["/subscribe", "sii", "/status/position", "20", &port]);
    for _ in 0..5 {
        let line = lines.next().unwrap();
        assert!(line.contains("/status/position sd \"1:1:0\" 0.0"), "{line}");
    }
    oscsend(&stage, &["/unsubscribe", "si", "/status/position", &port]);
    Client::of(&stage).wait_for("/status/doors/1/connected", |count| count == [OscType::Int(0)]);
}

#[test]
fn a_subscriber_receives_the_song_position_at_its_rate() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    client.say("/transport/play", []);
    client.wait_for("/status/transport/playing", |is| is == [OscType::Bool(true)]);
    client.say("/subscribe", [text("/status/position"), OscType::Int(50)]);
    let seconds = || match client.hear_at("/status/position")[..] {
        [OscType::String(_), OscType::Double(seconds)] => seconds,
        ref other => panic!("{other:?}"),
    };
    let heard: Vec<f64> = (0..21).map(|_| seconds()).collect();
    assert!(heard.windows(2).all(|pair| pair[0] <= pair[1]), "{heard:?}");
    // A busy machine may be later, but never more frequent.
    assert!(heard[20] - heard[0] > 0.8, "20 times in {} s", heard[20] - heard[0]);
    client.say("/subscribe", [text("/events")]);
    client.say("/transport/stop", []);
    let event = client.hear_at("/event");
    assert_eq!(event[0], text("stopped"));
    client.say("/unsubscribe", []);
    client.wait_for("/status/doors/1/connected", |count| count == [OscType::Int(0)]);
}

#[test]
fn a_bundle_is_done_at_its_time_and_in_order() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    let (never, _) = bundle(Duration::from_secs(3_000), &[("/clock/bpm", OscType::Int(44))]);
    client.send(&never);
    let (soon, due) =
        bundle(Duration::from_millis(300), &[("/clock/bpm", OscType::Int(90)), ("/clock/bpm", OscType::Int(91))]);
    client.send(&soon);
    client.wait_for("/status/transport/bpm", |bpm| bpm == [OscType::Double(91.0)]);
    assert!(SystemTime::now() >= due, "it was done before its time");
    let (late, _) = bundle(Duration::from_secs(4_000), &[("/clock/bpm", OscType::Int(45))]);
    client.send(&late);
    assert_eq!(client.hear_at("/error")[0], text("/clock/bpm"));
    let mut past = bundle(Duration::ZERO, &[("/clock/bpm", OscType::Int(92))]).0;
    if let OscPacket::Bundle(bundle) = &mut past {
        bundle.timetag.seconds -= 1_000;
    }
    client.send(&past);
    client.wait_for("/status/transport/bpm", |bpm| bpm == [OscType::Double(92.0)]);
}

#[test]
fn every_error_is_answered() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    let error = || {
        let args = client.hear_at("/error");
        let [OscType::String(address), OscType::String(why)] = &args[..] else { panic!("{args:?}") };
        (address.clone(), why.clone())
    };
    client.socket.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(error().1.contains("not OSC"));
    for (address, args, why) in [
        ("/record/strat", vec![], "did you mean 'record.start [name]'?"),
        ("/clock/bpm", vec![OscType::Bool(true)], "'on' is not a valid bpm; allowed: 20..300 BPM"),
        ("/clock/bpm", vec![], "is missing an argument"),
        ("/clock/bpm", vec![OscType::Blob(vec![1])], "unsupported argument type; allowed: 20..300 BPM"),
        ("/quit", vec![text("now")], "one argument too many"),
        ("/x*/y", vec![], "no command that a pattern may run"),
        ("/qui?", vec![], "no command that a pattern may run"),
        ("/[/y", vec![], "a bracket is not closed"),
        ("/profile/use", vec![text("xyzzy")], "xyzzy"),
        ("/status/xyzzy", vec![], "no status at this address"),
        ("/status/at_ns", vec![OscType::Int(1)], "no arguments"),
        ("/help", vec![text("/xyzzy")], "unknown address"),
        ("/subscribe", vec![text("/status/position"), OscType::Int(5)], "10..60000"),
        ("/unsubscribe", vec![], "no such subscription"),
    ] {
        client.say(address, args);
        let (at, told) = error();
        assert_eq!(at, address);
        assert!(told.contains(why), "{address}: {told}");
    }
    // The profile was a valid command: only the engine knows that there is no such one. An answer itself gets no
    // answer.
    client.say("/error", [text("/ping"), text("no")]);
    client.wait_for("/status/doors/1/refused", |count| count == [OscType::Int(15)]);
}

#[test]
fn every_part_of_the_status_can_be_requested() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    client.say("/ping", []);
    client.hear_at("/pong");
    client.say("/help", []);
    let addresses: Vec<OscType> =
        (0..COMMANDS.len() + SPECIAL.len()).map(|_| client.hear_at("/help").swap_remove(0)).collect();
    for known in ["/record/start", "/learn", "/learn/cancel", "/subscribe"] {
        assert!(addresses.contains(&text(known)), "{known}");
    }
    client.say("/record/status", []);
    let reply = client.hear_at("/reply");
    assert_eq!(reply[0], text("/record/status"));
    assert!(matches!(&reply[1], OscType::String(said) if said.contains("takes")), "{reply:?}");
    assert_eq!(client.ask("/status/position").len(), 2);
    client.say("/status/transport", []);
    let names: Vec<String> = client.hear_below("/status/transport/").into_iter().map(|message| message.addr).collect();
    assert_eq!(names.len(), 5);
    assert!(names.iter().all(|name| name.starts_with("/status/transport/")), "{names:?}");
    client.say("/status/outputs/*/peak_db", []);
    assert_eq!(client.hear_below("/status/outputs/").len(), 2);
    client.say("/status", []);
    client.hear_below("/status/transport/");
}

#[test]
fn a_pattern_plays_and_turns_but_makes_and_destroys_nothing() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    client.say("/{click,auto}/{on,arm}", [OscType::Bool(true)]);
    client.wait_for("/status/click_on", |is| is == [OscType::Bool(true)]);
    assert_eq!(client.ask("/status/automation/armed"), [OscType::Bool(false)]);
    client.say("/*/*", []);
    client.wait_for("/status/transport/playing", |is| is == [OscType::Bool(true)]);
    // The engine may refuse a command that ran: nothing plays that could be stopped.
    let refused = |pattern| {
        client.say(pattern, []);
        while client.hear_at("/error")[0] != text(pattern) {}
    };
    refused("/record/{start,toggle,capture}");
    assert_eq!(client.ask("/status/record/take"), [OscType::Nil]);
    refused("/*");
    assert_eq!(client.ask("/status/click_on"), [OscType::Bool(true)]);
    client.say("/quit", []);
    wait_until("the end", || !std::path::Path::new(&format!("/proc/{}/exe", stage.pid())).exists());
}
