//! Operators with two operands.

use super::Lowerer;
use super::operand::Operand;
use crate::ast::BinaryOp;
use crate::check::Type;
use crate::ir::{self, ExprKind, HeaderRef};
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    /// `left op right`; `ty` is the type of the result.
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: Operand,
        right: Operand,
        ty: &Type,
        span: Span,
    ) -> Operand {
        let equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        if equality && !matches!((&left, &right), (Operand::Scalar(_), Operand::Scalar(_))) {
            let equal = self.equal(&left, &right, span);
            return Operand::Scalar(match op {
                BinaryOp::Ne => self.not(equal),
                _ => equal,
            });
        }
        let (Operand::Scalar(left), Operand::Scalar(right)) = (left, right) else {
            return Operand::Nothing;
        };
        let result = self.scalar(ty);
        let op = match op {
            BinaryOp::Concat => {
                let scalar =
                    result.unwrap_or(ir::Scalar::Bits(left.scalar.width() + right.scalar.width()));
                // A part without bits adds nothing.
                if left.scalar.width() == 0 {
                    return Operand::Scalar(self.resize(right, scalar));
                }
                if right.scalar.width() == 0 {
                    return Operand::Scalar(self.resize(left, scalar));
                }
                return Operand::Scalar(ir::Expr {
                    kind: ExprKind::Concat(Box::new(left), Box::new(right)),
                    scalar,
                    span,
                });
            }
            BinaryOp::Mul => ir::BinaryOp::Mul,
            BinaryOp::Div => ir::BinaryOp::Div,
            BinaryOp::Mod => ir::BinaryOp::Mod,
            BinaryOp::Add => ir::BinaryOp::Add,
            BinaryOp::Sub => ir::BinaryOp::Sub,
            BinaryOp::AddSat => ir::BinaryOp::SaturatingAdd,
            BinaryOp::SubSat => ir::BinaryOp::SaturatingSub,
            BinaryOp::Shl => ir::BinaryOp::ShiftLeft,
            BinaryOp::Shr => ir::BinaryOp::ShiftRight,
            BinaryOp::Lt => ir::BinaryOp::Less,
            BinaryOp::Le => ir::BinaryOp::LessEqual,
            BinaryOp::Gt => ir::BinaryOp::Greater,
            BinaryOp::Ge => ir::BinaryOp::GreaterEqual,
            BinaryOp::Eq => ir::BinaryOp::Equal,
            BinaryOp::Ne => ir::BinaryOp::NotEqual,
            BinaryOp::BitAnd => ir::BinaryOp::BitAnd,
            BinaryOp::BitXor => ir::BinaryOp::BitXor,
            BinaryOp::BitOr => ir::BinaryOp::BitOr,
            BinaryOp::And => ir::BinaryOp::And,
            BinaryOp::Or => ir::BinaryOp::Or,
        };
        let scalar = match op {
            ir::BinaryOp::And
            | ir::BinaryOp::Or
            | ir::BinaryOp::Equal
            | ir::BinaryOp::NotEqual
            | ir::BinaryOp::Less
            | ir::BinaryOp::LessEqual
            | ir::BinaryOp::Greater
            | ir::BinaryOp::GreaterEqual => ir::Scalar::Bool,
            _ => left.scalar,
        };
        Operand::Scalar(self.binary_scalar(op, left, right, scalar, span))
    }

    fn binary_scalar(
        &mut self,
        op: ir::BinaryOp,
        left: ir::Expr,
        right: ir::Expr,
        scalar: ir::Scalar,
        span: Span,
    ) -> ir::Expr {
        let is_shift = matches!(op, ir::BinaryOp::ShiftLeft | ir::BinaryOp::ShiftRight);
        let right = if is_shift {
            right
        } else {
            self.resize(right, left.scalar)
        };
        ir::Expr {
            kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
            scalar,
            span,
        }
    }

    /// `!expr`.
    pub(super) fn not(&self, expr: ir::Expr) -> ir::Expr {
        ir::Expr {
            scalar: ir::Scalar::Bool,
            span: expr.span,
            kind: ExprKind::Unary(ir::UnaryOp::Not, Box::new(expr)),
        }
    }

    fn both(&self, op: ir::BinaryOp, left: ir::Expr, right: ir::Expr) -> ir::Expr {
        ir::Expr {
            scalar: ir::Scalar::Bool,
            span: left.span,
            kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
        }
    }

    fn all(&self, conditions: Vec<ir::Expr>, span: Span) -> ir::Expr {
        conditions
            .into_iter()
            .reduce(|all, next| self.both(ir::BinaryOp::And, all, next))
            .unwrap_or_else(|| self.bool_constant(true, span))
    }

    pub(super) fn is_valid(&self, header: &HeaderRef, span: Span) -> ir::Expr {
        ir::Expr {
            kind: ExprKind::IsValid(header.clone()),
            scalar: ir::Scalar::Bool,
            span,
        }
    }

    /// `left == right`, part by part. Headers are equal if both are invalid, or both are valid with equal fields.
    fn equal(&mut self, left: &Operand, right: &Operand, span: Span) -> ir::Expr {
        match (left, right) {
            (Operand::Scalar(left), Operand::Scalar(right)) => self.binary_scalar(
                ir::BinaryOp::Equal,
                left.clone(),
                right.clone(),
                ir::Scalar::Bool,
                span,
            ),
            (Operand::Header(a, _), Operand::Header(b, _)) => {
                let fields = self.equal_fields(left, right, span);
                let (a, b) = (self.is_valid(a, span), self.is_valid(b, span));
                let both = self.both(ir::BinaryOp::And, a.clone(), b.clone());
                let equal = self.both(ir::BinaryOp::And, both, fields);
                let neither = {
                    let (a, b) = (self.not(a), self.not(b));
                    self.both(ir::BinaryOp::And, a, b)
                };
                self.both(ir::BinaryOp::Or, neither, equal)
            }
            (Operand::Header(a, _), Operand::NewHeader(..))
            | (Operand::NewHeader(..), Operand::Header(a, _)) => {
                let fields = self.equal_fields(left, right, span);
                let valid = self.is_valid(a, span);
                self.both(ir::BinaryOp::And, valid, fields)
            }
            (Operand::Header(a, _), Operand::Invalid)
            | (Operand::Invalid, Operand::Header(a, _)) => {
                let valid = self.is_valid(a, span);
                self.not(valid)
            }
            (Operand::Struct(a), Operand::Struct(b)) => {
                let mut parts = Vec::new();
                for (at, (name, a)) in a.iter().enumerate() {
                    let b = b
                        .iter()
                        .find(|(other, _)| other == name)
                        .or_else(|| b.get(at))
                        .map_or(Operand::Default, |(_, b)| b.clone());
                    parts.push(self.equal(a, &b, span));
                }
                self.all(parts, span)
            }
            (Operand::Stack(a), Operand::Stack(b)) => {
                let header_type = self.program.stacks[a.index()].header_type;
                let pairs: Vec<_> = self.program.stacks[a.index()]
                    .elements
                    .iter()
                    .copied()
                    .zip(self.program.stacks[b.index()].elements.iter().copied())
                    .collect();
                let mut parts = Vec::new();
                for (a, b) in pairs {
                    let a = Operand::Header(HeaderRef::Instance(a), header_type);
                    let b = Operand::Header(HeaderRef::Instance(b), header_type);
                    parts.push(self.equal(&a, &b, span));
                }
                self.all(parts, span)
            }
            (Operand::Union(a), Operand::Union(b)) => {
                let pairs: Vec<_> = self.program.unions[a.index()]
                    .members
                    .iter()
                    .copied()
                    .zip(self.program.unions[b.index()].members.iter().copied())
                    .collect();
                let mut parts = Vec::new();
                for (a, b) in pairs {
                    let header_type = self.program.headers[a.index()].header_type;
                    let a = Operand::Header(HeaderRef::Instance(a), header_type);
                    let b = Operand::Header(HeaderRef::Instance(b), header_type);
                    parts.push(self.equal(&a, &b, span));
                }
                self.all(parts, span)
            }
            (Operand::Union(union), Operand::Invalid)
            | (Operand::Invalid, Operand::Union(union)) => {
                let valid = ir::Expr {
                    kind: ExprKind::IsUnionValid(*union),
                    scalar: ir::Scalar::Bool,
                    span,
                };
                self.not(valid)
            }
            (Operand::Invalid, Operand::Invalid) => self.bool_constant(true, span),
            (Operand::NewHeader(..), Operand::NewHeader(..)) => {
                self.equal_fields(left, right, span)
            }
            _ => {
                if !matches!((left, right), (Operand::Nothing, _) | (_, Operand::Nothing)) {
                    self.unsupported(span, "this comparison");
                }
                self.bool_constant(false, span)
            }
        }
    }

    fn equal_fields(&mut self, left: &Operand, right: &Operand, span: Span) -> ir::Expr {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        self.flatten(left, &mut a);
        self.flatten(right, &mut b);
        let mut parts = Vec::new();
        for (a, b) in a.into_iter().zip(b) {
            parts.push(self.binary_scalar(ir::BinaryOp::Equal, a, b, ir::Scalar::Bool, span));
        }
        self.all(parts, span)
    }
}
