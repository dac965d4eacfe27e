//! What waits for one port: by time until it is due, by importance once it is. The scheduler thread's. Realtime: yes.

use super::super::sent::Payload;
use crate::midi::Class;
use std::{cmp::Reverse, collections::BinaryHeap};

/// What waits.
#[derive(Debug)]
pub(super) enum Item {
    /// A message.
    Message(Payload),
    /// The turn of a controller, by its place: its value is looked up when it goes.
    Controller(u16),
}

/// Something that waits, with its place in the order.
#[derive(Debug)]
pub(super) struct Queued {
    /// Not before this instant.
    pub due_ns: u64,
    /// The same before the port's offset.
    pub asked_ns: u64,
    /// Counts up; what came first goes first.
    pub arrival: u64,
    pub class: Class,
    pub item: Item,
}

/// Heap order while it is not due.
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

/// Everything that waits for one port.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: BinaryHeap<Reverse<ByTime>>,
    ready: BinaryHeap<Reverse<ByClass>>,
    messages: usize,
}

impl Queue {
    pub(super) fn with_capacity(capacity: usize) -> Queue {
        let (waiting, ready) = (BinaryHeap::with_capacity(capacity), BinaryHeap::with_capacity(capacity));
        Queue { waiting, ready, messages: 0 }
    }

    /// How many messages wait; controllers are not counted.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    pub(super) fn push(&mut self, queued: Queued) {
        self.messages += usize::from(matches!(queued.item, Item::Message(_)));
        self.waiting.push(Reverse(ByTime(queued)));
    }

    /// What is due by `now_ns` is ready.
    pub(super) fn ripen(&mut self, now_ns: u64) {
        while self.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
            if let Some(Reverse(ByTime(queued))) = self.waiting.pop() {
                self.ready.push(Reverse(ByClass(queued)));
            }
        }
    }

    /// When the first of what is not ready is due.
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse(ByTime(queued))| queued.due_ns)
    }

    /// The most important of what is ready.
    pub(super) fn first(&self) -> Option<&Queued> {
        self.ready.peek().map(|Reverse(ByClass(queued))| queued)
    }

    /// Takes the most important of what is ready.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        let Reverse(ByClass(queued)) = self.ready.pop()?;
        self.messages -= usize::from(matches!(queued.item, Item::Message(_)));
        Some(queued)
    }

    /// Everything, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Queued> {
        let waiting = self.waiting.iter().map(|Reverse(ByTime(queued))| queued);
        waiting.chain(self.ready.iter().map(|Reverse(ByClass(queued))| queued))
    }

    /// Forgets everything else. The memory of a SysEx is freed here.
    pub(super) fn retain(&mut self, keep: impl Fn(&Queued) -> bool) {
        self.waiting.retain(|Reverse(ByTime(queued))| keep(queued));
        self.ready.retain(|Reverse(ByClass(queued))| keep(queued));
        self.messages = self.iter().filter(|queued| matches!(queued.item, Item::Message(_))).count();
    }
}
