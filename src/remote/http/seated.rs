//! Keeps the seat of a connection until all of an answer is handed to the system. On the thread of HTTP.

use super::seats::{RequestGuard, Seat};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Keeps the seat of a connection, from the arrival of a request until all of the answer is handed to the system.
pub(super) async fn keep_seat(Extension(seat): Extension<Arc<Seat>>, request: Request, next: Next) -> Response {
    let asked = request.body().is_end_stream().then(|| seat.asked());
    let response = next.run(request).await;
    let asked = asked.unwrap_or_else(|| seat.asked());
    response.map(|body| Body::new(SeatedBody { body, _asked: asked }))
}

/// The body of an answer.
struct SeatedBody {
    body: Body,
    _asked: RequestGuard,
}

impl HttpBody for SeatedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
