//! The internet checksum (RFC 1071), and how it changes with the data (RFC 1624).

/// The ones' complement sum of 16-bit words in network order, not yet complemented; an odd last byte counts as if 0 followed it.
#[inline]
pub fn sum(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut sum: u64 = words
        .iter()
        .map(|word| u64::from(u32::from_be_bytes(*word)))
        .sum();
    let mut tail = [0; 4];
    tail[..rest.len()].copy_from_slice(rest);
    sum += u64::from(u32::from_be_bytes(tail));
    fold(sum)
}

/// A sum of 16-bit words (or of wider ones, which are the same modulo 2^16 - 1) as one word, carries added in.
#[inline]
pub fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    ((sum >> 16) + (sum & 0xffff)) as u16
}

/// The checksum of some bytes, those of the checksum field being 0 or left out.
#[inline]
pub fn internet(bytes: &[u8]) -> u16 {
    !sum(bytes)
}

/// The checksum after the 16-bit word `from` became `to` (RFC 1624, equation 3).
#[inline]
pub fn update(checksum: u16, from: u16, to: u16) -> u16 {
    !fold(u64::from(!checksum) + u64::from(!from) + u64::from(to))
}

/// As [`update`], for a 32-bit value such as an address.
#[inline]
pub fn update_u32(checksum: u16, from: u32, to: u32) -> u16 {
    !fold(u64::from(!checksum) + u64::from(!from) + u64::from(to))
}

/// As [`update_u32`], for UDP, where 0 says that there is no checksum (RFC 768) and stays.
#[inline]
pub fn update_udp_u32(checksum: u16, from: u32, to: u32) -> u16 {
    match checksum {
        0 => 0,
        checksum => match update_u32(checksum, from, to) {
            0 => 0xffff,
            updated => updated,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn the_example_of_rfc_1624() {
        // Section 4: the case in which the older equation fails.
        assert_eq!(update(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(
            sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
            0xddf2
        );
    }

    proptest! {
        #[test]
        fn sums_agree_with_adding_word_by_word(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            prop_assert_eq!(internet(&bytes), naive(&bytes));
        }

        #[test]
        fn updating_agrees_with_recomputing(mut bytes in prop::collection::vec(any::<u8>(), 20), at in 0usize..4, to: u32, short: u16) {
            // Data of 0 only has no other checksum that means the same.
            bytes[19] |= 1;
            let before = internet(&bytes);
            let from = u32::from_be_bytes([bytes[at * 4], bytes[at * 4 + 1], bytes[at * 4 + 2], bytes[at * 4 + 3]]);
            bytes[at * 4..at * 4 + 4].copy_from_slice(&to.to_be_bytes());
            prop_assert_eq!(update_u32(before, from, to), internet(&bytes));
            prop_assert_ne!(update_udp_u32(before.max(1), from, to), 0);
            let middle = internet(&bytes);
            let old = u16::from_be_bytes([bytes[2], bytes[3]]);
            bytes[2..4].copy_from_slice(&short.to_be_bytes());
            prop_assert_eq!(update(middle, old, short), internet(&bytes));
        }
    }
}
