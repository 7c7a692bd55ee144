//! From the document's parser to ours.

use super::{Case, Errors, Extracted, KeyPart, Op, ParseState, Parser, ValueSet};
use crate::bmv2::action::{Reader, Target};
use crate::bmv2::error::Reason;
use crate::bmv2::expr::ast::Data;
use crate::bmv2::expr::{Number, Word, number, truth};
use crate::bmv2::json::{
    Loaded, fail, hex_bytes, items, list, member, miscounted, number as count, optional, text,
    text_of, unknown,
};
use crate::bmv2::layout::Layout;
use serde_json::Value;
use std::collections::HashMap;

/// Bytes of a state's key beyond which a program is refused.
const MOST_KEY_BYTES: usize = 1 << 12;

/// Reads a parser.
pub fn read<'a>(
    reader: &Reader<'_, 'a>,
    value: &'a Value,
    errors: Errors,
    sets: &[ValueSet],
) -> Loaded<Parser> {
    let states = list(value, "parse_states")?;
    let mut names = HashMap::new();
    for (position, state) in states.iter().enumerate() {
        names.insert(text_of(state, "name")?, position);
    }
    let context = Context {
        reader,
        names,
        sets,
    };
    let read = states.iter().map(|state| context.state(state));
    Ok(Parser {
        states: read.collect::<Loaded<_>>()?,
        start: context.next(optional(value, "init_state"))?,
        errors,
    })
}

struct Context<'c, 'a> {
    reader: &'c Reader<'c, 'a>,
    names: HashMap<&'a str, usize>,
    sets: &'c [ValueSet],
}

