//! Expressions as the document has them, names resolved.

use super::super::error::Reason;
use super::super::json::{Loaded, fail, hex, items, member, number, optional, text_of, unknown};
use super::super::layout::{FieldRef, Layout};
use dpr_runtime::Place;
use num_bigint::BigInt;
use serde_json::Value;
use std::collections::HashMap;

/// What is computed with numbers, without bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    ShiftLeft,
    ShiftRight,
    And,
    Or,
    Xor,
    /// The number that the low bits are in two's complement; the width is the right side.
    Signed,
    /// The nearest number of an unsigned width.
    SaturateUnsigned,
    /// The nearest number of a signed width.
    SaturateSigned,
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// One of several headers of one type, by an index that is computed.
#[derive(Clone, Debug)]
pub struct HeaderOf {
    /// The headers.
    pub headers: Vec<usize>,
    /// Which of them.
    pub index: Data,
}

/// One of several unions of one type.
#[derive(Clone, Debug)]
pub struct UnionOf {
    /// The unions.
    pub unions: Vec<usize>,
    /// Which of them.
    pub index: Data,
}

/// A number.
#[derive(Clone, Debug)]
pub enum Data {
    Const(BigInt),
    Field(FieldRef),
    Argument(Place),
    /// A register's cell: position, width, index.
    Register(usize, u32, Box<Data>),
    /// A field of a header that is chosen while running; the field is as if of the header at word 0.
    Element(Box<HeaderOf>, FieldRef),
    Binary(Binary, Box<(Data, Data)>),
    Not(Box<Data>),
    Choice(Box<(Truth, Data, Data)>),
    FromTruth(Box<Truth>),
    /// A stack's next index, minus this.
    Next(u32, u64),
}

/// True or false.
#[derive(Clone, Debug)]
pub enum Truth {
    Const(bool),
    Compare(Compare, Box<(Data, Data)>),
    Same(Box<(Truth, Truth)>),
    And(Box<(Truth, Truth)>),
    Or(Box<(Truth, Truth)>),
    Not(Box<Truth>),
    Valid(Box<HeaderOf>),
    ValidUnion(Box<UnionOf>),
    SameHeaders(Box<(HeaderOf, HeaderOf)>),
    SameUnions(Box<(UnionOf, UnionOf)>),
    NotZero(Box<Data>),
    Choice(Box<(Truth, Truth, Truth)>),
}

/// What an expression stands for.
#[derive(Clone, Debug)]
pub enum Node {
    Data(Data),
    Truth(Truth),
    Header(HeaderOf),
    Union(UnionOf),
    Stack(usize),
    UnionStack(usize),
}

/// What names mean while an expression is read.
#[derive(Clone, Copy)]
pub struct Names<'n, 'a> {
    pub layout: &'n Layout<'a>,
    /// Registers by name: position and width.
    pub registers: &'n HashMap<&'a str, (usize, u32)>,
    /// Where the parameters of the action around the expression lie.
    pub arguments: &'n [Place],
}

