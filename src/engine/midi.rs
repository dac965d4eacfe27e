//! MIDI out: the clock, the scheduler, and the ports they write to.

pub mod clock_out;
pub mod clock_thread;
pub mod lane;
pub mod port;
pub mod scheduler;
pub mod scheduler_thread;
pub mod sent;
