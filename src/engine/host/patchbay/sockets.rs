//! Both sockets of a port: the scheduler's and the clock's connection are made and ended together.
//!
//! A sending thread that does not look takes no more than a few changes; the newest then waits here.

use crate::engine::midi::{
    plug::{Plug, Socket, plug},
    port::MidiOut,
};

/// A connection for each sending thread: the scheduler's, the clock's.
pub(super) type Outs = [Box<dyn MidiOut>; 2];

/// The keeper's halves of a port's two plugs.
pub(super) struct Sockets([Half; 2]);

struct Half {
    socket: Socket,
    waiting: Option<Waiting>,
}

enum Waiting {
    Connected(Box<dyn MidiOut>),
    Gone,
}

impl Sockets {
    /// Both halves of both, connected to these or not connected yet.
    pub(super) fn new(outs: Option<Outs>) -> (Sockets, [Plug; 2]) {
        let half = |out| {
            let (socket, plug) = plug(out);
            (Half { socket, waiting: None }, plug)
        };
        let [scheduler, clock] = outs.map_or([None, None], |outs| outs.map(Some));
        let ((a, scheduler), (b, clock)) = (half(scheduler), half(clock));
        (Sockets([a, b]), [scheduler, clock])
    }

    /// Hands new connections over; they replace those before.
    pub(super) fn connect(&mut self, outs: Outs) {
        for (half, out) in self.0.iter_mut().zip(outs) {
            half.waiting = Some(Waiting::Connected(out));
            half.settle();
        }
    }

    /// Sends both threads the change that the port is gone.
    pub(super) fn disconnect(&mut self) {
        for half in &mut self.0 {
            half.waiting = Some(Waiting::Gone);
            half.settle();
        }
    }

    /// Whether a sending thread has ended: then it closed the connection itself.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.iter().any(|half| half.socket.is_abandoned())
    }

    /// Closes connections that came back and hands over those that wait; true where none waits any more.
    pub(super) fn settle(&mut self) -> bool {
        let [scheduler, clock] = &mut self.0;
        let settled = [scheduler.settle(), clock.settle()];
        settled == [true; 2]
    }
}

impl Half {
    fn settle(&mut self) -> bool {
        self.socket.close_old();
        self.waiting = match self.waiting.take() {
            None => None,
            Some(Waiting::Gone) if self.socket.disconnect() => None,
            Some(Waiting::Gone) => Some(Waiting::Gone),
            Some(Waiting::Connected(out)) => self.socket.connect(out).err().map(Waiting::Connected),
        };
        self.waiting.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::midi::{plug::Nowhere, port::PortNews};

    #[test]
    fn a_thread_that_did_not_look_for_long_gets_the_newest_connection() {
        let outs = || -> Outs { [Box::new(Nowhere), Box::new(Nowhere)] };
        let (mut sockets, mut plugs) = Sockets::new(None);
        for _ in 0..50 {
            sockets.connect(outs());
            sockets.disconnect();
        }
        sockets.connect(outs());
        assert!(!sockets.settle());
        let mut last = [None; 2];
        while !sockets.settle() {
            for (plug, last) in plugs.iter_mut().zip(&mut last) {
                *last = plug.news().or(*last);
            }
        }
        for (plug, last) in plugs.iter_mut().zip(&mut last) {
            while let Some(news) = plug.news() {
                *last = Some(news);
            }
            assert_eq!(*last, Some(PortNews::Connected));
        }
    }
}
