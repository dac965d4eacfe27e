//! The messages sent and received during a take, as a Standard MIDI File. Pure.
//!
//! Tick 0 is the take's first frame. The clock and the song's start, stop and position are left out: a player of the
//! file has its own. Memory is bounded; events over the limit are counted. Every track is as long as the take, and
//! sounding notes are ended there.

mod held;
pub mod performance;
mod tempo;
#[cfg(test)]
mod tests;

pub use tempo::{TICKS_PER_QUARTER, TempoFrom};

use super::message::{Message, split};
use held::HeldNotes;
use midly::{Format, Header, MetaMessage, Timing, TrackEvent, TrackEventKind, live::LiveEvent};
use tempo::TempoMap;

/// Maximum messages, tempos and marks that are kept.
pub const EVENTS_MAX: usize = 1_000_000;
/// Maximum bytes of SysEx and of marks that are kept, together.
pub const BYTES_MAX: usize = 16 << 20;
/// Events later in a take than this are lost: over a year.
const SECONDS_MAX: u64 = 400 * 24 * 3600;
/// Maximum ticks from one event to the next.
const DELTA_MAX: u64 = (1 << 28) - 1;

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageDirection {
    /// Out.
    Sent,
    /// In.
    Received,
}

/// The bytes of one message: short ones need no heap memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(Held);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Short(Message),
    /// With its F0 and F7.
    SysEx(Box<[u8]>),
}

impl Bytes {
    /// One complete message, SysEx included; `None` if the bytes are not exactly that.
    pub fn of(bytes: &[u8]) -> Option<Bytes> {
        if let Some(message) = Message::from_bytes(bytes) {
            return Some(Bytes(Held::Short(message)));
        }
        let is_one = split(bytes).is_ok_and(|messages| messages.len() == 1);
        is_one.then(|| Bytes(Held::SysEx(bytes.into())))
    }

    /// The message, if it is no SysEx.
    pub fn short(&self) -> Option<Message> {
        match &self.0 {
            Held::Short(message) => Some(*message),
            Held::SysEx(_) => None,
        }
    }

    /// Its bytes, if it is a SysEx.
    pub fn sysex(&self) -> &[u8] {
        match &self.0 {
            Held::Short(_) => &[],
            Held::SysEx(bytes) => bytes,
        }
    }

    /// Its heap memory, in bytes.
    fn heap_bytes(&self) -> usize {
        match &self.0 {
            Held::Short(_) => 0,
            Held::SysEx(bytes) => bytes.len(),
        }
    }

    /// The message as an event of a file; `None` for messages that are not written to one.
    fn kind(&self) -> Option<TrackEventKind<'_>> {
        match &self.0 {
            Held::SysEx(bytes) => bytes.get(1..).map(TrackEventKind::SysEx),
            Held::Short(message) => match *message.bytes() {
                // Time code, song position, clock, start, stop, sensing: valid only at the moment of sending.
                [0xF1 | 0xF2 | 0xF8..=0xFF, ..] => None,
                [0xF0..=0xFF, ..] => Some(TrackEventKind::Escape(message.bytes())),
                _ => match LiveEvent::parse(message.bytes()).ok()? {
                    LiveEvent::Midi { channel, message } => Some(TrackEventKind::Midi { channel, message }),
                    _ => None,
                },
            },
        }
    }
}

/// One message of a take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmfEvent {
    /// Its time, in frames from the take's first.
    pub frame: u64,
    /// Its direction.
    pub way: MessageDirection,
    /// The port, counted from 0.
    pub port: u8,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A MIDI file under construction.
#[derive(Debug)]
pub struct Smf {
    sample_rate_hz: u32,
    port_names: Vec<String>,
    name: String,
    first: TempoFrom,
    later: Vec<TempoFrom>,
    marks: Vec<(u64, Box<str>)>,
    events: Vec<SmfEvent>,
    /// The frame after the take's last, if known.
    end: Option<u64>,
    heap_bytes: usize,
    lost: u64,
}

impl Smf {
    /// A take at this rate, with this tempo at its first frame; `port_names` in the order of the ports.
    pub fn new(sample_rate_hz: u32, port_names: Vec<String>, tempo: TempoFrom) -> Smf {
        Smf {
            sample_rate_hz: sample_rate_hz.max(1),
            port_names,
            name: String::new(),
            first: tempo,
            later: Vec::new(),
            marks: Vec::new(),
            events: Vec::new(),
            end: None,
            heap_bytes: 0,
            lost: 0,
        }
    }

    /// Sets the take's name.
    pub fn name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Ends the take before this frame: later events are left out, held notes and pedals are released there, and every
    /// track ends there. Without it a track ends with its last event.
    pub fn end_before(&mut self, frame: u64) {
        self.end = Some(frame);
    }

    fn is_inside(&self, frame: u64) -> bool {
        self.end.is_none_or(|end| frame < end)
    }

    /// Adds a tempo change at a frame.
    pub fn tempo(&mut self, tempo: TempoFrom) {
        if self.has_room(tempo.frame, 0) {
            self.later.push(tempo);
        }
    }

    /// Adds a message; it may come a little late, after one of a later frame. Messages that a file cannot hold are left
    /// out.
    pub fn event(&mut self, event: SmfEvent) {
        if event.bytes.kind().is_some() && self.has_room(event.frame, event.bytes.heap_bytes()) {
            self.events.push(event);
        }
    }

