//! Waits for threads to end, with a time limit.

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The interval at which a thread is polled.
const LOOK: Duration = Duration::from_millis(2);

/// Waits for a thread to end; true if it did. A thread that did not continues on its own.
pub fn join_within(thread: JoinHandle<()>, patience: Duration) -> bool {
    let begun = Instant::now();
    while !thread.is_finished() {
        if begun.elapsed() >= patience {
            return false;
        }
        thread::sleep(LOOK);
    }
    // The panic hook has reported a panic of it.
    let _ = thread.join();
    true
}
