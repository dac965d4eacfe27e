//! Every refusal has its status and a sentence.

use super::served::{Served, wait_for};
use serde_json::json;
use std::fs;

#[test]
fn every_refusal_has_its_status_and_a_sentence() {
    let served = Served::start();
    for (status, method, path, body) in [
        (400, "POST", "/api/command", "{"),
        (400, "POST", "/api/command", "[]"),
        (400, "POST", "/api/command", ""),
        (400, "POST", "/api/command", r#"{"command": ""}"#),
        (400, "POST", "/api/command", r#"{"command": 7}"#),
        (400, "POST", "/api/command", r#"{"command": "no.such"}"#),
        (400, "POST", "/api/command", r#"{"command": "quit", "args": []}"#),
        (400, "POST", "/api/command", r#"{"name": "clock.bpm", "args": [1000]}"#),
        (400, "POST", "/api/command", r#"{"name": "clock.bpm", "args": [{}]}"#),
        (400, "POST", "/api/command", r#"{"name": "clock.bpm", "args": [100, 100]}"#),
        (400, "POST", "/api/record/start", r#"{"name": "a\u0007b"}"#),
        (400, "POST", "/api/record/start", r#"{"nam": "jam"}"#),
        (400, "POST", "/api/playback/play?position=0:0", ""),
        (400, "POST", "/api/tracks/1/record/start?device=1", ""),
        (400, "POST", "/api/playback/play?place=1:1", ""),
        (400, "POST", "/api/snapshots", r#"{"name": ""}"#),
        (400, "POST", "/api/snapshots", r#"{"name": "two words"}"#),
        (400, "PUT", "/api/params/filter_cutoff", r#"{"value": 1.5}"#),
        (400, "PUT", "/api/params/filter_cutoff", r#"{"value": "loud"}"#),
        (400, "PUT", "/api/params/filter_cutoff", r#"{"value": null}"#),
        (400, "PUT", "/api/params/filter_cutoff", ""),
        (400, "POST", "/api/snapshots/verse/recall?seconds=soon", ""),
        (400, "POST", "/api/snapshots/verse/recall?seconds=4000", ""),
        (400, "GET", "/api/params/%ff", ""),
        (404, "GET", "/api", ""),
        (404, "GET", "/api/nothing", ""),
        (404, "GET", "/index.html", ""),
        (404, "GET", "/api/params/no_such", ""),
        (404, "PUT", "/api/params/no_such", r#"{"value": 0.5}"#),
        (404, "POST", "/api/snapshots/verse/recall", ""),
        (404, "DELETE", "/api/snapshots/verse", ""),
        (404, "GET", "/api/takes/no_such", ""),
        (405, "GET", "/api/command", ""),
        (405, "POST", "/api/status", ""),
        (405, "DELETE", "/api/takes/jam", ""),
        (405, "OPTIONS", "/api/command", ""),
        (409, "POST", "/api/record/stop", ""),
        (409, "POST", "/api/command", r#"{"command": "take.seek 3"}"#),
        (400, "GET", "/api/events", ""),
    ] {
        let reply = served.ask(method, path, body);
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
        reply.refused(status);
    }
    let usage = served.command("clock.bpm").refused(400);
    assert!(usage.contains("clock.bpm <bpm: 20..300 BPM>"), "{usage}");
    let allow = served.ask("GET", "/api/command", "");
    assert_eq!(allow.header("allow"), Some("POST"));
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json5"]
    {
        let headers = [("Host", "localhost"), ("Content-Type", kind)];
        served.ask_as("POST", "/api/command", &headers, r#"{"command": "midi.panic"}"#).refused(415);
        served.ask_as("POST", "/api/record/start", &headers, "").refused(415);
    }
    served.ask_as("POST", "/api/command", &[("Host", "localhost")], r#"{"command": "midi.panic"}"#).refused(415);
    let long = json!({ "command": "x".repeat(70_000) }).to_string();
    served.ask("POST", "/api/command", &long).refused(413);
}

#[test]
fn every_valid_request_is_done() {
    let served = Served::start();
    served.post("/api/command", r#"{"name": "param.set", "args": ["filter_cutoff", 0.5]}"#);
    assert_eq!(served.get("/api/params/filter_cutoff")["shown"], "64");
    assert_eq!(served.ask("PUT", "/api/params/osc_type", r#"{"value": "square"}"#).status, 200);
    assert_eq!(served.get("/api/params/osc_type")["shown"], "square");
    served.post("/api/command", r#"{"name": "clock.run", "args": [false]}"#);
    assert_eq!(served.get("/api/playback/position")["clock_on"], false);
    served.post("/api/snapshots", r#"{"name": "verse"}"#);
    served.post("/api/command", r#"{"command": "param.set filter_cutoff 0"}"#);
    assert_eq!(served.get("/api/snapshots"), json!(["verse"]));
    served.post("/api/snapshots/verse/recall?seconds=0", "");
    assert_eq!(served.get("/api/params/filter_cutoff")["value"], 8192);
    assert_eq!(served.ask("DELETE", "/api/snapshots/verse", "").status, 200);
    assert_eq!(served.get("/api/snapshots"), json!([]));
    served.post("/api/playback/play?position=5:1:0", "");
    wait_for("the fifth bar", || {
        let place = served.get("/api/playback/position");
        (place["playing"] == true && place["seconds"].as_f64()? > 7.9).then_some(())
    });
    served.post("/api/playback/stop", "");
    assert_eq!(served.get("/api/playback/position")["playing"], false);
    let profiles = served.get("/api/profiles");
    assert!(profiles["ids"].as_array().unwrap().contains(&profiles["in_use"]), "{profiles}");
    let devices = served.get("/api/devices");
    assert!(devices["devices"].as_array().unwrap().iter().any(|device| device["id"] == "sim"), "{devices}");
    let commands = served.get("/api/commands");
    assert_eq!(commands.as_array().unwrap().len(), busker::command::COMMANDS.len());
    // Browsers are sent the allowed methods of all of it.
    for path in
        ["/", "/api/status", "/nothing", "/app.js", "/knobs.js", "/takes.js", "/touch.js", "/style.css", "/icon.svg"]
    {
        let reply = served.ask("GET", path, "");
        assert!(reply.header("content-security-policy").unwrap().starts_with("default-src 'self'"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert!(reply.header("cache-control").is_some() && reply.header("access-control-allow-origin").is_none());
    }
}

#[test]
fn only_takes_can_be_downloaded() {
    let served = Served::start();
    let takes = served.takes();
    fs::create_dir_all(takes.join("folder.wav")).unwrap();
    let secret = served.home().join("secret.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    for path in [&secret, &takes.join("take.wav"), &takes.join("100% of it.wav")] {
        hound::WavWriter::create(path, spec).unwrap().finalize().unwrap();
    }
    fs::write(takes.join("notes.txt"), "private").unwrap();
    fs::write(takes.join("text.wav"), "private").unwrap();
    std::os::unix::fs::symlink(&secret, takes.join("link.wav")).unwrap();
    std::os::unix::fs::symlink(served.home(), takes.join("way")).unwrap();
    let pipe =
        rustix::fs::mknodat(rustix::fs::CWD, takes.join("pipe.wav"), rustix::fs::FileType::Fifo, 0o600.into(), 0);
    pipe.unwrap();

    for name in ["take", "take.wav", "100%25%20of%20it"] {
        assert_eq!(served.ask("GET", &format!("/api/takes/{name}"), "").status, 200, "{name}");
    }
    for (status, name) in [
        (400, "..%2fsecret.wav"),
        (400, "%2e%2e%2fsecret.wav"),
        (400, "%2e%2e/"),
        (400, ".."),
        (400, "."),
        (400, "%2fetc%2fpasswd"),
        (400, "take%00.wav"),
        (400, "way%2fsecret.wav"),
        (404, "../secret.wav"),
        (404, "../takes/../secret.wav"),
        (404, "way/secret.wav"),
        (404, "..%5csecret.wav"),
        (404, "secret"),
        (404, "link"),
        (404, "link.wav"),
        (404, "folder"),
        (404, "folder.wav"),
        (404, "pipe"),
        (404, "way"),
        (404, "notes.txt"),
        (404, ""),
        (409, "text"),
    ] {
        let reply = served.ask("GET", &format!("/api/takes/{name}"), "");
        assert!(
            reply.status == status || (status == 400 && reply.status == 404),
            "{name}: {} {}",
            reply.head,
            reply.text()
        );
        reply.refused(reply.status);
        assert!(!reply.text().contains("private"), "{name}");
    }
}
