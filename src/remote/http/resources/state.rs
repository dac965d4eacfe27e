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
    /// The ids, as `profile.use` takes them.
    #[schema(value_type = Vec<String>)]
    ids: Arc<[String]>,
    /// The one in use.
    in_use: String,
}

/// Returns the status of the station.
#[utoipa::path(get, path = "/api/status", tag = "station",
    responses((status = 200, description = "The status.", body = Status)))]
pub(super) async fn status(asking: Asking) -> Json<Arc<Status>> {
    Json(asking.status())
}

/// Lists the audio devices and MIDI ports.
///
/// Slow: it opens each device to read its capabilities.
#[utoipa::path(get, path = "/api/devices", tag = "station",
    responses((status = 200, description = "The devices and ports, and what `auto` would choose.", body = Listing)))]
pub(super) async fn devices(State(hall): State<Arc<Hall>>) -> Result<Json<Listing>, HttpError> {
    let _looking = hall.looking.lock().await;
    let profile = Arc::clone(&hall.station.status().params.profile);
    let log_file = hall.folders.log_file();
    let look = spawn_blocking(move || {
        let _quiet = QuietStderr::into(&log_file);
        select::listing(&profile)
    });
    let failed = |_| HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the devices cannot be listed; see the log");
    look.await.map(Json).map_err(failed)
}

/// Lists the profiles.
#[utoipa::path(get, path = "/api/profiles", tag = "station",
    responses((status = 200, description = "The ids, and the one in use.", body = Profiles)))]
pub(super) async fn profiles(asking: Asking) -> Json<Profiles> {
    let status = asking.status();
    Json(Profiles { ids: Arc::clone(&status.profiles), in_use: status.params.profile.id.clone() })
}
