//! Thru: messages from one port are sent to others at once, on another channel where the route sets one.
//!
//! [`Thru`] lives with the input, on the thread its bytes come in on; the control thread sets the [`Routes`], which are
//! levels. Notes and controllers and SysEx are passed on; the clock is not, for busker's own goes to every port. A
//! note, a pedal or a bend that was passed on is ended where it was sent, even if the route or the input is gone by
//! then.

use super::{
    scheduler::{SendRequest, What},
    scheduler_thread::SchedulerSender,
    sent::PortIndex,
};
use crate::midi::{Channel, HeldState, Message, parser::ParsedMessage};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The thread an inlet runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// One that may wake others and ask for memory.
    Thread,
    /// The audio callback.
    Callback,
}

/// Ports an engine has at most.
pub const MOST_PORTS: usize = 16;

/// The route of an input's messages to one output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Nothing is sent there.
    #[default]
    Off,
    /// They are sent there as they come.
    AsIs,
    /// They are sent there on this channel.
    On(Channel),
}

impl Route {
    fn to_byte(self) -> u8 {
        match self {
            Route::Off => 0,
            Route::On(channel) => channel.nibble() + 1,
            Route::AsIs => 17,
        }
    }

    fn of_byte(byte: u8) -> Route {
        match byte {
            0 => Route::Off,
            byte => Channel::new(byte).map_or(Route::AsIs, Route::On),
        }
    }
}

/// The routes of an input's messages, for each output. Set by the control thread, read by the input's. Realtime: yes.
#[derive(Debug, Default)]
pub struct Routes([AtomicU8; MOST_PORTS]);

impl Routes {
    /// Sets the route to a port; a port out of range is ignored.
    pub fn set(&self, port: PortIndex, route: Route) {
        if let Some(cell) = self.0.get(usize::from(port.0)) {
            cell.store(route.to_byte(), Ordering::Relaxed);
        }
    }

    /// The route to a port.
    pub fn get(&self, port: PortIndex) -> Route {
        self.0.get(usize::from(port.0)).map_or(Route::Off, |cell| Route::of_byte(cell.load(Ordering::Relaxed)))
    }
}

/// Passes an input's messages on.
pub struct Thru {
    routes: Arc<Routes>,
    queue: SchedulerSender,
    place: Where,
    /// The routes when the last message came.
    was: [Route; MOST_PORTS],
    /// Notes, pedals and bends at each port that were not ended.
    held: Box<[HeldState; MOST_PORTS]>,
}

impl Thru {
    /// Passes messages to the scheduler through this queue.
    pub fn new(routes: Arc<Routes>, queue: SchedulerSender, place: Where) -> Thru {
        Thru { routes, queue, place, was: [Route::Off; MOST_PORTS], held: Box::default() }
    }

    /// Passes on a message that came in at `at_ns`.
    pub fn pass(&mut self, at_ns: u64, parsed: ParsedMessage<'_>) {
        for port in (0..MOST_PORTS as u8).map(PortIndex) {
            let route = self.routes.get(port);
            if std::mem::replace(&mut self.was[usize::from(port.0)], route) != route {
                self.release(at_ns, port);
            }
            match (route, parsed) {
                (Route::Off, _) => {}
                (_, ParsedMessage::SysEx(bytes)) if self.place == Where::Thread => {
                    self.queue.send(SendRequest { port, due_ns: at_ns, what: What::SysEx(bytes.into()) });
                }
                (_, ParsedMessage::SysEx(_)) => {}
                (Route::AsIs, ParsedMessage::Short(message)) => self.pass_short(at_ns, port, message),
                (Route::On(channel), ParsedMessage::Short(message)) => {
                    self.pass_short(at_ns, port, message.on_channel(channel));
                }
            }
        }
    }

    fn pass_short(&mut self, at_ns: u64, port: PortIndex, message: Message) {
        if message.channel().is_none() {
            return;
        }
        self.held[usize::from(port.0)].track(&message);
        self.queue.send(SendRequest { port, due_ns: at_ns, what: What::Message(message) });
    }

    /// Ends notes, pedals and bends that were passed on to a port.
    fn release(&mut self, at_ns: u64, port: PortIndex) {
        let held = std::mem::take(&mut self.held[usize::from(port.0)]);
        for end in held.ends() {
            self.queue.send(SendRequest { port, due_ns: at_ns, what: What::Message(end) });
        }
    }

    /// Ends all notes, pedals and bends that were passed on.
    pub fn release_all(&mut self, at_ns: u64) {
        for port in (0..MOST_PORTS as u8).map(PortIndex) {
            self.release(at_ns, port);
        }
    }
}
