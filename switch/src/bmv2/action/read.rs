//! From the document's primitives to ours.

use super::target::saturated;
use super::{Action, Block, Primitive, Shift, Stack, Target};
use crate::bmv2::error::Reason;
use crate::bmv2::expr::ast::{Data, HeaderOf, Names, Node};
use crate::bmv2::expr::{Number, Word, number, ones, truth};
use crate::bmv2::json::{
    Loaded, MAX_BITS, fail, id, items, list, member, miscounted, number as count, text, text_of,
    unknown,
};
use crate::bmv2::layout::{FieldRef, Layout, Stack as StackLayout};
use dpr_runtime::{Place, action_places};
use serde_json::Value;
use std::collections::HashMap;

/// Externs by kind, which primitives refer to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extern {
    Counter,
    Meter,
    Calculation,
}

/// What the names in primitives mean.
pub struct Reader<'n, 'a> {
    pub layout: &'n Layout<'a>,
    pub registers: &'n HashMap<&'a str, (usize, u32)>,
    pub externs: &'n HashMap<(Extern, &'a str), usize>,
}

impl<'a> Reader<'_, 'a> {
    /// An action.
    pub fn action(&self, value: &'a Value) -> Loaded<Action> {
        let params = list(value, "runtime_data")?.iter().map(|param| {
            let bits = count(member(param, "bitwidth")?, "a parameter's width", MAX_BITS)?;
            Ok((text_of(param, "name")?.to_owned(), bits as u32))
        });
        let params = params.collect::<Loaded<Vec<_>>>()?;
        let arguments = action_places(params.iter().map(|(_, bits)| *bits));
        let primitives = list(value, "primitives")?.iter();
        let primitives = primitives.map(|value| self.primitive(value, &arguments));
        Ok(Action {
            name: text_of(value, "name")?.to_owned(),
            id: id(member(value, "id")?)?,
            params,
            primitives: primitives.collect::<Loaded<_>>()?,
        })
    }

    /// Expressions in an action with these parameters.
    pub fn names<'s>(&'s self, arguments: &'s [Place]) -> Names<'s, 'a> {
        Names {
            layout: self.layout,
            registers: self.registers,
            arguments,
        }
    }

    /// One primitive of an action whose parameters lie at these places.
    pub fn primitive(&self, value: &'a Value, arguments: &[Place]) -> Loaded<Primitive> {
        Call {
            reader: self,
            names: self.names(arguments),
            value,
            given: list(value, "parameters")?,
        }
        .read()
    }
}

/// One call of a primitive.
struct Call<'c, 'a> {
    reader: &'c Reader<'c, 'a>,
    names: Names<'c, 'a>,
    value: &'a Value,
    given: &'a [Value],
}

