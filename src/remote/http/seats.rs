//! Seats: who is connected, and who gives way where it is full. On the thread of HTTP.
//!
//! This machine has seats of its own, so that no others keep it out; of the others none has them all. Where there is no
//! seat left, whoever has asked for nothing longest gives theirs to the newcomer: connections that say nothing, or slowly,
//! keep nobody out. Whoever is being served, and every WebSocket, stays.

use crate::engine::doors::Door;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::sync::{Notify, watch};

/// Connections of this machine at once, and as many of all others.
pub(super) const SEATS: usize = 64;
/// Of them those of one other machine.
pub(super) const SEATS_OF_ONE: usize = 16;
/// Of those of this machine, and of those of all others, so many may be WebSockets.
pub(super) const SOCKETS_MAX: usize = 48;

/// All of them.
pub(super) struct Seats {
    door: Arc<Door>,
    rows: Mutex<Rows>,
    left: Notify,
}

#[derive(Default)]
struct Rows {
    taken: Vec<Row>,
    /// How many there were.
    count: u64,
    /// Counts up whenever somebody begins to be waited for.
    turn: u64,
}

/// One that is taken.
struct Row {
    id: u64,
    from: IpAddr,
    doing: Doing,
    go: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing, since that turn.
    Nothing(u64),
    /// A request is being served.
    Asking,
    /// It is a WebSocket.
    Socket,
}

/// Who gives their seat to a newcomer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GivesWay {
    /// There is room.
    NoNeed,
    /// Whoever sits there.
    At(usize),
    /// All of them are being served.
    Nobody,
}

/// The place of somebody who is connected, as long as anything of the connection is left.
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    go: Arc<Notify>,
    /// Changes when the door closes.
    pub(super) ending: watch::Receiver<()>,
}

/// A request is being served while this lives.
pub(super) struct RequestGuard(Arc<Seat>);

impl Seats {
    pub(super) fn new(door: &Arc<Door>) -> Arc<Seats> {
        Arc::new(Seats { door: Arc::clone(door), rows: Mutex::default(), left: Notify::new() })
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for somebody; nothing where nobody can give way. Who has none, or has one no more, is counted as refused.
    pub(super) fn take(self: &Arc<Seats>, from: IpAddr, ending: &watch::Receiver<()>) -> Option<Arc<Seat>> {
        let from = from.to_canonical();
        let mut rows = self.rows();
        let gives_way = rows.gives_way(from);
        if gives_way != GivesWay::NoNeed {
            Door::count(&self.door.refused);
        }
        match gives_way {
            GivesWay::NoNeed => self.door.connected.store(rows.taken.len() as u32 + 1, Ordering::Relaxed),
            GivesWay::At(at) => rows.taken.swap_remove(at).go.notify_one(),
            GivesWay::Nobody => return None,
        }
        rows.count += 1;
        let (id, go) = (rows.count, Arc::<Notify>::default());
        let doing = rows.nothing();
        rows.taken.push(Row { id, from, doing, go: Arc::clone(&go) });
        Some(Arc::new(Seat { seats: Arc::clone(self), id, go, ending: ending.clone() }))
    }

    /// Waits until nobody is left.
    pub(super) async fn are_empty(&self) {
        while !self.rows().taken.is_empty() {
            self.left.notified().await;
        }
    }
}

impl Rows {
    fn nothing(&mut self) -> Doing {
        self.turn += 1;
        Doing::Nothing(self.turn)
    }

    /// Who gives way to somebody from there.
    fn gives_way(&self, from: IpAddr) -> GivesWay {
        let is_near = |row: &Row| row.from.is_loopback() == from.is_loopback();
        let is_same = |row: &Row| row.from == from;
        let longest = if !from.is_loopback() && self.count(is_same) >= SEATS_OF_ONE {
            self.longest(is_same)
        } else if self.count(is_near) >= SEATS {
            self.longest(is_near)
        } else {
            return GivesWay::NoNeed;
        };
        longest.map_or(GivesWay::Nobody, GivesWay::At)
    }

    fn count(&self, is_it: impl Fn(&Row) -> bool) -> usize {
        self.taken.iter().filter(|row| is_it(row)).count()
    }

    /// Who of them has asked for nothing longest.
    fn longest(&self, is_it: impl Fn(&Row) -> bool) -> Option<usize> {
        let waits = |(at, row): (usize, &Row)| match row.doing {
            Doing::Nothing(since) if is_it(row) => Some((since, at)),
            _ => None,
        };
        self.taken.iter().enumerate().filter_map(waits).min().map(|(_, at)| at)
    }
}

impl Seat {
    /// Somebody else has the seat now.
    pub(super) async fn is_lost(&self) {
        self.go.notified().await;
    }

    /// A request has arrived.
    pub(super) fn asked(self: &Arc<Seat>) -> RequestGuard {
        self.set(|_| Doing::Asking);
        RequestGuard(Arc::clone(self))
    }

    /// From now on it is a WebSocket; whether there is room for one.
    pub(super) fn becomes_socket(&self) -> bool {
        let mut rows = self.seats.rows();
        let Some(own) = rows.taken.iter().position(|row| row.id == self.id) else { return false };
        let is_own = rows.taken[own].from.is_loopback();
        let sockets = rows.count(|row| row.doing == Doing::Socket && row.from.is_loopback() == is_own);
        if sockets >= SOCKETS_MAX {
            return false;
        }
        rows.taken[own].doing = Doing::Socket;
        true
    }

    fn set(&self, doing: impl FnOnce(&mut Rows) -> Doing) {
        let mut rows = self.seats.rows();
        let doing = doing(&mut rows);
        // Whoever lost it does nothing any more.
        if let Some(row) = rows.taken.iter_mut().find(|row| row.id == self.id && row.doing != Doing::Socket) {
            row.doing = doing;
        }
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.set(Rows::nothing);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rows = self.seats.rows();
        rows.taken.retain(|row| row.id != self.id);
        self.seats.door.connected.store(rows.taken.len() as u32, Ordering::Relaxed);
        self.seats.left.notify_one();
    }
}

#[cfg(test)]
mod tests;
