//! What goes out when: notes and controllers for every port, in order of class and due time.
//!
//! [`Scheduler`] is the scheduler thread's state, stepped with an instant; it reads no clock. Controllers are
//! coalesced to the newest value and spaced; the final value always goes out, pairs and NRPN are never torn, and
//! unchanged values are not sent twice. The queue is bounded; note-offs have room of their own and are never
//! dropped: where even that is full, the port gets all notes off instead. A note-off a port refuses is kept and tried
//! again until the port takes it, before anything else for that port, so that nothing overtakes it.

use super::{
    panel::PortPanel,
    port::{MidiOut, SendFailed},
    pulse_watch::PulseWatch,
    sent::{Payload, PortIndex, Sent, SentLog},
};
use crate::{
    midi::{Channel, Class, Message, Wire},
    music::Note,
    profile::Target,
};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Messages that may wait, note-offs apart.
pub const QUEUE: usize = 1000;
/// Further room for note-offs.
pub const QUEUE_FOR_NOTE_OFFS: usize = 512;
/// Controllers that may be on the move at once.
const CONTROLLERS: usize = 1024;
/// Least distance between two values of one controller, unless its profile says otherwise.
pub const SPACING_NS: u64 = 10_000_000;
/// First and longest wait before a port that refused a note-off is tried again; it doubles in between.
const RETRY_NS: (u64, u64) = (5_000_000, 500_000_000);

/// A request to send.
#[derive(Debug)]
pub struct Outgoing {
    /// Which port.
    pub port: PortIndex,
    /// Not before this instant, in ns on the engine's clock; 0 is at once.
    pub due_ns: u64,
    /// What.
    pub what: What,
}

/// What is to be sent.
#[derive(Debug)]
pub enum What {
    /// A short message.
    Message(Message),
    /// System exclusive, with its F0 and F7.
    SysEx(Box<[u8]>),
    /// A parameter's value; a newer one replaces it while it waits.
    Control {
        /// Where on the channel.
        channel: Channel,
        /// Which controller.
        target: Target,
        /// Within the target's resolution.
        value: u16,
        /// Least distance to the value before.
        spacing_ns: u64,
    },
    /// Nothing: the synth has this value already, because it said so. What waits for the same controller is not sent.
    Known {
        /// Where on the channel.
        channel: Channel,
        /// Which controller.
        target: Target,
        /// What the synth holds.
        value: u16,
    },
    /// All notes off, everywhere on the port, and nothing that waits is played.
    Panic,
}

impl What {
    /// Its place among the classes.
    pub fn class(&self) -> Class {
        match self {
            What::Message(message) => message.class(),
            What::SysEx(_) => Class::SysEx,
            What::Control { target: Target::PitchBend | Target::Program, .. } => Class::Expression,
            What::Control { .. } | What::Known { .. } => Class::Control,
            What::Panic => Class::NoteOff,
        }
    }
}

/// Counters for the screen. Relaxed atomics: each is a number on its own.
#[derive(Debug, Default)]
pub struct SchedulerStats {
    /// Messages handed to ports.
    pub sent: AtomicU64,
    /// Messages dropped for want of room.
    pub dropped: AtomicU64,
    /// Controller values replaced by newer ones before they went out.
    pub coalesced: AtomicU64,
    /// Messages a port refused.
    pub refused: AtomicU64,
}

/// A message that waits. Ordered by importance, then by time, then by arrival.
#[derive(Debug)]
struct Queued {
    due_ns: u64,
    arrival: u64,
    port: PortIndex,
    class: Class,
    payload: Payload,
}

/// Heap order while a message is not due.
#[derive(Debug)]
struct ByTime(Queued);
/// Heap order once it is.
#[derive(Debug)]
struct ByClass(Queued);

macro_rules! ordered_by {
    ($wrapper:ident, $key:expr) => {
        impl PartialEq for $wrapper {
            fn eq(&self, other: &Self) -> bool {
                $key(&self.0) == $key(&other.0)
            }
        }
        impl Eq for $wrapper {}
        impl PartialOrd for $wrapper {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $wrapper {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                $key(&self.0).cmp(&$key(&other.0))
            }
        }
    };
}
ordered_by!(ByTime, |q: &Queued| (q.due_ns, q.class, q.arrival));
ordered_by!(ByClass, |q: &Queued| (q.class, q.due_ns, q.arrival));

