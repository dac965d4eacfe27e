//! The client's side of the socket: a connection to a station in another process.
//!
//! [`SocketClient::into_station`] makes a [`Station`] of it, whose desk is this connection: one thread writes commands,
//! one reads messages and publishes them. When the connection breaks, that station reports that its engine is gone.

use super::{
    super::wire::{ClientMessage, Role, ServerMessage, WIRE, wire_mismatch},
    HELLO, ReadError, TOLD_BYTES_MAX, is_late, read_line,
    socket_file::check_folder,
    write_line,
};
use crate::{
    engine::station::{self, Desk, Errand, Reply, Request, Station},
    profile::Profile,
    status::{Changes, Event, Severity, Shown, Status},
};
use rustix::net::sockopt::socket_peercred;
use std::{
    collections::HashMap,
    io::{self, BufReader, ErrorKind},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::RecvTimeoutError},
    thread,
    time::Duration,
};

/// Why there is no connection, or none any more. The station itself goes on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// No process listens there.
    #[error("no station is running at {}; `busker` starts one, `busker serve` one without a screen", .0.display())]
    NoStation(PathBuf),
    /// Another user made the socket, or its folder. Nothing was sent to it.
    #[error("the station at {} is not yours: {why}; --socket PATH names another one", path.display())]
    NotOurs {
        /// The socket.
        path: PathBuf,
        /// Its owner.
        why: String,
    },
    /// The station refuses, with its reason.
    #[error("{0}")]
    Refused(String),
    /// A process listens there and does not answer, or sends what no station sends.
    #[error("the program listening there is not a busker station: {0}")]
    Strange(String),
    /// The connection broke.
    #[error("the connection to the station broke: {0}")]
    Broken(#[from] io::Error),
}

impl From<ReadError> for SocketError {
    fn from(error: ReadError) -> SocketError {
        match error {
            ReadError::Io(error) if is_late(&error) => SocketError::Strange("it does not answer".to_owned()),
            ReadError::Io(error) => SocketError::Broken(error),
            ReadError::Wire(error) => SocketError::Strange(error.to_string()),
        }
    }
}

/// Text from a station is printed on a terminal: control characters become U+FFFD, written or escaped. Line feeds and
/// tabs stay.
fn without_controls(json: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(json);
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = rest.next() {
        let escaped = (c == '\\').then(|| rest.next()).flatten();
        match escaped {
            Some('b' | 'f' | 'r') => plain.push('\u{fffd}'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    Some(c) if c.is_control() && !matches!(c, '\n' | '\t') => plain.push('\u{fffd}'),
                    _ => plain.extend(['\\', 'u'].into_iter().chain(digits.chars())),
                }
            }
            Some(other) => plain.extend(['\\', other]),
            None if c.is_control() => plain.push('\u{fffd}'),
            None => plain.push(c),
        }
    }
    plain.into_bytes()
}

