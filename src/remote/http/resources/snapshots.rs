//! The snapshots of the instrument in use. On the thread of HTTP.

use crate::remote::http::{
    ask::{Asking, or_missing},
    reply::{ActionResult, Done, JsonBody, QueryParams},
};
use axum::{Json, extract::Path};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The name of a snapshot.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NameBody {
    /// One word.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S+$", example = "verse")]
    name: String,
}

/// How a snapshot is recalled.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecallWish {
    /// Glide time in seconds; default: at once.
    #[param(minimum = 0.0, maximum = 3600.0)]
    seconds: Option<f64>,
}

fn is_there(asking: &Asking, name: &str) -> bool {
    asking.status().params.snapshots.iter().any(|known| known == name)
}

/// Lists the snapshots.
#[utoipa::path(get, path = "/api/snapshots", tag = "snapshots",
    responses((status = 200, description = "The names.", body = Vec<String>)))]
pub(super) async fn snapshots(asking: Asking) -> Json<Arc<[String]>> {
    Json(Arc::clone(&asking.status().params.snapshots))
}

/// Saves the parameter values as a snapshot.
#[utoipa::path(post, path = "/api/snapshots", operation_id = "save_snapshot", tag = "snapshots", request_body = NameBody,
    responses((status = 200, description = "Saved.", body = Done)))]
pub(super) async fn save(asking: Asking, JsonBody(body): JsonBody<NameBody>) -> ActionResult {
    asking.ask("snapshot.save", &[&body.name]).await
}

/// Recalls a snapshot.
#[utoipa::path(post, path = "/api/snapshots/{name}/recall", operation_id = "recall_snapshot", tag = "snapshots",
    params(("name" = String, Path, description = "The snapshot.", max_length = 200), RecallWish),
    responses((status = 200, description = "Recalled, or gliding.", body = Done)))]
pub(super) async fn recall(
    asking: Asking,
    Path(name): Path<String>,
    QueryParams(wish): QueryParams<RecallWish>,
) -> ActionResult {
    let seconds = wish.seconds.map(|seconds| seconds.to_string());
    let words: Vec<&str> = [name.as_str()].into_iter().chain(seconds.as_deref()).collect();
    or_missing(asking.ask("snapshot.recall", &words).await, || is_there(&asking, &name))
}

/// Deletes a snapshot.
#[utoipa::path(delete, path = "/api/snapshots/{name}", operation_id = "delete_snapshot", tag = "snapshots",
    params(("name" = String, Path, description = "The snapshot.", max_length = 200)),
    responses((status = 200, description = "Deleted.", body = Done)))]
pub(super) async fn delete(asking: Asking, Path(name): Path<String>) -> ActionResult {
    or_missing(asking.ask("snapshot.delete", &[&name]).await, || is_there(&asking, &name))
}
