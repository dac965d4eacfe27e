//! The code of the audio callback: everything under here is real time unless it says otherwise.

pub mod built_in;
pub mod capture;
pub mod click;
pub mod denormals;
pub mod inputs;
pub mod limiter;
pub mod meter;
pub mod monitor;
pub mod port;
pub mod probe;
pub mod renderer;
pub mod streams;
pub mod track_monitor;
