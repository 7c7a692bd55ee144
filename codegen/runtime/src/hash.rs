//! The hash algorithms of v1model, over bytes as [`crate::BitWriter`] lays out a field list: the same results as BMv2.

/// CRC-32 as in IEEE 802.3.
#[inline]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            remainder = (remainder >> 1) ^ if remainder & 1 == 1 { 0xa001 } else { 0 };
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// CRC-16/ARC: polynomial 0x8005, bits reflected, from 0.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |remainder, byte| {
        (remainder >> 8) ^ CRC16[usize::from((remainder as u8) ^ byte)]
    })
}

/// The internet checksum of RFC 1071; an odd last byte counts as if 0 followed it.
#[inline]
pub fn csum16(bytes: &[u8]) -> u16 {
    crate::checksum::internet(bytes)
}

/// All 16-bit words in network order combined by exclusive or; an odd last byte counts as if 0 followed it.
pub fn xor16(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<2>();
    let all = words
        .iter()
        .fold(0, |all, word| all ^ u16::from_be_bytes(*word));
    rest.first().map_or(all, |last| all ^ u16::from(*last) << 8)
}

/// The first eight bytes (or all, if fewer) as a number in network order.
pub fn identity(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// BMv2's `crc32_custom` as the target starts: CRC-32 as in IEEE 802.3.
pub fn crc32_custom(bytes: &[u8]) -> u32 {
    crc32(bytes)
}

/// BMv2's `crc16_custom` as the target starts: CRC-16/ARC.
pub fn crc16_custom(bytes: &[u8]) -> u16 {
    crc16(bytes)
}

/// What v1model's `hash` makes of a hash value: `base + value % max`, where a `max` of 0 counts as 1.
#[inline(always)]
pub fn scale(base: u64, value: u64, max: u64) -> u64 {
    base.wrapping_add(value % max.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_catalogue_of_crcs() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc16(b"123456789"), 0xbb3d);
        assert_eq!((crc32(b""), crc16(b"")), (0, 0));
    }

    #[test]
    fn odd_lengths_are_padded_at_the_end() {
        assert_eq!(xor16(&[0x12, 0x34, 0xff]), 0xed34);
        assert_eq!(
            csum16(&[0x12, 0x34, 0xff]),
            !(0x1234 + 0xff00u32 - 0xffff) as u16
        );
        assert_eq!(identity(&[1, 2]), 0x0102);
        assert_eq!(
            identity(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
            0x0102_0304_0506_0708
        );
    }

    #[test]
    fn a_maximum_of_0_is_1() {
        assert_eq!(scale(5, 77, 0), 5);
        assert_eq!(scale(5, 77, 10), 12);
    }
}
