//! User units: their header, and their transfer. Pure.
//!
//! A unit file of Korg's logue SDK is an ELF file whose section `.unit_header` is the header, and is sent unchanged. A
//! file that begins with the header itself is accepted, too. Its length and its CRC-32 are sent before it; a recorded
//! device sends 0 for the CRC-32, so 0 means that there is no check sum.

use super::{
    message::{Module, Nts1Message, PIECE_BYTES, UnitSlot},
    program::text,
};
use std::{fmt, ops::Range};

/// The platform of the NTS-1 mkII in a target, above the module (logue SDK, runtime.h).
pub const PLATFORM: u8 = 5;
/// Minimum length of a header, in bytes: six numbers, the name, two reserved numbers and the count of parameters.
pub(super) const LEAST_HEADER_BYTES: usize = 56;
const NAME: Range<usize> = 24..44;
const PARAMS: usize = 52;
/// Length and check sum.
const PREFIX_BYTES: usize = 8;
/// Maximum length of a file, in bytes: piece numbers have 7 bits.
const LONGEST_FILE_BYTES: usize = 128 * PIECE_BYTES - PREFIX_BYTES;
/// The beginning of an ELF file of 32 bits, little-endian.
const ELF: &[u8] = &[0x7F, b'E', b'L', b'F', 1, 1];
const HEADER_SECTION: &[u8] = b".unit_header";

/// A version as three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version(all) = self;
        write!(f, "{}.{}.{}", all >> 16, all >> 8 & 0xFF, all & 0xFF)
    }
}

/// Why bytes are no unit of this device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAUnit {
    /// They are shorter than a header.
    #[error("it has {0} bytes, too few for a unit")]
    TooSmall(usize),
    /// The file is too large to send.
    #[error("it has {0} bytes, more than the {most} that can be sent", most = LONGEST_FILE_BYTES)]
    TooLarge(usize),
    /// An ELF file without the section.
    #[error("it is a program file without a unit's header: use the .nts1mkiiunit file")]
    NoHeader,
    /// The header's size field is wrong.
    #[error("it does not begin like a unit: its header would have {0} bytes")]
    HeaderSize(u32),
    /// It is for another device.
    #[error("it is built for another device (target {0:04X}): use the file for the NTS-1 mkII")]
    Target(u32),
}

/// The header of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitHeader {
    /// The module it is for.
    pub module: Module,
    /// The API version it is built for.
    pub api: Version,
    /// Id of its developer.
    pub dev_id: u32,
    /// Id of the unit, given by the developer.
    pub unit_id: u32,
    /// Its version.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// The number of its parameters.
    pub params: u32,
}

impl UnitHeader {
    /// Reads the header at the beginning of these bytes.
    ///
    /// # Errors
    /// They are no header of a unit for this device.
    pub fn read(bytes: &[u8]) -> Result<UnitHeader, NotAUnit> {
        let number = |at: usize| number(bytes, at).ok_or(NotAUnit::TooSmall(bytes.len()));
        let (size, target, params) = (number(0)?, number(4)?, number(PARAMS)?);
        let fits = usize::try_from(size).is_ok_and(|size| (LEAST_HEADER_BYTES..=bytes.len()).contains(&size));
        if !fits {
            return Err(NotAUnit::HeaderSize(size));
        }
        let [module, platform, 0, 0] = target.to_le_bytes() else { return Err(NotAUnit::Target(target)) };
        let module = Module::from_id(module).filter(|_| platform == PLATFORM).ok_or(NotAUnit::Target(target))?;
        Ok(UnitHeader {
            module,
            api: Version(number(8)?),
            dev_id: number(12)?,
            unit_id: number(16)?,
            version: Version(number(20)?),
            name: text(bytes.get(NAME).unwrap_or_default()),
            params,
        })
    }

    /// The header of a unit file.
    ///
    /// # Errors
    /// The file is no unit for this device, or is too large to send.
    pub fn of_file(file: &[u8]) -> Result<UnitHeader, NotAUnit> {
        if file.len() > LONGEST_FILE_BYTES {
            return Err(NotAUnit::TooLarge(file.len()));
        }
        UnitHeader::read(header_bytes(file)?)
    }
}

/// A unit file from its header on, if the file begins with the header; else the header alone.
pub(super) fn header_bytes(file: &[u8]) -> Result<&[u8], NotAUnit> {
    match file.starts_with(ELF) {
        true => elf_section(file, HEADER_SECTION).ok_or(NotAUnit::NoHeader),
        false => Ok(file),
    }
}

