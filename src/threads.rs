//! How long one thread waits for another: never for ever.

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often it is looked whether a thread has ended.
const LOOK: Duration = Duration::from_millis(2);

/// Waits for a thread to end; whether it did. One that did not goes on by itself.
pub fn join_within(thread: JoinHandle<()>, patience: Duration) -> bool {
    let begun = Instant::now();
    while !thread.is_finished() {
        if begun.elapsed() >= patience {
            return false;
        }
        thread::sleep(LOOK);
    }
    // A panic in it was told by the hook.
    let _ = thread.join();
    true
}
