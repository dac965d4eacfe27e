//! Asking the system for what real-time threads need: SCHED_FIFO, locked memory, precise timers.
//!
//! Where it is refused, everything runs on, and the screen says so.

use std::num::NonZeroU64;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// What to tell a musician whose system refuses real-time scheduling.
pub const HOW_TO_ALLOW: &str = "no real-time priority: add yourself to the audio group with rtprio 95 and memlock unlimited in /etc/security/limits.d";

/// SCHED_FIFO priority of the MIDI clock.
pub const CLOCK_PRIORITY: u8 = 60;
/// SCHED_FIFO priority of the scheduler.
pub const SCHEDULER_PRIORITY: u8 = 55;
/// SCHED_FIFO priority of what comes in at ports: it is stamped when it comes, but never delays what goes out.
pub const PORTS_PRIORITY: u8 = 54;
/// SCHED_FIFO priority of the simulated host's callback.
pub const CALLBACK_PRIORITY: u8 = 50;

/// Asks for SCHED_FIFO and the finest timers for the calling thread; true where SCHED_FIFO was granted.
pub fn request(priority: u8) -> bool {
    // Without real-time scheduling timers are rounded by 50 µs for the sake of sleep; 1 ns is none.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    ThreadPriorityValue::try_from(priority).is_ok_and(|value| {
        set_thread_priority_and_policy(
            thread_native_id(),
            ThreadPriority::Crossplatform(value),
            ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo),
        )
        .is_ok()
    })
}

/// Nanoseconds on the monotonic clock, the engine's idea of now. Realtime: yes (read from the vDSO, no system call).
pub fn now_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
