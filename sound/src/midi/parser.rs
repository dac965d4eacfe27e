//! Parses bytes, split anywhere, into complete messages. Pure; runs on the thread that reads the port.
//!
//! Any bytes are accepted. Real-time bytes pass through at once, even inside another message or a SysEx; running status
//! is supported; incomplete or undefined messages are dropped, and the next status byte starts a new one.

use super::message::{Message, data_len};

/// The longest SysEx that is kept, in bytes, F0 and F7 included; twice the longest the NTS-1 mkII sends.
pub const LONGEST_SYSEX_BYTES: usize = 8192;

/// One complete message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParsedMessage<'a> {
    /// One to three bytes, including the status byte even if it was left out by running status.
    Short(Message),
    /// System exclusive, with its F0 and F7 and only data bytes between.
    SysEx(&'a [u8]),
}

/// The message that the next data byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// None: it is dropped.
    Nothing,
    /// A message of this status, which is also the running status if it is a channel message.
    Short { status: u8, data_len: usize },
    /// A SysEx.
    SysEx,
}

/// The state between two bytes. Realtime: yes; nothing is allocated after [`Parser::new`].
#[derive(Debug)]
pub struct Parser {
    within: Within,
    data: [u8; 2],
    have: usize,
    sysex: Vec<u8>,
    dropped: u64,
}

impl Default for Parser {
    fn default() -> Self {
        Parser::new()
    }
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new() -> Parser {
        let sysex = Vec::with_capacity(LONGEST_SYSEX_BYTES);
        Parser { within: Within::Nothing, data: [0; 2], have: 0, sysex, dropped: 0 }
    }

