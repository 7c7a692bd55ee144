//! Evaluates expressions at compile time, with integers of any size.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer as _;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::nodes::Node;
use super::typed::{Builtin, Callee, Typed, Value};
use super::types::Type;
use crate::ast::{BinaryOp, DeclId, Expr, ExprKind, UnaryOp};
use crate::source::Span;

/// Why an expression has no value at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    /// It depends on something that is known only when packets flow.
    NotConstant(Span),
    /// It divides by 0.
    DivisionByZero(Span),
    /// It divides a negative number or by one.
    NegativeDivision(Span),
    /// It shifts by a negative number.
    NegativeShift(Span),
    /// Its result would have more bits than anyone needs.
    TooLarge(Span),
    /// Something in it has been reported already.
    Reported,
}

/// The largest shift of an integer of any size.
pub(super) const MAX_SHIFT: u32 = 1 << 16;

/// Values of constructor parameters and the like.
pub type Environment<'e> = &'e dyn Fn(DeclId) -> Option<Value>;

/// An environment in which only constants have values.
pub fn no_environment(_: DeclId) -> Option<Value> {
    None
}

/// A number reduced to a type: modulo 2^width, two's complement for `int`.
pub fn wrap(value: BigInt, ty: &Type) -> BigInt {
    match ty {
        Type::Bit(width) | Type::Varbit(width) => value.mod_floor(&(BigInt::one() << *width)),
        Type::Int(0) => BigInt::zero(),
        Type::Int(width) => {
            let modulus = BigInt::one() << *width;
            let value = value.mod_floor(&modulus);
            if value >= BigInt::one() << (*width - 1) {
                value - modulus
            } else {
                value
            }
        }
        _ => value,
    }
}

/// A number as the bits of a type: two's complement where it is negative.
pub fn to_bits(value: &BigInt, width: u32) -> BigUint {
    let (_, bits) = value.mod_floor(&(BigInt::one() << width)).into_parts();
    bits
}

impl<'a> Typed<'a> {
    /// The value of an expression, converted as its place wants it.
    pub fn eval(&self, expr: &Expr, environment: Environment<'_>) -> Result<Value, NoValue> {
        let value = self.eval_own(expr, environment)?;
        Ok(match self.coercion(expr) {
            Some(to) => self.convert(value, self.ty(expr), to),
            None => value,
        })
    }

    /// The value of an expression before any implicit conversion of it.
    pub fn eval_unconverted(
        &self,
        expr: &Expr,
        environment: Environment<'_>,
    ) -> Result<Value, NoValue> {
        self.eval_own(expr, environment)
    }

    /// The integer that an expression is, if it is one.
    pub fn eval_int(&self, expr: &Expr, environment: Environment<'_>) -> Result<BigInt, NoValue> {
        match self.eval(expr, environment)? {
            Value::Int(value) => Ok(value),
            _ => Err(NoValue::NotConstant(expr.span)),
        }
    }

    /// The value that `...` stands for.
    pub fn default_value(&self, ty: &Type) -> Value {
        match ty {
            Type::Bool => Value::Bool(false),
            Type::String => Value::String("".into()),
            Type::Error => self
                .errors
                .first()
                .map_or(Value::Default, |&first| Value::Member(first)),
            Type::Enum(id) if self.representation(ty).is_none() => match self.decl(*id) {
                Some(decl) => match &decl.kind {
                    crate::ast::DeclKind::Enum(enumeration) => enumeration
                        .members
                        .first()
                        .map_or(Value::Default, |member| Value::Member(member.id)),
                    _ => Value::Default,
                },
                None => Value::Default,
            },
            Type::NewType(_) => self.default_value(&self.strip_new_types(ty)),
            Type::Header(..) | Type::Union(..) => Value::InvalidHeader,
            Type::Struct(..) | Type::Tuple(_) => Value::List(
                self.fields(ty)
                    .unwrap_or_default()
                    .iter()
                    .map(|(_, ty)| self.default_value(ty))
                    .collect(),
            ),
            Type::Stack(element, size) => {
                Value::List(vec![self.default_value(element); *size as usize])
            }
            _ => Value::Int(BigInt::zero()),
        }
    }

