//! A conversation with an NTS-1 mkII: one question at a time, and its answer waited for.
//!
//! Runs on the thread that calls it, which waits. Time is the wire's, so that a simulated one is as fast as it can be.
//! Whatever is no answer to the question is passed over: the clock, a hand on the knobs, an answer that came too late.
//! Reads are asked again; writes are not, unless the device said that it did nothing.

use super::{
    message::{DecodeError, Limits, Module, Nts1Message, Nts1MessageId, Nts1Refusal, UnitSlot},
    program::{Program, check_globals},
    unit::{self, CheckSum, UnitHeader},
};
use crate::midi::Channel;
use std::ops::ControlFlow;

/// How long an answer to a read is waited for.
const READ_PATIENCE_MS: u64 = 1000;
/// How long a write is waited for: a piece of a unit was seen to take 870 ms, and it had but two.
const WRITE_PATIENCE_MS: u64 = 5000;
/// How often a question that does no harm is asked.
const TRIES: u32 = 3;
/// How long a device that cannot just now is left alone.
const BUSY_MS: u64 = 300;

/// Where messages go, and where they come from.
pub trait SysExTransport {
    /// Sends one complete message.
    ///
    /// # Errors
    /// The port's, as a sentence.
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireFailed>;

    /// The next complete message that comes until then, or nothing.
    ///
    /// # Errors
    /// The port's, as a sentence.
    fn receive(&mut self, until_ms: u64) -> Result<Option<Vec<u8>>, WireFailed>;

    /// What time it is on this wire.
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

/// Why a question has no answer, or a wish was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The port failed.
    #[error(transparent)]
    Wire(#[from] WireFailed),
    /// Nobody answered a read.
    #[error("the NTS-1 did not answer a request for {0}: switch it on and enable its SysEx")]
    Silent(String),
    /// The device's answers cannot be read.
    #[error("the NTS-1 sent unreadable data for {what} ({why}): try again with nothing else playing")]
    Unreadable {
        /// What it was asked for.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// The device refused.
    #[error("the NTS-1 refused {what}: {why}")]
    Refused {
        /// What it was asked for.
        what: String,
        /// Its reason.
        why: Nts1Refusal,
    },
    /// A write was not answered, and nothing tells that it was done.
    #[error("the NTS-1 did not confirm {0}, which may be incomplete: check it, then try again")]
    Unconfirmed(String),
    /// A write was confirmed, but what is there is something else.
    #[error("the NTS-1 confirmed {0}, but reading it back differs: try again")]
    Different(String),
    /// It was asked to leave off.
    #[error("cancelled: {}", left_off(.slot, *.done, *.of))]
    LeftOff {
        /// Where the unit was to go.
        slot: UnitSlot,
        /// So many pieces were sent.
        done: usize,
        /// Of so many.
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

/// What the device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which channel it is on.
    pub channel: Channel,
    /// Its system's version.
    pub major: u16,
    /// Its system's version.
    pub minor: u16,
}

/// What a message is to the question that is open.
enum Fit<T> {
    /// Not its answer.
    No,
    /// A part of it.
    More,
    /// It.
    Whole(T),
    /// It, but it cannot be read.
    Bad(String),
}

/// A conversation over a wire.
pub struct Nts1Session<W> {
    wire: W,
    channel: Channel,
}

impl<W: SysExTransport> Nts1Session<W> {
    /// One with the device that listens on this channel.
    pub fn new(wire: W, channel: Channel) -> Nts1Session<W> {
        Nts1Session { wire, channel }
    }

    /// Ends it.
    pub fn into_wire(self) -> W {
        self.wire
    }

    /// Who is there. It answers whatever its channel.
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

    /// The platform and version units must be built for.
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

    /// What a module takes.
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

    /// What is in a slot.
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
    /// No answer, a refusal, or a file that is not whole.
    pub fn unit(&mut self, slot: UnitSlot) -> Result<Option<Vec<u8>>> {
        let (what, mut image) = (format!("the unit in {slot}"), Vec::new());
        let mut next = 0;
        self.read(&what, &Nts1Message::SlotDataRequest(slot), Nts1MessageId::SlotData, |_, message| match message {
            Nts1Message::SlotData { slot: of, sequence, last, data } if *of == slot => {
                // The first piece begins anew: after a piece that was lost, the whole is asked for again.
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

    /// Makes this the current program. Where it is not confirmed, it is read back.
    ///
    /// # Errors
    /// A refusal, or nothing tells that it is done.
    pub fn set_program(&mut self, program: &Program) -> Result<()> {
        let what = "the program";
        if self.write(what, &Nts1Message::Program(program.bytes().to_vec()))? {
            return Ok(());
        }
        let there = self.program().is_ok_and(|there| there == *program);
        if there { Ok(()) } else { Err(SessionError::Unconfirmed(what.to_owned())) }
    }

    /// Makes these the global data. Where it is not confirmed, they are read back.
    ///
    /// # Errors
    /// A refusal, or nothing tells that it is done.
    pub fn set_globals(&mut self, data: &[u8]) -> Result<()> {
        let what = "the global data";
        if self.write(what, &Nts1Message::Global(data.to_vec()))? {
            return Ok(());
        }
        let there = self.globals().is_ok_and(|there| there == data);
        if there { Ok(()) } else { Err(SessionError::Unconfirmed(what.to_owned())) }
    }

    /// Empties a slot, and looks that it is empty.
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

    /// Exchanges two slots of a module.
    ///
    /// # Errors
    /// A refusal, or no answer.
    pub fn swap(&mut self, module: Module, a: u8, b: u8) -> Result<()> {
        let what = format!("the exchange of {module} slots {a} and {b}");
        let confirmed = self.write(&what, &Nts1Message::SwapSlots(module, a, b))?;
        if confirmed { Ok(()) } else { Err(SessionError::Unconfirmed(what)) }
    }

    /// Puts a unit file into a slot and reads it back. `progress` is told the pieces done and all of them.
    ///
    /// # Errors
    /// A refusal, a piece that was not confirmed, or another unit is there afterwards.
    pub fn install(
        &mut self,
        slot: UnitSlot,
        file: &[u8],
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<()> {
        match self.put(slot, file, CheckSum::Crc32, &mut progress) {
            // Which check sum the device reckons with is not public; none is what Korg's editor sends.
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
        // It is whole now, whoever asked to leave.
        let _ = progress(pieces.len(), pieces.len());
        Ok(())
    }

    /// Asks until there is an answer. `id` is the answer's, to tell one that cannot be read.
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
                            // What follows belongs to it.
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

    /// Sends something that changes the device; whether it confirmed it. Sent again only where it said that it is busy.
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

    /// What came before a question is no answer to it.
    fn forget_what_came(&mut self) -> Result<()> {
        let now_ms = self.wire.now_ms();
        while self.wire.receive(now_ms)?.is_some() {}
        Ok(())
    }

    /// Leaves the device alone for a while.
    fn rest(&mut self) -> Result<()> {
        let until_ms = self.wire.now_ms() + BUSY_MS;
        while self.wire.receive(until_ms)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
