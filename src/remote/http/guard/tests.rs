use super::*;
use axum::body::Body;

fn request(path: &str, headers: &[(&str, &str)]) -> Request {
    let builder = Request::builder().uri(path);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Body::empty()).unwrap()
}

fn guard() -> Guard {
    Guard { own_name: "stage.lan".to_owned(), ..Guard::new(None, vec!["jam.example".parse().unwrap()]) }
}

#[test]
fn a_host_that_anyone_could_name_is_refused() {
    for own in [
        "127.0.0.1",
        "127.0.0.1:8808",
        "[::1]:8808",
        "192.168.1.20:80",
        "localhost:1",
        "LOCALHOST",
        "stage",
        "Stage.local:80",
        "stage.lan",
        "jam.example",
        "JAM.example:8808",
    ] {
        assert!(guard().place(request("/", &[("host", own)]).headers()).is_ok(), "{own}");
    }
    for other in [
        "evil.example",
        "jam.example.evil.example",
        "evil.jam.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "a@127.0.0.1",
        "local",
        ".local",
        "2130706433",
        "",
        "local host",
        "stage.lan.",
        "[::1",
    ] {
        assert!(guard().place(request("/", &[("host", other)]).headers()).is_err(), "{other}");
    }
    assert!(guard().place(request("/", &[]).headers()).is_err());
    assert!(guard().place(request("/", &[("host", "localhost"), ("host", "localhost")]).headers()).is_err());
}

#[test]
fn a_page_of_another_site_is_refused() {
    let from = |name, value| guard().place(request("/", &[("host", "localhost:8808"), (name, value)]).headers());
    assert!(from("origin", "http://localhost:8808").is_ok());
    assert!(from("sec-fetch-site", "same-origin").is_ok());
    assert!(from("sec-fetch-site", "none").is_ok());
    for origin in
        ["http://evil.example", "https://localhost:8808", "http://localhost", "http://localhost:88080", "null", ""]
    {
        assert!(from("origin", origin).is_err(), "{origin}");
    }
    assert!(from("sec-fetch-site", "cross-site").is_err());
}

#[test]
fn wrong_tokens_are_slowed_and_right_ones_are_not() {
    let token = Token::new().unwrap();
    let guard = Guard::new(Some(token.clone()), Vec::new());
    let status = |request: &Request| guard.token(request).map_err(|refusal| refusal.status.as_u16());
    let bearer = |token: &str| request("/api/status", &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!(status(&request("/", &[])), Err(401));
    for _ in 0..WRONG_TOKENS.1 {
        assert_eq!(status(&bearer("0123")), Err(401));
    }
    assert_eq!(status(&bearer("0123")), Err(429));
    assert_eq!(status(&bearer(token.text())), Ok(()));
    assert_eq!(status(&request("/", &[("authorization", &format!("Basic {}", token.text()))])), Err(401));
    for scheme in ["bearer", "BEARER", "Bearer  "] {
        let shown = format!("{scheme} {}", token.text());
        assert_eq!(status(&request("/api/status", &[("authorization", &shown)])), Ok(()), "{scheme}");
    }
    assert_eq!(status(&request("/", &[("cookie", &format!("a=b; busker={}", token.text()))])), Ok(()));
    // In an address it works for the page only.
    assert_eq!(status(&request(&format!("/?token={}", token.text()), &[])), Ok(()));
    assert_eq!(status(&request(&format!("/api/status?token={}", token.text()), &[])), Err(401));
}
