//! Seats: the connections, and which one is closed for a new one where all seats are taken. On the thread of HTTP.
//!
//! This machine has seats of its own, so that other machines cannot keep it out; of the others none can take them all.
//! Where no seat is free, the connection that has been idle longest is closed for the new one: connections that send
//! nothing, or slowly, keep no client out. A connection with a request under way, and every WebSocket, stays.

use crate::engine::doors::Door;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::sync::{Notify, watch};

/// Connections of this machine at once, and as many of all others.
pub(super) const SEATS: usize = 64;
/// Of the others, those of one machine at most.
pub(super) const SEATS_OF_ONE: usize = 16;
/// WebSockets at most, among those of this machine, and among those of all others.
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
    /// Connections so far.
    count: u64,
    /// Counts up whenever a connection becomes idle.
    turn: u64,
}

/// A seat that is taken.
struct Row {
    id: u64,
    from: IpAddr,
    doing: Doing,
    go: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Idle since that turn.
    Nothing(u64),
    /// A request is being served.
    Asking,
    /// It is a WebSocket.
    Socket,
}

/// Which connection is closed for a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GivesWay {
    /// There is room.
    NoNeed,
    /// The connection at this place.
    At(usize),
    /// None: a request is under way on all of them.
    Nobody,
}

/// The seat of a connection, as long as anything of it is left.
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

    /// A seat for a new connection; `None` where no other can be closed for it. A connection that gets none, or loses
    /// its own, is counted as refused.
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

    /// Waits until no connection is left.
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

    /// Which connection is closed for one from there.
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

    /// The one of them that has been idle longest.
    fn longest(&self, is_it: impl Fn(&Row) -> bool) -> Option<usize> {
        let waits = |(at, row): (usize, &Row)| match row.doing {
            Doing::Nothing(since) if is_it(row) => Some((since, at)),
            _ => None,
        };
        self.taken.iter().enumerate().filter_map(waits).min().map(|(_, at)| at)
    }
}

impl Seat {
    /// Waits until another connection has the seat.
    pub(super) async fn is_lost(&self) {
        self.go.notified().await;
    }

    /// A request has arrived.
    pub(super) fn asked(self: &Arc<Seat>) -> RequestGuard {
        self.set(|_| Doing::Asking);
        RequestGuard(Arc::clone(self))
    }

    /// From now on it is a WebSocket; returns whether there is room for one.
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
        // A connection that lost its seat has no row any more.
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