impl<'a> Call<'_, 'a> {
    fn layout(&self) -> &Layout<'a> {
        self.reader.layout
    }

    fn read(&self) -> Loaded<Primitive> {
        Ok(match text_of(self.value, "op")? {
            "assign" | "modify_field" => self.assign(self.target(0)?, self.data(1)?),
            "add_to_field" => self.arithmetic("+")?,
            "subtract_from_field" => self.arithmetic("-")?,
            "add" => self.three(crate::bmv2::expr::ast::Binary::Add)?,
            "subtract" => self.three(crate::bmv2::expr::ast::Binary::Sub)?,
            "bit_xor" => self.three(crate::bmv2::expr::ast::Binary::Xor)?,
            "bit_or" => self.three(crate::bmv2::expr::ast::Binary::Or)?,
            "bit_and" => self.three(crate::bmv2::expr::ast::Binary::And)?,
            "shift_left" => self.three(crate::bmv2::expr::ast::Binary::ShiftLeft)?,
            "shift_right" => self.three(crate::bmv2::expr::ast::Binary::ShiftRight)?,
            "assign_VL" => self.assign_variable()?,
            "assign_header" | "copy_header" => {
                let (to, from) = (self.header(0)?, self.header(1)?);
                Primitive::AssignHeader(self.block(&to), self.block(&from))
            }
            "assign_union" => self.assign_union()?,
            "assign_header_stack" => self.assign_stack()?,
            "assign_union_stack" => self.assign_union_stack()?,
            "add_header" | "add_header_fast" => Primitive::AddHeader(self.block(&self.header(0)?)),
            "remove_header" => Primitive::RemoveHeader(self.block(&self.header(0)?)),
            "push" => Primitive::Shift(Shift::Push, self.stack(0)?, self.word(1)?),
            "pop" => Primitive::Shift(Shift::Pop, self.stack(0)?, self.word(1)?),
            "count" => Primitive::Count(self.external(0, Extern::Counter)?, self.word(1)?),
            "register_read" => {
                let (register, _) = self.register(1)?;
                Primitive::ReadRegister(self.target(0)?.0, register, self.word(2)?)
            }
            "register_write" => {
                let (register, bits) = self.register(0)?;
                let value = number(self.layout(), &self.data(2)?, bits);
                Primitive::WriteRegister(register, self.word(1)?, value)
            }
            "execute_meter" => {
                let meter = self.external(0, Extern::Meter)?;
                Primitive::Meter(meter, self.word(1)?, self.target(2)?.0)
            }
            "modify_field_rng_uniform" => {
                Primitive::Random(self.target(0)?.0, self.word(1)?, self.word(2)?)
            }
            "modify_field_with_hash_based_offset" => {
                let calculation = self.external(2, Extern::Calculation)?;
                Primitive::Hash(self.target(0)?.0, self.word(1)?, calculation, self.word(3)?)
            }
            "generate_digest" => Primitive::Digest(self.word(1)?),
            "clone_ingress_pkt_to_egress" | "clone_egress_pkt_to_egress" => {
                Primitive::Clone(self.word(0)?, self.word(1)?)
            }
            "resubmit" => Primitive::Resubmit(self.word(0)?),
            "recirculate" => Primitive::Recirculate(self.word(0)?),
            "truncate" => Primitive::Truncate(self.word(0)?),
            "mark_to_drop" | "drop" => self.drop()?,
            "exit" => Primitive::Exit,
            "log_msg" => self.log()?,
            "assert" | "assume" => {
                let condition = self.names.truth(self.param(0)?)?;
                Primitive::Assert(truth(self.layout(), &condition))
            }
            "_jump" => Primitive::Jump(self.word(0)?),
            "_jump_if_zero" => {
                let condition = self.names.truth(self.param(0)?)?;
                Primitive::JumpIfZero(truth(self.layout(), &condition), self.word(1)?)
            }
            "no_op" | "_nop" => Primitive::Nothing,
            other => {
                let name = other.to_owned();
                let what = "the primitive";
                return fail(self.value, Reason::Unsupported { what, name });
            }
        })
    }

    fn param(&self, position: usize) -> Loaded<&'a Value> {
        match self.given.get(position) {
            Some(given) => Ok(given),
            None => miscounted(self.value, "parameters", position + 1, self.given.len()),
        }
    }

    fn data(&self, position: usize) -> Loaded<Data> {
        self.names.data(self.param(position)?)
    }

    fn word(&self, position: usize) -> Loaded<Word> {
        Ok(match number(self.layout(), &self.data(position)?, 64) {
            Number::Word(word) => word,
            Number::Wide(wide) => Word::Low(Box::new(wide)),
        })
    }

    fn target(&self, position: usize) -> Loaded<(Target, FieldRef)> {
        let param = self.param(position)?;
        let data = self.names.data(param)?;
        match Target::of(self.layout(), &data) {
            Some(target) => Ok(target),
            None => fail(param, Reason::Expected("a field")),
        }
    }

    fn header(&self, position: usize) -> Loaded<HeaderOf> {
        self.names.header(self.param(position)?)
    }

    fn block(&self, header: &HeaderOf) -> Block {
        Block::of(self.layout(), header)
    }

    fn named(&self, position: usize) -> Loaded<(&'a Value, &'a str)> {
        let value = member(self.param(position)?, "value")?;
        Ok((value, text(value)?))
    }

    fn external(&self, position: usize, kind: Extern) -> Loaded<usize> {
        let (value, name) = self.named(position)?;
        let found = self.reader.externs.get(&(kind, name)).copied();
        let what = match kind {
            Extern::Counter => "counter",
            Extern::Meter => "meter",
            Extern::Calculation => "calculation",
        };
        found.ok_or_else(|| unknown(value, what, name))
    }

    fn register(&self, position: usize) -> Loaded<(usize, u32)> {
        let (value, name) = self.named(position)?;
        let found = self.reader.registers.get(name).copied();
        found.ok_or_else(|| unknown(value, "register", name))
    }

    fn assign(&self, (target, field): (Target, FieldRef), data: Data) -> Primitive {
        match (&target, &data) {
            (Target::Field(slot, bits), Data::Field(from))
                if from.bits == *bits && !field.saturating =>
            {
                return Primitive::Copy(from.slot, *slot, from.words());
            }
            _ => {}
        }
        let data = saturated(field, data);
        match (target, number(self.layout(), &data, field.bits)) {
            (Target::Field(slot, bits), Number::Word(word)) if bits <= 64 => {
                Primitive::Set(slot, ones(bits), word)
            }
            (target, number) => Primitive::Assign(target, number),
        }
    }

    fn arithmetic(&self, op: &str) -> Loaded<Primitive> {
        use crate::bmv2::expr::ast::Binary;
        let op = if op == "+" { Binary::Add } else { Binary::Sub };
        let sides = Box::new((self.data(0)?, self.data(1)?));
        Ok(self.assign(self.target(0)?, Data::Binary(op, sides)))
    }

    fn three(&self, op: crate::bmv2::expr::ast::Binary) -> Loaded<Primitive> {
        let sides = Box::new((self.data(1)?, self.data(2)?));
        Ok(self.assign(self.target(0)?, Data::Binary(op, sides)))
    }

    /// With the length in front of the value.
    fn assign_variable(&self) -> Loaded<Primitive> {
        match (self.data(0)?, self.data(1)?) {
            (Data::Field(to), Data::Field(from)) if to.variable && from.variable => {
                let words = to.words().min(from.words());
                Ok(Primitive::Copy(from.slot - 1, to.slot - 1, words + 1))
            }
            _ => fail(
                self.value,
                Reason::Expected("about two variable-length fields"),
            ),
        }
    }

    fn assign_union(&self) -> Loaded<Primitive> {
        let to = self.names.union(self.param(0)?)?;
        let from = self.names.union(self.param(1)?)?;
        let members = |unions: &[usize], position: usize| -> Option<Vec<usize>> {
            let mut unions = unions.iter();
            unions.try_fold(Vec::new(), |mut headers, union| {
                headers.push(*self.layout().unions.get(*union)?.get(position)?);
                Some(headers)
            })
        };
        let mut all = Vec::new();
        for position in 0.. {
            let (Some(to_headers), Some(from_headers)) = (
                members(&to.unions, position),
                members(&from.unions, position),
            ) else {
                break;
            };
            if to_headers.is_empty() {
                break;
            }
            let to = HeaderOf {
                headers: to_headers,
                index: to.index.clone(),
            };
            let from = HeaderOf {
                headers: from_headers,
                index: from.index.clone(),
            };
            all.push(Primitive::AssignHeader(self.block(&to), self.block(&from)));
        }
        Ok(Primitive::Several(all.into()))
    }

    fn assign_stack(&self) -> Loaded<Primitive> {
        let (Node::Stack(to), Node::Stack(from)) = (
            self.names.read(self.param(0)?)?,
            self.names.read(self.param(1)?)?,
        ) else {
            return fail(self.value, Reason::Expected("about two header stacks"));
        };
        let stacks = &self.layout().stacks;
        let Some((to, from)) = stacks.get(to).zip(stacks.get(from)) else {
            return Ok(Primitive::Nothing);
        };
        let mut all = vec![Primitive::Copy(from.next, to.next, 1)];
        self.assign_headers(&to.elements, &from.elements, &mut all);
        Ok(Primitive::Several(all.into()))
    }

    fn assign_union_stack(&self) -> Loaded<Primitive> {
        let (Node::UnionStack(to), Node::UnionStack(from)) = (
            self.names.read(self.param(0)?)?,
            self.names.read(self.param(1)?)?,
        ) else {
            return fail(self.value, Reason::Expected("about two stacks of unions"));
        };
        let stacks = &self.layout().union_stacks;
        let Some((to, from)) = stacks.get(to).zip(stacks.get(from)) else {
            return Ok(Primitive::Nothing);
        };
        let mut all = vec![Primitive::Copy(from.next, to.next, 1)];
        let unions = &self.layout().unions;
        for (to, from) in to.elements.iter().zip(&from.elements) {
            if let Some((to, from)) = unions.get(*to).zip(unions.get(*from)) {
                self.assign_headers(to, from, &mut all);
            }
        }
        Ok(Primitive::Several(all.into()))
    }

    fn assign_headers(&self, to: &[usize], from: &[usize], all: &mut Vec<Primitive>) {
        for (to, from) in to.iter().zip(from) {
            let to = Block::one(self.layout(), *to);
            let from = Block::one(self.layout(), *from);
            all.push(Primitive::AssignHeader(to, from));
        }
    }

    fn stack(&self, position: usize) -> Loaded<Stack> {
        let param = self.param(position)?;
        let layout = self.layout();
        let of = |stack: Option<&StackLayout>, make: fn(&Layout<'_>, &StackLayout) -> Stack| {
            stack.map(|stack| make(layout, stack))
        };
        let found = match self.names.read(param)? {
            Node::Stack(stack) => of(layout.stacks.get(stack), Stack::of_headers),
            Node::UnionStack(stack) => of(layout.union_stacks.get(stack), Stack::of_unions),
            _ => None,
        };
        match found {
            Some(stack) => Ok(stack),
            None => fail(param, Reason::Expected("a stack")),
        }
    }

    /// Sets the egress port to the one of dropped packets, and no multicast group.
    fn drop(&self) -> Loaded<Primitive> {
        let standard = |field| self.layout().find("standard_metadata", field);
        let group =
            standard("mcast_grp").or_else(|| self.layout().find("intrinsic_metadata", "mcast_grp"));
        match standard("egress_spec") {
            Some(egress) => Ok(Primitive::Drop(egress.slot, group.map(|group| group.slot))),
            None => Err(unknown(
                self.value,
                "field",
                "standard_metadata.egress_spec",
            )),
        }
    }

    fn log(&self) -> Loaded<Primitive> {
        let (_, format) = self.named(0)?;
        let given = items(member(self.param(1)?, "value")?)?.iter();
        let numbers = given.map(|value| {
            let data = self.names.data(value)?;
            Ok(number(self.layout(), &data, u32::MAX))
        });
        Ok(Primitive::Log(
            format.into(),
            numbers.collect::<Loaded<_>>()?,
        ))
    }
}