/// One controller's next value, and the one the synth holds.
#[derive(Debug)]
struct Controller {
    port: PortIndex,
    channel: Channel,
    target: Target,
    waiting: Option<u16>,
    last_sent: Option<u16>,
    due_ns: u64,
    spacing_ns: u64,
}

/// A port as the scheduler is given it.
pub struct SchedulerPort {
    /// Where messages go.
    pub out: Box<dyn MidiOut>,
    /// Its settings and counters.
    pub panel: Arc<PortPanel>,
    /// How fast it takes them.
    pub wire: Wire,
}

/// One port with what is known of the synth behind it.
struct Port {
    out: Box<dyn MidiOut>,
    panel: Arc<PortPanel>,
    wire: Wire,
    /// Bit n of a channel's word: note n sounds.
    notes: [u128; 16],
    /// Channels anything was played on.
    used: u16,
    /// All notes off is owed: a note-off found no room, or the port refused one that is for no single note.
    owes_panic: bool,
    /// Bit n of a channel's word: the port refused the end of note n. A set, so there is room for all there can be.
    owes_off: [u128; 16],
    /// The port refused something that must not be lost: when it is tried again, and the wait after that.
    retry_at_ns: Option<u64>,
    retry_wait_ns: u64,
}

/// The queue and the ports. Realtime: yes, but for what the ports do.
pub struct Scheduler {
    ports: Vec<Port>,
    waiting: BinaryHeap<Reverse<ByTime>>,
    ready: BinaryHeap<Reverse<ByClass>>,
    controllers: Vec<Controller>,
    arrivals: u64,
    log: SentLog,
    pulses: Option<PulseWatch>,
    stats: Arc<SchedulerStats>,
    /// The newest instant it was told.
    now_ns: u64,
}

impl Scheduler {
    /// A scheduler for these ports; the log gets every message handed over. `pulses` says when wires must be free.
    pub fn new(ports: Vec<SchedulerPort>, log: SentLog, pulses: Option<PulseWatch>) -> Scheduler {
        let port = |SchedulerPort { out, panel, wire }| Port {
            out,
            panel,
            wire,
            notes: [0; 16],
            used: 0,
            owes_panic: false,
            owes_off: [0; 16],
            retry_at_ns: None,
            retry_wait_ns: RETRY_NS.0,
        };
        Scheduler {
            ports: ports.into_iter().map(port).collect(),
            waiting: BinaryHeap::with_capacity(QUEUE + QUEUE_FOR_NOTE_OFFS),
            ready: BinaryHeap::with_capacity(QUEUE + QUEUE_FOR_NOTE_OFFS),
            controllers: Vec::with_capacity(CONTROLLERS),
            arrivals: 0,
            log,
            pulses,
            stats: Arc::default(),
            now_ns: 0,
        }
    }

    /// How many ports there are.
    pub fn port_count(&self) -> u8 {
        self.ports.len() as u8
    }

    /// The counters.
    pub fn stats(&self) -> Arc<SchedulerStats> {
        Arc::clone(&self.stats)
    }

    /// Takes a request. What finds no room is counted and dropped, but never a note-off.
    pub fn submit(&mut self, request: Outgoing) {
        let class = request.what.class();
        let payload = match request.what {
            What::Control { channel, target, value, spacing_ns } => {
                return self.turn(request.port, channel, target, value, spacing_ns, request.due_ns);
            }
            What::Known { channel, target, value } => return self.know(request.port, channel, target, value),
            What::Panic => return self.panic(request.port, request.due_ns),
            What::Message(message) => {
                if class == Class::Control {
                    self.forget_sent(request.port);
                }
                Payload::Short(message)
            }
            What::SysEx(bytes) => Payload::SysEx(bytes),
        };
        let room = if class == Class::NoteOff { QUEUE + QUEUE_FOR_NOTE_OFFS } else { QUEUE };
        if self.waiting.len() + self.ready.len() < room {
            self.arrivals += 1;
            let Outgoing { port, due_ns, .. } = request;
            let class = if self.ends_waiting_note(port, due_ns, &payload) { Class::NoteOn } else { class };
            let queued = Queued { due_ns, arrival: self.arrivals, port, class, payload };
            self.waiting.push(Reverse(ByTime(queued)));
        } else {
            self.stats.dropped.fetch_add(1, Ordering::Relaxed);
            if class == Class::NoteOff
                && let Some(port) = self.ports.get_mut(usize::from(request.port.0))
            {
                port.owes_panic = true;
            }
        }
    }

