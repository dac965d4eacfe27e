//! The receiving client of the ALSA sequencer: announcements, and messages from instruments.
//!
//! Runs on the patchbay's thread. Its announce port is closed to other clients, so that a program which disconnects
//! everything does not cut it off.

use super::{
    PatchbayIndex,
    alsa_port::{Announcement, Sequencer},
};
use crate::engine::host::{
    HostError,
    alsa_midi::{
        CLIENT_NAME, CLOCK_CLIENT_NAME, HEARD, INPUT_CLIENT_NAME, PLAYED, PortConnection, SequencerPort, connect,
        places, sequencer,
    },
};
use alsa::{
    Direction, PollDescriptors,
    poll::pollfd,
    seq::{
        Addr, Connect, Event, EventType, MidiEvent, PortCap, PortSubscribe, PortSubscribeIter, PortType, QuerySubsType,
        Seq,
    },
};
use rustix::io::Errno;
use std::ffi::CString;

/// Events that may wait for this thread, the most the kernel allows; 200 is its default.
const WAITING_EVENTS: u32 = 2000;
/// The longest that a single event becomes: a registered controller of 14 bits, as four control changes.
const LONGEST_BYTES: usize = 12;

/// The client.
pub(super) struct SequencerClient {
    seq: Seq,
    client: i32,
    announce: i32,
    decoder: MidiEvent,
}

/// An event that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Bytes came in at one of our own ports.
    Bytes { own_port: i32, bytes: [u8; LONGEST_BYTES], len: usize },
    /// A SysEx, or a piece of one.
    SysEx { own_port: i32, bytes: Vec<u8> },
    /// An announcement of the sequencer.
    Announced(Announcement),
    /// An event of no interest.
    Other,
}

impl SequencerClient {
    /// Opens the client and subscribes to announcements.
    pub(super) fn open() -> Result<SequencerClient, HostError> {
        let seq = sequencer()?;
        let refused = |error: alsa::Error| HostError(format!("the ALSA sequencer cannot be opened: {error}"));
        seq.set_client_name(&c_string(INPUT_CLIENT_NAME)).map_err(refused)?;
        if let Err(error) = seq.set_client_pool_input(WAITING_EVENTS) {
            tracing::debug!("the sequencer keeps its default buffer size: {error}");
        }
        let client = seq.client_id().map_err(refused)?;
        // The owner of a port needs no permission to subscribe at it; no other client may.
        let caps = PortCap::WRITE | PortCap::NO_EXPORT;
        let announce = seq.create_simple_port(c"announcements", caps, PortType::APPLICATION).map_err(refused)?;
        let decoder = MidiEvent::new(0).map_err(refused)?;
        decoder.enable_running_status(false);
        let mut hearing = SequencerClient { seq, client, announce, decoder };
        hearing.subscribe(Addr::system_announce(), Addr { client, port: announce }).map_err(refused)?;
        Ok(hearing)
    }

    /// The descriptors to poll.
    pub(super) fn descriptors(&self) -> Vec<pollfd> {
        (&self.seq, Some(Direction::Capture)).get().unwrap_or_default()
    }

    /// The next event; `None` where there is none.
    pub(super) fn read(&mut self) -> Option<Read> {
        let mut input = self.seq.input();
        match input.event_input() {
            Ok(mut event) => Some(take(&mut event, self.announce, &self.decoder)),
            Err(error) => {
                let is = |errno: Errno| error.errno() == errno.raw_os_error();
                if is(Errno::NOSPC) {
                    // More came than there was room for, and the kernel dropped it all.
                    Some(Read::Announced(Announcement::Missed))
                } else if is(Errno::INTR) || is(Errno::NOTSUP) {
                    // An event of a kind that this library does not know.
                    Some(Read::Other)
                } else {
                    if !is(Errno::AGAIN) {
                        tracing::debug!("the sequencer gave no event: {error}");
                    }
                    None
                }
            }
        }
    }

    fn subscribe(&mut self, from: Addr, to: Addr) -> alsa::Result<()> {
        let line = PortSubscribe::empty()?;
        line.set_sender(from);
        line.set_dest(to);
        self.seq.subscribe_port(&line)
    }
}

fn take(event: &mut Event<'_>, announce: i32, decoder: &MidiEvent) -> Read {
    let own_port = event.get_dest().port;
    if own_port == announce {
        return announcement(event).map_or(Read::Other, Read::Announced);
    }
    if event.get_type() == EventType::Sysex {
        return Read::SysEx { own_port, bytes: event.get_ext().unwrap_or_default().to_vec() };
    }
    let mut bytes = [0; LONGEST_BYTES];
    // Events that are no MIDI message, like a new connection, are skipped.
    match decoder.decode(&mut bytes, event) {
        Ok(len @ 1..) => Read::Bytes { own_port, bytes, len },
        _ => Read::Other,
    }
}

fn announcement(event: &Event<'_>) -> Option<Announcement> {
    let at = || event.get_data::<Addr>();
    match event.get_type() {
        EventType::ClientExit => at().map(|at| Announcement::Gone { client: at.client, port: None }),
        EventType::PortExit => at().map(|at| Announcement::Gone { client: at.client, port: Some(at.port) }),
        EventType::ClientStart | EventType::ClientChange | EventType::PortStart | EventType::PortChange => {
            at().map(|at| Announcement::There { client: at.client })
        }
        EventType::PortUnsubscribed => {
            event.get_data::<Connect>().map(|Connect { sender, dest }| Announcement::Cut { from: sender, to: dest })
        }
        _ => None,
    }
}

impl Sequencer for SequencerClient {
    fn places(&self, played: bool) -> Vec<SequencerPort> {
        places(&self.seq, if played { PLAYED } else { HEARD })
    }

    fn play(&mut self, to: &SequencerPort) -> Result<[PortConnection; 2], HostError> {
        Ok([connect(&self.seq, CLIENT_NAME, to)?, connect(&self.seq, CLOCK_CLIENT_NAME, to)?])
    }

    fn own_input(&mut self, kept: PatchbayIndex) -> Result<Addr, HostError> {
        let caps = PortCap::WRITE | PortCap::SUBS_WRITE;
        let kind = PortType::MIDI_GENERIC | PortType::APPLICATION;
        let name = c_string(&format!("in {}", kept.0 + 1));
        match self.seq.create_simple_port(&name, caps, kind) {
            Ok(port) => Ok(Addr { client: self.client, port }),
            Err(error) => {
                Err(HostError(format!("the ALSA sequencer has no more ports ({error}): close other programs")))
            }
        }
    }

    fn hear(&mut self, from: Addr, own: Addr) -> Result<(), HostError> {
        match self.subscribe(from, own) {
            Ok(()) => Ok(()),
            // Another client connected them first.
            Err(_) if self.connected(from, own) => Ok(()),
            Err(error) => Err(HostError(format!(
                "the input of MIDI port {}:{} cannot be opened ({error}): plug it in again",
                from.client, from.port
            ))),
        }
    }

    fn unhear(&mut self, from: Addr, own: Addr) {
        if let Err(error) = self.seq.unsubscribe_port(from, own) {
            tracing::debug!("nothing to disconnect: {error}");
        }
    }

    fn connected(&self, from: Addr, to: Addr) -> bool {
        PortSubscribeIter::new(&self.seq, to, QuerySubsType::WRITE).any(|line| line.get_sender() == from)
    }
}

/// Our own names contain no zero byte.
fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}
