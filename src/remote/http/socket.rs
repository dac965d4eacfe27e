//! A WebSocket: a client's commands, and the messages sent to it. On the thread of HTTP, a task for each.
//!
//! The messages are those of [`wire`](crate::remote::wire), a text frame for each. The notes a client holds end with
//! the connection, and so when the client is silent: a silent client gets a ping.

use super::{Hall, ask::obey, connection::STALL, reply::HttpError, seats::Seat};
use crate::{
    command::Command,
    engine::{
        doors::Door,
        station::{Answer, NotAsked, Station},
    },
    remote::{
        from_network,
        limit::Limit,
        wire::{ClientMessage, MESSAGE_BYTES_MAX, ServerMessage},
    },
};
use axum::{
    Extension,
    body::Bytes,
    extract::{
        State,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code},
    },
    http::StatusCode,
    response::Response,
};
use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    select,
    sync::{
        broadcast::{self, error::RecvError},
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::{sleep_until, timeout_at},
};
use tungstenite::{Error, error::ProtocolError};

/// Messages a second that a client may send, and the largest burst.
const MESSAGES: (u32, u32) = (200, 100);
/// A client that was silent for so long gets a ping: any WebSocket answers that by itself.
const ASKED_AFTER: Duration = Duration::from_secs(4);
/// A client that was silent for so long is gone.
const PATIENCE: Duration = STALL;
/// Bytes that are read at once: messages are short.
const READ_BYTES: usize = 4 * 1024;

/// Begins a WebSocket.
pub(super) async fn upgrade(
    State(hall): State<Arc<Hall>>,
    Extension(seat): Extension<Arc<Seat>>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, HttpError> {
    if !seat.becomes_socket() {
        Door::count(&hall.door.refused);
        return Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "too many WebSockets; close one"));
    }
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.read_buffer_size(READ_BYTES).on_upgrade(move |socket| async move {
        let mut guest = Guest::new(hall, socket);
        let _ = guest.serve(&seat).await;
    }))
}

/// A client at a WebSocket.
struct Guest {
    hall: Arc<Hall>,
    station: Station,
    socket: WebSocket,
    limit: Limit,
    /// When a frame was received last, and whether a ping was sent since.
    heard: (Instant, bool),
    /// Answers on their way: a late one keeps nothing else waiting. There are never more than commands that the engine
    /// has taken in.
    answers: (UnboundedSender<Answered>, UnboundedReceiver<Answered>),
}

/// The answer to a command, with its number where the client gave one.
type Answered = (Option<u64>, Answer);

/// The next event.
enum Next {
    /// The door closes.
    End,
    /// A message of the feed.
    Told(Result<Utf8Bytes, RecvError>),
    /// An answer has come.
    Answered(Answered),
    /// A frame from the client.
    Asked(Option<Result<Message, axum::Error>>),
    /// No frame for a while.
    Silence,
}

impl Guest {
    fn new(hall: Arc<Hall>, socket: WebSocket) -> Guest {
        let station = hall.station.guest();
        let (limit, heard) = (Limit::new(MESSAGES.0, MESSAGES.1), (Instant::now(), false));
        Guest { hall, station, socket, limit, heard, answers: unbounded_channel() }
    }

    /// Serves until either side ends it.
    async fn serve(&mut self, seat: &Seat) -> ControlFlow<()> {
        let mut ending = seat.ending.clone();
        let mut feed = self.join().await?;
        loop {
            let patience = self.patience();
            let next = select! {
                _ = ending.changed() => Next::End,
                told = feed.recv() => Next::Told(told),
                Some(answered) = self.answers.1.recv() => Next::Answered(answered),
                asked = self.socket.recv() => Next::Asked(asked),
                () = sleep_until(patience.into()) => Next::Silence,
            };
            match next {
                Next::Told(Ok(message)) => self.send(Message::Text(message)).await?,
                Next::Told(Err(RecvError::Lagged(_))) => feed = self.join().await?,
                Next::Answered((id, answer)) => self.answer(id, answer).await?,
                Next::Asked(Some(Ok(message))) => self.hear(message).await?,
                Next::Asked(Some(Err(error))) => return self.complain(error).await,
                Next::Asked(None) => return ControlFlow::Break(()),
                Next::Silence if self.heard.1 => {
                    return self.close(close_code::POLICY, "no message or pong in time").await;
                }
                Next::Silence => {
                    self.heard.1 = true;
                    self.send(Message::Ping(Bytes::new())).await?;
                }
                Next::End | Next::Told(Err(RecvError::Closed)) => {
                    self.tell(&ServerMessage::Leave { why: "the station ends".to_owned() }).await?;
                    return self.close(close_code::AWAY, "").await;
                }
            }
        }
    }

    /// Sends the profile and the whole status.
    async fn join(&mut self) -> ControlFlow<(), broadcast::Receiver<Utf8Bytes>> {
        let (feed, whole) = self.hall.feed.join();
        self.send_all(whole).await?;
        ControlFlow::Continue(feed)
    }

    async fn send_all(&mut self, messages: [Utf8Bytes; 2]) -> ControlFlow<()> {
        for message in messages {
            self.send(Message::Text(message)).await?;
        }
        ControlFlow::Continue(())
    }

