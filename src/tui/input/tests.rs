//! Laws of decoding terminal input.

use super::*;
use proptest::prelude::*;

/// The inputs of bytes in these pieces, with nothing after them.
fn keys_of(pieces: &[&[u8]]) -> Vec<String> {
    let name = |input: Input| match input {
        Input::Stroke(Stroke { key, phase: Phase::Press }) => key.to_string(),
        Input::Stroke(Stroke { key, phase }) => format!("{key} {phase:?}"),
        other => format!("{other:?}"),
    };
    let mut decoder = Decoder::default();
    let mut inputs: Vec<Input> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
    inputs.extend(decoder.pause());
    assert_eq!(decoder.patience(), None, "after a pause nothing is half");
    inputs.into_iter().map(name).collect()
}

fn keys(bytes: &[u8]) -> Vec<String> {
    keys_of(&[bytes])
}

#[test]
fn sequences_of_terminals_are_understood() {
    let cases: [(&[u8], &[&str]); 26] = [
        (b"aZ:?", &["a", "Z", ":", "?"]),
        ("é♪".as_bytes(), &["é", "♪"]),
        (b" \r\t\x7f", &["space", "enter", "tab", "backspace"]),
        (b"\x12\x03\x0b", &["ctrl-r", "ctrl-c", "ctrl-k"]),
        (b"\x1b", &["esc"]),
        (b"\x1b\x1b", &["esc", "esc"]),
        (b"\x1bq\x1b\x12\x1b\r", &["alt-q", "ctrl-alt-r", "alt-enter"]),
        (b"\x1b\x1bq\x1b\x1b[A", &["esc", "alt-q", "alt-up"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", &["up", "down", "right", "left"]),
        (b"\x1bOA\x1bOP\x1bOM\x1bOq", &["up", "f1", "enter", "1"]),
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
        (b"\x1b[?0u\x1b[0n", &["CanTellReleases", "HasDrawn"]),
        (b"\x1b[97;65u\x1b[97;129u\x1b[97;194u", &["a", "a", "A"]),
        (b"\x1b[I\x1b[O", &["FocusLost"]),
        (b"\x1b\x1b[0n\x1b\x1b[?0u", &["esc", "HasDrawn", "esc", "CanTellReleases"]),
        (b"\x1b\x1b[200~a\x1b[201~", &["esc", "Paste(\"a\")"]),
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
fn a_paste_without_an_end_does_not_swallow_the_keys_that_leave() {
    for way_out in [b"\x03", b"\x11"] {
        let all = keys(&[b"\x1b[200~hello\x1b[20", way_out.as_slice(), b"a"].concat());
        assert_eq!(all[1..], [if way_out == b"\x03" { "ctrl-c" } else { "ctrl-q" }, "a"], "{all:?}");
    }
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[200~hello");
    assert_eq!(decoder.longest(), Some(PASTE_LONGEST));
    assert!(!decoder.goes_on_with(3), "keys are typed");
    assert!(decoder.goes_on_with(1000), "a long paste over a slow line");
    assert_eq!(decoder.pause(), [Input::Paste("hello".to_owned())]);
    assert_eq!(decoder.longest(), None);
}

#[test]
fn an_answer_without_an_end_swallows_letters_for_a_limited_time() {
    for begun in [b"\x1b]11;rgb:1e".as_slice(), b"\x1bP>|tm", b"\x9d11;rgb"] {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(begun).is_empty());
        assert!(decoder.feed(&[b'z'; 6000]).is_empty());
        assert_eq!(decoder.longest(), Some(STRING_LONGEST));
        assert!(decoder.pause().is_empty());
        assert_eq!(decoder.feed(b"z").len(), 1);
    }
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[1;");
    assert_eq!(decoder.longest(), None, "what has an end at any letter needs no time");
}

#[test]
fn late_answers_and_unknown_sequences_are_ignored() {
    let cases: [&[u8]; 14] = [
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1bP1+r524742=38\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1bXstring\x1b\\",
        b"\x1b[?62;4c\x1b[>41;390;0c\x1b[?2026;2$y",
        b"\x1b[24;80R\x1b[8;24;80t\x1b[3n",
        b"\x1b[M !!\x1b[<0;1;1M\x1b[<0;1;1m",
        b"\x1b[99~\x1b[1;5;9;z\x1bO2A\x1bO5A\x1bOz",
        b"\x1b[[Z",
        b"\xff\xc0\xe2\x99",
        b"\x1b[",
    ];
    for bytes in cases {
        assert_eq!(keys(bytes), [""; 0], "{}", bytes.escape_ascii());
        assert_eq!(keys(&[bytes, b"\x1b[A"].concat())[..], ["up"][..], "after {}", bytes.escape_ascii());
    }
}

#[test]
fn a_key_with_an_unbound_modifier_is_ignored() {
    for modifiers in ["9", "10", "13", "17", "33", "41", "257", "4294967296"] {
        for key in [format!("114;{modifiers}u"), format!("1;{modifiers}C"), format!("5;{modifiers}~")] {
            assert_eq!(keys(format!("\x1b[{key}").as_bytes()), [""; 0], "{key}");
        }
        let repeat = format!("\x1b[114;{modifiers}:2u");
        assert_eq!(keys(repeat.as_bytes()), [""; 0], "{repeat}");
    }
    assert_eq!(keys(b"\x1b[114u\x1b[114;9:3u"), ["r", "r Release"], "what sounds is ended");
}

#[test]
fn a_control_of_one_byte_equals_the_one_of_two() {
    let cases: [(&[u8], &[&str]); 10] = [
        (b"\x1b]11;rgb:1e1e\x9ca", &["a"]),
        ("\x1b]0;\u{271c}\x1b\\a".as_bytes(), &["a"]),
        (b"\x9bC\x9b1;2A\x9b114;9u", &["right", "shift-up"]),
        (b"\x8fPa", &["f1", "a"]),
        (b"\x9d11;rgb:1e1e\x9ca", &["a"]),
        (b"\x90>|XTerm\x1b\\a", &["a"]),
        (b"\x9b200~a\x9bC\x1b[201~q", &["Paste(\"a\u{fffd}C\")", "q"]),
        (b"\x85\x9ca", &["a"]),
        (b"\x1b\x9bC", &["alt-right"]),
        ("雛\u{5b9b}C".as_bytes(), &["雛", "\u{5b9b}", "C"]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(keys(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_lone_escape_is_the_key_only_after_a_pause() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b").is_empty());
    assert_eq!(decoder.patience(), Some(ESC_PAUSE));
    assert_eq!(decoder.feed(b"[D"), [stroke(Key::plain(Code::Left))]);
    assert!(decoder.feed(b"\x1b").is_empty());
    assert_eq!(decoder.pause(), [stroke(Key::plain(Code::Esc))]);
    assert!(decoder.feed(b"\x1b[").is_empty());
    assert_eq!(decoder.patience(), Some(HALF_PAUSE));
    assert!(decoder.pause().is_empty());
}

#[test]
fn no_unfinished_answer_swallows_the_control_keys() {
    for begun in
        [b"\x1b]".as_slice(), b"\x1bP", b"\x1b_abc", b"\x1b[1;2", b"\x1bO", b"\xe2\x99", b"\x1b[[", b"\x9b1", b"\x9d"]
    {
        let all = keys(&[begun, b"\x11"].concat());
        assert_eq!(all, ["ctrl-q"], "after {}", begun.escape_ascii());
    }
}

#[test]
fn an_endless_sequence_takes_no_memory_and_is_ignored() {
    for (begin, end) in
        [(b"\x1b[".as_slice(), b"A".as_slice()), (b"\x1b]", b"\x1b\\"), (b"\x1bO", b"A"), (b"\x1b[200", b"~")]
    {
        let mut decoder = Decoder::default();
        decoder.feed(begin);
        for _ in 0..100 {
            assert!(decoder.feed(b"1111").is_empty());
            assert!(decoder.pending.len() <= SEQUENCE_BYTES_MAX + 8);
        }
        assert!(decoder.feed(end).is_empty(), "{}", begin.escape_ascii());
        assert_eq!(decoder.patience(), None);
    }
}

proptest! {
    #[test]
    fn bytes_give_the_same_keys_however_they_are_split(
        bytes in prop::collection::vec(prop_oneof![
            Just(ESC), prop::sample::select(b"[]OP_\\AMuZ~;:?<0159q\x07\x11\r".to_vec()), any::<u8>()
        ], 0..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        prop_assert_eq!(keys_of(&pieces), keys(&bytes));
    }
}
