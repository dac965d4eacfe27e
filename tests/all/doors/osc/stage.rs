//! `busker serve` with OSC at a port of its own, and a client that sends and receives.

use crate::common::served::{PATIENCE, Served, wait_until};
use rosc::{OscMessage, OscPacket, OscType, encoder};
use std::{
    cell::Cell,
    net::{SocketAddr, UdpSocket},
};

/// A station that receives OSC.
pub struct Stage {
    pub served: Served,
    /// The address that receives OSC.
    pub at: SocketAddr,
}

impl Stage {
    pub fn open() -> Stage {
        let served = Served::start(&["--osc", "127.0.0.1:0"]);
        Stage { at: served.osc.expect("it says where OSC is"), served }
    }

    pub fn pid(&self) -> u32 {
        self.served.pid()
    }

    /// Frames of a closed take; 0 while there is none.
    pub fn take_frames(&self, name: &str) -> u32 {
        let path = self.served.home().join("Music").join(name).with_extension("wav");
        hound::WavReader::open(path).map_or(0, |take| take.duration())
    }
}

/// Sends to a station and receives from it.
pub struct Client {
    pub socket: UdpSocket,
    /// Packets that were sent.
    pub said: Cell<u64>,
}

impl Client {
    pub fn of(stage: &Stage) -> Client {
        Client::at(stage.at)
    }

    pub fn at(at: SocketAddr) -> Client {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { socket, said: Cell::new(0) }
    }

    pub fn say(&self, addr: &str, args: impl Into<Vec<OscType>>) {
        self.send(&OscPacket::Message(OscMessage { addr: addr.to_owned(), args: args.into() }));
    }

    pub fn send(&self, packet: &OscPacket) {
        self.said.set(self.said.get() + 1);
        self.socket.send(&encoder::encode(packet).unwrap()).unwrap();
    }

    /// The messages of the next datagram.
    pub fn hear(&self) -> Vec<OscMessage> {
        let mut bytes = vec![0; 65_536];
        let length = self.socket.recv(&mut bytes).expect("nothing came");
        let heard = busker::remote::osc::understand(&bytes[..length]).unwrap();
        heard.into_iter().map(|heard| heard.message).collect()
    }

    /// The next datagram with a message below an address; others are skipped.
    pub fn hear_below(&self, address: &str) -> Vec<OscMessage> {
        loop {
            let heard = self.hear();
            if heard.iter().any(|message| message.addr.starts_with(address)) {
                return heard;
            }
        }
    }

    /// The arguments of the next message at an address; others are skipped.
    pub fn hear_at(&self, address: &str) -> Vec<OscType> {
        loop {
            if let Some(message) = self.hear_below(address).into_iter().find(|message| message.addr == address) {
                return message.args;
            }
        }
    }

    /// The values of a part of the status; empty if there is none.
    pub fn ask(&self, address: &str) -> Vec<OscType> {
        self.say(address, []);
        loop {
            for OscMessage { addr, args } in self.hear() {
                if addr == address {
                    return args;
                }
                if addr == "/error" && args[0] == address.into() {
                    return Vec::new();
                }
            }
        }
    }

    /// Requests it until the answer is right.
    pub fn wait_for(&self, address: &str, is_right: impl Fn(&[OscType]) -> bool) {
        wait_until(address, || is_right(&self.ask(address)));
    }
}
