//! A session with an NTS-1 mkII: sends one request at a time, and waits for its answer.
//!
//! Runs on the calling thread, which waits. The transport gives the time, so that a simulated one needs no waiting.
//! Messages that are no answer to the request are ignored: the clock, turns of the knobs, late answers. Reads are
//! retried; writes are not, unless the device answered that it did nothing.

use super::{
    message::{DecodeError, Limits, Module, Nts1Message, Nts1MessageId, Nts1Refusal, UnitSlot},
    program::{Program, check_globals},
    unit::{self, CheckSum, UnitHeader},
};
use crate::midi::Channel;
use std::ops::ControlFlow;

/// How long a read waits for its answer, in ms.
const READ_PATIENCE_MS: u64 = 1000;
/// How long a write waits for its answer, in ms: a piece of a unit was measured at 870 ms, for a unit of only two.
const WRITE_PATIENCE_MS: u64 = 5000;
/// How many times a read is sent.
const TRIES: u32 = 3;
/// Pause before a retry when the device is busy, in ms.
const BUSY_MS: u64 = 300;

/// Sends and receives messages.
pub trait SysExTransport {
    /// Sends one complete message.
    ///
    /// # Errors
    /// The error of the port, as a sentence.
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireFailed>;

    /// The next complete message until then, or `None`.
    ///
    /// # Errors
    /// The error of the port, as a sentence.
    fn receive(&mut self, until_ms: u64) -> Result<Option<Vec<u8>>, WireFailed>;

    /// The present time of this transport, in ms.
    fn now_ms(&self) -> u64;
}

impl<W: SysExTransport + ?Sized> SysExTransport for Box<W> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireFailed> {
        (**self).send(bytes)
    }

    fn receive(&mut self, until_ms: u64) -> Result<Option<Vec<u8>>, WireFailed> {
        (**self).receive(until_ms)
    }

    fn now_ms(&self) -> u64 {
        (**self).now_ms()
    }
}

/// The port does not work (any more).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WireFailed(pub String);

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The port failed.
    #[error(transparent)]
    Wire(#[from] WireFailed),
    /// A read got no answer.
    #[error("the NTS-1 did not answer a request for {0}: switch it on and enable its SysEx")]
    Silent(String),
    /// The device's answers cannot be read.
    #[error("the NTS-1 sent unreadable data for {what} ({why}): try again with nothing else playing")]
    Unreadable {
        /// The request.
        what: String,
        /// The reason.
        why: String,
    },
    /// The device refused.
    #[error("the NTS-1 refused {what}: {why}")]
    Refused {
        /// The request.
        what: String,
        /// The reason.
        why: Nts1Refusal,
    },
    /// A write got no answer, and reading back did not confirm it.
    #[error("the NTS-1 did not confirm {0}, which may be incomplete: check it, then try again")]
    Unconfirmed(String),
    /// A write was confirmed, but reading back gives other data.
    #[error("the NTS-1 confirmed {0}, but reading it back differs: try again")]
    Different(String),
    /// The user stopped it.
    #[error("cancelled: {}", left_off(.slot, *.done, *.of))]
    LeftOff {
        /// The target slot.
        slot: UnitSlot,
        /// Pieces sent.
        done: usize,
        /// Pieces in all.
        of: usize,
    },
}

fn left_off(slot: &UnitSlot, done: usize, of: usize) -> String {
    match done {
        0 => format!("nothing was sent, {slot} is unchanged"),
        _ => {
            format!("{done} of {of} blocks were sent, and {slot} has no complete unit: install it again, or remove it")
        }
    }
}

type Result<T, E = SessionError> = std::result::Result<T, E>;

/// The identity of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its MIDI channel.
    pub channel: Channel,
    /// Major version of its system.
    pub major: u16,
    /// Minor version of its system.
    pub minor: u16,
}

/// Whether a message is the answer to the open request.
enum Fit<T> {
    /// Not its answer.
    No,
    /// A part of the answer.
    More,
    /// The complete answer.
    Whole(T),
    /// The answer, but it cannot be read.
    Bad(String),
}

/// A session over a transport.
pub struct Nts1Session<W> {
    wire: W,
    channel: Channel,
}

impl<W: SysExTransport> Nts1Session<W> {
    /// A session with the device on this channel.
    pub fn new(wire: W, channel: Channel) -> Nts1Session<W> {
        Nts1Session { wire, channel }
    }

    /// Ends the session.
    pub fn into_wire(self) -> W {
        self.wire
    }

    /// The identity of the device. It answers on any channel.
    ///
    /// # Errors
    /// No answer.
    pub fn identity(&mut self) -> Result<Identity> {
        self.read(
            "its identity",
            &Nts1Message::IdentityRequest,
            Nts1MessageId::Done,
            |channel, message| match message {
                Nts1Message::Identity { major, minor } => {
                    Fit::Whole(Identity { channel, major: *major, minor: *minor })
                }
                _ => Fit::No,
            },
        )
    }