/// A unit file's header, with the length that its size field gives.
pub(super) fn header_alone(file: &[u8]) -> Option<&[u8]> {
    let header = header_bytes(file).ok()?;
    let says = usize::try_from(number(header, 0)?).ok()?;
    header.get(..says.max(LEAST_HEADER_BYTES).min(header.len()))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

/// The bytes of a section by its name (System V ABI, chapter 4: the header's e_shoff at 32, e_shentsize at 46, e_shnum,
/// e_shstrndx; a section's name, its offset at 16 and size).
fn elf_section<'a>(file: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let (table, entry, count, names) = (number(file, 32)? as usize, half(file, 46)?, half(file, 48)?, half(file, 50)?);
    let section = |index: usize| -> Option<(usize, &[u8])> {
        let at = table.checked_add(index.checked_mul(entry)?)?;
        let (from, len) = (number(file, at.checked_add(16)?)? as usize, number(file, at.checked_add(20)?)? as usize);
        Some((number(file, at)? as usize, file.get(from..from.checked_add(len)?)?))
    };
    let (_, names) = section(names)?;
    (0..count).filter_map(section).find_map(|(name, bytes)| {
        let name = names.get(name..)?.split(|byte| *byte == 0).next()?;
        (name == wanted).then_some(bytes)
    })
}

/// The check sum of a unit that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckSum {
    /// CRC-32.
    Crc32,
    /// None, as Korg's editor sends.
    None,
}

/// The messages that write a unit file to a slot.
pub fn pieces(slot: UnitSlot, file: &[u8], check: CheckSum) -> Vec<Nts1Message> {
    let sum = match check {
        CheckSum::Crc32 => crc32fast::hash(file),
        CheckSum::None => 0,
    };
    let image = [&(file.len() as u32).to_le_bytes()[..], &sum.to_le_bytes(), file].concat();
    let pieces = image.chunks(PIECE_BYTES);
    let last = (pieces.len() - 1) as u8;
    pieces
        .zip(0..)
        .map(|(data, sequence)| Nts1Message::SlotData { slot, sequence, last, data: data.to_vec() })
        .collect()
}

/// Why received bytes are no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadImage {
    /// Bytes are missing or too many.
    #[error("its header declares {said} bytes, it has {has}")]
    Length {
        /// The length that they give.
        said: u32,
        /// The length received.
        has: usize,
    },
    /// The check sum is wrong.
    #[error("its checksum is wrong")]
    Crc,
}

/// The unit file in received bytes, after its pieces are joined; `None` for an empty slot.
///
/// # Errors
/// The unit is incomplete or damaged.
pub fn unit_of(image: &[u8]) -> Result<Option<&[u8]>, BadImage> {
    if image.is_empty() {
        return Ok(None);
    }
    let (Some(said), Some(sum), Some(file)) = (number(image, 0), number(image, 4), image.get(PREFIX_BYTES..)) else {
        return Err(BadImage::Length { said: 0, has: image.len() });
    };
    if file.len() as u64 != u64::from(said) {
        return Err(BadImage::Length { said, has: file.len() });
    }
    if sum != 0 && sum != crc32fast::hash(file) {
        return Err(BadImage::Crc);
    }
    Ok(Some(file))
}

