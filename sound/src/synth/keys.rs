//! The held keys, in the order they were pressed. Runs in the audio callback.

/// Maximum held keys; one more replaces the oldest.
const KEYS: usize = 16;

/// Held notes, newest last.
#[derive(Default)]
pub struct Keys {
    notes: [u8; KEYS],
    count: usize,
}

impl Keys {
    /// The newest note still held.
    pub fn newest(&self) -> Option<u8> {
        self.notes[..self.count].last().copied()
    }

    pub fn press(&mut self, note: u8) {
        self.release(note);
        if self.count == KEYS {
            self.notes.copy_within(1.., 0);
            self.count -= 1;
        }
        self.notes[self.count] = note;
        self.count += 1;
    }

    pub fn release(&mut self, note: u8) {
        if let Some(at) = self.notes[..self.count].iter().position(|&n| n == note) {
            self.notes.copy_within(at + 1..self.count, at);
            self.count -= 1;
        }
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releasing_the_newest_key_returns_to_the_one_before() {
        let mut keys = Keys::default();
        [60, 64, 67].into_iter().for_each(|n| keys.press(n));
        keys.release(64);
        assert_eq!(keys.newest(), Some(67));
        keys.release(67);
        assert_eq!(keys.newest(), Some(60));
        keys.release(60);
        assert_eq!(keys.newest(), None);
    }

    #[test]
    fn a_seventeenth_key_replaces_the_first() {
        let mut keys = Keys::default();
        (0..17).for_each(|n| keys.press(n));
        (1..17).rev().for_each(|n| {
            assert_eq!(keys.newest(), Some(n));
            keys.release(n);
        });
        assert_eq!(keys.newest(), None);
    }
}
