//! Flush-to-zero around the callback: a decaying tail must not make the processor a hundred times slower.

/// Runs `work` with denormal numbers treated as zero. Realtime: yes.
#[allow(unsafe_code, reason = "sets and restores a flag of the floating-point unit of this thread")]
pub fn flushed_to_zero<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the closure holds no floating-point environment of its own, and the flag is restored when it returns or
    // unwinds. The documentation of `_mm_setcsr` warns of code that relies on denormals; none here does.
    unsafe { no_denormals::no_denormals(work) }
}
