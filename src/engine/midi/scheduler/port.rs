//! One port: its waiting messages, the known state of its synth, and the sending. The scheduler thread's. Realtime:
//! yes, but for what the port itself does, and for the memory of a dropped SysEx, which is freed here.
//!
//! Nothing here waits for another port. Messages that end notes and were refused are owed: they are sent before
//! anything else, so that nothing overtakes them, and tried again until the port takes them or is gone.

mod catch_up;

use super::{
    super::{
        panel::PortPanel,
        port::{MidiOut, PortNews, SendFailed},
        pulse_watch::PulseWatch,
        sent::{Payload, PortIndex, SentLog, SentMessage},
    },
    QUEUE, QUEUE_FOR_URGENT, SchedulerPort,
    controllers::{self, CONTROLLERS, ContinuousOutcome, ContinuousTarget, Controllers, DiscreteOutcome},
    pending_releases::PendingReleases,
    queue::{PortQueue, QueueEntry, QueueItem},
    request::{What, is_discrete, rank_of},
    wire_pacer::WirePacer,
};
use crate::{
    engine::realtime::may_alloc,
    midi::{Channel, HeldState, Message, Rank},
};
use catch_up::{PartialSysEx, Stuck};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// First and longest wait before a port that refused a message is tried again; it doubles in between.
pub(super) const RETRY_NS: (u64, u64) = (5_000_000, 500_000_000);

/// The pedal that makes notes last (MIDI 1.0).
const HOLD_PEDAL: u8 = 64;

/// The time and the counters of a step.
pub(super) struct Hand<'a> {
    /// The instant of the step.
    pub now_ns: u64,
    /// The time as it passes during the step.
    pub clock: &'a dyn Fn() -> u64,
    pub log: &'a mut SentLog,
}