    /// Whether this is the end of a note that has not begun yet. It must not overtake the beginning, or the note hangs.
    fn ends_waiting_note(&self, port: PortIndex, due_ns: u64, payload: &Payload) -> bool {
        let Payload::Short(off) = payload else { return false };
        let begins = |queued: &Queued| match &queued.payload {
            Payload::Short(on) => {
                queued.port == port
                    && queued.due_ns <= due_ns
                    && on.class() == Class::NoteOn
                    && (on.note() == off.note() || (off.note().is_none() && on.channel() == off.channel()))
            }
            Payload::SysEx(_) => false,
        };
        off.class() == Class::NoteOff
            && (self.waiting.iter().any(|Reverse(ByTime(queued))| begins(queued))
                || self.ready.iter().any(|Reverse(ByClass(queued))| begins(queued)))
    }

    fn know(&mut self, port: PortIndex, channel: Channel, target: Target, value: u16) {
        let last_sent = Some(value);
        let known = self.controllers.iter_mut().find(|c| c.port == port && c.channel == channel && c.target == target);
        if let Some(controller) = known {
            (controller.waiting, controller.last_sent) = (None, last_sent);
        } else if self.controllers.len() < CONTROLLERS {
            // With no room, the next value is sent although the synth may have it: no harm.
            let (waiting, due_ns, spacing_ns) = (None, 0, SPACING_NS);
            self.controllers.push(Controller { port, channel, target, waiting, last_sent, due_ns, spacing_ns });
        }
    }

