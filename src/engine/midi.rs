//! MIDI out: the clock, the scheduler, and the ports they write to. MIDI in: messages received at the ports.

pub mod clock_out;
pub mod clock_thread;
pub mod input;
pub mod log;
pub mod message_queue;
pub mod panel;
pub mod plug;
pub mod port;
pub mod pulse_watch;
pub mod scheduler;
pub mod scheduler_thread;
pub mod sent;
pub mod slew;
pub mod thru;
