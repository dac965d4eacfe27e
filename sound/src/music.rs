//! Musical values and time, pure: nothing here reads a clock, uses a device or depends on a thread.
//!
//! Time is a mapping, not a counter: a [`Timeline`] gives the frame of a pulse, a [`Plan`] gives the timeline of each
//! frame, and every reader (MIDI clock, click, screen, tests) computes from them.

mod clock_source;
pub mod count_in;
pub mod loops;
pub mod note;
pub mod plan;
pub mod position;
pub mod sync;
pub mod tap;
pub mod timeline;
pub mod units;

pub use clock_source::ClockSource;
pub use count_in::CountIn;
pub use loops::{LoopPosition, LoopRegion, Looping, Punch};
pub use note::Note;
pub use plan::{PassFrames, Plan, Pulse, Song, SongTime, SteadyPlan, Stretch};
pub use position::Position;
pub use sync::{ClockFollower, SourceTime, SyncEvent, SyncState};
pub use tap::TapTempo;
pub use timeline::{PPQN, Timeline};
pub use units::{Bpm, Decibels};
