//! Whose tempo it is: busker's own, tapped, or that of a MIDI clock that comes in.
//!
//! The follower (`music/sync.rs`) says which of the source's pulses comes when; here its numbers are laid on the plan's,
//! and the plan is bent to it where it is off by more than can be heard.

use super::{Control, Moment, ports::Ports};
use crate::{
    command::arg::PortName,
    config::{ClockLost, ClockSource},
    engine::{
        midi::{
            input::{MidiIn, Received},
            sent::{Payload, PortIndex},
        },
        station::Answer,
    },
    midi::Message,
    music::{
        Bpm, PPQN, Position, Timeline,
        sync::{ClockFollower, SourceTime, SyncEvent, SyncState},
        tap::TapTempo,
    },
    status::{Event, SourceStatus},
};

/// The plan is left alone while its next pulse is off by less than this, in ns: a tenth of what a MIDI wire takes for a
/// byte.
const PHASE_NS: f64 = 30_000.0;
/// And while its tempo is off by less than this, in BPM.
const TEMPO_BPM: f64 = 0.002;

/// How the clock is followed.
#[derive(Clone, Debug, Default)]
pub struct SyncConfig {
    /// Whose tempo it is at the start.
    pub source: ClockSource,
    /// The port whose clock is followed; the first that sends one, where none is named.
    pub from: Option<String>,
    /// What becomes of the song when that clock is lost.
    pub lost: ClockLost,
}

/// The source of tempo.
pub(super) struct Sync {
    config: SyncConfig,
    tap: TapTempo,
    follower: ClockFollower,
    /// The port that is followed.
    from: Option<PortIndex>,
    /// What is added to a number of the source's pulses to make it one of the plan's; nothing while there is nothing to
    /// follow.
    offset_pulses: Option<i64>,
    /// The song rolls on this pulse of the source as soon as it is known when that is.
    rolls: Option<(i64, i64)>,
    told: SyncState,
}

impl Sync {
    pub(super) fn new(config: SyncConfig) -> Sync {
        Sync {
            config,
            tap: TapTempo::default(),
            follower: ClockFollower::new(),
            from: None,
            offset_pulses: None,
            rolls: None,
            told: SyncState::Waiting,
        }
    }

    /// Whether the tempo is somebody else's.
    pub(super) fn is_followed(&self) -> bool {
        self.config.source == ClockSource::Midi
    }

    pub(super) fn status(&self, ports: &Ports) -> SourceStatus {
        match self.config.source {
            ClockSource::Internal => SourceStatus::Internal,
            ClockSource::Midi => {
                let from = self.from.map(|port| ports.name(port).to_owned());
                SourceStatus::Midi { from, state: self.follower.state() }
            }
        }
    }

    /// Whether what came in at a port is the clock that is followed. The first port that sends one is kept to until it
    /// falls silent.
    fn listens_to(&mut self, port: PortIndex, message: &Message, ports: &Ports) -> bool {
        let named = self.config.from.as_ref().map(|name| ports.find(&PortName(name.clone())));
        let silent = !matches!(self.follower.state(), SyncState::Acquiring | SyncState::Locked);
        let may = match named {
            Some(named) => named == Ok(port),
            None => self.from.is_none() || (silent && *message == Message::CLOCK),
        };
        if may && self.from != Some(port) {
            self.from = Some(port);
            self.follower = ClockFollower::new();
            self.offset_pulses = None;
        }
        self.from == Some(port)
    }
}

/// The song position in a message, in sixteenths.
fn song_position(message: &Message) -> Option<u16> {
    match *message.bytes() {
        [0xF2, fine, coarse] => Some(u16::from(fine) | u16::from(coarse) << 7),
        _ => None,
    }
}

impl Control {
    pub(super) fn set_source(&mut self, source: ClockSource) -> Answer {
        let config = SyncConfig { source, ..self.sync.config.clone() };
        self.sync = Sync::new(config);
        let source = self.sync.status(&self.ports);
        self.tell(Event::ClockSource { source });
        Ok(String::new())
    }

    pub(super) fn tap(&mut self, now: Moment) -> Answer {
        match self.sync.tap.tap(now.ns) {
            Some(bpm) => self.set_bpm(bpm, now),
            None => Ok(String::new()),
        }
    }

    /// Whether the tempo is that of a clock that comes in.
    pub fn follows_a_clock(&self) -> bool {
        self.sync.is_followed()
    }

    /// Whether the song or an envelope waits for something that no input tells of.
    pub(super) fn must_look_often(&self) -> bool {
        let waits = self.sync.is_followed() || self.instruments.iter().any(|i| i.motion.waits_for_notes());
        waits && self.received.iter().any(MidiIn::is_quiet)
    }

