//! What everybody at a WebSocket is told: each message is made once for all of them. On the thread of HTTP, in a task that
//! sleeps while nobody listens.
//!
//! Where the song is and how loud it is have messages of their own, at a steady rate. A change of nothing else is no change
//! of the status; where a part of it is told anyway, it is told whole.

use crate::{
    engine::station::Station,
    remote::wire::Told,
    status::{Event, InputsStatus, Status, TransportStatus},
};
use axum::extract::ws::Utf8Bytes;
use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::Duration,
};
use tokio::{
    select,
    sync::{Notify, broadcast},
    time::{MissedTickBehavior, interval},
};

/// How often it is told how things are.
const EVERY: Duration = Duration::from_millis(50);
/// Messages that may wait for somebody; who is further behind is told everything anew.
const WAITING_MAX: usize = 256;
/// While nobody listens, events are thrown away once in so many: there is room for more of them.
const THROW_AWAY_EVERY: u32 = 256;

/// Tells everybody who listens.
pub(super) struct Feed {
    /// The status as everybody knows it.
    told: Mutex<Arc<Status>>,
    messages: broadcast::Sender<Utf8Bytes>,
    woken: Arc<Notify>,
}

impl Feed {
    pub(super) fn new(station: &Station) -> Feed {
        let (messages, _) = broadcast::channel(WAITING_MAX);
        Feed { told: Mutex::new(station.status()), messages, woken: Arc::default() }
    }

    /// What is told from now on, and what it begins with.
    pub(super) fn join(&self, station: &Station) -> (broadcast::Receiver<Utf8Bytes>, [Utf8Bytes; 2]) {
        // Everybody knows the same status; what comes next is a change of that.
        self.tell_status(station.status());
        let messages = self.messages.subscribe();
        self.woken.notify_one();
        (messages, self.whole())
    }

    /// The profile and the whole status, as everybody knows it.
    pub(super) fn whole(&self) -> [Utf8Bytes; 2] {
        let status = Arc::clone(&self.told());
        let profile = Told::Profile { profile: Arc::clone(&status.params.profile) };
        [profile, Told::status(&status, None)].map(|told| told.encode().into())
    }

    /// Tells, until the engine ends.
    pub(super) async fn keep(&self, station: &Station) {
        let (woken, messages, calls) = (Arc::clone(&self.woken), self.messages.clone(), AtomicU32::new(0));
        let events = station.subscribe(move || {
            let calls = calls.fetch_add(1, Ordering::Relaxed);
            if messages.receiver_count() > 0 || calls % THROW_AWAY_EVERY == 0 {
                woken.notify_one();
            }
        });
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.tell_events(&events) {
            if self.messages.receiver_count() == 0 {
                self.woken.notified().await;
                continue;
            }
            select! {
                _ = ticks.tick() => {
                    let status = station.status();
                    self.tell_levels(&status);
                    self.tell_status(status);
                }
                () = self.woken.notified() => {}
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, Arc<Status>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: &Told) {
        // Nobody listening is no fault.
        let _ = self.messages.send(told.encode().into());
    }

    /// Tells what happened; false where nothing will happen any more.
    fn tell_events(&self, events: &Receiver<Event>) -> bool {
        loop {
            match events.try_recv() {
                Ok(event) if self.messages.receiver_count() > 0 => self.tell(&Told::Event(event)),
                Ok(_) => {}
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Tells where the song is, and how loud it is where that moves.
    fn tell_levels(&self, status: &Status) {
        let before = Arc::clone(&self.told());
        let TransportStatus { position, seconds, playing, .. } = status.transport;
        self.tell(&Told::Position { position: position.to_string(), seconds, playing });
        let (inputs, outputs) = (&status.inputs.meters, &status.outputs);
        if *inputs != before.inputs.meters || *outputs != before.outputs {
            self.tell(&Told::Meters { inputs: inputs.clone(), outputs: outputs.clone() });
        }
    }

    /// Tells what else is another.
    fn tell_status(&self, status: Arc<Status>) {
        let before = mem::replace(&mut *self.told(), Arc::clone(&status));
        if Arc::ptr_eq(&before, &status) {
            return;
        }
        if !Arc::ptr_eq(&before.params.profile, &status.params.profile) {
            self.tell(&Told::Profile { profile: Arc::clone(&status.params.profile) });
        }
        let changes = status.changes(Some(&with_levels_of(&before, &status)));
        if !changes.0.is_empty() {
            self.tell(&Told::Status { at_ns: status.at_ns, changes });
        }
    }
}

/// A status, with the song where another one says it is, and as loud.
fn with_levels_of(status: &Status, other: &Status) -> Status {
    let TransportStatus { position, seconds, .. } = other.transport;
    Status {
        transport: TransportStatus { position, seconds, ..status.transport.clone() },
        inputs: InputsStatus { meters: other.inputs.meters.clone(), ..status.inputs.clone() },
        outputs: other.outputs.clone(),
        ..status.clone()
    }
}

#[cfg(test)]
mod tests;
