//! Numbers in one word.

use super::Scope;
use super::ast::Compare;
use super::bounds::Sign;
use super::wide::Wide;
use std::cmp::Ordering;

/// An expression whose value, or the low 64 bits of it in two's complement, is a word. Truth is 0 or 1.
#[derive(Clone, Debug)]
pub enum Word {
    Const(u64),
    /// A word of the packet's state.
    Slot(u32),
    /// One with a signed number of so many bits.
    SignedSlot(u32, u32),
    /// An argument: word, shift, mask.
    Argument(u32, u32, u64),
    Element(Box<Element>),
    Register(u32, Box<Word>),
    /// A stack's next index minus this.
    Next(u32, u64),
    Add(Box<(Word, Word)>),
    Sub(Box<(Word, Word)>),
    Mul(Box<(Word, Word)>),
    And(Box<(Word, Word)>),
    Or(Box<(Word, Word)>),
    Xor(Box<(Word, Word)>),
    /// The common case of [`Word::And`].
    Mask(Box<Word>, u64),
    Complement(Box<Word>),
    Div(Box<(Word, Word)>),
    Mod(Box<(Word, Word)>),
    ShiftLeft(Box<(Word, Word)>),
    ShiftRight(Box<(Word, Word)>),
    ShiftRightSigned(Box<(Word, Word)>),
    /// From so many bits in two's complement.
    Extend(Box<Word>, u32),
    /// At most this.
    Clamp(Box<Word>, Sign, i128, i128),
    Choice(Box<(Word, Word, Word)>),
    /// Both unsigned.
    Equal(Box<(Word, Word)>),
    Less(Box<(Word, Word)>),
    Compare(Compare, Box<(Word, Sign, Word, Sign)>),
    CompareWide(Compare, Box<(Wide, Wide)>),
    /// Whether so many words are the same from two places on.
    SameSlots(u32, u32, u32),
    /// Whether a wide number is not 0.
    NotZeroWide(Box<Wide>),
    NotZero(Box<Word>),
    IsZero(Box<Word>),
    /// The second only if the first is true.
    Both(Box<(Word, Word)>),
    /// The second only if the first is false.
    Either(Box<(Word, Word)>),
    /// Whether one of these words is not 0, of the list with this index.
    AnyOf(Box<(Vec<Vec<u32>>, Word)>),
    /// Whether two headers of so many words are both valid and the same.
    SameBlocks(Box<SameBlocks>),
    /// Whether two unions have the same valid header with the same content.
    SameUnions(Box<(SameUnion, SameUnion, Vec<u32>)>),
    /// The low 64 bits.
    Low(Box<Wide>),
}

/// Both sides of a comparison of headers: where they lie, by index, and the index; and their words.
pub type SameBlocks = (Vec<u32>, Word, Vec<u32>, Word, u32);

/// One side of a comparison of unions: where each member's block is, by index, and the index.
pub type SameUnion = (Vec<Vec<u32>>, Word);

/// A field of one of several headers of one type.
#[derive(Clone, Debug)]
pub struct Element {
    /// Where the headers lie.
    pub bases: Box<[u32]>,
    /// Which of them; beyond the end values are 0 and nothing is written.
    pub index: Word,
    /// The field's place in the header's block.
    pub offset: u32,
    /// Its width.
    pub bits: u32,
    pub signed: bool,
}

impl Element {
    /// The first word of the field.
    #[inline]
    pub fn slot(&self, scope: &Scope<'_>) -> Option<u32> {
        let index = usize::try_from(self.index.eval(scope)).ok()?;
        Some(self.bases.get(index)? + self.offset)
    }
}

/// The number that the low bits of a word are in two's complement.
#[inline(always)]
pub fn extend(word: u64, bits: u32) -> u64 {
    let shift = 64 - bits.clamp(1, 64);
    ((word << shift) as i64 >> shift) as u64
}

/// Whether a comparison holds for how the sides are ordered.
#[inline(always)]
pub fn holds(compare: Compare, order: Ordering) -> bool {
    match compare {
        Compare::Equal => order.is_eq(),
        Compare::NotEqual => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::LessEqual => order.is_le(),
        Compare::Greater => order.is_gt(),
        Compare::GreaterEqual => order.is_ge(),
    }
}

fn whole(word: u64, sign: Sign) -> i128 {
    match sign {
        Sign::Unsigned => i128::from(word),
        Sign::Signed => i128::from(word as i64),
    }
}

fn chosen<T>(list: &[T], index: &Word, scope: &Scope<'_>) -> Option<usize> {
    let index = usize::try_from(index.eval(scope)).ok()?;
    (index < list.len()).then_some(index)
}

