//! Unsigned integers of any width, as a control plane says them.

use crate::Wide;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// An unsigned integer of any width. One of up to 128 bits lies in itself; only wider ones have memory of their own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Integer(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(u128),
    /// Words, the least significant first: at least three, of which the last is not 0.
    Large(Cow<'static, [u64]>),
}

/// A value that does not fit where it is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is too large")]
pub struct TooLarge;

impl Integer {
    /// 0.
    pub const ZERO: Integer = Integer::new(0);

    /// A value of up to 128 bits.
    pub const fn new(value: u128) -> Self {
        Integer(Repr::Small(value))
    }

    /// A value of words, the least significant first.
    pub const fn from_static(mut words: &'static [u64]) -> Self {
        while let [rest @ .., 0] = words {
            words = rest;
        }
        match words {
            [] => Integer::ZERO,
            [low] => Integer::new(*low as u128),
            [low, high] => Integer::new(*low as u128 | (*high as u128) << 64),
            _ => Integer(Repr::Large(Cow::Borrowed(words))),
        }
    }

    /// A value of words, the least significant first.
    pub fn from_words(words: &[u64]) -> Self {
        let zeros = words.iter().rev().take_while(|word| **word == 0).count();
        match &words[..words.len() - zeros] {
            [] => Integer::ZERO,
            [low] => Integer::from(*low),
            [low, high] => Integer::new(u128::from(*low) | u128::from(*high) << 64),
            large => Integer(Repr::Large(Cow::Owned(large.to_vec()))),
        }
    }

    /// A value of bytes in network order, with any number of zeros in front.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let word = |bytes: &[u8]| {
            let fold = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
            bytes.iter().fold(0, fold)
        };
        let words: Vec<u64> = bytes.rchunks(8).map(word).collect();
        Integer::from_words(&words)
    }

    /// The fewest bytes in network order, but at least one.
    pub fn to_be_bytes(&self) -> Vec<u8> {
        let count = self.bits().div_ceil(8).max(1);
        let byte = |index: u32| (self.word(index as usize / 8) >> (index % 8 * 8)) as u8;
        (0..count).rev().map(byte).collect()
    }

    /// `bits` bits in network order from bit `offset` of some bytes on; 0 beyond their end.
    pub fn from_bits(bytes: &[u8], offset: usize, bits: u32) -> Self {
        let word = |index: u32| {
            let end = bits - index * 64;
            let count = end.min(64);
            crate::get_bits(bytes, offset + (end - count) as usize, count) as u64
        };
        let words: Vec<u64> = (0..bits.div_ceil(64)).map(word).collect();
        Integer::from_words(&words)
    }

    /// Writes the low `bits` bits in network order from bit `offset` of some bytes on.
    pub fn put_bits(&self, bytes: &mut [u8], offset: usize, bits: u32) {
        for index in 0..bits.div_ceil(64) {
            let end = bits - index * 64;
            let count = end.min(64);
            let word = self.word(index as usize).into();
            crate::put_bits(bytes, offset + (end - count) as usize, count, word);
        }
    }

    /// All ones in the low `bits` bits.
    pub fn ones(bits: u32) -> Self {
        Integer::prefix_mask(bits, bits)
    }

    /// Ones in the first `length` of `bits` bits.
    pub fn prefix_mask(bits: u32, length: u32) -> Self {
        let low = bits.saturating_sub(length);
        if bits <= 128 {
            return Integer::new(crate::layout::ones(bits) & !crate::layout::ones(low));
        }
        let word = |index: u32| {
            let below = |end: u32| crate::layout::ones(end.saturating_sub(index * 64).min(64));
            (below(bits) & !below(low)) as u64
        };
        let words: Vec<u64> = (0..bits.div_ceil(64)).map(word).collect();
        Integer::from_words(&words)
    }

    /// The value, if it has at most 128 bits.
    pub fn to_u128(&self) -> Option<u128> {
        match &self.0 {
            Repr::Small(value) => Some(*value),
            Repr::Large(_) => None,
        }
    }

    /// Word `index`, from the least significant one on; 0 above the value.
    pub fn word(&self, index: usize) -> u64 {
        match &self.0 {
            Repr::Small(value) if index < 2 => (value >> (index * 64)) as u64,
            Repr::Small(_) => 0,
            Repr::Large(words) => words.get(index).copied().unwrap_or(0),
        }
    }

    /// Number of words up to the last that is not 0.
    fn len(&self) -> usize {
        self.bits().div_ceil(64) as usize
    }

    /// Bits up to the highest that is 1.
    pub fn bits(&self) -> u32 {
        match &self.0 {
            Repr::Small(value) => 128 - value.leading_zeros(),
            Repr::Large(words) => {
                let top = words.last().map_or(0, |word| word.leading_zeros());
                words.len() as u32 * 64 - top
            }
        }
    }

    /// Whether it has no more than so many bits.
    pub fn fits(&self, bits: u32) -> bool {
        self.bits() <= bits
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.0 == Repr::Small(0)
    }

    /// How many of its bits are 1.
    pub fn count_ones(&self) -> u32 {
        match &self.0 {
            Repr::Small(value) => value.count_ones(),
            Repr::Large(words) => words.iter().map(|word| word.count_ones()).sum(),
        }
    }

    fn combined(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let both = 0..self.len().max(other.len());
        let words: Vec<u64> = both
            .map(|index| combine(self.word(index), other.word(index)))
            .collect();
        Integer::from_words(&words)
    }

    /// The bits that are 1 in both.
    pub fn and(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a & b)
    }

    /// The bits that are 1 in one of them.
    pub fn or(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a | b)
    }

    /// The bits that are 0 in the mask.
    pub fn without(&self, mask: &Self) -> Self {
        self.combined(mask, |a, b| a & !b)
    }

    /// `self * factor + term`.
    pub fn mul_add(&self, factor: u64, term: u64) -> Self {
        let mut carry = u128::from(term);
        let word = |index| {
            carry += u128::from(self.word(index)) * u128::from(factor);
            let low = carry as u64;
            carry >>= 64;
            low
        };
        let words: Vec<u64> = (0..=self.len()).map(word).collect();
        Integer::from_words(&words)
    }
}

