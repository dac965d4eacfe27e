//! What everybody at a WebSocket is told: each message is made once for all of them. On the thread of HTTP, in a task that
//! sleeps while nobody listens.
//!
//! Where the song is and how loud it is have messages of their own, while they change. A change of nothing else is no
//! change of the status; where a part of it is told anyway, it is told whole. What is only counted and measured (messages
//! of a port, the load) is told once a second: the clock alone would have all of it told all the time.

use crate::{
    engine::station::Station,
    remote::wire::Told,
    status::{DeviceStatus, Event, InputsStatus, Status, TransportStatus},
};
use axum::extract::ws::Utf8Bytes;
use std::{
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
/// Of these times, each so manieth tells what is only counted, too.
const COUNTS_EVERY: u32 = 20;
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
        self.tell_status(station.status(), Counts::Told);
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
        let mut turn = 0_u32;
        while self.tell_events(&events) {
            if self.messages.receiver_count() == 0 {
                self.woken.notified().await;
                continue;
            }
            select! {
                _ = ticks.tick() => {
                    turn = (turn + 1) % COUNTS_EVERY;
                    self.tell_status(station.status(), if turn == 0 { Counts::Told } else { Counts::Wait });
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

    /// Tells what is another.
    fn tell_status(&self, status: Arc<Status>, counts: Counts) {
        let before = Arc::clone(&self.told());
        if Arc::ptr_eq(&before, &status) {
            return;
        }
        let status = match counts {
            Counts::Told => status,
            Counts::Wait => Arc::new(with_counts_of(&status, &before)),
        };
        *self.told() = Arc::clone(&status);
        self.tell_levels(&status, &before);
        if !Arc::ptr_eq(&before.params.profile, &status.params.profile) {
            self.tell(&Told::Profile { profile: Arc::clone(&status.params.profile) });
        }
        let changes = status.changes(Some(&with_levels_of(&before, &status)));
        if !changes.0.is_empty() {
            self.tell(&Told::Status { at_ns: status.at_ns, changes });
        }
    }

    /// Tells where the song is and how loud it is, where that moved.
    fn tell_levels(&self, status: &Status, before: &Status) {
        let place = |status: &Status| {
            let TransportStatus { position, seconds, playing, .. } = status.transport;
            (position, seconds, playing)
        };
        let (position, seconds, playing) = place(status);
        if place(before) != (position, seconds, playing) {
            self.tell(&Told::Position { position: position.to_string(), seconds, playing });
        }
        let (inputs, outputs) = (&status.inputs.meters, &status.outputs);
        if *inputs != before.inputs.meters || *outputs != before.outputs {
            self.tell(&Told::Meters { inputs: inputs.clone(), outputs: outputs.clone() });
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

/// Whether what is only counted is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Told,
    Wait,
}

/// A status, with what is only counted or measured as another one has it.
fn with_counts_of(status: &Status, other: &Status) -> Status {
    let DeviceStatus { load_percent, load_peak_percent, .. } = other.device;
    let device = DeviceStatus { load_percent, load_peak_percent, ..status.device.clone() };
    let mut quiet = Status { device, ..status.clone() };
    for (port, other) in quiet.ports.iter_mut().zip(&other.ports).filter(|(port, other)| port.id == other.id) {
        (port.sent, port.received, port.coalesced) = (other.sent, other.received, other.coalesced);
        (port.queued, port.queued_most) = (other.queued, other.queued_most);
        (port.traffic, port.latency, port.wire_percent) = (other.traffic, other.latency, other.wire_percent);
    }
    for (door, other) in quiet.doors.iter_mut().zip(&other.doors).filter(|(door, other)| door.at == other.at) {
        door.received = other.received;
    }
    quiet
}

#[cfg(test)]
mod tests;