    /// Follows the clock in what came in.
    pub(super) fn follow_clock(&mut self, heard: &[Received], now: Moment) {
        if !self.sync.is_followed() {
            return;
        }
        for Received { at_ns, port, payload } in heard {
            let Payload::Short(message) = payload else { continue };
            let position = song_position(message);
            let is_clock = [Message::CLOCK, Message::START, Message::CONTINUE, Message::STOP].contains(message);
            if !(is_clock || position.is_some()) || !self.sync.listens_to(*port, message, &self.ports) {
                continue;
            }
            let follower = &mut self.sync.follower;
            let event = match (position, *message) {
                (Some(sixteenths), _) => follower.position(sixteenths, *at_ns),
                (None, Message::START) => follower.start(*at_ns),
                (None, Message::CONTINUE) => follower.continue_(*at_ns),
                (None, Message::STOP) => follower.stop(*at_ns),
                _ => follower.pulse(*at_ns),
            };
            self.follow_event(event, now);
        }
        let event = self.sync.follower.look(now.ns);
        self.follow_event(event, now);
        self.follow_tempo(now);
        self.tell_source();
    }

    fn follow_event(&mut self, event: Option<SyncEvent>, now: Moment) {
        match event {
            None => {}
            Some(SyncEvent::Found { source_pulse }) => {
                let Some(time) = self.sync.follower.time() else { return };
                let frame = now.heard.frame_at(time.ns_of(source_pulse));
                self.sync.offset_pulses = Some(self.plan.offset_to(source_pulse, frame));
                self.follow_tempo(now);
                self.roll_with_source(now);
            }
            Some(SyncEvent::Lost) => {
                self.sync.offset_pulses = None;
                if self.sync.config.lost == ClockLost::Stop {
                    // Stopping cannot be refused.
                    let _ = self.stop(now);
                }
            }
            Some(SyncEvent::Rolls { song_pulse, source_pulse }) => {
                self.sync.rolls = Some((song_pulse, source_pulse));
                self.roll_with_source(now);
            }
            Some(SyncEvent::Stops { .. }) => {
                self.sync.rolls = None;
                let _ = self.stop(now);
            }
            Some(SyncEvent::Located { song_pulse }) => {
                self.cue_pulse = song_pulse as f64;
                if !self.playing() {
                    self.plan.stand(song_pulse as f64, now.open_frame);
                    self.publish_plan();
                }
            }
        }
    }

    /// Rolls the song on the source's pulse, where it is known when that is.
    fn roll_with_source(&mut self, now: Moment) {
        if let Some(offset) = self.sync.offset_pulses
            && let Some((song_pulse, source_pulse)) = self.sync.rolls.take()
        {
            self.plan.roll_on(song_pulse, source_pulse + offset, now.open_frame);
            self.publish_plan();
            self.tell(Event::Playing { from: Position::of_pulse(song_pulse as f64) });
        }
    }

    /// Bends the plan to the source where it is off.
    fn follow_tempo(&mut self, now: Moment) {
        let (Some(offset), Some(time)) = (self.sync.offset_pulses, self.sync.follower.time()) else { return };
        let was = self.plan.last().timeline;
        let Some(timeline) = timeline_of(&time, offset, &was, now) else { return };
        let off_ns = (was.frame_of(timeline.origin_pulse as f64) - timeline.origin_frame) * now.heard.ns_per_frame;
        let off_bpm = was.bpm.get() - timeline.bpm.get();
        if off_ns.abs() > PHASE_NS || off_bpm.abs() > TEMPO_BPM {
            self.plan.follow(timeline, now.open_frame);
            self.publish_plan();
        }
    }

    fn tell_source(&mut self) {
        let state = self.sync.follower.state();
        if state == SyncState::Acquiring {
            // A source that comes and goes with every pulse would be told of each time.
            return;
        }
        if std::mem::replace(&mut self.sync.told, state) != state {
            let source = self.sync.status(&self.ports);
            self.tell(Event::ClockSource { source });
        }
    }
}

/// The source's time as one of the plan's: in frames that are heard, and in the plan's numbers.
fn timeline_of(time: &SourceTime, offset_pulses: i64, was: &Timeline, now: Moment) -> Option<Timeline> {
    let frames_per_pulse = time.ns_per_pulse / now.heard.ns_per_frame;
    // In frames of the card as it really runs: the plan counts in those.
    let bpm = was.sample_rate_hz * 60.0 / (frames_per_pulse * PPQN as f64);
    let bpm = bpm.clamp(Bpm::MIN.get(), Bpm::MAX.get());
    Some(Timeline {
        bpm: Bpm::new(bpm)?,
        origin_pulse: time.pulse + offset_pulses,
        origin_frame: now.heard.frame_at(time.ns),
        ..*was
    })
}

#[cfg(test)]
mod tests;
