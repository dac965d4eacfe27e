//! Asking the system for what real-time threads need: SCHED_FIFO, locked memory, precise timers.
//!
//! Where it is refused, everything runs on, and the screen says so.

use std::{num::NonZeroU64, thread, time::Duration};
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
/// SCHED_FIFO priority of the simulated host's callback.
pub const CALLBACK_PRIORITY: u8 = 50;

/// How long before its instant a thread under SCHED_FIFO is woken, to spend the rest awake: about as long as waking takes.
const AWAKE_NS: u64 = 50_000;

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

/// Sleeps to an instant, or till the thread is unparked.
///
/// The system is given the instant, not a length of time: std parks on an absolute deadline of the monotonic clock.
pub fn park_until(at_ns: u64) {
    let sleep_ns = at_ns.saturating_sub(now_ns());
    if sleep_ns > 0 {
        thread::park_timeout(Duration::from_nanos(sleep_ns));
    }
}

/// The same, but the last microseconds are waited for awake: waking takes some, and never the same. Only for a thread
/// under SCHED_FIFO: another may be interrupted while it waits and would have used its share of the core up.
pub fn park_exactly_until(at_ns: u64) {
    park_until(at_ns.saturating_sub(AWAKE_NS));
    if at_ns.saturating_sub(now_ns()) <= AWAKE_NS {
        while now_ns() < at_ns {
            std::hint::spin_loop();
        }
    }
}
