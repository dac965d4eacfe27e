//! How everyone outside talks to the engine: commands in, the newest status and the events out.
//!
//! What is shown lies on a board under a lock that neither side holds for longer than it takes to copy a few numbers and a
//! reference; no real-time thread comes near it. Parts are references; levels are copied, the newest wins, and peaks are
//! held for each [`Watcher`] until it looks.
//!
//! [`Station`] is the asking half, cheap to clone, for any thread that is not real time. [`Desk`] is the half of whoever
//! obeys: the control thread, or where the engine is another process, the line to it ([`crate::remote::socket::client`]).

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

/// What a command led to: a sentence where there is something to say, or the sentence that says why not.
pub type Answer = Result<String, String>;

/// The engine is gone; nothing was done.
pub const ENGINE_GONE: &str = "the engine has ended; the command was not run";

/// Why a command did not even reach the engine. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// It has more to do than it can hold.
    #[error("the engine is busy; the command was not run")]
    Busy,
    /// It has ended.
    #[error("{ENGINE_GONE}")]
    Gone,
}

/// Gets the answer, on the thread of whoever obeys: it must be quick. Dropped uncalled, the engine has ended.
pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// Who asks, where it matters that they leave: what they looked at and the notes they hold end with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guest(pub(super) u32);

impl Guest {
    /// Whoever comes and goes without a trace: scripts, one-shot commands, datagrams.
    pub const NOBODY: Guest = Guest(0);
}

/// A command on its way.
pub struct Request {
    /// When it was asked, in ns on the engine's clock.
    pub asked_ns: u64,
    /// What is asked.
    pub command: Command,
    /// By whom.
    pub guest: Guest,
    /// Where the answer goes, if anyone waits for it. Otherwise a failure becomes a notice.
    pub reply: Option<Reply>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?} at {}", self.command, self.guest, self.asked_ns)
    }
}

/// What reaches the control thread.
#[derive(Debug)]
pub enum Errand {
    /// A command.
    Obey(Request),
    /// A guest has left.
    Leave(Guest),
    /// Something happened that it should look at now.
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
    /// How many there were.
    guests: AtomicU32,
}

struct OnBoard {
    parts: Arc<Status>,
    levels: Levels,
    /// Of each watcher, by its number.
    peaks: Vec<(u64, Peaks)>,
    /// How many watchers there were.
    watchers: u64,
}

#[derive(Default)]
struct Listeners {
    subscribers: Vec<Subscriber>,
    /// What was told before anyone listened; the first subscriber gets it.
    early: Vec<Event>,
    /// What every subscriber gets first: it stays true.
    standing: Vec<Event>,
    /// What went wrong since the way out began; nothing before that.
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
    /// A look is on its way: one is enough.
    look: Arc<AtomicBool>,
    board: Arc<Board>,
    presence: Option<Arc<Presence>>,
}

/// A guest, as long as somebody asks in their name.
struct Presence {
    guest: Guest,
    errands: SyncSender<Errand>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Err(TrySendError::Full(leave)) = self.errands.try_send(Errand::Leave(self.guest)) {
            // Notes hang on it, and whoever drops this may be the one who takes from the queue.
            let errands = self.errands.clone();
            let _ = thread::Builder::new().spawn(move || errands.send(leave));
        }
    }
}

/// The half of whoever obeys.
pub struct Desk {
    errands: Receiver<Errand>,
    look: Arc<AtomicBool>,
    bulletin: Bulletin,
}

