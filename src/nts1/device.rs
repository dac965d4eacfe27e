//! A simulated NTS-1 mkII: answers the same SysEx, in virtual time, and makes errors as requested.
//!
//! Used by `--port sim`, so that every subcommand can be tried without hardware, and by the tests. It stores nothing
//! after it ends. Pure; its virtual time advances only while a caller waits.

use super::{
    message::{LONGEST_BYTES, Limits, Module, Nts1Message, Nts1Refusal, PIECE_BYTES, UnitSlot},
    program,
    session::{SysExTransport, WireFailed},
    unit::{self, BadImage, UnitHeader, Version},
};
use crate::midi::Channel;
use std::collections::{BTreeMap, VecDeque};

/// Time until it answers, in ms.
const ANSWER_MS: u64 = 5;
/// Its unit API version: 2.0, as a device of system 1.3 reports.
const API: [u8; 3] = [2, 0, 0];
/// Messages between the answers: a clock pulse, and a turn of the cutoff.
const CHATTER: [&[u8]; 2] = [&[0xF8], &[0xB0, 43, 64]];

/// An error in one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No error.
    None,
    /// The answer is lost.
    Lost,
    /// The answer is late, by this many ms.
    Late(u64),
    /// Another message is sent instead.
    Wrong,
    /// The answer is cut in the middle, and still ends with F7.
    Truncated,
    /// One byte of the answer is wrong.
    Damaged,
    /// The device does nothing and answers that it is busy.
    Busy,
    /// The device does nothing and sends no answer: the request was lost.
    Deaf,
    /// The device does nothing and answers with this error.
    Refuses(Nts1Refusal),
}

/// The device.
#[derive(Clone, Debug)]
pub struct SimulatedNts1 {
    channel: Channel,
    program: Vec<u8>,
    globals: Vec<u8>,
    units: BTreeMap<UnitSlot, Vec<u8>>,
    coming: Option<(UnitSlot, Vec<u8>, u8)>,
    /// Refuses every check sum except none; the real device may do so, too.
    pub without_check_sums: bool,
}

impl Default for SimulatedNts1 {
    fn default() -> Self {
        SimulatedNts1::new(Channel::FIRST)
    }
}

impl SimulatedNts1 {
    /// A device with a program and two units.
    pub fn new(channel: Channel) -> SimulatedNts1 {
        let unit = |module, number, name: &str, version, len| {
            let slot = UnitSlot { module, number };
            (slot, unit::made(module, name, Version(version), len))
        };
        let units = [
            unit(Module::Osc, 0, "sim waves", 0x0001_0000, 9000),
            unit(Module::Revfx, 2, "sim hall", 0x0001_0203, 3000),
        ];
        SimulatedNts1 {
            channel,
            program: program::made("Simulated", ["SAW", "CHORUS", "STEREO", "HALL"]),
            globals: program::made_globals(),
            units: units.into_iter().collect(),
            coming: None,
            without_check_sums: false,
        }
    }

    /// Its answers to one message.
    pub fn hear(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let answers = match Nts1Message::decode(bytes) {
            Ok((_, Nts1Message::IdentityRequest)) => vec![Nts1Message::Identity { major: 1, minor: 3 }],
            Ok((channel, _)) if channel != self.channel => Vec::new(),
            Ok(_) if bytes.len() > LONGEST_BYTES => vec![Nts1Message::Refused(Nts1Refusal::Size)],
            Ok((_, message)) => self.answers(message),
            Err(super::message::DecodeError::Broken(_)) => vec![Nts1Message::Refused(Nts1Refusal::Format)],
            Err(super::message::DecodeError::Foreign) => Vec::new(),
        };
        answers.into_iter().map(|answer| answer.encode(self.channel)).collect()
    }

    fn answers(&mut self, message: Nts1Message) -> Vec<Nts1Message> {
        let done =
            |result: Result<(), Nts1Refusal>| vec![result.map_or_else(Nts1Message::Refused, |()| Nts1Message::Done)];
        match message {
            Nts1Message::ProgramRequest => vec![Nts1Message::Program(self.program.clone())],
            Nts1Message::GlobalRequest => vec![Nts1Message::Global(self.globals.clone())],
            Nts1Message::ApiRequest => vec![Nts1Message::Api { platform: unit::PLATFORM, version: API }],
            Nts1Message::ModuleRequest(module) => vec![Nts1Message::ModuleInfo(module, limits(module))],
            Nts1Message::SlotRequest(slot) => vec![Nts1Message::SlotStatus(slot, self.header(slot))],
            Nts1Message::SlotDataRequest(slot) => match self.units.get(&slot) {
                Some(file) => unit::pieces(slot, file, unit::CheckSum::None),
                None => vec![Nts1Message::SlotData { slot, sequence: 0, last: 0, data: Vec::new() }],
            },
            Nts1Message::Program(data) => done(match program::Program::new(data) {
                Ok(program) => {
                    self.program = program.bytes().to_vec();
                    Ok(())
                }
                Err(_) => Err(Nts1Refusal::Size),
            }),
            Nts1Message::Global(data) if program::check_globals(&data).is_ok() => {
                self.globals = data;
                done(Ok(()))
            }
            Nts1Message::Global(_) => done(Err(Nts1Refusal::Size)),
            Nts1Message::SlotData { slot, sequence, last, data } => done(self.take(slot, sequence, last, data)),
            Nts1Message::ClearSlot(slot) => {
                self.units.remove(&slot);
                done(Ok(()))
            }
            Nts1Message::SwapSlots(module, a, b) => {
                let [a, b] = [a, b].map(|number| UnitSlot { module, number });
                let (in_a, in_b) = (self.units.remove(&a), self.units.remove(&b));
                self.units.extend([in_a.map(|unit| (b, unit)), in_b.map(|unit| (a, unit))].into_iter().flatten());
                done(Ok(()))
            }
            // Messages that only a device sends.
            _ => Vec::new(),
        }
    }

