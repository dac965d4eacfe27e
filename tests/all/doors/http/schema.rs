//! The OpenAPI description, and a tool that tests a server by such a description.

use super::served::Served;
use serde_json::json;
use std::{collections::BTreeSet, fs, process::Command};

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

#[test]
fn operations_have_unique_names_and_the_token_is_described() {
    let open = Served::start();
    let guarded = Served::at("0.0.0.0:0");
    let bearer = format!("Bearer {}", guarded.token.clone().unwrap());
    let headers = [("Host", "localhost"), ("Authorization", bearer.as_str())];
    let guarded = guarded.ask_as("GET", "/api/openapi.json", &headers, "").json();
    let api = open.get("/api/openapi.json");
    let mut names = BTreeSet::new();
    for operation in api["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} twice");
    }
    let schemes = &api["components"]["securitySchemes"];
    assert_eq!((&schemes["token"]["type"], &schemes["token"]["scheme"]), (&"http".into(), &"bearer".into()));
    assert_eq!((&schemes["cookie"]["in"], &schemes["cookie"]["name"]), (&"cookie".into(), &"busker".into()));
    // On this machine's own address the token is optional.
    assert_eq!(api["security"], json!([{ "token": [] }, { "cookie": [] }, {}]));
    assert_eq!(guarded["security"], json!([{ "token": [] }, { "cookie": [] }]));
}

/// Responses that schemathesis may get besides the expected ones: bodies that are too long, and ranges beyond the end
/// of a take.
const SETTINGS: &str = "
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 415, 416, 429]
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
        // A description of the text cannot express the meaning of a command.
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