    /// Takes bytes and passes on each message they complete.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(ParsedMessage<'_>)) {
        for byte in bytes {
            if let Some(parsed) = self.push(*byte) {
                each(parsed);
            }
        }
    }

    /// Takes one byte; returns the message it completes.
    pub fn push(&mut self, byte: u8) -> Option<ParsedMessage<'_>> {
        match byte {
            // Undefined.
            0xF9 | 0xFD => None,
            0xF8..=0xFF => Message::from_bytes(&[byte]).map(ParsedMessage::Short),
            0x80..=0xF7 => self.status(byte),
            _ => self.data(byte).map(ParsedMessage::Short),
        }
    }

    /// Drops an incomplete message, and the running status.
    pub fn reset(&mut self) {
        self.within = Within::Nothing;
        self.have = 0;
    }

    /// The number of SysEx that were dropped, because they were too long or incomplete.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn status(&mut self, byte: u8) -> Option<ParsedMessage<'_>> {
        let before = std::mem::replace(&mut self.within, Within::Nothing);
        self.have = 0;
        if before == Within::SysEx {
            if byte == 0xF7 {
                self.sysex.push(byte);
                return Some(ParsedMessage::SysEx(&self.sysex));
            }
            self.dropped += 1;
        }
        if byte == 0xF0 {
            self.sysex.clear();
            self.sysex.push(byte);
            self.within = Within::SysEx;
            return None;
        }
        match data_len(byte)? {
            0 => Message::from_bytes(&[byte]).map(ParsedMessage::Short),
            data_len => {
                self.within = Within::Short { status: byte, data_len };
                None
            }
        }
    }

    fn data(&mut self, byte: u8) -> Option<Message> {
        match self.within {
            Within::Nothing => None,
            // One byte is reserved for the F7.
            Within::SysEx if self.sysex.len() + 1 < LONGEST_SYSEX_BYTES => {
                self.sysex.push(byte);
                None
            }
            Within::SysEx => {
                self.dropped += 1;
                self.within = Within::Nothing;
                None
            }
            Within::Short { status, data_len } => {
                self.data[self.have] = byte;
                self.have += 1;
                if self.have < data_len {
                    return None;
                }
                self.have = 0;
                if status >= 0xF0 {
                    self.within = Within::Nothing;
                }
                let [a, b] = self.data;
                Message::from_bytes(&[status, a, b][..1 + data_len])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::message::split;
    use proptest::prelude::*;

    fn parsed(parser: &mut Parser, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        parser.feed(bytes, |parsed| {
            messages.push(match parsed {
                ParsedMessage::Short(message) => message.bytes().to_vec(),
                ParsedMessage::SysEx(bytes) => bytes.to_vec(),
            });
        });
        messages
    }

    fn all(bytes: &[u8]) -> Vec<Vec<u8>> {
        parsed(&mut Parser::new(), bytes)
    }

    #[test]
    fn running_status_lasts_until_a_system_message() {
        let heard = all(&[0x90, 60, 100, 62, 101, 0xC3, 5, 6, 0xF2, 1, 2, 3, 4]);
        assert_eq!(
            heard,
            [&[0x90, 60, 100][..], &[0x90, 62, 101], &[0xC3, 5], &[0xC3, 6], &[0xF2, 1, 2]],
            "a song position does not run, and ends what ran"
        );
    }

    #[test]
    fn real_time_bytes_pass_through_everything_at_once() {
        let heard = all(&[0x90, 0xF8, 60, 0xFA, 100, 0xF0, 1, 0xFE, 2, 0xF8, 0xF7, 62, 0xB0]);
        let expected: [&[u8]; 6] = [&[0xF8], &[0xFA], &[0x90, 60, 100], &[0xFE], &[0xF8], &[0xF0, 1, 2, 0xF7]];
        assert_eq!(heard, expected);
    }

    #[test]
    fn broken_messages_are_dropped_and_the_next_one_is_whole() {
        assert_eq!(all(&[60, 100, 0xF7, 0x90, 60, 0x80, 60, 64]), [[0x80, 60, 64]]);
        assert_eq!(all(&[0xF9, 0xFD, 0xF4, 1, 0xF5, 2, 0xF6]), [[0xF6]]);
        assert_eq!(all(&[0x90, 60, 0xFD, 100]), [[0x90, 60, 100]], "an undefined real-time byte changes nothing");
        let mut parser = Parser::new();
        assert_eq!(
            parsed(&mut parser, &[0xF0, 1, 0x90, 60, 100, 0xF7, 0xF0, 0xF7]),
            [&[0x90, 60, 100][..], &[0xF0, 0xF7]]
        );
        assert_eq!(parser.dropped(), 1);
    }

    #[test]
    fn a_sysex_too_long_is_dropped_and_counted_once() {
        let sysex = |len: usize| [&[0xF0][..], &vec![1; len - 2], &[0xF7]].concat();
        let mut parser = Parser::new();
        assert_eq!(parsed(&mut parser, &sysex(LONGEST_SYSEX_BYTES)), [sysex(LONGEST_SYSEX_BYTES)]);
        assert_eq!(parsed(&mut parser, &sysex(LONGEST_SYSEX_BYTES * 3)), Vec::<Vec<u8>>::new());
        assert_eq!(parser.dropped(), 1);
        assert_eq!(parsed(&mut parser, &sysex(3)), [sysex(3)]);
    }

    /// Random bytes, with more MIDI status bytes than by chance.
    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![any::<u8>(), 0x80..=0xFFu8, Just(0xF0), Just(0xF7), Just(0xF8), Just(0x90), 0..0x80u8];
        prop::collection::vec(byte, 0..256)
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let voice = (0x80..0xF0u8, 0..128u8, 0..128u8)
            .prop_map(|(status, a, b)| [status, a, b][..1 + data_len(status).unwrap()].to_vec());
        let system = prop_oneof![Just(vec![0xF8]), Just(vec![0xFA]), Just(vec![0xF6]), Just(vec![0xF2, 1, 2])];
        let sysex = prop::collection::vec(0..128u8, 0..40).prop_map(|data| [&[0xF0][..], &data, &[0xF7]].concat());
        prop_oneof![voice, system, sysex]
    }

    proptest! {
        #[test]
        fn any_stream_yields_only_valid_messages(bytes in noise()) {
            for message in all(&bytes) {
                prop_assert_eq!(split(&message), Ok(vec![&message[..]]));
                prop_assert!(!matches!(message[0], 0xF9 | 0xFD));
            }
        }

        #[test]
        fn real_time_bytes_are_neither_lost_nor_delayed_and_change_no_other_message(bytes in noise()) {
            let real_time = |byte: &u8| *byte >= 0xF8 && !matches!(byte, 0xF9 | 0xFD);
            let (mut parser, mut without) = (Parser::new(), Parser::new());
            for byte in &bytes {
                if real_time(byte) {
                    prop_assert_eq!(parser.push(*byte), Message::from_bytes(&[*byte]).map(ParsedMessage::Short));
                } else {
                    prop_assert_eq!(parser.push(*byte), without.push(*byte));
                }
            }
        }

        #[test]
        fn a_valid_stream_split_anywhere_yields_its_messages(
            messages in prop::collection::vec(message(), 0..40), piece in 1..20usize,
        ) {
            let mut parser = Parser::new();
            let heard: Vec<Vec<u8>> =
                messages.concat().chunks(piece).flat_map(|piece| parsed(&mut parser, piece)).collect();
            prop_assert_eq!(heard, messages);
            prop_assert_eq!(parser.dropped(), 0);
        }
    }
}
