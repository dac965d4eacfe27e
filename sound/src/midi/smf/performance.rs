//! What was played, read back from a Standard MIDI File. Pure.
//!
//! A file of busker's says on each track which way its messages went and over which port. Of another program's file every
//! message is one that was sent.

use super::{Bytes, EVENTS_MAX, MessageDirection};
use midly::{MetaMessage, Smf, Timing, TrackEvent, TrackEventKind};

/// The longest that is played again, in seconds: a day.
pub const SECONDS_MAX: f64 = 86_400.0;
/// The longest name of a port, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Microseconds of a quarter note where a file says no tempo (Standard MIDI Files 1.0: 120 BPM).
const US_PER_QUARTER: f64 = 500_000.0;

/// A message of a performance.
#[derive(Clone, Debug, PartialEq)]
pub struct PerformedEvent {
    /// From the beginning.
    pub seconds: f64,
    /// Which way it went.
    pub way: MessageDirection,
    /// Its port, a place in [`Performance::ports`].
    pub port: usize,
    /// Its bytes.
    pub bytes: Bytes,
}

/// All messages of a file, in the order of their time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Performance {
    /// The names of ports.
    pub ports: Vec<String>,
    /// The messages.
    pub events: Vec<PerformedEvent>,
    /// Its length.
    pub seconds: f64,
}

/// Why a file is no performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPerformance {
    /// It is none.
    #[error("it is no MIDI file")]
    NotMidi,
    /// Too many messages.
    #[error("it has more than {EVENTS_MAX} messages")]
    TooMany,
    /// Too long.
    #[error("it is longer than a day")]
    TooLong,
}

/// Reads a file.
///
/// # Errors
/// It is none, or beyond what is played.
pub fn performance(bytes: &[u8]) -> Result<Performance, NotAPerformance> {
    let smf = Smf::parse(bytes).map_err(|_| NotAPerformance::NotMidi)?;
    let time = FileTime::of(&smf);
    let mut read = Performance::default();
    for track in &smf.tracks {
        let (way, port) = way_and_port(track);
        let place = read.ports.iter().position(|name| *name == port).unwrap_or_else(|| {
            read.ports.push(port);
            read.ports.len() - 1
        });
        let mut tick = 0_u64;
        for event in track {
            tick += u64::from(event.delta.as_int());
            let seconds = time.seconds(tick);
            if seconds > SECONDS_MAX {
                return Err(NotAPerformance::TooLong);
            }
            read.seconds = read.seconds.max(seconds);
            let Some(bytes) = bytes_of(&event.kind) else { continue };
            if read.events.len() >= EVENTS_MAX {
                return Err(NotAPerformance::TooMany);
            }
            read.events.push(PerformedEvent { seconds, way, port: place, bytes });
        }
    }
    // Stable: messages of one instant keep their order.
    read.events.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Ok(read)
}

