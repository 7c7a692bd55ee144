//! Types of operators, slices and indexes.

use num_traits::{Signed, ToPrimitive};

use super::Checker;
use super::codes;
use super::eval::no_environment;
use super::typed::Value;
use super::types::Type;
use crate::ast::{BinaryOp, Expr, UnaryOp};
use crate::source::Span;

impl<'a> Checker<'a> {
    /// The type of an operand as an operator sees it: a serializable enumeration counts as its representation.
    fn operand(&mut self, expr: &'a Expr) -> Type {
        let ty = self.infer(expr);
        match self.typed.representation(&ty) {
            Some(representation) => {
                self.typed.set_coercion(expr.id, representation.clone());
                representation
            }
            None => ty,
        }
    }

    fn bad_operand(&mut self, symbol: &str, span: Span, ty: &Type) -> Type {
        if *ty != Type::Unknown {
            let shown = self.show(ty);
            self.error(
                codes::BAD_OPERANDS,
                span,
                format!("`{symbol}` is not defined for `{shown}`"),
            );
        }
        Type::Unknown
    }

    pub(super) fn infer_unary(&mut self, expr: &'a Expr, op: UnaryOp, operand: &'a Expr) -> Type {
        if op == UnaryOp::Not {
            let ty = self.infer(operand);
            if !matches!(ty, Type::Bool | Type::Unknown) {
                return self.bad_operand("!", operand.span, &ty);
            }
            return Type::Bool;
        }
        let ty = self.operand(operand);
        match (op, &ty) {
            (UnaryOp::Complement, Type::Bit(_) | Type::Int(_)) => ty,
            (UnaryOp::Complement, _) => self.bad_operand(op.symbol(), expr.span, &ty),
            (_, ty) if ty.is_numeric() => ty.clone(),
            _ => self.bad_operand(op.symbol(), expr.span, &ty),
        }
    }