/// One port with the known state of its synth.
pub(super) struct ScheduledPort {
    index: PortIndex,
    out: Box<dyn MidiOut>,
    panel: Arc<PortPanel>,
    queue: PortQueue,
    controllers: Controllers,
    pacer: WirePacer,
    arrivals: u64,
    /// Notes and pedals that the synth holds; while the port is away, those it held when it went.
    held: HeldState,
    /// Channels that messages were sent on, one bit each; kept while the port is away.
    used: u16,
    /// Those of them on which notes, pedals or bends were sent.
    played: u16,
    releases: PendingReleases,
    /// The last messages sent ended everything that can sound.
    ended_all: bool,
    begun: Option<PartialSysEx>,
    /// Since when the port has only a part of a long message.
    unfinished_ns: Option<u64>,
    /// A note-off found no room: all notes off is due.
    overflowed: bool,
    /// The port's offset at the last look, and whether it changed since messages wait.
    offset_ns: i64,
    was_moved: bool,
    /// When the first message that is ready and held back may be sent; `None` while that is not known.
    opens_ns: Option<u64>,
    retry_at_ns: Option<u64>,
    retry_wait_ns: u64,
    shown_waiting: u32,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl ScheduledPort {
    pub(super) fn new(index: PortIndex, port: SchedulerPort, pulses: Option<PulseWatch>) -> ScheduledPort {
        let SchedulerPort { out, panel, wire } = port;
        ScheduledPort {
            index,
            out,
            panel,
            // Each controller has a turn, and as many may have been replaced.
            queue: PortQueue::with_capacity(QUEUE + QUEUE_FOR_URGENT + 2 * CONTROLLERS),
            controllers: Controllers::new(),
            pacer: WirePacer::new(wire, pulses),
            arrivals: 0,
            held: HeldState::default(),
            used: 0,
            played: 0,
            releases: PendingReleases::default(),
            ended_all: false,
            begun: None,
            unfinished_ns: None,
            overflowed: false,
            offset_ns: 0,
            was_moved: false,
            opens_ns: None,
            retry_at_ns: None,
            retry_wait_ns: RETRY_NS.0,
            shown_waiting: 0,
        }
    }

    /// Messages that wait.
    pub(super) fn messages(&self) -> usize {
        self.queue.messages()
    }

    /// Takes a request that came at `now_ns`, where so many messages wait for all ports together.
    pub(super) fn submit(&mut self, now_ns: u64, asked_ns: u64, what: What, messages: usize) {
        if !self.out.is_there() {
            return;
        }
        self.opens_ns = None;
        let asked_ns = if asked_ns == 0 { now_ns } else { asked_ns };
        let due_ns = self.shifted(asked_ns, now_ns);
        let urgent = what.is_urgent();
        let (channel, item) = match what {
            // Where there is no room the newest value waits for its turn.
            What::Control { channel, target, halves, value, .. } if is_discrete(target) && messages < QUEUE => {
                match self.controllers.ask(
                    (channel, ContinuousTarget::Target(target, halves)),
                    value,
                    self.arrivals + 1,
                ) {
                    DiscreteOutcome::Full => return count(&self.panel.dropped),
                    DiscreteOutcome::Held => return,
                    DiscreteOutcome::Taken(place) => (Some(channel), QueueItem::Value(place, value)),
                }
            }
            What::Control { channel, target, halves, value, spacing_ns, glide_ns } => {
                return self.turn(
                    (channel, ContinuousTarget::Target(target, halves)),
                    value,
                    (spacing_ns, glide_ns),
                    due_ns,
                );
            }
            What::Known { channel, target, value } => return self.controllers.know(channel, target, value),
            What::Panic => return self.panic(now_ns, asked_ns),
            What::Message(message) => {
                // Controllers, programs and bends: any of them may set a parameter.
                if matches!(message.bytes().first(), Some(0xB0..=0xCF | 0xE0..=0xEF)) {
                    self.controllers.forget_sent(message.channel());
                }
                if let Some(((channel, place), value)) = controllers::turned_by(&message) {
                    if !self.queue.keeps_continuous_in_order() {
                        // So many wait that of each only the newest value counts.
                        return self.turn((channel, place), value, (0, 0), due_ns);
                    }
                    self.controllers.overtaken(channel, place);
                }
                (message.channel(), QueueItem::Message(Payload::Short(message)))
            }
            What::SysEx(bytes) => (None, QueueItem::Message(Payload::SysEx(bytes))),
        };
        let room = if urgent { QUEUE + QUEUE_FOR_URGENT } else { QUEUE };
        if messages >= room {
            count(&self.panel.dropped);
            self.overflowed |= urgent;
            return;
        }
        let due_ns = self.after_the_others(asked_ns, due_ns, channel);
        self.arrivals += 1;
        self.queue.push(QueueEntry::new(due_ns, asked_ns, self.arrivals, item));
    }

    /// Sets a continuous target: its newest value is sent at its turn.
    fn turn(
        &mut self,
        place: (Channel, ContinuousTarget),
        value: u16,
        (spacing_ns, glide_ns): (u64, u64),
        due_ns: u64,
    ) {
        match self.controllers.turn(place, value, spacing_ns, glide_ns, due_ns) {
            ContinuousOutcome::Full => count(&self.panel.dropped),
            ContinuousOutcome::Taken { place, replaced } => {
                if replaced {
                    count(&self.panel.coalesced);
                }
                self.queue_turn(place);
            }
        }
    }

    /// Not before the messages asked for earlier on the same channel: the port's clock offset may have changed in
    /// between.
    fn after_the_others(&mut self, asked_ns: u64, due_ns: u64, channel: Option<Channel>) -> u64 {
        let offset_ns = self.panel.offset_ns();
        let moved = std::mem::replace(&mut self.offset_ns, offset_ns) != offset_ns;
        self.was_moved = self.queue.messages() > 0 && (self.was_moved || moved);
        if !self.was_moved {
            return due_ns;
        }
        self.queue.last_due_ns(asked_ns, channel).map_or(due_ns, |last_ns| last_ns.max(due_ns))
    }

    /// The instant at which a message is sent, moved by the port's offset: earlier only where there is still time.
    fn shifted(&self, asked_ns: u64, now_ns: u64) -> u64 {
        asked_ns.saturating_add_signed(self.panel.offset_ns()).max(asked_ns.min(now_ns))
    }

    /// Puts a controller's turn into the queue, where it has none that comes in time.
    fn queue_turn(&mut self, place: u16) {
        if self.controllers.must_clear() {
            let ScheduledPort { queue, controllers, .. } = self;
            queue.retain(|queued| match queued.item {
                QueueItem::Controller(place) => controllers.is_live(place, queued.arrival),
                QueueItem::Message(_) | QueueItem::Value(..) => true,
            });
            controllers.cleared();
        }
        self.arrivals += 1;
        let arrival = self.arrivals;
        if let Some(due_ns) = self.controllers.take_turn(place, arrival) {
            self.queue.push(QueueEntry::new(due_ns, due_ns, arrival, QueueItem::Controller(place)));
        }
    }

    /// Notices that the port came or went; true where it is there.
    pub(super) fn is_there(&mut self) -> bool {
        while let Some(news) = may_alloc(|| self.out.news()) {
            match news {
                PortNews::Gone => self.forget(),
                PortNews::Connected => {
                    self.forget_synth();
                    // The synth may have kept its notes, or be another one with a pedal of its own.
                    self.releases.owe_ends_of(&std::mem::take(&mut self.held), 0);
                    for channel in Channel::all().filter(|channel| self.used >> channel.nibble() & 1 == 1) {
                        self.releases.owe(&Message::control(channel, HOLD_PEDAL, 0), 0);
                    }
                    self.releases.owe_notes_off(self.used, 0);
                }
            }
        }
        let there = self.out.is_there();
        if !there && (self.waits() > 0 || self.is_behind()) {
            self.forget();
        }
        there
    }

    /// The port is gone: drops all waiting messages.
    fn forget(&mut self) {
        self.queue.retain(|_| false);
        self.controllers.forget();
        self.forget_synth();
    }

    /// Another synth may be behind the port than before.
    fn forget_synth(&mut self) {
        self.controllers.forget_sent(None);
        self.pacer.forget();
        (self.releases, self.ended_all) = (PendingReleases::default(), false);
        (self.begun, self.unfinished_ns, self.overflowed) = (None, None, false);
        (self.opens_ns, self.retry_at_ns, self.retry_wait_ns) = (None, None, RETRY_NS.0);
    }

    /// Messages that wait, controllers on the move included.
    fn waits(&self) -> usize {
        self.queue.messages() + self.controllers.moving()
    }

    fn show_waiting(&mut self) {
        let waits = self.waits() as u32;
        if std::mem::replace(&mut self.shown_waiting, waits) != waits {
            self.panel.waits(waits);
        }
    }

    /// Whether a message must be sent before all others.
    fn is_behind(&self) -> bool {
        self.unfinished_ns.is_some() || self.begun.is_some() || !self.releases.is_empty()
    }

    /// See [`super::Scheduler::next_due_ns`].
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        let held = if self.overflowed {
            Some(0)
        } else if self.queue.first().is_some() {
            Some(self.opens_ns.unwrap_or(0))
        } else {
            self.owing_until_ns()
        };
        self.queue.next_due_ns().into_iter().chain(held).min()
    }

