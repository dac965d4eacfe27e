//! Connections: accepted while there is room for them, and ended with the door. On the thread of HTTP.

use super::{
    GRACE, Hall,
    connection::HttpConnection,
    guard::HEAD_BYTES_MAX,
    resources,
    seats::{Seat, Seats},
};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    time::{sleep, timeout},
};

/// How long the head of a request may take to arrive; a client that sends nothing at all is disconnected then, too.
const HEAD: Duration = Duration::from_secs(10);
/// A pause where no connection can be accepted: descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the door closes, and waits a little for requests under way.
pub(super) async fn listen(
    listener: std::net::TcpListener,
    hall: Arc<Hall>,
    mut ending: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let seats = Seats::new(&hall.door);
    let routes = resources::routes(&hall);
    let feeding = Arc::clone(&hall);
    tokio::spawn(async move { feeding.feed.keep(&feeding.station).await });
    loop {
        let (stream, from) = select! {
            _ = ending.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        // Closed without an answer: a client without a seat has none for a request either.
        if let Some(seat) = seats.take(from.ip(), &ending) {
            tokio::spawn(attend(stream, routes.clone(), seat));
        }
    }
    drop(listener);
    let _ = timeout(GRACE, seats.are_empty()).await;
    Ok(())
}

/// One connection.
async fn attend(stream: TcpStream, routes: Router, seat: Arc<Seat>) {
    let mut ending = seat.ending.clone();
    let service = TowerToHyperService::new(routes.layer(Extension(Arc::clone(&seat))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES_MAX);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(HttpConnection::new(stream)), service).with_upgrades());
    let outcome = select! {
        outcome = connection.as_mut() => outcome,
        () = seat.is_lost() => return,
        _ = ending.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}