    pub(super) fn infer_binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &'a Expr,
        right: &'a Expr,
    ) -> Type {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                for operand in [left, right] {
                    let ty = self.infer(operand);
                    if !matches!(ty, Type::Bool | Type::Unknown) {
                        self.bad_operand(op.symbol(), operand.span, &ty);
                    }
                }
                Type::Bool
            }
            BinaryOp::Eq | BinaryOp::Ne => {
                self.infer_equality(op, op_span, left, right);
                Type::Bool
            }
            BinaryOp::Shl | BinaryOp::Shr => {
                let ty = self.infer_shift(op, left, right);
                if op == BinaryOp::Shl
                    && ty == Type::Integer
                    && let Ok(Value::Int(amount)) = self.typed.eval(right, &no_environment)
                    && amount > super::eval::MAX_SHIFT.into()
                {
                    let span = left.span.to(right.span);
                    self.error(codes::TOO_LARGE, span, "the number is too large");
                    return Type::Unknown;
                }
                ty
            }
            BinaryOp::Concat => {
                let (a, b) = (self.operand(left), self.operand(right));
                match (&a, &b) {
                    (Type::Bit(a), Type::Bit(b) | Type::Int(b)) => Type::Bit(a.saturating_add(*b)),
                    (Type::Int(a), Type::Bit(b) | Type::Int(b)) => Type::Int(a.saturating_add(*b)),
                    (Type::String, Type::String) => Type::String,
                    (Type::Unknown, _) | (_, Type::Unknown) => Type::Unknown,
                    (Type::Integer, _) => self.needs_width(left),
                    (_, Type::Integer) => self.needs_width(right),
                    (a, b) => {
                        let bad = if a.is_sized() { b.clone() } else { a.clone() };
                        self.bad_operand("++", op_span, &bad)
                    }
                }
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let (a, b) = (self.operand(left), self.operand(right));
                self.same_numbers(op, op_span, left, &a, right, &b);
                Type::Bool
            }
            _ => {
                let (a, b) = (self.operand(left), self.operand(right));
                let divisor = match op {
                    BinaryOp::Div | BinaryOp::Mod => self.typed.eval(right, &no_environment).ok(),
                    _ => None,
                };
                let ty = self.same_numbers(op, op_span, left, &a, right, &b);
                match (op, &ty) {
                    (BinaryOp::AddSat | BinaryOp::SubSat, Type::Integer) => self.needs_width(left),
                    (BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor, Type::Integer) => ty,
                    (BinaryOp::Div | BinaryOp::Mod, Type::Int(_)) => {
                        self.bad_operand(op.symbol(), op_span, &ty)
                    }
                    (BinaryOp::Div | BinaryOp::Mod, _) => {
                        if let Some(Value::Int(divisor)) = divisor {
                            if divisor == 0.into() {
                                self.error(codes::DIVISION_BY_ZERO, right.span, "division by zero");
                            } else if divisor.is_negative() {
                                self.error(
                                    codes::NEGATIVE,
                                    right.span,
                                    "division is not defined for negative numbers",
                                );
                            }
                        }
                        ty
                    }
                    _ => ty,
                }
            }
        }
    }

    fn needs_width(&mut self, expr: &Expr) -> Type {
        self.error(
            codes::NEEDS_WIDTH,
            expr.span,
            "this integer needs a width here",
        )
        .hint = Some("write the width before it, such as `8w1`, or cast it".to_owned());
        Type::Unknown
    }

    /// Numbers of one type; integers of any size take the type of the other.
    fn same_numbers(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &'a Expr,
        a: &Type,
        right: &'a Expr,
        b: &Type,
    ) -> Type {
        match (a, b) {
            (Type::Unknown, _) | (_, Type::Unknown) => Type::Unknown,
            (a, b) if !a.is_numeric() || !b.is_numeric() => {
                let bad = if a.is_numeric() { b } else { a };
                self.bad_operand(op.symbol(), op_span, bad)
            }
            (a, b) if a == b => a.clone(),
            (Type::Integer, b) => {
                self.coerce(left, b);
                b.clone()
            }
            (a, Type::Integer) => {
                self.coerce(right, a);
                a.clone()
            }
            (a, b) => {
                self.different(op, op_span, left, a, right, b);
                Type::Unknown
            }
        }
    }

    fn different(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &Expr,
        a: &Type,
        right: &Expr,
        b: &Type,
    ) {
        let (a_shown, b_shown) = (self.show(a), self.show(b));
        let diagnostic = self.error(
            codes::DIFFERENT_OPERANDS,
            op_span,
            format!(
                "the operands of `{}` have different types: `{a_shown}` and `{b_shown}`",
                op.symbol()
            ),
        );
        for (span, shown) in [(left.span, a_shown), (right.span, b_shown)] {
            diagnostic.labels.push(crate::diagnostic::Label {
                span,
                message: format!("`{shown}`"),
            });
        }
    }

    fn infer_equality(&mut self, op: BinaryOp, op_span: Span, left: &'a Expr, right: &'a Expr) {
        let (a, b) = (self.infer(left), self.infer(right));
        let comparable = |ty: &Type| {
            !matches!(
                ty,
                Type::Extern(..)
                    | Type::Parser(..)
                    | Type::Control(..)
                    | Type::Package(..)
                    | Type::Table(_)
                    | Type::ApplyResult(_)
                    | Type::Callable
                    | Type::Type(_)
                    | Type::Void
                    | Type::ValueSet(_)
                    | Type::Param(_)
            )
        };
        for (ty, span) in [(&a, left.span), (&b, right.span)] {
            if !comparable(ty) {
                self.bad_operand(op.symbol(), span, ty);
                return;
            }
        }
        if let (Type::Record(_), Type::Record(_)) = (&a, &b) {
            self.error(
                codes::BAD_OPERANDS,
                op_span,
                "nothing says which struct or header these are",
            )
            .hint = Some("cast one of them: `(name_of_the_struct) { .. }`".to_owned());
            return;
        }
        if a == b || a == Type::Unknown || b == Type::Unknown {
            return;
        }
        // What is less specific converts: numbers without width, lists, struct expressions.
        let flexible = |ty: &Type| {
            matches!(
                ty,
                Type::Integer | Type::List(_) | Type::Record(_) | Type::InvalidHeader
            )
        };
        if flexible(&a) && self.converts(&a, &b) {
            self.coerce(left, &b);
        } else if flexible(&b) && self.converts(&b, &a) {
            self.coerce(right, &a);
        } else if self.typed.representation(&a).as_ref() == Some(&b) {
            self.coerce(left, &b);
        } else if self.typed.representation(&b).as_ref() == Some(&a) {
            self.coerce(right, &a);
        } else if self.typed.representation(&a).is_some()
            && self.typed.representation(&a) == self.typed.representation(&b)
        {
            // Both stand for their numbers.
        } else if let (Some(inner), Type::Integer) = (self.typed.representation(&a), &b) {
            self.coerce(left, &inner);
            self.coerce(right, &inner);
        } else if let (Type::Integer, Some(inner)) = (&a, self.typed.representation(&b)) {
            self.coerce(left, &inner);
            self.coerce(right, &inner);
        } else {
            self.different(op, op_span, left, &a, right, &b);
        }
    }

    fn infer_shift(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Type {
        let (a, b) = (self.operand(left), self.operand(right));
        if !a.is_numeric() {
            return self.bad_operand(op.symbol(), left.span, &a);
        }
        match &b {
            Type::Bit(_) | Type::Unknown => {}
            Type::Integer => {
                if let Ok(Value::Int(amount)) = self.typed.eval(right, &no_environment)
                    && amount.is_negative()
                {
                    self.error(codes::NEGATIVE, right.span, "a shift by a negative number");
                }
            }
            Type::Int(_) if self.is_not_negative(right) => {}
            Type::Int(_) => {
                let shown = self.show(&b);
                self.error(
                    codes::BAD_OPERANDS,
                    right.span,
                    format!("the amount of a shift must not have a sign, but this is `{shown}`"),
                );
            }
            _ => {
                self.bad_operand(op.symbol(), right.span, &b);
            }
        }
        let is_known = self.typed.eval(right, &no_environment).is_ok()
            && self.typed.eval(left, &no_environment).is_ok();
        if a == Type::Integer && b != Type::Integer && b != Type::Unknown && !is_known {
            return self.needs_width(left);
        }
        a
    }

    fn is_not_negative(&self, expr: &Expr) -> bool {
        let value = self.typed.eval(expr, &no_environment);
        matches!(value, Ok(Value::Int(value)) if !value.is_negative())
    }

    /// A bound of a slice: a constant that is not negative.
    fn bound(&mut self, expr: &'a Expr) -> Option<u32> {
        self.operand(expr);
        let value = self.constant_int(expr, "a bound of a slice")?;
        match value.to_u32() {
            Some(bound) => Some(bound),
            None => {
                let message = if value.is_negative() {
                    "a bound of a slice must not be negative"
                } else {
                    "this bound of a slice is too large"
                };
                self.error(codes::BAD_SLICE, expr.span, message);
                None
            }
        }
    }

    fn sliced(&mut self, base: &'a Expr) -> (Type, Option<u32>) {
        let ty = self.operand(base);
        match &ty {
            Type::Bit(width) | Type::Int(width) => {
                let width = *width;
                (ty, Some(width))
            }
            Type::Integer => (ty, None),
            _ => (self.bad_operand("[:]", base.span, &ty), None),
        }
    }

    pub(super) fn infer_slice(&mut self, base: &'a Expr, high: &'a Expr, low: &'a Expr) -> Type {
        let (ty, width) = self.sliced(base);
        let (Some(high_at), Some(low_at)) = (self.bound(high), self.bound(low)) else {
            return Type::Unknown;
        };
        if high_at < low_at {
            self.error(
                codes::BAD_SLICE,
                high.span.to(low.span),
                format!("the high bit {high_at} is below the low bit {low_at}"),
            );
            return Type::Unknown;
        }
        if let Some(width) = width
            && high_at >= width
        {
            let shown = self.show(&ty);
            self.error(
                codes::BAD_SLICE,
                high.span,
                format!("bit {high_at} is not in `{shown}`"),
            );
            return Type::Unknown;
        }
        if ty == Type::Unknown {
            return Type::Unknown;
        }
        Type::Bit(high_at - low_at + 1)
    }

    pub(super) fn infer_part_select(
        &mut self,
        base: &'a Expr,
        low: &'a Expr,
        width: &'a Expr,
    ) -> Type {
        let (ty, of) = self.sliced(base);
        let low_type = self.operand(low);
        if !matches!(low_type, Type::Bit(_) | Type::Integer | Type::Unknown) {
            self.bad_operand("+:", low.span, &low_type);
        }
        let Some(width_bits) = self.bound(width) else {
            return Type::Unknown;
        };
        let low_at = match self.typed.eval(low, &no_environment) {
            Ok(Value::Int(value)) => Some(value),
            _ => None,
        };
        if let (Some(low_at), Some(of)) = (&low_at, of)
            && (low_at.is_negative() || low_at + width_bits > of.into())
        {
            let shown = self.show(&ty);
            self.error(
                codes::BAD_SLICE,
                low.span,
                format!("`{shown}` has no {width_bits} bits from bit {low_at} on"),
            );
            return Type::Unknown;
        }
        if of.is_some_and(|of| width_bits > of) {
            let shown = self.show(&ty);
            self.error(
                codes::BAD_SLICE,
                width.span,
                format!("`{shown}` has no {width_bits} bits"),
            );
            return Type::Unknown;
        }
        if ty == Type::Unknown {
            return Type::Unknown;
        }
        Type::Bit(width_bits)
    }

    pub(super) fn infer_index(&mut self, expr: &'a Expr, base: &'a Expr, index: &'a Expr) -> Type {
        let base_type = self.infer(base);
        let index_type = self.operand(index);
        if !index_type.is_numeric() && index_type != Type::Unknown {
            let shown = self.show(&index_type);
            self.error(
                codes::BAD_INDEX,
                index.span,
                format!("an index is a number, not `{shown}`"),
            );
            return Type::Unknown;
        }
        let value = match self.typed.eval(index, &no_environment) {
            Ok(Value::Int(value)) => Some(value),
            _ => None,
        };
        match &base_type {
            Type::Stack(element, size) => {
                if let Some(value) = value
                    && (value.is_negative() || value >= (*size).into())
                {
                    let shown = self.show(&base_type);
                    self.error(
                        codes::BAD_INDEX,
                        index.span,
                        format!("there is no element {value} in `{shown}`"),
                    );
                }
                (**element).clone()
            }
            Type::Tuple(types) | Type::List(types) => match value.map(|value| value.to_usize()) {
                Some(Some(at)) if at < types.len() => types[at].clone(),
                Some(_) => {
                    let shown = self.show(&base_type);
                    self.error(
                        codes::BAD_INDEX,
                        index.span,
                        format!("there is no such element in `{shown}`"),
                    );
                    Type::Unknown
                }
                None => {
                    self.error(
                        codes::NOT_CONSTANT,
                        index.span,
                        "the index of a tuple must be known at compile time",
                    );
                    Type::Unknown
                }
            },
            Type::ListOf(element) => (**element).clone(),
            _ => self.bad_operand("[]", expr.span, &base_type),
        }
    }
}
