//! Recording, and the tracks: today one, the recorded inputs. On the thread of HTTP.

use crate::{
    command::channels::ChannelList,
    remote::http::{
        ask::Asking,
        reply::{ActionResult, Done, HttpError, JsonBody, QueryParams},
    },
    status::{RecordStatus, Status},
};
use axum::{Json, extract::Path};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The recorded inputs.
const INPUTS: u32 = 1;

/// The name of a take.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// The take's name; default: made from the date.
    #[schema(max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "jam")]
    name: Option<String>,
}

/// The input to record.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StartWish {
    /// The input: a channel like `1`, several like `3-4`, or the device's name for all. Later takes use it, too, as
    /// with `record.set files`.
    #[param(max_length = 200, example = "1")]
    device_id: Option<String>,
    /// Ignored: every WebSocket receives the events.
    connection_id: Option<String>,
}

/// A track.
#[derive(Serialize, ToSchema)]
#[schema(as = Track)]
pub(super) struct ApiTrack {
    /// The id in the address.
    id: u32,
    /// The inputs it records, like `1-2` or `synth`.
    inputs: String,
    /// Recording state.
    record: RecordStatus,
}

async fn begin(asking: &Asking, body: StartBody) -> ActionResult {
    asking.ask("record.start", body.name.as_deref().as_slice()).await
}

/// Whether there is a track of this number.
fn known(Path(id): Path<u32>) -> Result<(), HttpError> {
    if id == INPUTS { Ok(()) } else { Err(HttpError::missing(format!("unknown track {id}; /api/tracks lists all"))) }
}

/// Begins a take.
#[utoipa::path(post, path = "/api/record/start", operation_id = "start_recording", tag = "recording", request_body = Option<StartBody>,
    responses((status = 200, description = "Recording starts, now or as `record.set start` defines.", body = Done)))]
pub(super) async fn start(asking: Asking, JsonBody(body): JsonBody<StartBody>) -> ActionResult {
    begin(&asking, body).await
}

/// Ends the take.
#[utoipa::path(post, path = "/api/record/stop", operation_id = "stop_recording", tag = "recording",
    responses((status = 200, description = "The take ends.", body = Done)))]
pub(super) async fn stop(asking: Asking) -> ActionResult {
    asking.ask("record.stop", &[]).await
}

/// Lists the tracks.
#[utoipa::path(get, path = "/api/tracks", tag = "recording",
    responses((status = 200, description = "Each.", body = Vec<ApiTrack>)))]
pub(super) async fn tracks(asking: Asking) -> Json<Vec<ApiTrack>> {
    let status = asking.status();
    let (inputs, record) = (status.record.inputs.clone(), RecordStatus::clone(&status.record));
    Json(vec![ApiTrack { id: INPUTS, inputs, record }])
}

/// Begins a take of a track.
#[utoipa::path(post, path = "/api/tracks/{id}/record/start", operation_id = "start_recording_track", tag = "recording",
    request_body = Option<StartBody>, params(("id" = u32, Path, description = "The track."), StartWish),
    responses((status = 200, description = "Recording starts.", body = Done)))]
pub(super) async fn start_track(
    asking: Asking,
    id: Path<u32>,
    QueryParams(wish): QueryParams<StartWish>,
    JsonBody(body): JsonBody<StartBody>,
) -> ActionResult {
    known(id)?;
    let StartWish { device_id, connection_id } = wish;
    drop(connection_id);
    if let Some(input) = &device_id {
        let status = asking.status();
        let files = files_of(input, &status).ok_or_else(|| {
            let (device, channels) = (&status.device.name, &status.record.inputs);
            HttpError::malformed(format!("'{input}' is not an input of the station: it records {channels} of {device}"))
        })?;
        // A take under way does not change.
        if status.record.is_recording {
            return Err(HttpError::conflict("already recording; record.stop ends the take"));
        }
        drop(asking.ask("record.set", &["files", &files]).await?);
    }
    begin(&asking, body).await
}

/// The value of `record.set files` for an input: channels count among the recorded inputs.
fn files_of(input: &str, status: &Status) -> Option<String> {
    let (device, recorded) = (&status.device, &status.record.inputs);
    // Hosts other than ALSA have one device.
    if input == recorded || input == device.name || (input == device.host && input != "alsa") {
        return Some("inputs".to_owned());
    }
    let recorded: Vec<usize> = recorded.parse::<ChannelList>().ok()?.indices().collect();
    let place = |channel| recorded.iter().position(|known| *known == channel).map(|place| (place + 1).to_string());
    let places: Option<Vec<String>> = input.parse::<ChannelList>().ok()?.indices().map(place).collect();
    Some(places?.join("+"))
}

/// Ends the take of a track.
#[utoipa::path(post, path = "/api/tracks/{id}/record/stop", operation_id = "stop_recording_track", tag = "recording",
    params(("id" = u32, Path, description = "The track.")),
    responses((status = 200, description = "The take ends.", body = Done)))]
pub(super) async fn stop_track(asking: Asking, id: Path<u32>) -> ActionResult {
    known(id)?;
    asking.ask("record.stop", &[]).await
}
