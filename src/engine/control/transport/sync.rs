//! Tempo source: busker's own, tapped, or an incoming MIDI clock.
//!
//! The follower (`music/sync.rs`) computes when each pulse of the source comes; here its numbers are mapped to the
//! plan's, and the plan is bent to it where it is off by an audible amount.

use super::Transport;
use crate::{
    command::arg::PortName,
    config::{ClockLost, ClockSource},
    engine::{
        config::SyncConfig,
        control::{Moment, out::Out, ports::Ports},
        midi::{
            clock_thread::ClockCounters,
            input::ReceivedMessage,
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
    status::{ClockStatus, Event, SourceStatus},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The plan is left alone while its next pulse is off by less than this, in ns: a tenth of what a MIDI wire takes for a
/// byte.
const PHASE_NS: f64 = 30_000.0;
/// And while its tempo is off by less than this, in BPM.
const TEMPO_BPM: f64 = 0.002;

/// The source of tempo.
pub struct Sync {
    config: SyncConfig,
    /// The MIDI clock's, where it has a thread.
    counters: Option<Arc<ClockCounters>>,
    tap: TapTempo,
    follower: ClockFollower,
    /// The port that is followed.
    from: Option<PortIndex>,
    /// Added to a number of the source's pulses it gives that of the plan's; `None` while there is no clock to follow.
    offset_pulses: Option<i64>,
    /// The song rolls on this pulse of the source as soon as its instant is known.
    rolls: Option<(i64, i64)>,
    told: SyncState,
}

impl Sync {
    pub fn new(config: SyncConfig, counters: Option<Arc<ClockCounters>>) -> Sync {
        Sync {
            config,
            counters,
            tap: TapTempo::default(),
            follower: ClockFollower::new(),
            from: None,
            offset_pulses: None,
            rolls: None,
            told: SyncState::Waiting,
        }
    }

    /// Whether the tempo follows an incoming clock.
    pub fn is_followed(&self) -> bool {
        self.config.source == ClockSource::Midi
    }

    pub fn status(&self, ports: &Ports) -> SourceStatus {
        match self.config.source {
            ClockSource::Internal => SourceStatus::Internal,
            ClockSource::Midi => {
                let from = self.from.map(|port| ports.name(port).to_owned());
                SourceStatus::Midi { from, state: self.follower.state() }
            }
        }
    }

    pub fn clock_status(&self, ports: &Ports) -> ClockStatus {
        let count = |of: fn(&ClockCounters) -> &AtomicU64| {
            self.counters.as_ref().map_or(0, |counters| of(counters).load(Ordering::Relaxed))
        };
        ClockStatus {
            source: self.status(ports),
            late_pulses: count(|counters| &counters.late),
            latest_us: count(|counters| &counters.latest_us),
            skipped_pulses: count(|counters| &counters.skipped),
        }
    }

    /// Whether a message is of the clock that is followed. The first port that sends one is kept until it is silent.
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

impl Transport {
    pub fn set_source(&mut self, source: ClockSource, ports: &Ports, out: &Out) -> Answer {
        let config = SyncConfig { source, ..self.sync.config.clone() };
        self.sync = Sync::new(config, self.sync.counters.take());
        let source = self.sync.status(ports);
        out.tell(Event::ClockSource { source });
        Ok(String::new())
    }

    pub fn tap(&mut self, out: &mut Out, now: Moment) -> Answer {
        match self.sync.tap.tap(now.ns) {
            Some(bpm) => self.set_bpm(bpm, out, now),
            None => Ok(String::new()),
        }
    }

    /// Follows the clock in received messages.
    pub fn follow_clock(&mut self, heard: &[ReceivedMessage], ports: &Ports, out: &mut Out, now: Moment) {
        if !self.sync.is_followed() {
            return;
        }
        for ReceivedMessage { at_ns, port, payload } in heard {
            let Payload::Short(message) = payload else { continue };
            let position = song_position(message);
            let is_clock = [Message::CLOCK, Message::START, Message::CONTINUE, Message::STOP].contains(message);
            if !(is_clock || position.is_some()) || !self.sync.listens_to(*port, message, ports) {
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
            self.follow_event(event, out, now);
        }
        let event = self.sync.follower.look(now.ns);
        self.follow_event(event, out, now);
        self.follow_tempo(out, now);
        self.tell_source(ports, out);
    }

    fn follow_event(&mut self, event: Option<SyncEvent>, out: &mut Out, now: Moment) {
        match event {
            None => {}
            Some(SyncEvent::Found { source_pulse }) => {
                let Some(time) = self.sync.follower.time() else { return };
                let frame = now.heard.frame_at(time.ns_of(source_pulse));
                self.sync.offset_pulses = Some(out.plan.offset_to(source_pulse, frame));
                self.follow_tempo(out, now);
                self.roll_with_source(out, now);
            }
            Some(SyncEvent::Lost) => {
                self.sync.offset_pulses = None;
                if self.sync.config.lost == ClockLost::Stop {
                    // Stopping cannot be refused.
                    let _ = self.stop(out, now);
                }
            }
            Some(SyncEvent::Rolls { song_pulse, source_pulse }) => {
                self.sync.rolls = Some((song_pulse, source_pulse));
                self.roll_with_source(out, now);
            }
            Some(SyncEvent::Stops { .. }) => {
                self.sync.rolls = None;
                let _ = self.stop(out, now);
            }
            Some(SyncEvent::Located { song_pulse }) => {
                self.cue_pulse = song_pulse as f64;
                if !out.plan.is_rolling() {
                    out.plan.change(|plan| plan.stand(song_pulse as f64, now.open_frame));
                }
            }
        }
    }

    /// Rolls the song on the source's pulse, where its instant is known.
    fn roll_with_source(&mut self, out: &mut Out, now: Moment) {
        if let Some(offset) = self.sync.offset_pulses
            && let Some((song_pulse, source_pulse)) = self.sync.rolls.take()
        {
            out.plan.change(|plan| plan.roll_on(song_pulse, source_pulse + offset, now.open_frame));
            out.tell(Event::Playing { from: Position::of_pulse(song_pulse as f64) });
        }
    }

    /// Bends the plan to the source where it is off.
    fn follow_tempo(&self, out: &mut Out, now: Moment) {
        let (Some(offset), Some(time)) = (self.sync.offset_pulses, self.sync.follower.time()) else { return };
        let was = out.plan.last().timeline;
        let Some(timeline) = timeline_of(&time, offset, &was, now) else { return };
        let off_ns = (was.frame_of(timeline.origin_pulse as f64) - timeline.origin_frame) * now.heard.ns_per_frame;
        let off_bpm = was.bpm.get() - timeline.bpm.get();
        if off_ns.abs() > PHASE_NS || off_bpm.abs() > TEMPO_BPM {
            out.plan.change(|plan| plan.follow(timeline, now.open_frame));
        }
    }

    fn tell_source(&mut self, ports: &Ports, out: &Out) {
        let state = self.sync.follower.state();
        if state == SyncState::Acquiring {
            // A source that is lost and found with every pulse would be reported each time.
            return;
        }
        if std::mem::replace(&mut self.sync.told, state) != state {
            let source = self.sync.status(ports);
            out.tell(Event::ClockSource { source });
        }
    }
}

/// The source's time as one of the plan's: in frames that are played, and in the plan's numbers.
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
