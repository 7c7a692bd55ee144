//! Expressions. BMv2 computes with integers of any size and sign: every result that may leave its type's range is brought back.

use super::emitter::Emitter;
use super::json::{Json, object};
use super::layout::{FieldRef, standard};
use crate::ir::{BinaryOp, Expr, ExprKind, HeaderRef, Scalar, StandardField, UnaryOp};
use crate::source::Span;
use num_bigint::BigUint;
use num_traits::{One, Zero};

/// An expression with two operands.
pub(super) fn binary(op: &'static str, left: Json, right: Json) -> Json {
    object! {
        "type": "expression",
        "value": object! { "op": op, "left": left, "right": right },
    }
}

/// An expression with one operand.
pub(super) fn unary(op: &'static str, operand: Json) -> Json {
    binary(op, Json::Null, operand)
}

/// `condition ? then : otherwise`; only the one that is chosen is evaluated.
pub(super) fn choice(condition: Json, then: Json, otherwise: Json) -> Json {
    object! {
        "type": "expression",
        "value": object! { "op": "?", "left": then, "right": otherwise, "cond": condition },
    }
}

/// The bits of a number, with as many digits as whole bytes of that width have.
pub(super) fn digits(value: &BigUint, width: u32) -> String {
    let digits = (width.max(1).div_ceil(8) * 2) as usize;
    format!("0x{value:0digits$x}")
}

/// An unsigned constant.
pub(super) fn number(value: impl Into<BigUint>, width: u32) -> Json {
    object! { "type": "hexstr", "value": digits(&value.into(), width) }
}

/// The number whose lowest bits are 1.
pub(super) fn ones(width: u32) -> BigUint {
    (BigUint::one() << width) - 1u32
}

/// A constant of a type, given by its bits.
pub(super) fn constant(bits: &BigUint, scalar: Scalar) -> Json {
    let width = scalar.width();
    match scalar {
        Scalar::Int(_) if width > 0 && bits.bit(u64::from(width - 1)) => {
            let magnitude = (BigUint::one() << width) - bits;
            object! { "type": "hexstr", "value": format!("-{}", digits(&magnitude, width)) }
        }
        _ => number(bits.clone(), width),
    }
}

/// A number brought into the range of a type.
fn wrapped(value: Json, scalar: Scalar) -> Json {
    let width = scalar.width();
    match scalar {
        Scalar::Int(_) => binary("two_comp_mod", value, number(width, 32)),
        _ => binary("&", value, number(ones(width), width)),
    }
}

fn masked(value: Json, width: u32) -> Json {
    wrapped(value, Scalar::Bits(width))
}

/// Whether an index of this type may be beyond a stack of this size.
pub(super) fn may_exceed(index: &Expr, size: usize) -> bool {
    let width = index.scalar.width();
    matches!(index.scalar, Scalar::Int(_)) || width >= 32 || (1usize << width) > size
}

impl<'a> Emitter<'a> {
    /// The value of an expression, within the range of its type; a `bool` as 0 or 1.
    pub(super) fn data(&mut self, expr: &Expr) -> Json {
        match &expr.kind {
            ExprKind::Binary(
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::ShiftLeft,
                ..,
            )
            | ExprKind::Unary(UnaryOp::Complement | UnaryOp::Negate, _) => {
                let value = self.unbounded(expr);
                wrapped(value, expr.scalar)
            }
            _ => self.unbounded(expr),
        }
    }