/// Shows and tells; for any thread.
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
    /// The same for somebody new: when the last clone of this one is gone, the notes they hold are ended and nothing is
    /// kept for them to look at.
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

    /// Asks, without waiting. A refusal comes back as a notice; so does a queue that is full, here as the answer.
    ///
    /// # Errors
    /// Where the engine is gone or has more to do than it can hold: nothing was done.
    pub fn send(&self, command: Command) -> Result<(), NotAsked> {
        self.try_send(self.request(command, None))
    }

    /// Asks, without waiting; the answer goes to `reply`.
    ///
    /// # Errors
    /// Where the engine is gone or has more to do than it can hold: nothing was done.
    pub fn ask_then(&self, command: Command, reply: impl FnOnce(Answer) + Send + 'static) -> Result<(), NotAsked> {
        self.try_send(self.request(command, Some(Box::new(reply))))
    }

    /// Asks, and waits where the engine has more to do than it can hold: for what must not be lost
    /// ([`Command::must_arrive`]).
    ///
    /// # Errors
    /// Where the engine is gone.
    pub fn send_surely(&self, command: Command) -> Result<(), NotAsked> {
        self.errands.send(self.request(command, None)).map_err(|_| NotAsked::Gone)
    }

    /// Has the control thread look at what came in, without waiting for its next turn.
    pub fn knock(&self) {
        if !self.look.swap(true, Ordering::AcqRel) && self.errands.try_send(Errand::Look).is_err() {
            // So much to do that it looks anyway.
            self.look.store(false, Ordering::Release);
        }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// Why the command was refused, or that the engine is gone.
    pub fn ask(&self, command: Command) -> Answer {
        let (reply, answer) = mpsc::channel();
        let reply: Reply = Box::new(move |answer| drop(reply.send(answer)));
        self.errands.send(self.request(command, Some(reply))).map_err(|_| ENGINE_GONE.to_owned())?;
        answer.recv().unwrap_or_else(|_| Err(ENGINE_GONE.to_owned()))
    }

    /// What went wrong on the way out, in sentences: each has been told, but whoever left first did not hear it.
    pub fn lost(&self) -> Vec<String> {
        self.board.listeners().lost.clone().unwrap_or_default()
    }

    /// How things are, levels included. Parts that hold no levels that moved are shared.
    pub fn status(&self) -> Arc<Status> {
        let shown = self.board.shown();
        let mut status = Status::clone(&shown.parts);
        let levels = shown.levels.clone();
        drop(shown);
        levels.lay_over(&mut status);
        Arc::new(status)
    }

    /// Somebody who looks at their own rate and misses no peak in between.
    pub fn watcher(&self) -> Watcher {
        let mut shown = self.board.shown();
        shown.watchers += 1;
        let number = shown.watchers;
        shown.peaks.push((number, Peaks::default()));
        let (parts, levels) = (Arc::clone(&shown.parts), shown.levels.clone());
        drop(shown);
        Watcher { number, parts, levels, board: Arc::clone(&self.board) }
    }

    /// Every event from now on, what stays true, and for the first subscriber those that nobody heard. `wake` is called on the control
    /// thread after each event, when a part of the status changed and when levels moved; it must be quick.
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

/// Looks at what is shown, at its own rate.
pub struct Watcher {
    number: u64,
    parts: Arc<Status>,
    levels: Levels,
    board: Arc<Board>,
}

impl Watcher {
    /// Takes the newest: of each meter, the highest peak since the last time.
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

    /// The parts, as they were when it looked. Levels stand in them as they were when each part was made.
    pub fn parts(&self) -> &Arc<Status> {
        &self.parts
    }

    /// The levels, as they were when it looked.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// All of it as others read it.
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
    /// What is to be done next, waiting up to `patience` for it.
    ///
    /// # Errors
    /// `Disconnected` when nobody is left who could ask.
    pub fn errand(&self, patience: Duration) -> Result<Errand, RecvTimeoutError> {
        let errand = self.errands.recv_timeout(patience)?;
        if matches!(errand, Errand::Look) {
            self.look.store(false, Ordering::Release);
        }
        Ok(errand)
    }

    /// Tells every subscriber, and the log.
    pub fn tell(&self, event: &Event) {
        // The screen may have room for half of it.
        if let Some((severity, text)) = event.notice() {
            tracing::info!(?severity, "{text}");
        }
        self.bulletin.tell(event);
    }

    /// The way out begins: from now on what goes wrong is kept for [`Station::lost`].
    pub fn leave(&self) {
        self.bulletin.0.listeners().lost.get_or_insert_default();
    }

    /// Tells every subscriber a sentence, and the log.
    pub fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.tell(&Event::Notice { severity, text: text.into() });
    }

    /// Tells every subscriber of now and of later a sentence that stays true, and the log.
    pub fn standing_notice(&self, severity: Severity, text: impl Into<String>) {
        let event = Event::Notice { severity, text: text.into() };
        let mut listeners = self.bulletin.0.listeners();
        if listeners.standing.len() < EARLY {
            listeners.standing.push(event.clone());
        }
        drop(listeners);
        self.tell(&event);
    }

    /// What shows and tells, for another thread.
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
    /// Shows a new status, and wakes whoever listens.
    pub fn publish(&self, status: Status) {
        self.show(&status.into());
        self.wake();
    }

    /// Shows what changed: parts by reference, where one is of a newer revision, and levels in place of those before.
    /// Wakes nobody.
    pub fn show(&self, Shown { parts, levels }: &Shown) {
        let mut shown = self.0.shown();
        if shown.parts.revision() != parts.revision() {
            shown.parts = Arc::new(parts.clone());
        }
        shown.levels.copy_from(levels);
        shown.peaks.iter_mut().for_each(|(_, peaks)| peaks.hold(&levels.moving));
    }

    /// Wakes whoever listens.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Tells every subscriber.
    pub fn tell(&self, event: &Event) {
        self.0.tell(event);
    }

    /// Tells every subscriber a sentence.
    pub fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.tell(&Event::Notice { severity, text: text.into() });
    }

    /// Events that found a subscriber's queue full.
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// Nothing is told any more: every subscriber finds its channel closed, and is woken to find it.
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
