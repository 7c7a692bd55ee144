//! Tables. A table is lowered when it is first applied; one that is never applied does not exist for the control plane.

use num_bigint::BigUint;
use num_traits::One;

use super::instance::{Binding, Object};
use super::operand::Operand;
use super::{Lowerer, codes};
use crate::ast::{
    self, ActionRef, Decl, DeclId, DeclKind, Direction, Entry, Expr, ExprKind, KeyElement, Table,
    TableProperty, TablePropertyKind,
};
use crate::check::{self, Bound};
use crate::ir::{self, EntryMatch, MatchKind};

/// The match kind with a name.
pub(super) fn match_kind(name: &str) -> Option<MatchKind> {
    Some(match name {
        "exact" => MatchKind::Exact,
        "lpm" => MatchKind::Lpm,
        "ternary" => MatchKind::Ternary,
        "range" => MatchKind::Range,
        "optional" => MatchKind::Optional,
        "selector" => MatchKind::Selector,
        _ => return None,
    })
}

impl<'a> Lowerer<'a, '_> {
    /// The table with a declaration, and the statements that compute its keys where these are more than expressions.
    pub(super) fn table(&mut self, id: DeclId) -> Option<(ir::TableId, ir::Block)> {
        let decl = self.typed.decl(id)?;
        let DeclKind::Table(table) = &decl.kind else {
            return None;
        };
        let owner = self.owner(id);
        let mut before = Vec::new();
        if let Some(&known) = self.tables.get(&(owner, id)) {
            // Keys with effects are computed again at each application.
            let keys = self.keys(table, &mut before)?;
            if !before.is_empty() {
                self.program.tables[known.index()].keys = keys;
            }
            return Some((known, before));
        }
        let path = owner.map_or(String::new(), |at| self.instances[at].path.clone());
        let keys = self.keys(table, &mut before)?;
        let lowered = self.new_table(decl, table, keys, &path)?;
        let at = ir::TableId(self.program.tables.len() as u32);
        self.program.tables.push(lowered);
        self.table_order
            .push(self.order.get(&(owner, id)).copied().unwrap_or(u32::MAX));
        self.tables.insert((owner, id), at);
        Some((at, before))
    }

    fn keys(&mut self, table: &'a Table, before: &mut ir::Block) -> Option<Vec<ir::Key>> {
        let mut keys = Vec::new();
        for property in &table.properties {
            if let TablePropertyKind::Key(elements) = &property.kind {
                for element in elements {
                    keys.push(self.key_element(element, before)?);
                }
            }
        }
        Some(keys)
    }

    fn key_element(&mut self, element: &'a KeyElement, before: &mut ir::Block) -> Option<ir::Key> {
        let kind = element.match_kind.name.as_str();
        let Some(match_kind) = match_kind(kind) else {
            self.unsupported(element.match_kind.span, &format!("the match kind `{kind}`"));
            return None;
        };
        let expr = self.scalar_expr(&element.expr, before);
        let given = element
            .annotations
            .iter()
            .find(|annotation| annotation.name.as_str() == "name")
            .and_then(ast::Annotation::string)
            .map(str::to_owned);
        let Some(name) = given.or_else(|| self.key_name(&element.expr)) else {
            self.error(
                codes::KEY_NEEDS_NAME,
                element.expr.span,
                "the control plane cannot name this key after its expression",
            )
            .hint = Some("add `@name(\"..\")` to it".to_owned());
            return None;
        };
        let ty = self.final_type(&element.expr);
        let type_name = match match_kind {
            MatchKind::Selector => None,
            _ => self.told_type_name(&ty, false),
        };
        Some(ir::Key {
            expr,
            match_kind,
            name,
            type_name,
            annotations: self.annotations(&element.annotations),
            span: element.span,
        })
    }

    fn new_table(
        &mut self,
        decl: &'a Decl,
        table: &'a Table,
        keys: Vec<ir::Key>,
        path: &str,
    ) -> Option<ir::Table> {
        let mut actions: Vec<ir::TableAction> = Vec::new();
        for property in &table.properties {
            if let TablePropertyKind::Actions(list) = &property.kind {
                for reference in list {
                    let action = self.table_action(reference)?;
                    let has = |name: &str| {
                        reference
                            .annotations
                            .iter()
                            .any(|annotation| annotation.name.as_str() == name)
                    };
                    let annotations = self.annotations(&reference.annotations);
                    actions.push(ir::TableAction {
                        action,
                        default_only: has("defaultonly"),
                        table_only: has("tableonly"),
                        annotations,
                    });
                }
            }
        }
        let mut lowered = ir::Table {
            control: self.control_name(path, decl),
            keys,
            default_action: ir::ActionCall {
                action: ir::ActionId(0),
                arguments: Vec::new(),
            },
            actions,
            const_default_action: false,
            entries: Vec::new(),
            const_entries: false,
            size: 1024,
            counter: None,
            meter: None,
            implementation: None,
            support_timeout: false,
            largest_priority_wins: true,
            span: decl.span,
        };
        let mut has_default = false;
        let mut priority_delta = 1;
        let mut entries: &'a [Entry] = &[];
        for property in &table.properties {
            match &property.kind {
                TablePropertyKind::Key(_) | TablePropertyKind::Actions(_) => {}
                TablePropertyKind::DefaultAction(reference) => {
                    lowered.default_action = self.action_call(reference, &lowered.actions)?;
                    lowered.const_default_action = property.constant;
                    has_default = true;
                }
                TablePropertyKind::Entries(list) => {
                    lowered.const_entries = property.constant;
                    entries = list;
                }
                TablePropertyKind::Custom(value) => match property.name.as_str() {
                    "size" => {
                        let size: u64 = self.eval_number(value, "`size`")?;
                        // 0 says nothing, as the reference compiler reads it.
                        lowered.size = if size == 0 { 1024 } else { size };
                    }
                    "counters" => {
                        if let Some(Object::DirectCounter(id)) =
                            self.property_object(table.name.as_str(), property, value, path)
                        {
                            lowered.counter = Some(id);
                        }
                    }
                    "meters" => {
                        if let Some(Object::DirectMeter(id)) =
                            self.property_object(table.name.as_str(), property, value, path)
                        {
                            lowered.meter = Some(id);
                        }
                    }
                    "implementation" => {
                        if let Some(Object::ActionProfile(id)) =
                            self.property_object(table.name.as_str(), property, value, path)
                        {
                            lowered.implementation = Some(id);
                        }
                    }
                    "support_timeout" => {
                        lowered.support_timeout =
                            matches!(self.eval(value), Ok(check::Value::Bool(true)));
                    }
                    "largest_priority_wins" => {
                        lowered.largest_priority_wins =
                            !matches!(self.eval(value), Ok(check::Value::Bool(false)));
                    }
                    "priority_delta" => {
                        priority_delta = self.eval_number(value, "`priority_delta`")?;
                    }
                    _ => {}
                },
            }
        }
        if !has_default {
            let Some(action) = self.no_action() else {
                self.unsupported(
                    decl.span,
                    "a table without default action, without core.p4,",
                );
                return None;
            };
            lowered.default_action = ir::ActionCall {
                action,
                arguments: Vec::new(),
            };
            if !lowered.actions.iter().any(|listed| listed.action == action) {
                lowered.actions.push(ir::TableAction {
                    action,
                    default_only: true,
                    table_only: false,
                    annotations: vec![ir::Annotation {
                        name: "defaultonly".to_owned(),
                        values: Vec::new(),
                        text: "@defaultonly".to_owned(),
                        span: decl.span,
                    }],
                });
            }
        }
        self.entries(&mut lowered, entries, priority_delta)?;
        Some(lowered)
    }

    fn property_object(
        &mut self,
        table: &str,
        property: &'a TableProperty,
        value: &'a Expr,
        path: &str,
    ) -> Option<Object> {
        let binding = match &value.kind {
            ExprKind::Construct { .. } => {
                let ty = self.own_type(value);
                // With `@name` it has that name alone, as the reference compiler gives it.
                let is_named = (property.annotations.iter())
                    .any(|annotation| annotation.name.as_str() == "name");
                let path = if is_named { "" } else { path };
                let annotations = &property.annotations;
                let name = format!("{table}.{}", property.name);
                self.construct(
                    value.id,
                    &ty,
                    path,
                    "",
                    &name,
                    annotations,
                    None,
                    value.span,
                )
            }
            _ => self
                .typed
                .reference(value.id)
                .and_then(|id| self.bindings.get(&id).cloned()),
        };
        match binding {
            Some(Binding::Operand(Operand::Object(object))) => Some(object),
            _ => {
                self.unsupported(value.span, "this value of a table property");
                None
            }
        }
    }

    /// The default action or an entry's: the action of the list with the data that it gets.
    fn action_call(
        &mut self,
        reference: &'a ActionRef,
        actions: &[ir::TableAction],
    ) -> Option<ir::ActionCall> {
        let id = self.typed.reference(reference.id)?;
        // With arguments in the list the action is the table's own.
        let mut of_table = actions.iter().map(|listed| listed.action);
        let action = of_table.find(|action| self.action_decls[action.index()] == id)?;
        let Some(DeclKind::Action(declared)) = self.typed.decl(id).map(|decl| &decl.kind) else {
            return None;
        };
        let call = self.typed.call(reference.id)?.clone();
        let mut arguments = Vec::new();
        let data = declared
            .params
            .iter()
            .zip(&call.arguments)
            .filter(|(param, _)| param.direction == Direction::None);
        for (param, bound) in data {
            let Bound::Value(argument) = bound else {
                continue;
            };
            let ty = self.declared_type(param.id);
            let scalar = self.scalar(&ty)?;
            match self
                .eval(argument)
                .ok()
                .and_then(|value| self.bits(&value, scalar))
            {
                Some(bits) => arguments.push(bits),
                None => {
                    self.error(
                        check::codes::NOT_CONSTANT,
                        argument.span,
                        "data of an action must be known at compile time",
                    );
                    return None;
                }
            }
        }
        Some(ir::ActionCall { action, arguments })
    }

    fn entries(&mut self, lowered: &mut ir::Table, entries: &'a [Entry], delta: i32) -> Option<()> {
        let largest = lowered.largest_priority_wins;
        let mut next = if largest {
            (entries.len() as i32 - 1)
                .saturating_mul(delta)
                .saturating_add(1)
        } else {
            1
        };
        let annotated = self.annotated_priorities(entries)?;
        for (at, entry) in entries.iter().enumerate() {
            let given = annotated.get(at).copied();
            let priority = match (given, &entry.priority) {
                (Some(given), _) => given,
                (None, Some(priority)) => self.eval_number(priority, "a priority")?,
                (None, None) => next,
            };
            next = if largest {
                priority.saturating_sub(delta)
            } else {
                priority.saturating_add(delta)
            };
            let mut matches = Vec::new();
            if entry.keys.len() == lowered.keys.len() {
                for (key, expr) in lowered.keys.iter().zip(&entry.keys) {
                    matches.push(self.entry_match(expr, key.match_kind, key.expr.scalar)?);
                }
            } else {
                matches = vec![EntryMatch::Any; lowered.keys.len()];
            }
            let action = self.action_call(&entry.action, &lowered.actions)?;
            lowered.entries.push(ir::TableEntry {
                matches,
                action,
                priority,
                is_const: entry.constant || lowered.const_entries,
                span: entry.span,
            });
        }
        Some(())
    }

    fn entry_match(
        &mut self,
        expr: &'a Expr,
        kind: MatchKind,
        scalar: ir::Scalar,
    ) -> Option<EntryMatch> {
        let expr = match &expr.kind {
            ExprKind::List(elements) | ExprKind::Tuple(elements) => match elements.as_slice() {
                [only] => only,
                _ => expr,
            },
            _ => expr,
        };
        self.form_fits(expr, kind);
        let width = scalar.width();
        let all_ones = || (BigUint::one() << width) - BigUint::one();
        Some(match &expr.kind {
            ExprKind::DontCare | ExprKind::Default => EntryMatch::Any,
            ExprKind::Mask { value, mask } => {
                let (value, mask) = (
                    self.entry_bits(value, scalar)?,
                    self.entry_bits(mask, scalar)?,
                );
                match kind {
                    MatchKind::Lpm => {
                        let ones = u32::try_from(mask.count_ones()).unwrap_or(width);
                        let prefix = (all_ones() >> (width - ones)) << (width - ones);
                        if prefix != mask {
                            self.error(
                                check::codes::TYPE_MISMATCH,
                                expr.span,
                                "the mask of a prefix is ones and then zeros",
                            );
                            return None;
                        }
                        EntryMatch::Lpm(value & &mask, ones)
                    }
                    _ => EntryMatch::Ternary(value & &mask, mask),
                }
            }
            ExprKind::Range { low, high } => EntryMatch::Range(
                self.entry_bits(low, scalar)?,
                self.entry_bits(high, scalar)?,
            ),
            _ => {
                let value = self.entry_bits(expr, scalar)?;
                match kind {
                    MatchKind::Exact | MatchKind::Optional | MatchKind::Selector => {
                        EntryMatch::Exact(value)
                    }
                    MatchKind::Lpm => EntryMatch::Lpm(value, width),
                    MatchKind::Ternary => EntryMatch::Ternary(value, all_ones()),
                    MatchKind::Range => EntryMatch::Range(value.clone(), value),
                }
            }
        })
    }

    /// Reports a form of match that a match kind does not have.
    fn form_fits(&mut self, key: &'a Expr, kind: MatchKind) {
        let (form, kind) = match (&key.kind, kind) {
            (ExprKind::Mask { .. }, MatchKind::Exact) => ("a mask", "exact"),
            (ExprKind::Mask { .. }, MatchKind::Range) => ("a mask", "range"),
            (ExprKind::Mask { .. }, MatchKind::Optional) => ("a mask", "optional"),
            (ExprKind::Range { .. }, MatchKind::Exact) => ("a range", "exact"),
            (ExprKind::Range { .. }, MatchKind::Lpm) => ("a range", "lpm"),
            (ExprKind::Range { .. }, MatchKind::Ternary) => ("a range", "ternary"),
            (ExprKind::Range { .. }, MatchKind::Optional) => ("a range", "optional"),
            (ExprKind::DontCare | ExprKind::Default, MatchKind::Exact) => ("`_`", "exact"),
            _ => return,
        };
        self.error(
            check::codes::TYPE_MISMATCH,
            key.span,
            format!("a key that is matched by `{kind}` cannot be given by {form}"),
        );
    }

    /// Priorities where `@priority(n)` gives some: the smallest n wins, and an entry without it has its place in the list. Empty
    /// if no entry has it.
    fn annotated_priorities(&mut self, entries: &'a [Entry]) -> Option<Vec<i32>> {
        let mut places: Vec<i32> = Vec::new();
        let mut any = false;
        for entry in entries {
            let annotation = (entry.annotations.iter())
                .find(|annotation| annotation.name.as_str() == "priority");
            let place = match annotation {
                Some(annotation) => {
                    any = true;
                    let number = self.annotation_number(annotation);
                    let Some(place) = number.and_then(|number| i32::try_from(number).ok()) else {
                        self.error(
                            check::codes::NOT_CONSTANT,
                            annotation.span,
                            "`@priority` has a number",
                        );
                        return None;
                    };
                    place
                }
                None => places.len() as i32 + 1,
            };
            places.push(place);
        }
        if !any {
            return Some(Vec::new());
        }
        let last = places.iter().copied().max().unwrap_or(0);
        let turned = places
            .iter()
            .map(|place| last.saturating_sub(*place).saturating_add(1));
        Some(turned.collect())
    }

    /// The bits of a constant that a key is compared with.
    pub(super) fn entry_bits(&mut self, expr: &'a Expr, scalar: ir::Scalar) -> Option<BigUint> {
        let bits = self
            .eval(expr)
            .ok()
            .and_then(|value| self.bits(&value, scalar));
        if bits.is_none() {
            self.error(
                check::codes::NOT_CONSTANT,
                expr.span,
                "what a key is compared with must be known at compile time",
            );
        }
        bits
    }
}
