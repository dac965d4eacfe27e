//! All resources. Every request passes the guard, and every action is a command of the table. On the thread of HTTP.

mod commands;
mod openapi;
mod params;
mod playback;
mod range;
mod record;
mod snapshots;
mod state;
mod takes;

use super::{Hall, guard, page, reply, seated, socket};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use std::sync::Arc;

/// The routes of all resources.
pub(super) fn routes(hall: &Arc<Hall>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/style.css", get(page::style))
        .route("/app.js", get(page::script))
        .route("/knobs.js", get(page::knobs))
        .route("/touch.js", get(page::touch))
        .route("/takes.js", get(page::takes))
        .route("/icon.svg", get(page::icon))
        .route("/api/openapi.json", get(openapi::description))
        .route("/api/events", get(socket::upgrade))
        .route("/api/command", post(commands::command))
        .route("/api/commands", get(commands::commands))
        .route("/api/status", get(state::status))
        .route("/api/devices", get(state::devices))
        .route("/api/profiles", get(state::profiles))
        .route("/api/takes", get(takes::takes))
        .route("/api/takes/{name}", get(takes::take))
        .route("/api/record/start", post(record::start))
        .route("/api/record/stop", post(record::stop))
        .route("/api/tracks", get(record::tracks))
        .route("/api/tracks/{id}/record/start", post(record::start_track))
        .route("/api/tracks/{id}/record/stop", post(record::stop_track))
        .route("/api/playback/play", post(playback::play))
        .route("/api/playback/stop", post(playback::stop))
        .route("/api/playback/position", get(playback::position))
        .route("/api/params", get(params::params))
        .route("/api/params/{name}", get(params::param).put(params::turn))
        .route("/api/snapshots", get(snapshots::snapshots).post(snapshots::save))
        .route("/api/snapshots/{name}", axum::routing::delete(snapshots::delete))
        .route("/api/snapshots/{name}/recall", post(snapshots::recall))
        .layer(DefaultBodyLimit::max(reply::BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(hall), guard::admit))
        .layer(from_fn(reply::dress))
        .layer(from_fn(seated::keep_seat))
        .with_state(Arc::clone(hall))
}
