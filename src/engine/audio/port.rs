//! A MIDI port in the callback: JACK's, or the built-in synth's.
//!
//! Per block it gathers the scheduler's messages for these frames and the clock's pulses, each with its offset, in the
//! order they leave. Realtime: yes.

use crate::{
    engine::midi::{
        clock_out::ClockOut,
        message_queue::{LONGEST_BYTES, MessageReceiver},
        panel::PortPanel,
        sent::{Payload, PortIndex, SentLog, SentMessage},
        slew::{Slew, offset_frames},
    },
    music::Plan,
};
use std::{ops::Range, sync::Arc};

/// Messages one block may hold; the rest comes with the next.
const MESSAGES: usize = 1024;
/// Absorbs rounding where a port's window ends.
const SLACK_FRAMES: f64 = 1e-3;
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
    queue: MessageReceiver,
    clock: Option<ClockOut>,
    panel: Arc<PortPanel>,
    /// Its clock's place in time; `None` before the first block.
    slew: Option<Slew>,
    /// The first frame its clock was not asked for.
    next_frame: Option<i64>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

impl CallbackPort {
    /// A port fed by a queue; `clock` makes it send MIDI clock.
    pub fn new(
        index: PortIndex,
        queue: MessageReceiver,
        clock: Option<ClockOut>,
        panel: Arc<PortPanel>,
    ) -> CallbackPort {
        CallbackPort {
            index,
            queue,
            clock,
            panel,
            slew: None,
            next_frame: None,
            entries: Vec::with_capacity(MESSAGES),
            bytes: Vec::with_capacity(BYTES),
        }
    }

    /// Gathers every message due in a window of frames.
    pub fn gather(&mut self, plan: &Plan, window: Range<i64>, ns_at: impl Fn(i64) -> u64, log: &mut SentLog) {
        let (slew, due) = self.due(window.clone(), plan.last().timeline.sample_rate_hz);
        let CallbackPort { index, queue, clock, panel, entries, bytes, .. } = self;
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
            clock.window(plan, panel.sends(), due, |frame, message| {
                let frame = (slew.heard_at(frame) + SLACK_FRAMES).floor() as i64;
                // A block of 8192 frames at 8 kHz and 300 BPM holds 123 pulses: there is room.
                if order < MESSAGES as u32 / 2 {
                    push(entries, bytes, frame, order, message.bytes());
                    log.push(SentMessage {
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
            let Some((frame, message)) = queue.pop_before(window.end) else { break };
            push(entries, bytes, frame, order, message);
        }
        entries.sort_unstable_by_key(|entry| (entry.offset, entry.order));
    }

    /// The clock's place in time, and its frames that leave with a block: all of them adjoin over adjoining blocks.
    fn due(&mut self, block: Range<i64>, sample_rate_hz: f64) -> (Slew, Range<i64>) {
        let (start, end) = (block.start as f64, block.end as f64);
        let offset = offset_frames(self.panel.offset_ns(), sample_rate_hz);
        let slew = self.slew.get_or_insert(Slew::new(offset));
        slew.aim(start, offset);
        let whole = |frame: f64| (frame - SLACK_FRAMES).ceil() as i64;
        let begin = self.next_frame.unwrap_or_else(|| whole(slew.frame_at(start)));
        let end = whole(slew.frame_at(end)).max(begin);
        self.next_frame = Some(end);
        (*slew, begin..end)
    }

    /// The gathered messages with their offsets within the block, in order.
    pub fn messages(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.entries.iter().map(|e| (e.offset as usize, &self.bytes[e.start as usize..(e.start + e.len) as usize]))
    }
}

#[cfg(test)]
mod tests;
