//! What is assigned to.

use crate::bmv2::expr::ast::{Binary, Data};
use crate::bmv2::expr::{Element, Number, Scope, element, ones, put_wide};
use crate::bmv2::layout::{FieldRef, Layout};
use crate::bmv2::state::State;
use dpr_runtime::Registers;
use num_bigint::BigInt;

/// A field, or a field of a header that is chosen while running.
#[derive(Debug)]
pub enum Target {
    /// Its first word and width.
    Field(u32, u32),
    Element(Box<Element>),
}

impl Target {
    /// The field that a number names, and the width that is wanted.
    pub fn of(layout: &Layout<'_>, data: &Data) -> Option<(Self, FieldRef)> {
        match data {
            Data::Field(field) => Some((Target::Field(field.slot, field.bits), *field)),
            Data::Element(header, field) => {
                let element = Box::new(element(layout, header, *field));
                Some((Target::Element(element), *field))
            }
            _ => None,
        }
    }

    #[inline]
    fn place(&self, scope: &Scope<'_>) -> Option<(u32, u32)> {
        match self {
            Target::Field(slot, bits) => Some((*slot, *bits)),
            Target::Element(element) => Some((element.slot(scope)?, element.bits)),
        }
    }

    /// Gives it the low bits of a number.
    pub fn assign(
        &self,
        state: &mut State,
        arguments: &[u64],
        registers: &[Registers],
        number: &Number,
    ) {
        let scope = Scope {
            words: &state.words,
            arguments,
            registers,
        };
        let place = self.place(&scope);
        match number {
            Number::Word(word) => {
                let value = word.eval(&scope);
                put(state, place, value);
            }
            Number::Wide(wide) => {
                let value = wide.eval(&scope);
                if let Some((slot, bits)) = place {
                    put_wide(state.slice_mut(slot, bits.div_ceil(64)), bits, &value);
                }
            }
        }
    }

    /// Gives it the low bits of a word.
    pub fn put(&self, state: &mut State, arguments: &[u64], registers: &[Registers], value: u64) {
        let scope = Scope {
            words: &state.words,
            arguments,
            registers,
        };
        let place = self.place(&scope);
        put(state, place, value);
    }

    /// Gives it the low bits of a register's cell.
    pub fn put_cell(
        &self,
        state: &mut State,
        arguments: &[u64],
        registers: &[Registers],
        register: &Registers,
        index: u64,
    ) {
        let scope = Scope {
            words: &state.words,
            arguments,
            registers,
        };
        let Some((slot, bits)) = self.place(&scope) else {
            return;
        };
        let count = bits.div_ceil(64).max(1);
        let words = state.slice_mut(slot, count);
        words.fill(0);
        register.copy_to(index, words);
        if let Some(highest) = words.last_mut() {
            *highest &= ones(bits - (count - 1) * 64);
        }
    }
}

#[inline(always)]
fn put(state: &mut State, place: Option<(u32, u32)>, value: u64) {
    let Some((slot, bits)) = place else { return };
    state.put(slot, value & ones(bits));
    for word in 1..bits.div_ceil(64) {
        state.put(slot + word, 0);
    }
}

/// The number that a field takes: the nearest that it can hold, if it saturates.
pub fn saturated(field: FieldRef, data: Data) -> Data {
    if !field.saturating {
        return data;
    }
    let cast = match field.signed {
        true => Binary::SaturateSigned,
        false => Binary::SaturateUnsigned,
    };
    let width = Data::Const(BigInt::from(field.bits));
    Data::Binary(cast, Box::new((data, width)))
}
