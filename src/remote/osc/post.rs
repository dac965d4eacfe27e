//! Sends replies, errors and parts of the status. On the OSC thread; a datagram that finds no room is left out, as the
//! network would.

use crate::remote::limit::Limit;
use rosc::{OscMessage, OscPacket, OscType, encoder};
use std::{
    fmt::Display,
    net::{SocketAddr, UdpSocket},
    time::Instant,
};

/// The answer to a ping.
pub const PONG: &str = "/pong";
/// The address of answers to commands.
pub const REPLY: &str = "/reply";
/// The address of errors.
pub const ERROR: &str = "/error";
/// The address of events.
pub const EVENT: &str = "/event";
/// Addresses that are only ever sent.
pub const TOLD: &[&str] = &[PONG, REPLY, ERROR, EVENT];

/// Errors sent in a second.
const ERRORS_PER_SECOND: u32 = 50;
/// The largest bundle of several messages.
const BUNDLE_BYTES_MAX: usize = 8 * 1024;
/// The beginning of a bundle for immediate execution.
const BUNDLE: &[u8] = b"#bundle\0\0\0\0\0\0\0\0\x01";

/// Sends.
#[derive(Debug)]
pub struct Post {
    socket: UdpSocket,
    errors: Limit,
    /// Errors that were not sent, since the last one that was.
    untold: u64,
}

impl Post {
    /// Sends from this socket.
    pub fn new(socket: UdpSocket) -> Post {
        Post { socket, errors: Limit::new(ERRORS_PER_SECOND, ERRORS_PER_SECOND), untold: 0 }
    }

    /// The socket: commands come in where all of this is sent from.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// One message in a datagram of its own.
    pub fn tell(&self, to: SocketAddr, address: &str, args: Vec<OscType>) {
        self.send(to, &encode(&OscMessage { addr: address.to_owned(), args }));
    }

    /// Sends why a message was not done. The text is made only where it is sent.
    pub fn error(&mut self, to: SocketAddr, address: &str, why: &dyn Display, now: Instant) {
        if !self.errors.admits(now) {
            self.untold += 1;
            return;
        }
        if self.untold > 0 {
            tracing::debug!("{} OSC errors were not sent: too many at once", std::mem::take(&mut self.untold));
        }
        self.tell(to, ERROR, vec![address.into(), OscType::String(why.to_string())]);
    }

    /// Several messages, in as few datagrams as they fit in; one alone is no bundle.
    pub fn tell_all<'a>(&self, to: SocketAddr, messages: impl IntoIterator<Item = &'a OscMessage>) {
        for datagram in datagrams(messages) {
            self.send(to, &datagram);
        }
    }

    fn send(&self, to: SocketAddr, bytes: &[u8]) {
        if let Err(error) = self.socket.send_to(bytes, to) {
            tracing::trace!(%error, %to, "OSC could not be sent");
        }
    }
}

fn encode(message: &OscMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Ok(_) = encoder::encode_into(&OscPacket::Message(message.clone()), &mut bytes);
    bytes
}

fn datagrams<'a>(messages: impl IntoIterator<Item = &'a OscMessage>) -> Vec<Vec<u8>> {
    let mut done = Vec::new();
    let mut waiting: Vec<Vec<u8>> = Vec::new();
    let mut size = BUNDLE.len();
    for message in messages {
        let bytes = encode(message);
        if size + 4 + bytes.len() > BUNDLE_BYTES_MAX {
            done.extend(bundle(&mut waiting));
            size = BUNDLE.len();
        }
        size += 4 + bytes.len();
        waiting.push(bytes);
    }
    done.extend(bundle(&mut waiting));
    done
}

/// Those that wait, as a datagram; `None` where none does.
fn bundle(waiting: &mut Vec<Vec<u8>>) -> Option<Vec<u8>> {
    let mut bytes = BUNDLE.to_vec();
    if waiting.len() < 2 {
        return waiting.pop();
    }
    for message in waiting.drain(..) {
        bytes.extend((message.len() as u32).to_be_bytes());
        bytes.extend(message);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::osc::datagram::{TimeTag, understand};

    fn message(text: String) -> OscMessage {
        OscMessage { addr: "/status/x".to_owned(), args: vec![OscType::String(text)] }
    }

    #[test]
    fn many_messages_go_in_few_datagrams_and_none_is_lost() {
        let mut messages: Vec<OscMessage> = (0..2_000).map(|number| message(number.to_string())).collect();
        messages.insert(1_000, message("long".repeat(3_000)));
        let sent = datagrams(&messages);
        assert!(sent.len() < 12, "{} datagrams", sent.len());
        assert!(sent.iter().filter(|bytes| bytes.len() > BUNDLE_BYTES_MAX).count() == 1, "only the long one is longer");
        let heard: Vec<_> = sent.iter().flat_map(|bytes| understand(bytes).unwrap()).collect();
        assert!(heard.iter().all(|heard| heard.tag == TimeTag::NOW));
        assert_eq!(heard.into_iter().map(|heard| heard.message).collect::<Vec<_>>(), messages);
        assert!(datagrams(&[]).is_empty());
        assert!(datagrams(&messages[..1])[0].starts_with(b"/status/x"));
    }

    #[test]
    fn so_many_errors_are_sent_in_a_second() {
        let hearer = UdpSocket::bind("127.0.0.1:0").unwrap();
        hearer.set_nonblocking(true).unwrap();
        let mut post = Post::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let start = Instant::now();
        for _ in 0..1_000 {
            post.error(hearer.local_addr().unwrap(), "/xyzzy", &"no", start);
        }
        let told = std::iter::from_fn(|| hearer.recv(&mut [0; 64]).ok()).count();
        assert_eq!((told, post.untold), (ERRORS_PER_SECOND as usize, 950));
    }
}
