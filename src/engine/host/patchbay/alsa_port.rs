//! A kept port of the ALSA sequencer: the port it is connected to, updated by announcements. Reads no clock.
//!
//! Announcements are obeyed in their order: a device that was unplugged and plugged in again between two looks is the
//! same in every list, but every connection to it is dead. A connection is known by its two ends, so the sequencer can
//! be asked whether it still exists where an announcement may be old or lost.

use super::{
    PatchbayIndex, PortChange,
    retry::Retry,
    sockets::{Outs, Sockets},
};
use crate::engine::{
    host::{
        HostError,
        alsa_midi::{PortConnection, SequencerPort, input_of, is_system, named, without_numbers},
    },
    midi::{
        input::{Inlet, MidiIn, Where, input},
        plug::Plug,
    },
};
use alsa::seq::Addr;

/// The sequencer, as a port uses it.
pub(super) trait Sequencer {
    /// The ports that can be played, or else those that can be recorded from.
    fn places(&self, played: bool) -> Vec<SequencerPort>;
    /// Connects to a port, once for the scheduler and once for the clock.
    fn play(&mut self, to: &SequencerPort) -> Result<[PortConnection; 2], HostError>;
    /// Makes a port of our own for input.
    fn own_input(&mut self, kept: PatchbayIndex) -> Result<Addr, HostError>;
    /// Connects a port's output to one of our own ports.
    fn hear(&mut self, from: Addr, own: Addr) -> Result<(), HostError>;
    /// Disconnects it.
    fn unhear(&mut self, from: Addr, own: Addr);
    /// Whether these two ports are connected.
    fn connected(&self, from: Addr, to: Addr) -> bool;
}

/// An announcement of the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announcement {
    /// A client or one of its ports is gone.
    Gone { client: i32, port: Option<i32> },
    /// A client or one of its ports is there, or is called something else.
    There { client: i32 },
    /// Another program or the user disconnected two ports.
    Cut { from: Addr, to: Addr },
    /// Announcements were lost.
    Missed,
}

/// How a port's name ranks among the instrument's; the lower the better.
pub(super) type PortRanking = Box<dyn Fn(&str) -> Option<usize> + Send>;

/// The port that a kept port is connected to; another kept port may use the other direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    at: Addr,
    played: bool,
}

/// The port that is asked for.
pub(super) struct AlsaAsked {
    pub(super) name: String,
    pub(super) rank: PortRanking,
    pub(super) output: bool,
    pub(super) wait: bool,
}

/// A kept port, as the engine gets it.
pub(super) struct OpenedPort {
    /// The name to show.
    pub(super) name: String,
    /// The scheduler's and the clock's; `None` for an input.
    pub(super) plugs: Option<[Plug; 2]>,
    pub(super) input: Option<MidiIn>,
    /// Whether it is connected already.
    pub(super) connected: bool,
}

/// The port that was connected, so that it is found again.
struct Known {
    name: String,
    at: Addr,
}

/// The input side.
struct Ear {
    inlet: Inlet,
    /// Our own port; made when there is a sequencer.
    own: Option<Addr>,
    /// The port it is connected to.
    from: Option<Addr>,
    /// It was disconnected or could not be connected, and may be there.
    missing: bool,
}

/// Which ports may be the one that is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// One of this client, which has just come.
    Client(i32),
    /// Any: the client that came is not known.
    Any,
    /// One at its old address: another port of the same name has been there all the time.
    Nothing,
}

/// Why there is no connection.
enum Missing {
    NotThere(HostError),
    Refused(HostError),
}

/// A kept port.
pub(super) struct AlsaPort {
    kept: PatchbayIndex,
    asked: String,
    rank: PortRanking,
    known: Option<Known>,
    /// Those of the sending threads; `None` for an input.
    sockets: Option<Sockets>,
    /// The port that is played, and our ports that play it.
    played: Option<(Addr, [Addr; 2])>,
    ear: Option<Ear>,
    retry: Retry,
}

