//! Headers as wholes: made valid and invalid, copied, pushed and popped.

use crate::bmv2::expr::ast::HeaderOf;
use crate::bmv2::expr::{Number, Scope, Word, number};
use crate::bmv2::layout::{Layout, Stack as StackLayout};
use crate::bmv2::state::State;

/// One header of a block: where it lies, and the other members of its union.
type Place = (u32, Box<[u32]>);

/// A header, or one of several of one type.
#[derive(Debug)]
pub struct Block {
    places: Box<[Place]>,
    /// Which of them; the first if absent.
    index: Option<Word>,
    /// Words.
    pub words: u32,
    /// Bytes on the wire, but for a variable-length field.
    pub bytes: u32,
    /// The word with the length of the variable-length field.
    variable: Option<u32>,
}

impl Block {
    /// Of a header or a choice of headers.
    pub fn of(layout: &Layout<'_>, header: &HeaderOf) -> Self {
        let place = |index: &usize| {
            let header = layout.headers.get(*index);
            header.map_or((0, Box::default()), |header| {
                (header.base, header.siblings.clone().into())
            })
        };
        let (headers, index) = match header.fixed() {
            Some(one) => (vec![one], None),
            None => match number(layout, &header.index, 64) {
                Number::Word(word) => (header.headers.clone(), Some(word)),
                Number::Wide(wide) => (header.headers.clone(), Some(Word::Low(Box::new(wide)))),
            },
        };
        let kind = headers.first().and_then(|first| layout.type_of(*first));
        let variable = kind.and_then(|kind| kind.fields.iter().find(|field| field.variable));
        Block {
            places: headers.iter().map(place).collect(),
            index,
            words: kind.map_or(1, |kind| kind.words),
            bytes: kind.map_or(0, |kind| kind.bits / 8),
            variable: variable.map(|field| field.offset - 1),
        }
    }

    /// Of one header.
    pub fn one(layout: &Layout<'_>, header: usize) -> Self {
        Block::of(layout, &HeaderOf::one(header))
    }

    fn place(&self, scope: &Scope<'_>) -> Option<&Place> {
        match &self.index {
            None => self.places.first(),
            Some(index) => self.places.get(usize::try_from(index.eval(scope)).ok()?),
        }
    }

    /// Where the header lies.
    pub fn base(&self, scope: &Scope<'_>) -> Option<u32> {
        self.place(scope).map(|(base, _)| *base)
    }

    /// Bytes of the header at a place.
    fn length(&self, state: &State, base: u32) -> u64 {
        let variable = self
            .variable
            .map_or(0, |offset| state.word(base + offset) / 8);
        u64::from(self.bytes) + variable
    }

    /// Makes the header valid, its fields 0, unless it is valid.
    pub fn add(&self, state: &mut State, arguments: &[u64]) {
        let scope = scope(state, arguments);
        let Some((base, siblings)) = self.place(&scope) else {
            return;
        };
        if state.word(*base) == 0 {
            state.slice_mut(*base, self.words).fill(0);
            make_valid(state, *base, siblings);
            state.length += self.length(state, *base);
        }
    }

    /// Makes the header invalid.
    pub fn remove(&self, state: &mut State, arguments: &[u64]) {
        let scope = scope(state, arguments);
        let Some(base) = self.base(&scope) else {
            return;
        };
        if state.word(base) != 0 {
            state.length = state.length.saturating_sub(self.length(state, base));
            invalidate(state, base);
        }
    }

    /// Makes this header as another one is.
    pub fn assign(&self, state: &mut State, arguments: &[u64], from: &Block) {
        let scope = scope(state, arguments);
        let Some((base, siblings)) = self.place(&scope) else {
            return;
        };
        match from.base(&scope).filter(|from| state.word(*from) != 0) {
            None => invalidate(state, *base),
            Some(from) => {
                state.copy(from, *base, self.words);
                make_valid(state, *base, siblings);
            }
        }
    }
}

fn scope<'s>(state: &'s State, arguments: &'s [u64]) -> Scope<'s> {
    Scope {
        words: &state.words,
        arguments,
        registers: &[],
    }
}

/// Makes a header valid and the others of its union invalid.
#[inline]
pub fn make_valid(state: &mut State, base: u32, siblings: &[u32]) {
    state.put(base, 1);
    for other in siblings {
        state.put(*other, 0);
    }
}

/// Makes a header invalid; its fields keep their values.
#[inline]
pub fn invalidate(state: &mut State, base: u32) {
    state.put(base, 0);
}

/// Which way a stack is shifted.
#[derive(Clone, Copy, Debug)]
pub enum Shift {
    Push,
    Pop,
}

/// A stack of headers or unions.
#[derive(Debug)]
pub struct Stack {
    /// Where the headers of each element lie.
    elements: Box<[Box<[u32]>]>,
    /// Words of each header of an element.
    words: Box<[u32]>,
    next: u32,
}

impl Stack {
    /// A stack of headers.
    pub fn of_headers(layout: &Layout<'_>, stack: &StackLayout) -> Self {
        let elements = stack.elements.iter();
        let words = stack
            .elements
            .first()
            .and_then(|first| layout.type_of(*first));
        Stack {
            elements: elements
                .map(|header| [layout.base(*header)].into())
                .collect(),
            words: [words.map_or(1, |kind| kind.words)].into(),
            next: stack.next,
        }
    }

    /// A stack of unions.
    pub fn of_unions(layout: &Layout<'_>, stack: &StackLayout) -> Self {
        let members = |union: &usize| layout.unions.get(*union).into_iter().flatten();
        let elements = stack.elements.iter();
        let words = stack.elements.first().into_iter().flat_map(members);
        Stack {
            elements: elements
                .map(|union| members(union).map(|header| layout.base(*header)).collect())
                .collect(),
            words: words
                .map(|header| layout.type_of(*header).map_or(1, |kind| kind.words))
                .collect(),
            next: stack.next,
        }
    }

    /// Moves the elements by `count` places, the free ones becoming invalid (P4-16 specification, section on header stacks).
    pub fn shift(&self, state: &mut State, shift: Shift, count: u64) {
        let size = self.elements.len();
        let count = usize::try_from(count).unwrap_or(size).min(size);
        let next = state.word(self.next);
        match shift {
            Shift::Push => {
                let all = size as u64;
                state.put(self.next, next.saturating_add(count as u64).min(all));
                for to in (count..size).rev() {
                    self.copy(state, to - count, to);
                }
                (0..count).for_each(|free| self.clear(state, free));
            }
            Shift::Pop => {
                state.put(self.next, next.saturating_sub(count as u64));
                for to in 0..size - count {
                    self.copy(state, to + count, to);
                }
                (size - count..size).for_each(|free| self.clear(state, free));
            }
        }
    }

    fn copy(&self, state: &mut State, from: usize, to: usize) {
        let pair = self.elements.get(from).zip(self.elements.get(to));
        let headers = pair
            .into_iter()
            .flat_map(|(from, to)| from.iter().zip(to.iter()));
        for ((from, to), words) in headers.zip(&self.words) {
            state.copy(*from, *to, *words);
        }
    }

    fn clear(&self, state: &mut State, element: usize) {
        for base in self.elements.get(element).into_iter().flatten() {
            invalidate(state, *base);
        }
    }
}
