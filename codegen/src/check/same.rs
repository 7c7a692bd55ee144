//! Whether two expressions are written the same, names aside.

use super::eval::no_environment;
use super::typed::Typed;
use crate::ast::{Argument, Expr, ExprKind};

impl Typed<'_> {
    /// Whether two expressions say the same: the same structure over the same names and values.
    pub(super) fn same(&self, a: &Expr, b: &Expr) -> bool {
        if let (Ok(a), Ok(b)) = (self.eval(a, &no_environment), self.eval(b, &no_environment)) {
            return a == b;
        }
        match (&a.kind, &b.kind) {
            (ExprKind::Path(p), ExprKind::Path(q)) => match self.reference(a.id) {
                Some(id) => self.reference(b.id) == Some(id),
                None => p.name.name == q.name.name,
            },
            (
                ExprKind::Member { base, member },
                ExprKind::Member {
                    base: other,
                    member: of_other,
                },
            ) => member.name == of_other.name && self.same(base, other),
            (
                ExprKind::Index { base, index },
                ExprKind::Index {
                    base: other,
                    index: of_other,
                },
            ) => self.same(base, other) && self.same(index, of_other),
            (
                ExprKind::Slice { base, high, low },
                ExprKind::Slice {
                    base: other,
                    high: high_of_other,
                    low: low_of_other,
                },
            ) => {
                self.same(base, other)
                    && self.same(high, high_of_other)
                    && self.same(low, low_of_other)
            }
            (
                ExprKind::Unary { op, operand },
                ExprKind::Unary {
                    op: of_other,
                    operand: other,
                },
            ) => op == of_other && self.same(operand, other),
            (
                ExprKind::Binary {
                    op, left, right, ..
                },
                ExprKind::Binary {
                    op: of_other,
                    left: other_left,
                    right: other_right,
                    ..
                },
            ) => op == of_other && self.same(left, other_left) && self.same(right, other_right),
            (ExprKind::Cast { operand, .. }, ExprKind::Cast { operand: other, .. }) => {
                self.ty(a) == self.ty(b) && self.same(operand, other)
            }
            (
                ExprKind::Call {
                    callee, arguments, ..
                },
                ExprKind::Call {
                    callee: other,
                    arguments: of_other,
                    ..
                },
            ) => self.same(callee, other) && self.same_arguments(arguments, of_other),
            (ExprKind::List(values), ExprKind::List(others)) => {
                values.len() == others.len()
                    && values.iter().zip(others).all(|(a, b)| self.same(a, b))
            }
            (ExprKind::Struct { fields, .. }, ExprKind::Struct { fields: others, .. }) => {
                fields.len() == others.len()
                    && fields.iter().all(|a| {
                        others
                            .iter()
                            .any(|b| a.name.name == b.name.name && self.same(&a.value, &b.value))
                    })
            }
            _ => false,
        }
    }

    fn same_arguments(&self, a: &[Argument], b: &[Argument]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(&a.value, &b.value))
    }
}
