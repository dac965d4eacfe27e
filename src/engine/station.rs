//! How front ends talk to the engine: commands in, the newest status and events out.
//!
//! The status lies on a board under a lock, which neither side holds for longer than it takes to copy a few numbers and
//! a reference; no real-time thread takes it. Parts are references; levels are copied, the newest wins, and peaks are
//! held for each [`Watcher`] until it looks.
//!
//! [`Station`] is the asking half, cheap to clone, for any thread that is not real time. [`Desk`] is the half of the
//! thread that obeys: the control thread, or, where the engine is another process, the connection to it
//! ([`crate::remote::socket::client`]).

use crate::{
    command::Command,
    engine::realtime,
    status::{Event, Levels, Severity, Shown, Status, levels::Peaks},
};
use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

/// Commands that may wait for the control thread.
const COMMANDS: usize = 1024;
/// Events that may wait for a subscriber.
const EVENTS: usize = 1024;

/// The answer to a command: a sentence, which may be empty, or the reason for a refusal.
pub type Answer = Result<String, String>;

/// The engine is gone; nothing was done.
pub const ENGINE_GONE: &str = "the engine has ended; the command was not run";

/// Why a command did not reach the engine. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// The engine's queue of commands is full.
    #[error("the engine is busy; the command was not run")]
    Busy,
    /// The engine has ended.
    #[error("{ENGINE_GONE}")]
    Gone,
}

/// Gets the answer, on the thread that obeys: it must be quick. Dropped uncalled, the engine has ended.
pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// A client that can leave: the engine then ends the notes it holds and forgets the panels it looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guest(pub(super) u32);

impl Guest {
    /// Clients that hold nothing between commands: scripts, one-shot commands, datagrams.
    pub const NOBODY: Guest = Guest(0);
}

/// A command in the queue.
pub struct Request {
    /// When it was asked for, in ns on the engine's clock.
    pub asked_ns: u64,
    /// The command.
    pub command: Command,
    /// The client that asks.
    pub guest: Guest,
    /// Gets the answer. Without it, a failure becomes a notice.
    pub reply: Option<Reply>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?} at {}", self.command, self.guest, self.asked_ns)
    }
}

/// An item in the control thread's queue.
#[derive(Debug)]
pub enum Errand {
    /// A command.
    Obey(Request),
    /// A client has left.
    Leave(Guest),
    /// Something came in that the control thread should look at now.
    Look,
}

struct Subscriber {
    events: SyncSender<Event>,
    wake: Box<dyn Fn() + Send + Sync>,
}

struct Board {
    shown: Mutex<OnBoard>,
    listeners: Mutex<Listeners>,
    missed: AtomicU64,
    /// Clients so far.
    guests: AtomicU32,
}

struct OnBoard {
    parts: Arc<Status>,
    levels: Levels,
    /// Peaks of each watcher, by its number.
    peaks: Vec<(u64, Peaks)>,
    /// Watchers so far.
    watchers: u64,
}

#[derive(Default)]
struct Listeners {
    subscribers: Vec<Subscriber>,
    /// Events sent before the first subscriber came; it gets them.
    early: Vec<Event>,
    /// Events that stay true; every subscriber gets them first.
    standing: Vec<Event>,
    /// Failures since the engine began to end; none before that.
    lost: Option<Vec<String>>,
}

/// Events kept for the first subscriber.
const EARLY: usize = 64;

impl Board {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> MutexGuard<'_, OnBoard> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &Event) {
        let mut listeners = self.listeners();
        if let (Some(lost), Some((Severity::Error, text))) = (&mut listeners.lost, event.notice()) {
            lost.push(text.to_owned());
        }
        if listeners.subscribers.is_empty() && listeners.early.len() < EARLY && !listeners.standing.contains(event) {
            listeners.early.push(event.clone());
        }
        listeners.subscribers.retain(|subscriber| match subscriber.events.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        });
        drop(listeners);
        self.wake();
    }

    fn wake(&self) {
        for subscriber in &self.listeners().subscribers {
            (subscriber.wake)();
        }
    }
}

/// Asks the engine.
#[derive(Clone)]
pub struct Station {
    errands: SyncSender<Errand>,
    /// A [`Errand::Look`] is in the queue: one is enough.
    look: Arc<AtomicBool>,
    board: Arc<Board>,
    presence: Option<Arc<Presence>>,
}

/// A client, as long as a clone of its station exists.
struct Presence {
    guest: Guest,
    errands: SyncSender<Errand>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Err(TrySendError::Full(leave)) = self.errands.try_send(Errand::Leave(self.guest)) {
            // The client's notes hang on it, and the thread that drops this may be the one that empties the queue.
            let errands = self.errands.clone();
            let _ = thread::Builder::new().spawn(move || errands.send(leave));
        }
    }
}

/// The half of the thread that obeys.
pub struct Desk {
    errands: Receiver<Errand>,
    look: Arc<AtomicBool>,
    bulletin: Bulletin,
}

