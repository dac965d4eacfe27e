//! How everyone outside talks to the engine: commands in, the newest status and the events out.
//!
//! [`Station`] is the asking half, cheap to clone, for any thread that is not real time. [`Desk`] is the control
//! thread's half.

use crate::{
    command::Command,
    engine::realtime,
    status::{Event, Severity, Status},
};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError},
};
use std::time::Duration;

/// Commands that may wait for the control thread.
const COMMANDS: usize = 1024;
/// Events that may wait for a subscriber.
const EVENTS: usize = 1024;

/// What a command led to: a sentence where there is something to say, or the sentence that says why not.
pub type Answer = Result<String, String>;

/// The engine is gone; nothing was done.
pub const ENGINE_GONE: &str = "the engine has ended; nothing was done";

/// A command on its way.
pub struct Request {
    /// When it was asked, in ns on the engine's clock.
    pub asked_ns: u64,
    /// What is asked.
    pub command: Command,
    /// Where the answer goes, if anyone waits for it. Otherwise a failure becomes a notice.
    pub reply: Option<Sender<Answer>>,
}

/// What reaches the control thread.
pub enum Errand {
    /// A command.
    Obey(Request),
    /// Something happened that it should look at now.
    Look,
}

struct Subscriber {
    events: SyncSender<Event>,
    wake: Box<dyn Fn() + Send + Sync>,
}

struct Board {
    status: Mutex<Arc<Status>>,
    listeners: Mutex<Listeners>,
    missed: AtomicU64,
}

#[derive(Default)]
struct Listeners {
    subscribers: Vec<Subscriber>,
    /// What was told before anyone listened; the first subscriber gets it.
    early: Vec<Event>,
}

/// Events kept for the first subscriber.
const EARLY: usize = 64;

impl Board {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &Event) {
        // The screen may have room for half of it.
        if let Some((severity, text)) = event.notice() {
            tracing::info!(?severity, "{text}");
        }
        let mut listeners = self.listeners();
        if listeners.subscribers.is_empty() && listeners.early.len() < EARLY {
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
}

/// The control thread's half.
pub struct Desk {
    errands: Receiver<Errand>,
    look: Arc<AtomicBool>,
    board: Arc<Board>,
}

/// Both halves, with a first status.
pub fn station(status: Status) -> (Station, Desk) {
    let (sender, receiver) = mpsc::sync_channel(COMMANDS);
    let board = Arc::new(Board {
        status: Mutex::new(Arc::new(status)),
        listeners: Mutex::default(),
        missed: AtomicU64::new(0),
    });
    let look = Arc::<AtomicBool>::default();
    let station = Station { errands: sender, look: Arc::clone(&look), board: Arc::clone(&board) };
    (station, Desk { errands: receiver, look, board })
}

impl Station {
    /// Asks, without waiting. A refusal comes back as a notice; so does a queue that is full, here as the answer.
    ///
    /// # Errors
    /// Where the engine is gone or has more to do than it can hold: nothing was done.
    pub fn send(&self, command: Command) -> Result<(), String> {
        let request = Request { asked_ns: realtime::now_ns(), command, reply: None };
        self.errands.try_send(Errand::Obey(request)).map_err(|error| match error {
            TrySendError::Full(Errand::Obey(request)) => {
                format!("the engine is busy; '{}' was not done", request.command)
            }
            TrySendError::Full(Errand::Look) | TrySendError::Disconnected(_) => ENGINE_GONE.to_owned(),
        })
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
        let request = Request { asked_ns: realtime::now_ns(), command, reply: Some(reply) };
        self.errands.send(Errand::Obey(request)).map_err(|_| ENGINE_GONE.to_owned())?;
        answer.recv().unwrap_or_else(|_| Err(ENGINE_GONE.to_owned()))
    }

    /// How things are.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.board.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every event from now on, and for the first subscriber those that nobody heard. `wake` is called on the control thread after each new status or event; it must be quick.
    pub fn subscribe(&self, wake: impl Fn() + Send + Sync + 'static) -> Receiver<Event> {
        let (events, receiver) = mpsc::sync_channel(EVENTS);
        let mut listeners = self.board.listeners();
        for event in listeners.early.drain(..) {
            // There is room for all of them.
            let _ = events.try_send(event);
        }
        listeners.subscribers.push(Subscriber { events, wake: Box::new(wake) });
        receiver
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

    /// Shows a new status.
    pub fn publish(&self, status: Status) {
        *self.board.status.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(status);
        self.board.wake();
    }

    /// Tells every subscriber.
    pub fn tell(&self, event: &Event) {
        self.board.tell(event);
    }

    /// Tells every subscriber a sentence.
    pub fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.tell(&Event::Notice { severity, text: text.into() });
    }

    /// Events that found a subscriber's queue full.
    pub fn missed(&self) -> u64 {
        self.board.missed.load(Ordering::Relaxed)
    }
}

impl Drop for Desk {
    /// Without a desk nothing is told any more: every subscriber finds its channel closed, and is woken to find it.
    fn drop(&mut self) {
        let subscribers = std::mem::take(&mut self.board.listeners().subscribers);
        for Subscriber { events, wake } in subscribers {
            drop(events);
            wake();
        }
    }
}
