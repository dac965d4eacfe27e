//! The station's side of the socket. One thread accepts clients; each client has a thread that reads its commands, and,
//! unless it only asks, one that writes to it.
//!
//! The engine only wakes the writing thread, whose queue of events is bounded: a screen that is slow or stuck costs the
//! engine nothing. It is sent the parts that are newer than those it has, once, and levels at its own rate: states that
//! no screen could draw any more are skipped, events never are.

use super::{
    super::wire::{
        ClientMessage, LevelChanges, MESSAGE_BYTES_MAX, Role, ServerMessage, WIRE, WireError, round, wire_mismatch,
    },
    HELLO, ReadError, is_late, read_line,
    socket_file::SocketFile,
    write_line,
};
use crate::{
    command::Command,
    engine::{
        doors::{Door, Doors},
        station::{Answer, Station, Watcher},
    },
    profile::Profile,
    status::{Event, Levels, levels::COUNTS_EVERY_NS},
    threads::join_within,
};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use std::{
    io::{self, BufReader, ErrorKind},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Clients at a time.
const GUESTS_MAX: u32 = 32;
/// How long a client may not read before it is disconnected: a terminal that is only paused has as long.
const STUCK: Duration = Duration::from_secs(30);
/// Answers and wakes that may wait for a client.
const NEWS: usize = 1024;
/// How often a client is sent levels while they change: a screen draws no more often.
const LEVELS_EVERY: Duration = Duration::from_millis(33);
/// How long clients may take to read that the station ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long the accepting thread may take to end.
const CLOSE: Duration = Duration::from_secs(1);

/// The socket is open while this lives.
pub struct SocketDoor {
    _place: SocketFile,
    lobby: Arc<Lobby>,
    letting_in: Option<JoinHandle<()>>,
}

/// Shared by the threads of the door.
struct Lobby {
    station: Station,
    door: Arc<Door>,
    /// Readable once the door closes. A connection of our own would not do: the socket's file may be gone, or another
    /// station's.
    closing: OwnedFd,
    guests: Mutex<Vec<Arc<UnixStream>>>,
}

impl SocketDoor {
    /// Opens the door.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn open(place: SocketFile, listener: UnixListener, station: &Station, doors: &Doors) -> io::Result<SocketDoor> {
        let lobby = Arc::new(Lobby {
            station: station.clone(),
            door: doors.open("socket", place.path().display().to_string()),
            closing: eventfd(0, EventfdFlags::CLOEXEC)?,
            guests: Mutex::default(),
        });
        listener.set_nonblocking(true)?;
        let inside = Arc::clone(&lobby);
        let letting_in = thread::Builder::new().name("socket".into()).spawn(move || let_in(&listener, &inside))?;
        Ok(SocketDoor { _place: place, lobby, letting_in: Some(letting_in) })
    }
}

impl Drop for SocketDoor {
    fn drop(&mut self) {
        // Clients of an engine that has ended get their farewell and leave.
        let begun = Instant::now();
        while self.lobby.door.connected.load(Ordering::Relaxed) > 0 && begun.elapsed() < FAREWELL {
            thread::sleep(Duration::from_millis(5));
        }
        // An event's counter takes any number of ones.
        let _ = rustix::io::write(&self.lobby.closing, &1u64.to_ne_bytes());
        for guest in self.lobby.guests().drain(..) {
            let _ = guest.shutdown(Shutdown::Both);
        }
        if let Some(letting_in) = self.letting_in.take() {
            join_within(letting_in, CLOSE);
        }
    }
}

