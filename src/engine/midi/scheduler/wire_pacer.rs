//! When a port's wire takes the next message. The scheduler thread's. Realtime: yes.
//!
//! A leaky bucket: sent bytes drain at the wire's speed. On a wire that yields to clock pulses (DIN), a message that
//! would still be on the wire when the next pulse is due is held back until that pulse's own byte has left. The longest
//! unit, an NRPN of 12 bytes, takes 3.84 ms and fits between two pulses at 300 BPM (8.33 ms).
//!
//! A longer SysEx is sent in pieces that fit between the pulses, where the port takes pieces; nothing else goes to the
//! port meanwhile, for it would end the SysEx. Where it does not take them, the SysEx is sent whole, right after a
//! pulse, and the pulses due while it is on the wire come late: half a message is worse, and to wait for a gap is to
//! wait forever.

use super::super::{panel::PortPanel, pulse_watch::PulseWatch};
use crate::midi::{LONGEST_UNIT_BYTES, Rank, Wire};

/// The least and the most of a long SysEx that is sent at a time, in bytes: no more than 10 ms, so that a new tempo
/// finds the wire free soon.
pub(super) const PIECE_BYTES: (usize, usize) = (3, 32);
/// Pulses that are longer ago are not on the wire any more, if it is free.
const PULSES_AGO_NS: u64 = 1_000_000;
/// On a wire that is not free, pulses are taken into account as far back as this.
const FARTHEST_AGO_NS: u64 = 1_000_000_000;

/// Messages sent at once (see [`Wire::holds`]) book no more of the wire than this: where the user plays more than it
/// takes, the port itself reports that it is full, and knobs are not held up for longer than this afterwards.
const MOST_BOOKED_NS: u64 = 50_000_000;

/// The wire of one port.
pub(super) struct WirePacer {
    wire: Wire,
    /// When every sent byte has left.
    free_ns: u64,
    /// Until when a pulse's own byte is on the wire.
    pulse_gone_ns: u64,
    /// Pulses up to this instant are in `free_ns`.
    counted_ns: u64,
    pulses: Option<PulseWatch>,
}

impl WirePacer {
    pub(super) fn new(wire: Wire, pulses: Option<PulseWatch>) -> WirePacer {
        let pulses = pulses.filter(|_| wire.yields_to_pulses);
        WirePacer { wire, free_ns: 0, pulse_gone_ns: 0, counted_ns: 0, pulses }
    }

    /// Whether a message is sent in pieces, for a port that takes them: a message longer than any other, where the wire
    /// yields to pulses.
    pub(super) fn wants_pieces(&self, bytes: usize) -> bool {
        self.pulses.is_some() && bytes > LONGEST_UNIT_BYTES
    }

    /// So many bytes were sent.
    pub(super) fn spend(&mut self, now_ns: u64, bytes: usize) {
        let free_ns = self.free_ns.max(now_ns) + self.wire.time_ns(bytes);
        let most_ns = if self.wire.holds(Rank::Discrete, bytes) { u64::MAX } else { now_ns + MOST_BOOKED_NS };
        self.free_ns = free_ns.min(most_ns).max(self.free_ns);
    }

    /// Whether a sent byte may still be on the wire.
    pub(super) fn is_busy(&self, now_ns: u64) -> bool {
        self.free_ns > now_ns
    }

    /// Another wire took its place.
    pub(super) fn forget(&mut self) {
        (self.free_ns, self.pulse_gone_ns) = (0, 0);
    }

    /// Since when the wire has room for a message, or else when it will have.
    pub(super) fn gate(&mut self, now_ns: u64, rank: Rank, bytes: usize, panel: &PortPanel) -> Result<u64, u64> {
        if !self.wire.holds(rank, bytes) {
            return Ok(0);
        }
        let next_ns = self.next_pulse_ns(now_ns, panel);
        let opens_ns = self.opens(now_ns)?;
        if let Some(next_ns) = next_ns
            && self.free_ns.max(now_ns) + self.wire.time_ns(bytes) > next_ns
            && self.fits_between_pulses(bytes, next_ns, panel)
        {
            return Err(next_ns + self.wire.time_ns(1));
        }
        Ok(opens_ns)
    }

    /// How many of the bytes of a long message may be sent now, or else when.
    pub(super) fn piece(&mut self, now_ns: u64, rest: usize, panel: &PortPanel) -> Result<usize, u64> {
        let next_ns = self.next_pulse_ns(now_ns, panel);
        self.opens(now_ns)?;
        let most = rest.min(PIECE_BYTES.1);
        let Some(next_ns) = next_ns else { return Ok(most) };
        let fits = next_ns.saturating_sub(self.free_ns.max(now_ns)) / self.wire.time_ns(1).max(1);
        let fits = most.min(fits as usize);
        if fits < rest.min(PIECE_BYTES.0) { Err(next_ns + self.wire.time_ns(1)) } else { Ok(fits) }
    }

    fn opens(&self, now_ns: u64) -> Result<u64, u64> {
        let opens_ns = self.free_ns.saturating_sub(self.wire.early_ns()).max(self.pulse_gone_ns);
        if opens_ns > now_ns { Err(opens_ns) } else { Ok(opens_ns) }
    }

    /// The next pulse. Those that are past by now have taken their time on the wire.
    fn next_pulse_ns(&mut self, now_ns: u64, panel: &PortPanel) -> Option<u64> {
        if !panel.sends().pulses {
            return None;
        }
        let pulses = self.pulses.as_mut()?;
        let ago_ns = if self.free_ns > now_ns { FARTHEST_AGO_NS } else { PULSES_AGO_NS };
        let mut from_ns = self.counted_ns.max(now_ns.saturating_sub(ago_ns));
        loop {
            let pulse_ns = pulses.next_ns(from_ns, panel.offset_ns());
            match pulse_ns {
                Some(pulse_ns) if pulse_ns <= now_ns => {
                    self.pulse_gone_ns = pulse_ns + self.wire.time_ns(1);
                    self.free_ns = self.free_ns.max(pulse_ns) + self.wire.time_ns(1);
                    // The instant was rounded down: a nanosecond later this pulse is past.
                    from_ns = pulse_ns + 1;
                }
                _ => {
                    self.counted_ns = from_ns.max(now_ns);
                    return pulse_ns;
                }
            }
        }
    }

    /// A SysEx too long to fit between two pulses would wait forever.
    fn fits_between_pulses(&mut self, bytes: usize, pulse_ns: u64, panel: &PortPanel) -> bool {
        let after = self.pulses.as_mut().and_then(|pulses| pulses.next_ns(pulse_ns + 1, panel.offset_ns()));
        after.is_none_or(|after_ns| self.wire.time_ns(bytes + 1) <= after_ns.saturating_sub(pulse_ns))
    }
}
