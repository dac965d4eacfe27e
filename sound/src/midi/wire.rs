//! The speed of a port's wire. Pure.
//!
//! A wire is a bucket that drains: each byte takes its time, and only as many bytes may be passed on as drain within
//! [`Wire::ahead_ns`]. On a DIN wire no bytes may wait in a buffer, because a clock pulse would wait behind them.

use super::Rank;

/// How long before a wire is free the next message may be passed on: a thread that wakes this late loses no time of the
/// wire. A third of a byte on a DIN wire, so hardly anything waits in a buffer.
const WAKE_UP_NS: u64 = 100_000;

/// Maximum bytes of messages that belong together: an NRPN of 14 bits. Only a SysEx is longer.
pub const LONGEST_UNIT_BYTES: usize = 12;

/// The wire behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Time of a byte, in ns; 0 if the wire is never the limit.
    pub ns_per_byte: u64,
    /// How many ns of bytes may wait in the wire's own buffer.
    pub ahead_ns: u64,
    /// Whether a message waits if it would still be on the wire when a clock pulse is due.
    pub yields_to_pulses: bool,
}

impl Wire {
    /// A DIN socket or serial line: 31250 baud, ten bits a byte (MIDI 1.0, "Hardware").
    pub const DIN: Wire = Wire { ns_per_byte: 320_000, ahead_ns: 0, yields_to_pulses: true };
    /// USB MIDI at full speed: a bulk packet of 64 bytes holds 16 messages of up to three bytes (USB MIDI 1.0, 4), and
    /// devices take about one each frame of 1 ms.
    pub const USB: Wire = Wire { ns_per_byte: 1_000_000 / 48, ahead_ns: 1_000_000, yields_to_pulses: false };
    /// Memory: the receiver is a program on this machine.
    pub const UNLIMITED: Wire = Wire { ns_per_byte: 0, ahead_ns: 0, yields_to_pulses: false };

    /// Time of this many bytes on the wire, in ns.
    pub fn time_ns(self, bytes: usize) -> u64 {
        bytes as u64 * self.ns_per_byte
    }

    /// Whether a message of this rank waits until the wire has room. If the wire holds more than one message (USB),
    /// short discrete messages are sent at once and only counted.
    pub fn holds(self, rank: Rank, bytes: usize) -> bool {
        self.ns_per_byte > 0 && (self.ahead_ns == 0 || rank == Rank::Continuous || bytes > LONGEST_UNIT_BYTES)
    }

    /// How long before the wire is free the next message may be passed on, in ns.
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