    fn header(&self, slot: UnitSlot) -> Option<Vec<u8>> {
        let file = self.units.get(&slot)?;
        Some(unit::header_alone(file).unwrap_or_default().to_vec())
    }

    /// Receives one piece of a unit.
    fn take(&mut self, slot: UnitSlot, sequence: u8, last: u8, data: Vec<u8>) -> Result<(), Nts1Refusal> {
        let (image, next) = match self.coming.take() {
            Some((of, image, next)) if of == slot && sequence == next => (image, next),
            _ if sequence == 0 => (Vec::new(), 0),
            _ => return Err(Nts1Refusal::Format),
        };
        let image = [image, data].concat();
        if image.len() > limits(slot.module).storage_bytes as usize + PIECE_BYTES {
            return Err(Nts1Refusal::LoadSize);
        }
        if sequence < last {
            self.coming = Some((slot, image, next + 1));
            return Ok(());
        }
        if self.without_check_sums && image.get(4..8) != Some(&[0; 4]) {
            return Err(Nts1Refusal::Crc);
        }
        let file = match unit::unit_of(&image) {
            Ok(Some(file)) => file,
            Ok(None) | Err(BadImage::Length { .. }) => return Err(Nts1Refusal::Size),
            Err(BadImage::Crc) => return Err(Nts1Refusal::Crc),
        };
        let header = UnitHeader::of_file(file).map_err(|_| Nts1Refusal::UnitFormat)?;
        if header.module != slot.module {
            return Err(Nts1Refusal::Target);
        }
        self.units.insert(slot, file.to_vec());
        Ok(())
    }
}

/// The limits of each module, as a device of system 1.3 reports them.
fn limits(module: Module) -> Limits {
    let load_bytes: u32 = match module {
        Module::Osc => 49_152,
        Module::Modfx => 16_384,
        Module::Delfx | Module::Revfx => 24_576,
    };
    Limits { storage_bytes: load_bytes - 16, load_bytes, slots: u32::from(module.slots()) }
}

/// A connection to the device.
#[derive(Clone, Debug, Default)]
pub struct SimWire {
    /// The device.
    pub device: SimulatedNts1,
    /// Errors of the next answers, in order.
    pub trouble: VecDeque<Trouble>,
    now_ms: u64,
    /// Answers with their times.
    coming: VecDeque<(u64, Vec<u8>)>,
    sent: u64,
}

impl SimWire {
    /// A connection to this device, with these errors.
    pub fn new(device: SimulatedNts1, trouble: impl IntoIterator<Item = Trouble>) -> SimWire {
        SimWire { device, trouble: trouble.into_iter().collect(), ..SimWire::default() }
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    fn comes(&mut self, after_ms: u64, message: Vec<u8>) {
        self.coming.push_back((self.now_ms + after_ms, message));
        self.coming.make_contiguous().sort_by_key(|(at, _)| *at);
    }
}

impl SysExTransport for SimWire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireFailed> {
        self.sent += 1;
        for chatter in CHATTER {
            self.comes(0, chatter.to_vec());
        }
        let mut before = self.device.clone();
        let answers = self.device.hear(bytes);
        for (n, mut answer) in (0..).zip(answers) {
            let mut after_ms = ANSWER_MS + n;
            let trouble = self.trouble.pop_front().unwrap_or(Trouble::None);
            let mut refuses = |device: &mut SimulatedNts1, refusal: Nts1Refusal| {
                std::mem::swap(device, &mut before);
                Nts1Message::Refused(refusal).encode(device.channel)
            };
            match trouble {
                Trouble::None => {}
                Trouble::Lost => continue,
                Trouble::Late(late_ms) => after_ms += late_ms,
                Trouble::Wrong => answer = Nts1Message::Identity { major: 9, minor: 9 }.encode(self.device.channel),
                Trouble::Truncated => {
                    answer.truncate(answer.len() / 2);
                    answer.push(0xF7);
                }
                Trouble::Damaged => {
                    let middle = answer.len() - 3;
                    answer[middle] ^= 1;
                }
                Trouble::Busy => answer = refuses(&mut self.device, Nts1Refusal::Operation),
                Trouble::Refuses(refusal) => answer = refuses(&mut self.device, refusal),
                Trouble::Deaf => {
                    refuses(&mut self.device, Nts1Refusal::Operation);
                    continue;
                }
            }
            self.comes(after_ms, answer);
        }
        Ok(())
    }

    fn receive(&mut self, until_ms: u64) -> Result<Option<Vec<u8>>, WireFailed> {
        match self.coming.pop_front() {
            Some((at_ms, message)) if at_ms <= until_ms => {
                self.now_ms = self.now_ms.max(at_ms);
                Ok(Some(message))
            }
            later => {
                if let Some(later) = later {
                    self.coming.push_front(later);
                }
                self.now_ms = self.now_ms.max(until_ms);
                Ok(None)
            }
        }
    }

    fn now_ms(&self) -> u64 {
        self.now_ms
    }
}
