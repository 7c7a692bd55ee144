//! Expressions. What has side effects goes before, as statements.

use std::sync::Arc;

use num_traits::ToPrimitive;

use super::Lowerer;
use super::instance::Binding;
use super::operand::{Operand, stmt};
use crate::ast::{BinaryOp, Expr, ExprKind, Ident, UnaryOp};
use crate::check::{self, Builtin, Callee, NoValue, Type};
use crate::ir::{self, HeaderRef, StmtKind};
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    /// What an expression computes, as its place wants it. Statements that have to come first are added to `out`.
    pub(super) fn expr(&mut self, expr: &'a Expr, out: &mut ir::Block) -> Operand {
        match self.eval(expr) {
            Ok(value) => {
                let ty = self.final_type(expr);
                return self.constant(&value, &ty, expr.span);
            }
            Err(NoValue::DivisionByZero(span)) => {
                self.error(check::codes::DIVISION_BY_ZERO, span, "division by zero");
                return Operand::Nothing;
            }
            Err(_) => {}
        }
        let own = match self.unconverted(expr, out) {
            Operand::Choice(choice) => self.chosen(&choice, expr.span, out),
            own => own,
        };
        match self.typed.coercion(expr) {
            Some(to) => {
                let to = self.concrete(to);
                self.convert(own, &to, expr.span)
            }
            None => own,
        }
    }

    /// A scalar expression.
    pub(super) fn scalar_expr(&mut self, expr: &'a Expr, out: &mut ir::Block) -> ir::Expr {
        match self.expr(expr, out) {
            Operand::Scalar(scalar) => scalar,
            _ => {
                if !self.diagnostics.has_errors() {
                    self.internal(expr.span, "a number is expected");
                }
                self.zero(ir::Scalar::Bits(1), expr.span)
            }
        }
    }

    pub(super) fn zero(&self, scalar: ir::Scalar, span: Span) -> ir::Expr {
        ir::Expr {
            kind: ir::ExprKind::Constant(0u8.into()),
            scalar,
            span,
        }
    }

    pub(super) fn bool_constant(&self, value: bool, span: Span) -> ir::Expr {
        ir::Expr {
            kind: ir::ExprKind::Constant(u8::from(value).into()),
            scalar: ir::Scalar::Bool,
            span,
        }
    }

    /// An operand as a value of another type.
    pub(super) fn convert(&mut self, operand: Operand, to: &Type, span: Span) -> Operand {
        if let Some(scalar) = self.scalar(to) {
            return match operand {
                Operand::Scalar(expr) => Operand::Scalar(self.resize(expr, scalar)),
                other => other,
            };
        }
        match (operand, to) {
            (Operand::Struct(parts), Type::Header(..)) => {
                let header_type = self.header_type(to);
                let fields = self.typed.fields(to).unwrap_or_default();
                let mut values = Vec::new();
                for (at, (name, ty)) in fields.iter().enumerate() {
                    let ty = self.concrete(ty);
                    let part = parts
                        .iter()
                        .find(|(other, _)| other == name)
                        .or_else(|| parts.get(at).filter(|(name, _)| is_position(name)))
                        .map_or(Operand::Default, |(_, part)| part.clone());
                    let part = match part {
                        Operand::Default => {
                            let value = self.typed.default_value(&ty);
                            self.constant(&value, &ty, span)
                        }
                        part => self.convert(part, &ty, span),
                    };
                    self.flatten(&part, &mut values);
                }
                Operand::NewHeader(header_type, values)
            }
            (Operand::Struct(parts), Type::Struct(..) | Type::Tuple(_)) => {
                let fields = self.typed.fields(to).unwrap_or_default();
                let parts: Vec<(Arc<str>, Operand)> = fields
                    .into_iter()
                    .enumerate()
                    .map(|(at, (name, ty))| {
                        let ty = self.concrete(&ty);
                        let part = parts
                            .iter()
                            .find(|(other, _)| *other == name)
                            .or_else(|| parts.get(at).filter(|(name, _)| is_position(name)))
                            .map_or(Operand::Default, |(_, part)| part.clone());
                        let part = self.convert(part, &ty, span);
                        (name, part)
                    })
                    .collect();
                Operand::Struct(parts.into())
            }
            (operand, _) => operand,
        }
    }

    pub(super) fn unconverted(&mut self, expr: &'a Expr, out: &mut ir::Block) -> Operand {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Path(path) => {
                let binding = self
                    .typed
                    .reference(expr.id)
                    .and_then(|id| self.bindings.get(&id))
                    .cloned();
                match binding {
                    Some(Binding::Operand(operand)) => operand,
                    Some(Binding::Constant(value)) => {
                        let ty = self.own_type(expr);
                        self.constant(&value, &ty, span)
                    }
                    _ => {
                        self.unsupported(span, &format!("`{}` as a value", path.name));
                        Operand::Nothing
                    }
                }
            }
            ExprKind::Member { base, member } => self.member(expr, base, member, out),
            ExprKind::Index { base, index } => self.index(base, index, span, out),
            ExprKind::Slice { base, high, low } => {
                let base = self.scalar_expr(base, out);
                let bounds = (
                    self.eval_number(high, "a bound"),
                    self.eval_number(low, "a bound"),
                );
                let (Some(high), Some(low)) = bounds else {
                    return Operand::Nothing;
                };
                Operand::Scalar(slice(base, high, low, span))
            }
            ExprKind::PartSelect { base, low, width } => {
                let base = self.scalar_expr(base, out);
                let Some(width) = self.eval_number::<u32>(width, "a width") else {
                    return Operand::Nothing;
                };
                if let Ok(check::Value::Int(low)) = self.eval(low)
                    && let Some(low) = low.to_u32()
                    && low.saturating_add(width) <= base.scalar.width()
                    && width > 0
                {
                    return Operand::Scalar(slice(base, low + width - 1, low, span));
                }
                let low = self.scalar_expr(low, out);
                let bits = ir::Scalar::Bits(base.scalar.width());
                let base = self.resize(base, bits);
                let shifted = ir::Expr {
                    scalar: bits,
                    span,
                    kind: ir::ExprKind::Binary(
                        ir::BinaryOp::ShiftRight,
                        Box::new(base),
                        Box::new(low),
                    ),
                };
                Operand::Scalar(slice(shifted, width.max(1) - 1, 0, span))
            }
            ExprKind::Unary { op, operand } => {
                let operand = self.scalar_expr(operand, out);
                let op = match op {
                    UnaryOp::Plus => return Operand::Scalar(operand),
                    UnaryOp::Not => ir::UnaryOp::Not,
                    UnaryOp::Complement => ir::UnaryOp::Complement,
                    UnaryOp::Negate => ir::UnaryOp::Negate,
                };
                Operand::Scalar(ir::Expr {
                    scalar: operand.scalar,
                    kind: ir::ExprKind::Unary(op, Box::new(operand)),
                    span,
                })
            }
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
                ..
            } if self.has_effects(right) => {
                // The right side must run only when the left one does not decide.
                let result = self.temporary(ir::Scalar::Bool, "condition", span);
                let to = Operand::Scalar(result.clone());
                let left = self.scalar_expr(left, out);
                self.assign(&to, &Operand::Scalar(left), span, out);
                let mut inner = Vec::new();
                let right = self.scalar_expr(right, &mut inner);
                self.assign(&to, &Operand::Scalar(right), span, &mut inner);
                let (then, otherwise) = match op {
                    BinaryOp::And => (inner, Vec::new()),
                    _ => (Vec::new(), inner),
                };
                out.push(stmt(StmtKind::If(result.clone(), then, otherwise), span));
                Operand::Scalar(result)
            }
            ExprKind::Binary {
                op, left, right, ..
            } => {
                let mut a = self.expr(left, out);
                if self.has_effects(right) {
                    a = self.save(a, out);
                }
                let b = self.expr(right, out);
                let ty = self.own_type(expr);
                self.binary(*op, a, b, &ty, span)
            }
            ExprKind::Ternary {
                condition,
                then,
                otherwise,
            } => self.ternary(expr, condition, then, otherwise, out),
            ExprKind::Cast { operand, .. } => {
                let to = self.own_type(expr);
                if self.own_type(operand) == Type::Integer
                    && let Some(scalar) = self.scalar(&to)
                {
                    return Operand::Scalar(self.modular(operand, &to, scalar, out));
                }
                let operand = self.expr(operand, out);
                self.convert(operand, &to, span)
            }
            ExprKind::Call { callee, .. } => self.call(expr, callee, out),
            ExprKind::List(elements) | ExprKind::Tuple(elements) => {
                let mut parts: Vec<(Arc<str>, Operand)> = Vec::new();
                for (at, element) in elements.iter().enumerate() {
                    if matches!(element.kind, ExprKind::Default) {
                        break;
                    }
                    let later = elements[at + 1..].iter();
                    let part = self.part(element, later, out);
                    parts.push((at.to_string().into(), part));
                }
                Operand::Struct(parts.into())
            }
            ExprKind::Struct { fields, .. } => {
                let parts: Vec<(Arc<str>, Operand)> = fields
                    .iter()
                    .enumerate()
                    .map(|(at, field)| {
                        let later = fields[at + 1..].iter().map(|field| &field.value);
                        let part = self.part(&field.value, later, out);
                        (field.name.name.clone(), part)
                    })
                    .collect();
                Operand::Struct(parts.into())
            }
            ExprKind::InvalidHeader => Operand::Invalid,
            ExprKind::Default => Operand::Default,
            _ => {
                self.unsupported(span, "this expression");
                Operand::Nothing
            }
        }
    }

    /// A computation with numbers of any size whose result is needed in a width only: each part is computed in that width.
    fn modular(
        &mut self,
        expr: &'a Expr,
        to: &Type,
        scalar: ir::Scalar,
        out: &mut ir::Block,
    ) -> ir::Expr {
        match (&expr.kind, self.eval(expr)) {
            (ExprKind::Cast { operand, .. }, Err(_)) => {
                let operand = self.scalar_expr(operand, out);
                self.resize(operand, scalar)
            }
            (
                ExprKind::Binary {
                    op: op @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul),
                    left,
                    right,
                    ..
                },
                Err(_),
            ) => {
                let mut a = Operand::Scalar(self.modular(left, to, scalar, out));
                if self.has_effects(right) {
                    a = self.save(a, out);
                }
                let b = Operand::Scalar(self.modular(right, to, scalar, out));
                match self.binary(*op, a, b, to, expr.span) {
                    Operand::Scalar(result) => result,
                    _ => self.zero(scalar, expr.span),
                }
            }
            _ => {
                let operand = self.expr(expr, out);
                match self.convert(operand, to, expr.span) {
                    Operand::Scalar(result) => result,
                    _ => self.zero(scalar, expr.span),
                }
            }
        }
    }

    /// A part of a list or the like, which the effects of later parts do not change.
    fn part(
        &mut self,
        expr: &'a Expr,
        mut later: impl Iterator<Item = &'a Expr>,
        out: &mut ir::Block,
    ) -> Operand {
        let part = self.expr(expr, out);
        match later.any(|later| self.has_effects(later)) {
            true => self.save(part, out),
            false => part,
        }
    }

    fn member(
        &mut self,
        expr: &'a Expr,
        base: &'a Expr,
        member: &'a Ident,
        out: &mut ir::Block,
    ) -> Operand {
        let span = expr.span;
        let base_type = self.final_type(base);
        if let Type::ApplyResult(_) = base_type {
            let hit = self.temporary(ir::Scalar::Bool, "hit", span);
            let to = Operand::Scalar(hit.clone());
            let is_hit = member.as_str() == "hit";
            let (mut on_hit, mut on_miss) = (Vec::new(), Vec::new());
            for (value, block) in [(is_hit, &mut on_hit), (!is_hit, &mut on_miss)] {
                let value = Operand::Scalar(self.bool_constant(value, span));
                self.assign(&to, &value, span, block);
            }
            self.apply_table(
                base,
                ir::ApplyBranch::Hit {
                    hit: on_hit,
                    miss: on_miss,
                },
                out,
            );
            return to;
        }
        let operand = self.place_of(base, out);
        self.member_of(operand, expr, &base_type, member, out)
    }

    fn member_of(
        &mut self,
        operand: Operand,
        expr: &'a Expr,
        base_type: &Type,
        member: &'a Ident,
        out: &mut ir::Block,
    ) -> Operand {
        let span = expr.span;
        match operand {
            Operand::Choice(choice) => {
                let alternatives = choice.1.iter().map(|alternative| {
                    self.member_of(alternative.clone(), expr, base_type, member, out)
                });
                let alternatives = alternatives.collect();
                Operand::Choice(std::rc::Rc::new((choice.0.clone(), alternatives)))
            }
            Operand::Struct(parts) if matches!(base_type, Type::Stack(..)) => {
                self.union_stack_member(&parts, member.as_str(), span, out)
            }
            Operand::Struct(parts) => match parts.iter().find(|(name, _)| *name == member.name) {
                Some((_, part)) => part.clone(),
                None => {
                    self.internal(span, "a field that is not in its struct");
                    Operand::Nothing
                }
            },
            Operand::Header(header, header_type) => {
                let ty = self.own_type(expr);
                self.header_field(&header, header_type, member.as_str(), &ty, span)
            }
            Operand::NewHeader(header_type, values) => {
                let fields = &self.program.header_types[header_type.index()].fields;
                match fields
                    .iter()
                    .position(|field| field.name == member.as_str())
                {
                    Some(at) if at < values.len() => Operand::Scalar(values[at].clone()),
                    _ => Operand::Nothing,
                }
            }
            Operand::Union(union) => {
                let fields = self.typed.fields(base_type).unwrap_or_default();
                let at = fields.iter().position(|(name, _)| *name == member.name);
                match at.and_then(|at| self.program.unions[union.index()].members.get(at)) {
                    Some(&id) => Operand::Header(
                        HeaderRef::Instance(id),
                        self.program.headers[id.index()].header_type,
                    ),
                    None => Operand::Nothing,
                }
            }
            Operand::Stack(stack) => {
                let header_type = self.program.stacks[stack.index()].header_type;
                match member.as_str() {
                    "next" => Operand::Header(HeaderRef::Next(stack), header_type),
                    "last" => Operand::Header(HeaderRef::Last(stack), header_type),
                    _ => Operand::Scalar(ir::Expr {
                        kind: ir::ExprKind::LastIndex(stack),
                        scalar: ir::Scalar::Bits(32),
                        span,
                    }),
                }
            }
            Operand::Invalid | Operand::Default => {
                let ty = self.own_type(expr);
                match self.scalar(&ty) {
                    Some(scalar) => Operand::Scalar(self.zero(scalar, span)),
                    None => Operand::Invalid,
                }
            }
            Operand::Nothing => Operand::Nothing,
            _ => {
                self.unsupported(span, &format!("`.{member}` here"));
                Operand::Nothing
            }
        }
    }

    fn index(
        &mut self,
        base: &'a Expr,
        index: &'a Expr,
        span: Span,
        out: &mut ir::Block,
    ) -> Operand {
        let base = self.place_of(base, out);
        let constant = match self.eval(index) {
            Ok(check::Value::Int(at)) => at.to_usize(),
            _ => None,
        };
        // A choice among arrays is copied; only its elements are chosen in place.
        let base = match (base, constant) {
            (Operand::Choice(choice), Some(at)) => {
                let elements = choice.1.iter().map(|array| match array {
                    Operand::Struct(parts) => parts
                        .get(at)
                        .map_or(Operand::Nothing, |(_, part)| part.clone()),
                    _ => Operand::Nothing,
                });
                let elements = elements.collect();
                return Operand::Choice(std::rc::Rc::new((choice.0.clone(), elements)));
            }
            (Operand::Choice(choice), None) => self.chosen(&choice, span, out),
            (base, _) => base,
        };
        match (base, constant) {
            (Operand::Struct(parts), None) => {
                let index = self.scalar_expr(index, out);
                self.element(&parts, index, out)
            }
            (Operand::Stack(stack), Some(at)) => {
                let stack = &self.program.stacks[stack.index()];
                match stack.elements.get(at) {
                    Some(&id) => Operand::Header(HeaderRef::Instance(id), stack.header_type),
                    None => {
                        self.error(
                            check::codes::BAD_INDEX,
                            span,
                            format!("there is no element {at}"),
                        );
                        Operand::Nothing
                    }
                }
            }
            (Operand::Stack(stack), None) => {
                let index = self.scalar_expr(index, out);
                let header_type = self.program.stacks[stack.index()].header_type;
                Operand::Header(HeaderRef::Element(stack, Box::new(index)), header_type)
            }
            (Operand::Struct(parts), Some(at)) => parts
                .get(at)
                .map_or(Operand::Nothing, |(_, part)| part.clone()),
            _ => {
                self.unsupported(span, "this index");
                Operand::Nothing
            }
        }
    }

    fn ternary(
        &mut self,
        expr: &'a Expr,
        condition: &'a Expr,
        then: &'a Expr,
        otherwise: &'a Expr,
        out: &mut ir::Block,
    ) -> Operand {
        let span = expr.span;
        match self.eval(condition) {
            Ok(check::Value::Bool(true)) => return self.expr(then, out),
            Ok(check::Value::Bool(false)) => return self.expr(otherwise, out),
            _ => {}
        }
        let condition = self.scalar_expr(condition, out);
        let ty = self.own_type(expr);
        if let Some(scalar) = self.scalar(&ty)
            && !self.has_effects(then)
            && !self.has_effects(otherwise)
        {
            let then = self.scalar_expr(then, out);
            let then = self.resize(then, scalar);
            let otherwise = self.scalar_expr(otherwise, out);
            let otherwise = self.resize(otherwise, scalar);
            return Operand::Scalar(ir::Expr {
                kind: ir::ExprKind::Mux(Box::new(condition), Box::new(then), Box::new(otherwise)),
                scalar,
                span,
            });
        }
        let result = self.local(&ty, "choice", span);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let value = self.expr(then, &mut first);
        self.assign(&result, &value, span, &mut first);
        let value = self.expr(otherwise, &mut second);
        self.assign(&result, &value, span, &mut second);
        out.push(stmt(StmtKind::If(condition, first, second), span));
        result
    }

    /// A copy of a value that later side effects do not change.
    pub(super) fn save(&mut self, operand: Operand, out: &mut ir::Block) -> Operand {
        match operand {
            Operand::Scalar(expr) => {
                if matches!(
                    expr.kind,
                    ir::ExprKind::Constant(_) | ir::ExprKind::ActionParameter(_)
                ) {
                    return Operand::Scalar(expr);
                }
                let span = expr.span;
                let copy = self.temporary(expr.scalar, "value", span);
                self.assign(
                    &Operand::Scalar(copy.clone()),
                    &Operand::Scalar(expr),
                    span,
                    out,
                );
                Operand::Scalar(copy)
            }
            Operand::Struct(parts) => {
                let parts: Vec<(Arc<str>, Operand)> = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), self.save(part.clone(), out)))
                    .collect();
                Operand::Struct(parts.into())
            }
            Operand::NewHeader(header_type, values) => {
                let values = values
                    .into_iter()
                    .map(
                        |value| match self.save(Operand::Scalar(value.clone()), out) {
                            Operand::Scalar(saved) => saved,
                            _ => value,
                        },
                    )
                    .collect();
                Operand::NewHeader(header_type, values)
            }
            Operand::Header(..) | Operand::Stack(_) | Operand::Union(_) => {
                let span = match &operand {
                    Operand::Header(_, id) => self.program.header_types[id.index()].span,
                    Operand::Stack(id) => self.program.stacks[id.index()].span,
                    Operand::Union(id) => self.program.unions[id.index()].span,
                    _ => return operand,
                };
                let Some(copy) = self.like(&operand, span) else {
                    return operand;
                };
                self.assign(&copy, &operand, span, out);
                copy
            }
            other => other,
        }
    }

    /// Whether an expression does anything but compute: applies a table, calls a function or an extern.
    pub(super) fn has_effects(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Call {
                callee, arguments, ..
            } => {
                let pure = match self.typed.call(expr.id).and_then(|call| call.callee) {
                    Some(Callee::Builtin(builtin)) => {
                        matches!(builtin, Builtin::IsValid | Builtin::Size { .. })
                    }
                    _ => false,
                };
                !pure
                    || arguments
                        .iter()
                        .any(|argument| self.has_effects(&argument.value))
                    || matches!(&callee.kind, ExprKind::Member { base, .. } if self.has_effects(base))
            }
            ExprKind::Member { base, .. } => self.has_effects(base),
            ExprKind::Index { base, index } => self.has_effects(base) || self.has_effects(index),
            ExprKind::Slice { base, .. } => self.has_effects(base),
            ExprKind::PartSelect { base, low, .. } => {
                self.has_effects(base) || self.has_effects(low)
            }
            ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
                self.has_effects(operand)
            }
            ExprKind::Binary { left, right, .. } => {
                self.has_effects(left) || self.has_effects(right)
            }
            ExprKind::Ternary {
                condition,
                then,
                otherwise,
            } => {
                self.has_effects(condition) || self.has_effects(then) || self.has_effects(otherwise)
            }
            ExprKind::List(elements) | ExprKind::Tuple(elements) => {
                elements.iter().any(|element| self.has_effects(element))
            }
            ExprKind::Struct { fields, .. } => {
                fields.iter().any(|field| self.has_effects(&field.value))
            }
            _ => false,
        }
    }
}

fn is_position(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// `base[high:low]`.
pub(super) fn slice(base: ir::Expr, high: u32, low: u32, span: Span) -> ir::Expr {
    // A slice of a slice is a slice.
    if let ir::ExprKind::Slice(inner, _, offset) = base.kind {
        return slice(*inner, high + offset, low + offset, span);
    }
    ir::Expr {
        kind: ir::ExprKind::Slice(Box::new(base), high, low),
        scalar: ir::Scalar::Bits(high - low + 1),
        span,
    }
}
