//! Messages for later: a bounded number, in the order of their instants. Pure; the caller gives the time.

use std::{collections::BTreeMap, time::Instant};

/// Entries with instants. Those of one instant stay in the order they came in.
#[derive(Debug)]
pub struct Agenda<T> {
    entries: BTreeMap<(Instant, u64), T>,
    count: u64,
}

impl<T> Agenda<T> {
    /// The most entries.
    pub const ENTRIES_MAX: usize = 1024;

    /// An empty agenda.
    pub fn new() -> Agenda<T> {
        Agenda { entries: BTreeMap::new(), count: 0 }
    }

    /// Adds an entry, or gives it back where there is no room.
    ///
    /// # Errors
    /// The same entry.
    pub fn put(&mut self, due: Instant, thing: T) -> Result<(), T> {
        if self.entries.len() >= Self::ENTRIES_MAX {
            return Err(thing);
        }
        self.entries.insert((due, self.count), thing);
        self.count += 1;
        Ok(())
    }

    /// When the next entry is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next entry that is due.
    pub fn take(&mut self, now: Instant) -> Option<T> {
        self.entries.first_entry().filter(|entry| entry.key().0 <= now).map(|entry| entry.remove())
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn entries_come_at_their_instant_and_in_the_order_they_were_put() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut agenda = Agenda::new();
        for (ms, thing) in [(20, 'c'), (10, 'a'), (20, 'd'), (10, 'b')] {
            agenda.put(at(ms), thing).unwrap();
        }
        assert_eq!((agenda.take(start), agenda.next_due()), (None, Some(at(10))));
        let taken: String = std::iter::from_fn(|| agenda.take(at(20))).collect();
        assert_eq!((taken.as_str(), agenda.next_due()), ("abcd", None));
    }

    #[test]
    fn an_entry_that_finds_no_room_is_given_back() {
        let start = Instant::now();
        let mut agenda = Agenda::default();
        assert!((0..Agenda::<usize>::ENTRIES_MAX).all(|thing| agenda.put(start, thing).is_ok()));
        assert_eq!(agenda.put(start, 7), Err(7));
    }
}
