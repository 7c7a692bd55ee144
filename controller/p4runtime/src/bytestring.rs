//! Integers as P4Runtime writes them (specification, section "Bytestrings"): big-endian, in the fewest bytes, at least one.

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
pub fn encode(value: u128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = (value.leading_zeros() as usize / 8).min(bytes.len() - 1);
    bytes[zeros..].to_vec()
}

/// The value of `bytes`, which may have any number of leading zeros but at most `bits` (up to 128) significant bits.
pub fn decode(bytes: &[u8], bits: u32) -> Result<u128, ValueError> {
    if bytes.is_empty() {
        return Err(ValueError::Empty);
    }
    let too_wide = ValueError::TooWide { bits };
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    if significant.len() > 16 {
        return Err(too_wide);
    }
    let value = significant
        .iter()
        .fold(0, |value, byte| value << 8 | u128::from(*byte));
    if 128 - value.leading_zeros() <= bits {
        Ok(value)
    } else {
        Err(too_wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shortest_form_has_at_least_one_byte() {
        assert_eq!(encode(0), [0]);
        assert_eq!(encode(0x63), [0x63]);
        assert_eq!(encode(0x3064), [0x30, 0x64]);
        assert_eq!(encode(u128::MAX), [0xff; 16]);
    }

    #[test]
    fn leading_zeros_are_no_matter_but_width_is() {
        assert_eq!(decode(&[0, 0, 0x63], 12), Ok(0x63));
        assert_eq!(decode(&[0; 40], 1), Ok(0));
        assert_eq!(decode(&[0x0f, 0xff], 12), Ok(0xfff));
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
        fn what_is_written_is_read(value: u128, zeros in 0usize..4) {
            let mut bytes = vec![0; zeros];
            bytes.extend(encode(value));
            prop_assert_eq!(decode(&bytes, 128), Ok(value));
            let bits = 128 - value.leading_zeros();
            prop_assert_eq!(decode(&bytes, bits), Ok(value));
            if bits > 0 {
                prop_assert_eq!(decode(&bytes, bits - 1), Err(ValueError::TooWide { bits: bits - 1 }));
            }
        }
    }
}
