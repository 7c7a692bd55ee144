//! Integers of more than 128 bits.

use std::cmp::Ordering;
use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

/// An unsigned integer of `N` words, the least significant first. Arithmetic is modulo 2^(64 N).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wide<const N: usize>(pub [u64; N]);

impl<const N: usize> Default for Wide<N> {
    fn default() -> Self {
        Wide([0; N])
    }
}

impl<const N: usize> From<u128> for Wide<N> {
    fn from(value: u128) -> Self {
        let mut words = [0; N];
        for (word, part) in words.iter_mut().zip([value as u64, (value >> 64) as u64]) {
            *word = part;
        }
        Wide(words)
    }
}

impl<const N: usize> Wide<N> {
    /// 0.
    pub const ZERO: Self = Wide([0; N]);

    /// `bits` bits in network order from bit `offset` of some bytes on; 0 beyond their end.
    pub fn from_bits(bytes: &[u8], offset: usize, bits: u32) -> Self {
        let mut words = [0; N];
        let mut end = bits;
        for word in &mut words {
            let count = end.min(64);
            end -= count;
            *word = crate::get_bits(bytes, offset + end as usize, count) as u64;
        }
        Wide(words)
    }

    /// Writes the low `bits` bits in network order from bit `offset` of some bytes on.
    pub fn put_bits(self, bytes: &mut [u8], offset: usize, bits: u32) {
        let mut end = bits;
        for word in self.0 {
            let count = end.min(64);
            end -= count;
            crate::put_bits(bytes, offset + end as usize, count, word.into());
        }
    }

    /// The low 128 bits.
    pub fn low(self) -> u128 {
        let word = |index: usize| u128::from(self.0.get(index).copied().unwrap_or(0));
        word(0) | word(1) << 64
    }

    /// The low words, or zeros above all of them.
    pub fn resized<const M: usize>(self) -> Wide<M> {
        let mut words = [0; M];
        for (to, from) in words.iter_mut().zip(self.0) {
            *to = from;
        }
        Wide(words)
    }

    /// The low `bits` bits.
    pub fn masked(mut self, bits: u32) -> Self {
        let mut left = bits;
        for word in &mut self.0 {
            let count = left.min(64);
            left -= count;
            *word &= (crate::layout::ones(count)) as u64;
        }
        self
    }

    /// Bit `index`.
    fn bit(self, index: u32) -> bool {
        let word = self.0.get(index as usize / 64).copied().unwrap_or(0);
        word >> (index % 64) & 1 == 1
    }

    /// All bits from `bits` on as the one below: two's complement of `bits` bits in all words.
    pub fn sign_extended(self, bits: u32) -> Self {
        let value = self.masked(bits);
        match bits.checked_sub(1).is_some_and(|sign| value.bit(sign)) {
            true => value | !Wide([u64::MAX; N]).masked(bits),
            false => value,
        }
    }

    /// The sum.
    pub fn wrapping_add(self, other: Self) -> Self {
        let mut carry = false;
        let mut words = [0; N];
        for (word, (a, b)) in words.iter_mut().zip(self.0.into_iter().zip(other.0)) {
            let (sum, first) = a.overflowing_add(b);
            let (sum, second) = sum.overflowing_add(carry.into());
            *word = sum;
            carry = first | second;
        }
        Wide(words)
    }

    /// The opposite.
    pub fn wrapping_neg(self) -> Self {
        (!self).wrapping_add(Wide::from(1))
    }

    /// The difference.
    pub fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_add(other.wrapping_neg())
    }

    /// The product.
    pub fn wrapping_mul(self, other: Self) -> Self {
        let mut words = [0u64; N];
        for (shift, a) in self.0.into_iter().enumerate() {
            let mut carry = 0u128;
            for (word, b) in words.iter_mut().skip(shift).zip(other.0) {
                let sum = u128::from(*word) + u128::from(a) * u128::from(b) + carry;
                *word = sum as u64;
                carry = sum >> 64;
            }
        }
        Wide(words)
    }

    fn divided(self, divisor: Self) -> Option<(Self, Self)> {
        if divisor == Wide::ZERO {
            return None;
        }
        let (mut quotient, mut rest) = (Wide::ZERO, Wide::ZERO);
        for index in (0..64 * N as u32).rev() {
            let carries = rest.bit(64 * N as u32 - 1);
            rest = (rest << 1) | Wide::from(u128::from(self.bit(index)));
            quotient = quotient << 1;
            if carries || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                quotient = quotient | Wide::from(1);
            }
        }
        Some((quotient, rest))
    }

    /// The quotient; `None` of 0.
    pub fn checked_div(self, divisor: Self) -> Option<Self> {
        self.divided(divisor).map(|(quotient, _)| quotient)
    }

    /// The rest; `None` of 0.
    pub fn checked_rem(self, divisor: Self) -> Option<Self> {
        self.divided(divisor).map(|(_, rest)| rest)
    }

    /// The sum of values of `bits` bits, at most their largest.
    pub fn saturating_add(self, other: Self, bits: u32) -> Self {
        let most = Wide([u64::MAX; N]).masked(bits);
        match most.wrapping_sub(self) < other {
            true => most,
            false => self.wrapping_add(other),
        }
    }

    /// The difference, at least 0.
    pub fn saturating_sub(self, other: Self) -> Self {
        match self < other {
            true => Wide::ZERO,
            false => self.wrapping_sub(other),
        }
    }

    /// The sum (`-` if `subtracts`) of values in two's complement of `bits` bits, at most the largest and at least the smallest.
    pub fn saturating_signed(self, other: Self, bits: u32, subtracts: bool) -> Self {
        let sign = bits.saturating_sub(1);
        let term = if subtracts {
            other.wrapping_neg()
        } else {
            other
        };
        let sum = self.wrapping_add(term).masked(bits);
        // The sign is wrong if both terms have another one.
        let other_is_negative = other.bit(sign) != subtracts;
        let overflows = self.bit(sign) == other_is_negative && sum.bit(sign) != self.bit(sign);
        let least = Wide::<N>::from(1) << sign;
        match (overflows, self.bit(sign)) {
            (false, _) => sum,
            (true, true) => least,
            (true, false) => least.wrapping_sub(Wide::from(1)),
        }
    }

    /// Compares values in two's complement of `bits` bits.
    pub fn cmp_signed(self, other: Self, bits: u32) -> Ordering {
        let sign = bits.saturating_sub(1);
        match (self.bit(sign), other.bit(sign)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => self.cmp(&other),
        }
    }

    /// Shifted down, the sign of a value of `bits` bits repeated.
    pub fn shr_signed(self, amount: u32, bits: u32) -> Self {
        let fill = self.bit(bits.saturating_sub(1));
        let amount = amount.min(bits);
        let shifted = self >> amount;
        match fill {
            true => {
                shifted
                    | (Wide([u64::MAX; N]).masked(bits)
                        & !Wide([u64::MAX; N]).masked(bits - amount))
            }
            false => shifted,
        }
    }

    fn combined(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(other.0) {
            *word = combine(*word, other);
        }
        Wide(words)
    }
}

