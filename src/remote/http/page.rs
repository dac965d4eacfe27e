//! The page for a phone: its files, compiled in. On the thread of HTTP.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

fn file(kind: &'static str, text: &'static str) -> Response {
    // Another version of busker brings another page.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// What stands on it.
pub(super) async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

/// How it looks.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/style.css"))
}

/// What it does.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/app.js"))
}

/// How knobs are turned.
pub(super) async fn knobs() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/knobs.js"))
}

/// What a finger means.
pub(super) async fn touch() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/touch.js"))
}

/// How takes are heard and downloaded.
pub(super) async fn takes() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/takes.js"))
}

/// Its sign.
pub(super) async fn icon() -> Response {
    file("image/svg+xml", include_str!("page/icon.svg"))
}
