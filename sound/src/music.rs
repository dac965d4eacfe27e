//! Musical values and time, pure: nothing here reads a clock, touches a device or knows a thread.
//!
//! Time is a mapping, not a counter: a [`Timeline`] says which frame a pulse falls on, a [`Plan`] says which
//! timeline holds from which frame, and every reader (MIDI clock, click, screen, tests) computes from that.

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
pub use plan::{PassFrames, Plan, Pulse, Song, SongTime, Stretch};
pub use position::Position;
pub use sync::{ClockFollower, SourceTime, SyncEvent, SyncState};
pub use tap::TapTempo;
pub use timeline::{PPQN, Timeline};
pub use units::{Bpm, Decibels};
