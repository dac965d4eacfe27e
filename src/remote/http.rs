//! HTTP, WebSocket, and the page for a phone: the resources, and the thread that serves them.
//!
//! Everything runs on one thread called "http", which waits for nothing but its sockets: files are read on threads of
//! their own, and the engine is asked through the [`Station`] like everywhere. Nothing runs while no client is
//! connected.
//!
//! - `listen`, `seats`, `line`: connections, and how many of them.
//! - `guard`: checks each request before anything is done.
//! - `ask`: commands on their way to the engine, from HTTP and WebSocket.
//! - `resources`: the resources to get and to post to, and their description.
//! - `feed`, `socket`: WebSocket.
//! - `page`: the page for a browser.

mod ask;
mod connection;
mod feed;
mod guard;
mod listen;
mod page;
mod reply;
mod resources;
mod seated;
mod seats;
mod socket;
mod token;

use crate::{
    config::{Folders, HostName, TokenLife},
    engine::{
        doors::{Door, Doors},
        station::Station,
    },
};
use feed::Feed;
use guard::Guard;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};
use token::Token;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Mutex, watch},
};

/// Threads for files and devices at most.
const BLOCKING_THREADS: usize = 8;
/// How long requests under way may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// The settings of HTTP.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The address.
    pub at: SocketAddr,
    /// The folders of profiles and settings, and of the token where it is kept.
    pub folders: Folders,
    /// Host names it is served under besides this machine's own.
    pub hosts: Vec<HostName>,
    /// How long the token is valid, where one is needed.
    pub token: TokenLife,
}

/// HTTP is served while this lives.
pub struct Http {
    at: SocketAddr,
    token: Option<Token>,
    ending: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shared by all requests.
struct Hall {
    station: Station,
    door: Arc<Door>,
    folders: Folders,
    guard: Guard,
    feed: Feed,
    /// One request at a time looks at devices.
    looking: Mutex<()>,
}

impl Http {
    /// Begins to serve.
    ///
    /// # Errors
    /// Where the address cannot be bound, or the token that is kept cannot be used.
    pub fn open(station: &Station, doors: &Doors, options: &HttpOptions) -> io::Result<Http> {
        let listener = TcpListener::bind(options.at)?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let token = match options.token {
            _ if at.ip().is_loopback() => None,
            TokenLife::New => Some(Token::new()?),
            TokenLife::Keep => Some(Token::kept(&options.folders.http_token_file())?),
        };
        let hall = Arc::new(Hall {
            station: station.clone(),
            door: doors.open("http", at.to_string()),
            folders: options.folders.clone(),
            guard: Guard::new(token.clone(), options.hosts.clone()),
            feed: Feed::new(station),
            looking: Mutex::default(),
        });
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("http-files")
            .build()?;
        let (ending, ended) = watch::channel(());
        let serve = move || serve(runtime, listener, hall, ended);
        let thread = thread::Builder::new().name("http".to_owned()).spawn(serve)?;
        Ok(Http { at, token, ending: Some(ending), thread: Some(thread) })
    }

    /// Its address; the port is the one the system chose where 0 was asked for.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// The token that clients need, where it is served to other machines.
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(Token::text)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        // Every connection waits for this, too.
        drop(self.ending.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the HTTP thread panicked");
        }
    }
}

fn serve(runtime: Runtime, listener: TcpListener, hall: Arc<Hall>, ending: watch::Receiver<()>) {
    if let Err(error) = runtime.block_on(listen::listen(listener, hall, ending)) {
        tracing::warn!(%error, "HTTP has stopped");
    }
    runtime.shutdown_timeout(GRACE);
}
