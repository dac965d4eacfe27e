//! The engine: the control thread and the threads it hands real-time work to.

pub mod assembly;
pub mod audio;
pub mod config;
pub mod control;
pub mod detector;
pub mod disk;
pub mod doors;
pub mod host;
pub mod live;
pub mod loudness;
pub mod midi;
pub mod offline;
pub mod profile_watch;
pub mod realtime;
pub mod select;
pub mod station;

pub use busker_sound::{frame_clock, plan_cell};