/// Publishes the status and sends events, from any thread.
#[derive(Clone)]
pub struct Bulletin(Arc<Board>);

/// Both halves, with a first status.
pub fn station(status: Status) -> (Station, Desk) {
    let (sender, receiver) = mpsc::sync_channel(COMMANDS);
    let Shown { parts, levels } = status.into();
    let shown = OnBoard { parts: Arc::new(parts), levels, peaks: Vec::new(), watchers: 0 };
    let board = Arc::new(Board {
        shown: Mutex::new(shown),
        listeners: Mutex::default(),
        missed: AtomicU64::new(0),
        guests: AtomicU32::new(0),
    });
    let look = Arc::<AtomicBool>::default();
    let bulletin = Bulletin(Arc::clone(&board));
    let station = Station { errands: sender, look: Arc::clone(&look), board, presence: None };
    (station, Desk { errands: receiver, look, bulletin })
}

impl Station {
    /// A station for a new client. When its last clone is dropped, the notes the client holds end and nothing is kept
    /// for it to look at.
    pub fn guest(&self) -> Station {
        let guest = Guest(self.board.guests.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
        let presence = Presence { guest, errands: self.errands.clone() };
        Station { presence: Some(Arc::new(presence)), ..self.clone() }
    }

    fn request(&self, command: Command, reply: Option<Reply>) -> Errand {
        let guest = self.presence.as_ref().map_or(Guest::NOBODY, |presence| presence.guest);
        Errand::Obey(Request { asked_ns: realtime::now_ns(), command, guest, reply })
    }

    fn try_send(&self, errand: Errand) -> Result<(), NotAsked> {
        self.errands.try_send(errand).map_err(|error| match error {
            TrySendError::Full(_) => NotAsked::Busy,
            TrySendError::Disconnected(_) => NotAsked::Gone,
        })
    }

    /// Sends a command without waiting for the answer. A refusal comes back as a notice.
    ///
    /// # Errors
    /// Where the engine has ended or its queue is full: nothing was done.
    pub fn send(&self, command: Command) -> Result<(), NotAsked> {
        self.try_send(self.request(command, None))
    }

    /// Sends a command without waiting; `reply` gets the answer.
    ///
    /// # Errors
    /// Where the engine has ended or its queue is full: nothing was done.
    pub fn ask_then(&self, command: Command, reply: impl FnOnce(Answer) + Send + 'static) -> Result<(), NotAsked> {
        self.try_send(self.request(command, Some(Box::new(reply))))
    }

    /// Sends a command and waits while the queue is full: for commands that must not be lost
    /// ([`Command::must_arrive`]).
    ///
    /// # Errors
    /// Where the engine has ended.
    pub fn send_surely(&self, command: Command) -> Result<(), NotAsked> {
        self.errands.send(self.request(command, None)).map_err(|_| NotAsked::Gone)
    }

    /// Has the control thread look at its inputs without waiting for its next turn.
    pub fn knock(&self) {
        if !self.look.swap(true, Ordering::AcqRel) && self.errands.try_send(Errand::Look).is_err() {
            // The queue is full: the control thread looks anyway.
            self.look.store(false, Ordering::Release);
        }
    }

    /// Sends a command and waits for the answer.
    ///
    /// # Errors
    /// The reason for a refusal, or that the engine has ended.
    pub fn ask(&self, command: Command) -> Answer {
        let (reply, answer) = mpsc::channel();
        let reply: Reply = Box::new(move |answer| drop(reply.send(answer)));
        self.errands.send(self.request(command, Some(reply))).map_err(|_| ENGINE_GONE.to_owned())?;
        answer.recv().unwrap_or_else(|_| Err(ENGINE_GONE.to_owned()))
    }

    /// Failures while the engine ended, in sentences. Each was also sent as a notice, but a subscriber that left first
    /// did not get it.
    pub fn lost(&self) -> Vec<String> {
        self.board.listeners().lost.clone().unwrap_or_default()
    }

    /// The newest status, levels included. Parts whose levels did not change are shared.
    pub fn status(&self) -> Arc<Status> {
        let shown = self.board.shown();
        let mut status = Status::clone(&shown.parts);
        let levels = shown.levels.clone();
        drop(shown);
        levels.lay_over(&mut status);
        Arc::new(status)
    }

    /// A reader with its own rate that misses no peak in between.
    pub fn watcher(&self) -> Watcher {
        let mut shown = self.board.shown();
        shown.watchers += 1;
        let number = shown.watchers;
        shown.peaks.push((number, Peaks::default()));
        let (parts, levels) = (Arc::clone(&shown.parts), shown.levels.clone());
        drop(shown);
        Watcher { number, parts, levels, board: Arc::clone(&self.board) }
    }

    /// Every event from now on, those that stay true, and for the first subscriber those sent before. The control
    /// thread calls `wake` after each event, when a part of the status changed and when levels changed; it must be
    /// quick.
    pub fn subscribe(&self, wake: impl Fn() + Send + Sync + 'static) -> Receiver<Event> {
        let (events, receiver) = mpsc::sync_channel(EVENTS);
        let mut listeners = self.board.listeners();
        let early = std::mem::take(&mut listeners.early);
        for event in listeners.standing.iter().cloned().chain(early) {
            // There is room for all of them.
            let _ = events.try_send(event);
        }
        listeners.subscribers.push(Subscriber { events, wake: Box::new(wake) });
        receiver
    }
}

/// Reads the status at its own rate.
pub struct Watcher {
    number: u64,
    parts: Arc<Status>,
    levels: Levels,
    board: Arc<Board>,
}

impl Watcher {
    /// Takes the newest status: for each meter, the highest peak since the last time.
    pub fn look(&mut self) {
        let mut shown = self.board.shown();
        self.parts = Arc::clone(&shown.parts);
        let OnBoard { levels, peaks, .. } = &mut *shown;
        self.levels.copy_from(levels);
        if let Some((_, peaks)) = peaks.iter_mut().find(|(number, _)| *number == self.number) {
            peaks.take_into(&mut self.levels.moving);
        }
    }

