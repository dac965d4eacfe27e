//! A recording from start to file: with curl, and over WebSocket.

use super::served::{Served, wait_for};
use serde_json::Value;
use std::fs;

const JSON: [&str; 2] = ["-H", "Content-Type: application/json"];

fn post(served: &Served, path: &str, body: &str) {
    let args = [&["-X", "POST", "-d", body], &JSON[..]].concat();
    let answer: Value = serde_json::from_slice(&served.curl(&args, path)).unwrap();
    assert!(answer["answer"].is_string(), "{answer}");
}

/// Whether a take has sound.
fn is_heard(path: &std::path::Path) -> bool {
    hound::WavReader::open(path).unwrap().into_samples::<i32>().any(|sample| sample.unwrap().abs() > 100_000)
}

#[test]
fn curl_records_a_take_and_downloads_it() {
    let served = Served::start();
    post(&served, "/api/record/start", r#"{"name": "jam"}"#);
    post(&served, "/api/command", r#"{"name": "note.play", "args": ["C3", 100, 400]}"#);
    wait_for("a second of it", || {
        let status: Value = serde_json::from_slice(&served.curl(&[], "/api/status")).unwrap();
        let take = &status["record"]["take"];
        assert!(take.is_null() || take["path"].as_str().unwrap().ends_with("/jam.wav"), "{take}");
        (take["seconds"].as_f64()? > 1.0).then_some(())
    });
    // While it is recorded it is in the list, but cannot be downloaded.
    let take = || served.get("/api/takes")[0].clone();
    assert_eq!(take()["state"], "recording");
    served.ask("GET", "/api/takes/jam", "").refused(409);
    post(&served, "/api/record/stop", "{}");
    wait_for("the take", || (take()["state"] == "sound").then_some(()));
    assert_eq!((take()["name"].as_str(), take()["channels"].as_u64()), (Some("jam"), Some(2)));

    let whole = served.curl(&[], "/api/takes/jam");
    let copy = served.home().join("copy.wav");
    fs::write(&copy, &whole).unwrap();
    assert!(is_heard(&copy));
    assert_eq!(whole, fs::read(served.takes().join("jam.wav")).unwrap());
    let part = served.curl(&["-r", "1000-1999"], "/api/takes/jam.wav");
    assert_eq!(part, whole[1000..2000]);
    let last = served.curl(&["-r", "-10"], "/api/takes/jam");
    assert_eq!(last, whole[whole.len() - 10..]);
    let reply = served.ask_as("GET", "/api/takes/jam", &[("Host", "localhost"), ("Range", "bytes=0-3")], "");
    assert_eq!((reply.status, &reply.body[..]), (206, &b"RIFF"[..]));
    assert_eq!(reply.header("content-type"), Some("audio/wav"));
    let reply = served.ask_as("GET", "/api/takes/jam", &[("Host", "localhost"), ("Range", "bytes=999999999-")], "");
    reply.refused(416);
}

#[test]
fn a_download_continues_only_with_the_same_file() {
    let served = Served::start();
    let take = served.takes().join("jam.wav");
    fs::create_dir_all(served.takes()).unwrap();
    let write = |samples: i16| {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&take, spec).unwrap();
        (0..samples).for_each(|sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        fs::read(&take).unwrap()
    };
    let ask = |headers: &[(&str, &str)]| {
        served.ask_as("GET", "/api/takes/jam.wav", &[&[("Host", "localhost")], headers].concat(), "")
    };
    let before = write(500);
    let begun = ask(&[]);
    assert_eq!((begun.status, begun.header("accept-ranges")), (200, Some("bytes")));
    let tag = begun.header("etag").unwrap().to_owned();
    let date = begun.header("last-modified").unwrap().to_owned();
    for known in [&tag, &date] {
        let rest = ask(&[("Range", "bytes=100-"), ("If-Range", known)]);
        assert_eq!((rest.status, &rest.body[..]), (206, &before[100..]), "{known}");
    }
    // A range and invalid ones: all, the end, more than all from the end, several, other units, no range.
    let length = before.len();
    for (range, status, part) in [
        ("bytes=10-19", 206, 10..20),
        ("Bytes=10-19", 206, 10..20),
        ("bytes=-9", 206, length - 9..length),
        ("bytes=-999999", 206, 0..length),
        ("bytes=0-9,20-29", 200, 0..length),
        ("lines=1-2", 200, 0..length),
        ("bytes=19-10", 200, 0..length),
    ] {
        let reply = ask(&[("Range", range)]);
        assert_eq!((reply.status, &reply.body[..]), (status, &before[part]), "{range}");
    }
    let beyond = ask(&[("Range", "bytes=5000-")]);
    beyond.refused(416);
    assert_eq!(beyond.header("content-range"), Some(&format!("bytes */{length}")[..]));
    // Another take of this name is another file: all of it is sent, from its beginning.
    let after = write(700);
    for known in [&tag, "\"other\"", &format!("W/{tag}"), "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let reply = ask(&[("Range", "bytes=100-"), ("If-Range", known)]);
        assert_eq!((reply.status, &reply.body), (200, &after), "{known}");
    }
    assert_eq!(ask(&[("If-None-Match", &tag)]).status, 200);
    ask(&[("If-Match", &tag)]).refused(412);
}

#[test]
fn a_track_records_the_input_that_is_named() {
    let served = Served::of(crate::common::served::Served::start(&["--http", "127.0.0.1:0", "--input", "1-2"]));
    assert_eq!(served.get("/api/tracks")[0]["inputs"], "1-2");
    for other in ["3", "1-3", "microphone", "0", ""] {
        let why = served.ask("POST", &format!("/api/tracks/1/record/start?device_id={other}"), "").refused(400);
        assert!(why.contains("1-2"), "{why}");
    }
    for (device, channels) in [("2", 1), ("1-2", 2), ("1", 1), ("sim", 2)] {
        let name = format!("of-{device}");
        let path = format!("/api/tracks/1/record/start?device_id={device}&connection_id=7");
        served.post(&path, &serde_json::json!({ "name": name }).to_string());
        wait_for("the take", || served.get("/api/tracks")[0]["record"]["take"].is_object().then_some(()));
        served.ask("POST", &path, "").refused(409);
        served.post("/api/tracks/1/record/stop", "");
        let take = wait_for("the file", || {
            let takes = served.get("/api/takes");
            takes.as_array()?.iter().find(|take| take["name"] == name && take["state"] == "sound").cloned()
        });
        assert_eq!(take["channels"], channels, "{device}");
    }
}

#[test]
fn a_track_records_the_take() {
    let served = Served::start();
    assert_eq!(served.get("/api/tracks")[0]["id"], 1);
    served.post("/api/tracks/1/record/start", "");
    wait_for("the take", || served.get("/api/tracks")[0]["record"]["take"].is_object().then_some(()));
    served.ask("POST", "/api/tracks/1/record/start", "").refused(409);
    served.post("/api/tracks/1/record/stop", "");
    served.ask("POST", "/api/tracks/1/record/stop", "").refused(409);
    served.ask("POST", "/api/tracks/2/record/start", "").refused(404);
    served.ask("POST", "/api/tracks/2/record/stop", "").refused(404);
    served.ask("POST", "/api/tracks/one/record/stop", "").refused(400);
}

#[test]
fn a_websocket_records_a_take_and_receives_every_event() {
    let served = Served::start();
    let mut socket = served.socket();
    assert_eq!(socket.told()["type"], "profile");
    let status = socket.told();
    assert_eq!((&status["type"], &status["changes"]["transport"]["playing"]), (&"status".into(), &false.into()));
    // The answer comes when the file is there, and so after the event that reports it.
    socket.send(r#"{"type": "do", "command": "record.start over the air"}"#);
    let started = socket.wait_for("the take", |told| told["event"] == "take_started");
    assert_eq!(started["type"], "event");
    socket.done("transport.play");
    socket.done("note.play C3 100 400");
    socket.wait_for("the place", |told| told["type"] == "position" && told["seconds"].as_f64().unwrap() > 0.2);
    socket
        .wait_for("the level", |told| told["type"] == "meters" && told["inputs"][0]["peak_db"].as_f64() > Some(-60.0));
    socket.wait_for("the state", |told| told["changes"]["record"]["take"]["seconds"].as_f64() > Some(0.5));
    socket.send(r#"{"type": "do", "command": "record.stop"}"#);
    let finished = socket.wait_for("the end", |told| told["event"] == "take_finished");
    let path = finished["path"].as_str().unwrap();
    assert!(path.ends_with("/over the air.wav") && is_heard(path.as_ref()), "{path}");
    // An error is sent to the client that sent the command; a mistake, too.
    let (done, text) = socket.command("record.stop");
    assert!(!done && text.contains("not recording"), "{text}");
    let (done, text) = socket.command("record.strat");
    assert!(!done && text.contains("did you mean 'record.start"), "{text}");
    socket.send("{ this is none");
    let answer = socket.wait_for_type("answer");
    assert!(answer["id"].is_null() && answer["done"] == false, "{answer}");
    socket.send(r#"{"type": "status"}"#);
    socket.wait_for("the whole status", |told| told["changes"]["faults"].is_object());
    served.wait_for_connected(1);
    assert_eq!(served.get("/api/status")["doors"][1]["name"], "http");
}

#[test]
fn notes_of_a_client_that_disconnects_end() {
    let served = Served::start();
    let mut socket = served.socket();
    socket.done("note.on C3 100");
    let peak = |served: &Served| served.get("/api/status")["outputs"][0]["peak_db"].as_f64().unwrap();
    wait_for("the note", || (peak(&served) > -40.0).then_some(()));
    drop(socket);
    wait_for("silence", || (peak(&served) < -100.0).then_some(()));
    served.wait_for_connected(0);
}
