//! The page for a phone: its files, compiled in. On the thread of HTTP.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

fn file(kind: &'static str, text: &'static str) -> Response {
    // Another version of busker brings another page.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// The HTML.
pub(super) async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

/// The style sheet.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/style.css"))
}

/// The main script.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/app.js"))
}

/// The script for knobs.
pub(super) async fn knobs() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/knobs.js"))
}

/// The script for touch.
pub(super) async fn touch() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/touch.js"))
}

/// The script for takes: play and download.
pub(super) async fn takes() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/takes.js"))
}

/// The icon.
pub(super) async fn icon() -> Response {
    file("image/svg+xml", include_str!("page/icon.svg"))
}
