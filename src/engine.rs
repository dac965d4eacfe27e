//! The engine: the control thread and the threads it hands real-time work to.

pub mod audio;
pub mod disk;
pub mod frame_clock;
pub mod latest;
pub mod midi;
pub mod plan_cell;
pub mod realtime;
pub mod station;