impl AlsaPort {
    /// Connects to the port that is meant, where it is there.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub(super) fn open(
        kept: PatchbayIndex,
        asked: AlsaAsked,
        seq: Option<&mut dyn Sequencer>,
        taken: &[Taken],
        now_ns: u64,
    ) -> Result<(AlsaPort, OpenedPort), HostError> {
        let AlsaAsked { name, rank, output, wait } = asked;
        let (sockets, plugs) = output.then(|| Sockets::new(None)).unzip();
        let (inlet, midi_in) = input(Where::Thread);
        let ear = Some(Ear { inlet, own: None, from: None, missing: false });
        let retry = Retry::default();
        let mut port = AlsaPort { kept, asked: name, rank, known: None, sockets, played: None, ear, retry };
        let mut opened = OpenedPort { name: port.asked.clone(), plugs, input: Some(midi_in), connected: false };
        if let Some(seq) = seq {
            match port.connect(Seen::Any, seq, taken) {
                Ok(outs) => {
                    // It was there from the beginning: no thread has to be notified.
                    if outs.is_some() {
                        let (sockets, plugs) = Sockets::new(outs);
                        (port.sockets, opened.plugs) = (Some(sockets), Some(plugs));
                    }
                    port.retry.done(now_ns);
                }
                Err(Missing::NotThere(error) | Missing::Refused(error)) if !wait => return Err(error),
                Err(Missing::NotThere(why) | Missing::Refused(why)) => {
                    tracing::info!("waiting for a MIDI port: {why}")
                }
            }
        }
        if let Some(known) = &port.known {
            opened.name.clone_from(&known.name);
        }
        // Messages sent to the system's through port come back from it.
        if output && is_system(&opened.name) {
            (port.ear, opened.input) = (None, None);
        }
        opened.connected = port.is_there();
        port.look_again_later(now_ns);
        Ok((port, opened))
    }

    /// Whether it is connected.
    pub(super) fn is_there(&self) -> bool {
        match &self.sockets {
            Some(_) => self.played.is_some(),
            None => self.ear.as_ref().is_some_and(|ear| ear.from.is_some()),
        }
    }

    /// The port it is connected to.
    pub(super) fn takes(&self) -> Option<Taken> {
        match &self.sockets {
            Some(_) => self.played.map(|(at, _)| Taken { at, played: true }),
            None => self.ear.as_ref().and_then(|ear| ear.from).map(|at| Taken { at, played: false }),
        }
    }

    /// Whether it was at this client: then it comes first when that is back.
    pub(super) fn stood_at(&self, client: i32) -> bool {
        self.known.as_ref().is_some_and(|known| known.at.client == client)
    }

    /// The name to show.
    pub(super) fn name(&self) -> &str {
        self.known.as_ref().map_or(&self.asked, |known| &known.name)
    }

    /// Takes bytes that came in at one of our own ports, where it is this one's.
    pub(super) fn hear(&mut self, own_port: i32, at_ns: u64, bytes: &[u8]) {
        if let Some(ear) = self.ear.as_mut().filter(|ear| ear.own.is_some_and(|own| own.port == own_port)) {
            ear.inlet.hear(at_ns, bytes);
        }
    }

    /// Obeys an announcement. `taken` lists the connections of other kept ports.
    pub(super) fn announced(
        &mut self,
        news: Announcement,
        seq: &mut dyn Sequencer,
        taken: &[Taken],
        now_ns: u64,
        changes: &mut Vec<PortChange>,
    ) {
        let was_there = self.is_there();
        match news {
            Announcement::Gone { client, port } => {
                let gone = |at: Addr| at.client == client && port.is_none_or(|port| at.port == port);
                self.lose(now_ns, seq, |_, _, _, other| gone(other));
            }
            // It may have been connected again since.
            Announcement::Cut { from, to } => {
                self.lose(now_ns, seq, |seq, a, b, _| (a, b) == (from, to) && !seq.connected(a, b));
            }
            Announcement::Missed => {
                self.lose(now_ns, seq, |seq, from, to, _| !seq.connected(from, to));
                if let Some(ear) = &mut self.ear {
                    ear.inlet.interrupted(now_ns);
                }
            }
            Announcement::There { .. } => {}
        }
        if was_there && !self.is_there() {
            tracing::info!(name = self.name(), ?news, "a MIDI port disconnected");
            changes.push(PortChange::Gone);
        }
        match news {
            Announcement::There { client } if !self.is_there() => {
                self.try_connect(Seen::Client(client), seq, taken, now_ns, changes);
            }
            // Another port of the same device: it may be the one that sends.
            Announcement::There { client } => {
                if let Some((to, _)) = self.played.filter(|(to, _)| to.client == client) {
                    self.hear_beside(to, seq);
                }
            }
            Announcement::Missed if !self.is_there() => self.try_connect(Seen::Any, seq, taken, now_ns, changes),
            Announcement::Missed => {
                if let Some((to, _)) = self.played {
                    self.hear_beside(to, seq);
                }
            }
            _ => {}
        }
        self.look_again_later(now_ns);
    }

    /// Looks for missing connections, where it is time to.
    pub(super) fn tick(
        &mut self,
        seq: &mut dyn Sequencer,
        taken: &[Taken],
        now_ns: u64,
        changes: &mut Vec<PortChange>,
    ) {
        if !self.retry.is_due(now_ns) {
            return;
        }
        if !self.is_there() {
            self.try_connect(Seen::Nothing, seq, taken, now_ns, changes);
        } else if let Some((to, _)) = self.played {
            self.hear_beside(to, seq);
            match &self.ear {
                Some(Ear { missing: true, .. }) => self.retry.again(now_ns),
                _ => self.retry.done(now_ns),
            }
        }
    }

    /// When it looks for them again.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.retry.at_ns()
    }

    /// See [`Sockets::settle`].
    pub(super) fn settle(&mut self) -> bool {
        self.sockets.as_mut().is_none_or(Sockets::settle)
    }

    fn look_again_later(&mut self, now_ns: u64) {
        let missing = !self.is_there() || self.ear.as_ref().is_some_and(|ear| ear.missing);
        if missing && self.retry.at_ns().is_none() {
            self.retry.begin(now_ns);
        }
    }

    /// Drops the connections of which `lost` is true, given their two ends and which of them is not ours.
    fn lose(&mut self, now_ns: u64, seq: &mut dyn Sequencer, lost: impl Fn(&dyn Sequencer, Addr, Addr, Addr) -> bool) {
        // When the engine ends, the sending threads end before this one.
        let ours = self.sockets.as_ref().is_some_and(Sockets::is_abandoned);
        if let Some((to, from)) = self.played
            && !ours
            && from.iter().any(|from| lost(seq, *from, to, to))
        {
            self.played = None;
            if let Some(sockets) = &mut self.sockets {
                sockets.disconnect();
            }
        }
        if let Some(ear) = &mut self.ear
            && let (Some(from), Some(own)) = (ear.from, ear.own)
            && lost(seq, from, own, from)
        {
            // An announcement that is late may be about the device that was at this address before.
            seq.unhear(from, own);
            (ear.from, ear.missing) = (None, true);
            ear.inlet.interrupted(now_ns);
        }
    }

    fn try_connect(
        &mut self,
        seen: Seen,
        seq: &mut dyn Sequencer,
        taken: &[Taken],
        now_ns: u64,
        changes: &mut Vec<PortChange>,
    ) {
        match (self.connect(seen, seq, taken), seen) {
            (Ok(outs), _) => {
                if let (Some(sockets), Some(outs)) = (&mut self.sockets, outs) {
                    sockets.connect(outs);
                }
                self.retry.done(now_ns);
                tracing::info!(name = self.name(), "a MIDI port is connected");
                changes.push(PortChange::Connected { name: self.name().to_owned() });
            }
            (Err(Missing::NotThere(_)), Seen::Client(_)) => {}
            (Err(Missing::Refused(why)), Seen::Client(_)) => {
                tracing::info!("a MIDI port is not ready yet: {why}");
                self.retry.soon(now_ns);
            }
            (Err(Missing::NotThere(why) | Missing::Refused(why)), _) => {
                tracing::debug!("a MIDI port is still missing: {why}");
                self.retry.again(now_ns);
            }
        }
    }

    /// Connects to the port that is meant; returns the outputs for the sending threads, where it is played.
    fn connect(&mut self, seen: Seen, seq: &mut dyn Sequencer, taken: &[Taken]) -> Result<Option<Outs>, Missing> {
        let played = self.sockets.is_some();
        let all = seq.places(played);
        let mut free = all.clone();
        free.retain(|place| !taken.contains(&Taken { at: place.at, played }));
        let place = self.pick(&free, seen).map_err(|why| {
            let twice =
                |place: &SequencerPort| HostError(format!("the MIDI port {} is named twice: name it once", place.name));
            Missing::NotThere(self.pick(&all, seen).map_or(why, twice))
        })?;
        // Where it is, it will be found again, whether it accepts the connection or not.
        let name = match self.known.take() {
            Some(known) => known.name,
            None => place.name.clone(),
        };
        let lines = if played { seq.play(place).map(Some) } else { self.listen(place.at, seq).map(|()| None) };
        match lines {
            Ok(lines) => {
                self.known = Some(Known { name, at: place.at });
                Ok(lines.map(|[scheduler, clock]| {
                    self.played = Some((place.at, [scheduler.from, clock.from]));
                    self.hear_beside(place.at, seq);
                    [scheduler.out, clock.out]
                }))
            }
            Err(why) => {
                self.known = Some(Known { name, at: place.at });
                Err(Missing::Refused(why))
            }
        }
    }

    /// The port that is meant.
    fn pick<'a>(&self, places: &'a [SequencerPort], seen: Seen) -> Result<&'a SequencerPort, HostError> {
        let Some(known) = &self.known else {
            let place = named(places, &self.asked)?;
            return match seen {
                Seen::Client(client) if place.at.client != client => Err(self.not_there()),
                _ => Ok(place),
            };
        };
        let is_twin = |place: &&SequencerPort| without_numbers(&place.name) == without_numbers(&known.name);
        let twins: Vec<&SequencerPort> = places.iter().filter(is_twin).collect();
        let stands = |place: &&SequencerPort| place.at == known.at;
        let came = |place: &&SequencerPort| match seen {
            Seen::Client(client) => place.at.client == client,
            Seen::Any => true,
            Seen::Nothing => false,
        };
        let found = match seen {
            // Only announced ports are new; the rest is for the timer, or each of our own announcements would lead to
            // the same refusal.
            Seen::Client(_) => {
                let mut new = twins.iter().copied().filter(came);
                new.clone().find(stands).or_else(|| new.next())
            }
            _ => twins.iter().copied().find(stands).or_else(|| twins.iter().copied().find(came)),
        };
        found.ok_or_else(|| self.not_there())
    }

    fn not_there(&self) -> HostError {
        HostError(format!("no MIDI port '{}'", self.name()))
    }

    /// Connects the input of the device that is played. Many have no output; then there is no input, and all else
    /// works.
    fn hear_beside(&mut self, output: Addr, seq: &mut dyn Sequencer) {
        let inputs = seq.places(false);
        let best = input_of(output, &inputs, &self.rank).map(|found| &inputs[found]);
        let Some(ear) = self.ear.as_mut() else { return };
        ear.missing = false;
        let Some(SequencerPort { name, at }) = best.filter(|best| ear.from != Some(best.at) && !is_system(&best.name))
        else {
            return;
        };
        if let (Some(before), Some(own)) = (ear.from.take(), ear.own) {
            seq.unhear(before, own);
        }
        match self.listen(*at, seq) {
            Ok(()) => tracing::info!(name, "receiving the instrument's knobs"),
            Err(error) => tracing::warn!("{error}; it can still be played"),
        }
    }

    /// Connects this port's output to ours.
    fn listen(&mut self, from: Addr, seq: &mut dyn Sequencer) -> Result<(), HostError> {
        let Some(ear) = &mut self.ear else { return Ok(()) };
        ear.missing = true;
        let own = match ear.own {
            Some(own) => own,
            None => *ear.own.insert(seq.own_input(self.kept)?),
        };
        seq.hear(from, own)?;
        (ear.from, ear.missing) = (Some(from), false);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