/// Which way the messages of a track went, and over which port.
fn way_and_port(track: &[TrackEvent<'_>]) -> (MessageDirection, String) {
    let name = track.iter().find_map(|event| match event.kind {
        TrackEventKind::Meta(MetaMessage::TrackName(name)) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    });
    let name: String = name.unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
    match (name.strip_prefix("sent: "), name.strip_prefix("received: ")) {
        (Some(port), _) => (MessageDirection::Sent, port.to_owned()),
        (None, Some(port)) => (MessageDirection::Received, port.to_owned()),
        (None, None) => (MessageDirection::Sent, String::new()),
    }
}

/// A message as it goes over a wire; nothing for what is the file's alone.
fn bytes_of(kind: &TrackEventKind<'_>) -> Option<Bytes> {
    match kind {
        TrackEventKind::Midi { channel, message } => {
            let mut bytes = Vec::with_capacity(3);
            let live = midly::live::LiveEvent::Midi { channel: *channel, message: *message };
            live.write(&mut bytes).ok()?;
            Bytes::of(&bytes)
        }
        TrackEventKind::SysEx(rest) => Bytes::of(&[&[0xF0], *rest].concat()),
        TrackEventKind::Escape(bytes) => Bytes::of(bytes),
        TrackEventKind::Meta(_) => None,
    }
}

/// Ticks of a file in seconds.
struct FileTime {
    /// From a tick on, which is so many seconds from the beginning, a tick takes so many.
    laws: Vec<(u64, f64, f64)>,
}

impl FileTime {
    fn of(smf: &Smf<'_>) -> FileTime {
        let ticks_per_quarter = match smf.header.timing {
            Timing::Metrical(ticks) => f64::from(ticks.as_int().max(1)),
            Timing::Timecode(fps, subframes) => {
                let per_second = f64::from(fps.as_f32()) * f64::from(subframes.max(1));
                return FileTime { laws: vec![(0, 0.0, 1.0 / per_second.max(1.0))] };
            }
        };
        let mut tempos: Vec<(u64, f64)> = Vec::new();
        for track in &smf.tracks {
            let mut tick = 0_u64;
            for event in track {
                tick += u64::from(event.delta.as_int());
                if let TrackEventKind::Meta(MetaMessage::Tempo(us)) = event.kind {
                    tempos.push((tick, f64::from(us.as_int().max(1))));
                }
            }
        }
        tempos.sort_by_key(|(tick, _)| *tick);
        let law = |us: f64| us / 1e6 / ticks_per_quarter;
        let mut laws = vec![(0, 0.0, law(US_PER_QUARTER))];
        for (tick, us) in tempos {
            let (from, seconds, per_tick) = laws[laws.len() - 1];
            laws.push((tick, seconds + (tick - from) as f64 * per_tick, law(us)));
        }
        FileTime { laws }
    }

    fn seconds(&self, tick: u64) -> f64 {
        let at = self.laws.partition_point(|(from, ..)| *from <= tick).saturating_sub(1);
        let (from, seconds, per_tick) = self.laws[at];
        seconds + (tick - from) as f64 * per_tick
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Smf, SmfEvent, TempoFrom},
        *,
    };
    use proptest::prelude::*;

    const RATE_HZ: u32 = 48_000;

    fn written(events: &[(u64, Vec<u8>)], tempos: &[(u64, f64)]) -> Vec<u8> {
        let first = TempoFrom { frame: 0, bpm: tempos.first().map_or(120.0, |(_, bpm)| *bpm) };
        let mut smf = Smf::new(RATE_HZ, vec!["synth".to_owned()], first);
        for (frame, bpm) in tempos.iter().skip(1) {
            smf.tempo(TempoFrom { frame: *frame, bpm: *bpm });
        }
        for (frame, bytes) in events {
            let bytes = Bytes::of(bytes).unwrap();
            smf.event(SmfEvent { frame: *frame, way: MessageDirection::Sent, port: 0, bytes });
        }
        smf.end_before(480_000);
        smf.bytes()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_at_its_time(
            frames in prop::collection::vec((0u64..470_000, 0u8..128), 1..60),
            tempos in prop::collection::vec((0u64..400_000, 30.0..300.0_f64), 1..5),
        ) {
            let mut tempos = tempos;
            tempos.sort_by_key(|(frame, _)| *frame);
            let controller = |value: u8| vec![0xB2, 74, value];
            let mut events: Vec<(u64, Vec<u8>)> = frames.iter().map(|(at, value)| (*at, controller(*value))).collect();
            events.push((1_000, vec![0xF0, 0x42, 0x30, 0x01, 0xF7]));
            let read = performance(&written(&events, &tempos)).unwrap();
            prop_assert_eq!(read.events.len(), events.len());
            prop_assert!(read.ports.contains(&"synth".to_owned()));
            events.sort_by_key(|(at, _)| *at);
            for (event, (frame, _)) in read.events.iter().zip(&events) {
                let off = event.seconds - *frame as f64 / f64::from(RATE_HZ);
                // Half a tick of the slowest tempo, and what tempos are rounded to.
                prop_assert!(off.abs() < 0.002, "{} s off", off);
                prop_assert_eq!(&read.ports[event.port], "synth");
            }
            prop_assert!((read.seconds - 10.0).abs() < 0.003);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = performance(&bytes);
            let _ = performance(&[b"MThd\0\0\0\x06\0\x01\0\x01\x01\xE0MTrk\0\0\x01\0".as_slice(), &bytes].concat());
        }
    }
}