/// A connection to a station.
pub struct SocketClient {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl SocketClient {
    /// Connects, and sends hello, once it is clear that this user's station is there.
    ///
    /// # Errors
    /// No station is there, or one that this client cannot use.
    pub fn open(path: &Path, role: Role) -> Result<SocketClient, SocketError> {
        if let Some(folder) = path.parent().filter(|folder| folder.exists()) {
            check_folder(folder)
                .map_err(|error| SocketError::NotOurs { path: path.to_owned(), why: error.to_string() })?;
        }
        let stream = UnixStream::connect(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => SocketError::NoStation(path.to_owned()),
            _ => SocketError::Broken(error),
        })?;
        let (ours, theirs) = (rustix::process::getuid(), socket_peercred(&stream).map_err(io::Error::from)?.uid);
        if theirs != ours && !theirs.is_root() {
            let why = format!("user {} listens there, and you are user {}", theirs.as_raw(), ours.as_raw());
            return Err(SocketError::NotOurs { path: path.to_owned(), why });
        }
        stream.set_read_timeout(Some(HELLO))?;
        let mut line = SocketClient { reader: BufReader::new(stream.try_clone()?), stream };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        match line.told()? {
            ServerMessage::Hello { wire, version } => match wire_mismatch(wire, &version) {
                None => {}
                Some(why) => return Err(SocketError::Refused(why)),
            },
            ServerMessage::Leave { why } => return Err(SocketError::Refused(why)),
            _ => return Err(SocketError::Strange("it sent no hello".to_owned())),
        }
        line.ask(&ClientMessage::Hello { wire: WIRE, version, role })?;
        line.stream.set_read_timeout(None)?;
        Ok(line)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection broke.
    pub fn ask(&self, asked: &ClientMessage) -> Result<(), SocketError> {
        Ok(write_line(&self.stream, asked.encode())?)
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// The connection broke, or the bytes are no message.
    pub fn told(&mut self) -> Result<ServerMessage, SocketError> {
        let line = read_line(&mut self.reader, TOLD_BYTES_MAX)?;
        let line = line.ok_or_else(|| io::Error::from(ErrorKind::UnexpectedEof))?;
        ServerMessage::decode(&without_controls(&line)).map_err(|error| SocketError::Strange(error.to_string()))
    }

    /// The first whole status; events before it are skipped.
    ///
    /// # Errors
    /// The connection broke, or the station did not send it.
    pub fn status(&mut self) -> Result<Status, SocketError> {
        let mut known = None;
        loop {
            match self.told()? {
                ServerMessage::Profile { profile } => known = Some(profile),
                ServerMessage::Status { at_ns, changes } => {
                    let profile = known.ok_or_else(|| SocketError::Strange("it sent no profile".to_owned()))?;
                    return Status::of(at_ns, changes, &profile)
                        .map_err(|error| SocketError::Strange(error.to_string()));
                }
                ServerMessage::Leave { why } => return Err(SocketError::Refused(why)),
                _ => {}
            }
        }
    }

    /// A station whose engine is at the other end.
    ///
    /// # Errors
    /// The connection broke, or the system gives no thread.
    pub fn into_station(mut self) -> Result<Station, SocketError> {
        let status = self.status()?;
        let profile = Arc::clone(&status.params.profile);
        let shown = Shown::from(status.clone());
        let (station, desk) = station::station(status);
        let waiting = Waiting::default();
        let reading = Reading {
            line: SocketClient { stream: self.stream.try_clone()?, reader: self.reader },
            shown,
            bulletin: desk.bulletin().clone(),
            profile,
            waiting: waiting.clone(),
        };
        thread::Builder::new().name("line-in".into()).spawn(move || reading.run())?;
        let stream = self.stream;
        thread::Builder::new().name("line-out".into()).spawn(move || write(&desk, &stream, &waiting))?;
        Ok(station)
    }
}

/// Answers that are waited for, by their number; `None` once the connection is broken.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Option<HashMap<u64, Reply>>>>);

impl Default for Waiting {
    fn default() -> Waiting {
        Waiting(Arc::new(Mutex::new(Some(HashMap::new()))))
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes commands until no station is left, or the connection breaks.
fn write(desk: &Desk, stream: &UnixStream, waiting: &Waiting) {
    let mut next = 0;
    loop {
        match desk.errand(Duration::from_secs(3600)) {
            Ok(Errand::Obey(Request { command, reply, .. })) => {
                let id = reply.map(|reply| {
                    next += 1;
                    // Once the connection is broken the answer is dropped, and the caller that waits for it sees that.
                    waiting.lock().as_mut().map(|waiting| waiting.insert(next, reply));
                    next
                });
                if write_line(stream, ClientMessage::Do { command: command.to_string(), id }.encode()).is_err() {
                    return;
                }
            }
            Ok(Errand::Look | Errand::Leave(_)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Reads messages.
struct Reading {
    line: SocketClient,
    /// The status, with the changes read so far.
    shown: Shown,
    bulletin: station::Bulletin,
    profile: Arc<Profile>,
    waiting: Waiting,
}

impl Reading {
    fn run(mut self) {
        let why = loop {
            match self.line.told() {
                Ok(ServerMessage::Leave { why }) => break why,
                Ok(told) => self.take(told),
                Err(error) => break error.to_string(),
            }
        };
        tracing::info!(why, "the connection to the station ended");
        *self.waiting.lock() = None;
        self.bulletin.notice(Severity::Error, why);
        self.bulletin.close();
        // The writing thread waits for errands; it finds the connection broken at the next one.
    }

    fn take(&mut self, told: ServerMessage) {
        match told {
            ServerMessage::Profile { profile } => self.profile = profile,
            ServerMessage::Status { at_ns, changes } => self.put(at_ns, changes),
            ServerMessage::Levels(moved) => {
                moved.put_into(&mut self.shown.levels);
                self.show();
            }
            ServerMessage::Event(event) => self.bulletin.tell(&event),
            ServerMessage::Answer { id: Some(id), done, text } => {
                let reply = self.waiting.lock().as_mut().and_then(|waiting| waiting.remove(&id));
                if let Some(reply) = reply {
                    reply(if done { Ok(text) } else { Err(text) });
                }
            }
            ServerMessage::Answer { id: None, done: false, text } => {
                self.bulletin.tell(&Event::Notice { severity: Severity::Warning, text });
            }
            _ => {}
        }
    }

    fn put(&mut self, at_ns: u64, changes: Changes) {
        let mut status = self.shown.status();
        status.at_ns = at_ns;
        if let Err(error) = status.put(changes, &self.profile) {
            tracing::warn!(%error, "an invalid status was received");
        }
        self.shown = status.into();
        self.show();
    }

    fn show(&self) {
        self.bulletin.show(&self.shown);
        self.bulletin.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn no_text_of_a_station_controls_the_terminal() {
        let told =
            ServerMessage::Leave { why: "a\u{1b}[2J\u{7f}\u{9b}1m\r\u{8}\n\tb \\u001b é♪\u{1f600}".to_owned() };
        let written = told.encode().replace("♪", r"\u001b\u009b\ud83d\ude00\\u001b");
        let Ok(ServerMessage::Leave { why }) = ServerMessage::decode(&without_controls(written.as_bytes())) else {
            panic!("{written}")
        };
        assert!(why.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')), "{why:?}");
        assert!(
            why.contains("\n\tb \\u001b é") && why.ends_with("\u{fffd}\u{fffd}\u{1f600}\\u001b\u{1f600}"),
            "{why:?}"
        );
    }

    #[test]
    fn nothing_is_sent_to_a_station_in_a_folder_that_is_open_to_others() {
        let uid = rustix::process::getuid().as_raw();
        let folder = tempfile::Builder::new().prefix(&format!("busker-{uid}-")).tempdir_in("/tmp").unwrap();
        let listener = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = SocketClient::open(&folder.path().join("s"), Role::Ask).map(drop).unwrap_err();
        assert!(matches!(refused, SocketError::NotOurs { .. }), "{refused}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "no client connected");
    }
}