    /// The platform and API version that units must be built for.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn api(&mut self) -> Result<(u8, [u8; 3])> {
        self.read("its API version", &Nts1Message::ApiRequest, Nts1MessageId::Api, |_, message| match message {
            Nts1Message::Api { platform, version } => Fit::Whole((*platform, *version)),
            _ => Fit::No,
        })
    }

    /// The current program.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer that is no program.
    pub fn program(&mut self) -> Result<Program> {
        self.read("its program", &Nts1Message::ProgramRequest, Nts1MessageId::Program, |_, message| match message {
            Nts1Message::Program(data) => match Program::new(data.clone()) {
                Ok(program) => Fit::Whole(program),
                Err(why) => Fit::Bad(why.to_string()),
            },
            _ => Fit::No,
        })
    }

    /// The global data.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer without the length and the marks of global data.
    pub fn globals(&mut self) -> Result<Vec<u8>> {
        self.read("its global data", &Nts1Message::GlobalRequest, Nts1MessageId::Global, |_, message| match message {
            Nts1Message::Global(data) => match check_globals(data) {
                Ok(()) => Fit::Whole(data.clone()),
                Err(why) => Fit::Bad(why.to_string()),
            },
            _ => Fit::No,
        })
    }

    /// The limits of a module.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn limits(&mut self, module: Module) -> Result<Limits> {
        let what = format!("the limits of {module}");
        self.read(&what, &Nts1Message::ModuleRequest(module), Nts1MessageId::ModuleInfo, |_, message| match message {
            Nts1Message::ModuleInfo(of, limits) if *of == module => Fit::Whole(*limits),
            _ => Fit::No,
        })
    }

    /// The header of the unit in a slot.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer that is no unit.
    pub fn slot(&mut self, slot: UnitSlot) -> Result<Option<UnitHeader>> {
        let what = slot.to_string();
        self.read(&what, &Nts1Message::SlotRequest(slot), Nts1MessageId::SlotStatus, |_, message| match message {
            Nts1Message::SlotStatus(of, None) if *of == slot => Fit::Whole(None),
            Nts1Message::SlotStatus(of, Some(header)) if *of == slot => match UnitHeader::read(header) {
                Ok(header) => Fit::Whole(Some(header)),
                Err(why) => Fit::Bad(why.to_string()),
            },
            _ => Fit::No,
        })
    }

    /// The unit file in a slot.
    ///
    /// # Errors
    /// No answer, a refusal, or an incomplete file.
    pub fn unit(&mut self, slot: UnitSlot) -> Result<Option<Vec<u8>>> {
        let (what, mut image) = (format!("the unit in {slot}"), Vec::new());
        let mut next = 0;
        self.read(&what, &Nts1Message::SlotDataRequest(slot), Nts1MessageId::SlotData, |_, message| match message {
            Nts1Message::SlotData { slot: of, sequence, last, data } if *of == slot => {
                // The first piece starts a new unit: after a lost piece, the whole unit is requested again.
                if *sequence == 0 {
                    (next, image) = (0, Vec::new());
                }
                if *sequence != next {
                    return Fit::Bad("a block is missing".to_owned());
                }
                image.extend_from_slice(data);
                next += 1;
                if sequence < last {
                    return Fit::More;
                }
                match unit::unit_of(&image) {
                    Ok(unit) => Fit::Whole(unit.map(<[u8]>::to_vec)),
                    Err(why) => Fit::Bad(why.to_string()),
                }
            }
            _ => Fit::No,
        })
    }

    /// Replaces the current program. Without confirmation, it is read back.
    ///
    /// # Errors
    /// A refusal, or no confirmation.
    pub fn set_program(&mut self, program: &Program) -> Result<()> {
        let what = "the program";
        if self.write(what, &Nts1Message::Program(program.bytes().to_vec()))? {
            return Ok(());
        }
        let there = self.program().is_ok_and(|there| there == *program);
        if there { Ok(()) } else { Err(SessionError::Unconfirmed(what.to_owned())) }
    }

    /// Replaces the global data. Without confirmation, they are read back.
    ///
    /// # Errors
    /// A refusal, or no confirmation.
    pub fn set_globals(&mut self, data: &[u8]) -> Result<()> {
        let what = "the global data";
        if self.write(what, &Nts1Message::Global(data.to_vec()))? {
            return Ok(());
        }
        let there = self.globals().is_ok_and(|there| there == data);
        if there { Ok(()) } else { Err(SessionError::Unconfirmed(what.to_owned())) }
    }

    /// Clears a slot, and checks that it is empty.
    ///
    /// # Errors
    /// A refusal, or it is not empty.
    pub fn clear(&mut self, slot: UnitSlot) -> Result<()> {
        let what = format!("the emptying of {slot}");
        let confirmed = self.write(&what, &Nts1Message::ClearSlot(slot))?;
        match self.slot(slot) {
            Ok(None) => Ok(()),
            Ok(Some(_)) if confirmed => Err(SessionError::Different(what)),
            _ => Err(SessionError::Unconfirmed(what)),
        }
    }

    /// Swaps two slots of a module.
    ///
    /// # Errors
    /// A refusal, or no answer.
    pub fn swap(&mut self, module: Module, a: u8, b: u8) -> Result<()> {
        let what = format!("the exchange of {module} slots {a} and {b}");
        let confirmed = self.write(&what, &Nts1Message::SwapSlots(module, a, b))?;
        if confirmed { Ok(()) } else { Err(SessionError::Unconfirmed(what)) }
    }

    /// Writes a unit file to a slot and reads it back. `progress` gets the pieces sent and all pieces.
    ///
    /// # Errors
    /// A refusal, an unconfirmed piece, or another unit in the slot afterwards.
    pub fn install(
        &mut self,
        slot: UnitSlot,
        file: &[u8],
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<()> {
        match self.put(slot, file, CheckSum::Crc32, &mut progress) {
            // The check sum that the device expects is not public; Korg's editor sends none.
            Err(SessionError::Refused { why: Nts1Refusal::Crc, .. }) => {
                self.put(slot, file, CheckSum::None, &mut progress)?;
            }
            done => done?,
        }
        match self.unit(slot)? {
            Some(there) if there == file => Ok(()),
            _ => Err(SessionError::Different(format!("the unit for {slot}"))),
        }
    }

    fn put(
        &mut self,
        slot: UnitSlot,
        file: &[u8],
        check: CheckSum,
        progress: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<()> {
        let what = format!("the unit for {slot}");
        let pieces = unit::pieces(slot, file, check);
        for (done, piece) in pieces.iter().enumerate() {
            if progress(done, pieces.len()).is_break() {
                return Err(SessionError::LeftOff { slot, done, of: pieces.len() });
            }
            if !self.write(&what, piece)? {
                return Err(SessionError::Unconfirmed(what));
            }
        }
        // The unit is complete now, so a stop has no effect.
        let _ = progress(pieces.len(), pieces.len());
        Ok(())
    }

    /// Sends a request until it is answered. `id` is the answer's, to recognise one that cannot be read.
    fn read<T>(
        &mut self,
        what: &str,
        request: &Nts1Message,
        id: Nts1MessageId,
        mut fit: impl FnMut(Channel, &Nts1Message) -> Fit<T>,
    ) -> Result<T> {
        let mut failed = SessionError::Silent(what.to_owned());
        let unreadable = |why: String| SessionError::Unreadable { what: what.to_owned(), why };
        for _ in 0..TRIES {
            self.forget_what_came()?;
            self.wire.send(&request.encode(self.channel))?;
            let mut until_ms = self.wire.now_ms() + READ_PATIENCE_MS;
            while let Some(bytes) = self.wire.receive(until_ms)? {
                match Nts1Message::decode(&bytes) {
                    Ok((_, Nts1Message::Refused(why))) => {
                        let what = what.to_owned();
                        failed = SessionError::Refused { what, why };
                        if why != Nts1Refusal::Operation {
                            return Err(failed);
                        }
                        self.rest()?;
                        break;
                    }
                    Ok((channel, message)) => match fit(channel, &message) {
                        Fit::No => {}
                        Fit::More => until_ms = self.wire.now_ms() + READ_PATIENCE_MS,
                        Fit::Whole(answer) => return Ok(answer),
                        Fit::Bad(why) => {
                            failed = unreadable(why);
                            // The following messages belong to it.
                            self.rest()?;
                            break;
                        }
                    },
                    Err(DecodeError::Broken(broken)) if broken == id => {
                        failed = unreadable("it was cut short".to_owned());
                        break;
                    }
                    Err(_) => {}
                }
            }
        }
        Err(failed)
    }

    /// Sends a write; true if the device confirmed it. It is sent again only if the device was busy.
    fn write(&mut self, what: &str, message: &Nts1Message) -> Result<bool> {
        for left in (0..TRIES).rev() {
            self.forget_what_came()?;
            self.wire.send(&message.encode(self.channel))?;
            let until_ms = self.wire.now_ms() + WRITE_PATIENCE_MS;
            let refusal = loop {
                let Some(bytes) = self.wire.receive(until_ms)? else { return Ok(false) };
                match Nts1Message::decode(&bytes) {
                    Ok((_, Nts1Message::Done)) => return Ok(true),
                    Ok((_, Nts1Message::Refused(why))) => break why,
                    _ => {}
                }
            };
            if refusal != Nts1Refusal::Operation || left == 0 {
                return Err(SessionError::Refused { what: what.to_owned(), why: refusal });
            }
            self.rest()?;
        }
        Ok(false)
    }

    /// Messages before a request are no answer to it.
    fn forget_what_came(&mut self) -> Result<()> {
        let now_ms = self.wire.now_ms();
        while self.wire.receive(now_ms)?.is_some() {}
        Ok(())
    }

    /// Pauses before a retry.
    fn rest(&mut self) -> Result<()> {
        let until_ms = self.wire.now_ms() + BUSY_MS;
        while self.wire.receive(until_ms)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