    /// When the owed messages may be sent; `None` where there are none.
    pub(super) fn owing_until_ns(&self) -> Option<u64> {
        self.is_behind().then(|| self.opens_ns.or(self.retry_at_ns).unwrap_or(0))
    }

    /// Sends every message that is due and that the wire takes, in order.
    pub(super) fn step(&mut self, hand: &mut Hand<'_>) {
        if self.is_there() {
            self.show_waiting();
            self.queue.ripen(hand.now_ns);
            self.end_overflow(hand.now_ns);
            self.opens_ns = self.send_ready(hand);
        }
        self.show_waiting();
    }

    /// Sends the ready messages; returns when the first that is held back may be sent.
    fn send_ready(&mut self, hand: &mut Hand<'_>) -> Option<u64> {
        loop {
            let first = self.first();
            if self.is_behind() && (first.is_some() || self.must_catch_up(hand.now_ns)) {
                match self.catch_up(hand) {
                    Ok(()) => {}
                    Err(Stuck::Until(opens_ns)) => return Some(opens_ns),
                    Err(Stuck::Refused) => {
                        self.refuse_ready(hand.now_ns);
                        return None;
                    }
                }
            }
            let (rank, bytes) = first?;
            match self.pacer.gate(hand.now_ns, rank, bytes, &self.panel) {
                Ok(opened_ns) => self.send_first(hand, opened_ns),
                Err(opens_ns) => return Some(opens_ns),
            }
        }
    }

