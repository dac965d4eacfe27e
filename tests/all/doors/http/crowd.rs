//! Many clients at once, and clients that send too much, too little, or nothing.

use super::served::{Served, wait_for};
use hound::SampleFormat;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};
use tungstenite::{Error, Message, http::StatusCode};

#[test]
fn forty_websockets_are_sent_the_same_and_more_are_refused() {
    let served = Served::start();
    let mut sockets: Vec<_> = (0..48).map(|_| served.socket()).collect();
    let Err(Error::Http(response)) = served.socket_as(&[]) else { panic!("there was room for one more") };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    served.command("clock.bpm 97");
    served.command("transport.play");
    for socket in &mut sockets {
        let tempo = socket.wait_for("the tempo", |told| told["event"] == "tempo");
        assert_eq!(tempo["bpm"], 97.0);
        socket.wait_for("the status", |told| told["changes"]["transport"]["bpm"] == 97.0);
        socket.wait_for_type("position");
    }
    drop(sockets);
    wait_for("room", || served.socket_as(&[]).ok());
}

#[test]
fn connections_beyond_the_maximum_are_closed() {
    let served = Served::start();
    let crowd: Vec<TcpStream> = (0..80).map(|_| served.connect()).collect();
    let closed = crowd.iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        matches!((&**stream).read(&mut [0]), Ok(0))
    });
    assert!(closed.count() >= 16, "no client was refused");
    drop(crowd);
    wait_for("room", || {
        let mut stream = served.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        stream.read(&mut [0]).ok().filter(|count| *count > 0)
    });
    served.wait_for_count("refused", |count| count >= 16);
}

#[test]
fn two_hundred_silent_or_incomplete_clients_block_no_other() {
    let served = Served::start();
    let crowd: Vec<TcpStream> = (0..200)
        .map(|n| {
            let mut stream = served.connect();
            let head = "POST /api/command HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
            let said = ["", head, &format!("{head}Content-Length: 99\r\n\r\n{{")][n % 3].to_owned();
            // A connection that was closed for another one is closed already.
            let _ = stream.write_all(said.as_bytes());
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(served.command("midi.panic").status, 200);
    }
    served.socket().done("midi.panic");
    drop(crowd);
}

#[test]
fn a_stalled_download_is_ended() {
    let served = Served::start();
    let path = served.takes().join("long.wav");
    fs::create_dir_all(served.takes()).unwrap();
    let spec =
        hound::WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    (0..4_000_000).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
    let stalled: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = served.connect();
            // Otherwise the system may buffer all of it.
            rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 64 << 10).unwrap();
            stream.write_all(b"GET /api/takes/long HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream.read_exact(&mut [0; 12]).unwrap();
            stream
        })
        .collect();
    served.wait_for_connected(8);
    served.wait_for_connected(0);
    // The sent part is there, and then the connection ends.
    for mut stream in stalled {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!((1..8_000_000).contains(&rest.len()), "{}", rest.len());
    }
    // A download that continues is not ended.
    assert_eq!(served.ask("GET", "/api/takes/long", "").body.len(), 8_000_044);
}

#[test]
fn an_incomplete_request_times_out() {
    let served = Served::start();
    let close = |text: &'static str| {
        let mut stream = served.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    // All of them at once: each has the same time limit.
    let silent = close("");
    let half_a_head = close("GET /api/status HTTP/1.1\r\nHost: local");
    let half_a_body = close(
        "POST /api/command HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    );
    let kept_alive = close("GET /api/profiles HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for (mut stream, begins) in
        [(silent, ""), (half_a_head, ""), (half_a_body, "HTTP/1.1 408"), (kept_alive, "HTTP/1.1 200")]
    {
        let mut text = String::new();
        // It must end; the contents do not matter.
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with(begins), "{text}");
    }
}

#[test]
fn requests_that_are_no_http_are_refused() {
    let served = Served::start();
    let huge = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let address = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(40_000));
    let long_address = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    let headers = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(33_000));
    for (text, begins) in [
        ("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", "HTTP/1.1 400"),
        ("hello\r\n\r\n", "HTTP/1.1 400"),
        (&huge, "HTTP/1.1 431"),
        (&address, "HTTP/1.1 4"),
        (&long_address, "HTTP/1.1 4"),
        (&headers, "HTTP/1.1 431"),
        (
            "POST /api/command HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
            "HTTP/1.1 413",
        ),
        (
            "POST /api/command HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
            "HTTP/1.1 400",
        ),
        (
            "POST /api/command HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx",
            "HTTP/1.1 400",
        ),
    ] {
        let reply = served.raw(text.as_bytes());
        let reply = String::from_utf8_lossy(&reply);
        assert!(reply.starts_with(begins) && !reply.starts_with("HTTP/1.1 404"), "{:.40}: {reply}", text);
        assert!(reply.contains(r#"{"error":""#), "a refusal gives its reason: {:.40}: {reply}", text);
    }
    assert_eq!(served.ask("GET", "/api/status", "").status, 200);
}

#[test]
fn a_flood_is_dropped_but_not_the_commands_that_end_notes() {
    let served = Served::start();
    let mut socket = served.socket();
    for id in 0..1_000 {
        socket.send(&format!(r#"{{"type": "do", "command": "param.set filter_cutoff 0.{}", "id": {id}}}"#, id % 10));
    }
    socket.send(r#"{"type": "do", "command": "transport.stop", "id": 1000}"#);
    let mut dropped = 0_u64;
    loop {
        let told = socket.wait_for_type("answer");
        dropped += u64::from(told["done"] == false);
        if told["id"] == 1000 {
            assert_eq!(told["done"], true, "{told}");
            break;
        }
    }
    assert!((1..950).contains(&dropped), "{dropped}");
    served.wait_for_count("dropped", |count| count == dropped);

    // The same over HTTP, with many short requests.
    let requests = "GET /api/profiles HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3_000);
    let stop = "POST /api/playback/stop HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let stream = served.connect();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(format!("{requests}{stop}").as_bytes()));
    let mut text = String::new();
    (&stream).read_to_string(&mut text).unwrap();
    writing.join().unwrap().unwrap();
    assert!(text.contains("HTTP/1.1 429"), "everything came in");
    let last = text.rfind("HTTP/1.1").unwrap();
    assert!(text[last..].starts_with("HTTP/1.1 200"), "{}", &text[last..]);
}

#[test]
fn messages_that_are_too_long_or_no_text_close_a_websocket() {
    let served = Served::start();
    for message in [Message::binary(vec![1, 2, 3]), Message::text("x".repeat(40_000))] {
        let mut socket = served.socket();
        socket.socket.send(message).unwrap();
        wait_for("the end", || match socket.socket.read() {
            Ok(Message::Close(_)) | Err(_) => Some(()),
            Ok(_) => None,
        });
    }
    served.wait_for_connected(0);
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let served = Served::start();
    let mut socket = served.socket();
    served.wait_for_connected(1);
    // The requested data fills the buffers of both sides.
    let stream = socket.socket.get_mut();
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    while socket.socket.send(Message::text(r#"{"type": "status"}"#)).is_ok() {}
    served.wait_for_connected(0);
}
