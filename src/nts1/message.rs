//! The messages of the NTS-1 mkII as values: bytes in, bytes out. Pure; any bytes may be decoded.
//!
//! Numbers: "NTS-1 digital kit mkII MIDI Implementation" v1.00. Where that document and the device differ (module info,
//! slot status, slot data), the code follows the device's answers, as recorded by owners.

use crate::midi::{Channel, seven_bit};
use std::{fmt, str::FromStr};

/// The longest message the device receives, in bytes, F0 and F7 included.
pub const LONGEST_BYTES: usize = 4096;
/// Korg's manufacturer id, in every message.
const KORG: u8 = 0x42;
/// The family of the NTS-1 mkII.
const FAMILY: [u8; 3] = [0x00, 0x01, 0x73];
/// F0 42 3g 00 01 73 id, before the payload.
const HEAD_BYTES: usize = 7;
/// Requests the identity of every device on the port.
const IDENTITY_REQUEST: [u8; 6] = [0xF0, 0x7E, 0x7F, 0x06, 0x01, 0xF7];
/// Manufacturer, family and member in an identity reply.
const IDENTITY: [u8; 7] = [0x06, 0x02, KORG, 0x73, 0x01, 0x01, 0x00];

/// A module of the sound engine that runs user units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// The oscillator.
    Osc,
    /// The modulation effect.
    Modfx,
    /// The delay.
    Delfx,
    /// The reverb.
    Revfx,
}

impl Module {
    /// All modules, in the order of the signal path.
    pub const ALL: [Module; 4] = [Module::Osc, Module::Modfx, Module::Delfx, Module::Revfx];

    /// Its id in a message.
    pub fn id(self) -> u8 {
        match self {
            Module::Modfx => 1,
            Module::Delfx => 2,
            Module::Revfx => 3,
            Module::Osc => 4,
        }
    }

    /// The module of this id.
    pub fn from_id(id: u8) -> Option<Module> {
        Module::ALL.into_iter().find(|module| module.id() == id)
    }

    /// Its name in flags and messages.
    pub fn name(self) -> &'static str {
        match self {
            Module::Osc => "osc",
            Module::Modfx => "modfx",
            Module::Delfx => "delfx",
            Module::Revfx => "revfx",
        }
    }

    /// The number of its slots.
    pub fn slots(self) -> u8 {
        match self {
            Module::Osc | Module::Modfx => 16,
            Module::Delfx | Module::Revfx => 8,
        }
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Module {
    type Err = String;

    fn from_str(text: &str) -> Result<Module, String> {
        let found = Module::ALL.into_iter().find(|module| module.name() == text);
        found.ok_or_else(|| format!("'{text}' is not a module: use osc, modfx, delfx or revfx"))
    }
}

/// A slot for one user unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitSlot {
    /// Its module.
    pub module: Module,
    /// Its number, from 0.
    pub number: u8,
}

impl UnitSlot {
    /// A slot, if the device has it.
    pub fn new(module: Module, number: u8) -> Option<UnitSlot> {
        (number < module.slots()).then_some(UnitSlot { module, number })
    }

    /// All slots of the device.
    pub fn all() -> impl Iterator<Item = UnitSlot> {
        Module::ALL.into_iter().flat_map(|module| (0..module.slots()).map(move |number| UnitSlot { module, number }))
    }

    fn bytes(self) -> [u8; 2] {
        [self.module.id(), self.number]
    }
}

impl fmt::Display for UnitSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} slot {}", self.module, self.number)
    }
}

