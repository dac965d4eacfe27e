//! The messages for all WebSockets: each message is made once for all of them. On the thread of HTTP, in a task that
//! sleeps while there is no WebSocket.
//!
//! A part of the status is sent where its revision is newer than the one sent last. The song's position, the meters and
//! the values of modulated parameters have messages of their own, while they change; where a part with one of these is
//! sent anyway, it is sent whole. All other levels (messages of a port, the load, the length of a take) are sent once a
//! second, with the parts that contain them.

use crate::{
    engine::station::{Station, Watcher},
    remote::wire::ServerMessage,
    status::{Event, Levels, Shown, Status, levels::Moving},
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

/// Time between two updates.
const EVERY: Duration = Duration::from_millis(50);
/// Every so many updates, counts are sent, too.
const COUNTS_EVERY: u32 = 20;
/// Messages that may wait for one client; one that is further behind gets everything anew.
const WAITING_MAX: usize = 256;
/// While there is no WebSocket, events are thrown away once in so many: there is room for more of them.
const THROW_AWAY_EVERY: u32 = 256;

/// Sends to all WebSockets.
pub(super) struct Feed {
    /// The status as it was sent last.
    known: Mutex<Known>,
    messages: broadcast::Sender<Utf8Bytes>,
    woken: Arc<Notify>,
}

/// The status sent last, and its source.
struct Known {
    watcher: Watcher,
    told: Shown,
}

impl Feed {
    pub(super) fn new(station: &Station) -> Feed {
        let (messages, _) = broadcast::channel(WAITING_MAX);
        let watcher = station.watcher();
        let told = Shown { parts: Status::clone(watcher.parts()), levels: watcher.levels().clone() };
        Feed { known: Mutex::new(Known { watcher, told }), messages, woken: Arc::default() }
    }

    /// The messages from now on, and the first two.
    pub(super) fn join(&self) -> (broadcast::Receiver<Utf8Bytes>, [Utf8Bytes; 2]) {
        if self.messages.receiver_count() == 0 {
            // Peaks from before the first client are dropped.
            self.known().watcher.look();
        }
        // All clients have the same status; the next message is a change of that.
        self.tell_news(Counts::Told);
        let messages = self.messages.subscribe();
        self.woken.notify_one();
        (messages, self.whole())
    }

    /// The profile and the whole status, as sent last.
    pub(super) fn whole(&self) -> [Utf8Bytes; 2] {
        let status = self.known().told.status();
        let profile = ServerMessage::Profile { profile: Arc::clone(&status.params.profile) };
        [profile, ServerMessage::status(&status, 0)].map(|told| told.encode().into())
    }

    /// Sends until the engine ends.
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
                    self.tell_news(if turn == 0 { Counts::Told } else { Counts::Wait });
                }
                () = self.woken.notified() => {}
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: &ServerMessage) {
        // Without a receiver this fails; no harm.
        let _ = self.messages.send(told.encode().into());
    }

    /// Sends events; false where the engine has ended.
    fn tell_events(&self, events: &Receiver<Event>) -> bool {
        loop {
            match events.try_recv() {
                Ok(event) if self.messages.receiver_count() > 0 => self.tell(&ServerMessage::Event(event)),
                Ok(_) => {}
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Sends changes of the status.
    fn tell_news(&self, counts: Counts) {
        let Known { watcher, told } = &mut *self.known();
        watcher.look();
        let mut levels = watcher.levels().clone();
        if counts == Counts::Wait {
            levels.counts.clone_from(&told.levels.counts);
            let Moving { take_seconds, audition_seconds, .. } = &mut levels.moving;
            (*take_seconds, *audition_seconds) = (told.levels.moving.take_seconds, told.levels.moving.audition_seconds);
        }
        let now = Shown { parts: Status::clone(watcher.parts()), levels };
        self.tell_levels(&now, told);
        if !Arc::ptr_eq(&told.parts.params.profile, &now.parts.params.profile) {
            self.tell(&ServerMessage::Profile { profile: Arc::clone(&now.parts.params.profile) });
        }
        let since = told.parts.revision();
        if counts == Counts::Told {
            let changes = now.status().named(&without_own_messages(&now, &told.levels).differing(&told.status()));
            if !changes.0.is_empty() {
                self.tell(&ServerMessage::Status { at_ns: now.levels.at_ns, changes });
            }
        } else if now.parts.revision() > since {
            self.tell(&ServerMessage::status(&now.status(), since));
        }
        *told = now;
    }

    /// Sends the song's position, the meters and the values of modulated parameters, where they changed.
    fn tell_levels(&self, now: &Shown, before: &Shown) {
        let Moving { position, seconds, inputs, outputs, tracks, loudness, motion, .. } = &now.levels.moving;
        let (was, playing) = (&before.levels.moving, now.parts.transport.playing);
        if (was.position, was.seconds, before.parts.transport.playing) != (*position, *seconds, playing) {
            self.tell(&ServerMessage::Position { position: position.to_string(), seconds: *seconds, playing });
        }
        if (inputs, outputs, tracks, loudness) != (&was.inputs, &was.outputs, &was.tracks, &was.loudness) {
            let (inputs, outputs, tracks) = (inputs.clone(), outputs.clone(), tracks.clone());
            self.tell(&ServerMessage::Meters { inputs, outputs, tracks, loudness: *loudness });
        }
        // Parameters with a new modulator are sent with their part.
        let params = &now.parts.params;
        if *motion != was.motion && params.revision() == before.parts.params.revision() {
            let named = params.motion.iter().zip(motion).zip(&was.motion).filter(|((_, now), was)| now != was);
            let name = |param: usize| params.profile.params.get(param).map(|param| param.name.clone());
            let values = named.filter_map(|((moved, value), _)| Some((name(moved.param)?, *value))).collect();
            self.tell(&ServerMessage::Motion { values });
        }
    }
}

/// A status in which the levels that have messages of their own are as they were before.
fn without_own_messages(now: &Shown, before: &Levels) -> Status {
    let Moving { position, seconds, inputs, outputs, tracks, loudness, motion, .. } = before.moving.clone();
    let moving = Moving { position, seconds, inputs, outputs, tracks, loudness, motion, ..now.levels.moving };
    let levels = Levels { moving, ..now.levels.clone() };
    Shown { parts: now.parts.clone(), levels }.status()
}

/// Whether counts are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Told,
    Wait,
}

#[cfg(test)]
mod tests;
