//! A MIDI port that lives in the callback: JACK's, or the built-in synth's.
//!
//! Per block it gathers what the scheduler sent for these frames and the clock's pulses, each with its offset, in the
//! order they leave. Realtime: yes.

use crate::{
    engine::midi::{
        clock_out::ClockOut,
        lane::{LONGEST_BYTES, LaneReceiver},
        panel::PortPanel,
        sent::{Payload, PortIndex, Sent, SentLog},
    },
    music::Plan,
};
use std::{ops::Range, sync::Arc};

/// Messages one block may hold; what is beyond comes with the next.
const MESSAGES: usize = 1024;
/// Bytes one block may hold.
const BYTES: usize = 4 * LONGEST_BYTES;

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: u32,
    /// Real-time messages go before others on the same frame; otherwise in order of arrival.
    order: u32,
    start: u32,
    len: u32,
}

/// The port's half in the callback.
pub struct CallbackPort {
    index: PortIndex,
    lane: LaneReceiver,
    clock: Option<ClockOut>,
    panel: Arc<PortPanel>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

impl CallbackPort {
    /// A port fed by a lane, with a clock of its own if it is to get one.
    pub fn new(index: PortIndex, lane: LaneReceiver, clock: Option<ClockOut>, panel: Arc<PortPanel>) -> CallbackPort {
        CallbackPort {
            index,
            lane,
            clock,
            panel,
            entries: Vec::with_capacity(MESSAGES),
            bytes: Vec::with_capacity(BYTES),
        }
    }

    /// Gathers everything due in a window of frames.
    pub fn gather(&mut self, plan: &Plan, window: Range<i64>, ns_at: impl Fn(i64) -> u64, log: &mut SentLog) {
        let CallbackPort { index, lane, clock, entries, bytes, .. } = self;
        entries.clear();
        bytes.clear();
        let push = |entries: &mut Vec<Entry>, bytes: &mut Vec<u8>, frame: i64, order: u32, message: &[u8]| {
            let offset = (frame - window.start).clamp(0, window.end - window.start - 1) as u32;
            let (start, len) = (bytes.len() as u32, message.len() as u32);
            bytes.extend_from_slice(message);
            entries.push(Entry { offset, order, start, len });
        };
        if let Some(clock) = clock {
            let mut order = 0;
            clock.window(plan, window.clone(), |frame, message| {
                // A block of 8192 frames at 8 kHz and 300 BPM holds 123 pulses: there is room.
                if order < MESSAGES as u32 / 2 {
                    push(entries, bytes, frame, order, message.bytes());
                    log.push(Sent {
                        at_ns: ns_at(frame),
                        waited_ns: 0,
                        port: *index,
                        payload: Payload::Short(message),
                    });
                    order += 1;
                }
            });
        }
        for order in MESSAGES as u32 / 2..MESSAGES as u32 {
            if bytes.len() + LONGEST_BYTES > BYTES {
                break;
            }
            let Some((frame, message)) = lane.pop_before(window.end) else { break };
            push(entries, bytes, frame, order, message);
        }
        entries.sort_unstable_by_key(|entry| (entry.offset, entry.order));
    }

    /// What was gathered: offset within the block, and the message, in order.
    pub fn messages(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.entries.iter().map(|e| (e.offset as usize, &self.bytes[e.start as usize..(e.start + e.len) as usize]))
    }
}