/// The id of a message, after the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Nts1MessageId {
    /// Requests the global data.
    GlobalRequest = 0x0E,
    /// Requests the current program.
    ProgramRequest = 0x10,
    /// Requests the API version of user units.
    ApiRequest = 0x17,
    /// Requests a module's limits.
    ModuleRequest = 0x18,
    /// Requests the status of a slot.
    SlotRequest = 0x19,
    /// Requests a slot's unit.
    SlotDataRequest = 0x1A,
    /// Clears a slot.
    ClearSlot = 0x1B,
    /// Swaps two slots.
    SwapSlots = 0x1E,
    /// The current program.
    Program = 0x40,
    /// The API version of user units.
    Api = 0x47,
    /// A module's limits.
    ModuleInfo = 0x48,
    /// The status of a slot.
    SlotStatus = 0x49,
    /// A piece of a slot's unit.
    SlotData = 0x4A,
    /// The global data.
    Global = 0x51,
    /// Success.
    Done = 0x23,
    /// The device cannot do this now.
    OperationError = 0x24,
    /// The message has a wrong form.
    FormatError = 0x26,
    /// The message has a wrong length.
    SizeError = 0x27,
    /// The check sum is wrong.
    CrcError = 0x28,
    /// The unit is for another device or module.
    TargetError = 0x29,
    /// The unit is for another API version.
    ApiError = 0x2A,
    /// The unit is too large to be loaded.
    LoadSizeError = 0x2B,
    /// There is no such module.
    ModuleError = 0x2C,
    /// There is no such slot.
    SlotError = 0x2D,
    /// This is no unit.
    UnitFormatError = 0x2E,
    /// The device failed.
    InternalError = 0x2F,
}

impl Nts1MessageId {
    const ALL: [Nts1MessageId; 26] = [
        Nts1MessageId::GlobalRequest,
        Nts1MessageId::ProgramRequest,
        Nts1MessageId::ApiRequest,
        Nts1MessageId::ModuleRequest,
        Nts1MessageId::SlotRequest,
        Nts1MessageId::SlotDataRequest,
        Nts1MessageId::ClearSlot,
        Nts1MessageId::SwapSlots,
        Nts1MessageId::Program,
        Nts1MessageId::Api,
        Nts1MessageId::ModuleInfo,
        Nts1MessageId::SlotStatus,
        Nts1MessageId::SlotData,
        Nts1MessageId::Global,
        Nts1MessageId::Done,
        Nts1MessageId::OperationError,
        Nts1MessageId::FormatError,
        Nts1MessageId::SizeError,
        Nts1MessageId::CrcError,
        Nts1MessageId::TargetError,
        Nts1MessageId::ApiError,
        Nts1MessageId::LoadSizeError,
        Nts1MessageId::ModuleError,
        Nts1MessageId::SlotError,
        Nts1MessageId::UnitFormatError,
        Nts1MessageId::InternalError,
    ];

    fn from_byte(byte: u8) -> Option<Nts1MessageId> {
        Nts1MessageId::ALL.into_iter().find(|id| *id as u8 == byte)
    }
}

/// Why the device refused a request. It has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nts1Refusal {
    /// 24.
    #[error("it is busy: leave its menus, stop playing, and try again")]
    Operation,
    /// 26.
    #[error("it did not understand the message: its firmware may be older than v1.00 of the MIDI document; update it")]
    Format,
    /// 27.
    #[error("the data has a wrong length: it may be a dump of another device")]
    Size,
    /// 28.
    #[error("the data arrived damaged: try again, with nothing else on the cable")]
    Crc,
    /// 29.
    #[error("the unit is built for another device or module: use the file for the NTS-1 mkII and its module")]
    Target,
    /// 2A.
    #[error("the unit is built for another API version: update the synth's firmware, or rebuild the unit")]
    Api,
    /// 2B.
    #[error("the unit is too large to load: build a smaller one")]
    LoadSize,
    /// 2C.
    #[error("it has no such module")]
    Module,
    /// 2D.
    #[error("it has no such slot")]
    Slot,
    /// 2E.
    #[error("it does not accept the file as a unit: it may be damaged; download it again")]
    UnitFormat,
    /// 2F.
    #[error("internal error of the synth: switch it off and on, and try again")]
    Internal,
}

