//! How a WebSocket ends: by silence, by a word, or because it is none.

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
fn the_notes_of_whoever_falls_silent_end() {
    let served = Served::start();
    let mut silent = served.socket();
    silent.done("note.on C3 100");
    wait_for("the note", || (peak(&served) > -40.0).then_some(()));
    // The connection stands, nothing is read from here on, and no ping is answered.
    wait_for("silence", || (peak(&served) < -100.0).then_some(()));
    served.wait_for_connected(1);
    drop(silent);
}

#[test]
fn whoever_answers_is_kept() {
    let served = Served::start();
    let mut socket = served.socket();
    socket.done("note.on C3 100");
    // Who did not answer the first would not see the third.
    let mut asked = 0;
    while asked < 3 {
        asked += u32::from(socket.socket.read().unwrap().is_ping());
    }
    socket.done("note.off C3");
}

#[test]
fn at_rest_a_websocket_is_told_what_is_counted_and_no_more() {
    let served = Served::start();
    let mut socket = served.socket();
    assert_eq!(socket.told()["type"], "profile");
    let whole = socket.told();
    assert!(whole["changes"]["transport"].is_object() && whole["changes"]["faults"].is_object(), "{whole}");
    // From one ping to the next, for which nothing but silence is needed; the clock runs all the while.
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
    // What is done is told at once, and whole.
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
    served.wait_for_connected(1);
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
fn what_is_wrong_with_a_frame_is_said_with_its_code() {
    let served = Served::start();
    for (code, bytes) in [
        // Reserved bits, an unknown kind, a ping in parts, one that is too long, a rest of nothing, no mask.
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
        // A close with a code that no one may send.
        (CloseCode::Protocol, frame(0x88, &1005_u16.to_be_bytes())),
    ] {
        let mut socket = served.socket();
        socket.socket.get_mut().write_all(&bytes).unwrap();
        let close = close_of(&mut socket);
        assert_eq!(close.code, code, "{:02x?}: {}", &bytes[..bytes.len().min(12)], close.reason);
    }
    served.wait_for_connected(1);
}
