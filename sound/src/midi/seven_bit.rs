//! Packs bytes of 8 bits into the 7-bit data bytes of a SysEx. Pure.
//!
//! Korg's packing ("NTS-1 digital kit mkII MIDI Implementation" v1.00, note 1): groups of 7 bytes become 8, a first one
//! whose bit n is bit 7 of byte n, then the 7 without it. The last group may be shorter.

/// Bytes of data in a whole group.
const GROUP_BYTES: usize = 7;

/// The packed length of `len` bytes.
pub fn packed_len(len: usize) -> usize {
    len + len.div_ceil(GROUP_BYTES)
}

/// Packs bytes.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(packed_len(bytes.len()));
    for group in bytes.chunks(GROUP_BYTES) {
        packed.push(group.iter().enumerate().fold(0, |tops, (n, byte)| tops | byte >> 7 << n));
        packed.extend(group.iter().map(|byte| byte & 0x7F));
    }
    packed
}

/// Unpacks data bytes; `None` if they are no packed bytes.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(packed.len());
    for group in packed.chunks(GROUP_BYTES + 1) {
        let (tops, rest) = group.split_first()?;
        if rest.is_empty() || group.iter().any(|byte| *byte > 0x7F) {
            return None;
        }
        bytes.extend(rest.iter().enumerate().map(|(n, byte)| byte | (tops >> n & 1) << 7));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_byte_of_a_group_holds_the_top_bits() {
        assert_eq!(pack(&[0x80, 0x01, 0xFF]), [0b101, 0x00, 0x01, 0x7F]);
        assert_eq!(pack(&[0; 7]).len(), 8);
        assert_eq!(pack(&[0x80; 8]), [0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn bytes_that_cannot_be_packed_ones_are_refused() {
        assert_eq!(unpack(&[0]), None, "a first byte without data");
        assert_eq!(unpack(&[0, 0x80]), None, "a status byte");
        assert_eq!(unpack(&[]), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn packed_bytes_unpack_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let packed = pack(&bytes);
            prop_assert_eq!(packed.len(), packed_len(bytes.len()));
            prop_assert!(packed.iter().all(|byte| *byte < 0x80));
            prop_assert_eq!(unpack(&packed), Some(bytes));
        }

        #[test]
        fn any_bytes_may_be_unpacked(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = unpack(&bytes);
        }
    }
}
