//! Recording, and the tracks there are to record: today one, the recorded inputs. On the thread of HTTP.

use crate::{
    remote::http::{
        ask::Asking,
        reply::{Done, Outcome, Refusal, Sent},
    },
    status::RecordStatus,
};
use axum::{Json, extract::Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The recorded inputs.
const INPUTS: u32 = 1;

/// How a take begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// Its name; made from the date where none is given.
    #[schema(max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "jam")]
    name: Option<String>,
}

/// A track.
#[derive(Serialize, ToSchema)]
pub(super) struct Track {
    /// What it is asked for by.
    id: u32,
    /// The inputs it records, like `1-2` or `synth`.
    inputs: String,
    /// How it is recorded.
    record: RecordStatus,
}

async fn begin(asking: &Asking, body: StartBody) -> Outcome {
    asking.ask("record.start", body.name.as_deref().as_slice()).await
}

/// A track that is there.
fn known(Path(id): Path<u32>) -> Result<(), Refusal> {
    if id == INPUTS {
        Ok(())
    } else {
        Err(Refusal::missing(format!("there is no track {id}; /api/tracks says what there is")))
    }
}

/// Begins a take.
#[utoipa::path(post, path = "/api/record/start", tag = "recording", request_body = Option<StartBody>,
    responses((status = 200, description = "It begins, now or as `record.set start` says.", body = Done)))]
pub(super) async fn start(asking: Asking, Sent(body): Sent<StartBody>) -> Outcome {
    begin(&asking, body).await
}

/// Ends the take.
#[utoipa::path(post, path = "/api/record/stop", tag = "recording",
    responses((status = 200, description = "It ends.", body = Done)))]
pub(super) async fn stop(asking: Asking) -> Outcome {
    asking.ask("record.stop", &[]).await
}

/// The tracks there are.
#[utoipa::path(get, path = "/api/tracks", tag = "recording",
    responses((status = 200, description = "Each.", body = Vec<Track>)))]
pub(super) async fn tracks(asking: Asking) -> Json<Vec<Track>> {
    let status = asking.status();
    let (inputs, record) = (status.inputs.channels.clone(), status.record.clone());
    Json(vec![Track { id: INPUTS, inputs, record }])
}

/// Begins a take of a track.
#[utoipa::path(post, path = "/api/tracks/{id}/record/start", tag = "recording", request_body = Option<StartBody>,
    params(("id" = u32, Path, description = "The track.")),
    responses((status = 200, description = "It begins.", body = Done)))]
pub(super) async fn start_track(asking: Asking, id: Path<u32>, Sent(body): Sent<StartBody>) -> Outcome {
    known(id)?;
    begin(&asking, body).await
}

/// Ends the take of a track.
#[utoipa::path(post, path = "/api/tracks/{id}/record/stop", tag = "recording",
    params(("id" = u32, Path, description = "The track.")),
    responses((status = 200, description = "It ends.", body = Done)))]
pub(super) async fn stop_track(asking: Asking, id: Path<u32>) -> Outcome {
    known(id)?;
    asking.ask("record.stop", &[]).await
}
