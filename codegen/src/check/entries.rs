//! Entries of tables that are part of the program.

use std::collections::HashMap;

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use super::Checker;
use super::codes;
use super::eval::no_environment;
use super::typed::{Typed, Value};
use super::types::Type;
use crate::ast::{
    ActionRef, Entry, Expr, ExprKind, KeyElement, Table, TableProperty, TablePropertyKind,
};
use crate::diagnostic::WarningKind;
use crate::source::Span;

impl<'a> Checker<'a> {
    pub(super) fn entries(
        &mut self,
        table: &'a Table,
        property: &'a TableProperty,
        entries: &'a [Entry],
        keys: &[(Type, &str)],
        actions: &'a [ActionRef],
    ) {
        if keys.is_empty() && !entries.is_empty() {
            self.error(
                codes::WRONG_KEY_COUNT,
                table.name.span,
                format!("the table `{}` has entries but no key", table.name),
            );
            return;
        }
        for entry in entries {
            self.annotations(&entry.annotations);
            self.entry(entry, keys, actions, &table.name.name);
        }
        self.same_keys(entries, keys);
        self.priorities(table, property, entries, keys);
    }

    fn entry(
        &mut self,
        entry: &'a Entry,
        keys: &[(Type, &str)],
        actions: &'a [ActionRef],
        table: &str,
    ) {
        for key in &entry.keys {
            self.infer(key);
        }
        let is_any = matches!(
            entry.keys.as_slice(),
            [Expr {
                kind: ExprKind::DontCare | ExprKind::Default,
                ..
            }]
        );
        if entry.keys.len() == keys.len() {
            for (key, (ty, _)) in entry.keys.iter().zip(keys) {
                self.key(key, ty);
            }
        } else if !is_any || keys.is_empty() {
            let span = entry.keys.first().map_or(entry.span, |key| key.span);
            self.error(
                codes::WRONG_KEY_COUNT,
                span,
                format!(
                    "the table `{table}` has {} keys, but {} values are given",
                    keys.len(),
                    entry.keys.len()
                ),
            );
        }
        if let Some(priority) = &entry.priority {
            self.check(priority, &Type::Integer);
            self.constant_int(priority, "a priority");
        }
        self.action_in_table(&entry.action, actions, table, true);
    }

    /// Where all keys are matched exactly, two entries with the same ones cannot both be.
    fn same_keys(&mut self, entries: &'a [Entry], keys: &[(Type, &str)]) {
        if keys.iter().any(|(_, kind)| *kind != "exact") {
            return;
        }
        let mut seen: HashMap<Vec<Form>, Span> = HashMap::new();
        for entry in entries {
            let forms: Option<Vec<Form>> =
                entry.keys.iter().map(|key| self.typed.form(key)).collect();
            let (Some(forms), Some(first)) = (forms, entry.keys.first()) else {
                continue;
            };
            let span = entry
                .keys
                .iter()
                .fold(first.span, |span, key| span.to(key.span));
            if let Some(before) = seen.get(&forms).copied() {
                self.error(
                    codes::DUPLICATE_VALUE,
                    span,
                    "another entry has the same key",
                )
                .note(before, "the first one");
                continue;
            }
            seen.insert(forms, span);
        }
    }

    /// Priorities are given where entries can overlap, from the first entry on, and stay in range.
    fn priorities(
        &mut self,
        table: &'a Table,
        property: &'a TableProperty,
        entries: &'a [Entry],
        keys: &[(Type, &str)],
    ) {
        let given = entries.iter().find_map(|entry| entry.priority.as_ref());
        let (Some(given), Some(first)) = (given, entries.first()) else {
            return;
        };
        if property.constant {
            self.error(
                codes::BAD_PRIORITY,
                given.span,
                "`const entries` have no priorities: the first that matches is taken",
            );
            return;
        }
        let overlapping = keys
            .iter()
            .any(|(_, kind)| matches!(*kind, "ternary" | "range" | "optional"));
        if !overlapping {
            let key: Option<&KeyElement> =
                table.properties.iter().find_map(|other| match &other.kind {
                    TablePropertyKind::Key(elements) => elements.first(),
                    _ => None,
                });
            let of_key = table
                .properties
                .iter()
                .find(|other| matches!(other.kind, TablePropertyKind::Key(_)));
            let span = of_key.map_or(given.span, |property| property.name.span);
            let diagnostic = self.error(
                codes::BAD_PRIORITY,
                span,
                "entries of a table with this key cannot overlap and have no priorities",
            );
            diagnostic.note(given.span, "a priority is given here");
            if let Some(key) = key {
                diagnostic.note(
                    key.match_kind.span,
                    "matched so that one entry at most fits",
                );
            }
            return;
        }
        if first.priority.is_none() {
            self.error(
                codes::BAD_PRIORITY,
                first.span,
                "the first entry needs a priority, since others have one",
            )
            .note(given.span, "a priority is given here");
            return;
        }
        self.priorities_in_range(table, entries);
    }

    fn priorities_in_range(&mut self, table: &'a Table, entries: &'a [Entry]) {
        let constant = |name: &str| {
            table
                .properties
                .iter()
                .find_map(|property| match &property.kind {
                    TablePropertyKind::Custom(value) if property.name.as_str() == name => {
                        self.typed.eval(value, &no_environment).ok()
                    }
                    _ => None,
                })
        };
        let largest_wins = constant("largest_priority_wins") != Some(Value::Bool(false));
        let delta = match constant("priority_delta") {
            Some(Value::Int(delta)) => delta,
            _ => 1.into(),
        };
        let mut priority = BigInt::zero();
        let mut seen: HashMap<BigInt, Span> = HashMap::new();
        let mut before: Option<(BigInt, Span)> = None;
        for entry in entries {
            match &entry.priority {
                Some(given) => match self.typed.eval_int(given, &no_environment) {
                    Ok(value) => priority = value,
                    Err(_) => return,
                },
                None if largest_wins => priority -= &delta,
                None => priority += &delta,
            }
            if priority.to_u32().is_none() {
                self.error(
                    codes::BAD_PRIORITY,
                    table.name.span,
                    format!(
                        "the priorities of the entries of `{}` leave their range",
                        table.name
                    ),
                )
                .note(
                    entry.span,
                    format!("this would have the priority {priority}"),
                );
                return;
            }
            if let Some(same) = seen.insert(priority.clone(), entry.span) {
                self.diagnostics
                    .warning(
                        WarningKind::DuplicatePriorities.code(),
                        same,
                        format!("another entry has the priority {priority} too"),
                    )
                    .note(entry.span, "the other one");
            }
            if let Some((value, span)) = before
                && (if largest_wins {
                    priority > value
                } else {
                    priority < value
                })
            {
                self.diagnostics
                    .warning(
                        WarningKind::EntriesOutOfOrder.code(),
                        span,
                        format!("the entry below comes before this one, whose priority is {value}"),
                    )
                    .note(entry.span, format!("has the priority {priority}"));
            }
            before = Some((priority.clone(), entry.span));
        }
    }
}

/// What an entry's key matches.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Any,
    Number(BigInt),
    Bool(bool),
    Member(crate::ast::DeclId),
}

impl Typed<'_> {
    fn form(&self, key: &Expr) -> Option<Form> {
        if matches!(key.kind, ExprKind::DontCare | ExprKind::Default) {
            return Some(Form::Any);
        }
        match self.eval(key, &no_environment).ok()? {
            Value::Int(value) => Some(Form::Number(value)),
            Value::Bool(value) => Some(Form::Bool(value)),
            Value::Member(member) => Some(Form::Member(member)),
            _ => None,
        }
    }
}
