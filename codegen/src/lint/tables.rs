//! Tables: keys that never change, and entries whose masks hide a part of their values.

use num_bigint::BigInt;

use crate::ast::{Decl, DeclId, DeclKind, Expr, ExprKind, TablePropertyKind};
use crate::check::{Node, Typed, Value, no_environment};
use crate::diagnostic::{Diagnostics, WarningKind};

pub(super) fn tables(typed: &Typed<'_>, found: &mut Diagnostics) {
    for index in 0..typed.program.decl_count {
        if let Some(Node::Decl(decl)) = typed.node(DeclId(index)) {
            table(typed, decl, found);
        }
    }
}

fn table(typed: &Typed<'_>, decl: &Decl, found: &mut Diagnostics) {
    let DeclKind::Table(table) = &decl.kind else {
        return;
    };
    for property in &table.properties {
        match &property.kind {
            TablePropertyKind::Key(elements) => {
                for element in elements {
                    if typed.eval(&element.expr, &no_environment).is_ok() {
                        found
                            .warning(
                                WarningKind::Mismatch.code(),
                                element.expr.span,
                                "this key has one value, whatever the packet",
                            )
                            .hint = Some("match a field or variable".to_owned());
                    }
                }
            }
            TablePropertyKind::Entries(entries) => {
                for key in entries.iter().flat_map(|entry| &entry.keys) {
                    masked(typed, key, found);
                }
            }
            _ => {}
        }
    }
}

fn masked(typed: &Typed<'_>, key: &Expr, found: &mut Diagnostics) {
    let ExprKind::Mask { value, mask } = &key.kind else {
        return;
    };
    let (Some(number), Some(mask)) = (int(typed, value), int(typed, mask)) else {
        return;
    };
    let seen = &number & &mask;
    if seen != number {
        found
            .warning(
                WarningKind::Mismatch.code(),
                value.span,
                format!("the mask hides a part of the value: what is matched is {seen:#x}"),
            )
            .note(key.span, "the entry's key");
    }
}

fn int(typed: &Typed<'_>, expr: &Expr) -> Option<BigInt> {
    match typed.eval(expr, &no_environment).ok()? {
        Value::Int(value) => Some(value),
        _ => None,
    }
}
