//! The status, the devices of this machine, the profiles. On the thread of HTTP; devices are looked at on another one.

use crate::{
    engine::{
        host::quiet::QuietStderr,
        select::{self, Listing},
    },
    remote::http::{Hall, ask::Asking, reply::HttpError},
    status::Status,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

/// Profiles.
#[derive(Serialize, ToSchema)]
pub(super) struct Profiles {
    /// The ids of all profiles, for `profile.use`.
    #[schema(value_type = Vec<String>)]
    ids: Arc<[String]>,
    /// The one in use.
    in_use: String,
}

/// The whole status of the station.
#[utoipa::path(get, path = "/api/status", tag = "station",
    responses((status = 200, description = "How things are.", body = Status)))]
pub(super) async fn status(asking: Asking) -> Json<Arc<Status>> {
    Json(asking.status())
}

/// The audio devices and MIDI ports of the machine.
///
/// Takes its time: devices are opened to read their capabilities.
#[utoipa::path(get, path = "/api/devices", tag = "station",
    responses((status = 200, description = "What there is, and what `auto` would take.", body = Listing)))]
pub(super) async fn devices(State(hall): State<Arc<Hall>>) -> Result<Json<Listing>, HttpError> {
    let _looking = hall.looking.lock().await;
    let profile = Arc::clone(&hall.station.status().params.profile);
    let log_file = hall.folders.log_file();
    let look = spawn_blocking(move || {
        let _quiet = QuietStderr::into(&log_file);
        select::listing(&profile)
    });
    let failed =
        |_| HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the devices cannot be looked at; the log says more");
    look.await.map(Json).map_err(failed)
}

/// All profiles.
#[utoipa::path(get, path = "/api/profiles", tag = "station",
    responses((status = 200, description = "Their ids, and the one in use.", body = Profiles)))]
pub(super) async fn profiles(asking: Asking) -> Json<Profiles> {
    let status = asking.status();
    Json(Profiles { ids: Arc::clone(&status.profiles), in_use: status.params.profile.id.clone() })
}