    /// A value of one type as a value of another.
    pub fn convert(&self, value: Value, from: &Type, to: &Type) -> Value {
        let to = match self.representation(to) {
            Some(representation) => representation,
            None => self.strip_new_types(to),
        };
        match (value, &to) {
            (Value::Int(value), Type::Bit(_) | Type::Int(_) | Type::Varbit(_)) => {
                Value::Int(wrap(value, &to))
            }
            (Value::Int(value), Type::Bool) => Value::Bool(!value.is_zero()),
            (Value::Bool(value), Type::Bit(_) | Type::Int(_)) => {
                Value::Int(wrap(BigInt::from(u8::from(value)), &to))
            }
            (Value::Record(mut given), Type::Struct(..) | Type::Header(..)) => {
                let fields = self.fields(&to).unwrap_or_default();
                Value::List(
                    fields
                        .iter()
                        .map(
                            |(name, ty)| match given.iter().position(|(other, _)| other == name) {
                                Some(at) => given.swap_remove(at).1,
                                None => self.default_value(ty),
                            },
                        )
                        .collect(),
                )
            }
            (Value::List(mut values), Type::Struct(..) | Type::Header(..) | Type::Tuple(_)) => {
                let fields = self.fields(&to).unwrap_or_default();
                let own = self.fields(from).unwrap_or_default();
                if values.last() == Some(&Value::Default) {
                    values.pop();
                }
                for (_, ty) in fields.iter().skip(values.len()) {
                    values.push(self.default_value(ty));
                }
                // What is in the list has been converted where it stands, except the parts of a value that is named.
                let values = values.into_iter().enumerate().map(|(at, value)| {
                    match (own.get(at), fields.get(at)) {
                        (Some((_, from)), Some((_, to))) => self.convert(value, from, to),
                        _ => value,
                    }
                });
                Value::List(values.collect())
            }
            (Value::Default, to) => self.default_value(to),
            (value, _) => value,
        }
    }

