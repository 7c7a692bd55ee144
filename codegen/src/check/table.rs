//! Tables.

use super::codes;
use super::scope::nearest;
use super::typed::Bound;
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{
    ActionRef, Decl, DeclId, DeclKind, Direction, Expr, ExprKind, KeyElement, Table, TableProperty,
    TablePropertyKind,
};

impl<'a> Checker<'a> {
    pub(super) fn table(&mut self, decl: &'a Decl, table: &'a Table) {
        let outer = std::mem::take(&mut self.context);
        self.context.site = Site::Declarations;
        let errors = self.diagnostics.error_count();
        let mut given_twice = false;
        for (at, property) in table.properties.iter().enumerate() {
            self.annotations(&property.annotations);
            if table.properties[..at]
                .iter()
                .any(|other| other.name.name == property.name.name)
            {
                given_twice = true;
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
                    // Keys are computed where the table is applied, and may apply another one.
                    self.context.site = Site::Apply;
                    keys = elements
                        .iter()
                        .map(|element| {
                            self.own_name(element, &table.name.name);
                            let ty = self.key_element(element);
                            (ty, element.match_kind.name.as_str())
                        })
                        .collect();
                    self.context.site = Site::Declarations;
                }
                TablePropertyKind::Actions(list) => {
                    self.action_list(list);
                    actions = Some(list);
                }
                _ => {}
            }
        }
        if actions.is_none() && !given_twice {
            self.error(
                codes::NO_ACTIONS,
                table.name.span,
                format!("the table `{}` has no actions", table.name),
            )
            .hint = Some("add `actions = { .. }`".to_owned());
        }
        let has_actions = actions.is_some();
        let actions = actions.unwrap_or(&[]);
        self.order_of_properties(table);
        for property in &table.properties {
            match &property.kind {
                TablePropertyKind::Key(_) | TablePropertyKind::Actions(_) => {}
                TablePropertyKind::DefaultAction(_) | TablePropertyKind::Entries(_)
                    if !has_actions => {}
                TablePropertyKind::DefaultAction(action) => {
                    self.action_in_table(action, actions, &table.name.name, false);
                }
                TablePropertyKind::Entries(entries) => {
                    self.entries(table, property, entries, &keys, actions);
                }
                TablePropertyKind::Custom(value) => self.property(property, value),
            }
        }
        if self.diagnostics.error_count() == errors {
            self.needs_no_action(table);
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
    pub(super) fn action_in_table(
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
        if !is_listed {
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
        let listed = list
            .iter()
            .find(|other| self.typed.reference(other.id) == Some(id));
        if let Some(listed) = listed {
            self.same_arguments(reference, listed, id);
        }
    }

    /// Arguments with a direction are bound in the list of actions: elsewhere they can only be repeated.
    fn same_arguments(&mut self, reference: &'a ActionRef, listed: &'a ActionRef, action: DeclId) {
        let Some(DeclKind::Action(declared)) = self.typed.decl(action).map(|decl| &decl.kind)
        else {
            return;
        };
        let (Some(own), Some(wanted)) = (
            self.typed.call(reference.id).cloned(),
            self.typed.call(listed.id).cloned(),
        ) else {
            return;
        };
        let pairs = own.arguments.iter().zip(&wanted.arguments);
        for (param, (own, wanted)) in declared.params.iter().zip(pairs) {
            let (Bound::Value(own), Bound::Value(wanted)) = (own, wanted) else {
                continue;
            };
            if param.direction != Direction::None && !self.typed.same(own, wanted) {
                self.error(
                    codes::DIFFERENT_ARGUMENTS,
                    own.span,
                    format!(
                        "`{}` is another argument in the list of actions",
                        param.name
                    ),
                )
                .note(wanted.span, "given here");
            }
        }
    }

    /// A table is not part of its own key.
    fn own_name(&mut self, element: &'a KeyElement, table: &str) {
        if let ExprKind::Path(path) = &element.expr.kind
            && !path.absolute
            && path.name.as_str() == table
        {
            self.error(
                codes::RECURSION,
                element.expr.span,
                format!("`{table}` is the table itself here"),
            )
            .hint = Some("name the table otherwise".to_owned());
        }
    }

    /// Actions come before the default action, and the key before the entries.
    fn order_of_properties(&mut self, table: &'a Table) {
        let place = |wanted: fn(&TablePropertyKind) -> bool| {
            table
                .properties
                .iter()
                .position(|property| wanted(&property.kind))
        };
        let key = place(|kind| matches!(kind, TablePropertyKind::Key(_)));
        let actions = place(|kind| matches!(kind, TablePropertyKind::Actions(_)));
        let default = place(|kind| matches!(kind, TablePropertyKind::DefaultAction(_)));
        let entries = place(|kind| matches!(kind, TablePropertyKind::Entries(_)));
        for (first, second) in [(actions, default), (actions, entries), (key, entries)] {
            let (Some(first), Some(second)) = (first, second) else {
                continue;
            };
            if second < first {
                let (first, second) = (&table.properties[first], &table.properties[second]);
                self.error(
                    codes::NOT_ALLOWED_HERE,
                    second.name.span,
                    format!("`{}` comes after `{}`", second.name, first.name),
                )
                .note(first.name.span, "move it before the other");
            }
        }
    }

    /// A table without a default action has `NoAction` as one, which has to be there.
    fn needs_no_action(&mut self, table: &'a Table) {
        let has_default = table
            .properties
            .iter()
            .any(|property| matches!(property.kind, TablePropertyKind::DefaultAction(_)));
        if has_default {
            return;
        }
        let found = self.scopes.find("NoAction", true).first().copied();
        let declared = found.and_then(|id| self.typed.decl(id));
        match declared.map(|decl| (decl, &decl.kind)) {
            Some((_, DeclKind::Action(action))) if action.params.is_empty() => {}
            Some((decl, _)) => {
                let span = decl.name().map_or(decl.span, |name| name.span);
                self.error(
                    codes::BAD_DEFAULT,
                    span,
                    "`NoAction` must be an action without parameters",
                )
                .note(table.name.span, "it is the default action of this table");
            }
            None => {
                self.error(
                    codes::BAD_DEFAULT,
                    table.name.span,
                    format!(
                        "the table `{}` has no default action, and there is no `NoAction`",
                        table.name
                    ),
                )
                .hint = Some("include core.p4, or add `default_action = ..`".to_owned());
            }
        }
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
