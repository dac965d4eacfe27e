//! Limits how many audio servers run at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// Maximum servers at once: they sleep most of the time, but more of them on a small machine would disturb each other's
/// measurements.
const TURNS: usize = 2;
static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

/// Permission to run a server; returned when dropped.
pub struct Turn(usize);

impl Turn {
    /// Waits for permission to run one server beside another.
    pub fn beside_another() -> Turn {
        Turn::take(1)
    }

    /// Waits for permission to run a server alone: ALSA's plugin sometimes cannot open a client while another server
    /// starts.
    pub fn alone() -> Turn {
        Turn::take(TURNS)
    }

    fn take(turns: usize) -> Turn {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |taken: &mut usize| *taken + turns > TURNS;
        let mut taken = GIVEN_BACK.wait_while(taken, is_full).unwrap_or_else(PoisonError::into_inner);
        *taken += turns;
        Turn(turns)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        GIVEN_BACK.notify_all();
    }
}
