//! Thru: what comes in at one port goes out at others, at once, on another channel where that is asked for.
//!
//! [`Thru`] lives with the input, on the thread its bytes come in on; the control thread sets the [`Routes`], which are
//! levels. Notes and controllers and SysEx are passed on; the clock is not, for busker's own goes to every port. A note, a
//! pedal or a bend that was passed on is ended where it went, whatever becomes of the route or of the input.

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

/// Which thread an inlet lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// One that may wake others and ask for memory.
    Thread,
    /// The audio callback.
    Callback,
}

/// Ports an engine has at most.
pub const MOST_PORTS: usize = 16;

/// What becomes of an input's messages at one output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Nothing goes there.
    #[default]
    Off,
    /// They go there as they come.
    AsIs,
    /// They go there on this channel.
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

/// Where an input's messages go, for each output. Set by the control thread, read by the input's. Realtime: yes.
#[derive(Debug, Default)]
pub struct Routes([AtomicU8; MOST_PORTS]);

impl Routes {
    /// Sets where to; a port that cannot be is left alone.
    pub fn set(&self, port: PortIndex, route: Route) {
        if let Some(cell) = self.0.get(usize::from(port.0)) {
            cell.store(route.to_byte(), Ordering::Relaxed);
        }
    }

    /// What becomes of the messages at a port.
    pub fn get(&self, port: PortIndex) -> Route {
        self.0.get(usize::from(port.0)).map_or(Route::Off, |cell| Route::of_byte(cell.load(Ordering::Relaxed)))
    }
}

/// Passes an input's messages on.
pub struct Thru {
    routes: Arc<Routes>,
    queue: SchedulerSender,
    place: Where,
    /// As the routes were when the last message came.
    was: [Route; MOST_PORTS],
    /// What was begun at each port and not ended.
    held: Box<[HeldState; MOST_PORTS]>,
}

impl Thru {
    /// Passes messages to the scheduler through this queue.
    pub fn new(routes: Arc<Routes>, queue: SchedulerSender, place: Where) -> Thru {
        Thru { routes, queue, place, was: [Route::Off; MOST_PORTS], held: Box::default() }
    }

    /// Passes a message on that came in at `at_ns`.
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

    /// Ends what was passed on to a port and lasts: notes, pedals, bends.
    fn release(&mut self, at_ns: u64, port: PortIndex) {
        let held = std::mem::take(&mut self.held[usize::from(port.0)]);
        for end in held.ends() {
            self.queue.send(SendRequest { port, due_ns: at_ns, what: What::Message(end) });
        }
    }

    /// Ends everything that was passed on and lasts.
    pub fn release_all(&mut self, at_ns: u64) {
        for port in (0..MOST_PORTS as u8).map(PortIndex) {
            self.release(at_ns, port);
        }
    }
}
