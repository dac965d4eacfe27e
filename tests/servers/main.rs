//! The station on real audio servers. With feature `rt-check`, whatever allocates in a callback ends the process.

#[path = "../common"]
mod common {
    pub mod program;
    pub mod within;
}

mod alsa;
mod jack;

#[cfg(feature = "rt-check")]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
