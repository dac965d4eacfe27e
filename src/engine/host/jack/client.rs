//! Opening and closing a JACK client, silently and without starting a server.
//!
//! Runs on the asking thread (`jack/ask.rs`), and only there. libjack keeps one server's memory per program, so a
//! second server is refused while the first is in use. Realtime: no.

use super::ask::ask_even_if_stuck;
use crate::engine::host::HostError;
use jack::{Client, ClientOptions, ClientStatus, LoggerType, jack_sys};
use std::{
    env,
    ffi::{CString, c_char, c_uint},
    sync::{Arc, Mutex, Once, PoisonError, Weak},
};

/// The name of a client that only looks or connects, and is closed at once.
pub const LOOK_NAME: &str = "busker-look";
/// The variable every JACK program reads its server's name from.
const SERVER_VARIABLE: &str = "JACK_DEFAULT_SERVER";
/// The server's name where no other is given.
const DEFAULT_SERVER: &str = "default";

/// Which server is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    asked: Option<String>,
}

impl Server {
    /// The one asked for, else the one the environment names, else the default one.
    pub fn of(asked: Option<&str>) -> Server {
        Server { asked: asked.filter(|name| !name.is_empty()).map(str::to_owned) }
    }

    /// Its name for `--device`.
    pub fn device_id(&self) -> String {
        self.asked.as_ref().map_or("jack".to_owned(), |name| format!("jack:{name}"))
    }

    /// The name to show.
    pub fn device_name(&self) -> String {
        self.asked.as_ref().map_or("JACK".to_owned(), |name| format!("JACK server {name}"))
    }

    fn name(&self) -> String {
        let from_environment = || env::var(SERVER_VARIABLE).ok().filter(|name| !name.is_empty());
        self.asked.clone().or_else(from_environment).unwrap_or_else(|| DEFAULT_SERVER.to_owned())
    }
}

/// Keeps other servers out while this one is in use.
#[derive(Debug)]
struct Lease {
    _server: Arc<String>,
}

fn lease(server: &str) -> Result<Lease, HostError> {
    static IN_USE: Mutex<Weak<String>> = Mutex::new(Weak::new());
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    match in_use.upgrade() {
        Some(other) if *other != server => {
            Err(HostError(format!("the JACK server {other} is in use; one program can use one server at a time")))
        }
        Some(same) => Ok(Lease { _server: same }),
        None => {
            let server = Arc::new(server.to_owned());
            *in_use = Arc::downgrade(&server);
            Ok(Lease { _server: server })
        }
    }
}

/// A client, or an active one; wherever it is dropped, it is closed on the asking thread, and not waited for longer
/// than a server needs that answers at all.
pub struct ClientGuard<T: Send + 'static> {
    client: Option<(T, Lease)>,
}

impl<T: Send + 'static> ClientGuard<T> {
    /// The client.
    pub fn get(&self) -> Option<&T> {
        self.client.as_ref().map(|(client, _)| client)
    }

    /// Turns the client into another value, on the asking thread.
    pub fn try_map<U: Send + 'static>(
        mut self,
        make: impl FnOnce(T) -> Result<U, jack::Error>,
    ) -> Result<ClientGuard<U>, HostError> {
        let (client, lease) = self.client.take().ok_or_else(|| HostError("the JACK client is closed".to_owned()))?;
        match make(client) {
            Ok(made) => Ok(ClientGuard { client: Some((made, lease)) }),
            Err(error) => Err(HostError(format!("JACK refused to activate busker: {error}; restart the JACK server"))),
        }
    }
}

impl<T: Send + 'static> Drop for ClientGuard<T> {
    fn drop(&mut self) {
        if let Some((client, lease)) = self.client.take() {
            let close = move || {
                drop(client);
                drop(lease);
            };
            if ask_even_if_stuck(close).is_err() {
                tracing::warn!("the JACK server does not answer; its connection is closed when it does");
            }
        }
    }
}

/// Opens a client. To be called on the asking thread.
///
/// # Errors
/// Where JACK is not installed, no such server runs, or it takes no more clients.
pub fn open(server: &Server, client_name: &str) -> Result<ClientGuard<Client>, HostError> {
    if let Err(error) = jack_sys::library() {
        tracing::debug!("libjack: {error}");
        return Err(HostError(
            "JACK is not installed here: install jackd2 or pipewire-jack, or choose another device".to_owned(),
        ));
    }
    // libjack writes its messages to stderr, which is the screen.
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| jack::set_logger(LoggerType::None));
    let lease = lease(&server.name())?;
    let client = match &server.asked {
        None => {
            Client::new(client_name, ClientOptions::NO_START_SERVER).map(|(client, _)| client).map_err(|error| {
                match error {
                    jack::Error::ClientError(status) => refused(server, status),
                    other => HostError(format!("JACK: {other}; restart the JACK server")),
                }
            })?
        }
        Some(name) => open_on(name, client_name).map_err(|status| refused(server, status))?,
    };
    Ok(ClientGuard { client: Some((client, lease)) })
}

/// The crate passes no server name, and setting the environment variable instead would race with threads that read it.
#[allow(
    unsafe_code,
    reason = "jack_client_open takes the server's name as a variadic argument; the crate has no call for it"
)]
fn open_on(server: &str, client_name: &str) -> Result<Client, ClientStatus> {
    type Open = unsafe extern "C" fn(*const c_char, c_uint, *mut c_uint, ...) -> *mut jack_sys::jack_client_t;
    let (Ok(library), Ok(server), Ok(client_name)) =
        (jack_sys::library(), CString::new(server), CString::new(client_name))
    else {
        return Err(ClientStatus::SERVER_FAILED);
    };
    let options = ClientOptions::NO_START_SERVER | ClientOptions::SERVER_NAME;
    let mut status = 0;
    // SAFETY: the symbol has this type in jack/jack.h, the strings outlive the call, JackServerName announces exactly
    // one further argument, and the pointer is used as the open client it is where it is not null.
    let client = unsafe {
        let Ok(open) = library.get::<Open>(b"jack_client_open\0") else { return Err(ClientStatus::LOAD_FAILURE) };
        let client = open(client_name.as_ptr(), options.bits(), &mut status, server.as_ptr());
        if client.is_null() {
            return Err(ClientStatus::from_bits_truncate(status));
        }
        Client::from_raw(client)
    };
    Ok(client)
}

fn refused(server: &Server, status: ClientStatus) -> HostError {
    tracing::debug!(?server, ?status, "no JACK client");
    let name = server.name();
    HostError(if status.intersects(ClientStatus::SERVER_FAILED | ClientStatus::SERVER_ERROR) {
        let named = if name == DEFAULT_SERVER { String::new() } else { format!(" named {name}") };
        format!("no JACK server{named} is running: start one, or choose another device")
    } else {
        format!("the JACK server {name} accepts no client: {status:?}; restart it, or choose another device")
    })
}