impl Nts1Refusal {
    const ALL: [(Nts1Refusal, Nts1MessageId); 11] = [
        (Nts1Refusal::Operation, Nts1MessageId::OperationError),
        (Nts1Refusal::Format, Nts1MessageId::FormatError),
        (Nts1Refusal::Size, Nts1MessageId::SizeError),
        (Nts1Refusal::Crc, Nts1MessageId::CrcError),
        (Nts1Refusal::Target, Nts1MessageId::TargetError),
        (Nts1Refusal::Api, Nts1MessageId::ApiError),
        (Nts1Refusal::LoadSize, Nts1MessageId::LoadSizeError),
        (Nts1Refusal::Module, Nts1MessageId::ModuleError),
        (Nts1Refusal::Slot, Nts1MessageId::SlotError),
        (Nts1Refusal::UnitFormat, Nts1MessageId::UnitFormatError),
        (Nts1Refusal::Internal, Nts1MessageId::InternalError),
    ];

    fn id(self) -> Nts1MessageId {
        Nts1Refusal::ALL
            .iter()
            .find(|(refusal, _)| *refusal == self)
            .map_or(Nts1MessageId::InternalError, |(_, id)| *id)
    }

    fn from_id(id: Nts1MessageId) -> Option<Nts1Refusal> {
        Nts1Refusal::ALL.iter().find(|(_, with)| *with == id).map(|(refusal, _)| *refusal)
    }
}

/// The limits of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest unit file, in bytes.
    pub storage_bytes: u32,
    /// Maximum memory of a loaded unit, in bytes.
    pub load_bytes: u32,
    /// The number of slots.
    pub slots: u32,
}

/// One message to or from the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nts1Message {
    /// Requests the identity of the device.
    IdentityRequest,
    /// The identity of the device, with its version.
    Identity {
        /// Major.
        major: u16,
        /// Minor.
        minor: u16,
    },
    /// Requests the current program.
    ProgramRequest,
    /// The current program, unpacked.
    Program(Vec<u8>),
    /// Requests the global data.
    GlobalRequest,
    /// The global data, unpacked.
    Global(Vec<u8>),
    /// Requests the API version.
    ApiRequest,
    /// The API version.
    Api {
        /// The platform that units must be built for; 5 is the NTS-1 mkII.
        platform: u8,
        /// Major, minor, patch.
        version: [u8; 3],
    },
    /// Requests a module's limits.
    ModuleRequest(Module),
    /// A module's limits.
    ModuleInfo(Module, Limits),
    /// Requests the status of a slot.
    SlotRequest(UnitSlot),
    /// The status of a slot: the unit's header, or `None`.
    SlotStatus(UnitSlot, Option<Vec<u8>>),
    /// Requests a slot's unit.
    SlotDataRequest(UnitSlot),
    /// A piece of a slot's unit.
    SlotData {
        /// Its slot.
        slot: UnitSlot,
        /// The number of the piece, from 0.
        sequence: u8,
        /// The number of the last piece.
        last: u8,
        /// Unpacked.
        data: Vec<u8>,
    },
    /// Clears a slot.
    ClearSlot(UnitSlot),
    /// Swaps two slots of a module.
    SwapSlots(Module, u8, u8),
    /// Success.
    Done,
    /// The device refused.
    Refused(Nts1Refusal),
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are no message of the NTS-1 mkII.
    Foreign,
    /// They are a message of this kind, with wrong contents.
    Broken(Nts1MessageId),
}