    /// The rank and the bytes of the next message. Turns of controllers that have nothing to send are over.
    fn first(&mut self) -> Option<(Rank, usize)> {
        loop {
            let QueueEntry { arrival, item, .. } = self.queue.first()?;
            let arrival = *arrival;
            match item {
                QueueItem::Message(payload) if self.in_pieces(payload) => return Some((rank_of(payload), 1)),
                QueueItem::Message(payload) => return Some((rank_of(payload), payload.bytes().len())),
                QueueItem::Value(place, _) => {
                    let bytes = self.controllers.get(*place).map_or(0, controllers::bytes);
                    return Some((Rank::Discrete, bytes));
                }
                QueueItem::Controller(place) => {
                    let place = *place;
                    match self.controllers.get(place) {
                        Some(controller) if self.controllers.is_live(place, arrival) => {
                            return Some((Rank::Continuous, controllers::bytes(controller)));
                        }
                        _ => {
                            self.queue.pop();
                            self.controllers.end_turn(place, arrival);
                        }
                    }
                }
            }
        }
    }

    fn in_pieces(&self, payload: &Payload) -> bool {
        matches!(payload, Payload::SysEx(bytes) if self.pacer.wants_pieces(bytes.len())) && self.out.takes_pieces()
    }

    /// Sends the first ready message. The wire has had room since `opened_ns`.
    fn send_first(&mut self, hand: &mut Hand<'_>, opened_ns: u64) {
        let Some(QueueEntry { due_ns, arrival, item, .. }) = self.queue.pop() else { return };
        match item {
            QueueItem::Value(place, value) => {
                let Some(where_to) = self.controllers.get(place).map(|c| (c.channel, c.place)) else { return };
                match self.send_value(hand, where_to, value, due_ns, due_ns.max(opened_ns)) {
                    Ok(()) => self.controllers.answered(place),
                    Err(_) => self.refuse_value(hand.now_ns, place, value, arrival),
                }
            }
            QueueItem::Controller(place) => {
                self.controllers.end_turn(place, arrival);
                self.send_controller(hand, place, opened_ns);
                self.queue_turn(place);
                // A glide may have its next value at this very instant.
                self.queue.ripen(hand.now_ns);
            }
            QueueItem::Message(Payload::SysEx(bytes))
                if self.pacer.wants_pieces(bytes.len()) && self.out.takes_pieces() =>
            {
                let waited_ns = (hand.clock)().saturating_sub(due_ns);
                self.begun = Some(PartialSysEx { bytes, done: 0, at_ns: due_ns.max(opened_ns), waited_ns, cut: false });
            }
            QueueItem::Message(payload) => {
                let short = if let Payload::Short(message) = &payload { Some(*message) } else { None };
                if self.hand_over(hand, due_ns, due_ns.max(opened_ns), payload).is_err() {
                    self.refuse(hand.now_ns, due_ns, short);
                }
            }
        }
    }

