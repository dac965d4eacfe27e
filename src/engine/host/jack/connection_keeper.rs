//! Makes MIDI connections again when their other end comes back.
//!
//! JACK forgets a connection when the program at its other end goes away. The notification says when a port of that
//! name is there again, and a thread of the keeper's has it connected (`jack/ask.rs`); it sleeps until then, and ends
//! with the client. Ports that the user disconnects stay disconnected. Realtime: no.

use super::{
    ask::ask,
    client::{self, LOOK_NAME, Server},
    connect,
};
use jack::{Client, PortId};
use std::{
    sync::mpsc::{self, Sender},
    thread,
};

/// The notification's half.
pub struct ConnectionKeeper {
    /// Connections of the station's ports with others, each from its source.
    connections: Vec<(String, String)>,
    returned: Sender<(String, String)>,
}

impl ConnectionKeeper {
    /// A keeper of these connections on this server.
    pub fn new(server: Server, connections: Vec<(String, String)>) -> ConnectionKeeper {
        let (returned, connections_to_make) = mpsc::channel::<(String, String)>();
        if !connections.is_empty() {
            let body = move || connections_to_make.into_iter().for_each(|connection| again(&server, connection));
            if let Err(error) = thread::Builder::new().name("jack-keeper".to_owned()).spawn(body) {
                tracing::warn!("lost MIDI connections are not restored: no thread: {error}");
            }
        }
        ConnectionKeeper { connections, returned }
    }

    /// A port appeared. On JACK's notification thread, where no call to the server is allowed.
    pub fn appeared(&self, client: &Client, port: PortId) {
        let Some(name) = client.port_by_id(port).and_then(|port| port.name().ok()) else { return };
        for connection in self.connections.iter().filter(|(from, to)| *from == name || *to == name) {
            // Without a thread no connection is made; that was reported.
            let _ = self.returned.send(connection.clone());
        }
    }
}

fn again(server: &Server, (from, to): (String, String)) {
    let server = server.clone();
    let made = ask(move || {
        let held = client::open(&server, LOOK_NAME)?;
        if let Some(client) = held.get() {
            connect::connect(client, &from, &to);
        }
        Ok(())
    });
    if let Err(error) = made.and_then(|made| made) {
        tracing::warn!("a MIDI connection was not restored: {error}");
    }
}
