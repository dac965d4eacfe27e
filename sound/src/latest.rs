//! A latest-value cell between one writer and any number of readers, for levels: the newest value wins.
//!
//! A sequence lock over atomics, without unsafe code. The writer never waits. A reader that meets a write in progress
//! tries a few times and then keeps its old value, so a real-time reader never waits for the writer either.
//!
//! [`level`] makes a cell and both its halves, for one reader.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};

/// Plain data that fits into `N` words.
pub trait Words<const N: usize>: Copy {
    /// The value as words.
    fn to_words(self) -> [u64; N];
    /// The value of words.
    fn from_words(words: [u64; N]) -> Self;
}

impl Words<1> for f32 {
    fn to_words(self) -> [u64; 1] {
        [u64::from(self.to_bits())]
    }

    fn from_words([word]: [u64; 1]) -> f32 {
        f32::from_bits(word as u32)
    }
}

/// The cell. Only one thread at a time may write (the owner of the value).
#[derive(Debug)]
pub struct Latest<const N: usize> {
    sequence: AtomicU64,
    words: [AtomicU64; N],
}

/// Enough for a write of a few hundred words to finish; after that the reader keeps its old value.
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

    /// Brings a reader's copy up to date. If each try met a write, the copy stays as it was. Realtime: yes.
    pub fn renew<T: Words<N>>(&self, copy: &mut T) {
        if let Some((value, _)) = self.read() {
            *copy = value;
        }
    }

    /// The value and its write count, unless a write was in progress.
    fn read<T: Words<N>>(&self) -> Option<(T, u64)> {
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            if before.is_multiple_of(2) {
                let words = std::array::from_fn(|i| self.words[i].load(Ordering::Relaxed));
                fence(Ordering::Acquire);
                if self.sequence.load(Ordering::Relaxed) == before {
                    return Some((T::from_words(words), before));
                }
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Begins a write and never ends it.
    #[cfg(test)]
    pub fn hang(&self) {
        self.sequence.fetch_or(1, Ordering::Relaxed);
    }
}

/// The writer's half of a level.
#[derive(Debug)]
pub struct LevelWriter<T, const N: usize> {
    cell: Arc<Latest<N>>,
    value: T,
}

/// The reader's half of a level.
#[derive(Debug)]
pub struct LevelReader<T, const N: usize> {
    cell: Arc<Latest<N>>,
    value: T,
    /// The number of the last write that was read.
    seen: u64,
}

/// Both halves of a level with this first value.
pub fn level<T: Words<N>, const N: usize>(value: T) -> (LevelWriter<T, N>, LevelReader<T, N>) {
    let cell = Arc::new(Latest::new(value));
    (LevelWriter { cell: Arc::clone(&cell), value }, LevelReader { cell, value, seen: 0 })
}

impl<T: Words<N>, const N: usize> LevelWriter<T, N> {
    /// Changes the value and publishes it. Realtime: yes.
    pub fn change(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.value);
        self.cell.write(self.value);
    }
}

impl<T: Words<N>, const N: usize> LevelReader<T, N> {
    /// The newest value, if it was written since the last call. One load if it was not. Realtime: yes.
    pub fn changed(&mut self) -> Option<&T> {
        if self.cell.sequence.load(Ordering::Relaxed) == self.seen {
            return None;
        }
        (self.value, self.seen) = self.cell.read()?;
        Some(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

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
    fn a_reader_that_meets_a_write_keeps_its_old_value() {
        let cell = Latest::<4>::new([7; 4]);
        cell.hang();
        let mut words = [3; 4];
        cell.renew(&mut words);
        assert_eq!(words, [3; 4]);
    }

    #[test]
    fn a_level_is_given_once_for_each_change_and_the_newest_wins() {
        let (mut writer, mut reader) = level([1; 4]);
        assert_eq!(reader.changed(), None);
        writer.change(|words| words[0] = 2);
        writer.change(|words| words[1] = 3);
        assert_eq!(reader.changed(), Some(&[2, 3, 1, 1]));
        assert_eq!(reader.changed(), None);
    }

    #[test]
    fn a_change_that_is_being_written_is_read_next_time() {
        let (mut writer, mut reader) = level([1; 4]);
        writer.cell.hang();
        assert_eq!(reader.changed(), None);
        writer.cell.sequence.store(0, Ordering::Relaxed);
        writer.change(|words| words[0] = 2);
        assert_eq!(reader.changed(), Some(&[2, 1, 1, 1]));
    }
}
