//! Connections: taken in while there is room for them, and ended with the door. On the thread of HTTP.

use super::{GRACE, Hall, resources};
use crate::engine::doors::Door;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    io,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

/// Connections at once.
const CONNECTIONS_MAX: u32 = 64;
/// How long the head of a request may take to arrive; who says nothing at all is sent away then, too.
const HEAD: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// A pause where no connection can be taken in: descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// The place of somebody who is connected, as long as anything of the connection is left.
pub(super) struct Seat {
    hall: Arc<Hall>,
    _permit: OwnedSemaphorePermit,
    /// Changes when the door closes.
    pub(super) ending: watch::Receiver<()>,
}

impl Seat {
    fn new(hall: &Arc<Hall>, permit: OwnedSemaphorePermit, ending: &watch::Receiver<()>) -> Arc<Seat> {
        hall.door.connected.fetch_add(1, Ordering::Relaxed);
        Arc::new(Seat { hall: Arc::clone(hall), _permit: permit, ending: ending.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.door.connected.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves until the door closes, and waits a little for those who are being served.
pub(super) async fn listen(
    listener: std::net::TcpListener,
    hall: Arc<Hall>,
    mut ending: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
    let routes = resources::routes(&hall);
    let feeding = Arc::clone(&hall);
    tokio::spawn(async move { feeding.feed.keep(&feeding.station).await });
    loop {
        let stream = select! {
            _ = ending.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        match Arc::clone(&seats).try_acquire_owned() {
            Ok(permit) => drop(tokio::spawn(attend(stream, routes.clone(), Seat::new(&hall, permit, &ending)))),
            // Closed without a word: who has no room has none for a request either.
            Err(_) => Door::count(&hall.door.refused),
        }
    }
    drop(listener);
    let _ = timeout(GRACE, seats.acquire_many(CONNECTIONS_MAX)).await;
    Ok(())
}

/// One connection.
async fn attend(stream: TcpStream, routes: Router, seat: Arc<Seat>) {
    // Small messages are not held back.
    let _ = stream.set_nodelay(true);
    let mut ending = seat.ending.clone();
    let service = TowerToHyperService::new(routes.layer(Extension(seat)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let outcome = select! {
        outcome = connection.as_mut() => outcome,
        _ = ending.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}
