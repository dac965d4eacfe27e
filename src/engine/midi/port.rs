//! A MIDI output as the sending threads see it.

use super::message_queue::{MessageSender, QueueFull};
use crate::engine::frame_clock::FrameClock;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// An output for messages. One sending thread owns each.
pub trait MidiOut: Send {
    /// Sends one complete message that is due at `at_ns` on the engine's clock.
    ///
    /// # Errors
    /// The message was not sent; the port may or may not take the next one.
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed>;

    /// Goes on with a long message that was taken in part; other messages are refused until it is through.
    ///
    /// # Errors
    /// Some of it still waits.
    fn finish(&mut self) -> Result<(), SendFailed> {
        Ok(())
    }

    /// Whether a long SysEx may be sent in several pieces, so that clock pulses pass in between.
    fn takes_pieces(&self) -> bool {
        false
    }

    /// Whether a device is connected. A message to a port that is not there is lost, and that is no fault.
    fn is_there(&self) -> bool {
        true
    }

    /// Changes of the port since the last call, oldest first; to be called until there is no more.
    fn news(&mut self) -> Option<PortNews> {
        None
    }
}

/// A port came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortNews {
    /// It is there, and its device has none of the messages sent before.
    Connected,
    /// It is not there any more.
    Gone,
}

/// A message was not sent. The port logs why; the engine counts it and goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the port did not accept a message")]
pub struct SendFailed;

/// A port that lives in the audio callback (JACK, the built-in synth): messages travel with the frame they are due on.
pub struct CallbackOut {
    queue: MessageSender,
    clock: FrameClock,
    delay_frames: Arc<AtomicU32>,
}

impl CallbackOut {
    /// `delay_frames` is added to every message: a block in real time, so that each falls into a block that is not
    /// rendered yet and keeps its distance to the others; 0 in virtual time, where nothing is ever late.
    pub fn new(queue: MessageSender, clock: FrameClock, delay_frames: Arc<AtomicU32>) -> CallbackOut {
        CallbackOut { queue, clock, delay_frames }
    }
}

impl MidiOut for CallbackOut {
    fn send(&mut self, at_ns: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        // Before the first block, the best is as soon as possible.
        let frame = self.clock.now().map_or(0, |time| time.frame_at(at_ns as f64).round() as i64);
        let delay = i64::from(self.delay_frames.load(Ordering::Relaxed));
        self.queue.send(frame + delay, bytes).map_err(|QueueFull| SendFailed)
    }
}