    /// Takes the newest parts; the levels stay as they were, and peaks are held on.
    pub fn look_at_parts(&mut self) {
        self.parts = Arc::clone(&self.board.shown().parts);
    }

    /// The parts at the last look. Their levels are those of when each part was made.
    pub fn parts(&self) -> &Arc<Status> {
        &self.parts
    }

    /// The levels at the last look.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The whole status, with the levels in its parts.
    pub fn status(&self) -> Status {
        let mut status = Status::clone(&self.parts);
        self.levels.lay_over(&mut status);
        status
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "watcher {} at revision {}", self.number, self.parts.revision())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.board.shown().peaks.retain(|(number, _)| *number != self.number);
    }
}

impl Desk {
    /// The next item of the queue, waiting up to `patience` for it.
    ///
    /// # Errors
    /// `Disconnected` when no station is left.
    pub fn errand(&self, patience: Duration) -> Result<Errand, RecvTimeoutError> {
        let errand = self.errands.recv_timeout(patience)?;
        if matches!(errand, Errand::Look) {
            self.look.store(false, Ordering::Release);
        }
        Ok(errand)
    }

    /// Sends an event to every subscriber, and to the log.
    pub fn tell(&self, event: &Event) {
        // The screen may have room for half of it.
        if let Some((severity, text)) = event.notice() {
            tracing::info!(?severity, "{text}");
        }
        self.bulletin.tell(event);
    }

    /// The engine begins to end: from now on failures are kept for [`Station::lost`].
    pub fn leave(&self) {
        self.bulletin.0.listeners().lost.get_or_insert_default();
    }

    /// Sends a notice to every subscriber, and to the log.
    pub fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.tell(&Event::Notice { severity, text: text.into() });
    }

    /// Sends a notice that stays true to every subscriber of now and of later, and to the log.
    pub fn standing_notice(&self, severity: Severity, text: impl Into<String>) {
        let event = Event::Notice { severity, text: text.into() };
        let mut listeners = self.bulletin.0.listeners();
        if listeners.standing.len() < EARLY {
            listeners.standing.push(event.clone());
        }
        drop(listeners);
        self.tell(&event);
    }

    /// The publishing half, for another thread.
    pub fn bulletin(&self) -> &Bulletin {
        &self.bulletin
    }
}

impl Deref for Desk {
    type Target = Bulletin;

    fn deref(&self) -> &Bulletin {
        &self.bulletin
    }
}

impl Bulletin {
    /// Publishes a new status and wakes every subscriber.
    pub fn publish(&self, status: Status) {
        self.show(&status.into());
        self.wake();
    }

    /// Publishes changes: parts by reference, where their revision is newer, and levels in place of those before. Wakes
    /// no subscriber.
    pub fn show(&self, Shown { parts, levels }: &Shown) {
        let mut shown = self.0.shown();
        if shown.parts.revision() != parts.revision() {
            shown.parts = Arc::new(parts.clone());
        }
        shown.levels.copy_from(levels);
        shown.peaks.iter_mut().for_each(|(_, peaks)| peaks.hold(&levels.moving));
    }

    /// Wakes every subscriber.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Sends an event to every subscriber.
    pub fn tell(&self, event: &Event) {
        self.0.tell(event);
    }

    /// Sends a notice to every subscriber.
    pub fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.tell(&Event::Notice { severity, text: text.into() });
    }

    /// Events that found a subscriber's queue full.
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// Sends no more events: every subscriber finds its channel closed, and is woken to find it.
    pub fn close(&self) {
        let subscribers = std::mem::take(&mut self.0.listeners().subscribers);
        for Subscriber { events, wake } in subscribers {
            drop(events);
            wake();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}
