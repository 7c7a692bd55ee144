//! Numbers of any width.

use super::ast::Binary;
use super::bounds::Sign;
use super::word::{Element, Word};
use super::{Scope, ones};
use num_bigint::{BigInt, Sign as BigSign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};

/// Bits to the left beyond which nothing is shifted: no field has as many.
const MOST_SHIFT: u32 = 1 << 17;

/// An expression whose value may not fit a word.
#[derive(Clone, Debug)]
pub enum Wide {
    Const(BigInt),
    /// A field: first word, width, whether it is signed.
    Slots(u32, u32, bool),
    /// An argument: first word, width.
    Argument(u32, u32),
    Element(Box<Element>),
    Register(u32, Box<Word>),
    Word(Box<Word>, Sign),
    Binary(Binary, Box<(Wide, Wide)>),
    Not(Box<Wide>),
    Choice(Box<(Word, Wide, Wide)>),
}

fn of_words(words: impl Iterator<Item = u64>, bits: u32, signed: bool) -> BigInt {
    let digits: Vec<u32> = words
        .flat_map(|word| [word as u32, (word >> 32) as u32])
        .collect();
    let value = BigInt::from_slice(BigSign::Plus, &digits);
    if signed { wrap(value, bits) } else { value }
}

/// The number that the low bits are in two's complement.
fn wrap(value: BigInt, bits: u32) -> BigInt {
    let whole = BigInt::from(1) << bits;
    let low = value.mod_floor(&whole);
    if bits > 0 && low.bit(u64::from(bits) - 1) {
        low - whole
    } else {
        low
    }
}

fn low_word(value: &BigInt) -> u64 {
    let magnitude = value.iter_u64_digits().next().unwrap_or(0);
    if value.is_negative() {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

impl Wide {
    /// The value.
    pub fn eval(&self, scope: &Scope<'_>) -> BigInt {
        let slots = |slot: u32, bits: u32, signed| {
            let words = (0..bits.div_ceil(64)).map(|word| scope.word(slot + word));
            of_words(words, bits, signed)
        };
        match self {
            Wide::Const(value) => value.clone(),
            Wide::Slots(slot, bits, signed) => slots(*slot, *bits, *signed),
            Wide::Argument(first, bits) => {
                let first = *first as usize;
                let words = first..first + (*bits).div_ceil(64) as usize;
                let words = words.map(|word| scope.arguments.get(word).copied().unwrap_or(0));
                of_words(words, *bits, false)
            }
            Wide::Element(element) => match element.slot(scope) {
                Some(slot) => slots(slot, element.bits, element.signed),
                None => BigInt::ZERO,
            },
            Wide::Register(array, index) => {
                let index = index.eval(scope);
                match scope.registers.get(*array as usize) {
                    Some(array) => {
                        let mut words = vec![0; array.stride()];
                        array.copy_to(index, &mut words);
                        of_words(words.into_iter(), array.bits(), false)
                    }
                    None => BigInt::ZERO,
                }
            }
            Wide::Word(word, Sign::Unsigned) => word.eval(scope).into(),
            Wide::Word(word, Sign::Signed) => (word.eval(scope) as i64).into(),
            Wide::Binary(op, sides) => binary(*op, sides.0.eval(scope), sides.1.eval(scope)),
            Wide::Not(inner) => !inner.eval(scope),
            Wide::Choice(parts) => match parts.0.is_true(scope) {
                true => parts.1.eval(scope),
                false => parts.2.eval(scope),
            },
        }
    }

    /// The low 64 bits in two's complement.
    pub fn low(&self, scope: &Scope<'_>) -> u64 {
        low_word(&self.eval(scope))
    }
}

fn binary(op: Binary, left: BigInt, right: BigInt) -> BigInt {
    // A negative number of places is as many as there are: it cannot come from a program that was checked.
    let places = |most: u32| right.to_u32().unwrap_or(most).min(most);
    match op {
        Binary::Add => left + right,
        Binary::Sub => left - right,
        Binary::Mul => left * right,
        Binary::Div if right == BigInt::ZERO => BigInt::ZERO,
        Binary::Div => left / right,
        Binary::Mod if right == BigInt::ZERO => BigInt::ZERO,
        Binary::Mod => left % right,
        Binary::ShiftLeft => left << places(MOST_SHIFT),
        Binary::ShiftRight => left >> places(MOST_SHIFT),
        Binary::And => left & right,
        Binary::Or => left | right,
        Binary::Xor => left ^ right,
        Binary::Signed => wrap(left, places(MOST_SHIFT)),
        Binary::SaturateUnsigned => {
            let most = (BigInt::from(1) << places(MOST_SHIFT)) - 1;
            left.clamp(BigInt::ZERO, most)
        }
        Binary::SaturateSigned => {
            let half = BigInt::from(1) << places(MOST_SHIFT).saturating_sub(1);
            left.clamp(-&half, half - 1)
        }
    }
}

/// Writes the low bits of a number, in two's complement, into words.
pub fn put_wide(words: &mut [u64], bits: u32, value: &BigInt) {
    let mut digits = value.iter_u64_digits();
    let negative = value.is_negative();
    let mut carry = negative;
    let mut left = bits;
    for word in words {
        let digit = digits.next().unwrap_or(0);
        *word = if negative {
            let (complement, overflow) = (!digit).overflowing_add(u64::from(carry));
            carry = overflow;
            complement
        } else {
            digit
        } & ones(left.min(64));
        left = left.saturating_sub(64);
    }
}