impl Word {
    /// The value.
    pub fn eval(&self, scope: &Scope<'_>) -> u64 {
        match self {
            Word::Const(value) => *value,
            Word::Slot(slot) => scope.word(*slot),
            Word::SignedSlot(slot, bits) => extend(scope.word(*slot), *bits),
            Word::Argument(word, shift, mask) => {
                let word = scope.arguments.get(*word as usize).copied().unwrap_or(0);
                (word >> shift) & mask
            }
            Word::Element(element) => match element.slot(scope) {
                Some(slot) if element.signed => extend(scope.word(slot), element.bits),
                Some(slot) => scope.word(slot),
                None => 0,
            },
            Word::Register(array, index) => {
                let index = index.eval(scope);
                let array = scope.registers.get(*array as usize);
                let mut low = [0];
                if let Some(array) = array {
                    array.copy_to(index, &mut low);
                }
                let [low] = low;
                low
            }
            Word::Next(slot, minus) => scope.word(*slot).wrapping_sub(*minus),
            Word::Add(sides) => sides.0.eval(scope).wrapping_add(sides.1.eval(scope)),
            Word::Sub(sides) => sides.0.eval(scope).wrapping_sub(sides.1.eval(scope)),
            Word::Mul(sides) => sides.0.eval(scope).wrapping_mul(sides.1.eval(scope)),
            Word::And(sides) => sides.0.eval(scope) & sides.1.eval(scope),
            Word::Or(sides) => sides.0.eval(scope) | sides.1.eval(scope),
            Word::Xor(sides) => sides.0.eval(scope) ^ sides.1.eval(scope),
            Word::Mask(inner, mask) => inner.eval(scope) & mask,
            Word::Complement(inner) => !inner.eval(scope),
            Word::Div(sides) => sides
                .0
                .eval(scope)
                .checked_div(sides.1.eval(scope))
                .unwrap_or(0),
            Word::Mod(sides) => sides
                .0
                .eval(scope)
                .checked_rem(sides.1.eval(scope))
                .unwrap_or(0),
            Word::ShiftLeft(sides) => {
                let by = sides.1.eval(scope).min(64) as u32;
                sides.0.eval(scope).checked_shl(by).unwrap_or(0)
            }
            Word::ShiftRight(sides) => {
                let by = sides.1.eval(scope).min(64) as u32;
                sides.0.eval(scope).checked_shr(by).unwrap_or(0)
            }
            Word::ShiftRightSigned(sides) => {
                let by = sides.1.eval(scope).min(63) as u32;
                (sides.0.eval(scope) as i64 >> by) as u64
            }
            Word::Extend(inner, bits) => extend(inner.eval(scope), *bits),
            Word::Clamp(inner, sign, low, high) => {
                whole(inner.eval(scope), *sign).clamp(*low, *high) as u64
            }
            Word::Choice(parts) => match parts.0.eval(scope) {
                0 => parts.2.eval(scope),
                _ => parts.1.eval(scope),
            },
            Word::Equal(sides) => u64::from(sides.0.eval(scope) == sides.1.eval(scope)),
            Word::Less(sides) => u64::from(sides.0.eval(scope) < sides.1.eval(scope)),
            Word::Compare(compare, sides) => {
                let (left, right) = (sides.0.eval(scope), sides.2.eval(scope));
                let order = whole(left, sides.1).cmp(&whole(right, sides.3));
                u64::from(holds(*compare, order))
            }
            Word::CompareWide(compare, sides) => {
                let order = sides.0.eval(scope).cmp(&sides.1.eval(scope));
                u64::from(holds(*compare, order))
            }
            Word::SameSlots(left, right, count) => {
                let same =
                    (0..*count).all(|word| scope.word(left + word) == scope.word(right + word));
                u64::from(same)
            }
            Word::NotZeroWide(wide) => u64::from(wide.eval(scope) != num_bigint::BigInt::ZERO),
            Word::NotZero(inner) => u64::from(inner.eval(scope) != 0),
            Word::IsZero(inner) => u64::from(inner.eval(scope) == 0),
            Word::Both(sides) => u64::from(sides.0.eval(scope) != 0 && sides.1.eval(scope) != 0),
            Word::Either(sides) => u64::from(sides.0.eval(scope) != 0 || sides.1.eval(scope) != 0),
            Word::AnyOf(parts) => {
                let slots = chosen(&parts.0, &parts.1, scope).and_then(|index| parts.0.get(index));
                u64::from(
                    slots.is_some_and(|slots| slots.iter().any(|slot| scope.word(*slot) != 0)),
                )
            }
            Word::SameBlocks(parts) => {
                let (left, left_index, right, right_index, words) = parts.as_ref();
                let left = chosen(left, left_index, scope).and_then(|index| left.get(index));
                let right = chosen(right, right_index, scope).and_then(|index| right.get(index));
                let same = |(left, right)| same_blocks(scope, left, right, *words);
                u64::from(left.zip(right).is_some_and(same))
            }
            Word::SameUnions(parts) => {
                let (left, right, words) = parts.as_ref();
                let members = |side: &SameUnion| chosen(&side.0, &side.1, scope);
                let left = members(left).and_then(|index| left.0.get(index));
                let right = members(right).and_then(|index| right.0.get(index));
                let Some((left, right)) = left.zip(right) else {
                    return 0;
                };
                let pairs = left.iter().zip(right).zip(words);
                let mut pairs =
                    pairs.map(|((left, right), words)| same_blocks(scope, left, right, *words));
                u64::from(pairs.any(|same| same))
            }
            Word::Low(wide) => wide.low(scope),
        }
    }

    /// Whether the value is true.
    #[inline]
    pub fn is_true(&self, scope: &Scope<'_>) -> bool {
        self.eval(scope) != 0
    }
}

fn same_blocks(scope: &Scope<'_>, left: &u32, right: &u32, words: u32) -> bool {
    scope.word(*left) != 0
        && (0..words).all(|word| scope.word(left + word) == scope.word(right + word))
}

/// A mask of a word where that is all that an `and` does.
pub fn masked(word: Word, mask: u64) -> Word {
    match (word, mask) {
        (word, u64::MAX) => word,
        (Word::Const(value), mask) => Word::Const(value & mask),
        (Word::Mask(inner, before), mask) => Word::Mask(inner, before & mask),
        (Word::Argument(word, shift, before), mask) => Word::Argument(word, shift, before & mask),
        (word, mask) => Word::Mask(Box::new(word), mask),
    }
}