    /// A number that is the value of an expression modulo two to the power of its width.
    pub(super) fn unbounded(&mut self, expr: &Expr) -> Json {
        let scalar = expr.scalar;
        match &expr.kind {
            ExprKind::Constant(bits) => constant(bits, scalar),
            ExprKind::Variable(id) => signed(self.layout.variable(*id).operand(), scalar),
            ExprKind::ActionParameter(at) => {
                let local = object! { "type": "local", "value": *at };
                match scalar {
                    Scalar::Int(_) => wrapped(local, scalar),
                    _ => local,
                }
            }
            ExprKind::Field(header, field) => self.field_value(header, *field, scalar),
            ExprKind::IsValid(HeaderRef::Instance(id)) => self.layout.valid(*id).operand(),
            ExprKind::IsValid(_) | ExprKind::IsUnionValid(_) => unary("b2d", self.boolean(expr)),
            ExprKind::LastIndex(stack) => {
                let index = unary("last_stack_index", self.stack(*stack));
                wrapped(index, scalar)
            }
            ExprKind::Lookahead(offset) => {
                let field = self.look_ahead(*offset, scalar, expr.span);
                signed(field.operand(), scalar)
            }
            ExprKind::PacketLength => standard(StandardField::PacketLength).operand(),
            ExprKind::Unary(UnaryOp::Not, _) => unary("b2d", self.boolean(expr)),
            ExprKind::Unary(UnaryOp::Complement, operand) => unary("~", self.data(operand)),
            ExprKind::Unary(UnaryOp::Negate, operand) => {
                binary("-", number(0u32, scalar.width()), self.data(operand))
            }
            ExprKind::Binary(op, left, right) => self.arithmetic(*op, left, right, expr),
            ExprKind::Concat(left, right) => {
                let width = right.scalar.width();
                let high = binary("<<", self.bits(left), number(width, 32));
                let value = binary("|", high, self.bits(right));
                match scalar {
                    Scalar::Int(_) => wrapped(value, scalar),
                    _ => value,
                }
            }
            ExprKind::Slice(base, high, low) => {
                let bits = self.bits(base);
                let shifted = match low {
                    0 => bits,
                    _ => binary(">>", bits, number(*low, 32)),
                };
                let is_top = high + 1 == base.scalar.width();
                match (is_top, scalar) {
                    (true, Scalar::Bits(_)) => shifted,
                    _ => wrapped(shifted, scalar),
                }
            }
            ExprKind::Cast(operand) => self.cast(operand, scalar),
            ExprKind::Mux(condition, then, otherwise) => {
                let condition = self.boolean(condition);
                let then = self.data(then);
                let otherwise = self.data(otherwise);
                choice(condition, then, otherwise)
            }
        }
    }

    /// The bits of an expression as an unsigned number.
    fn bits(&mut self, expr: &Expr) -> Json {
        match (expr.scalar, &expr.kind) {
            (Scalar::Int(width), ExprKind::Constant(bits)) => number(bits.clone(), width),
            (Scalar::Int(width), _) => masked(self.data(expr), width),
            _ => self.data(expr),
        }
    }

    fn arithmetic(&mut self, op: BinaryOp, left: &Expr, right: &Expr, expr: &Expr) -> Json {
        let name = match op {
            BinaryOp::Add | BinaryOp::SaturatingAdd => "+",
            BinaryOp::Sub | BinaryOp::SaturatingSub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitOr => "|",
            BinaryOp::BitXor => "^",
            BinaryOp::ShiftLeft => "<<",
            BinaryOp::ShiftRight => ">>",
            _ => return unary("b2d", self.boolean(expr)),
        };
        let width = expr.scalar.width();
        match op {
            BinaryOp::SaturatingAdd | BinaryOp::SaturatingSub => {
                let cast = match expr.scalar {
                    Scalar::Int(_) => "sat_cast",
                    _ => "usat_cast",
                };
                let exact = binary(name, self.data(left), self.data(right));
                binary(cast, exact, number(width, 32))
            }
            // A divisor of 0 stops BMv2.
            BinaryOp::Div | BinaryOp::Mod => match &right.kind {
                ExprKind::Constant(divisor) if divisor.is_zero() => number(0u32, width),
                ExprKind::Constant(_) => binary(name, self.data(left), self.data(right)),
                _ => {
                    let zero = number(0u32, width);
                    let is_zero = binary("==", self.data(right), zero.clone());
                    let quotient = binary(name, self.data(left), self.data(right));
                    choice(is_zero, zero, quotient)
                }
            },
            BinaryOp::ShiftLeft | BinaryOp::ShiftRight => self.shift(op, name, left, right),
            _ => binary(name, self.data(left), self.data(right)),
        }
    }

    /// A shift. BMv2 takes an amount modulo 2^32 and makes a number as long as it says, so long amounts are compared first.
    fn shift(&mut self, op: BinaryOp, name: &'static str, left: &Expr, right: &Expr) -> Json {
        let width = left.scalar.width();
        let beyond = |left: Json| match op {
            BinaryOp::ShiftLeft => number(0u32, width),
            _ => binary(">>", left, number(width, 32)),
        };
        if let ExprKind::Constant(amount) = &right.kind {
            return match *amount < BigUint::from(width) {
                true => binary(name, self.data(left), number(amount.clone(), 32)),
                false => {
                    let left = self.data(left);
                    beyond(left)
                }
            };
        }
        let shifted = binary(name, self.data(left), self.data(right));
        if right.scalar.width() <= 8 {
            return shifted;
        }
        let small = binary("<", self.data(right), number(width, 32));
        let left = self.data(left);
        choice(small, shifted, beyond(left))
    }

