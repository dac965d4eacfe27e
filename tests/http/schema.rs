//! The description of the interface, and what a program makes of it that reads such descriptions for a living.

use super::served::Served;

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
