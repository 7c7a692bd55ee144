//! Running a parser.

use super::{Case, Errors, Extracted, KeyPart, Op, ParseState, Parser, ValueSet};
use crate::bmv2::action::{self, Machine, make_valid};
use crate::bmv2::expr::{Number, Scope, Word, put_wide};
use crate::bmv2::layout::FieldRef;
use crate::bmv2::sink::{Sink, read_word, read_words};
use crate::bmv2::state::State;
use dpr_runtime::get_bits;

/// States that one packet may pass, so that a loop without progress ends.
const MOST_STATES: usize = 4096;

/// A parser's error, as the program numbers it.
struct Error(u64);

/// Parses a packet: fills headers, and says how far it came and what was wrong.
pub fn run(parser: &Parser, sets: &[ValueSet], state: &mut State, machine: &mut Machine<'_>) {
    let mut next = parser.start;
    for _ in 0..MOST_STATES {
        let Some(current) = next.and_then(|position| parser.states.get(position)) else {
            return;
        };
        match step(current, &parser.errors, sets, state, machine) {
            Ok(following) => next = following,
            Err(Error(code)) => return state.parser_error = code,
        }
    }
    state.parser_error = parser.errors.parser_timeout;
}

fn eval(word: &Word, state: &State, machine: &Machine<'_>) -> u64 {
    word.eval(&Scope {
        words: &state.words,
        arguments: &[],
        registers: machine.registers,
    })
}

fn step(
    current: &ParseState,
    errors: &Errors,
    sets: &[ValueSet],
    state: &mut State,
    machine: &mut Machine<'_>,
) -> Result<Option<usize>, Error> {
    for op in &current.ops {
        run_op(op, errors, state, machine)?;
    }
    if current.key.is_empty() {
        return Ok(current.default);
    }
    let rest = machine.packet.get(state.parsed..).unwrap_or_default();
    let needed = current.key.iter().filter_map(|part| match part {
        KeyPart::Lookahead(offset, bits) => Some((offset + bits).div_ceil(8) as usize),
        _ => None,
    });
    if needed.max().is_some_and(|needed| needed > rest.len()) {
        return Err(Error(errors.packet_too_short));
    }
    if current.key_bytes <= 8 {
        let key = current.key.iter().fold(0, |key, part| {
            let (value, bits) = small_part(part, rest, state, machine);
            let padded = bits.next_multiple_of(8);
            if padded >= 64 {
                value
            } else {
                key << padded | value
            }
        });
        return Ok(match_word(current, key, sets));
    }
    let mut sink = std::mem::take(&mut machine.scratch.key);
    sink.clear();
    for part in &current.key {
        push_part(part, rest, state, machine, &mut sink);
    }
    let next = match_bytes(current, sink.bytes(), sets);
    machine.scratch.key = sink;
    Ok(next)
}

fn small_part(part: &KeyPart, rest: &[u8], state: &State, machine: &Machine<'_>) -> (u64, u32) {
    match part {
        KeyPart::Field(field) => (state.word(field.slot), field.bits),
        KeyPart::Computed(Number::Word(word), bits) => (
            eval(word, state, machine) & crate::bmv2::expr::ones(*bits),
            *bits,
        ),
        KeyPart::Computed(Number::Wide(_), bits) => (0, *bits),
        KeyPart::Lookahead(offset, bits) => (read_word(rest, *offset as usize, *bits), *bits),
    }
}

/// Appends a part, padded in front to whole bytes.
fn push_part(part: &KeyPart, rest: &[u8], state: &State, machine: &Machine<'_>, sink: &mut Sink) {
    let pad = |bits: u32| bits.next_multiple_of(8) - bits;
    match part {
        KeyPart::Field(field) => {
            sink.push(0, pad(field.bits));
            sink.push_words(state.slice(field.slot, field.words()), field.bits);
        }
        KeyPart::Computed(Number::Wide(wide), bits) => {
            let mut words = vec![0; bits.div_ceil(64) as usize];
            let scope = Scope {
                words: &state.words,
                arguments: &[],
                registers: machine.registers,
            };
            put_wide(&mut words, *bits, &wide.eval(&scope));
            sink.push(0, pad(*bits));
            sink.push_words(&words, *bits);
        }
        KeyPart::Lookahead(offset, bits) if *bits > 64 => {
            sink.push(0, pad(*bits));
            let mut at = *offset as usize;
            let mut left = *bits;
            while left > 0 {
                let width = if left.is_multiple_of(64) {
                    64
                } else {
                    left % 64
                };
                sink.push(read_word(rest, at, width), width);
                at += width as usize;
                left -= width;
            }
        }
        small => {
            let (value, bits) = small_part(small, rest, state, machine);
            sink.push(0, pad(bits));
            sink.push(value, bits);
        }
    }
}

fn match_word(current: &ParseState, key: u64, sets: &[ValueSet]) -> Option<usize> {
    for case in &current.cases {
        match case {
            Case::Word(value, mask, next) if key & mask == *value => return *next,
            Case::Set(..) => {
                let bytes = key.to_be_bytes();
                let start = 8 - current.key_bytes as usize;
                let key = bytes.get(start..).unwrap_or_default();
                if let Some(next) = match_set(current, case, key, sets) {
                    return next;
                }
            }
            _ => {}
        }
    }
    current.default
}