impl Lobby {
    fn guests(&self) -> MutexGuard<'_, Vec<Arc<UnixStream>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn let_in(listener: &UnixListener, lobby: &Arc<Lobby>) {
    loop {
        let mut waiting = [PollFd::new(&lobby.closing, PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
        let waited = poll(&mut waiting, None);
        if waited.is_ok() && !waiting[0].revents().is_empty() {
            return;
        }
        let stream = match waited.map_err(io::Error::from).and_then(|_| listener.accept()) {
            Ok((stream, _)) => Arc::new(stream),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
            Err(error) => {
                // Out of files, most likely: the next one may have more luck.
                tracing::warn!(%error, "a client of the socket could not connect");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if lobby.door.connected.load(Ordering::Relaxed) >= GUESTS_MAX {
            Door::count(&lobby.door.refused);
            let why = format!("{GUESTS_MAX} clients are connected already; close one");
            let _ = write_line(&stream, ServerMessage::Leave { why }.encode());
            continue;
        }
        let visit = Visit::begin(stream, Arc::clone(lobby));
        if let Err(error) = thread::Builder::new().name("socket-in".into()).spawn(move || visit.run()) {
            tracing::warn!(%error, "no thread for a client of the socket");
        }
    }
}

/// Why a client's connection ended.
enum Parting {
    /// It is gone.
    Gone(io::Error),
    /// The station disconnects it, and sends why.
    Left(String),
}

impl From<io::Error> for Parting {
    fn from(error: io::Error) -> Parting {
        Parting::Gone(error)
    }
}

impl From<WireError> for Parting {
    fn from(error: WireError) -> Parting {
        Parting::Left(error.to_string())
    }
}

impl From<ReadError> for Parting {
    fn from(error: ReadError) -> Parting {
        match error {
            ReadError::Io(error) => error.into(),
            ReadError::Wire(error) => error.into(),
        }
    }
}

/// One client, from the first byte to the last.
struct Visit {
    stream: Arc<UnixStream>,
    lobby: Arc<Lobby>,
}

impl Visit {
    fn begin(stream: Arc<UnixStream>, lobby: Arc<Lobby>) -> Visit {
        lobby.door.connected.fetch_add(1, Ordering::Relaxed);
        lobby.guests().push(Arc::clone(&stream));
        Visit { stream, lobby }
    }

    fn run(self) {
        match self.receive() {
            Ok(()) => {}
            Err(Parting::Gone(error)) => tracing::debug!(%error, "a client of the socket disconnected"),
            Err(Parting::Left(why)) => {
                Door::count(&self.lobby.door.refused);
                // Fails where another thread sent it already.
                self.tell(&ServerMessage::Leave { why });
            }
        }
    }

    fn tell(&self, told: &ServerMessage) -> bool {
        write_line(&self.stream, told.encode()).is_ok()
    }

    /// Both hellos, and then the conversation for the client's role.
    fn receive(&self) -> Result<(), Parting> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.stream.set_write_timeout(Some(STUCK))?;
        self.stream.set_read_timeout(Some(HELLO))?;
        write_line(&self.stream, ServerMessage::Hello { wire: WIRE, version }.encode())?;
        let mut reader = BufReader::new(self.stream.try_clone()?);
        let hello = match read_line(&mut reader, MESSAGE_BYTES_MAX) {
            Err(ReadError::Io(error)) if is_late(&error) => None,
            line => line?,
        };
        let role = match hello.map(|line| ClientMessage::decode(&line)).transpose()? {
            Some(ClientMessage::Hello { wire, version, role }) => match wire_mismatch(wire, &version) {
                None => role,
                Some(why) => return Err(Parting::Left(why)),
            },
            Some(_) => return Err(Parting::Left("the first message must be a hello".to_owned())),
            None => return Ok(()),
        };
        self.stream.set_read_timeout(None)?;
        match role {
            Role::Ask => self.answer(reader),
            Role::Watch => self.converse(reader, self.lobby.station.clone()),
            Role::Screen => self.converse(reader, self.lobby.station.guest()),
        }
    }

    /// One command after the other.
    fn answer(&self, mut reader: BufReader<UnixStream>) -> Result<(), Parting> {
        let station = &self.lobby.station;
        while let Some(line) = read_line(&mut reader, MESSAGE_BYTES_MAX)? {
            Door::count(&self.lobby.door.received);
            let goes_on = match ClientMessage::decode(&line)? {
                ClientMessage::Do { command, id } => {
                    self.tell(&ServerMessage::answer(id, self.command(&command).and_then(|c| station.ask(c))))
                }
                ClientMessage::Status => {
                    let status = station.status();
                    self.tell(&ServerMessage::Profile { profile: Arc::clone(&status.params.profile) })
                        && self.tell(&ServerMessage::status(&status, 0))
                }
                ClientMessage::Hello { .. } => true,
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    fn command(&self, line: &str) -> Result<Command, String> {
        line.parse().map_err(|error: crate::command::CommandError| {
            Door::count(&self.lobby.door.refused);
            error.to_string()
        })
    }

    /// Reads and writes at the same time.
    fn converse(&self, mut reader: BufReader<UnixStream>, station: Station) -> Result<(), Parting> {
        let (news, to_write) = mpsc::sync_channel(NEWS);
        let teller = Teller::new(Arc::clone(&self.stream), &station, news.clone(), to_write);
        let writing = thread::Builder::new().name("socket-out".into()).spawn(move || teller.run())?;
        let outcome = self.listen(&mut reader, &station, &news);
        let why = match &outcome {
            Err(Parting::Left(why)) => Some(why.clone()),
            // A client that left is sent nothing more, and a write under way ends.
            _ => {
                let _ = self.stream.shutdown(Shutdown::Both);
                None
            }
        };
        let _ = news.try_send(DoorEvent::Over(why));
        let _ = writing.join();
        outcome
    }

    fn listen(
        &self,
        reader: &mut BufReader<UnixStream>,
        station: &Station,
        news: &SyncSender<DoorEvent>,
    ) -> Result<(), Parting> {
        while let Some(line) = read_line(reader, MESSAGE_BYTES_MAX)? {
            Door::count(&self.lobby.door.received);
            let (id, asked) = match ClientMessage::decode(&line)? {
                ClientMessage::Do { command, id } => (id, self.command(&command)),
                ClientMessage::Status | ClientMessage::Hello { .. } => continue,
            };
            let refused = match (asked, id) {
                (Err(why), _) => Err(why),
                (Ok(command), None) if command.must_arrive() => station.send_surely(command).map_err(|e| e.to_string()),
                (Ok(command), None) => station.send(command).map_err(|e| e.to_string()),
                (Ok(command), id) => {
                    let news = news.clone();
                    let reply = move |answer| drop(news.try_send(DoorEvent::Answer(id, answer)));
                    station.ask_then(command, reply).map_err(|e| e.to_string())
                }
            };
            // A client that sends faster than it reads has this one coming, too.
            if let Err(why) = refused
                && news.try_send(DoorEvent::Answer(id, Err(why))).is_err()
            {
                Door::count(&self.lobby.door.dropped);
            }
        }
        Ok(())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.lobby.guests().retain(|guest| !Arc::ptr_eq(guest, &self.stream));
        self.lobby.door.connected.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An event for the writing thread.
enum DoorEvent {
    /// There is a new status or event; more than one while it writes count as one.
    Look,
    /// An answer is there.
    Answer(Option<u64>, Answer),
    /// The client has left, or is disconnected: why.
    Over(Option<String>),
}

/// Writes to one client.
struct Teller {
    stream: Arc<UnixStream>,
    watcher: Watcher,
    events: Receiver<Event>,
    news: Receiver<DoorEvent>,
    woken: Arc<AtomicBool>,
    /// The newest revision it has.
    revision: u64,
    /// The levels it has.
    levels: Levels,
    /// The instant of the counts among them, in ns since the engine started.
    counts_ns: u64,
    /// When levels may be sent next.
    levels_due: Instant,
    /// Whether levels wait for that.
    levels_wait: bool,
    profile: Option<Arc<Profile>>,
}

impl Teller {
    fn new(
        stream: Arc<UnixStream>,
        station: &Station,
        news: SyncSender<DoorEvent>,
        to_write: Receiver<DoorEvent>,
    ) -> Teller {
        let woken = Arc::new(AtomicBool::new(false));
        let asleep = Arc::clone(&woken);
        let events = station.subscribe(move || {
            // On the control thread: never waits.
            if !asleep.swap(true, Ordering::AcqRel) && news.try_send(DoorEvent::Look).is_err() {
                asleep.store(false, Ordering::Release);
            }
        });
        // A watcher and no clone of the client's station: the client is gone when the reading thread ends.
        let mut watcher = station.watcher();
        watcher.look();
        let mut levels = watcher.levels().clone();
        round(&mut levels);
        Teller {
            stream,
            watcher,
            events,
            news: to_write,
            woken,
            revision: 0,
            counts_ns: levels.at_ns,
            levels,
            levels_due: Instant::now(),
            levels_wait: false,
            profile: None,
        }
    }

    fn run(mut self) {
        // The first status comes unasked.
        let mut goes_on = self.show();
        while goes_on {
            goes_on = match self.next() {
                Ok(DoorEvent::Look) => {
                    // From here on another wake counts; events and status are read after this.
                    self.woken.store(false, Ordering::Release);
                    self.pass_on_events() && self.show() && self.show_levels()
                }
                Err(RecvTimeoutError::Timeout) => self.show_levels(),
                Ok(DoorEvent::Answer(id, answer)) => self.show() && self.write(&ServerMessage::answer(id, answer)),
                Ok(DoorEvent::Over(Some(why))) => {
                    self.write(&ServerMessage::Leave { why });
                    false
                }
                Ok(DoorEvent::Over(None)) | Err(RecvTimeoutError::Disconnected) => false,
            };
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// The next event: a wake, or the time of levels that wait for it.
    fn next(&self) -> Result<DoorEvent, RecvTimeoutError> {
        if self.levels_wait {
            return self.news.recv_timeout(self.levels_due.saturating_duration_since(Instant::now()));
        }
        self.news.recv().map_err(|_| RecvTimeoutError::Disconnected)
    }

    fn write(&self, told: &ServerMessage) -> bool {
        write_line(&self.stream, told.encode()).is_ok()
    }

    /// Sends every event that waits; returns whether there will be more.
    fn pass_on_events(&mut self) -> bool {
        loop {
            match self.events.try_recv() {
                Ok(event) => {
                    if !self.write(&ServerMessage::Event(event)) {
                        return false;
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => {
                    let why = crate::engine::station::ENGINE_GONE.to_owned();
                    self.write(&ServerMessage::Leave { why });
                    return false;
                }
            }
        }
    }

    /// Sends the parts that are newer than those the client has.
    fn show(&mut self) -> bool {
        self.watcher.look_at_parts();
        let parts = Arc::clone(self.watcher.parts());
        if parts.revision() <= self.revision {
            return true;
        }
        let profile = &parts.params.profile;
        if self.profile.as_ref().is_none_or(|told| !Arc::ptr_eq(told, profile)) {
            self.profile = Some(Arc::clone(profile));
            if !self.write(&ServerMessage::Profile { profile: Arc::clone(profile) }) {
                return false;
            }
        }
        let written = self.write(&ServerMessage::status(&self.watcher.status(), self.revision));
        self.revision = parts.revision();
        written
    }

    /// Sends the levels that changed, where it is their time; counts once a second.
    fn show_levels(&mut self) -> bool {
        let now = Instant::now();
        self.levels_wait = now < self.levels_due;
        if self.levels_wait {
            return true;
        }
        self.watcher.look();
        let mut levels = self.watcher.levels().clone();
        round(&mut levels);
        if levels.at_ns.saturating_sub(self.counts_ns) >= COUNTS_EVERY_NS {
            self.counts_ns = levels.at_ns;
        } else {
            levels.counts.clone_from(&self.levels.counts);
        }
        let Some(moved) = LevelChanges::between(&self.levels, &levels) else { return true };
        self.levels = levels;
        self.levels_due = now + LEVELS_EVERY;
        self.write(&ServerMessage::Levels(moved))
    }
}
