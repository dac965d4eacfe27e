//! Access: pages of other origins have none, and other machines need the token.

use super::served::Served;
use std::{fs, os::unix::fs::PermissionsExt};
use tungstenite::{Error, http::StatusCode};

const PANIC: &str = r#"{"command": "midi.panic"}"#;

#[test]
fn pages_of_other_origins_get_nothing_and_do_nothing() {
    let served = Served::start();
    let own = format!("127.0.0.1:{}", served.at.port());
    let origin = format!("http://{own}");
    let json = ("Content-Type", "application/json");
    for headers in [
        vec![("Host", "evil.example")],
        vec![("Host", "evil.example:8808")],
        vec![],
        vec![("Host", &own), ("Origin", "http://evil.example")],
        vec![("Host", &own), ("Origin", "null")],
        vec![("Host", &own), ("Origin", "http://localhost:1")],
        vec![("Host", &own), ("Sec-Fetch-Site", "cross-site")],
    ] {
        let headers: Vec<(&str, &str)> = headers.into_iter().chain([json]).collect();
        for (method, path, body) in
            [("GET", "/", ""), ("GET", "/api/status", ""), ("POST", "/api/command", PANIC), ("GET", "/nothing", "")]
        {
            let reply = served.ask_as(method, path, &headers, body);
            // Without a Host header it is no valid HTTP/1.1 request.
            assert!(
                matches!(reply.status, 403) || (headers.len() == 1 && reply.status == 400),
                "{headers:?}: {}",
                reply.head
            );
        }
    }
    let headers = [("Host", own.as_str()), ("Origin", &origin), ("Sec-Fetch-Site", "same-origin"), json];
    assert_eq!(served.ask_as("POST", "/api/command", &headers, PANIC).status, 200);
    assert!(served.socket_as(&[("origin", &origin)]).is_ok());
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")]
    {
        let Err(Error::Http(response)) = served.socket_as(&[(name, value)]) else { panic!("{name}: {value} came in") };
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
    served.wait_for_count("refused", |count| count > 20);
}

#[test]
fn on_other_addresses_a_token_is_needed() {
    let served = Served::at("0.0.0.0:0");
    let token = served.token.clone().expect("no token was printed");
    assert_eq!(token.len(), 32);
    let host = ("Host", "localhost");
    let ask = |path: &str, headers: &[(&str, &str)]| served.ask_as("GET", path, &[&[host], headers].concat(), "");
    for path in ["/", "/app.js", "/api/status", "/nothing", &format!("/api/status?token={token}")] {
        ask(path, &[]).refused(401);
    }
    let bearer = format!("Bearer {token}");
    assert_eq!(ask("/api/status", &[("Authorization", &bearer)]).status, 200);
    assert_eq!(ask("/api/status", &[("Authorization", &format!("bearer {token}"))]).status, 200);
    // The printed address stores the token in a cookie, and redirects to the address without it.
    let reply = ask(&format!("/?token={token}"), &[]);
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("Max-Age"), "{cookie}");
    let kept = cookie.split(';').next().unwrap();
    assert_eq!(ask("/", &[("Cookie", kept)]).status, 200);
    assert!(served.socket_as(&[("cookie", kept)]).is_ok());
    assert!(served.socket_as(&[("authorization", &bearer)]).is_ok());
    let Err(Error::Http(response)) = served.socket_as(&[]) else { panic!("came in without a token") };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    // A right token from a page of another origin is refused.
    ask("/api/status", &[("Authorization", &bearer), ("Origin", "http://evil.example")]).refused(403);
    // A wrong token is delayed; a right one is not.
    let wrong = format!("Bearer {}", "0".repeat(64));
    let guesses: Vec<u16> = (0..20).map(|_| ask("/api/status", &[("Authorization", &wrong)]).status).collect();
    assert!(guesses.iter().all(|status| matches!(status, 401 | 429)) && guesses.contains(&429), "{guesses:?}");
    assert_eq!(ask("/api/status", &[("Authorization", &bearer)]).status, 200);
}

#[test]
fn a_token_that_is_kept_lets_a_phone_in_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| home.path().join(name).display().to_string();
    let (config, state) = (folder("config"), folder("state"));
    fs::create_dir_all(home.path().join("config/busker")).unwrap();
    let settings = "doors: { http: '0.0.0.0:0', http_token: keep, http_hosts: [jam.example] }\n";
    fs::write(home.path().join("config/busker/config.yaml"), settings).unwrap();
    let environment = [("XDG_CONFIG_HOME", &config[..]), ("XDG_STATE_HOME", &state)];
    let start = || Served::of(crate::common::served::Served::with(&["--http", "0.0.0.0:0"], &environment));
    let served = start();
    let token = served.token.clone().unwrap();
    let page = format!("/?token={token}");
    let reply = served.ask_as("GET", &page, &[("Host", "localhost")], "");
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("Max-Age=") && cookie.contains("HttpOnly"), "{cookie}");
    let kept = cookie.split(';').next().unwrap();
    drop(served);
    let again = start();
    assert_eq!(again.token.as_ref(), Some(&token));
    for host in ["localhost", "jam.example", "Jam.Example:8808"] {
        let headers = [("Host", host), ("Cookie", kept)];
        assert_eq!(again.ask_as("GET", "/api/status", &headers, "").status, 200, "{host}");
    }
    again.ask_as("GET", "/api/status", &[("Host", "evil.example"), ("Cookie", kept)], "").refused(403);
    let refused = again.ask_as("GET", "/api/status", &[("Host", "jam.example")], "");
    refused.refused(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    let path = home.path().join("state/busker/http-token");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
