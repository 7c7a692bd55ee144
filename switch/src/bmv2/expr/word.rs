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
    /// The value of the field.
    #[inline(never)]
    fn value(&self, scope: &Scope<'_>) -> u64 {
        match self.slot(scope) {
            Some(slot) if self.signed => extend(scope.word(slot), self.bits),
            Some(slot) => scope.word(slot),
            None => 0,
        }
    }

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

fn chosen<'l, T>(list: &'l [T], index: &Word, scope: &Scope<'_>) -> Option<&'l T> {
    list.get(usize::try_from(index.eval(scope)).ok()?)
}

impl Word {
    /// The value.
    ///
    /// What most expressions are is told apart in place: each place then has branches of its own, which the processor learns.
    #[inline(always)]
    pub fn eval(&self, scope: &Scope<'_>) -> u64 {
        match self {
            Word::Slot(slot) => scope.word(*slot),
            Word::Const(value) => *value,
            Word::Argument(word, shift, mask) => scope.argument(*word, *shift) & mask,
            computed => computed.compute(scope),
        }
    }

    /// The value of any; what takes more than a few registers has a function of its own, so that the others do not save them.
    #[inline(never)]
    fn compute(&self, scope: &Scope<'_>) -> u64 {
        match self {
            Word::Slot(slot) => scope.word(*slot),
            Word::Const(value) => *value,
            Word::Argument(word, shift, mask) => scope.argument(*word, *shift) & mask,
            Word::SignedSlot(slot, bits) => extend(scope.word(*slot), *bits),
            Word::Element(element) => element.value(scope),
            Word::Register(array, index) => register(*array, index, scope),
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
            Word::Clamp(inner, sign, low, high) => clamp(inner, *sign, *low, *high, scope),
            Word::Choice(parts) => match parts.0.eval(scope) {
                0 => parts.2.eval(scope),
                _ => parts.1.eval(scope),
            },
            Word::Equal(sides) => u64::from(sides.0.eval(scope) == sides.1.eval(scope)),
            Word::Less(sides) => u64::from(sides.0.eval(scope) < sides.1.eval(scope)),
            Word::Compare(compare, sides) => u64::from(compare_signed(*compare, sides, scope)),
            Word::CompareWide(compare, sides) => u64::from(compare_wide(*compare, sides, scope)),
            Word::SameSlots(left, right, count) => {
                u64::from(same_slots(scope, *left, *right, *count))
            }
            Word::NotZeroWide(wide) => u64::from(is_not_zero(wide, scope)),
            Word::NotZero(inner) => u64::from(inner.eval(scope) != 0),
            Word::IsZero(inner) => u64::from(inner.eval(scope) == 0),
            Word::Both(sides) => u64::from(sides.0.eval(scope) != 0 && sides.1.eval(scope) != 0),
            Word::Either(sides) => u64::from(sides.0.eval(scope) != 0 || sides.1.eval(scope) != 0),
            Word::AnyOf(parts) => u64::from(any_of(&parts.0, &parts.1, scope)),
            Word::SameBlocks(parts) => u64::from(same_headers(parts, scope)),
            Word::SameUnions(parts) => u64::from(same_unions(&parts.0, &parts.1, &parts.2, scope)),
            Word::Low(wide) => wide.low(scope),
        }
    }

    /// Whether the value is true.
    #[inline]
    pub fn is_true(&self, scope: &Scope<'_>) -> bool {
        self.eval(scope) != 0
    }
}

#[inline(never)]
fn register(array: u32, index: &Word, scope: &Scope<'_>) -> u64 {
    let mut low = [0];
    if let Some(array) = scope.registers.get(array as usize) {
        array.copy_to(index.eval(scope), &mut low);
    }
    let [low] = low;
    low
}

#[inline(never)]
fn clamp(inner: &Word, sign: Sign, low: i128, high: i128, scope: &Scope<'_>) -> u64 {
    whole(inner.eval(scope), sign).clamp(low, high) as u64
}

#[inline(never)]
fn compare_signed(compare: Compare, sides: &(Word, Sign, Word, Sign), scope: &Scope<'_>) -> bool {
    let (left, right) = (sides.0.eval(scope), sides.2.eval(scope));
    holds(compare, whole(left, sides.1).cmp(&whole(right, sides.3)))
}

#[inline(never)]
fn compare_wide(compare: Compare, sides: &(Wide, Wide), scope: &Scope<'_>) -> bool {
    holds(compare, sides.0.eval(scope).cmp(&sides.1.eval(scope)))
}

#[inline(never)]
fn is_not_zero(wide: &Wide, scope: &Scope<'_>) -> bool {
    wide.eval(scope) != num_bigint::BigInt::ZERO
}

fn same_slots(scope: &Scope<'_>, left: u32, right: u32, count: u32) -> bool {
    (0..count).all(|word| scope.word(left + word) == scope.word(right + word))
}

fn same_blocks(scope: &Scope<'_>, left: &u32, right: &u32, words: u32) -> bool {
    scope.word(*left) != 0 && same_slots(scope, *left, *right, words)
}

#[inline(never)]
fn any_of(lists: &[Vec<u32>], index: &Word, scope: &Scope<'_>) -> bool {
    let slots = chosen(lists, index, scope);
    slots.is_some_and(|slots| slots.iter().any(|slot| scope.word(*slot) != 0))
}

#[inline(never)]
fn same_headers(parts: &SameBlocks, scope: &Scope<'_>) -> bool {
    let (left, left_index, right, right_index, words) = parts;
    let sides = chosen(left, left_index, scope).zip(chosen(right, right_index, scope));
    sides.is_some_and(|(left, right)| same_blocks(scope, left, right, *words))
}

#[inline(never)]
fn same_unions(left: &SameUnion, right: &SameUnion, words: &[u32], scope: &Scope<'_>) -> bool {
    let sides = chosen(&left.0, &left.1, scope).zip(chosen(&right.0, &right.1, scope));
    sides.is_some_and(|(left, right)| {
        let mut pairs = left.iter().zip(right).zip(words);
        pairs.any(|((left, right), words)| same_blocks(scope, left, right, *words))
    })
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
