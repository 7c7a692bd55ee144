//! Numbers that do not fit where they stand.

use num_bigint::BigInt;
use num_traits::Signed;

use super::walk::Visit;
use crate::ast::{Expr, ExprKind};
use crate::check::{Type, Typed, Value, no_environment, wrap};
use crate::diagnostic::{Diagnostics, WarningKind};

pub(super) fn numbers(typed: &Typed<'_>, found: &mut Diagnostics) {
    let mut numbers = Numbers { typed, found };
    for decl in &typed.program.declarations {
        Visit {
            expr: &mut |expr| numbers.number(expr),
            action: &mut |_| {},
        }
        .decl(decl);
    }
}

struct Numbers<'t, 'f> {
    typed: &'t Typed<'t>,
    found: &'f mut Diagnostics,
}

impl Numbers<'_, '_> {
    fn number(&mut self, expr: &Expr) {
        let own = self.typed.ty(expr);
        match (&expr.kind, own) {
            (ExprKind::Int(literal), Type::Bit(_) | Type::Int(_)) if literal.width.is_some() => {
                self.fits(expr, &literal.value, &own.clone());
            }
            (_, Type::Integer) => {
                let Some(to @ (Type::Bit(_) | Type::Int(_))) = self.typed.coercion(expr) else {
                    return;
                };
                if let Some(value) = self.without_conversion(expr) {
                    self.fits(expr, &value, &to.clone());
                }
            }
            (ExprKind::Range { low, high }, _) => self.range(expr, low, high),
            _ => {}
        }
    }

    fn range(&mut self, expr: &Expr, low: &Expr, high: &Expr) {
        let value = |expr: &Expr| self.typed.eval_int(expr, &no_environment).ok();
        if let (Some(low), Some(high)) = (value(low), value(high))
            && low > high
        {
            self.found.warning(
                WarningKind::Invalid.code(),
                expr.span,
                format!("nothing is in the range from {low} to {high}"),
            );
        }
    }

    /// The value of a number before it is converted. Only of what is a number by itself or by one operator: whatever
    /// is more complex is computed on purpose.
    fn without_conversion(&self, expr: &Expr) -> Option<BigInt> {
        match &expr.kind {
            ExprKind::Int(literal) => Some(literal.value.clone()),
            ExprKind::Unary { .. } => {
                match self.typed.eval_unconverted(expr, &no_environment).ok()? {
                    Value::Int(value) => Some(value),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn fits(&mut self, expr: &Expr, value: &BigInt, ty: &Type) {
        let wrapped = wrap(value.clone(), ty);
        if wrapped == *value {
            return;
        }
        // All ones and the like of a signed type are often written as if it had no sign.
        if let Type::Int(width) = ty
            && wrap(value.clone(), &Type::Bit(*width)) == *value
        {
            return self.overflow(expr, value, ty, &wrapped);
        }
        match ty {
            Type::Bit(_) if value.is_negative() => {
                let shown = self.typed.show(ty);
                self.found.warning(
                    WarningKind::Mismatch.code(),
                    expr.span,
                    format!("a negative number for the unsigned `{shown}` becomes {wrapped}"),
                );
            }
            _ => self.overflow(expr, value, ty, &wrapped),
        }
    }

    fn overflow(&mut self, expr: &Expr, value: &BigInt, ty: &Type, wrapped: &BigInt) {
        let shown = self.typed.show(ty);
        self.found.warning(
            WarningKind::Overflow.code(),
            expr.span,
            format!("{value} does not fit in `{shown}` and becomes {wrapped}"),
        );
    }
}