    fn turn(&mut self, port: PortIndex, channel: Channel, target: Target, value: u16, spacing_ns: u64, due_ns: u64) {
        let known = self.controllers.iter_mut().find(|c| c.port == port && c.channel == channel && c.target == target);
        if let Some(controller) = known {
            if controller.waiting.is_some() {
                self.stats.coalesced.fetch_add(1, Ordering::Relaxed);
            } else {
                controller.due_ns = controller.due_ns.max(due_ns);
            }
            controller.spacing_ns = spacing_ns;
            controller.waiting = Some(value).filter(|value| controller.last_sent != Some(*value));
        } else if self.controllers.len() < CONTROLLERS {
            let waiting = Some(value);
            self.controllers.push(Controller { port, channel, target, waiting, last_sent: None, due_ns, spacing_ns });
        } else {
            self.stats.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The instant at which there is something to do; 0 is at once, nothing is never.
    pub fn next_due_ns(&self) -> Option<u64> {
        if !self.ready.is_empty() || self.ports.iter().any(|port| port.owes_panic && port.retry_at_ns.is_none()) {
            return Some(0);
        }
        let retry = self.ports.iter().filter_map(|port| port.retry_at_ns);
        let note = self.waiting.peek().map(|Reverse(ByTime(queued))| queued.due_ns);
        let controller = self.controllers.iter().filter(|c| c.waiting.is_some()).map(|c| c.due_ns).min();
        retry.chain(note).chain(controller).min()
    }

    /// Sends everything due by `now_ns`, the most important first.
    pub fn step(&mut self, now_ns: u64) {
        self.make_up(now_ns);
        while let Some(Reverse(ByTime(queued))) = self.waiting.peek()
            && queued.due_ns <= now_ns
        {
            if let Some(Reverse(ByTime(queued))) = self.waiting.pop() {
                self.ready.push(Reverse(ByClass(queued)));
            }
        }
        self.send_ready(now_ns, Class::Expression);
        self.send_controllers(now_ns);
        self.send_ready(now_ns, Class::SysEx);
    }

    /// Sends what ports owe, where it is time to try, and says when to try next, if anything is still owed.
    pub fn make_up(&mut self, now_ns: u64) -> Option<u64> {
        self.now_ns = now_ns;
        for index in (0..self.ports.len()).map(|i| PortIndex(i as u8)) {
            let port = &mut self.ports[usize::from(index.0)];
            if port.retry_at_ns.is_some_and(|at_ns| at_ns > now_ns) {
                continue;
            }
            if port.retry_at_ns.take().is_some() && self.catch_up(now_ns, index).is_err() {
                continue;
            }
            if std::mem::take(&mut self.ports[usize::from(index.0)].owes_panic) {
                self.panic(index, now_ns);
            }
        }
        self.ports.iter().filter_map(|port| port.retry_at_ns).min()
    }

    /// Finishes what a port has begun and ends the notes it did not let end. Nothing else may go before.
    fn catch_up(&mut self, at_ns: u64, index: PortIndex) -> Result<(), SendFailed> {
        let Scheduler { ports, log, stats, now_ns, .. } = self;
        let Some(port) = ports.get_mut(usize::from(index.0)) else { return Ok(()) };
        let caught_up = port.catch_up(at_ns, |message| {
            stats.sent.fetch_add(1, Ordering::Relaxed);
            log.push(Sent { at_ns, waited_ns: 0, port: index, payload: Payload::Short(message) });
        });
        if caught_up.is_err() {
            port.try_again(*now_ns);
        }
        caught_up
    }

    /// Sends what is ready up to a class.
    fn send_ready(&mut self, now_ns: u64, up_to: Class) {
        while let Some(Reverse(ByClass(queued))) = self.ready.peek()
            && queued.class <= up_to
        {
            if let Some(Reverse(ByClass(queued))) = self.ready.pop() {
                // When it was due, so that how late this thread woke does not show in what it sends.
                let at_ns = if queued.due_ns == 0 { now_ns } else { queued.due_ns };
                self.send(at_ns, queued.port, queued.payload);
            }
        }
    }

    fn send_controllers(&mut self, now_ns: u64) {
        for index in 0..self.controllers.len() {
            let controller = &mut self.controllers[index];
            if controller.due_ns > now_ns {
                continue;
            }
            if let Some(value) = controller.waiting.take() {
                controller.last_sent = Some(value);
                controller.due_ns = now_ns + controller.spacing_ns;
                let (port, channel, target) = (controller.port, controller.channel, controller.target);
                for message in encode(channel, target, value).into_iter().flatten() {
                    self.send(now_ns, port, Payload::Short(message));
                }
            }
        }
    }

    fn send(&mut self, at_ns: u64, index: PortIndex, payload: Payload) {
        let caught_up = self.catch_up(at_ns, index);
        let Some(port) = self.ports.get_mut(usize::from(index.0)) else { return };
        if let Payload::Short(message) = &payload {
            port.track(message);
        }
        match caught_up.and_then(|()| port.out.send(at_ns, payload.bytes())) {
            Ok(()) => {
                port.retry_wait_ns = RETRY_NS.0;
                if port.out.finish().is_err() {
                    port.try_again(self.now_ns);
                }
                self.stats.sent.fetch_add(1, Ordering::Relaxed);
                self.log.push(Sent { at_ns, waited_ns: 0, port: index, payload });
            }
            Err(SendFailed) => {
                if let Payload::Short(message) = &payload
                    && message.class() == Class::NoteOff
                {
                    port.owe(message);
                    port.try_again(self.now_ns);
                }
                self.stats.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// All notes off on a port: what waits for it is forgotten, but for note-offs, which do no harm.
    fn panic(&mut self, index: PortIndex, now_ns: u64) {
        let keep = |queued: &Queued| queued.port != index || queued.class <= Class::NoteOff;
        self.waiting.retain(|Reverse(ByTime(queued))| keep(queued));
        self.ready.retain(|Reverse(ByClass(queued))| keep(queued));
        self.forget_sent(index);
        self.release(index, now_ns);
        for channel in Channel::all() {
            for controller in [64, 120, 123] {
                self.send(now_ns, index, Payload::Short(Message::control(channel, controller, 0)));
            }
        }
    }

    /// What a port's synth holds is no longer known: the next value of each controller is sent, changed or not.
    fn forget_sent(&mut self, index: PortIndex) {
        for controller in self.controllers.iter_mut().filter(|c| c.port == index) {
            controller.last_sent = None;
        }
    }

    /// Ends every note that sounds on a port.
    fn release(&mut self, index: PortIndex, now_ns: u64) {
        for channel in Channel::all() {
            for number in 0..128 {
                let sounds = self
                    .ports
                    .get(usize::from(index.0))
                    .is_some_and(|port| port.notes[usize::from(channel.nibble())] >> number & 1 == 1);
                if sounds && let Some(note) = Note::new(number) {
                    self.send(now_ns, index, Payload::Short(Message::note_off(channel, note)));
                }
            }
        }
    }

    /// Leaves every synth silent: for the way out, whatever led there.
    pub fn silence(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
        for index in (0..self.ports.len()).map(|i| PortIndex(i as u8)) {
            self.release(index, now_ns);
            let used = self.ports[usize::from(index.0)].used;
            for channel in Channel::all().filter(|c| used >> c.nibble() & 1 == 1) {
                self.send(now_ns, index, Payload::Short(Message::control(channel, 123, 0)));
            }
        }
    }
}

impl Port {
    /// Keeps the end of notes that was refused.
    fn owe(&mut self, message: &Message) {
        match message.note() {
            Some((channel, note)) => self.owes_off[usize::from(channel.nibble())] |= 1 << note.number(),
            None => self.owes_panic = true,
        }
    }

    /// Tries again after a wait, which doubles once for each try.
    fn try_again(&mut self, now_ns: u64) {
        if self.retry_at_ns.is_none() {
            self.retry_at_ns = Some(now_ns + self.retry_wait_ns);
            self.retry_wait_ns = (self.retry_wait_ns * 2).min(RETRY_NS.1);
        }
    }

    /// See [`Scheduler::catch_up`].
    fn catch_up(&mut self, at_ns: u64, mut sent: impl FnMut(Message)) -> Result<(), SendFailed> {
        self.out.finish()?;
        for channel in Channel::all() {
            let owed = &mut self.owes_off[usize::from(channel.nibble())];
            while let Some(note) = Note::new(owed.trailing_zeros() as u8) {
                let off = Message::note_off(channel, note);
                self.out.send(at_ns, off.bytes())?;
                sent(off);
                *owed &= !(1 << note.number());
            }
        }
        Ok(())
    }

    fn track(&mut self, message: &Message) {
        if let Some(channel) = message.channel() {
            self.used |= 1 << channel.nibble();
        }
        if let Some((channel, note)) = message.note() {
            let notes = &mut self.notes[usize::from(channel.nibble())];
            match message.class() {
                Class::NoteOn => *notes |= 1 << note.number(),
                _ => *notes &= !(1 << note.number()),
            }
        }
    }
}

/// The messages that carry a value, in the order the NTS-1 mkII wants them: the fine half first.
fn encode(channel: Channel, target: Target, value: u16) -> [Option<Message>; 4] {
    let cc = |controller, value: u16| Some(Message::control(channel, controller, (value & 0x7F) as u8));
    let (fine, coarse) = (value, value >> 7);
    match target {
        Target::Cc(controller) => [cc(controller, value), None, None, None],
        Target::Cc14 { msb, lsb } => [cc(lsb, fine), cc(msb, coarse), None, None],
        Target::Nrpn { msb, lsb } => [cc(99, u16::from(msb)), cc(98, u16::from(lsb)), cc(38, fine), cc(6, coarse)],
        Target::Rpn { msb, lsb } => [cc(101, u16::from(msb)), cc(100, u16::from(lsb)), cc(38, fine), cc(6, coarse)],
        Target::PitchBend => [Some(Message::pitch_bend(channel, value)), None, None, None],
        Target::Program => [Some(Message::program(channel, (value & 0x7F) as u8)), None, None, None],
    }
}

#[cfg(test)]
mod tests;
