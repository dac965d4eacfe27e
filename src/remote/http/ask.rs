//! Commands on their way to the engine, from HTTP and WebSocket. On the thread of HTTP, which never waits for it.

use super::{
    Hall,
    guard::Late,
    reply::{ActionResult, Done, HttpError, done},
};
use crate::{
    command::{Command, CommandSpec, spec},
    engine::{
        doors::Door,
        station::{Answer, ENGINE_GONE, NotAsked, Station},
    },
    remote::from_network,
    status::Status,
};
use axum::{
    Json,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use std::{convert::Infallible, sync::Arc};
use tokio::{sync::oneshot, task::spawn_blocking};

/// Sends a command, and returns the answer. One that must arrive waits where the queue is full.
pub(super) async fn obey(station: &Station, command: Command) -> Result<Answer, NotAsked> {
    let again = command.must_arrive().then(|| command.clone());
    let (reply, answer) = oneshot::channel();
    let asked = station.ask_then(command, move |answer| drop(reply.send(answer)));
    match (asked, again) {
        (Ok(()), _) => answer.await.map_err(|_| NotAsked::Gone),
        (Err(NotAsked::Busy), Some(command)) => {
            let station = station.clone();
            Ok(spawn_blocking(move || station.ask(command)).await.unwrap_or_else(|_| Err(ENGINE_GONE.to_owned())))
        }
        (Err(why), _) => Err(why),
    }
}

/// A client that was let in.
pub(super) struct Asking {
    hall: Arc<Hall>,
    /// Too many requests at once: only a command that must arrive is done.
    is_late: bool,
}

impl FromRequestParts<Arc<Hall>> for Asking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, hall: &Arc<Hall>) -> Result<Asking, Infallible> {
        Ok(Asking { hall: Arc::clone(hall), is_late: parts.extensions.get::<Late>().is_some() })
    }
}

impl Asking {
    /// The status.
    pub(super) fn status(&self) -> Arc<Status> {
        self.hall.station.status()
    }

    /// Executes a command.
    pub(super) async fn obey(&self, command: Command) -> ActionResult {
        if self.is_late && !command.must_arrive() {
            Door::count(&self.hall.door.dropped);
            return Err(HttpError::too_much());
        }
        from_network(&command).map_err(|why| HttpError::new(StatusCode::FORBIDDEN, why))?;
        Ok(done(obey(&self.hall.station, command).await??))
    }

    /// Executes a command of the table, with these arguments.
    pub(super) async fn ask(&self, name: &str, words: &[&str]) -> ActionResult {
        let row: &CommandSpec = spec(name).ok_or_else(|| HttpError::malformed(format!("unknown command '{name}'")))?;
        self.obey(row.command(words).map_err(HttpError::malformed)?).await
    }
}

/// Turns a refusal of the engine into "not found", where its object is not there.
pub(super) fn or_missing(outcome: ActionResult, is_there: impl FnOnce() -> bool) -> Result<Json<Done>, HttpError> {
    outcome.map_err(|refusal| match refusal.status {
        StatusCode::CONFLICT if !is_there() => HttpError::missing(refusal.why),
        _ => refusal,
    })
}
