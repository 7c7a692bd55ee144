//! Tables.

use super::codes;
use super::scope::nearest;
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{
    ActionRef, Decl, DeclId, DeclKind, Entry, Expr, ExprKind, KeyElement, Table, TableProperty,
    TablePropertyKind,
};

impl<'a> Checker<'a> {
    pub(super) fn table(&mut self, decl: &'a Decl, table: &'a Table) {
        let outer = std::mem::take(&mut self.context);
        self.context.site = Site::Declarations;
        for (at, property) in table.properties.iter().enumerate() {
            if table.properties[..at]
                .iter()
                .any(|other| other.name.name == property.name.name)
            {
                self.error(
                    codes::DUPLICATE_PROPERTY,
                    property.name.span,
                    format!("the property `{}` is given twice", property.name),
                );
            }
        }
        // Entries and the default action refer to keys and actions, wherever these are written.
        let mut keys: Vec<(Type, &str)> = Vec::new();
        let mut actions: Option<&'a [ActionRef]> = None;
        for property in &table.properties {
            match &property.kind {
                TablePropertyKind::Key(elements) => {
                    keys = elements
                        .iter()
                        .map(|element| {
                            let ty = self.key_element(element);
                            (ty, element.match_kind.name.as_str())
                        })
                        .collect();
                }
                TablePropertyKind::Actions(list) => {
                    self.action_list(list);
                    actions = Some(list);
                }
                _ => {}
            }
        }
        if actions.is_none() {
            self.error(
                codes::NO_ACTIONS,
                table.name.span,
                format!("the table `{}` has no actions", table.name),
            )
            .hint = Some("add `actions = { .. }`".to_owned());
        }
        let actions = actions.unwrap_or(&[]);
        for property in &table.properties {
            match &property.kind {
                TablePropertyKind::Key(_) | TablePropertyKind::Actions(_) => {}
                TablePropertyKind::DefaultAction(action) => {
                    self.action_in_table(action, actions, &table.name.name, false);
                }
                TablePropertyKind::Entries(entries) => {
                    for entry in entries {
                        self.entry(entry, &keys, actions, &table.name.name);
                    }
                }
                TablePropertyKind::Custom(value) => self.property(property, value),
            }
        }
        self.context = outer;
        self.typed.set_decl_type(decl.id, Type::Table(decl.id));
    }

    fn key_element(&mut self, element: &'a KeyElement) -> Type {
        let ty = self.infer(&element.expr);
        let kind = &element.match_kind.name;
        if !self.typed.match_kinds.contains_key(&kind.name) {
            let mut names: Vec<&str> = self.typed.match_kinds.keys().map(|name| &**name).collect();
            names.sort_unstable();
            let near = nearest(kind.as_str(), names.into_iter())
                .map(|near| format!("did you mean `{near}`?"));
            self.error(
                codes::UNKNOWN_MATCH_KIND,
                kind.span,
                format!("there is no match kind `{kind}`"),
            )
            .hint = near;
        }
        match ty {
            Type::Bit(_)
            | Type::Int(_)
            | Type::Varbit(_)
            | Type::Bool
            | Type::Enum(_)
            | Type::Error
            | Type::NewType(_)
            | Type::Param(_)
            | Type::Unknown => ty,
            Type::Integer => {
                self.error(
                    codes::NEEDS_WIDTH,
                    element.expr.span,
                    "this integer needs a width here",
                );
                Type::Unknown
            }
            other => {
                let shown = self.show(&other);
                self.error(
                    codes::BAD_TYPE,
                    element.expr.span,
                    format!("a value of type `{shown}` cannot be a key"),
                );
                Type::Unknown
            }
        }
    }

    /// The action that a reference names; reports it if it names none.
    fn action(&mut self, reference: &'a ActionRef) -> Option<DeclId> {
        let found = self.lookup(&reference.path);
        let id = *found.first()?;
        match self.typed.decl(id).map(|decl| &decl.kind) {
            Some(DeclKind::Action(_)) => {
                self.typed.set_reference(reference.id, id);
                Some(id)
            }
            _ => {
                self.error(
                    codes::WRONG_KIND_OF_NAME,
                    reference.path.span,
                    format!("`{}` is not an action", reference.path.name),
                );
                None
            }
        }
    }

