//! The counters of the remote interfaces, for the status. The doors themselves are in [`crate::remote`].

use crate::status::DoorStatus;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

/// The doors that are open. Clones are the same doors.
#[derive(Clone, Debug, Default)]
pub struct Doors(Arc<Mutex<Vec<Arc<Door>>>>);

/// The counters of one door.
#[derive(Debug)]
pub struct Door {
    name: &'static str,
    at: String,
    /// Clients that are connected now.
    pub connected: AtomicU32,
    /// Commands and questions that were received.
    pub received: AtomicU64,
    /// Messages that were no command, or from a client that may not send.
    pub refused: AtomicU64,
    /// Commands that were not done because too many came at once.
    pub dropped: AtomicU64,
}

impl Doors {
    /// A door is open from now on: `name` is its kind, `at` its address.
    pub fn open(&self, name: &'static str, at: impl Into<String>) -> Arc<Door> {
        let door = Arc::new(Door {
            name,
            at: at.into(),
            connected: AtomicU32::new(0),
            received: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        self.lock().push(Arc::clone(&door));
        door
    }

    /// The status of each.
    pub fn status(&self) -> Vec<DoorStatus> {
        self.lock().iter().map(|door| door.status()).collect()
    }

    /// Whether the status shows them as they are; the count of received commands is a level.
    pub fn are_shown(&self, shown: &[DoorStatus]) -> bool {
        let doors = self.lock();
        doors.len() == shown.len() && doors.iter().zip(shown).all(|(door, shown)| door.is_shown(shown))
    }

    /// Writes the count of received commands of each.
    pub fn count_into(&self, received: &mut Vec<u64>) {
        received.clear();
        received.extend(self.lock().iter().map(|door| door.received.load(Ordering::Relaxed)));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Door>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Counts one more.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn is_shown(&self, shown: &DoorStatus) -> bool {
        (&*shown.name, &shown.at) == (self.name, &self.at)
            && shown.connected == self.connected.load(Ordering::Relaxed)
            && shown.refused == self.refused.load(Ordering::Relaxed)
            && shown.dropped == self.dropped.load(Ordering::Relaxed)
    }

    fn status(&self) -> DoorStatus {
        DoorStatus {
            name: self.name.to_owned(),
            at: self.at.clone(),
            connected: self.connected.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}