impl<'a> Names<'_, 'a> {
    /// What a value with its type stands for.
    pub fn read(&self, value: &'a Value) -> Loaded<Node> {
        let content = member(value, "value")?;
        Ok(match text_of(value, "type")? {
            "expression" if content.get("op").is_some() => return self.operation(content),
            "expression" => return self.read(content),
            "field" => Node::Data(Data::Field(self.layout.field(content)?)),
            "hexstr" => Node::Data(Data::Const(hex(content)?)),
            "bool" => match content.as_bool() {
                Some(value) => Node::Truth(Truth::Const(value)),
                None => return fail(content, Reason::Expected("true or false")),
            },
            "local" | "runtime_data" => {
                let index = number(content, "a parameter's position", 1 << 16)?;
                let place = self.arguments.get(index as usize);
                let place = place.ok_or_else(|| unknown(content, "parameter", &index.to_string()));
                Node::Data(Data::Argument(*place?))
            }
            "register" => Node::Data(self.register(content)?),
            "header" => Node::Header(HeaderOf::one(self.layout.header(content)?)),
            "header_stack" => Node::Stack(self.layout.stack(content)?),
            "stack_field" => Node::Data(self.last_field(content)?),
            "union_stack_field" => Node::Data(self.last_union_field(content)?),
            "header_union" => Node::Union(UnionOf {
                unions: vec![self.layout.union(content)?],
                index: Data::Const(BigInt::ZERO),
            }),
            "header_union_stack" => Node::UnionStack(self.layout.union_stack(content)?),
            other => {
                let name = other.to_owned();
                let what = "the type of value";
                return fail(value, Reason::Unsupported { what, name });
            }
        })
    }

    /// A number; true is 1 and false 0.
    pub fn data(&self, value: &'a Value) -> Loaded<Data> {
        match self.read(value)? {
            Node::Data(data) => Ok(data),
            Node::Truth(truth) => Ok(Data::FromTruth(Box::new(truth))),
            _ => fail(value, Reason::Expected("a number")),
        }
    }

    /// True or false; a number is true if it is not 0.
    pub fn truth(&self, value: &'a Value) -> Loaded<Truth> {
        match self.read(value)? {
            Node::Truth(truth) => Ok(truth),
            Node::Data(data) => Ok(Truth::NotZero(Box::new(data))),
            _ => fail(value, Reason::Expected("true or false")),
        }
    }

    /// A header.
    pub fn header(&self, value: &'a Value) -> Loaded<HeaderOf> {
        match self.read(value)? {
            Node::Header(header) => Ok(header),
            _ => fail(value, Reason::Expected("a header")),
        }
    }

    /// A union.
    pub fn union(&self, value: &'a Value) -> Loaded<UnionOf> {
        match self.read(value)? {
            Node::Union(union) => Ok(union),
            _ => fail(value, Reason::Expected("a header union")),
        }
    }

    fn register(&self, value: &'a Value) -> Loaded<Data> {
        let [name, index] = items(value)? else {
            return fail(value, Reason::Expected("a register and an index"));
        };
        let name_text = name.as_str().unwrap_or_default();
        let (position, bits) = *self
            .registers
            .get(name_text)
            .ok_or_else(|| unknown(name, "register", name_text))?;
        Ok(Data::Register(position, bits, Box::new(self.data(index)?)))
    }

    /// A field of the last element of a stack.
    fn last_field(&self, value: &'a Value) -> Loaded<Data> {
        let [stack, field] = items(value)? else {
            return fail(value, Reason::Expected("a stack and a field"));
        };
        let (headers, next) = self.elements(self.layout.stack(stack)?);
        let index = Data::Next(next, 1);
        self.element(value, HeaderOf { headers, index }, field)
    }

    /// A field of a member of the last element of a stack of unions.
    fn last_union_field(&self, value: &'a Value) -> Loaded<Data> {
        let [stack, part, field] = items(value)? else {
            return fail(value, Reason::Expected("a stack, a member and a field"));
        };
        let stack = self.layout.union_stack(stack)?;
        let part = self.layout.union_member(stack, part)?;
        let union = self.union_of_stack(stack, |next| Data::Next(next, 1));
        let header = self.member_of(value, union, part)?;
        self.element(value, header, field)
    }

    fn elements(&self, stack: usize) -> (Vec<usize>, u32) {
        let stack = self.layout.stacks.get(stack);
        stack.map_or((Vec::new(), 0), |stack| {
            (stack.elements.clone(), stack.next)
        })
    }

    fn union_of_stack(&self, stack: usize, index: impl FnOnce(u32) -> Data) -> UnionOf {
        let stack = self.layout.union_stacks.get(stack);
        let (unions, next) = stack.map_or((Vec::new(), 0), |stack| {
            (stack.elements.clone(), stack.next)
        });
        UnionOf {
            unions,
            index: index(next),
        }
    }

    fn member_of(&self, at: &Value, union: UnionOf, position: usize) -> Loaded<HeaderOf> {
        let members = union.unions.iter();
        let members = members.map(|union| self.layout.unions.get(*union)?.get(position).copied());
        match members.collect() {
            Some(headers) => Ok(HeaderOf {
                headers,
                index: union.index,
            }),
            None => Err(unknown(
                at,
                "member of the header union",
                &position.to_string(),
            )),
        }
    }

    /// A field, by name or position, of a header.
    fn element(&self, at: &Value, header: HeaderOf, field: &Value) -> Loaded<Data> {
        let kind = header
            .headers
            .first()
            .and_then(|first| self.layout.type_of(*first));
        let kind = kind.ok_or_else(|| unknown(at, "element of the stack", "0"))?;
        let position = match field.as_str() {
            Some("$valid$") => {
                return Ok(Data::FromTruth(Box::new(Truth::Valid(Box::new(header)))));
            }
            Some(name) => kind.position(name),
            None => Some(number(field, "a field's position", 1 << 16)? as usize),
        };
        let found = position.and_then(|position| kind.fields.get(position));
        let found = found.ok_or_else(|| unknown(field, "field", &field.to_string()))?;
        Ok(match header.fixed() {
            Some(one) => Data::Field(found.of(self.layout.base(one))),
            None => Data::Element(Box::new(header), found.of(0)),
        })
    }

    fn operation(&self, value: &'a Value) -> Loaded<Node> {
        let op = text_of(value, "op")?;
        let left = optional(value, "left");
        let right = member(value, "right")?;
        let compare = |compare| {
            let sides = Box::new((self.data(left)?, self.data(right)?));
            Ok(Node::Truth(Truth::Compare(compare, sides)))
        };
        let binary = |binary| {
            let left = match left {
                Value::Null => Data::Const(BigInt::ZERO),
                left => self.data(left)?,
            };
            let sides = Box::new((left, self.data(right)?));
            Ok(Node::Data(Data::Binary(binary, sides)))
        };
        let truths = || Ok(Box::new((self.truth(left)?, self.truth(right)?)));
        // Operations of one operand have it on the right; some compilers wrote it on the left.
        let only = if right.is_null() { left } else { right };
        match op {
            "+" => binary(Binary::Add),
            "-" => binary(Binary::Sub),
            "*" => binary(Binary::Mul),
            "/" => binary(Binary::Div),
            "%" => binary(Binary::Mod),
            "<<" => binary(Binary::ShiftLeft),
            ">>" => binary(Binary::ShiftRight),
            "&" => binary(Binary::And),
            "|" => binary(Binary::Or),
            "^" => binary(Binary::Xor),
            "two_comp_mod" => binary(Binary::Signed),
            "usat_cast" => binary(Binary::SaturateUnsigned),
            "sat_cast" => binary(Binary::SaturateSigned),
            "~" => Ok(Node::Data(Data::Not(Box::new(self.data(only)?)))),
            "==" => self.same(value, left, right),
            "!=" => match self.same(value, left, right)? {
                Node::Truth(Truth::Compare(Compare::Equal, sides)) => {
                    Ok(Node::Truth(Truth::Compare(Compare::NotEqual, sides)))
                }
                Node::Truth(same) => Ok(Node::Truth(Truth::Not(Box::new(same)))),
                other => Ok(other),
            },
            "<" => compare(Compare::Less),
            "<=" => compare(Compare::LessEqual),
            ">" => compare(Compare::Greater),
            ">=" => compare(Compare::GreaterEqual),
            "and" => Ok(Node::Truth(Truth::And(truths()?))),
            "or" => Ok(Node::Truth(Truth::Or(truths()?))),
            "not" => Ok(Node::Truth(Truth::Not(Box::new(self.truth(only)?)))),
            "d2b" => Ok(Node::Truth(Truth::NotZero(Box::new(self.data(only)?)))),
            "b2d" => Ok(Node::Data(Data::FromTruth(Box::new(self.truth(only)?)))),
            "valid" => Ok(Node::Truth(Truth::Valid(Box::new(self.header(only)?)))),
            "valid_union" => {
                let union = Box::new(self.union(only)?);
                Ok(Node::Truth(Truth::ValidUnion(union)))
            }
            "?" => self.choice(value, left, right),
            "dereference_header_stack" | "dereference_stack" => {
                let Node::Stack(stack) = self.read(left)? else {
                    return fail(left, Reason::Expected("a header stack"));
                };
                let (headers, _) = self.elements(stack);
                let index = self.data(right)?;
                Ok(Node::Header(HeaderOf { headers, index }))
            }
            "dereference_union_stack" => {
                let Node::UnionStack(stack) = self.read(left)? else {
                    return fail(left, Reason::Expected("a stack of header unions"));
                };
                let index = self.data(right)?;
                Ok(Node::Union(self.union_of_stack(stack, |_| index)))
            }
            "last_stack_index" => Ok(Node::Data(Data::Next(self.next_of(only)?, 1))),
            "size_stack" => Ok(Node::Data(Data::Next(self.next_of(only)?, 0))),
            "access_field" => {
                let header = self.header(left)?;
                self.element(value, header, right).map(Node::Data)
            }
            "access_union_header" => {
                let union = self.union(left)?;
                let position = number(right, "a member's position", 1 << 16)?;
                let header = self.member_of(value, union, position as usize)?;
                Ok(Node::Header(header))
            }
            other => {
                let name = other.to_owned();
                let what = "the operation";
                fail(value, Reason::Unsupported { what, name })
            }
        }
    }

    fn next_of(&self, value: &'a Value) -> Loaded<u32> {
        let next = match self.read(value)? {
            Node::Stack(stack) => self.layout.stacks.get(stack).map(|stack| stack.next),
            Node::UnionStack(stack) => self.layout.union_stacks.get(stack).map(|stack| stack.next),
            _ => None,
        };
        match next {
            Some(next) => Ok(next),
            None => fail(value, Reason::Expected("a stack")),
        }
    }

    fn same(&self, at: &'a Value, left: &'a Value, right: &'a Value) -> Loaded<Node> {
        let equal = |left, right| Truth::Compare(Compare::Equal, Box::new((left, right)));
        Ok(Node::Truth(match (self.read(left)?, self.read(right)?) {
            // Of two varbits the widths count too (P4-16 specification, section "Operations on variable-size bit types").
            (Node::Data(Data::Field(left)), Node::Data(Data::Field(right)))
                if left.variable && right.variable =>
            {
                let width = |field: FieldRef| Data::Field(field.width());
                let widths = equal(width(left), width(right));
                let values = equal(Data::Field(left), Data::Field(right));
                Truth::And(Box::new((widths, values)))
            }
            (Node::Data(left), Node::Data(right)) => equal(left, right),
            (Node::Truth(left), Node::Truth(right)) => Truth::Same(Box::new((left, right))),
            (Node::Header(left), Node::Header(right)) => {
                Truth::SameHeaders(Box::new((left, right)))
            }
            (Node::Union(left), Node::Union(right)) => Truth::SameUnions(Box::new((left, right))),
            _ => {
                return fail(
                    at,
                    Reason::Expected("a comparison of two things of one kind"),
                );
            }
        }))
    }

    fn choice(&self, value: &'a Value, left: &'a Value, right: &'a Value) -> Loaded<Node> {
        let condition = self.truth(member(value, "cond")?)?;
        Ok(match (self.read(left)?, self.read(right)?) {
            (Node::Data(left), Node::Data(right)) => {
                Node::Data(Data::Choice(Box::new((condition, left, right))))
            }
            (Node::Truth(left), Node::Truth(right)) => {
                Node::Truth(Truth::Choice(Box::new((condition, left, right))))
            }
            _ => {
                return fail(
                    value,
                    Reason::Expected("a choice between two numbers or truths"),
                );
            }
        })
    }
}

impl HeaderOf {
    /// A header that is known beforehand.
    pub fn one(header: usize) -> Self {
        HeaderOf {
            headers: vec![header],
            index: Data::Const(BigInt::ZERO),
        }
    }

    /// The header if it does not depend on the packet.
    pub fn fixed(&self) -> Option<usize> {
        use num_traits::ToPrimitive;
        match &self.index {
            Data::Const(index) => self.headers.get(index.to_usize()?).copied(),
            _ => None,
        }
    }
}
