//! From what the document says to what computes it: in a word where the bounds allow it, else in numbers of any width.
//!
//! The low 64 bits of a sum, a difference, a product, and of bitwise operations follow from the low 64 bits of the operands; of
//! the other operations only if the operands fit a word whole.

use super::ast::{Binary, Compare, Data, HeaderOf, Truth, UnionOf};
use super::bounds::{Sign, bounds, sign, width};
use super::wide::Wide;
use super::word::{Element, Word, masked};
use crate::bmv2::layout::{FieldRef, Layout};
use dpr_runtime::Place;
use num_bigint::BigInt;
use num_traits::Signed;

/// A number that was compiled.
#[derive(Clone, Debug)]
pub enum Number {
    /// In a word.
    Word(Word),
    /// In as many as it takes.
    Wide(Wide),
}

/// Compiles a number of which the low `bits` bits are wanted.
pub fn number(layout: &Layout<'_>, data: &Data, bits: u32) -> Number {
    if bits <= 64 || sign(bounds(data)) == Some(Sign::Unsigned) {
        Number::Word(low(layout, data))
    } else {
        Number::Wide(wide(layout, data))
    }
}

/// Where the headers of a choice lie.
fn bases(layout: &Layout<'_>, header: &HeaderOf) -> Vec<u32> {
    header
        .headers
        .iter()
        .map(|header| layout.base(*header))
        .collect()
}

/// Where the members of each union of a choice lie.
pub fn union_bases(layout: &Layout<'_>, union: &UnionOf) -> Vec<Vec<u32>> {
    let members = |union: &usize| layout.unions.get(*union).into_iter().flatten();
    let unions = union.unions.iter();
    unions
        .map(|union| members(union).map(|header| layout.base(*header)).collect())
        .collect()
}

/// A field of a header that is chosen while running.
pub fn element(layout: &Layout<'_>, header: &HeaderOf, field: FieldRef) -> Element {
    Element {
        bases: bases(layout, header).into(),
        index: low(layout, &header.index),
        offset: field.slot,
        bits: field.bits,
        signed: field.signed,
    }
}

