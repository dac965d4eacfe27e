//! How fast a port's wire takes bytes. Pure.
//!
//! A wire is a bucket that drains: each byte takes its time, and no more may be handed over than drains within
//! [`Wire::ahead_ns`]. On a DIN wire nothing may stand in a buffer where a clock pulse would queue up behind it.

use super::Rank;

/// How long before a wire is free the next message may be handed to it: a thread that wakes this late costs the wire
/// no time. A third of a byte on a DIN wire, so nothing to speak of stands in a buffer.
const WAKE_UP_NS: u64 = 100_000;

/// The most bytes of messages that belong together: an NRPN of 14 bits. Only a SysEx is longer.
pub const LONGEST_UNIT_BYTES: usize = 12;

/// The wire behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Time a byte takes; 0 where the wire is never the limit.
    pub ns_per_byte: u64,
    /// Time's worth of bytes that may wait in the wire's own buffer.
    pub ahead_ns: u64,
    /// Whether a message is held back where it would still be on the wire when a clock pulse is due.
    pub yields_to_pulses: bool,
}

impl Wire {
    /// A DIN socket or serial line: 31250 baud, ten bits a byte (MIDI 1.0, "Hardware").
    pub const DIN: Wire = Wire { ns_per_byte: 320_000, ahead_ns: 0, yields_to_pulses: true };
    /// USB MIDI at full speed: a bulk packet of 64 bytes holds 16 messages of up to three bytes (USB MIDI 1.0, 4), and
    /// devices take about one each frame of 1 ms.
    pub const USB: Wire = Wire { ns_per_byte: 1_000_000 / 48, ahead_ns: 1_000_000, yields_to_pulses: false };
    /// Memory: a program on this machine takes the messages.
    pub const UNLIMITED: Wire = Wire { ns_per_byte: 0, ahead_ns: 0, yields_to_pulses: false };

    /// How long so many bytes are on the wire, in ns.
    pub fn time_ns(self, bytes: usize) -> u64 {
        bytes as u64 * self.ns_per_byte
    }

    /// Whether something of a rank waits until the wire has room. Where it holds more than one message (USB), what is
    /// short and not continuous goes at once and only counts.
    pub fn holds(self, rank: Rank, bytes: usize) -> bool {
        self.ns_per_byte > 0 && (self.ahead_ns == 0 || rank == Rank::Continuous || bytes > LONGEST_UNIT_BYTES)
    }

    /// How long before the wire is free the next message may be handed over, in ns.
    pub fn early_ns(self) -> u64 {
        self.ahead_ns.max(WAKE_UP_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_on_a_din_wire_for_960_microseconds() {
        assert_eq!(Wire::DIN.time_ns(3), 960_000);
        assert_eq!(Wire::UNLIMITED.time_ns(4096), 0);
    }

    #[test]
    fn notes_wait_for_a_din_wire_only_and_nothing_waits_for_memory() {
        for (wire, note, knob) in [(Wire::DIN, true, true), (Wire::USB, false, true), (Wire::UNLIMITED, false, false)] {
            assert!(wire.holds(Rank::Discrete, 100) || wire == Wire::UNLIMITED, "a long SysEx waits");
            assert_eq!((wire.holds(Rank::Discrete, 3), wire.holds(Rank::Continuous, 3)), (note, knob), "{wire:?}");
        }
    }
}
