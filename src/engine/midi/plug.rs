//! A port that can be connected and disconnected: one half does that, the other sends.
//!
//! The keeper's half ([`Socket`]) hands connections over and gets the old ones back, so the sending thread neither
//! opens nor closes any. Connections are events: they travel on rings, and none is lost.

use super::port::{MidiOut, PortNews, SendFailed};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};

/// Changes that may be under way; the keeper waits for the sender to take them.
const CAPACITY: usize = 8;

enum Change {
    Connected(Box<dyn MidiOut>),
    Gone,
}

/// The keeper's half.
pub struct Socket {
    changes: HeapProd<Change>,
    old: HeapCons<Box<dyn MidiOut>>,
}

/// The sending thread's half: a port that is there or not.
pub struct Plug {
    // Dropped before the connection, so that the keeper knows that no other thread closed it.
    changes: HeapCons<Change>,
    out: Option<Box<dyn MidiOut>>,
    old: HeapProd<Box<dyn MidiOut>>,
}

/// Both halves, connected to this, or not connected yet.
pub fn plug(out: Option<Box<dyn MidiOut>>) -> (Socket, Plug) {
    let (changes_in, changes) = HeapRb::new(CAPACITY).split();
    let (old_in, old) = HeapRb::new(CAPACITY).split();
    (Socket { changes: changes_in, old }, Plug { out, changes, old: old_in })
}

impl Socket {
    /// Hands a new connection over; it replaces the one before. Gives it back where the sender did not take the last
    /// few: then try again later.
    ///
    /// # Errors
    /// The connection that was not taken.
    pub fn connect(&mut self, out: Box<dyn MidiOut>) -> Result<(), Box<dyn MidiOut>> {
        self.close_old();
        self.changes.try_push(Change::Connected(out)).map_err(|change| match change {
            Change::Connected(out) => out,
            Change::Gone => Box::new(Nowhere),
        })
    }

    /// Sends the sender the change that the port is gone; false where it did not take the last few changes.
    pub fn disconnect(&mut self) -> bool {
        self.close_old();
        self.changes.try_push(Change::Gone).is_ok()
    }

    /// Whether the sender has ended; its connection ended with it.
    pub fn is_abandoned(&self) -> bool {
        !self.changes.read_is_held()
    }

    /// Closes connections that the sender gave back.
    pub fn close_old(&mut self) {
        while let Some(old) = self.old.try_pop() {
            drop(old);
        }
    }
}

impl Plug {
    fn put_away(&mut self) {
        // As many come back as were handed over, so there is room.
        if let Some(old) = self.out.take()
            && let Err(old) = self.old.try_push(old)
        {
            drop(old);
        }
    }
}

impl MidiOut for Plug {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.out.as_mut().map_or(Err(SendFailed), |out| out.send(at_ns, bytes))
    }

    fn finish(&mut self) -> Result<(), SendFailed> {
        self.out.as_mut().map_or(Ok(()), |out| out.finish())
    }

    fn takes_pieces(&self) -> bool {
        self.out.as_ref().is_some_and(|out| out.takes_pieces())
    }

    fn is_there(&self) -> bool {
        self.out.is_some()
    }

    fn news(&mut self) -> Option<PortNews> {
        let change = self.changes.try_pop()?;
        self.put_away();
        match change {
            Change::Connected(out) => {
                self.out = Some(out);
                Some(PortNews::Connected)
            }
            Change::Gone => Some(PortNews::Gone),
        }
    }
}

/// A port that is never there.
pub struct Nowhere;

impl MidiOut for Nowhere {
    fn send(&mut self, _: u64, _: &[u8]) -> Result<(), SendFailed> {
        Err(SendFailed)
    }

    fn is_there(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    struct Counted(Arc<AtomicUsize>);

    impl MidiOut for Counted {
        fn send(&mut self, _: u64, _: &[u8]) -> Result<(), SendFailed> {
            Ok(())
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn connections_are_closed_by_the_half_that_opened_them() {
        let closed = Arc::new(AtomicUsize::new(0));
        let (mut socket, mut plug) = plug(None);
        assert_eq!(plug.send(0, &[0xF8]), Err(SendFailed));
        assert!(socket.connect(Box::new(Counted(Arc::clone(&closed)))).is_ok());
        assert_eq!(plug.news(), Some(PortNews::Connected));
        assert_eq!(plug.send(0, &[0xF8]), Ok(()));
        assert!(socket.disconnect());
        assert_eq!(plug.news(), Some(PortNews::Gone));
        assert!(!plug.is_there());
        assert_eq!(plug.news(), None);
        assert_eq!(closed.load(Ordering::Relaxed), 0, "the sending thread closed a connection");
        socket.close_old();
        assert_eq!(closed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_sender_that_does_not_look_gets_no_more_and_loses_nothing() {
        let (mut socket, mut plug) = plug(None);
        while socket.disconnect() {}
        assert!(socket.connect(Box::new(Nowhere)).is_err());
        while plug.news().is_some() {}
        assert!(socket.connect(Box::new(Nowhere)).is_ok());
        assert!(!socket.is_abandoned());
        drop(plug);
        assert!(socket.is_abandoned());
    }
}
