//! HTTP, WebSocket, and the page for a phone.

use crate::{
    config::Folders,
    engine::{doors::Doors, station::Station},
};
use std::{io, net::SocketAddr};

/// How HTTP is served.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where.
    pub at: SocketAddr,
    /// Where profiles and settings are.
    pub folders: Folders,
}

/// HTTP is served while this lives.
pub struct Http {
    at: SocketAddr,
    token: Option<String>,
}

impl Http {
    /// Begins to serve.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub fn open(_station: &Station, _doors: &Doors, options: &HttpOptions) -> io::Result<Http> {
        Ok(Http { at: options.at, token: None })
    }

    /// Where it is served; the port is the one the system chose where 0 was asked for.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// What whoever asks must show, where it is served to other machines.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}
