//! The file as a player plays it: read back with a reader of MIDI files.

use super::*;
use proptest::prelude::*;

const RATE_HZ: u32 = 48_000;

fn at(frame: u64, bpm: f64) -> TempoFrom {
    TempoFrom { frame, bpm }
}

fn event(frame: u64, way: MessageDirection, port: u8, bytes: &[u8]) -> SmfEvent {
    SmfEvent { frame, way, port, bytes: Bytes::of(bytes).unwrap() }
}

fn smf(tempo: f64) -> Smf {
    Smf::new(RATE_HZ, vec!["NTS-1".to_owned(), "Keys".to_owned()], at(0, tempo))
}

/// The time at which a tick is played, in µs, and the length of the tick there: computed from the tempos of the file.
struct Player(Vec<(u64, u32)>);

impl Player {
    fn of(file: &midly::Smf<'_>) -> Player {
        let mut tick = 0;
        let tempos = file.tracks[0].iter().filter_map(|event| {
            tick += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Meta(MetaMessage::Tempo(us)) => Some((tick, us.as_int())),
                _ => None,
            }
        });
        Player(tempos.collect())
    }

    fn us(&self, tick: u64) -> (f64, f64) {
        let per_quarter = u128::from(TICKS_PER_QUARTER);
        let mut units = 0;
        let mut tick_us = 0;
        for (i, (from, us)) in self.0.iter().enumerate() {
            if *from > tick {
                break;
            }
            let to = self.0.get(i + 1).map_or(tick, |(next, _)| *next).min(tick);
            units += u128::from(to - from) * u128::from(*us);
            tick_us = *us;
        }
        let exact = (units / per_quarter) as f64 + (units % per_quarter) as f64 / per_quarter as f64;
        (exact, f64::from(tick_us) / per_quarter as f64)
    }
}

/// The ticks and kinds of a track, without its names, empty texts and end.
fn heard<'a>(track: &[TrackEvent<'a>]) -> Vec<(u64, TrackEventKind<'a>)> {
    let mut tick = 0;
    let events = track.iter().map(|event| {
        tick += u64::from(event.delta.as_int());
        (tick, event.kind)
    });
    events.filter(|(_, kind)| !matches!(kind, TrackEventKind::Meta(_))).collect()
}

fn names(file: &midly::Smf<'_>) -> Vec<String> {
    let name = |event: &TrackEvent<'_>| match event.kind {
        TrackEventKind::Meta(MetaMessage::TrackName(name)) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    };
    file.tracks.iter().map(|track| track.iter().find_map(name).unwrap_or_default()).collect()
}

fn wire(kind: &TrackEventKind<'_>) -> Vec<u8> {
    match kind {
        TrackEventKind::SysEx(data) => [&[0xF0], *data].concat(),
        TrackEventKind::Escape(data) => data.to_vec(),
        kind => {
            let mut bytes = Vec::new();
            kind.as_live_event().unwrap().write(&mut bytes).unwrap();
            bytes
        }
    }
}

/// The greatest distance between the times of events and of their playback, in µs and in ticks.
fn worst(file: &midly::Smf<'_>, frames: &[u64], track: usize) -> (f64, f64) {
    let player = Player::of(file);
    let heard = heard(&file.tracks[track]);
    assert_eq!(heard.len(), frames.len());
    heard.iter().zip(frames).fold((0.0, 0.0), |(us, ticks): (f64, f64), ((tick, _), frame)| {
        let (played_us, tick_us) = player.us(*tick);
        // A tick rounded up to a tempo change has the length of the tempo before it.
        let tick_us = tick_us.max(player.us(tick.saturating_sub(1)).1);
        let off_us = (played_us - *frame as f64 * 1e6 / f64::from(RATE_HZ)).abs();
        (us.max(off_us), ticks.max(off_us / tick_us))
    })
}

#[test]
fn a_track_for_each_direction_of_each_port_that_was_used() {
    let mut smf = smf(120.0);
    smf.name("jam");
    smf.event(event(0, MessageDirection::Received, 1, &[0x90, 60, 100]));
    smf.event(event(24_000, MessageDirection::Sent, 0, &[0x91, 60, 100]));
    smf.event(event(48_000, MessageDirection::Sent, 0, &[0x81, 60, 64]));
    smf.event(event(48_000, MessageDirection::Sent, 7, &[0xC0, 5]));
    smf.mark(36_000, "drop");
    let bytes = smf.bytes();
    let file = midly::Smf::parse(&bytes).unwrap();
    assert_eq!(file.header, Header { format: Format::Parallel, timing: Timing::Metrical(960.into()) });
    assert_eq!(names(&file), ["jam", "sent: NTS-1", "received: Keys", "sent: port 8"]);
    let ticks: Vec<(u64, Vec<u8>)> = heard(&file.tracks[1]).iter().map(|(tick, kind)| (*tick, wire(kind))).collect();
    assert_eq!(ticks, [(960, vec![0x91, 60, 100]), (1920, vec![0x81, 60, 64])]);
    let marker = file.tracks[0].iter().find(|e| e.kind == TrackEventKind::Meta(MetaMessage::Marker(b"drop"))).unwrap();
    assert_eq!(marker.delta, 1440);
}

