//! Messages that wait for one port: by time until they are due, by rank and then by time once they are. The scheduler
//! thread's. Realtime: yes.

use super::{super::sent::Payload, request::rank_of};
use crate::midi::{Channel, Rank};
use std::{cmp::Reverse, collections::BinaryHeap};

/// So many raw continuous messages keep their place among notes: a bend comes before the note it belongs to, as MPE
/// requires. On a DIN wire they hold up a note by 8 ms at most.
const CONTINUOUS_IN_ORDER: usize = 8;

/// An item that waits.
#[derive(Debug)]
pub(super) enum QueueItem {
    /// A message.
    Message(Payload),
    /// A value of a discrete controller, by its place: it is sent in order, as messages are.
    Value(u16, u16),
    /// The turn of a controller, by its place: its value is looked up when it is sent.
    Controller(u16),
}

impl QueueItem {
    fn is_message(&self) -> bool {
        !matches!(self, QueueItem::Controller(_))
    }

    fn rank(&self) -> Rank {
        match self {
            QueueItem::Message(payload) => rank_of(payload).min(Rank::Discrete),
            QueueItem::Value(..) => Rank::Discrete,
            QueueItem::Controller(_) => Rank::Continuous,
        }
    }

    fn is_raw_continuous(&self) -> bool {
        matches!(self, QueueItem::Message(payload) if rank_of(payload) == Rank::Continuous)
    }
}

/// An item that waits, with its place in the order.
#[derive(Debug)]
pub(super) struct QueueEntry {
    /// Not before this instant.
    pub due_ns: u64,
    /// The same before the port's offset.
    pub asked_ns: u64,
    /// Counts up; the lowest is sent first.
    pub arrival: u64,
    pub item: QueueItem,
    rank: Rank,
}

impl QueueEntry {
    pub(super) fn new(due_ns: u64, asked_ns: u64, arrival: u64, item: QueueItem) -> QueueEntry {
        QueueEntry { due_ns, asked_ns, arrival, rank: item.rank(), item }
    }
}

/// Heap order while it is not due.
#[derive(Debug)]
struct ByTime(QueueEntry);
/// Heap order once it is.
#[derive(Debug)]
struct ByRank(QueueEntry);

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
ordered_by!(ByTime, |q: &QueueEntry| (q.due_ns, q.arrival));
ordered_by!(ByRank, |q: &QueueEntry| (q.rank, q.due_ns, q.arrival));

/// All items that wait for one port.
#[derive(Debug)]
pub(super) struct PortQueue {
    waiting: BinaryHeap<Reverse<ByTime>>,
    ready: BinaryHeap<Reverse<ByRank>>,
    messages: usize,
    /// How many of them are raw and continuous.
    continuous: usize,
}

impl PortQueue {
    pub(super) fn with_capacity(capacity: usize) -> PortQueue {
        let (waiting, ready) = (BinaryHeap::with_capacity(capacity), BinaryHeap::with_capacity(capacity));
        PortQueue { waiting, ready, messages: 0, continuous: 0 }
    }

    /// Messages that wait; controllers are not counted.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    pub(super) fn push(&mut self, queued: QueueEntry) {
        self.messages += usize::from(queued.item.is_message());
        self.continuous += usize::from(queued.item.is_raw_continuous());
        self.waiting.push(Reverse(ByTime(queued)));
    }

    /// Whether so few raw continuous messages wait that one more may keep its place among the others.
    pub(super) fn keeps_continuous_in_order(&self) -> bool {
        self.continuous < CONTINUOUS_IN_ORDER
    }

    /// When the last ordered message that was asked for by then is due, on a channel or on all.
    pub(super) fn last_due_ns(&self, asked_ns: u64, channel: Option<Channel>) -> Option<u64> {
        let before = |queued: &&QueueEntry| queued.rank == Rank::Discrete && queued.asked_ns <= asked_ns;
        let same = |queued: &&QueueEntry| match &queued.item {
            QueueItem::Message(Payload::Short(message)) => channel.is_none() || message.channel() == channel,
            _ => true,
        };
        self.iter().filter(before).filter(same).map(|queued| queued.due_ns).max()
    }

    /// Items due by `now_ns` become ready.
    pub(super) fn ripen(&mut self, now_ns: u64) {
        while self.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
            if let Some(Reverse(ByTime(queued))) = self.waiting.pop() {
                self.ready.push(Reverse(ByRank(queued)));
            }
        }
    }

    /// When the first item that is not ready is due.
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse(ByTime(queued))| queued.due_ns)
    }

    /// The first ready item.
    pub(super) fn first(&self) -> Option<&QueueEntry> {
        self.ready.peek().map(|Reverse(ByRank(queued))| queued)
    }

    /// Takes the first ready item.
    pub(super) fn pop(&mut self) -> Option<QueueEntry> {
        let Reverse(ByRank(queued)) = self.ready.pop()?;
        self.messages -= usize::from(queued.item.is_message());
        self.continuous -= usize::from(queued.item.is_raw_continuous());
        Some(queued)
    }

    /// All items, in no order.
    fn iter(&self) -> impl Iterator<Item = &QueueEntry> {
        let waiting = self.waiting.iter().map(|Reverse(ByTime(queued))| queued);
        waiting.chain(self.ready.iter().map(|Reverse(ByRank(queued))| queued))
    }

    /// Drops all items but those `keep` returns true for. The memory of a SysEx is freed here.
    pub(super) fn retain(&mut self, keep: impl Fn(&QueueEntry) -> bool) {
        self.waiting.retain(|Reverse(ByTime(queued))| keep(queued));
        self.ready.retain(|Reverse(ByRank(queued))| keep(queued));
        self.messages = self.iter().filter(|queued| queued.item.is_message()).count();
        self.continuous = self.iter().filter(|queued| queued.item.is_raw_continuous()).count();
    }
}