impl Default for Integer {
    fn default() -> Self {
        Integer::ZERO
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            _ => {
                let words = |it: &Self, len| (0..len).rev().map(|index| it.word(index)).collect();
                let len = self.len().max(other.len());
                let (a, b): (Vec<u64>, Vec<u64>) = (words(self, len), words(other, len));
                a.cmp(&b)
            }
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<u128> for Integer {
    fn eq(&self, other: &u128) -> bool {
        self.to_u128() == Some(*other)
    }
}

/// In decimal, beyond 128 bits in hexadecimal.
impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(value) => fmt::Display::fmt(value, f),
            Repr::Large(_) => write!(f, "{self:#x}"),
        }
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::LowerHex for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(value) => fmt::LowerHex::fmt(value, f),
            Repr::Large(words) => {
                let (top, rest) = words.split_last().unwrap_or((&0, &[]));
                let mut digits = format!("{top:x}");
                for word in rest.iter().rev() {
                    digits.push_str(&format!("{word:016x}"));
                }
                f.pad_integral(true, "0x", &digits)
            }
        }
    }
}

macro_rules! primitives {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Integer {
            fn from(value: $integer) -> Self {
                Integer::new(value.into())
            }
        }
    )*};
}

primitives!(bool u8 u16 u32 u64 u128);

impl From<&Integer> for Integer {
    fn from(value: &Integer) -> Self {
        value.clone()
    }
}

macro_rules! fitting {
    ($($integer:ty)*) => {$(
        impl TryFrom<&Integer> for $integer {
            type Error = TooLarge;

            fn try_from(value: &Integer) -> Result<Self, TooLarge> {
                let value = value.to_u128().ok_or(TooLarge)?;
                value.try_into().map_err(|_| TooLarge)
            }
        }

        impl TryFrom<Integer> for $integer {
            type Error = TooLarge;

            fn try_from(value: Integer) -> Result<Self, TooLarge> {
                Self::try_from(&value)
            }
        }
    )*};
}

fitting!(u8 u16 u32 u64 u128 usize);

impl<const N: usize> From<Wide<N>> for Integer {
    fn from(value: Wide<N>) -> Self {
        Integer::from_words(&value.0)
    }
}

impl<const N: usize> TryFrom<&Integer> for Wide<N> {
    type Error = TooLarge;

    fn try_from(value: &Integer) -> Result<Self, TooLarge> {
        match value.len() <= N {
            true => Ok(Wide(std::array::from_fn(|index| value.word(index)))),
            false => Err(TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_has_one_form_however_it_is_made() {
        static WORDS: [u64; 4] = [1, 0, 7, 0];
        let large = Integer::from_words(&WORDS);
        assert_eq!(large, Integer::from_static(&WORDS));
        assert_eq!(large.bits(), 131);
        assert_eq!(large.to_u128(), None);
        assert_eq!(large.to_string(), "0x700000000000000000000000000000001");
        assert_eq!(Integer::from_static(&[5, 0, 0]), 5);
        assert_eq!(Integer::from_words(&[]), Integer::ZERO);
        assert_eq!(Integer::ZERO.to_be_bytes(), [0]);
        assert_eq!(Integer::ones(129).to_be_bytes().len(), 17);
        assert_eq!(Integer::prefix_mask(8, 3), 0xe0);
        assert_eq!(
            Integer::prefix_mask(192, 64),
            Integer::from_words(&[0, 0, u64::MAX])
        );
        assert_eq!(Wide::<2>::try_from(&large), Err(TooLarge));
        assert_eq!(Wide::<3>::try_from(&large), Ok(Wide([1, 0, 7])));
    }

    proptest! {
        #[test]
        fn bytes_and_words_are_the_same_value(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let value = Integer::from_be_bytes(&bytes);
            let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
            let shown = value.to_be_bytes();
            if significant.is_empty() {
                prop_assert_eq!(shown, [0]);
            } else {
                prop_assert_eq!(&shown, &significant);
            }
            // A digit more at the end is a multiplication and an addition.
            let appended: Vec<u8> = bytes.iter().copied().chain([0xab]).collect();
            prop_assert_eq!(value.mul_add(256, 0xab), Integer::from_be_bytes(&appended));
            let mut copied = [0xff; 42];
            let bits = bytes.len() as u32 * 8;
            value.put_bits(&mut copied, 11, bits);
            prop_assert_eq!(Integer::from_bits(&copied, 11, bits), value);
        }

        #[test]
        fn small_ones_are_as_integers_of_rust(a: u128, b: u128) {
            let (x, y) = (Integer::from(a), Integer::from(b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.and(&y), a & b);
            prop_assert_eq!(x.or(&y), a | b);
            prop_assert_eq!(x.without(&y), a & !b);
            prop_assert_eq!(x.count_ones(), a.count_ones());
            prop_assert_eq!(format!("{x:#x}"), format!("{a:#x}"));
        }

        #[test]
        fn large_ones_are_ordered_as_their_bytes(a: [u8; 20], b: [u8; 20]) {
            let (x, y) = (Integer::from_be_bytes(&a), Integer::from_be_bytes(&b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.clone().cmp(&Integer::from(u128::MAX)) == Ordering::Greater, x.bits() > 128);
        }
    }
}
