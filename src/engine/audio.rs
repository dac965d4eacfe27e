//! What runs in the audio callback: everything under here is real time unless it says otherwise.

pub mod capture;
pub mod click;
pub mod denormals;
pub mod meter;
pub mod player;
pub mod port;
pub mod renderer;
