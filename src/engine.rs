//! The engine: the control thread and the threads it hands real-time work to.

pub mod assembly;
pub mod audio;
pub mod control;
pub mod disk;
pub mod doors;
pub mod frame_clock;
pub mod host;
pub mod latest;
pub mod live;
pub mod midi;
pub mod offline;
pub mod plan_cell;
pub mod profile_watch;
pub mod realtime;
pub mod select;
pub mod station;