impl Nts1Message {
    /// The bytes of the message.
    pub fn encode(&self, channel: Channel) -> Vec<u8> {
        let (id, payload) = match self {
            Nts1Message::IdentityRequest => return IDENTITY_REQUEST.to_vec(),
            Nts1Message::Identity { major, minor } => {
                let number = |number: u16| [number as u8 & 0x7F, (number >> 7) as u8 & 0x7F];
                let head = [0xF0, 0x7E, channel.nibble()];
                return [&head[..], &IDENTITY, &number(*minor), &number(*major), &[0xF7]].concat();
            }
            Nts1Message::ProgramRequest => (Nts1MessageId::ProgramRequest, Vec::new()),
            Nts1Message::Program(data) => (Nts1MessageId::Program, seven_bit::pack(data)),
            Nts1Message::GlobalRequest => (Nts1MessageId::GlobalRequest, Vec::new()),
            Nts1Message::Global(data) => (Nts1MessageId::Global, seven_bit::pack(data)),
            Nts1Message::ApiRequest => (Nts1MessageId::ApiRequest, Vec::new()),
            Nts1Message::Api { platform, version: [major, minor, patch] } => {
                (Nts1MessageId::Api, [platform, major, minor, patch].map(|byte| byte & 0x7F).to_vec())
            }
            Nts1Message::ModuleRequest(module) => (Nts1MessageId::ModuleRequest, vec![module.id()]),
            Nts1Message::ModuleInfo(module, limits) => {
                let Limits { storage_bytes, load_bytes, slots } = *limits;
                let data = [storage_bytes, load_bytes, slots].map(u32::to_le_bytes).concat();
                (Nts1MessageId::ModuleInfo, [&[module.id(), 0][..], &seven_bit::pack(&data)].concat())
            }
            Nts1Message::SlotRequest(slot) => (Nts1MessageId::SlotRequest, slot.bytes().to_vec()),
            Nts1Message::SlotStatus(slot, None) => (Nts1MessageId::SlotStatus, slot.bytes().to_vec()),
            Nts1Message::SlotStatus(slot, Some(header)) => {
                (Nts1MessageId::SlotStatus, [&slot.bytes()[..], &[0], &seven_bit::pack(header)].concat())
            }
            Nts1Message::SlotDataRequest(slot) => (Nts1MessageId::SlotDataRequest, slot.bytes().to_vec()),
            Nts1Message::SlotData { slot, sequence, last, data } => {
                let head = [sequence & 0x7F, last & 0x7F];
                (Nts1MessageId::SlotData, [&slot.bytes()[..], &head, &seven_bit::pack(data)].concat())
            }
            Nts1Message::ClearSlot(slot) => (Nts1MessageId::ClearSlot, slot.bytes().to_vec()),
            Nts1Message::SwapSlots(module, a, b) => (Nts1MessageId::SwapSlots, vec![module.id(), a & 0x7F, b & 0x7F]),
            Nts1Message::Done => (Nts1MessageId::Done, Vec::new()),
            Nts1Message::Refused(refusal) => (refusal.id(), Vec::new()),
        };
        let head = [0xF0, KORG, 0x30 | channel.nibble()];
        [&head[..], &FAMILY, &[id as u8], &payload, &[0xF7]].concat()
    }

    /// The message of these bytes, and its channel.
    ///
    /// # Errors
    /// The bytes are no message.
    pub fn decode(bytes: &[u8]) -> Result<(Channel, Nts1Message), DecodeError> {
        if bytes == IDENTITY_REQUEST {
            return Ok((Channel::FIRST, Nts1Message::IdentityRequest));
        }
        let channel = |byte: u8| Channel::new((byte & 0x0F) + 1).ok_or(DecodeError::Foreign);
        if let [0xF0, 0x7E, at, identity @ .., a, b, c, d, 0xF7] = bytes
            && identity == IDENTITY
        {
            let number = |low: u8, high: u8| u16::from(low) | u16::from(high) << 7;
            return Ok((channel(*at)?, Nts1Message::Identity { minor: number(*a, *b), major: number(*c, *d) }));
        }
        let [0xF0, KORG, at, rest @ .., 0xF7] = bytes else { return Err(DecodeError::Foreign) };
        let Some((id, payload)) = rest.strip_prefix(&FAMILY).and_then(<[u8]>::split_first) else {
            return Err(DecodeError::Foreign);
        };
        let Some(id) = Nts1MessageId::from_byte(*id).filter(|_| at & 0xF0 == 0x30) else {
            return Err(DecodeError::Foreign);
        };
        let message = Nts1Message::of(id, payload).ok_or(DecodeError::Broken(id))?;
        Ok((channel(*at)?, message))
    }