    fn action_list(&mut self, list: &'a [ActionRef]) {
        let mut seen = Vec::new();
        for reference in list {
            let Some(id) = self.action(reference) else {
                continue;
            };
            if seen.contains(&id) {
                self.error(
                    codes::DUPLICATE_VALUE,
                    reference.path.span,
                    format!("the action `{}` is listed twice", reference.path.name),
                );
            }
            seen.push(id);
            let arguments = reference.arguments.as_deref().unwrap_or(&[]);
            self.bind_action(reference.id, reference.span, id, arguments, true);
        }
    }

    /// An action of the table's list with all its arguments.
    fn action_in_table(
        &mut self,
        reference: &'a ActionRef,
        list: &'a [ActionRef],
        table: &str,
        is_entry: bool,
    ) {
        let Some(id) = self.action(reference) else {
            if let Some(arguments) = &reference.arguments {
                for argument in arguments {
                    self.infer(&argument.value);
                }
            }
            return;
        };
        let is_listed = list
            .iter()
            .any(|other| self.typed.reference(other.id) == Some(id));
        if !is_listed && !list.is_empty() {
            self.error(
                codes::ACTION_NOT_IN_TABLE,
                reference.path.span,
                format!(
                    "`{}` is not in the list of actions of the table `{table}`",
                    reference.path.name
                ),
            );
        }
        let only = if is_entry { "defaultonly" } else { "tableonly" };
        let refused = list.iter().any(|other| {
            self.typed.reference(other.id) == Some(id)
                && (other.annotations.iter()).any(|annotation| annotation.name.as_str() == only)
        });
        if refused {
            let place = if is_entry {
                "an entry"
            } else {
                "the default action"
            };
            self.error(
                codes::ACTION_NOT_IN_TABLE,
                reference.path.span,
                format!(
                    "`{}` is `@{only}` and cannot be {place}",
                    reference.path.name
                ),
            );
        }
        let arguments = reference.arguments.as_deref().unwrap_or(&[]);
        self.bind_action(reference.id, reference.span, id, arguments, false);
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
            for (key, (ty, kind)) in entry.keys.iter().zip(keys) {
                self.key(key, ty);
                self.key_fits(key, kind);
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

    /// Reports a form of match that a match kind does not have.
    fn key_fits(&mut self, key: &'a Expr, kind: &str) {
        let form = match (&key.kind, kind) {
            (ExprKind::Mask { .. }, "exact" | "range" | "optional") => "a mask",
            (ExprKind::Range { .. }, "exact" | "lpm" | "ternary" | "optional") => "a range",
            (ExprKind::DontCare | ExprKind::Default, "exact") => "`_`",
            _ => return,
        };
        self.error(
            codes::TYPE_MISMATCH,
            key.span,
            format!("a key that is matched by `{kind}` cannot be given by {form}"),
        );
    }

    fn property(&mut self, property: &'a TableProperty, value: &'a Expr) {
        let ty = self.infer(value);
        let name = property.name.as_str();
        match name {
            "size" | "priority_delta" => {
                if !ty.is_numeric() && ty != Type::Unknown {
                    let shown = self.show(&ty);
                    self.error(
                        codes::TYPE_MISMATCH,
                        value.span,
                        format!("`{name}` is a number, but this is `{shown}`"),
                    );
                } else if self.constructor_free(value) {
                    self.constant(value, &format!("`{name}`"));
                }
            }
            "largest_priority_wins" | "support_timeout" => {
                self.coerce(value, &Type::Bool);
                self.constant(value, &format!("`{name}`"));
            }
            _ => {}
        }
    }

    /// Whether an action is in a table's list.
    pub(super) fn table_has_action(&self, table: DeclId, action: DeclId) -> bool {
        let Some(DeclKind::Table(table)) = self.typed.decl(table).map(|decl| &decl.kind) else {
            return false;
        };
        table.properties.iter().any(|property| {
            matches!(&property.kind, TablePropertyKind::Actions(list)
                if list.iter().any(|reference| self.typed.reference(reference.id) == Some(action)))
        })
    }
}
