//! Answers: JSON, and a sentence wherever a request was not done. On the thread of HTTP.

use super::Hall;
use crate::engine::station::{ENGINE_GONE, NotAsked};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::body::Body as _;
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use utoipa::ToSchema;

/// How long the body of a request may take to arrive.
const BODY: Duration = Duration::from_secs(10);
/// The longest body of a request, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// The request was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// The answer in a sentence; may be empty.
    answer: String,
}

/// The request was not done.
#[derive(Serialize, ToSchema)]
#[schema(as = NotDone)]
pub(super) struct ErrorBody {
    /// The reason, in a sentence.
    error: String,
}

/// A refusal and its reason.
#[derive(Clone, Debug)]
pub(super) struct HttpError {
    /// The kind of reason.
    pub(super) status: StatusCode,
    /// The sentence.
    pub(super) why: String,
}

impl HttpError {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> HttpError {
        HttpError { status, why: why.into() }
    }

    /// The request is invalid, or a value is out of range.
    pub(super) fn malformed(why: impl ToString) -> HttpError {
        HttpError::new(StatusCode::BAD_REQUEST, why.to_string())
    }

    /// There is no such thing.
    pub(super) fn missing(why: impl Into<String>) -> HttpError {
        HttpError::new(StatusCode::NOT_FOUND, why)
    }

    /// The request is valid, but cannot be done now.
    pub(super) fn conflict(why: impl Into<String>) -> HttpError {
        HttpError::new(StatusCode::CONFLICT, why)
    }

    /// Too many requests at once.
    pub(super) fn too_much() -> HttpError {
        HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too many requests at once; this one was not run")
    }
}

impl From<NotAsked> for HttpError {
    fn from(why: NotAsked) -> HttpError {
        HttpError::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string())
    }
}

/// The refusal of the engine.
impl From<String> for HttpError {
    fn from(why: String) -> HttpError {
        if why == ENGINE_GONE { NotAsked::Gone.into() } else { HttpError::conflict(why) }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: self.why })).into_response()
    }
}

/// The body of a refusal with this sentence.
pub(super) fn sentence(why: &str) -> Vec<u8> {
    serde_json::to_vec(&ErrorBody { error: why.to_owned() }).unwrap_or_default()
}

/// The answer of a resource that executes a command.
pub(super) type ActionResult = Result<Json<Done>, HttpError>;

/// The command was done; its answer.
pub(super) fn done(answer: String) -> Json<Done> {
    Json(Done { answer })
}

/// The body of a request; an empty one is the same as `{}`.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Hall>> for JsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, hall: &Arc<Hall>) -> Result<JsonBody<T>, HttpError> {
        if request.body().size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"));
        }
        let is_json = is_json(request.headers());
        let body = timeout(BODY, Bytes::from_request(request, hall)).await;
        let late = |_| HttpError::new(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive");
        let body = body.map_err(late)?.map_err(|error| HttpError::new(error.status(), error.body_text()))?;
        let body: &[u8] = match (is_json, &body[..]) {
            (Some(false), _) | (None, [_, ..]) => {
                return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
            }
            (_, [] | b"null") => b"{}",
            (Some(true), body) => body,
        };
        serde_json::from_slice(body).map(JsonBody).map_err(HttpError::malformed)
    }
}

/// Whether a body's content type is JSON, where it has one.
fn is_json(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    Some(kind.eq_ignore_ascii_case("application/json"))
}

/// The query of an address, after its `?`.
pub(super) struct QueryParams<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Hall>> for QueryParams<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<QueryParams<T>, HttpError> {
        let read = Query::<T>::from_request_parts(parts, hall).await;
        read.map(|Query(wish)| QueryParams(wish)).map_err(|error| HttpError::malformed(error.body_text()))
    }
}

/// Adds a sentence to refusals without one, and the headers that browsers need to every answer.
pub(super) async fn dress(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let has_words = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let is_refusal = response.status().is_client_error() || response.status().is_server_error();
    let mut response = if is_refusal && !has_words { with_words(response) } else { response };
    let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if is_unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

const HEADERS: [(header::HeaderName, &str); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

fn with_words(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let words = match parts.status {
        StatusCode::NOT_FOUND => "unknown address; /api/openapi.json lists all",
        StatusCode::METHOD_NOT_ALLOWED => "method not allowed; the header Allow lists the methods",
        StatusCode::PRECONDITION_FAILED => "the take does not match the preconditions",
        StatusCode::RANGE_NOT_SATISFIABLE => "the range is beyond the end of the take",
        StatusCode::UPGRADE_REQUIRED => "this address is for WebSocket",
        status if status.is_client_error() => "the request is malformed",
        _ => "internal error; see the log",
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = serde_json::to_vec(&ErrorBody { error: words.to_owned() }).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}