    fn of(id: Nts1MessageId, payload: &[u8]) -> Option<Nts1Message> {
        if let Some(refusal) = Nts1Refusal::from_id(id) {
            return Some(Nts1Message::Refused(refusal));
        }
        let slot = |module: &u8, number: &u8| UnitSlot::new(Module::from_id(*module)?, *number);
        Some(match (id, payload) {
            (Nts1MessageId::ProgramRequest, []) => Nts1Message::ProgramRequest,
            (Nts1MessageId::GlobalRequest, []) => Nts1Message::GlobalRequest,
            (Nts1MessageId::ApiRequest, []) => Nts1Message::ApiRequest,
            (Nts1MessageId::Program, data) => Nts1Message::Program(seven_bit::unpack(data)?),
            (Nts1MessageId::Global, data) => Nts1Message::Global(seven_bit::unpack(data)?),
            (Nts1MessageId::Api, [platform, major, minor, patch]) => {
                Nts1Message::Api { platform: *platform, version: [*major, *minor, *patch] }
            }
            (Nts1MessageId::ModuleRequest, [module]) => Nts1Message::ModuleRequest(Module::from_id(*module)?),
            (Nts1MessageId::ModuleInfo, [module, _, data @ ..]) => {
                let data = seven_bit::unpack(data)?;
                let number = |at: usize| data.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                let limits = Limits { storage_bytes: number(0)?, load_bytes: number(4)?, slots: number(8)? };
                Nts1Message::ModuleInfo(Module::from_id(*module)?, limits)
            }
            (Nts1MessageId::SlotRequest, [module, number]) => Nts1Message::SlotRequest(slot(module, number)?),
            (Nts1MessageId::SlotStatus, [module, number]) => Nts1Message::SlotStatus(slot(module, number)?, None),
            (Nts1MessageId::SlotStatus, [module, number, _, header @ ..]) => {
                Nts1Message::SlotStatus(slot(module, number)?, Some(seven_bit::unpack(header)?))
            }
            (Nts1MessageId::SlotDataRequest, [module, number]) => Nts1Message::SlotDataRequest(slot(module, number)?),
            (Nts1MessageId::SlotData, [module, number, sequence, last, data @ ..]) => {
                let data = seven_bit::unpack(data)?;
                Nts1Message::SlotData { slot: slot(module, number)?, sequence: *sequence, last: *last, data }
            }
            (Nts1MessageId::ClearSlot, [module, number]) => Nts1Message::ClearSlot(slot(module, number)?),
            (Nts1MessageId::SwapSlots, [module, a, b]) => {
                let module = Module::from_id(*module)?;
                Nts1Message::SwapSlots(module, UnitSlot::new(module, *a)?.number, UnitSlot::new(module, *b)?.number)
            }
            (Nts1MessageId::Done, _) => Nts1Message::Done,
            _ => return None,
        })
    }
}

