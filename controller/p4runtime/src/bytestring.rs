//! Integers as P4Runtime writes them (specification, section "Bytestrings"): big-endian, in the fewest bytes, at least one.

use dpr_runtime::Integer;

/// Why bytes are not the value that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// No bytes at all.
    #[error("the value is empty")]
    Empty,
    /// More bits than there is room for.
    #[error("the value does not fit into {bits} bits")]
    TooWide {
        /// The width that it should have.
        bits: u32,
    },
}

/// The shortest form of a value.
pub fn encode(value: impl Into<Integer>) -> Vec<u8> {
    value.into().to_be_bytes()
}

/// The value of `bytes`, which may have any number of leading zeros but at most `bits` significant bits.
pub fn decode(bytes: &[u8], bits: u32) -> Result<Integer, ValueError> {
    if bytes.is_empty() {
        return Err(ValueError::Empty);
    }
    let value = Integer::from_be_bytes(bytes);
    match value.fits(bits) {
        true => Ok(value),
        false => Err(ValueError::TooWide { bits }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shortest_form_has_at_least_one_byte() {
        assert_eq!(encode(0u8), [0]);
        assert_eq!(encode(0x63u8), [0x63]);
        assert_eq!(encode(0x3064u16), [0x30, 0x64]);
        assert_eq!(encode(u128::MAX), [0xff; 16]);
    }

    #[test]
    fn leading_zeros_are_no_matter_but_width_is() {
        assert_eq!(decode(&[0, 0, 0x63], 12), Ok(0x63u8.into()));
        assert_eq!(decode(&[0; 40], 1), Ok(Integer::ZERO));
        assert_eq!(decode(&[0x0f, 0xff], 12), Ok(0xfffu16.into()));
        for (bytes, bits) in [
            (&[1, 0x63][..], 8),
            (&[1, 0, 0x63], 16),
            (&[0x10, 0x63], 12),
            (&[0, 0x40, 0x63], 12),
            (&[1; 17], 128),
        ] {
            assert_eq!(decode(bytes, bits), Err(ValueError::TooWide { bits }));
        }
        assert_eq!(decode(&[], 8), Err(ValueError::Empty));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: [u8; 20], zeros in 0usize..4, used in 0usize..=20) {
            let mut bytes = vec![0; zeros];
            let value = Integer::from_be_bytes(&value[used..]);
            bytes.extend(encode(&value));
            prop_assert_eq!(decode(&bytes, 160), Ok(value.clone()));
            let bits = value.bits();
            prop_assert_eq!(decode(&bytes, bits), Ok(value));
            if bits > 0 {
                prop_assert_eq!(decode(&bytes, bits - 1), Err(ValueError::TooWide { bits: bits - 1 }));
            }
        }
    }
}
