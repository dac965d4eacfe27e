//! OSC over UDP: every command of the table at an address, and the status as addresses to ask for or to subscribe to.
//!
//! One thread has the socket and everything that belongs to it. It never waits for the engine, but where a command that
//! must arrive finds the engine's queue full; answers come back to it through a channel. Nothing here is real time.
//!
//! - [`datagram`]: bytes to messages and their instants. Pure.
//! - [`table`], [`pattern`]: messages to commands. Pure.
//! - [`tree`], [`help`]: values and descriptions of addresses. Pure.
//! - [`agenda`], [`subscriptions`]: messages for later, and repeated ones. Pure.
//! - [`listener`]: the thread; [`post`]: what it sends; [`bell`]: what wakes it.

pub mod agenda;
pub mod bell;
pub mod datagram;
pub mod help;
pub mod knobs;
pub mod listener;
pub mod pattern;
pub mod post;
pub mod subscriptions;
pub mod table;
pub mod tree;

pub use datagram::understand;

use crate::engine::{doors::Doors, station::Station};
use bell::Bell;
use listener::Listener;
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    thread::{self, JoinHandle},
};

/// Room for datagrams that wait, in bytes. The system may grant less.
const WAITING_BYTES: usize = 1 << 20;

/// The settings of OSC.
#[derive(Clone, Debug)]
pub struct OscOptions {
    /// The address.
    pub at: SocketAddr,
    /// Machines that may send, besides this one.
    pub from: Vec<IpAddr>,
}

/// OSC is served while this lives.
pub struct Osc {
    at: SocketAddr,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Osc {
    /// Begins to serve.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub fn open(station: &Station, doors: &Doors, options: &OscOptions) -> io::Result<Osc> {
        let socket = UdpSocket::bind(options.at)?;
        socket.set_nonblocking(true)?;
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, WAITING_BYTES)?;
        let at = socket.local_addr()?;
        let bell = Arc::new(Bell::new()?);
        let door = doors.open("osc", at.to_string());
        let listener = Listener::new(station.clone(), door, options.from.clone(), socket, Arc::clone(&bell));
        let thread = thread::Builder::new().name("osc".to_owned()).spawn(move || listener.run())?;
        Ok(Osc { at, bell, thread: Some(thread) })
    }

    /// Its address; the port is the one the system chose where 0 was asked for.
    pub fn at(&self) -> SocketAddr {
        self.at
    }
}

impl Drop for Osc {
    fn drop(&mut self) {
        self.bell.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the OSC thread ended with a panic");
        }
    }
}
