//! Messages arrive as they were sent, and no datagram does harm.

use super::*;
use proptest::prelude::*;
use rosc::{OscBundle, OscTime, OscType, encoder};

fn say(addr: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: addr.to_owned(), args })
}

fn bundle(tag: u64, content: Vec<OscPacket>) -> OscPacket {
    let timetag = OscTime { seconds: (tag >> 32) as u32, fractional: tag as u32 };
    OscPacket::Bundle(OscBundle { timetag, content })
}

fn heard(packet: &OscPacket) -> Result<Vec<(u64, String)>, DatagramError> {
    let heard = understand(&encoder::encode(packet).unwrap())?;
    Ok(heard.into_iter().map(|heard| (heard.tag.0, heard.message.addr)).collect())
}

/// So many bundles, each but the last in another.
fn nest(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        let size = (bytes.len() as u32).to_be_bytes();
        let inside = if bytes.is_empty() { bytes } else { [&size[..], &bytes].concat() };
        bytes = [BUNDLE, &1u64.to_be_bytes(), &inside].concat();
    }
    bytes
}

#[test]
fn an_address_without_types_has_no_arguments() {
    let heard = understand(b"/transport/play\0").unwrap();
    assert_eq!((heard[0].message.addr.as_str(), heard[0].message.args.len()), ("/transport/play", 0));
    assert!(understand(b"/clock/bpm\0\0\0\0\0\x01").is_err(), "types are needed where there is something to read");
}

#[test]
fn bundles_keep_their_order_and_an_inner_one_is_not_before_the_outer() {
    let inner = |tag| bundle(tag, vec![say("/b", vec![]), say("/c", vec![])]);
    let outer = |tag| bundle(50, vec![say("/a", vec![]), inner(tag), say("/d", vec![])]);
    let all = |b: u64| Ok([(50, "/a"), (b, "/b"), (b, "/c"), (50, "/d")].map(|(tag, at)| (tag, at.to_owned())).into());
    assert_eq!(heard(&outer(70)), all(70));
    assert_eq!(heard(&outer(1)), all(50));
    assert_eq!(heard(&say("/a", vec![])), Ok(vec![(1, "/a".to_owned())]));
    assert_eq!(heard(&bundle(0, vec![])), Ok(vec![]));
}

#[test]
fn bundles_in_bundles_end_somewhere() {
    assert_eq!(understand(&nest(DEPTH_MAX)), Ok(vec![]));
    assert_eq!(understand(&nest(DEPTH_MAX + 1)), Err(DatagramError::TooDeep));
    // The most that a datagram can hold, on the smallest stack.
    let deepest = nest(65_500 / 20);
    let small = std::thread::Builder::new().stack_size(32 * 1024).spawn(move || understand(&deepest));
    assert_eq!(small.unwrap().join().unwrap(), Err(DatagramError::TooDeep));
    let arrays = [&b"/a\0\0,"[..], &[b'['; 30_000], &[b']'; 30_003]].concat();
    let arrays = [&arrays[..], &[0; 4]].concat();
    assert_eq!(understand(&arrays), Err(DatagramError::TooLong));
    assert_eq!(understand(b"/a\0\0,[i]\0\0\0\0\0\0\0\x01"), Err(DatagramError::Array));
}