    fn send_controller(&mut self, hand: &mut Hand<'_>, place: u16, opened_ns: u64) {
        let Some(controller) = self.controllers.get(place).filter(|c| c.is_due(hand.now_ns)) else { return };
        let Some((asked_ns, at_ns, value)) = controller.value(hand.now_ns, opened_ns) else { return };
        if controller.holds(value) {
            return self.controllers.passed(place, value);
        }
        match self.send_value(hand, (controller.channel, controller.place), value, asked_ns, at_ns) {
            Ok(()) => self.controllers.sent(place, value, hand.now_ns),
            Err(in_part) => {
                let retry_ns = self.try_again(hand.now_ns);
                if self.controllers.refused(place, in_part, retry_ns) {
                    count(&self.panel.refused);
                }
            }
        }
    }

    /// Sends the messages that carry a value.
    ///
    /// # Errors
    /// Whether the port took some of them before it refused.
    fn send_value(
        &mut self,
        hand: &mut Hand<'_>,
        (channel, place): (Channel, ContinuousTarget),
        value: u16,
        asked_ns: u64,
        at_ns: u64,
    ) -> Result<(), bool> {
        for (i, message) in controllers::encode(channel, place, value).into_iter().flatten().enumerate() {
            self.hand_over(hand, asked_ns, at_ns, Payload::Short(message)).map_err(|SendFailed| i > 0)?;
        }
        Ok(())
    }

    /// The port refused a value that was to be sent in order: the newest is tried again.
    fn refuse_value(&mut self, now_ns: u64, place: u16, value: u16, arrival: u64) {
        count(&self.panel.refused);
        let retry_ns = self.try_again(now_ns);
        self.controllers.ask_again(place, value, arrival, retry_ns);
        self.queue_turn(place);
    }

    /// Sends a message to the port and logs it.
    fn hand_over(
        &mut self,
        hand: &mut Hand<'_>,
        asked_ns: u64,
        at_ns: u64,
        payload: Payload,
    ) -> Result<(), SendFailed> {
        may_alloc(|| self.out.send(at_ns, payload.bytes()))?;
        self.pacer.spend(hand.now_ns, payload.bytes().len());
        self.ended_all = false;
        if let Payload::Short(message) = &payload {
            self.track(message);
        }
        self.took(hand.now_ns);
        let waited_ns = (hand.clock)().saturating_sub(asked_ns);
        hand.log.push(SentMessage { at_ns, waited_ns, port: self.index, payload });
        Ok(())
    }

    /// The port took a message, perhaps in part.
    fn took(&mut self, now_ns: u64) {
        self.retry_wait_ns = RETRY_NS.0;
        if may_alloc(|| self.out.finish()).is_err() {
            self.unfinished_ns = Some(now_ns);
            self.try_again(now_ns);
        }
    }

    fn track(&mut self, message: &Message) {
        if let Some(channel) = message.channel() {
            self.used |= 1 << channel.nibble();
            self.played |= u16::from(message.hold().is_some()) << channel.nibble();
        }
        self.held.track(message);
    }

    /// The port refused a message: it is lost, unless it ends a note or a pedal.
    fn refuse(&mut self, now_ns: u64, due_ns: u64, message: Option<Message>) {
        count(&self.panel.refused);
        if let Some(message) = message.filter(Message::ends) {
            self.releases.owe(&message, due_ns);
            self.try_again(now_ns);
        }
    }

    /// Refuses every ready message, for the port takes nothing at all.
    fn refuse_ready(&mut self, now_ns: u64) {
        while let Some(QueueEntry { due_ns, arrival, item, .. }) = self.queue.pop() {
            match item {
                QueueItem::Message(Payload::Short(message)) => self.refuse(now_ns, due_ns, Some(message)),
                QueueItem::Message(Payload::SysEx(_)) => self.refuse(now_ns, due_ns, None),
                QueueItem::Value(place, value) => self.refuse_value(now_ns, place, value, arrival),
                QueueItem::Controller(place) => {
                    self.controllers.end_turn(place, arrival);
                    let retry_ns = self.try_again(now_ns);
                    if self.controllers.get(place).is_some_and(|c| c.is_due(now_ns))
                        && self.controllers.refused(place, false, retry_ns)
                    {
                        count(&self.panel.refused);
                    }
                    self.queue_turn(place);
                }
            }
        }
    }
}