/// A unit with this name that does nothing, for the simulated device and for tests.
pub fn made(module: Module, name: &str, version: Version, len: usize) -> Vec<u8> {
    let mut file: Vec<u8> = (0..len.max(LEAST_HEADER_BYTES)).map(|n| n as u8).collect();
    let target = u32::from(PLATFORM) << 8 | u32::from(module.id());
    let numbers = [LEAST_HEADER_BYTES as u32, target, 0x0002_0000, 0, 0, version.0].map(u32::to_le_bytes).concat();
    file[..NAME.start].copy_from_slice(&numbers);
    file[NAME.start..LEAST_HEADER_BYTES].fill(0);
    file[NAME].iter_mut().zip(name.bytes()).for_each(|(byte, with)| *byte = with);
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slot() -> UnitSlot {
        UnitSlot::new(Module::Osc, 3).unwrap()
    }

    fn joined(pieces: &[Nts1Message]) -> Vec<u8> {
        let data = |message: &Nts1Message| match message {
            Nts1Message::SlotData { data, .. } => data.clone(),
            other => panic!("{other:?}"),
        };
        pieces.iter().flat_map(data).collect()
    }

    /// An ELF file with this section and the names of sections only.
    fn elf(name: &[u8], section: &[u8]) -> Vec<u8> {
        let names = [&[0][..], name, &[0]].concat();
        let mut file = [ELF, &[0; 46]].concat();
        let names_at = file.len() as u32;
        file.extend(&names);
        let section_at = file.len() as u32;
        file.extend(section);
        let table_at = file.len() as u32;
        for (name, at, len) in [(1u32, section_at, section.len()), (0, names_at, names.len())] {
            let entry = [name, 0, 0, 0, at, len as u32, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
            file.extend(entry);
        }
        file[32..36].copy_from_slice(&table_at.to_le_bytes());
        file[46..52].copy_from_slice(&[40, 0, 2, 0, 1, 0]);
        file
    }

    #[test]
    fn a_header_has_the_length_of_its_size_field() {
        for size in [56u32, 255, 256, 280, 408] {
            let mut file = made(Module::Osc, "long", Version(0), 1000);
            file[..4].copy_from_slice(&size.to_le_bytes());
            assert_eq!(header_alone(&file).map(<[u8]>::len), Some(size as usize));
            assert_eq!(header_alone(&elf(HEADER_SECTION, &file)).map(<[u8]>::len), Some(size as usize));
        }
    }

    #[test]
    fn a_header_is_read_from_a_file_that_begins_with_it_and_from_an_elf_file() {
        let plain = made(Module::Osc, "combnew", Version(0x0001_0203), 100);
        let header = UnitHeader::of_file(&plain).unwrap();
        assert_eq!((header.module, header.name.as_str()), (Module::Osc, "combnew"));
        assert_eq!((header.version.to_string(), header.api.to_string()), ("1.2.3".to_owned(), "2.0.0".to_owned()));
        assert_eq!(UnitHeader::of_file(&elf(HEADER_SECTION, &plain)), Ok(header));
        assert_eq!(UnitHeader::of_file(&elf(b".text", &plain)), Err(NotAUnit::NoHeader));
    }

    #[test]
    fn a_file_that_is_no_unit_is_refused_with_the_reason() {
        let with = |at: usize, byte: u8| {
            let mut file = made(Module::Osc, "x", Version(0), 100);
            file[at] = byte;
            UnitHeader::of_file(&file)
        };
        assert_eq!(UnitHeader::of_file(b"short"), Err(NotAUnit::TooSmall(5)));
        assert_eq!(UnitHeader::of_file(&vec![0; 1 << 20]), Err(NotAUnit::TooLarge(1 << 20)));
        assert_eq!(with(0, 200), Err(NotAUnit::HeaderSize(200)));
        assert_eq!(with(0, 12), Err(NotAUnit::HeaderSize(12)));
        assert_eq!(with(5, 3), Err(NotAUnit::Target(0x0304)));
        assert_eq!(with(4, 9), Err(NotAUnit::Target(0x0509)));
    }

    #[test]
    fn the_check_sum_is_crc_32() {
        let image = joined(&pieces(slot(), b"123456789", CheckSum::Crc32));
        // The check value of CRC-32 (ISO-HDLC).
        assert_eq!(image[..8], [9, 0, 0, 0, 0x26, 0x39, 0xF4, 0xCB]);
        assert_eq!(unit_of(&image), Ok(Some(&b"123456789"[..])));
        let none = joined(&pieces(slot(), b"123456789", CheckSum::None));
        assert_eq!(unit_of(&none), Ok(Some(&b"123456789"[..])));
        let damaged = [&image[..16], b"0"].concat();
        assert_eq!(unit_of(&damaged), Err(BadImage::Crc));
        assert_eq!(unit_of(&image[..16]), Err(BadImage::Length { said: 9, has: 8 }));
        assert_eq!(unit_of(&[]), Ok(None));
    }

    proptest! {
        #[test]
        fn a_unit_of_any_length_is_restored_from_its_pieces(len in 0usize..12_000) {
            let file: Vec<u8> = (0..len).map(|n| (n * 31) as u8).collect();
            let pieces = pieces(slot(), &file, CheckSum::Crc32);
            for (n, piece) in pieces.iter().enumerate() {
                let Nts1Message::SlotData { sequence, last, data, .. } = piece else { panic!("{piece:?}") };
                prop_assert_eq!((usize::from(*sequence), usize::from(*last)), (n, pieces.len() - 1));
                prop_assert!(data.len() == PIECE_BYTES || n == pieces.len() - 1);
            }
            let joined = joined(&pieces);
            prop_assert_eq!(unit_of(&joined), Ok(Some(&file[..])));
        }

        #[test]
        fn any_bytes_may_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = UnitHeader::of_file(&bytes);
            let _ = UnitHeader::of_file(&[ELF, &bytes].concat());
            let _ = unit_of(&bytes);
        }
    }
}
