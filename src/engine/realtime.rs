//! Requests to the system for the real-time threads: SCHED_FIFO, locked memory, precise timers.
//!
//! Where the system refuses, everything runs on, and the screen says so.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{num::NonZeroU64, thread, time::Duration};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// The notice for a musician whose system refuses real-time scheduling.
pub const HOW_TO_ALLOW: &str = "no real-time priority: everything works, but notes and clock may come late under load; \
    give the audio group rtprio 95 and memlock unlimited in /etc/security/limits.d, join it and log in again";

/// SCHED_FIFO priority of the MIDI clock.
pub const CLOCK_PRIORITY: u8 = 60;
/// SCHED_FIFO priority of the scheduler.
pub const SCHEDULER_PRIORITY: u8 = 55;
/// SCHED_FIFO priority of the thread for input ports: it stamps each message when it comes, but never delays output.
pub const PORTS_PRIORITY: u8 = 54;
/// SCHED_FIFO priority of the simulated host's callback.
pub const CALLBACK_PRIORITY: u8 = 50;

/// A thread is never woken longer than this before its instant.
const AWAKE_NS_MAX: u64 = 50_000;
/// How slowly the wake-up time is learned: its mean over about so many times.
const WAKINGS: u64 = 16;

/// With feature `rt-check`, aborts on any allocation inside, and on any freeing: for code in the callback, in the clock
/// and in the scheduler.
pub fn no_alloc<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rt-check")]
    return assert_no_alloc::assert_no_alloc(work);
    #[cfg(not(feature = "rt-check"))]
    work()
}

/// Inside of [`no_alloc`], where allocating cannot be helped: libraries that write to a port, and the freeing of a
/// SysEx.
pub fn may_alloc<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rt-check")]
    return assert_no_alloc::permit_alloc(work);
    #[cfg(not(feature = "rt-check"))]
    work()
}

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

/// Whether the system grants what the engine's threads ask for, tried on a thread of its own. Realtime: no.
pub fn is_granted() -> bool {
    thread::spawn(|| request(CALLBACK_PRIORITY)).join().unwrap_or(false)
}

/// Open files that are enough: eight takes of 32 files and every client. More would only cost programs that walk
/// through all.
const OPEN_FILES: u64 = 65_536;

/// Raises the soft limit of open files, often 1024, as far as the system allows.
pub fn allow_open_files() {
    let limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(u64::MAX).min(OPEN_FILES);
    if limits.current.is_some_and(|current| current < most) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limits });
        tracing::debug!(most, ?raised, "open files");
    }
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

/// Sleeps to instants more exactly than the system wakes: it wakes a little early and spins for the rest. Only for a
/// thread under SCHED_FIFO: another may be interrupted while it spins and would have used its share of the core up.
pub struct ExactSleep {
    /// The mean wake-up time of late.
    waking_ns: u64,
}

impl ExactSleep {
    /// The wake-up time of this machine is not known yet.
    pub fn new() -> ExactSleep {
        ExactSleep { waking_ns: AWAKE_NS_MAX / 2 }
    }

    /// Sleeps to an instant, or till the thread is unparked.
    pub fn until(&mut self, at_ns: u64) {
        // The mean and no more: half the wake-ups are then late by a few microseconds, and little is spent on the
        // others.
        let wake_ns = at_ns.saturating_sub(self.waking_ns);
        let slept = now_ns() < wake_ns;
        park_until(wake_ns);
        let woken_ns = now_ns();
        if woken_ns < wake_ns {
            return;
        }
        if slept {
            let took_ns = (woken_ns - wake_ns).min(AWAKE_NS_MAX);
            self.waking_ns = (self.waking_ns * (WAKINGS - 1) + took_ns).div_ceil(WAKINGS);
        }
        while now_ns() < at_ns {
            std::hint::spin_loop();
        }
    }
}

impl Default for ExactSleep {
    fn default() -> Self {
        ExactSleep::new()
    }
}