/// Maximum bytes of a unit in one message: the longest message without header, slot, sequence, last and F7, unpacked.
pub const PIECE_BYTES: usize = {
    let packed = LONGEST_BYTES - HEAD_BYTES - 4 - 1;
    packed / 8 * 7 + packed % 8 - 1
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> Vec<Nts1Message> {
        let slot = UnitSlot::new(Module::Osc, 15).unwrap();
        let limits = Limits { storage_bytes: 49_136, load_bytes: 49_152, slots: 16 };
        let mut all = vec![
            Nts1Message::IdentityRequest,
            Nts1Message::Identity { major: 1, minor: 300 },
            Nts1Message::ProgramRequest,
            Nts1Message::Program(vec![0xFF; 504]),
            Nts1Message::GlobalRequest,
            Nts1Message::Global(vec![0x81; 32]),
            Nts1Message::ApiRequest,
            Nts1Message::Api { platform: 5, version: [2, 0, 0] },
            Nts1Message::ModuleRequest(Module::Revfx),
            Nts1Message::ModuleInfo(Module::Osc, limits),
            Nts1Message::SlotRequest(slot),
            Nts1Message::SlotStatus(slot, None),
            Nts1Message::SlotStatus(slot, Some(vec![0x98; 408])),
            Nts1Message::SlotDataRequest(slot),
            Nts1Message::SlotData { slot, sequence: 1, last: 3, data: vec![0xAA; PIECE_BYTES] },
            Nts1Message::ClearSlot(slot),
            Nts1Message::SwapSlots(Module::Delfx, 0, 7),
            Nts1Message::Done,
        ];
        all.extend(Nts1Refusal::ALL.map(|(refusal, _)| Nts1Message::Refused(refusal)));
        all
    }

    #[test]
    fn an_encoded_message_decodes_on_every_channel() {
        for message in all() {
            for channel in Channel::all() {
                let bytes = message.encode(channel);
                assert!(bytes.len() <= LONGEST_BYTES && bytes[1..bytes.len() - 1].iter().all(|byte| *byte < 0x80));
                let named = if message == Nts1Message::IdentityRequest { Channel::FIRST } else { channel };
                assert_eq!(Nts1Message::decode(&bytes), Ok((named, message.clone())));
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_document() {
        let encoded = |message: Nts1Message| message.encode(Channel::new(3).unwrap());
        assert_eq!(encoded(Nts1Message::ProgramRequest), [0xF0, 0x42, 0x32, 0, 1, 0x73, 0x10, 0xF7]);
        assert_eq!(encoded(Nts1Message::Program(vec![0; 504])).len(), HEAD_BYTES + 576 + 1);
        assert_eq!(encoded(Nts1Message::Global(vec![0; 32])).len(), HEAD_BYTES + 37 + 1);
        assert_eq!(PIECE_BYTES, 3573);
        let slot = UnitSlot::new(Module::Osc, 0).unwrap();
        let piece = Nts1Message::SlotData { slot, sequence: 0, last: 0, data: vec![0; PIECE_BYTES] };
        assert_eq!(encoded(piece).len(), LONGEST_BYTES);
        let identity = [0xF0, 0x7E, 0x02, 6, 2, 0x42, 0x73, 1, 1, 0, 3, 0, 1, 0, 0xF7];
        assert_eq!(encoded(Nts1Message::Identity { major: 1, minor: 3 }), identity);
    }

    #[test]
    fn foreign_and_broken_messages_are_distinguished() {
        assert_eq!(Nts1Message::decode(&[0xF0, 0x41, 0x10, 0xF7]), Err(DecodeError::Foreign));
        assert_eq!(Nts1Message::decode(&[0xF8]), Err(DecodeError::Foreign));
        let broken = [0xF0, 0x42, 0x30, 0, 1, 0x73, 0x47, 5, 0xF7];
        assert_eq!(Nts1Message::decode(&broken), Err(DecodeError::Broken(Nts1MessageId::Api)));
        let no_such_slot = [0xF0, 0x42, 0x30, 0, 1, 0x73, 0x19, 2, 8, 0xF7];
        assert_eq!(Nts1Message::decode(&no_such_slot), Err(DecodeError::Broken(Nts1MessageId::SlotRequest)));
    }

    proptest! {
        #[test]
        fn any_bytes_may_be_decoded(
            bytes in prop::collection::vec(any::<u8>(), 0..64), id in any::<u8>(),
        ) {
            let _ = Nts1Message::decode(&bytes);
            let framed = [&[0xF0, KORG, 0x30][..], &FAMILY, &[id], &bytes, &[0xF7]].concat();
            let _ = Nts1Message::decode(&framed);
        }
    }
}