    /// Adds a marker.
    pub fn mark(&mut self, frame: u64, text: &str) {
        if self.has_room(frame, text.len()) {
            self.marks.push((frame, text.into()));
        }
    }

    /// Takes room for one more event, or counts it as lost.
    fn has_room(&mut self, frame: u64, heap_bytes: usize) -> bool {
        let count = self.events.len() + self.marks.len() + self.later.len();
        let is_in_time = frame / u64::from(self.sample_rate_hz) < SECONDS_MAX;
        let has_room = is_in_time && count < EVENTS_MAX && self.heap_bytes + heap_bytes <= BYTES_MAX;
        if has_room {
            self.heap_bytes += heap_bytes;
        } else {
            self.lost += 1;
        }
        has_room
    }

    /// Whether it has no messages; then no file is needed.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Messages, tempos and marks that were lost, because there was no room.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The file: format 1, [`TICKS_PER_QUARTER`]; first the tempos, marks and the take's name, then a track for the
    /// messages sent to each port and one for those received from it, if there are any.
    pub fn bytes(&self) -> Vec<u8> {
        let map = TempoMap::new(self.sample_rate_hz, self.first, &self.later);
        let end_tick = self.end.map_or(0, |end| map.tick(end));
        let mut order: Vec<&SmfEvent> = self.events.iter().filter(|event| self.is_inside(event.frame)).collect();
        // Stable: events of one frame keep their order.
        order.sort_by_key(|event| (event.port, event.way, event.frame));
        let runs: Vec<&[&SmfEvent]> = order.chunk_by(|a, b| (a.port, a.way) == (b.port, b.way)).collect();
        let names: Vec<String> = runs.iter().map(|run| self.track_name(run)).collect();
        let mut tracks = vec![self.first_track(&map, end_tick)];
        tracks.extend(runs.iter().zip(&names).map(|(run, name)| {
            let mut track = Track::named(name);
            let mut held = HeldNotes::default();
            for event in *run {
                if let Some(kind) = event.bytes.kind() {
                    held.hear(&kind);
                    track.push(map.tick(event.frame), kind);
                }
            }
            if self.end.is_some() {
                held.ends().into_iter().for_each(|kind| track.push(end_tick, kind));
            }
            track.end(end_tick)
        }));
        let header = Header { format: Format::Parallel, timing: Timing::Metrical(TICKS_PER_QUARTER.into()) };
        let mut bytes = Vec::new();
        // Only a track of over 4 GiB could not be written; the bounds keep it far below.
        let _ = midly::write(&header, &tracks, &mut bytes);
        bytes
    }

    fn track_name(&self, run: &[&SmfEvent]) -> String {
        let Some(first) = run.first() else { return String::new() };
        let way = match first.way {
            MessageDirection::Sent => "sent",
            MessageDirection::Received => "received",
        };
        match self.port_names.get(usize::from(first.port)) {
            Some(name) => format!("{way}: {name}"),
            None => format!("{way}: port {}", u16::from(first.port) + 1),
        }
    }

    fn first_track<'a>(&'a self, map: &TempoMap, end_tick: u64) -> Vec<TrackEvent<'a>> {
        let tempos = map
            .segments()
            .iter()
            .filter(|segment| self.end.is_none() || segment.tick <= end_tick)
            .map(|segment| (segment.tick, TrackEventKind::Meta(MetaMessage::Tempo(segment.us_per_quarter.into()))));
        let marks = self
            .marks
            .iter()
            .filter(|(frame, _)| self.is_inside(*frame))
            .map(|(frame, text)| (map.tick(*frame), TrackEventKind::Meta(MetaMessage::Marker(text.as_bytes()))));
        let mut events: Vec<(u64, TrackEventKind<'a>)> = tempos.chain(marks).collect();
        events.sort_by_key(|(tick, _)| *tick);
        let mut track = Track::named(&self.name);
        for (tick, kind) in events {
            track.push(tick, kind);
        }
        track.end(end_tick)
    }
}

/// A track; events are added in the order of their ticks.
struct Track<'a> {
    tick: u64,
    events: Vec<TrackEvent<'a>>,
}

impl<'a> Track<'a> {
    fn named(name: &'a str) -> Track<'a> {
        let mut track = Track { tick: 0, events: Vec::new() };
        if !name.is_empty() {
            track.push(0, TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes())));
        }
        track
    }

    fn push(&mut self, tick: u64, kind: TrackEventKind<'a>) {
        // A silence longer than the maximum delta is split by empty text events.
        while tick.saturating_sub(self.tick) > DELTA_MAX {
            self.put(self.tick + DELTA_MAX, TrackEventKind::Meta(MetaMessage::Text(b"")));
        }
        self.put(tick, kind);
    }

    fn put(&mut self, tick: u64, kind: TrackEventKind<'a>) {
        let delta = (tick.saturating_sub(self.tick) as u32).into();
        self.tick = self.tick.max(tick);
        self.events.push(TrackEvent { delta, kind });
    }

    /// Ends the track at this tick, or with its last event if that is later.
    fn end(mut self, tick: u64) -> Vec<TrackEvent<'a>> {
        self.push(tick.max(self.tick), TrackEventKind::Meta(MetaMessage::EndOfTrack));
        self.events
    }
}
