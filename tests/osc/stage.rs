//! `busker serve` with OSC at a port of its own, and a client that says and hears.

use crate::program::busker;
use rosc::{OscMessage, OscPacket, OscType, encoder};
use std::{
    cell::Cell,
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything takes; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program, with a home of its own; it ends with this.
pub struct Stage {
    home: tempfile::TempDir,
    child: Child,
    /// Where OSC is heard.
    pub at: SocketAddr,
}

impl Stage {
    pub fn open() -> Stage {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config/busker");
        fs::create_dir_all(&config).unwrap();
        let takes = home.path().join("takes");
        fs::write(config.join("config.yaml"), format!("recordings: {}\n", takes.display())).unwrap();
        let mut command = busker(home.path(), &["serve", "--demo", "--osc", "127.0.0.1:0", "--http", "off"]);
        command.env("XDG_RUNTIME_DIR", home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let at = lines.find_map(|line| Some(line.split_once("OSC at ")?.1.to_owned()));
        // Whatever else it says must find a reader.
        thread::spawn(move || lines.for_each(drop));
        Stage { home, child, at: at.expect("it says where OSC is").parse().unwrap() }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Frames of a take that is closed; 0 while there is none.
    pub fn take_frames(&self, name: &str) -> u32 {
        let path: PathBuf = self.home().join("takes").join(name).with_extension("wav");
        hound::WavReader::open(path).map_or(0, |take| take.duration())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says to a station and hears what it says.
pub struct Client {
    pub socket: UdpSocket,
    /// Packets that were sent.
    pub said: Cell<u64>,
}

impl Client {
    pub fn of(stage: &Stage) -> Client {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(stage.at).unwrap();
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

    /// The next datagram with something below an address; others are passed over.
    pub fn hear_below(&self, address: &str) -> Vec<OscMessage> {
        loop {
            let heard = self.hear();
            if heard.iter().any(|message| message.addr.starts_with(address)) {
                return heard;
            }
        }
    }

    /// The arguments of the next message at an address; others are passed over.
    pub fn hear_at(&self, address: &str) -> Vec<OscType> {
        loop {
            if let Some(message) = self.hear_below(address).into_iter().find(|message| message.addr == address) {
                return message.args;
            }
        }
    }

    /// What a part of the status says; nothing where it is not there.
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

    /// Asks till the answer is right.
    pub fn wait_for(&self, address: &str, is_right: impl Fn(&[OscType]) -> bool) {
        wait_for(address, || is_right(&self.ask(address)));
    }
}

pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}
