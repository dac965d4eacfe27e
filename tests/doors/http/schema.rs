//! The description of the interface, and what a program makes of it that reads such descriptions for a living.

use super::served::Served;
use std::{fs, process::Command};

#[test]
fn every_resource_is_described() {
    let served = Served::start();
    let api = served.get("/api/openapi.json");
    let paths = api["paths"].as_object().unwrap();
    assert_eq!(api["servers"][0]["url"], "/");
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{name}", "x").replace("{id}", "1");
            let reply = served.ask(&method.to_uppercase(), &path, "");
            assert!(reply.status != 405, "{method} {path}");
            assert!(
                operation["responses"].get(reply.status.to_string()).is_some(),
                "{method} {path}: {}",
                reply.status
            );
        }
    }
    for path in ["/api/command", "/api/takes/{name}", "/api/tracks/{id}/record/stop", "/api/snapshots/{name}/recall"] {
        assert!(paths.contains_key(path), "{path}");
    }
}

/// What schemathesis may find besides what it expects: bodies that are too long, and takes that are not that long.
const SETTINGS: &str = "
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 416, 429]
";

#[test]
fn schemathesis_finds_nothing_that_is_not_described() {
    let served = Served::start();
    let settings = served.home().join("schemathesis.toml");
    fs::write(&settings, SETTINGS).unwrap();
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/schemathesis"))
        .arg("--config-file")
        .arg(&settings)
        .args(["run", &served.url("/api/openapi.json"), "--checks", "all"])
        // What a command means, no description of its text can say.
        .args(["--exclude-checks", "positive_data_acceptance", "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "10", "--seed", "1", "--no-shrink", "--generation-database", "none"])
        .arg("--continue-on-failure")
        .current_dir(served.home())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(served.ask("GET", "/api/status", "").status, 200);
}
