//! Messages that come in at a port, on their way to the control thread and, where they are passed on, to the scheduler.
//!
//! [`Inlet`] belongs to the thread the port's bytes come in on, [`MidiIn`] to the control thread. A message is an
//! event, so it travels on a ring; one that finds no room is counted. Realtime: yes, but a SysEx that is passed on
//! (thru) is copied to memory of its own, which an inlet of the callback does not do.

pub use super::thru::Where;
use super::{
    message_queue::{MessageReceiver, MessageSender, message_queue},
    scheduler_thread::{QueueDrops, SchedulerQueue, quiet_scheduler_queue, scheduler_queue},
    sent::{Payload, PortIndex},
    thru::{Routes, Thru},
};
use crate::midi::{
    Message,
    parser::{ParsedMessage, Parser},
};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

/// A received message.
#[derive(Debug)]
pub struct ReceivedMessage {
    /// Its instant, in ns on the engine's clock.
    pub at_ns: u64,
    /// Its port.
    pub port: PortIndex,
    /// Its bytes.
    pub payload: Payload,
}

/// Called when the control thread should read a message at once: any but the timing clock and active sensing.
pub type InputWaker = Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>;

/// The port's half.
pub struct Inlet {
    parser: Parser,
    queue: MessageSender,
    lost: Arc<AtomicU64>,
    thru: Thru,
    knock: Option<InputWaker>,
}

/// An input: the control thread's half.
pub struct MidiIn {
    port: PortIndex,
    queue: MessageReceiver,
    lost: Arc<AtomicU64>,
    routes: Arc<Routes>,
    thru: Option<SchedulerQueue>,
    thru_drops: QueueDrops,
    knock: Option<InputWaker>,
}

/// Both halves of an input.
pub fn input(place: Where) -> (Inlet, MidiIn) {
    let (sender, receiver) = message_queue();
    let (thru_sender, thru) = match place {
        Where::Thread => scheduler_queue(),
        Where::Callback => quiet_scheduler_queue(),
    };
    let (lost, routes) = (Arc::<AtomicU64>::default(), Arc::<Routes>::default());
    let thru_drops = thru_sender.drops();
    let knock = (place == Where::Thread).then(InputWaker::default);
    let inlet = Inlet {
        parser: Parser::new(),
        queue: sender,
        lost: Arc::clone(&lost),
        thru: Thru::new(Arc::clone(&routes), thru_sender, place),
        knock: knock.clone(),
    };
    (inlet, MidiIn { port: PortIndex(0), queue: receiver, lost, routes, thru: Some(thru), thru_drops, knock })
}

impl Inlet {
    /// Takes bytes that came in at `at_ns`, in any pieces.
    pub fn hear(&mut self, at_ns: u64, bytes: &[u8]) {
        let Inlet { parser, queue, lost, thru, knock } = self;
        let dropped = parser.dropped();
        let mut urgent = false;
        parser.feed(bytes, |parsed| {
            let bytes = match &parsed {
                ParsedMessage::Short(message) => message.bytes(),
                ParsedMessage::SysEx(bytes) => bytes,
            };
            urgent |= is_urgent(bytes);
            if queue.send(at_ns as i64, bytes).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
            thru.pass(at_ns, parsed);
        });
        lost.fetch_add(parser.dropped() - dropped, Ordering::Relaxed);
        if urgent && let Some(knock) = knock.as_ref().and_then(|knock| knock.get()) {
            knock();
        }
    }

    /// The port is gone, or the next bytes do not continue the last ones: drops an unfinished message and ends notes
    /// that were passed on.
    pub fn interrupted(&mut self, at_ns: u64) {
        self.parser.reset();
        self.thru.release_all(at_ns);
    }
}

/// The song, an envelope or a mapped knob may wait for it. The timing clock and active sensing come all the time, and
/// their instants are enough.
fn is_urgent(bytes: &[u8]) -> bool {
    !matches!(bytes.first(), Some(0xF8 | 0xFE))
}

impl MidiIn {
    /// This input as one of the engine's ports.
    pub fn at(self, port: PortIndex) -> MidiIn {
        MidiIn { port, ..self }
    }

    /// The port it belongs to.
    pub fn port(&self) -> PortIndex {
        self.port
    }

    /// The next message in the order they came in.
    pub fn pop(&mut self) -> Option<ReceivedMessage> {
        let (at, bytes) = self.queue.pop()?;
        let payload = match Message::from_bytes(bytes) {
            Some(message) => Payload::Short(message),
            None => Payload::SysEx(bytes.into()),
        };
        Some(ReceivedMessage { at_ns: at as u64, port: self.port, payload })
    }

    /// Messages lost: for want of room, or because a SysEx was too long or broken.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Messages that found no room on their way to the ports they are passed on to.
    pub fn not_passed_on(&self) -> u64 {
        self.thru_drops.count()
    }

    /// The ports its messages are passed on to.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The scheduler's half of the queue for messages that are passed on; once.
    pub fn take_thru(&mut self) -> Option<SchedulerQueue> {
        self.thru.take()
    }

    /// From now on `knock` is called when an urgent message came in.
    pub fn on_message(&self, knock: impl Fn() + Send + Sync + 'static) {
        if let Some(cell) = &self.knock {
            // It is set only here.
            let _ = cell.set(Box::new(knock));
        }
    }

    /// Whether a message wakes no thread: the control thread must look for it.
    pub fn is_quiet(&self) -> bool {
        self.knock.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_with_their_instant_and_port_and_lost_ones_are_counted() {
        let (mut inlet, input) = input(Where::Thread);
        let mut input = input.at(PortIndex(3));
        inlet.hear(7, &[0xB0, 43]);
        inlet.hear(9, &[0xF8, 32, 0xF0, 1, 0xF7]);
        let heard: Vec<(u64, u8, Vec<u8>)> =
            std::iter::from_fn(|| input.pop()).map(|r| (r.at_ns, r.port.0, r.payload.bytes().to_vec())).collect();
        assert_eq!(heard, [(9, 3, vec![0xF8]), (9, 3, vec![0xB0, 43, 32]), (9, 3, vec![0xF0, 1, 0xF7])]);
        inlet.hear(10, &[0xF0, 1, 0x90]);
        assert_eq!(input.lost(), 1);
        inlet.hear(11, &vec![0xF8; 100_000]);
        let kept = std::iter::from_fn(|| input.pop()).count() as u64;
        assert!(kept > 1000, "{kept}");
        assert_eq!(input.lost(), 1 + 100_000 - kept);
    }

    #[test]
    fn everything_knocks_but_the_timing_clock_and_active_sensing() {
        let (mut inlet, input) = input(Where::Thread);
        let knocks = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&knocks);
        input.on_message(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        inlet.hear(0, &[0xF8, 0xFE, 0xF8, 0x90]);
        assert_eq!(knocks.load(Ordering::Relaxed), 0);
        inlet.hear(0, &[60, 100]);
        inlet.hear(0, &[0xFA, 0xF2, 1, 1]);
        assert_eq!(knocks.load(Ordering::Relaxed), 2);
    }
}
