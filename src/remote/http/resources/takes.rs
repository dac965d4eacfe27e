//! The takes: their list, and each as a download. On the thread of HTTP; the disk is read on others.

use super::range;
use crate::{
    engine::disk::librarian,
    remote::http::{Hall, ask::Asking, reply::HttpError},
    status::TakeInfo,
    takes::{NotUsable, Reach, Take, cache::Cache, in_folder, meant},
};
use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{
    io,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
};
use tokio::task::spawn_blocking;
use tower_http::services::ServeFile;

/// Reads from the disk, on a thread that may wait.
async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, HttpError> + Send + 'static,
) -> Result<T, HttpError> {
    let failed = |_| HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the disk cannot be read; see the log");
    spawn_blocking(read).await.map_err(failed)?
}

fn of_the_disk(error: &io::Error) -> HttpError {
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, format!("it cannot be read: {error}"))
}

/// Lists the takes, newest first.
#[utoipa::path(get, path = "/api/takes", tag = "takes",
    responses((status = 200, description = "The takes of the folder.", body = Vec<TakeInfo>)))]
pub(super) async fn takes(asking: Asking, State(hall): State<Arc<Hall>>) -> Result<Json<Vec<TakeInfo>>, HttpError> {
    let (folder, cache) = (asking.status().record.folder.clone(), Cache::new(hall.folders.verdicts()));
    let mut takes = reading(move || librarian::infos(&folder, &cache).map_err(|error| of_the_disk(&error))).await?;
    // The overview of a take is longer than all the rest together.
    takes.iter_mut().for_each(|take| take.overview = None);
    Ok(Json(takes))
}

/// Returns a take as a file; `Range` selects a part, with `If-Range` only if the take is unchanged.
///
/// For several ranges at once, the whole file is returned.
#[utoipa::path(get, path = "/api/takes/{name}", tag = "takes",
    params(
        ("name" = String, Path, description = "The take's name, with or without `.wav`.",
            min_length = 1, max_length = 200, pattern = r"^[^/\x00]+$"),
    ),
    responses(
        (status = 200, description = "The whole file.", content_type = "audio/wav", body = Vec<u8>),
        (status = 206, description = "The requested range.", content_type = "audio/wav", body = Vec<u8>),
        (status = 304, description = "Not modified."),
        (status = 412, description = "The preconditions do not match.", body = super::super::reply::ErrorBody),
        (status = 409, description = "Being recorded, or not a take.", body = super::super::reply::ErrorBody),
        (status = 416, description = "The range is beyond the end.", body = super::super::reply::ErrorBody),
    ))]
pub(super) async fn take(
    asking: Asking,
    Path(name): Path<String>,
    mut request: Request,
) -> Result<Response, HttpError> {
    let path = in_folder(&asking.status().record.folder, &name).map_err(HttpError::malformed)?;
    let (path, length) = reading(move || whole(&path)).await?;
    let mut range = range::asked_for(request.method(), request.headers(), length);
    let headers = request.headers_mut();
    headers.remove(header::RANGE);
    if let Some(known) = headers.remove(header::IF_RANGE).filter(|_| range.is_some()) {
        let now = serve(&path, Request::head("/").body(Body::empty()).unwrap_or_default()).await?;
        range = range.filter(|_| range::is_same(&known, now.headers()));
    }
    if let Some(range) = range {
        request.headers_mut().insert(header::RANGE, range);
    }
    let mut response = serve(&path, request).await?;
    if response.status().is_success() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    }
    Ok(response)
}

async fn serve(path: &FilePath, request: Request) -> Result<Response, HttpError> {
    let response = ServeFile::new(path).try_call(request).await.map_err(|error| of_the_disk(&error))?;
    Ok(response.map(Body::new).into_response())
}

/// The file of a finished take, by its name in the folder, and its length. A link is refused.
fn whole(path: &FilePath) -> Result<(PathBuf, u64), HttpError> {
    let missing = || HttpError::missing("no such take; /api/takes lists all");
    let path = meant(path).ok_or_else(missing)?;
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav")) {
        return Err(missing());
    }
    match Take::open_whole(&path, Reach::Folder) {
        Ok(_) => {
            let length = path.metadata().map_err(|error| of_the_disk(&error))?.len();
            Ok((path, length))
        }
        // A link, or a path that could be no file.
        Err(NotUsable::Disk(_)) => Err(missing()),
        Err(why) => Err(HttpError::conflict(why.to_string())),
    }
}
