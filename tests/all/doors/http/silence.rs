//! How a WebSocket ends: by silence, by a close, or by invalid frames.

use super::served::{Served, Socket, wait_for};
use serde_json::Value;
use std::io::Write;
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

fn peak(served: &Served) -> f64 {
    served.get("/api/status")["outputs"][0]["peak_db"].as_f64().unwrap()
}

#[test]
fn notes_of_a_client_that_falls_silent_end() {
    let served = Served::start();
    let mut silent = served.socket();
    silent.done("note.on C3 100");
    wait_for("the note", || (peak(&served) > -40.0).then_some(()));
    // The connection is open, nothing is read from here on, and no ping is answered.
    wait_for("silence", || (peak(&served) < -100.0).then_some(()));
    served.wait_for_connected(0);
    drop(silent);
}

#[test]
fn a_client_that_answers_stays_connected() {
    let served = Served::start();
    let mut socket = served.socket();
    socket.done("note.on C3 100");
    // A client that did not answer the first ping would not receive the third.
    let mut asked = 0;
    while asked < 3 {
        asked += u32::from(socket.socket.read().unwrap().is_ping());
    }
    socket.done("note.off C3");
}

#[test]
fn at_rest_a_websocket_is_sent_counts_only() {
    let served = Served::start();
    let mut socket = served.socket();
    assert_eq!(socket.told()["type"], "profile");
    let whole = socket.told();
    assert!(whole["changes"]["transport"].is_object() && whole["changes"]["faults"].is_object(), "{whole}");
    // From one ping to the next, which only need silence; the clock runs all the time.
    let (mut asked, mut told) = (0, Vec::new());
    while asked < 2 {
        match socket.socket.read().unwrap() {
            Message::Ping(_) => asked += 1,
            Message::Text(text) if asked == 1 => told.push(serde_json::from_str::<Value>(&text).unwrap()),
            _ => {}
        }
    }
    for message in &told {
        let parts = message["changes"].as_object().unwrap_or_else(|| panic!("{message}"));
        assert!(parts.keys().all(|part| ["ports", "device", "record", "doors"].contains(&&part[..])), "{message}");
    }
    assert!((1..20).contains(&told.len()), "{} messages", told.len());
    // Changes are sent at once, and complete.
    served.command("click.on on");
    socket.wait_for("the click", |told| told["changes"]["click_on"] == true);
    served.command("transport.play");
    socket.wait_for("the place", |told| told["type"] == "position" && told["playing"] == true);
}

/// The close that comes back.
fn close_of(socket: &mut Socket) -> CloseFrame {
    wait_for("the close", || match socket.socket.read() {
        Ok(Message::Close(close)) => Some(close.expect("a code")),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    })
}

#[test]
fn a_close_comes_back_with_its_code() {
    let served = Served::start();
    for code in [CloseCode::Normal, CloseCode::Away, CloseCode::Library(4000)] {
        let mut socket = served.socket();
        socket.socket.close(Some(CloseFrame { code, reason: "enough".into() })).unwrap();
        assert_eq!(close_of(&mut socket).code, code);
    }
    served.wait_for_connected(0);
}

/// A masked frame, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let head = match payload.len() {
        short @ ..126 => vec![first, 0x80 | short as u8],
        long => [&[first, 0x80 | 126][..], &(long as u16).to_be_bytes()].concat(),
    };
    [&head[..], &[0; 4], payload].concat()
}

#[test]
fn an_invalid_frame_is_answered_with_its_code() {
    let served = Served::start();
    for (code, bytes) in [
        // Reserved bits, an unknown kind, a fragmented ping, one that is too long, a continuation of nothing, no mask.
        (CloseCode::Protocol, frame(0xC1, b"{}")),
        (CloseCode::Protocol, frame(0x83, b"{}")),
        (CloseCode::Protocol, frame(0x09, b"")),
        (CloseCode::Protocol, frame(0x89, &[0; 126])),
        (CloseCode::Protocol, frame(0x80, b"{}")),
        (CloseCode::Protocol, vec![0x81, 2, b'{', b'}']),
        (CloseCode::Invalid, frame(0x81, b"\xff\xfe")),
        (CloseCode::Invalid, [frame(0x01, b"\xe2\x82"), frame(0x80, b"")].concat()),
        (CloseCode::Size, frame(0x81, &[b' '; 40_000])),
        (CloseCode::Size, [frame(0x01, &[b' '; 30_000]), frame(0x80, &[b' '; 30_000])].concat()),
        (CloseCode::Unsupported, frame(0x82, b"{}")),
        // A close with a reserved code.
        (CloseCode::Protocol, frame(0x88, &1005_u16.to_be_bytes())),
    ] {
        let mut socket = served.socket();
        socket.socket.get_mut().write_all(&bytes).unwrap();
        let close = close_of(&mut socket);
        assert_eq!(close.code, code, "{:02x?}: {}", &bytes[..bytes.len().min(12)], close.reason);
    }
    served.wait_for_connected(0);
}
