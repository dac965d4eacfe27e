//! Messages that are sent before all others on a port: one it has in part, a long SysEx in pieces, the ends of notes it
//! refused, and all notes off. The scheduler thread's. Realtime: yes, but for what the port itself does.

use super::{
    super::{
        super::sent::{Payload, SentMessage, SysEx},
        queue::QueueItem,
    },
    Hand, RETRY_NS, ScheduledPort, count,
};
use crate::{engine::realtime::may_alloc, midi::Rank};

/// How long the scheduler waits for a port that has taken a part of a long message; after that it counts as refusing.
const PATIENCE_NS: u64 = 2_000_000_000;
/// The end of a SysEx.
const SYSEX_END: [u8; 1] = [0xF7];

/// Why nothing can be sent.
pub(super) enum Stuck {
    /// The wire, or a message that was begun: until this instant.
    Until(u64),
    /// The port does not take anything.
    Refused,
}

/// A long SysEx that is sent in pieces.
pub(super) struct PartialSysEx {
    pub bytes: SysEx,
    pub done: usize,
    pub at_ns: u64,
    pub waited_ns: u64,
    /// The rest is not sent any more, but for the end.
    pub cut: bool,
}

impl ScheduledPort {
    /// All notes off: drops waiting messages, but for controllers, and for the ends of notes, which do no harm. A
    /// second one that comes while the first is still on the wire, with nothing behind it, has been obeyed already.
    pub(in super::super) fn panic(&mut self, now_ns: u64, asked_ns: u64) {
        self.queue.retain(|queued| match &queued.item {
            QueueItem::Message(Payload::Short(message)) => message.is_urgent(),
            QueueItem::Message(Payload::SysEx(_)) => false,
            QueueItem::Value(..) | QueueItem::Controller(_) => true,
        });
        self.controllers.forget_sent(None);
        if self.ended_all && self.pacer.is_busy(now_ns) && self.begun.is_none() {
            return;
        }
        self.cut_short();
        self.releases.owe_ends_of(&self.held, asked_ns);
        self.releases.owe_everything(asked_ns);
        (self.opens_ns, self.retry_at_ns) = (None, None);
    }

    /// Ends all notes, at the end of the engine. Waiting messages are dropped.
    pub(in super::super) fn silence(&mut self, now_ns: u64) {
        self.queue.retain(|queued| matches!(queued.item, QueueItem::Controller(_)));
        self.cut_short();
        self.releases.owe_ends_of(&self.held, now_ns);
        self.releases.owe_notes_off(self.played, now_ns);
        self.retry_at_ns = None;
    }

    /// A long SysEx ends here: notes do not wait for it.
    pub(super) fn cut_short(&mut self) {
        if let Some(begun) = &mut self.begun {
            begun.cut = true;
        }
    }

    /// Sends owed messages, where it is time to try.
    pub(in super::super) fn make_up(&mut self, hand: &mut Hand<'_>) {
        if self.is_there() {
            self.end_overflow(hand.now_ns);
            self.opens_ns = None;
            if self.must_catch_up(hand.now_ns)
                && let Err(Stuck::Until(opens_ns)) = self.catch_up(hand)
            {
                self.opens_ns = Some(opens_ns);
            }
        }
    }

    pub(super) fn end_overflow(&mut self, now_ns: u64) {
        if std::mem::take(&mut self.overflowed) {
            self.panic(now_ns, now_ns);
        }
    }

    pub(super) fn must_catch_up(&self, now_ns: u64) -> bool {
        self.is_behind() && self.retry_at_ns.is_none_or(|at_ns| at_ns <= now_ns)
    }

    /// Tries again after a wait, which doubles once for each try. Returns when.
    pub(super) fn try_again(&mut self, now_ns: u64) -> u64 {
        if let Some(at_ns) = self.retry_at_ns.filter(|at_ns| *at_ns > now_ns) {
            return at_ns;
        }
        let at_ns = now_ns + self.retry_wait_ns;
        self.retry_at_ns = Some(at_ns);
        self.retry_wait_ns = (self.retry_wait_ns * 2).min(RETRY_NS.1);
        at_ns
    }

    /// Finishes a message under way and ends the notes that the port did not let end.
    pub(super) fn catch_up(&mut self, hand: &mut Hand<'_>) -> Result<(), Stuck> {
        self.finish(hand.now_ns)?;
        self.send_pieces(hand)?;
        while let Some(message) = self.releases.first() {
            // A bend that is reset is no parameter that is set: it does not wait for controllers.
            let opened = self.pacer.gate(hand.now_ns, Rank::Discrete, message.bytes().len(), &self.panel);
            let opened_ns = opened.map_err(Stuck::Until)?;
            let since_ns = self.releases.since_ns;
            // A refused message is sent when the port takes it, whenever it was due.
            let refused = self.retry_at_ns.is_some() || since_ns == 0;
            let at_ns = if refused { hand.now_ns } else { since_ns.max(opened_ns) };
            let asked_ns = if since_ns == 0 { hand.now_ns } else { since_ns };
            if self.hand_over(hand, asked_ns, at_ns, Payload::Short(message)).is_err() {
                self.try_again(hand.now_ns);
                return Err(Stuck::Refused);
            }
            self.releases.paid(&message);
            self.ended_all = self.releases.is_everything_paid();
        }
        self.retry_at_ns = None;
        Ok(())
    }

    /// Goes on with a message that the port has taken in part. Other messages wait for a port that is only slow.
    pub(super) fn finish(&mut self, now_ns: u64) -> Result<(), Stuck> {
        let Some(since_ns) = self.unfinished_ns else { return Ok(()) };
        if may_alloc(|| self.out.finish()).is_ok() {
            self.unfinished_ns = None;
            return Ok(());
        }
        let retry_ns = self.try_again(now_ns);
        let patient = now_ns.saturating_sub(since_ns) < PATIENCE_NS;
        Err(if patient { Stuck::Until(retry_ns) } else { Stuck::Refused })
    }

    /// Goes on with a long SysEx, as much of it as fits before the next pulse.
    pub(super) fn send_pieces(&mut self, hand: &mut Hand<'_>) -> Result<(), Stuck> {
        while let Some(begun) = &mut self.begun {
            let rest = if begun.cut { &SYSEX_END } else { &begun.bytes[begun.done..] };
            let bytes = self.pacer.piece(hand.now_ns, rest.len(), &self.panel).map_err(Stuck::Until)?;
            // Where no byte of it was sent there is nothing to end.
            let unheard = begun.cut && begun.done == 0;
            if !unheard && may_alloc(|| self.out.send(hand.now_ns, &rest[..bytes])).is_err() {
                self.try_again(hand.now_ns);
                return Err(Stuck::Refused);
            }
            begun.done += bytes;
            self.ended_all = false;
            if begun.cut {
                self.begun = None;
                count(&self.panel.dropped);
            } else if begun.done == begun.bytes.len()
                && let Some(PartialSysEx { bytes, at_ns, waited_ns, .. }) = self.begun.take()
            {
                hand.log.push(SentMessage { at_ns, waited_ns, port: self.index, payload: Payload::SysEx(bytes) });
            }
            if !unheard {
                self.pacer.spend(hand.now_ns, bytes);
                self.took(hand.now_ns);
            }
            self.finish(hand.now_ns)?;
        }
        Ok(())
    }
}
