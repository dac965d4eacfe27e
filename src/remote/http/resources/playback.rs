//! The song: play, stop, where it is. On the thread of HTTP.

use crate::{
    remote::http::{
        ask::Asking,
        reply::{ActionResult, Done, QueryParams},
    },
    status::TransportStatus,
};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

/// The position to play from.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PlayWish {
    /// Seconds, or bar:beat:tick; default: the last located position.
    #[param(pattern = r"^([0-9]{1,4}(\.[0-9]{1,3})?|[1-9][0-9]{0,3}:[1-4](:[0-9]{1,2})?)$", example = "5:1:0")]
    position: Option<String>,
}

/// Plays the song.
#[utoipa::path(post, path = "/api/playback/play", operation_id = "start_playback", tag = "playback", params(PlayWish),
    responses((status = 200, description = "Playing.", body = Done)))]
pub(super) async fn play(asking: Asking, QueryParams(wish): QueryParams<PlayWish>) -> ActionResult {
    if let Some(position) = &wish.position {
        drop(asking.ask("transport.locate", &[position]).await?);
    }
    asking.ask("transport.play", &[]).await
}

/// Stops the song; its position is kept.
#[utoipa::path(post, path = "/api/playback/stop", operation_id = "stop_playback", tag = "playback",
    responses((status = 200, description = "Stopped.", body = Done)))]
pub(super) async fn stop(asking: Asking) -> ActionResult {
    asking.ask("transport.stop", &[]).await
}

/// Returns the song position.
#[utoipa::path(get, path = "/api/playback/position", operation_id = "playback_position", tag = "playback",
    responses((status = 200, description = "Position and tempo.", body = TransportStatus)))]
pub(super) async fn position(asking: Asking) -> Json<TransportStatus> {
    Json(TransportStatus::clone(&asking.status().transport))
}
