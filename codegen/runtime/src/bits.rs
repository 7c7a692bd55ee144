//! Bit fields in network order: the most significant bit of byte 0 is bit 0.

/// Too few bytes for a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{needed} bytes are needed, {available} are there")]
pub struct Truncated {
    /// The header's length.
    pub needed: usize,
    /// What there is.
    pub available: usize,
}

/// Reads `bits` bits (at most 128) from bit `offset` on; what is beyond the end counts as 0.
#[inline(always)]
pub fn get_bits(bytes: &[u8], offset: usize, bits: u32) -> u128 {
    let mut value = 0;
    let mut missing = bits;
    let (mut at, mut skip) = (offset / 8, (offset % 8) as u32);
    while missing > 0 {
        let byte = u32::from(bytes.get(at).copied().unwrap_or(0));
        let taken = (8 - skip).min(missing);
        let part = (byte >> (8 - skip - taken)) & ((1 << taken) - 1);
        value = (value << taken) | u128::from(part);
        missing -= taken;
        at += 1;
        skip = 0;
    }
    value
}

/// Writes the low `bits` bits (at most 128) of a value from bit `offset` on; what is beyond the end is lost.
#[inline(always)]
pub fn put_bits(bytes: &mut [u8], offset: usize, bits: u32, value: u128) {
    let mut missing = bits;
    let (mut at, mut skip) = (offset / 8, (offset % 8) as u32);
    while missing > 0 {
        let taken = (8 - skip).min(missing);
        let shift = 8 - skip - taken;
        let mask = (((1u32 << taken) - 1) << shift) as u8;
        if let Some(byte) = bytes.get_mut(at) {
            let part = (value >> (missing - taken)) as u8;
            *byte = (*byte & !mask) | ((part << shift) & mask);
        }
        missing -= taken;
        at += 1;
        skip = 0;
    }
}

/// Concatenates fields bit by bit, as hashes and checksums see them: without gaps, padded with 0 at the end to a whole byte.
#[derive(Clone, Debug)]
pub struct BitWriter<const N: usize> {
    bytes: [u8; N],
    bits: usize,
}

impl<const N: usize> Default for BitWriter<N> {
    fn default() -> Self {
        BitWriter::new()
    }
}

impl<const N: usize> BitWriter<N> {
    /// With room for `N` bytes.
    #[inline(always)]
    pub fn new() -> Self {
        BitWriter {
            bytes: [0; N],
            bits: 0,
        }
    }

    /// Appends the low `bits` bits (at most 128) of a value. What does not fit is lost.
    #[inline(always)]
    pub fn push(&mut self, value: u128, bits: u32) {
        put_bits(&mut self.bytes, self.bits, bits, value);
        self.bits += bits as usize;
    }

    /// Appends the first `bits` bits of some bytes.
    pub fn push_bytes(&mut self, bytes: &[u8], bits: usize) {
        for at in (0..bits).step_by(8) {
            let count = (bits - at).min(8) as u32;
            self.push(get_bits(bytes, at, count), count);
        }
    }

    /// What was appended, padded to whole bytes.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.bits.div_ceil(8))
            .unwrap_or(&self.bytes)
    }
}

/// As [`BitWriter`], of any length.
#[derive(Clone, Debug, Default)]
pub struct BitList {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitList {
    fn grow(&mut self, bits: usize) -> usize {
        let start = self.bits;
        self.bits += bits;
        self.bytes.resize(self.bits.div_ceil(8), 0);
        start
    }

    /// Appends the low `bits` bits (at most 128) of a value.
    pub fn push(&mut self, value: u128, bits: u32) {
        let start = self.grow(bits as usize);
        put_bits(&mut self.bytes, start, bits, value);
    }

    /// Appends the low `bits` bits of a value.
    pub fn push_wide<const N: usize>(&mut self, value: crate::Wide<N>, bits: u32) {
        let start = self.grow(bits as usize);
        value.put_bits(&mut self.bytes, start, bits);
    }

    /// Appends bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(u128::from(*byte), 8);
        }
    }

    /// What was appended, padded to whole bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_cross_byte_borders() {
        let mut writer = BitWriter::<3>::new();
        writer.push(0b101, 3);
        writer.push(0x1fff, 13);
        writer.push(1, 1);
        assert_eq!(writer.bytes(), [0b1011_1111, 0xff, 0x80]);
        writer.push_bytes(&[0xff, 0xff], 7);
        assert_eq!(writer.bytes(), [0b1011_1111, 0xff, 0xff]);
        writer.push(0xff, 8);
        assert_eq!(writer.bytes().len(), 3);
    }

    proptest! {
        #[test]
        fn only_the_field_changes(mut bytes in prop::collection::vec(any::<u8>(), 0..24), offset in 0usize..200, bits in 0u32..=128, value: u128) {
            let before = bytes.clone();
            put_bits(&mut bytes, offset, bits, value);
            for at in 0..bytes.len() * 8 {
                let inside = (offset..offset + bits as usize).contains(&at);
                let expected = if inside { (value >> (offset + bits as usize - 1 - at)) & 1 } else { get_bits(&before, at, 1) };
                prop_assert_eq!(get_bits(&bytes, at, 1), expected);
            }
            if offset + bits as usize <= bytes.len() * 8 {
                prop_assert_eq!(get_bits(&bytes, offset, bits), value & crate::layout::ones(bits));
            }
        }
    }
}
