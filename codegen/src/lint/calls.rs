//! Arguments that name one place twice: which value it has afterwards is not obvious.

use super::flow::{Storage, params_of, place};
use super::walk::Visit;
use crate::ast::{Direction, Expr};
use crate::check::Typed;
use crate::diagnostic::{Diagnostics, WarningKind};

pub(super) fn calls(typed: &Typed<'_>, found: &mut Diagnostics) {
    for decl in &typed.program.declarations {
        Visit {
            expr: &mut |expr| same_places(typed, expr, found),
            action: &mut |_| {},
        }
        .decl(decl);
    }
}

/// Reports an `out` or `inout` argument that another such argument is a part of, or the same as.
fn same_places(typed: &Typed<'_>, expr: &Expr, found: &mut Diagnostics) {
    let Some(call) = typed.call(expr.id) else {
        return;
    };
    let Some(callee) = call.callee else { return };
    let written: Vec<(&Expr, Storage)> = params_of(typed, callee)
        .iter()
        .zip(&call.arguments)
        .filter(|(param, _)| matches!(param.direction, Direction::Out | Direction::InOut))
        .filter_map(|(_, bound)| {
            let argument = bound.value()?;
            Some((argument, place(typed, argument)?))
        })
        .collect();
    for (at, (argument, place)) in written.iter().enumerate() {
        let before = written[..at]
            .iter()
            .find(|(_, other)| place.is_in(other) || other.is_in(place));
        if let Some((other, _)) = before {
            found
                .warning(
                    WarningKind::Ordering.code(),
                    argument.span,
                    "this is written by another argument, too: the last one wins",
                )
                .note(other.span, "the other argument")
                .hint = Some("pass a variable, and assign it afterwards".to_owned());
        }
    }
}