    fn cast(&mut self, operand: &Expr, to: Scalar) -> Json {
        let from = operand.scalar;
        match (from, to) {
            (Scalar::Bool, Scalar::Int(_)) => wrapped(self.data(operand), to),
            (Scalar::Bool, _) => self.data(operand),
            (_, Scalar::Bool) if from.width() > 1 => unary("b2d", unary("d2b", self.data(operand))),
            (_, Scalar::Bool) => self.bits(operand),
            (Scalar::Int(_), Scalar::Bits(width)) => masked(self.data(operand), width),
            (Scalar::Bits(old), Scalar::Int(new)) if old < new => self.data(operand),
            (Scalar::Bits(old), Scalar::Bits(new)) if old <= new => self.data(operand),
            (Scalar::Int(old), Scalar::Int(new)) if old <= new => self.data(operand),
            _ => wrapped(self.data(operand), to),
        }
    }

    /// A condition, of the boolean kind that BMv2 keeps apart from numbers.
    pub(super) fn boolean(&mut self, expr: &Expr) -> Json {
        match &expr.kind {
            ExprKind::Constant(value) => {
                object! { "type": "bool", "value": !value.is_zero() }
            }
            ExprKind::IsValid(header @ HeaderRef::Element(stack, index)) => {
                let valid = unary("valid", self.header(header));
                match self.in_bounds(*stack, index) {
                    Some(condition) => choice(condition, valid, falsehood()),
                    None => valid,
                }
            }
            ExprKind::IsValid(header @ HeaderRef::Last(stack)) => {
                let count = unary("size_stack", self.stack(*stack));
                let some = binary(">", count, number(0u32, 32));
                let valid = unary("valid", self.header(header));
                choice(some, valid, falsehood())
            }
            ExprKind::IsUnionValid(union) => {
                let members = &self.program.unions[union.index()].members;
                let valid = (members.iter())
                    .map(|member| unary("d2b", self.layout.valid(*member).operand()))
                    .reduce(|any, valid| binary("or", any, valid));
                valid.unwrap_or_else(falsehood)
            }
            ExprKind::Unary(UnaryOp::Not, operand) => unary("not", self.boolean(operand)),
            ExprKind::Binary(op, left, right) => self.comparison(*op, left, right),
            ExprKind::Mux(condition, then, otherwise) => {
                let condition = self.boolean(condition);
                let then = self.boolean(then);
                let otherwise = self.boolean(otherwise);
                choice(condition, then, otherwise)
            }
            ExprKind::Cast(operand) if operand.scalar == Scalar::Bool => self.boolean(operand),
            ExprKind::Cast(operand) => unary("d2b", self.data(operand)),
            _ => unary("d2b", self.data(expr)),
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Json {
        let name = match op {
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            _ => ">=",
        };
        if left.scalar == Scalar::Bool {
            binary(name, self.boolean(left), self.boolean(right))
        } else {
            binary(name, self.data(left), self.data(right))
        }
    }

    /// An expression as a parameter of a primitive.
    pub(super) fn argument(&mut self, expr: &Expr) -> Json {
        operand_argument(self.data(expr))
    }

    /// What is ahead in the packet, read into a field of its own by an operation before this one.
    fn look_ahead(&mut self, offset: u32, scalar: Scalar, span: Span) -> FieldRef {
        let field = self.layout.temporary("lookahead", scalar);
        match &mut self.parser_ops {
            Some(ops) => {
                let bits = object! {
                    "type": "lookahead",
                    "value": super::json::array![offset, scalar.width()],
                };
                ops.push(super::parser::operation("set", vec![field.operand(), bits]));
            }
            None => self.unsupported(span, "looking ahead outside the parser"),
        }
        field
    }
}

/// An operand of an expression as a parameter of a primitive: fields and constants as they are, an action's data by its name
/// there, the rest marked as expressions.
pub(super) fn operand_argument(mut operand: Json) -> Json {
    let Json::Object(members) = &mut operand else {
        return operand;
    };
    match members.first_mut() {
        Some((_, kind)) if *kind == Json::from("local") => *kind = "runtime_data".into(),
        Some((_, kind)) if *kind == Json::from("expression") => {
            return object! { "type": "expression", "value": operand };
        }
        _ => {}
    }
    operand
}

/// A value as it is read from where the sign may have been lost.
pub(super) fn signed(value: Json, scalar: Scalar) -> Json {
    match scalar {
        Scalar::Int(1) => wrapped(value, scalar),
        _ => value,
    }
}

fn falsehood() -> Json {
    object! { "type": "bool", "value": false }
}