#[test]
fn one_fault_refuses_the_whole_datagram() {
    let whole = encoder::encode(&bundle(1, vec![say("/a", vec![]), bundle(1, vec![say("/b", vec![OscType::Int(1)])])]));
    let whole = whole.unwrap();
    assert_eq!(understand(&whole).map(|heard| heard.len()), Ok(2));
    for length in (20..whole.len()).filter(|length| *length != 16 + 12 + 4) {
        let cut = understand(&whole[..length]).map(|heard| heard.len());
        assert!(cut.is_err() || cut == Ok(1) && length == 28, "{length} bytes: {cut:?}");
    }
    for (bytes, why) in [
        (&b""[..], DatagramError::Short),
        (b"/a\0", DatagramError::NotInFours(3)),
        (b"aaa\0,\0\0\0", DatagramError::NoAddress),
        (b"/a\0\0i\0\0\0\0\0\0\x01", DatagramError::NoAddress),
        (b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x08/a\0\0", DatagramError::Short),
        (b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x04aaa\0", DatagramError::Short),
    ] {
        assert_eq!(understand(bytes), Err(why), "{}", bytes.escape_ascii());
    }
    for bytes in [&b"/a\0\0,q\0\0"[..], b"/a\0\0,\0\0\0/b\0\0", b"/\xFF\0\0,\0\0\0", b"/a\0\0,b\0\0\xFF\xFF\xFF\xFF"] {
        let refused = matches!(understand(bytes), Err(DatagramError::Decoder(_) | DatagramError::Missing));
        assert!(refused, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_type_without_its_argument_is_refused_with_a_sentence() {
    for types in ["f", "i", "d", "s", "b", "ff"] {
        let tags = format!("{:\0<4}", format!(",{types}"));
        let why = understand(format!("/clock/bpm\0\0{tags}").as_bytes()).unwrap_err().to_string();
        assert!(why.starts_with("an argument is missing"), "{types}: {why}");
    }
}

#[test]
fn a_symbol_is_a_string() {
    let heard = understand(b"/record/start\0\0\0,S\0\0jam\0").unwrap();
    assert_eq!(heard[0].message.args, [OscType::from("jam")]);
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let text = |bytes: usize| say("/a", vec![OscType::String("x".repeat(bytes))]);
    assert_eq!(heard(&text(MESSAGE_BYTES_MAX)), Err(DatagramError::TooLong));
    assert!(heard(&text(MESSAGE_BYTES_MAX - 100)).is_ok());
    assert_eq!(heard(&say(&format!("/{}", "a".repeat(ADDRESS_BYTES_MAX)), vec![])), Err(DatagramError::TooLong));
    assert_eq!(heard(&say("/a", vec![OscType::Nil; ARGS_MAX + 1])), Err(DatagramError::TooLong));
    assert!(heard(&say("/a", vec![OscType::Nil; ARGS_MAX])).is_ok());
}

#[test]
fn instants_survive_the_turn_of_2036() {
    let at = |unix_seconds: u64| UNIX_EPOCH + Duration::from_secs(unix_seconds);
    for now in [at(1_770_000_000), at((1 << 32) - UNIX_SECONDS - 2), at(3_000_000_000)] {
        let later = Duration::from_millis(3_250);
        assert_eq!(TimeTag::at(now + later).ahead_of(now), later);
        assert_eq!(TimeTag::at(now).ahead_of(now + later), Duration::ZERO);
        assert_eq!((TimeTag::NOW.ahead_of(now), TimeTag(0).ahead_of(now)), (Duration::ZERO, Duration::ZERO));
    }
    assert_eq!(TimeTag::at(UNIX_EPOCH).0 >> 32, UNIX_SECONDS);
}

proptest! {
    #[test]
    fn any_bytes_are_messages_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = understand(&bytes);
    }

    #[test]
    fn messages_come_as_they_were_sent(
        addr in "/[a-z/]{0,30}",
        text in "[^\0]{0,20}",
        (int, long, float, double) in (any::<i32>(), any::<i64>(), -1e9_f32..1e9, -1e9..1e9),
        blob in proptest::collection::vec(any::<u8>(), 0..9),
    ) {
        let args = vec![int.into(), long.into(), float.into(), OscType::Double(double), OscType::Blob(blob), OscType::from(text.as_str()), true.into(), OscType::Nil];
        let message = OscMessage { addr, args };
        let heard = understand(&encoder::encode(&OscPacket::Message(message.clone())).unwrap()).unwrap();
        prop_assert_eq!(heard, [Heard { tag: TimeTag::NOW, message }]);
    }
}
