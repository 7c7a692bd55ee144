//! The values of `varbit` fields: bits of a packet.

use std::borrow::Cow;

/// Whole bytes of a packet, from any bit on. Nothing but the packet's parser makes such values, so they say where the bytes are
/// instead of holding them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Varbits {
    start: usize,
    bytes: usize,
}

impl Varbits {
    /// None.
    pub const EMPTY: Varbits = Varbits { start: 0, bytes: 0 };

    /// So many bytes from bit `start` of the packet on.
    #[inline(always)]
    pub fn new(start: usize, bytes: usize) -> Self {
        Varbits { start, bytes }
    }

    /// Number of bytes.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.bytes == 0
    }

    /// Its bytes; none if the packet does not have them.
    #[inline]
    pub fn bytes(self, packet: &[u8]) -> Cow<'_, [u8]> {
        let (first, shift) = (self.start / 8, self.start % 8);
        if shift == 0 {
            let bytes = packet.get(first..first.saturating_add(self.bytes));
            return Cow::Borrowed(bytes.unwrap_or_default());
        }
        let Some(bytes) = packet.get(first..first.saturating_add(self.bytes + 1)) else {
            return Cow::Borrowed(&[]);
        };
        let shifted = bytes.iter().zip(bytes.iter().skip(1));
        Cow::Owned(
            shifted
                .map(|(high, low)| high << shift | low >> (8 - shift))
                .collect(),
        )
    }

    /// Writes it from bit `at` of a header's bytes on, of which there is enough room; the first bit after it.
    pub fn emit(self, packet: &[u8], header: &mut [u8], mut at: usize) -> usize {
        let bytes = self.bytes(packet);
        if at.is_multiple_of(8)
            && let Some(room) = header.get_mut(at / 8..at / 8 + bytes.len())
        {
            room.copy_from_slice(&bytes);
            return at + bytes.len() * 8;
        }
        for byte in bytes.iter() {
            crate::put_bits(header, at, 8, u128::from(*byte));
            at += 8;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_emitted_is_what_was_there(packet: [u8; 12], from in 0usize..=40, bytes in 0usize..=7, to in 0usize..=24) {
            let value = Varbits::new(from, bytes);
            let mut header = [0u8; 12];
            prop_assert_eq!(value.emit(&packet, &mut header, to), to + bytes * 8);
            for bit in 0..bytes * 8 {
                prop_assert_eq!(crate::get_bits(&header, to + bit, 1), crate::get_bits(&packet, from + bit, 1));
            }
            prop_assert_eq!(value.bytes(&packet), Varbits::new(to, bytes).bytes(&header));
        }

        #[test]
        fn what_is_beyond_the_packet_is_empty(from in 0usize..200, bytes in 0usize..100) {
            let packet = [1u8; 10];
            let found = Varbits::new(from, bytes).bytes(&packet).len();
            prop_assert!(found == 0 || (found == bytes && from + bytes * 8 <= 80));
        }
    }
}