    /// When a silent client gets a ping, or is gone.
    fn patience(&self) -> Instant {
        let (heard, is_asked) = self.heard;
        heard + if is_asked { PATIENCE } else { ASKED_AFTER }
    }

    /// A client that does not read is gone as soon as one that is silent: no frame of it can be read meanwhile.
    async fn send(&mut self, message: Message) -> ControlFlow<()> {
        match timeout_at((self.heard.0 + PATIENCE).into(), self.socket.send(message)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) | Err(_) => ControlFlow::Break(()),
        }
    }

    async fn tell(&mut self, told: &ServerMessage) -> ControlFlow<()> {
        self.send(Message::Text(told.encode().into())).await
    }

    async fn close(&mut self, code: u16, why: &'static str) -> ControlFlow<()> {
        let _ = self.send(Message::Close(Some(CloseFrame { code, reason: why.into() }))).await;
        ControlFlow::Break(())
    }

    /// Closes after an error of the protocol or a frame that is too long, with the code of RFC 6455, 7.4.1.
    async fn complain(&mut self, error: axum::Error) -> ControlFlow<()> {
        let error = error.into_inner();
        let (code, why) = match error.downcast_ref() {
            Some(Error::Capacity(_)) => (close_code::SIZE, "the message is too long"),
            Some(Error::Utf8(_)) => (close_code::INVALID, "the text is not UTF-8"),
            // The client left without closing.
            Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return ControlFlow::Break(()),
            Some(Error::Protocol(_)) => (close_code::PROTOCOL, "not a WebSocket request"),
            _ => return ControlFlow::Break(()),
        };
        Door::count(&self.hall.door.refused);
        self.close(code, why).await
    }

    async fn hear(&mut self, message: Message) -> ControlFlow<()> {
        self.heard = (Instant::now(), false);
        match message {
            Message::Text(text) => self.read(&text).await,
            Message::Binary(_) => {
                Door::count(&self.hall.door.refused);
                self.close(close_code::UNSUPPORTED, "only text messages are supported").await
            }
            Message::Close(_) => {
                // Waits for the client to send the close frame back.
                let _ = timeout_at(self.patience().into(), self.socket.recv()).await;
                ControlFlow::Break(())
            }
            // Answered where the frames are read.
            Message::Ping(_) | Message::Pong(_) => ControlFlow::Continue(()),
        }
    }

    async fn read(&mut self, text: &str) -> ControlFlow<()> {
        Door::count(&self.hall.door.received);
        let is_late = !self.limit.admits(Instant::now());
        match ClientMessage::decode(text.as_bytes()) {
            Ok(ClientMessage::Do { command, id }) => self.obey(&command, id, is_late).await,
            Ok(ClientMessage::Status) if is_late => self.too_much(None).await,
            Ok(ClientMessage::Status) => self.send_all(self.hall.feed.whole()).await,
            // A client over HTTP was checked before.
            Ok(ClientMessage::Hello { .. }) => ControlFlow::Continue(()),
            Err(error) => self.refuse(None, error.to_string()).await,
        }
    }

    async fn obey(&mut self, line: &str, id: Option<u64>, is_late: bool) -> ControlFlow<()> {
        let command = match line.parse::<Command>() {
            Ok(command) if is_late && !command.must_arrive() => return self.too_much(id).await,
            Ok(command) => command,
            Err(error) => return self.refuse(id, error.to_string()).await,
        };
        if let Err(why) = from_network(&command) {
            return self.refuse(id, why).await;
        }
        let must_arrive = command.must_arrive();
        if id.is_none() && !must_arrive {
            // A refusal becomes a notice.
            return match self.station.send(command) {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => self.answer(id, Err(why.to_string())).await,
            };
        }
        let answers = self.answers.0.clone();
        let reply = move |answer| drop(answers.send((id, answer)));
        match self.station.ask_then(command.clone(), reply) {
            Ok(()) => ControlFlow::Continue(()),
            Err(NotAsked::Busy) if must_arrive => {
                let answer = obey(&self.station, command).await.unwrap_or_else(|why| Err(why.to_string()));
                self.answer(id, answer).await
            }
            Err(why) => self.answer(id, Err(why.to_string())).await,
        }
    }

    /// A client that gave no number gets refusals only.
    async fn answer(&mut self, id: Option<u64>, answer: Answer) -> ControlFlow<()> {
        if id.is_none() && answer.is_ok() {
            return ControlFlow::Continue(());
        }
        self.tell(&ServerMessage::answer(id, answer)).await
    }

    /// Refuses a frame that is no command or no message.
    async fn refuse(&mut self, id: Option<u64>, why: String) -> ControlFlow<()> {
        Door::count(&self.hall.door.refused);
        self.tell(&ServerMessage::answer(id, Err(why))).await
    }

    async fn too_much(&mut self, id: Option<u64>) -> ControlFlow<()> {
        Door::count(&self.hall.door.dropped);
        self.tell(&ServerMessage::answer(id, Err("too many requests at once; this one was not run".to_owned()))).await
    }
}