/// The tick at which a track ends.
fn end_of(track: &[TrackEvent<'_>]) -> u64 {
    assert_eq!(track.last().unwrap().kind, TrackEventKind::Meta(MetaMessage::EndOfTrack));
    track.iter().map(|event| u64::from(event.delta.as_int())).sum()
}

#[test]
fn held_notes_are_released_at_the_end_of_a_take_and_every_track_is_as_long_as_the_take() {
    let mut smf = smf(120.0);
    smf.event(event(0, MessageDirection::Received, 1, &[0x90, 60, 100]));
    smf.event(event(10, MessageDirection::Received, 1, &[0x80, 60, 0]));
    for message in [[0x91, 60, 100], [0x91, 60, 90], [0x91, 62, 90], [0xB1, 64, 127], [0xB1, 67, 63]] {
        smf.event(event(24_000, MessageDirection::Sent, 0, &message));
    }
    smf.event(event(30_000, MessageDirection::Sent, 0, &[0x91, 62, 0]));
    // After its end: not part of the take.
    smf.event(event(48_000, MessageDirection::Sent, 0, &[0x81, 60, 0]));
    smf.mark(48_000, "late");
    smf.tempo(at(96_000, 60.0));
    smf.end_before(48_000);
    let bytes = smf.bytes();
    let file = midly::Smf::parse(&bytes).unwrap();
    assert_eq!(file.tracks.iter().map(|track| end_of(track)).collect::<Vec<u64>>(), [1920; 3]);
    let sent: Vec<(u64, Vec<u8>)> = heard(&file.tracks[1]).iter().map(|(tick, kind)| (*tick, wire(kind))).collect();
    assert_eq!(
        sent[6..],
        [(1920, vec![0x81, 60, 64]), (1920, vec![0x81, 60, 64]), (1920, vec![0xB1, 64, 0])],
        "as many ends as beginnings, and the pedal that is down"
    );
    assert_eq!(heard(&file.tracks[2]).len(), 2, "an ended note is not ended twice");
    // A take continues: its end moves.
    smf.end_before(96_000);
    let bytes = smf.bytes();
    let file = midly::Smf::parse(&bytes).unwrap();
    assert_eq!(end_of(&file.tracks[0]), 3840);
    assert_eq!(heard(&file.tracks[1]).len(), 6 + 1 + 2, "the late end of one note, and the ends of the held ones");
}

proptest! {
    #[test]
    fn a_finished_file_has_an_end_for_every_note(messages in proptest::collection::vec((0u64..48_000, 0u8..3, 0u8..4, 0u8..2), 0..60)) {
        let mut smf = smf(97.0);
        for (frame, what, key, velocity) in &messages {
            let status = [0x90, 0x80, 0xB0][usize::from(*what)];
            let key = if status == 0xB0 { 60 } else { 60 + key };
            smf.event(event(*frame, MessageDirection::Sent, 0, &[status, key, *velocity]));
        }
        smf.end_before(48_000);
        let bytes = smf.bytes();
        let file = midly::Smf::parse(&bytes).unwrap();
        let mut held = HeldNotes::default();
        file.tracks.iter().skip(1).flatten().for_each(|event| held.hear(&event.kind));
        prop_assert!(held.ends().is_empty());
    }
}

#[test]
fn the_clock_is_left_out_and_a_sysex_is_whole() {
    let mut smf = smf(120.0);
    for bytes in [&[0xF8][..], &[0xFA], &[0xFB], &[0xFC], &[0xFE], &[0xFF], &[0xF1, 3], &[0xF2, 1, 2]] {
        smf.event(event(10, MessageDirection::Sent, 0, bytes));
    }
    assert!(smf.is_empty());
    let sysex = [0xF0, 0x42, 0x30, 0, 1, 0x73, 0xF7];
    smf.event(event(20, MessageDirection::Sent, 0, &sysex));
    smf.event(event(20, MessageDirection::Sent, 0, &[0xF6]));
    let bytes = smf.bytes();
    let file = midly::Smf::parse(&bytes).unwrap();
    let heard: Vec<Vec<u8>> = heard(&file.tracks[1]).iter().map(|(_, kind)| wire(kind)).collect();
    assert_eq!(heard, [&sysex[..], &[0xF6]]);
    assert_eq!(smf.lost(), 0);
}

#[test]
fn only_complete_messages_are_accepted() {
    for bytes in [&[][..], &[60], &[0x90, 60], &[0x90, 60, 100, 0xF8], &[0xF0, 1], &[0xF0, 1, 0x90, 0xF7], &[0xF7]] {
        assert_eq!(Bytes::of(bytes), None, "{bytes:02X?}");
    }
}

#[test]
fn events_over_the_limits_are_counted() {
    let mut smf = smf(120.0);
    let long = [&[0xF0][..], &vec![1; BYTES_MAX / 2], &[0xF7]].concat();
    for _ in 0..3 {
        smf.event(event(0, MessageDirection::Sent, 0, &long));
    }
    smf.event(event(u64::MAX, MessageDirection::Sent, 0, &[0x90, 60, 100]));
    smf.mark(u64::MAX, "");
    smf.tempo(at(u64::MAX, 90.0));
    assert_eq!(smf.lost(), 2 + 3);
    for frame in 0..EVENTS_MAX as u64 {
        smf.event(event(frame, MessageDirection::Sent, 0, &[0x90, 60, 100]));
    }
    assert_eq!(smf.lost(), 2 + 3 + 1);
    let bytes = smf.bytes();
    let file = midly::Smf::parse(&bytes).unwrap();
    assert_eq!(heard(&file.tracks[1]).len(), EVENTS_MAX);
    assert!(size_of::<SmfEvent>() <= 32, "{}", size_of::<SmfEvent>());
}

#[test]
fn ten_hours_of_tempos_without_an_exact_value_in_a_file_do_not_drift() {
    let hours = 10 * 3600 * u64::from(RATE_HZ);
    // 60e6 / 119.99 µs are no whole number, nor are these frames whole ticks.
    let mut steady = smf(119.99);
    let frames: Vec<u64> = (0..20_000).map(|i| i * hours / 20_000 + i % 7).collect();
    let mut moving = smf(32.0);
    for (i, frame) in frames.iter().enumerate() {
        moving.tempo(at(frame + 13, 32.0 + (i as f64 * 0.37) % 268.0));
        for smf in [&mut steady, &mut moving] {
            smf.event(event(*frame, MessageDirection::Sent, 0, &[0x90, 60, 100]));
        }
    }
    for smf in [steady, moving] {
        let bytes = smf.bytes();
        let (us, ticks) = worst(&midly::Smf::parse(&bytes).unwrap(), &frames, 1);
        assert!(us < 1000.0 && ticks < 0.5001, "{us} µs, {ticks} ticks");
    }
}

#[test]
fn a_silence_longer_than_the_maximum_delta_is_kept() {
    let mut smf = smf(300.0);
    let frames = [0, 100 * 3600 * u64::from(RATE_HZ)];
    for frame in frames {
        smf.event(event(frame, MessageDirection::Received, 0, &[0x90, 60, 100]));
    }
    let bytes = smf.bytes();
    let (us, _) = worst(&midly::Smf::parse(&bytes).unwrap(), &frames, 1);
    assert!(us < 200.0, "{us} µs");
}

#[test]
fn an_invalid_tempo_changes_nothing() {
    let mut smf = Smf::new(0, Vec::new(), at(9, f64::NAN));
    for bpm in [0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-300] {
        smf.tempo(at(5, bpm));
        smf.event(event(5, MessageDirection::Sent, 0, &[0x90, 60, 100]));
    }
    assert!(midly::Smf::parse(&smf.bytes()).is_ok());
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let sysex = prop::collection::vec(0..128u8, 0..20).prop_map(|data| [&[0xF0][..], &data, &[0xF7]].concat());
    prop_oneof![
        (0x80..0xC0u8, 0..128u8, 0..128u8).prop_map(|(status, a, b)| vec![status, a, b]),
        (0xC0..0xE0u8, 0..128u8).prop_map(|(status, a)| vec![status, a]),
        (0xE0..0xF0u8, 0..128u8, 0..128u8).prop_map(|(status, a, b)| vec![status, a, b]),
        sysex,
    ]
}

proptest! {
    #[test]
    fn every_message_is_played_within_half_a_tick_of_its_time_and_in_order(
        first in 20.0..300.0f64,
        tempos in prop::collection::vec((0..4_000_000u64, 20.0..300.0f64), 0..40),
        messages in prop::collection::vec((0..4_000_000u64, 0..2u8, any::<bool>(), message()), 0..200),
    ) {
        let mut smf = smf(first);
        for (frame, bpm) in tempos {
            smf.tempo(at(frame, bpm));
        }
        for (frame, port, sent, bytes) in &messages {
            let way = if *sent { MessageDirection::Sent } else { MessageDirection::Received };
            smf.event(event(*frame, way, *port, bytes));
        }
        let bytes = smf.bytes();
        let file = midly::Smf::parse(&bytes).unwrap();
        let mut track = 1;
        for (port, sent) in [(0, true), (0, false), (1, true), (1, false)] {
            let mut want: Vec<(u64, &Vec<u8>)> =
                messages.iter().filter(|m| (m.1, m.2) == (port, sent)).map(|m| (m.0, &m.3)).collect();
            if want.is_empty() {
                continue;
            }
            want.sort_by_key(|(frame, _)| *frame);
            let got: Vec<Vec<u8>> = heard(&file.tracks[track]).iter().map(|(_, kind)| wire(kind)).collect();
            let (frames, bytes): (Vec<u64>, Vec<Vec<u8>>) = want.into_iter().map(|(f, b)| (f, b.clone())).unzip();
            prop_assert_eq!(got, bytes);
            let (_, ticks) = worst(&file, &frames, track);
            prop_assert!(ticks < 0.5001, "{} ticks", ticks);
            track += 1;
        }
        prop_assert_eq!(file.tracks.len(), track);
    }
}
