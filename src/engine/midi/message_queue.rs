//! Messages with their instant on a ring: from the scheduler to a port that lives in the audio callback (JACK, the
//! built-in synth), where the instant is a frame, and from an input to the control thread, where it is in ns.
//!
//! A ring of bytes: each entry is its instant, its length and the message, so that SysEx and short messages travel
//! alike and nothing is allocated or freed on either side. Bounded; the last [`RESERVED_BYTES`] are for note-offs and
//! pedals that are lifted, so a flood of controllers cannot leave a note hanging.

use crate::midi::{Message, parser::LONGEST_SYSEX_BYTES};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};

/// Room for some 5000 short messages or a dozen of the largest SysEx.
const CAPACITY_BYTES: usize = 64 * 1024;
/// Room that only urgent messages may take ([`Message::is_urgent`]).
pub const RESERVED_BYTES: usize = 8 * 1024;
/// The longest message that may travel: the longest a parser keeps.
pub const LONGEST_BYTES: usize = LONGEST_SYSEX_BYTES;

const HEADER_BYTES: usize = 10;

/// The sender's half.
pub struct MessageSender {
    ring: HeapProd<u8>,
}

/// The receiver's half.
pub struct MessageReceiver {
    ring: HeapCons<u8>,
    next: Option<(i64, usize)>,
    message: Box<[u8; LONGEST_BYTES]>,
}

/// Both halves.
pub fn message_queue() -> (MessageSender, MessageReceiver) {
    let (producer, consumer) = HeapRb::new(CAPACITY_BYTES).split();
    let receiver = MessageReceiver { ring: consumer, next: None, message: Box::new([0; LONGEST_BYTES]) };
    (MessageSender { ring: producer }, receiver)
}

/// The queue has no room for this message; it was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct QueueFull;

impl MessageSender {
    /// Sends a complete message with its instant. Realtime: yes.
    ///
    /// # Errors
    /// Where there is no room, or the message is longer than [`LONGEST_BYTES`].
    pub fn send(&mut self, at: i64, bytes: &[u8]) -> Result<(), QueueFull> {
        let urgent = Message::from_bytes(bytes).is_some_and(|m| m.is_urgent());
        let keep_free = if urgent { 0 } else { RESERVED_BYTES };
        if bytes.len() > LONGEST_BYTES || self.ring.vacant_len() < HEADER_BYTES + bytes.len() + keep_free {
            return Err(QueueFull);
        }
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&at.to_le_bytes());
        header[8..].copy_from_slice(&(bytes.len() as u16).to_le_bytes());
        self.ring.push_slice(&header);
        self.ring.push_slice(bytes);
        Ok(())
    }
}

impl MessageReceiver {
    /// The next message with its instant, due or not. Realtime: yes.
    pub fn pop(&mut self) -> Option<(i64, &[u8])> {
        self.pop_before(i64::MAX)
    }

    /// The next message due before `end`, with its instant. Realtime: yes.
    pub fn pop_before(&mut self, end: i64) -> Option<(i64, &[u8])> {
        if self.next.is_none() && self.ring.occupied_len() >= HEADER_BYTES {
            let mut header = [0; HEADER_BYTES];
            self.ring.pop_slice(&mut header);
            let (at, len) = header.split_at(8);
            let at = at.try_into().map_or(0, i64::from_le_bytes);
            let len = len.try_into().map_or(0, u16::from_le_bytes);
            self.next = Some((at, usize::from(len)));
        }
        let (at, len) = self.next?;
        // The header may be visible before the message behind it; then it is for the next block.
        if at >= end || self.ring.occupied_len() < len {
            return None;
        }
        self.next = None;
        let message = &mut self.message[..len];
        self.ring.pop_slice(message);
        Some((at, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn messages_arrive_whole_in_order_and_not_before_their_time(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..100),
        ) {
            let (mut sender, mut receiver) = message_queue();
            for (i, message) in messages.iter().enumerate() {
                sender.send(i as i64 * 10, message).unwrap();
            }
            for (i, message) in messages.iter().enumerate() {
                prop_assert_eq!(receiver.pop_before(i as i64 * 10), None);
                prop_assert_eq!(receiver.pop_before(i as i64 * 10 + 1), Some((i as i64 * 10, message.as_slice())));
            }
            prop_assert_eq!(receiver.pop_before(i64::MAX), None);
        }
    }

    #[test]
    fn a_flood_of_controllers_leaves_room_for_note_offs() {
        let (mut sender, mut receiver) = message_queue();
        while sender.send(0, &[0xB0, 74, 1]).is_ok() {}
        for note in 0..128 {
            assert_eq!(sender.send(0, &[0x80, note, 64]), Ok(()));
        }
        let mut offs = 0;
        while let Some((_, bytes)) = receiver.pop_before(1) {
            offs += usize::from(bytes[0] == 0x80);
        }
        assert_eq!(offs, 128);
    }
}
