//! Laws of reading a terminal.

use super::*;
use proptest::prelude::*;

fn keys(bytes: &[u8]) -> Vec<String> {
    let name = |input: Input| match input {
        Input::Stroke(Stroke { key, phase: Phase::Press }) => key.to_string(),
        Input::Stroke(Stroke { key, phase }) => format!("{key} {phase:?}"),
        other => format!("{other:?}"),
    };
    Decoder::default().feed(bytes).into_iter().map(name).collect()
}

#[test]
fn what_terminals_send_is_understood() {
    let cases: [(&[u8], &[&str]); 22] = [
        (b"aZ:?", &["a", "Z", ":", "?"]),
        ("é♪".as_bytes(), &["é", "♪"]),
        (b" \r\t\x7f", &["space", "enter", "tab", "backspace"]),
        (b"\x12\x03\x0b", &["ctrl-r", "ctrl-c", "ctrl-k"]),
        (b"\x1b", &["esc"]),
        (b"\x1b\x1b[A", &["esc", "up"]),
        (b"\x1bq\x1b\x12", &["esc", "q", "esc", "ctrl-r"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", &["up", "down", "right", "left"]),
        (b"\x1bOA\x1bOP", &["up", "f1"]),
        (b"\x1b[1;2A\x1b[1;5C", &["shift-up", "ctrl-right"]),
        (b"\x1b[5~\x1b[6~\x1b[3~\x1b[1~", &["pageup", "pagedown", "delete", "home"]),
        (b"\x1b[5;2~", &["shift-pageup"]),
        (b"\x1b[Z", &["shift-tab"]),
        (b"\x1b[[A", &["f1"]),
        (b"\x1b[97;1:3u", &["a Release"]),
        (b"\x1b[97;2:3u", &["A Release"]),
        (b"\x1b[97;1:2u", &["a Repeat"]),
        (b"\x1b[27u\x1b[114;5u", &["esc", "ctrl-r"]),
        (b"\x1b[1;1:3A", &["up Release"]),
        (b"\x1b[?0u", &["CanTellReleases"]),
        (b"\x1b[I\x1b[O", &["FocusLost"]),
        (b"\x1b[200~zxc\x1b[Av\x1b[201~q", &["Paste(\"zxc\\u{1b}[Av\")", "q"]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(keys(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_paste_may_come_in_pieces_and_be_too_long() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b[200~one \x1b[20").is_empty());
    assert_eq!(decoder.feed(b"1~"), [Input::Paste("one ".to_owned())]);
    decoder.feed(b"\x1b[200~");
    for _ in 0..100 {
        assert!(decoder.feed(&[b'x'; 1000]).is_empty());
    }
    assert_eq!(decoder.feed(PASTE_END), [Input::Paste("x".repeat(PASTE_BYTES_MAX))]);
}

#[test]
fn an_endless_sequence_is_thrown_away() {
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[");
    for _ in 0..100 {
        decoder.feed(b"1;1;1;1;");
    }
    assert!(decoder.pending.len() <= SEQUENCE_BYTES_MAX);
}

proptest! {
    #[test]
    fn no_bytes_harm_it(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10)) {
        let mut decoder = Decoder::default();
        for piece in pieces {
            decoder.feed(&piece);
        }
    }
}