impl<'a> Context<'_, 'a> {
    fn layout(&self) -> &Layout<'a> {
        self.reader.layout
    }

    fn next(&self, value: &Value) -> Loaded<Option<usize>> {
        let Value::String(name) = value else {
            return Ok(None);
        };
        let found = self.names.get(name.as_str()).copied();
        found
            .map(Some)
            .ok_or_else(|| unknown(value, "parser state", name))
    }

    fn state(&self, value: &'a Value) -> Loaded<ParseState> {
        let ops = list(value, "parser_ops")?.iter().map(|op| self.op(op));
        let ops = ops.collect::<Loaded<_>>()?;
        let mut key = Vec::new();
        let mut widths = Vec::new();
        for part in list(value, "transition_key")? {
            let (part, bits) = self.key_part(part)?;
            key.push(part);
            widths.push(bits.div_ceil(8) as usize);
        }
        let key_bytes: usize = widths.iter().sum();
        if key_bytes > MOST_KEY_BYTES {
            let (what, bounds) = ("a state's key", "shorter");
            return fail(value, Reason::OutOfBounds { what, bounds });
        }
        let mut default = None;
        let mut cases = Vec::new();
        for transition in list(value, "transitions")? {
            let next = self.next(optional(transition, "next_state"))?;
            let given = optional(transition, "value");
            let kind = optional(transition, "type").as_str().unwrap_or("hexstr");
            match kind {
                "default" => default = next,
                "hexstr" if given.as_str() == Some("default") => default = next,
                "hexstr" => cases.push(self.case(transition, given, key_bytes, next)?),
                "parse_vset" => {
                    let name = text(given)?;
                    let set = self.sets.iter().position(|set| set.name == name);
                    let set = set.ok_or_else(|| unknown(given, "parser value set", name))?;
                    let mask = self.mask(transition, key_bytes)?;
                    cases.push(Case::Set(set, mask.map(Into::into), next));
                }
                other => {
                    let (what, name) = ("the transition", other.to_owned());
                    return fail(transition, Reason::Unsupported { what, name });
                }
            }
        }
        Ok(ParseState {
            ops,
            key: key.into(),
            key_bytes: key_bytes as u32,
            cases: cases.into(),
            default,
        })
    }

    fn mask(&self, transition: &Value, bytes: usize) -> Loaded<Option<Vec<u8>>> {
        match optional(transition, "mask") {
            Value::Null => Ok(None),
            mask => self.padded(mask, bytes).map(Some),
        }
    }

    /// Bytes of exactly this number; leading zeros may lack.
    fn padded(&self, value: &Value, bytes: usize) -> Loaded<Vec<u8>> {
        let given = hex_bytes(value)?;
        let surplus = given.len().saturating_sub(bytes);
        if given.iter().take(surplus).any(|byte| *byte != 0) {
            return miscounted(value, "bytes of the key", bytes, given.len());
        }
        let mut padded = vec![0; bytes.saturating_sub(given.len())];
        padded.extend_from_slice(given.get(surplus..).unwrap_or_default());
        Ok(padded)
    }

    fn case(
        &self,
        transition: &Value,
        value: &Value,
        bytes: usize,
        next: Option<usize>,
    ) -> Loaded<Case> {
        let mut value = self.padded(value, bytes)?;
        let mask = self.mask(transition, bytes)?;
        let mask = mask.unwrap_or_else(|| vec![0xff; bytes]);
        for (value, mask) in value.iter_mut().zip(&mask) {
            *value &= mask;
        }
        let word = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte))
        };
        Ok(match bytes {
            0..=8 => Case::Word(word(&value), word(&mask), next),
            _ => Case::Bytes(value.into(), mask.into(), next),
        })
    }

    fn key_part(&self, value: &'a Value) -> Loaded<(KeyPart, u32)> {
        if text_of(value, "type")? == "lookahead" {
            let (offset, bits) = lookahead(member(value, "value")?)?;
            return Ok((KeyPart::Lookahead(offset, bits), bits));
        }
        let data = self.reader.names(&[]).data(value)?;
        Ok(match &data {
            Data::Field(field) => (KeyPart::Field(*field), field.bits),
            Data::Element(_, field) => {
                let number = number(self.layout(), &data, field.bits);
                (KeyPart::Computed(number, field.bits), field.bits)
            }
            _ => return fail(value, Reason::Expected("a field or a lookahead")),
        })
    }

    fn extracted(&self, header: usize) -> Extracted {
        let mut extracted = Extracted {
            fields: Box::default(),
            base: self.layout().base(header),
            siblings: Box::default(),
            bits: 0,
            max_length: 0,
        };
        if let Some(header) = self.layout().headers.get(header) {
            extracted.siblings = header.siblings.clone().into();
        }
        if let Some(kind) = self.layout().type_of(header) {
            let mut at = 0;
            let fields = kind.fields.iter().map(|field| {
                let place = at;
                at += if field.variable { 0 } else { field.bits };
                (field.of(extracted.base), place)
            });
            extracted.fields = fields.collect();
            extracted.bits = kind.bits;
            extracted.max_length = kind.max_length;
        }
        extracted
    }

    fn op(&self, value: &'a Value) -> Loaded<Op> {
        let params = list(value, "parameters")?;
        let names = self.reader.names(&[]);
        let word = |data: &Data| match number(self.layout(), data, 64) {
            Number::Word(word) => word,
            Number::Wide(wide) => Word::Low(Box::new(wide)),
        };
        let counted = |expected: usize| miscounted(value, "parameters", expected, params.len());
        match (text_of(value, "op")?, params) {
            ("extract", [to]) => self.extract(to, None),
            ("extract_VL", [to, length]) => self.extract(to, Some(word(&names.data(length)?))),
            ("set", [to, from]) => self.set(to, from),
            ("verify", [condition, error]) => Ok(Op::Verify(
                truth(self.layout(), &names.truth(condition)?),
                word(&names.data(error)?),
            )),
            ("primitive", [call]) => Ok(Op::Primitive(self.reader.primitive(call, &[])?)),
            ("shift", [bytes]) => {
                let bytes = match bytes {
                    Value::Number(_) => bytes,
                    other => member(other, "value")?,
                };
                let bytes = count(bytes, "a number of bytes", 1 << 16)?;
                Ok(Op::Advance(Word::Const(bytes * 8)))
            }
            ("advance", [bits]) => Ok(Op::Advance(word(&names.data(bits)?))),
            ("extract" | "primitive" | "shift" | "advance", _) => counted(1),
            ("extract_VL" | "set" | "verify", _) => counted(2),
            (other, _) => {
                let (what, name) = ("the parser operation", other.to_owned());
                fail(value, Reason::Unsupported { what, name })
            }
        }
    }

    fn extract(&self, to: &'a Value, length: Option<Word>) -> Loaded<Op> {
        let content = member(to, "value")?;
        let layout = self.layout();
        let (headers, next) = match text_of(to, "type")? {
            "regular" => {
                let header = layout.header(content)?;
                self.check_variable(to, header, &length)?;
                let extracted = self.extracted(header);
                return Ok(match length {
                    Some(length) => Op::ExtractVariable(extracted, length),
                    None => Op::Extract(extracted),
                });
            }
            "stack" => {
                let stack = layout.stacks.get(layout.stack(content)?);
                let stack = stack.ok_or_else(|| unknown(content, "header stack", ""))?;
                (stack.elements.clone(), stack.next)
            }
            "union_stack" => {
                let [stack, part] = items(content)? else {
                    return fail(content, Reason::Expected("a stack and a member"));
                };
                let stack = layout.union_stack(stack)?;
                let part = layout.union_member(stack, part)?;
                let stack = layout.union_stacks.get(stack);
                let stack = stack.ok_or_else(|| unknown(content, "stack of unions", ""))?;
                let unions = stack
                    .elements
                    .iter()
                    .filter_map(|union| layout.unions.get(*union));
                let headers = unions.filter_map(|union| union.get(part).copied());
                (headers.collect(), stack.next)
            }
            other => {
                let (what, name) = ("extracting to", other.to_owned());
                return fail(to, Reason::Unsupported { what, name });
            }
        };
        for header in &headers {
            self.check_variable(to, *header, &length)?;
        }
        let elements = headers.iter().map(|header| self.extracted(*header));
        Ok(Op::ExtractNext(elements.collect(), next, length))
    }

    /// A variable-length field needs a length, and only that.
    fn check_variable(&self, at: &Value, header: usize, length: &Option<Word>) -> Loaded<()> {
        let kind = self.layout().type_of(header);
        let variable = kind.is_some_and(|kind| kind.fields.iter().any(|field| field.variable));
        let stated = kind.is_some_and(|kind| kind.length.is_some());
        match (variable, length) {
            (true, None) => {
                let name = if stated { "length_exp" } else { "extract" }.to_owned();
                let what = "for a variable-length header,";
                fail(at, Reason::Unsupported { what, name })
            }
            (false, Some(_)) => fail(
                at,
                Reason::Expected("a header with a variable-length field"),
            ),
            _ => Ok(()),
        }
    }

    fn set(&self, to: &'a Value, from: &'a Value) -> Loaded<Op> {
        let names = self.reader.names(&[]);
        let target = names.data(to)?;
        if text_of(from, "type")? == "lookahead" {
            let Data::Field(field) = target else {
                return fail(to, Reason::Expected("a field"));
            };
            let (offset, bits) = lookahead(member(from, "value")?)?;
            return Ok(Op::SetLookahead(field, offset, bits));
        }
        let from = names.data(from)?;
        if let (Data::Field(to), Data::Field(from)) = (&target, &from)
            && to.variable
            && from.variable
        {
            let words = to.words().min(from.words()) + 1;
            let copy = crate::bmv2::action::Primitive::Copy(from.slot - 1, to.slot - 1, words);
            return Ok(Op::Primitive(copy));
        }
        match Target::of(self.layout(), &target) {
            Some((target, field)) => Ok(Op::Set(target, number(self.layout(), &from, field.bits))),
            None => fail(to, Reason::Expected("a field")),
        }
    }
}

/// The offset and the width of a lookahead, in bits.
fn lookahead(value: &Value) -> Loaded<(u32, u32)> {
    let [offset, bits] = items(value)? else {
        return fail(value, Reason::Expected("an offset and a width"));
    };
    let offset = count(offset, "an offset", 1 << 16)?;
    let bits = count(bits, "a width", 1 << 15)?;
    Ok((offset as u32, bits as u32))
}