fn low_bits(value: &BigInt) -> u64 {
    let magnitude = value.iter_u64_digits().next().unwrap_or(0);
    if value.is_negative() {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

fn argument(place: Place) -> Word {
    let mask = super::ones(place.bits.min(64));
    Word::Argument(place.start / 64, place.start % 64, mask)
}

/// The low 64 bits of a number.
fn low(layout: &Layout<'_>, data: &Data) -> Word {
    match data {
        Data::Const(value) => Word::Const(low_bits(value)),
        Data::Field(field) if field.signed && field.bits <= 64 => {
            Word::SignedSlot(field.slot, field.bits)
        }
        Data::Field(field) => Word::Slot(field.slot),
        Data::Argument(place) => argument(*place),
        Data::Register(array, _, index) => {
            Word::Register(*array as u32, Box::new(low(layout, index)))
        }
        Data::Element(header, field) => Word::Element(Box::new(element(layout, header, *field))),
        Data::Not(inner) => Word::Complement(Box::new(low(layout, inner))),
        Data::Choice(parts) => Word::Choice(Box::new((
            truth(layout, &parts.0),
            low(layout, &parts.1),
            low(layout, &parts.2),
        ))),
        Data::FromTruth(inner) => truth(layout, inner),
        Data::Next(slot, minus) => Word::Next(*slot, *minus),
        Data::Binary(op, sides) => low_binary(layout, data, *op, &sides.0, &sides.1),
    }
}

fn low_binary(layout: &Layout<'_>, whole: &Data, op: Binary, left: &Data, right: &Data) -> Word {
    let both = || Box::new((low(layout, left), low(layout, right)));
    let signs = (sign(bounds(left)), sign(bounds(right)));
    let is_small = signs.1 == Some(Sign::Unsigned);
    match (op, signs) {
        (Binary::Add, _) => Word::Add(both()),
        (Binary::Sub, _) => Word::Sub(both()),
        (Binary::Mul, _) => Word::Mul(both()),
        (Binary::And, _) => match (left, right) {
            (other, Data::Const(mask)) | (Data::Const(mask), other) => {
                masked(low(layout, other), low_bits(mask))
            }
            _ => Word::And(both()),
        },
        (Binary::Or, _) => Word::Or(both()),
        (Binary::Xor, _) => Word::Xor(both()),
        (Binary::ShiftLeft, _) if is_small => Word::ShiftLeft(both()),
        (Binary::ShiftRight, (Some(Sign::Unsigned), _)) if is_small => Word::ShiftRight(both()),
        (Binary::ShiftRight, (Some(Sign::Signed), _)) if is_small => Word::ShiftRightSigned(both()),
        (Binary::Div, (Some(Sign::Unsigned), _)) if is_small => Word::Div(both()),
        (Binary::Mod, (Some(Sign::Unsigned), _)) if is_small => Word::Mod(both()),
        (Binary::Signed, _) if width(right).is_some_and(|width| width <= 64) => {
            Word::Extend(Box::new(low(layout, left)), width(right).unwrap_or(64))
        }
        (Binary::SaturateSigned | Binary::SaturateUnsigned, (Some(sign), _))
            if bounds(whole).is_some() =>
        {
            let (least, most) = bounds(whole).unwrap_or_default();
            Word::Clamp(Box::new(low(layout, left)), sign, least, most)
        }
        _ => {
            let sides = Box::new((wide(layout, left), wide(layout, right)));
            Word::Low(Box::new(Wide::Binary(op, sides)))
        }
    }
}

/// A number whole.
fn wide(layout: &Layout<'_>, data: &Data) -> Wide {
    if let Some(sign) = sign(bounds(data)) {
        // What fits a word is computed in words unless a part of it is to be computed wide, which `low` sees to.
        return Wide::Word(Box::new(low(layout, data)), sign);
    }
    match data {
        Data::Const(value) => Wide::Const(value.clone()),
        Data::Field(field) => Wide::Slots(field.slot, field.bits, field.signed),
        Data::Argument(place) => Wide::Argument(place.start / 64, place.bits),
        Data::Register(array, _, index) => {
            Wide::Register(*array as u32, Box::new(low(layout, index)))
        }
        Data::Element(header, field) => Wide::Element(Box::new(element(layout, header, *field))),
        Data::Not(inner) => Wide::Not(Box::new(wide(layout, inner))),
        Data::Choice(parts) => Wide::Choice(Box::new((
            truth(layout, &parts.0),
            wide(layout, &parts.1),
            wide(layout, &parts.2),
        ))),
        Data::FromTruth(inner) => Wide::Word(Box::new(truth(layout, inner)), Sign::Unsigned),
        Data::Next(slot, minus) => Wide::Word(Box::new(Word::Next(*slot, *minus)), Sign::Signed),
        Data::Binary(op, sides) => Wide::Binary(
            *op,
            Box::new((wide(layout, &sides.0), wide(layout, &sides.1))),
        ),
    }
}

fn compare(layout: &Layout<'_>, compare: Compare, left: &Data, right: &Data) -> Word {
    let words = || (low(layout, left), low(layout, right));
    match (sign(bounds(left)), sign(bounds(right))) {
        (Some(Sign::Unsigned), Some(Sign::Unsigned)) => {
            let (left, right) = words();
            match compare {
                Compare::Equal => Word::Equal(Box::new((left, right))),
                Compare::NotEqual => Word::IsZero(Box::new(Word::Equal(Box::new((left, right))))),
                Compare::Less => Word::Less(Box::new((left, right))),
                Compare::Greater => Word::Less(Box::new((right, left))),
                Compare::LessEqual => Word::IsZero(Box::new(Word::Less(Box::new((right, left))))),
                Compare::GreaterEqual => {
                    Word::IsZero(Box::new(Word::Less(Box::new((left, right)))))
                }
            }
        }
        (Some(left_sign), Some(right_sign)) => {
            let (left, right) = words();
            Word::Compare(compare, Box::new((left, left_sign, right, right_sign)))
        }
        _ => match (compare, left, right) {
            (Compare::Equal | Compare::NotEqual, Data::Field(left), Data::Field(right))
                if left.bits == right.bits && left.signed == right.signed =>
            {
                let same = Word::SameSlots(left.slot, right.slot, left.words());
                match compare {
                    Compare::Equal => same,
                    _ => Word::IsZero(Box::new(same)),
                }
            }
            (Compare::Equal | Compare::NotEqual, Data::Field(field), Data::Const(value))
            | (Compare::Equal | Compare::NotEqual, Data::Const(value), Data::Field(field))
                if !field.signed
                    && !value.is_negative()
                    && value.bits() <= u64::from(field.bits) =>
            {
                let same = same_as_const(*field, value);
                match compare {
                    Compare::Equal => same,
                    _ => Word::IsZero(Box::new(same)),
                }
            }
            _ => {
                let sides = Box::new((wide(layout, left), wide(layout, right)));
                Word::CompareWide(compare, sides)
            }
        },
    }
}

/// A comparison of each word of a field with what it should be.
fn same_as_const(field: FieldRef, value: &BigInt) -> Word {
    let mut digits = value.iter_u64_digits();
    let words = (0..field.words()).map(|word| {
        let digit = Word::Const(digits.next().unwrap_or(0));
        Word::Equal(Box::new((Word::Slot(field.slot + word), digit)))
    });
    let all = words.reduce(|left, right| Word::Both(Box::new((left, right))));
    all.unwrap_or(Word::Const(1))
}

/// Compiles what is true or false.
pub fn truth(layout: &Layout<'_>, truth_: &Truth) -> Word {
    let of = |inner: &Truth| truth(layout, inner);
    match truth_ {
        Truth::Const(value) => Word::Const(u64::from(*value)),
        Truth::Compare(how, sides) => compare(layout, *how, &sides.0, &sides.1),
        Truth::Same(sides) => Word::Equal(Box::new((of(&sides.0), of(&sides.1)))),
        Truth::And(sides) => Word::Both(Box::new((of(&sides.0), of(&sides.1)))),
        Truth::Or(sides) => Word::Either(Box::new((of(&sides.0), of(&sides.1)))),
        Truth::Not(inner) => Word::IsZero(Box::new(of(inner))),
        Truth::Valid(header) => match header.fixed() {
            Some(one) => Word::Slot(layout.base(one)),
            None => {
                let valid = FieldRef {
                    slot: 0,
                    bits: 1,
                    signed: false,
                    saturating: false,
                    variable: false,
                    valid: 0,
                };
                Word::Element(Box::new(element(layout, header, valid)))
            }
        },
        Truth::ValidUnion(union) => Word::AnyOf(Box::new((
            union_bases(layout, union),
            low(layout, &union.index),
        ))),
        Truth::SameHeaders(sides) => {
            let kind = sides
                .0
                .headers
                .first()
                .and_then(|first| layout.type_of(*first));
            Word::SameBlocks(Box::new((
                bases(layout, &sides.0),
                low(layout, &sides.0.index),
                bases(layout, &sides.1),
                low(layout, &sides.1.index),
                kind.map_or(1, |kind| kind.words),
            )))
        }
        Truth::SameUnions(sides) => {
            let side = |union: &UnionOf| (union_bases(layout, union), low(layout, &union.index));
            let first = sides
                .0
                .unions
                .first()
                .and_then(|union| layout.unions.get(*union));
            let words = first.into_iter().flatten().map(|header| {
                let kind = layout.type_of(*header);
                kind.map_or(1, |kind| kind.words)
            });
            Word::SameUnions(Box::new((side(&sides.0), side(&sides.1), words.collect())))
        }
        Truth::NotZero(data) => match bounds(data) {
            // A value of one bit is its own truth.
            Some((0, 1)) => low(layout, data),
            range if sign(range).is_some() => Word::NotZero(Box::new(low(layout, data))),
            _ => Word::NotZeroWide(Box::new(wide(layout, data))),
        },
        Truth::Choice(parts) => Word::Choice(Box::new((of(&parts.0), of(&parts.1), of(&parts.2)))),
    }
}