fn match_bytes(current: &ParseState, key: &[u8], sets: &[ValueSet]) -> Option<usize> {
    for case in &current.cases {
        match case {
            Case::Bytes(value, mask, next) => {
                let mut parts = key.iter().zip(value).zip(mask);
                if parts.all(|((key, value), mask)| key & mask == *value) {
                    return *next;
                }
            }
            Case::Set(..) => {
                if let Some(next) = match_set(current, case, key, sets) {
                    return next;
                }
            }
            Case::Word(..) => {}
        }
    }
    current.default
}

/// Where a case with a value set leads, if the key is in it.
fn match_set(
    current: &ParseState,
    case: &Case,
    key: &[u8],
    sets: &[ValueSet],
) -> Option<Option<usize>> {
    let Case::Set(set, mask, next) = case else {
        return None;
    };
    let mut at = 0;
    let parts = current.key.iter().map(|part| {
        let bits = match part {
            KeyPart::Field(field) => field.bits,
            KeyPart::Computed(_, bits) | KeyPart::Lookahead(_, bits) => *bits,
        };
        let padded = bits.next_multiple_of(8) as usize;
        let value = get_bits(key, at, padded.min(128) as u32);
        let mask = match mask {
            Some(mask) => get_bits(mask, at, padded.min(128) as u32),
            None => u128::MAX,
        };
        at += padded;
        (value, mask)
    });
    let parts: Vec<_> = parts.collect();
    sets.get(*set)?.contains(&parts).then_some(*next)
}

fn run_op(
    op: &Op,
    errors: &Errors,
    state: &mut State,
    machine: &mut Machine<'_>,
) -> Result<(), Error> {
    match op {
        Op::Extract(header) => extract(header, None, errors, state, machine.packet),
        Op::ExtractVariable(header, length) => {
            let length = eval(length, state, machine);
            extract(header, Some(length), errors, state, machine.packet)
        }
        Op::ExtractNext(elements, next, length) => {
            let index = state.word(*next);
            let element = usize::try_from(index)
                .ok()
                .and_then(|index| elements.get(index));
            let header = element.ok_or(Error(errors.stack_out_of_bounds))?;
            let length = length.as_ref().map(|length| eval(length, state, machine));
            extract(header, length, errors, state, machine.packet)?;
            state.put(*next, index + 1);
            Ok(())
        }
        Op::Set(target, number) => {
            target.assign(state, &[], machine.registers, number);
            Ok(())
        }
        Op::SetLookahead(field, offset, bits) => {
            look_ahead(*field, *offset, *bits, errors, state, machine.packet)
        }
        Op::Primitive(primitive) => {
            action::run(std::slice::from_ref(primitive), &[], state, machine);
            Ok(())
        }
        Op::Verify(condition, error) => match eval(condition, state, machine) {
            0 => Err(Error(eval(error, state, machine))),
            _ => Ok(()),
        },
        Op::Advance(bits) => {
            let bits = eval(bits, state, machine);
            if !bits.is_multiple_of(8) {
                return Err(Error(errors.invalid_argument));
            }
            let left = machine.packet.len().saturating_sub(state.parsed) as u64;
            if bits / 8 > left {
                return Err(Error(errors.packet_too_short));
            }
            state.parsed += (bits / 8) as usize;
            Ok(())
        }
    }
}

fn look_ahead(
    field: FieldRef,
    offset: u32,
    bits: u32,
    errors: &Errors,
    state: &mut State,
    packet: &[u8],
) -> Result<(), Error> {
    let rest = packet.get(state.parsed..).unwrap_or_default();
    if rest.len() < (offset + bits).div_ceil(8) as usize {
        return Err(Error(errors.packet_too_short));
    }
    // Only the low bits of a wider lookahead fit the field.
    let width = bits.min(field.bits);
    let at = (offset + bits - width) as usize;
    read_words(rest, at, width, state.slice_mut(field.slot, field.words()));
    Ok(())
}

fn extract(
    header: &Extracted,
    length: Option<u64>,
    errors: &Errors,
    state: &mut State,
    packet: &[u8],
) -> Result<(), Error> {
    let rest = packet.get(state.parsed..).unwrap_or_default();
    let variable = length.unwrap_or(0);
    if !variable.is_multiple_of(8) {
        return Err(Error(errors.invalid_argument));
    }
    let bytes = u64::from(header.bits / 8).saturating_add(variable / 8);
    if bytes > rest.len() as u64 {
        return Err(Error(errors.packet_too_short));
    }
    if length.is_some() && bytes > u64::from(header.max_length) {
        return Err(Error(errors.header_too_short));
    }
    let mut shift = 0;
    for (field, at) in &header.fields {
        let at = *at as usize + shift;
        if field.variable {
            let bits = (variable as u32).min(field.bits);
            shift = bits as usize;
            state.put(field.slot - 1, u64::from(bits));
            read_words(rest, at, bits, state.slice_mut(field.slot, field.words()));
        } else if field.bits <= 64 {
            state.put(field.slot, read_word(rest, at, field.bits));
        } else {
            let words = state.slice_mut(field.slot, field.words());
            read_words(rest, at, field.bits, words);
        }
    }
    make_valid(state, header.base, &header.siblings);
    state.parsed += bytes as usize;
    Ok(())
}