impl<const N: usize> Ord for Wide<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl<const N: usize> PartialOrd for Wide<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> BitAnd for Wide<N> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.combined(other, |a, b| a & b)
    }
}

impl<const N: usize> BitOr for Wide<N> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.combined(other, |a, b| a | b)
    }
}

impl<const N: usize> BitXor for Wide<N> {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        self.combined(other, |a, b| a ^ b)
    }
}

impl<const N: usize> Not for Wide<N> {
    type Output = Self;

    fn not(self) -> Self {
        Wide(self.0.map(|word| !word))
    }
}

impl<const N: usize> Shl<u32> for Wide<N> {
    type Output = Self;

    /// By the width or more: 0.
    fn shl(self, amount: u32) -> Self {
        let (skip, bits) = (amount as usize / 64, amount % 64);
        let mut words = [0; N];
        let mut below = 0;
        for (to, from) in words.iter_mut().skip(skip).zip(self.0) {
            *to = from << bits | below;
            below = from.checked_shr(64 - bits).unwrap_or(0);
        }
        Wide(words)
    }
}

impl<const N: usize> Shr<u32> for Wide<N> {
    type Output = Self;

    /// By the width or more: 0.
    fn shr(self, amount: u32) -> Self {
        let (skip, bits) = (amount as usize / 64, amount % 64);
        let mut words = [0; N];
        let above = self.0.into_iter().skip(skip + 1).chain([0]);
        for (to, (from, above)) in words
            .iter_mut()
            .zip(self.0.into_iter().skip(skip).zip(above))
        {
            *to = from >> bits | above.checked_shl(64 - bits).unwrap_or(0);
        }
        Wide(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Of two words it is as `u128`.
        #[test]
        fn arithmetic_is_that_of_integers(a: u128, b: u128, amount in 0u32..140) {
            let (x, y) = (Wide::<2>::from(a), Wide::<2>::from(b));
            prop_assert_eq!(x.wrapping_add(y).low(), a.wrapping_add(b));
            prop_assert_eq!(x.wrapping_sub(y).low(), a.wrapping_sub(b));
            prop_assert_eq!(x.wrapping_mul(y).low(), a.wrapping_mul(b));
            prop_assert_eq!(x.checked_div(y).map(Wide::low), a.checked_div(b));
            prop_assert_eq!(x.checked_rem(y).map(Wide::low), a.checked_rem(b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.cmp_signed(y, 128), (a as i128).cmp(&(b as i128)));
            prop_assert_eq!((x << amount).low(), a.checked_shl(amount).unwrap_or(0));
            prop_assert_eq!((x >> amount).low(), a.checked_shr(amount).unwrap_or(0));
            prop_assert_eq!(x.shr_signed(amount, 128).low(), ((a as i128) >> amount.min(127)) as u128);
            prop_assert_eq!(x.saturating_add(y, 128).low(), a.saturating_add(b));
            prop_assert_eq!(x.saturating_sub(y).low(), a.saturating_sub(b));
            prop_assert_eq!(x.saturating_signed(y, 128, false).low(), (a as i128).saturating_add(b as i128) as u128);
            prop_assert_eq!(x.saturating_signed(y, 128, true).low(), (a as i128).saturating_sub(b as i128) as u128);
        }

        #[test]
        fn what_is_put_is_got(words: [u64; 5], offset in 0usize..20, bits in 257u32..=320) {
            let value = Wide(words).masked(bits);
            let mut bytes = [0xff; 43];
            value.put_bits(&mut bytes, offset, bits);
            prop_assert_eq!(Wide::from_bits(&bytes, offset, bits), value);
        }
    }
}
