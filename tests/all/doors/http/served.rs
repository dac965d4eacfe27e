//! The program as a server, and clients for it: plain requests, WebSocket, curl.

pub use crate::common::served::{PATIENCE, wait_for};

use crate::common::{program::busker, served};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};
use tungstenite::{Message, WebSocket, client::IntoClientRequest, http::HeaderValue};

/// A station that is served over HTTP.
pub struct Served {
    program: served::Served,
    /// Its address.
    pub at: SocketAddr,
    /// The token that it printed after `?token=`.
    pub token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The head, as it was received.
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let of_name = |line: &&str| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
        Some(self.head.lines().find(of_name)?.split_once(':')?.1.trim())
    }

    /// The sentence of a refusal.
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{} {}", self.head, self.text());
        let why = self.json()["error"].as_str().expect("a sentence").to_owned();
        assert!(why.len() > 10, "{why}");
        why
    }
}

/// Sends exactly this text, and reads one answer, or until the server closes.
pub fn exchange(mut stream: TcpStream, text: &[u8]) -> Vec<u8> {
    let (mut all, mut some) = (Vec::new(), [0; 16 * 1024]);
    // A server that refuses may close before everything is sent.
    let _ = stream.write_all(text);
    while let Ok(count @ 1..) = stream.read(&mut some) {
        all.extend_from_slice(&some[..count]);
        if end_of_answer(&all).is_some_and(|end| all.len() >= end) {
            break;
        }
    }
    all
}

/// The end of an answer that gives its length.
fn end_of_answer(all: &[u8]) -> Option<usize> {
    let head = all.windows(4).position(|it| it == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&all[..head]).to_ascii_lowercase();
    let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    Some(head + 4 + length)
}

/// Sends a request to this connection.
pub fn ask_at(stream: TcpStream, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let all = exchange(stream, format!("{head}\r\n{body}").as_bytes());
    let end = all.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: no answer"));
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: all[end + 4..].to_vec() }
}

impl Served {
    pub fn start() -> Served {
        Served::at("127.0.0.1:0")
    }

    pub fn at(address: &str) -> Served {
        Served::of(served::Served::start(&["--http", address]))
    }

    /// The folder of takes.
    pub fn takes(&self) -> PathBuf {
        self.program.home().join("Music")
    }

    pub fn home(&self) -> &Path {
        self.program.home()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.at.port())
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.at.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends exactly this text, and reads until the server closes.
    pub fn raw(&self, text: &[u8]) -> Vec<u8> {
        exchange(self.connect(), text)
    }

    /// Sends a request with these headers; `Host` only if it is given.
    pub fn ask_as(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        ask_at(self.connect(), method, path, headers, body)
    }

    /// Sends a request as a program of this machine does.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = [("Host", "localhost"), ("Content-Type", "application/json")];
        self.ask_as(method, path, &headers[..if body.is_empty() { 1 } else { 2 }], body)
    }

    pub fn get(&self, path: &str) -> Value {
        let reply = self.ask("GET", path, "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    pub fn post(&self, path: &str, body: &str) -> Value {
        let reply = self.ask("POST", path, body);
        assert_eq!(reply.status, 200, "{path} {body}: {}", reply.text());
        reply.json()
    }

    pub fn command(&self, line: &str) -> Reply {
        self.ask("POST", "/api/command", &serde_json::json!({ "command": line }).to_string())
    }

    /// The output of curl.
    pub fn curl(&self, args: &[&str], path: &str) -> Vec<u8> {
        let output =
            Command::new("curl").args(["-sS", "--fail-with-body"]).args(args).arg(self.url(path)).output().unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stdout));
        output.stdout
    }

    pub fn socket(&self) -> Socket {
        self.socket_as(&[]).unwrap_or_else(|error| panic!("no WebSocket: {error}"))
    }

    /// A station that serves HTTP, from any.
    pub fn of(program: served::Served) -> Served {
        Served { at: program.http.expect("it says where HTTP is"), token: program.token.clone(), program }
    }

    /// The program behind it.
    pub fn program(&self) -> &served::Served {
        &self.program
    }

    /// A WebSocket whose handshake has these headers.
    pub fn socket_as(&self, headers: &[(&'static str, &str)]) -> tungstenite::Result<Socket> {
        let address = format!("ws://127.0.0.1:{}/api/events", self.at.port());
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match tungstenite::client(request, self.connect()) {
            Ok((socket, _)) => Ok(Socket { socket, asked: 0 }),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }

    /// A count of HTTP; `None` while it is not yet in the status.
    fn count(&self, name: &str) -> Option<u64> {
        let doors = self.get("/api/status")["doors"].as_array().unwrap().clone();
        doors.iter().find(|door| door["name"] == "http")?[name].as_u64()
    }

    /// Waits until so many clients are connected. They are counted through the station's socket: a question over HTTP
    /// would be counted, too, or not, for the status is not of the instant of the question.
    pub fn wait_for_connected(&self, count: u64) {
        wait_for(&format!("{count} who are connected"), || {
            let output = busker(self.program.home(), &["status", "--json"]).output().unwrap();
            let status: Value = serde_json::from_slice(&output.stdout).ok()?;
            let door = status["doors"].as_array()?.iter().find(|door| door["name"] == "http")?;
            (door["connected"].as_u64()? == count).then_some(())
        });
    }

    /// Waits for a count of HTTP.
    pub fn wait_for_count(&self, name: &str, is_it: impl Fn(u64) -> bool) {
        wait_for(name, || is_it(self.count(name)?).then_some(()));
    }

    /// Whether it ended with success.
    pub fn wait(&mut self) -> bool {
        self.program.wait().success()
    }
}

/// A WebSocket client.
pub struct Socket {
    pub socket: WebSocket<TcpStream>,
    asked: u64,
}

impl Socket {
    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The next message.
    pub fn told(&mut self) -> Value {
        loop {
            match self.socket.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads until the expected message.
    pub fn wait_for(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let told = self.told();
            if is_it(&told) {
                return told;
            }
            assert!(start.elapsed() < PATIENCE, "{what} was not received");
        }
    }

    pub fn wait_for_type(&mut self, kind: &str) -> Value {
        self.wait_for(kind, |told| told["type"] == kind)
    }

    /// The reply to a command.
    pub fn command(&mut self, command: &str) -> (bool, String) {
        self.asked += 1;
        let id = self.asked;
        self.send(&serde_json::json!({ "type": "do", "command": command, "id": id }).to_string());
        let answer = self.wait_for(command, |told| told["type"] == "answer" && told["id"] == id);
        (answer["done"].as_bool().unwrap(), answer["text"].as_str().unwrap().to_owned())
    }

    /// Sends a command that must succeed.
    pub fn done(&mut self, command: &str) {
        let (done, text) = self.command(command);
        assert!(done, "{command}: {text}");
    }
}