    fn eval_own(&self, expr: &Expr, environment: Environment<'_>) -> Result<Value, NoValue> {
        let not_constant = NoValue::NotConstant(expr.span);
        let ty = self.ty(expr);
        match &expr.kind {
            ExprKind::Int(literal) => Ok(Value::Int(wrap(literal.value.clone(), ty))),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::String(text) => Ok(Value::String(text.clone())),
            ExprKind::InvalidHeader => Ok(Value::InvalidHeader),
            ExprKind::Default => Ok(Value::Default),
            ExprKind::Path(_) => {
                let id = self.reference(expr.id).ok_or(NoValue::Reported)?;
                if let Some(value) = environment(id) {
                    return Ok(value);
                }
                match (self.constant(id), self.node(id)) {
                    (Some(value), _) => Ok(value.clone()),
                    (None, Some(Node::Member(..))) => Ok(Value::Member(id)),
                    (None, _) => Err(not_constant),
                }
            }
            ExprKind::Member { base, member } => {
                if let Some(id) = self.reference(expr.id)
                    && let Some(Node::Member(..)) = self.node(id)
                {
                    return Ok(match self.constant(id) {
                        Some(value) => value.clone(),
                        None => Value::Member(id),
                    });
                }
                if let (Type::Stack(_, size), "size") = (self.ty(base), member.as_str()) {
                    return Ok(Value::Int((*size).into()));
                }
                let fields = self.fields(self.final_type(base)).ok_or(not_constant)?;
                let at = fields
                    .iter()
                    .position(|(name, _)| *name == member.name)
                    .ok_or(not_constant)?;
                match self.eval(base, environment)? {
                    Value::List(mut values) if at < values.len() => Ok(values.swap_remove(at)),
                    Value::Record(mut values) if at < values.len() => Ok(values.swap_remove(at).1),
                    _ => Err(not_constant),
                }
            }
            ExprKind::Index { base, index } => {
                let at = self.eval_int(index, environment)?.to_usize();
                match (self.eval(base, environment)?, at) {
                    (Value::List(mut values), Some(at)) if at < values.len() => {
                        Ok(values.swap_remove(at))
                    }
                    _ => Err(not_constant),
                }
            }
            ExprKind::Slice { base, high, low } => {
                let (high, low) = (
                    self.eval_int(high, environment)?.to_u32(),
                    self.eval_int(low, environment)?.to_u32(),
                );
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(NoValue::Reported);
                };
                if high < low || high > MAX_SHIFT {
                    return Err(NoValue::Reported);
                }
                let value = self.eval_int(base, environment)? >> low;
                Ok(Value::Int(wrap(value, &Type::Bit(high - low + 1))))
            }
            ExprKind::PartSelect { base, low, width } => {
                let low = self.eval_int(low, environment)?.to_u32();
                let width = self.eval_int(width, environment)?.to_u32();
                match (low, width) {
                    (Some(low), Some(width)) if low <= MAX_SHIFT && width <= MAX_SHIFT => {
                        let value = self.eval_int(base, environment)? >> low;
                        Ok(Value::Int(wrap(value, &Type::Bit(width))))
                    }
                    _ => Err(NoValue::TooLarge(expr.span)),
                }
            }
            ExprKind::Unary { op, operand } => {
                let value = self.eval(operand, environment)?;
                match (op, value) {
                    (UnaryOp::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
                    (UnaryOp::Complement, Value::Int(value)) => {
                        Ok(Value::Int(wrap(-value - BigInt::one(), ty)))
                    }
                    (UnaryOp::Negate, Value::Int(value)) => Ok(Value::Int(wrap(-value, ty))),
                    (UnaryOp::Plus, value @ Value::Int(_)) => Ok(value),
                    _ => Err(not_constant),
                }
            }
            ExprKind::Binary {
                op, left, right, ..
            } => self.eval_binary(expr, *op, left, right, environment),
            ExprKind::Ternary {
                condition,
                then,
                otherwise,
            } => match self.eval(condition, environment)? {
                Value::Bool(true) => self.eval(then, environment),
                Value::Bool(false) => self.eval(otherwise, environment),
                _ => Err(not_constant),
            },
            ExprKind::Cast { operand, .. } => {
                let value = self.eval(operand, environment)?;
                Ok(self.convert(value, self.final_type(operand), ty))
            }
            ExprKind::List(elements) | ExprKind::Tuple(elements) => elements
                .iter()
                .map(|element| self.eval(element, environment))
                .collect::<Result<_, _>>()
                .map(Value::List),
            ExprKind::Struct { fields, .. } => fields
                .iter()
                .map(|field| {
                    Ok((
                        field.name.name.clone(),
                        self.eval(&field.value, environment)?,
                    ))
                })
                .collect::<Result<_, _>>()
                .map(Value::Record),
            ExprKind::Call { callee, .. } => {
                match self.call(expr.id).and_then(|call| call.callee) {
                    Some(Callee::Builtin(Builtin::Size { bytes, max })) => {
                        let ExprKind::Member { base, .. } = &callee.kind else {
                            return Err(not_constant);
                        };
                        let base = match self.ty(base) {
                            Type::Type(inner) => inner,
                            ty => ty,
                        };
                        let (least, most) = self.size_in_bits(base).ok_or(not_constant)?;
                        let bits = if max { most } else { least };
                        Ok(Value::Int(
                            if bytes { bits.div_ceil(8) } else { bits }.into(),
                        ))
                    }
                    // The outcome has been checked; a value is not wanted.
                    Some(Callee::ExternFunction(id)) if self.name(id) == "static_assert" => {
                        Ok(Value::Bool(true))
                    }
                    _ => Err(not_constant),
                }
            }
            ExprKind::Invalid => Err(NoValue::Reported),
            _ => Err(not_constant),
        }
    }

