//! The engine: the control thread and the threads it hands real-time work to.

pub mod audio;
