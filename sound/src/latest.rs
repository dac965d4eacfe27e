//! A latest-value cell between one writer and any number of readers, for levels: the newest value wins.
//!
//! A sequence lock over atomics, without unsafe code. The writer never waits. A reader that meets a write in
//! progress tries a few times and then keeps what it had, so a real-time reader never waits for the writer either.

use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Plain data that fits into `N` words.
pub trait Words<const N: usize>: Copy {
    /// As words.
    fn to_words(self) -> [u64; N];
    /// Back from words.
    fn from_words(words: [u64; N]) -> Self;
}

/// The cell. Writing is for one thread at a time (the owner of the value).
#[derive(Debug)]
pub struct Latest<const N: usize> {
    sequence: AtomicU64,
    words: [AtomicU64; N],
}

/// Enough for a write of a few hundred words to pass; after that the reader goes on with what it had.
const TRIES: usize = 8;

impl<const N: usize> Latest<N> {
    /// A cell that holds `value`.
    pub fn new<T: Words<N>>(value: T) -> Latest<N> {
        Latest { sequence: AtomicU64::new(0), words: value.to_words().map(AtomicU64::new) }
    }

    /// Replaces the value. Realtime: yes.
    pub fn write<T: Words<N>>(&self, value: T) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(value.to_words()) {
            cell.store(word, Ordering::Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(2), Ordering::Release);
    }

    /// Brings a reader's copy up to date. Where a write kept coming in between, the copy stays as it was. Realtime: yes.
    pub fn renew<T: Words<N>>(&self, copy: &mut T) {
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            if before.is_multiple_of(2) {
                let words = std::array::from_fn(|i| self.words[i].load(Ordering::Relaxed));
                fence(Ordering::Acquire);
                if self.sequence.load(Ordering::Relaxed) == before {
                    *copy = T::from_words(words);
                    return;
                }
            }
            std::hint::spin_loop();
        }
    }

    /// Begins a write that nobody finishes.
    #[cfg(test)]
    pub fn hang(&self) {
        self.sequence.fetch_or(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    impl Words<4> for [u64; 4] {
        fn to_words(self) -> [u64; 4] {
            self
        }

        fn from_words(words: [u64; 4]) -> Self {
            words
        }
    }

    #[test]
    fn a_reader_never_sees_half_a_write() {
        let cell = Arc::new(Latest::<4>::new([0; 4]));
        let writer = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || (1..200_000u64).for_each(|i| cell.write([i; 4])))
        };
        let (mut newest, mut words) = (0, [0; 4]);
        while !writer.is_finished() {
            cell.renew(&mut words);
            assert_eq!(words, [words[0]; 4]);
            assert!(words[0] >= newest, "time went backwards");
            newest = words[0];
        }
        writer.join().unwrap();
        cell.renew(&mut words);
        assert_eq!(words, [199_999; 4]);
    }

    #[test]
    fn a_reader_that_meets_a_write_keeps_what_it_had() {
        let cell = Latest::<4>::new([7; 4]);
        cell.hang();
        let mut words = [3; 4];
        cell.renew(&mut words);
        assert_eq!(words, [3; 4]);
    }
}