    fn eval_binary(
        &self,
        expr: &Expr,
        op: BinaryOp,
        left_expr: &Expr,
        right_expr: &Expr,
        environment: Environment<'_>,
    ) -> Result<Value, NoValue> {
        let ty = self.ty(expr);
        let left = self.eval(left_expr, environment)?;
        match (op, &left) {
            (BinaryOp::And, Value::Bool(false)) => return Ok(Value::Bool(false)),
            (BinaryOp::Or, Value::Bool(true)) => return Ok(Value::Bool(true)),
            (BinaryOp::And | BinaryOp::Or, Value::Bool(_)) => {
                return self.eval(right_expr, environment);
            }
            _ => {}
        }
        let right = self.eval(right_expr, environment)?;
        match op {
            BinaryOp::Eq => return Ok(Value::Bool(left == right)),
            BinaryOp::Ne => return Ok(Value::Bool(left != right)),
            _ => {}
        }
        if let (BinaryOp::Concat, Value::String(left), Value::String(right)) = (op, &left, &right) {
            return Ok(Value::String(format!("{left}{right}").into()));
        }
        let (Value::Int(left), Value::Int(right)) = (left, right) else {
            return Err(NoValue::NotConstant(expr.span));
        };
        let operand = self.strip_new_types(self.final_type(left_expr));
        let saturate = |value: BigInt| match &operand {
            Type::Bit(width) => {
                value.clamp(BigInt::zero(), (BigInt::one() << *width) - BigInt::one())
            }
            Type::Int(width) => {
                let bound = BigInt::one() << width.saturating_sub(1);
                value.clamp(-bound.clone(), bound - BigInt::one())
            }
            _ => value,
        };
        let shift = |amount: &BigInt| -> Result<u32, NoValue> {
            if amount.sign() == Sign::Minus {
                return Err(NoValue::NegativeShift(right_expr.span));
            }
            Ok(amount.to_u32().unwrap_or(u32::MAX))
        };
        let number = match op {
            BinaryOp::Lt => return Ok(Value::Bool(left < right)),
            BinaryOp::Le => return Ok(Value::Bool(left <= right)),
            BinaryOp::Gt => return Ok(Value::Bool(left > right)),
            BinaryOp::Ge => return Ok(Value::Bool(left >= right)),
            BinaryOp::Add => left + right,
            BinaryOp::Sub => left - right,
            BinaryOp::Mul => left * right,
            BinaryOp::Div | BinaryOp::Mod => {
                if right.is_zero() {
                    return Err(NoValue::DivisionByZero(right_expr.span));
                }
                if left.is_negative() || right.is_negative() {
                    return Err(NoValue::NegativeDivision(expr.span));
                }
                if op == BinaryOp::Div {
                    left / right
                } else {
                    left % right
                }
            }
            BinaryOp::AddSat => saturate(left + right),
            BinaryOp::SubSat => saturate(left - right),
            BinaryOp::Shl => {
                let amount = shift(&right)?;
                match operand {
                    Type::Bit(width) | Type::Int(width) if amount >= width => BigInt::zero(),
                    _ if amount > MAX_SHIFT => return Err(NoValue::TooLarge(expr.span)),
                    _ => left << amount,
                }
            }
            BinaryOp::Shr => left >> shift(&right)?.min(MAX_SHIFT),
            BinaryOp::BitAnd => left & right,
            BinaryOp::BitOr => left | right,
            BinaryOp::BitXor => left ^ right,
            BinaryOp::Concat => {
                let (Type::Bit(width) | Type::Int(width)) =
                    self.strip_new_types(self.final_type(right_expr))
                else {
                    return Err(NoValue::NotConstant(expr.span));
                };
                (left << width) | BigInt::from(to_bits(&right, width))
            }
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::And | BinaryOp::Or => {
                return Err(NoValue::NotConstant(expr.span));
            }
        };
        Ok(Value::Int(wrap(number, ty)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_to_their_type() {
        let wrapped = |value: i64, ty| wrap(BigInt::from(value), &ty);
        assert_eq!(wrapped(300, Type::Bit(8)), BigInt::from(44));
        assert_eq!(wrapped(-1, Type::Bit(8)), BigInt::from(255));
        assert_eq!(wrapped(200, Type::Int(8)), BigInt::from(-56));
        assert_eq!(wrapped(-129, Type::Int(8)), BigInt::from(127));
        assert_eq!(wrapped(5, Type::Bit(0)), BigInt::from(0));
        assert_eq!(wrapped(-7, Type::Integer), BigInt::from(-7));
    }

    #[test]
    fn negative_numbers_become_twos_complement() {
        assert_eq!(to_bits(&BigInt::from(-1), 4), BigUint::from(15u8));
        assert_eq!(to_bits(&BigInt::from(-8), 4), BigUint::from(8u8));
        assert_eq!(to_bits(&BigInt::from(9), 16), BigUint::from(9u8));
    }
}
