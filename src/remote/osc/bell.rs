//! Wakes the OSC thread from any other: an answer has come, an event, or the end.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::{
    io,
    net::UdpSocket,
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Any thread rings it; one waits.
#[derive(Debug)]
pub struct Bell {
    fd: OwnedFd,
    rung: AtomicBool,
    over: AtomicBool,
}

impl Bell {
    /// A bell that is quiet.
    ///
    /// # Errors
    /// The system has no room for it.
    pub fn new() -> io::Result<Bell> {
        let fd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Bell { fd, rung: AtomicBool::new(false), over: AtomicBool::new(false) })
    }

    /// Wakes the thread that waits, or has the next wait end at once.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Full means that it is awake.
            let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
        }
    }

    /// It is over: the thread that waits ends.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Waits till it is rung, a datagram is there or this time is over.
    pub fn wait(&self, socket: &UdpSocket, patience: Option<Duration>) {
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut both = [PollFd::new(&self.fd, PollFlags::IN), PollFd::new(socket, PollFlags::IN)];
        // Interrupted is woken.
        let _ = poll(&mut both, patience.as_ref());
        let _ = rustix::io::read(&self.fd, &mut [0; 8]);
        self.rung.store(false, Ordering::Release);
    }
}
