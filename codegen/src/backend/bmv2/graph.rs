//! Ingress and egress: a graph of tables and conditions. Statements between them run as actions of tables without keys.

use super::action::one_of;
use super::emitter::Emitter;
use super::expr::{binary, number};
use super::json::{Json, array, object};
use super::layout::FieldRef;
use super::primitive::{is_straight, primitive};
use super::table::Outcome;
use crate::ir::{
    ActionId, ActionProfileId, ApplyBranch, Block, Expr, ExprKind, Scalar, Stmt, StmtKind, TableId,
};
use crate::source::Span;
use indexmap::{IndexMap, IndexSet};
use num_traits::Zero;

/// A node of the graph by name; `None` is the end of the pipeline.
pub(super) type Next = Option<String>;

/// A pipeline while it is written: from its end to its beginning, since a node names the next one.
#[derive(Default)]
pub(super) struct Pipeline {
    pub(super) tables: Vec<Json>,
    conditionals: Vec<Json>,
    pub(super) profiles: IndexSet<ActionProfileId>,
    /// Where each table goes from each place that applies it.
    applied: IndexMap<TableId, Applied>,
    /// How many places apply each table.
    places: IndexMap<TableId, usize>,
}

/// The places that apply a table.
struct Applied {
    outcomes: Vec<Outcome>,
    /// The field that says from which place the table was applied; only if there are several.
    place: Option<FieldRef>,
}

/// Where the statements that end something go.
#[derive(Clone, Default)]
struct Ends {
    leave: Next,
    exit: Next,
    again: Next,
    after: Next,
}

/// Whether nothing in a block runs after a statement.
fn ends_block(stmt: &Stmt) -> bool {
    matches!(
        stmt.kind,
        StmtKind::Leave | StmtKind::Exit | StmtKind::Break | StmtKind::Continue
    )
}

impl<'a> Emitter<'a> {
    /// One element of `pipelines`. Before its control and after it run others, whatever ends the control.
    pub(super) fn pipeline(
        &mut self,
        id: u32,
        name: &'static str,
        before: &[Stmt],
        block: &Block,
        after: &[Block],
    ) -> Json {
        let mut pipeline = Pipeline::default();
        let controls = std::iter::once(before)
            .chain([block.as_slice()])
            .chain(after.iter().map(Vec::as_slice));
        for control in controls.clone() {
            count_places(control, &mut pipeline.places);
        }
        let mut first = None;
        for control in controls.rev() {
            let ends = Ends {
                leave: first.clone(),
                exit: first.clone(),
                ..Ends::default()
            };
            first = self.flow(control, first, &ends, &mut pipeline);
        }
        let applied = std::mem::take(&mut pipeline.applied);
        for (table, applied) in applied {
            let outcome = self.merged(table, applied, &mut pipeline);
            self.table(table, outcome, &mut pipeline);
        }
        pipeline.tables.reverse();
        pipeline.conditionals.reverse();
        let profiles = std::mem::take(&mut pipeline.profiles);
        let profiles = profiles.into_iter().map(|id| self.action_profile(id));
        let profiles = profiles.collect();
        object! {
            "name": name,
            "id": id,
            "init_table": first,
            "tables": pipeline.tables,
            "action_profiles": Json::Array(profiles),
            "conditionals": pipeline.conditionals,
        }
    }

    /// Writes a block that goes on at `next`, and returns its first node.
    fn flow(&mut self, block: &[Stmt], next: Next, ends: &Ends, pipeline: &mut Pipeline) -> Next {
        let end = block.iter().position(ends_block);
        let mut next = match end.map(|end| &block[end].kind) {
            Some(StmtKind::Leave) => ends.leave.clone(),
            Some(StmtKind::Break) => ends.after.clone(),
            Some(StmtKind::Continue) => ends.again.clone(),
            Some(_) => ends.exit.clone(),
            None => next,
        };
        let mut rest = &block[..end.unwrap_or(block.len())];
        while let Some((last, before)) = rest.split_last() {
            if !is_straight(last) {
                next = self.branch(last, next, ends, pipeline);
                rest = before;
                continue;
            }
            let row = rest
                .iter()
                .rev()
                .take_while(|stmt| is_straight(stmt))
                .count();
            let (before, row) = rest.split_at(rest.len() - row);
            let primitives = self.body(row.iter());
            next = match (primitives.is_empty(), row.first()) {
                (false, Some(first)) => {
                    let span = first.span.to(last.span);
                    self.run(primitives, span, next, pipeline)
                }
                _ => next,
            };
            rest = before;
        }
        next
    }

    /// Writes a statement that branches.
    fn branch(&mut self, stmt: &Stmt, next: Next, ends: &Ends, pipeline: &mut Pipeline) -> Next {
        match &stmt.kind {
            StmtKind::If(condition, then, otherwise) => {
                let then = self.flow(then, next.clone(), ends, pipeline);
                let otherwise = self.flow(otherwise, next, ends, pipeline);
                if let ExprKind::Constant(value) = &condition.kind {
                    return if value.is_zero() { otherwise } else { then };
                }
                let expression = self.boolean(condition);
                self.decide(expression, then, otherwise, condition.span, pipeline)
            }
            StmtKind::Switch(subject, cases, default) => {
                let mut primitives = Vec::new();
                let field = self.held(subject, "switch", &mut primitives);
                // A case must not see what another has written to the subject's own field: none runs after another.
                let mut node = self.flow(default, next.clone(), ends, pipeline);
                for (values, block) in cases.iter().rev() {
                    let case = self.flow(block, next.clone(), ends, pipeline);
                    let condition = one_of(&self.read(&field, subject), subject, values);
                    node = self.decide(condition, case, node, stmt.span, pipeline);
                }
                match primitives.is_empty() {
                    true => node,
                    false => self.run(primitives, subject.span, node, pipeline),
                }
            }
            StmtKind::Scope(block) => {
                let ends = Ends {
                    leave: next.clone(),
                    ..ends.clone()
                };
                self.flow(block, next, &ends, pipeline)
            }
            StmtKind::Loop { body, update } => {
                // The first node of the body is named before it is known.
                let first = self.new_table();
                let mut ends = Ends {
                    after: next,
                    ..ends.clone()
                };
                ends.again = self.flow(update, Some(first.1.clone()), &ends, pipeline);
                let body = self.flow(body, ends.again.clone(), &ends, pipeline);
                self.run_named(first.clone(), Vec::new(), stmt.span, body, pipeline);
                Some(first.1)
            }
            StmtKind::Apply(table, branch) => {
                let mut outcome = self.outcome(branch, next, ends, pipeline);
                if let Outcome::Action { cases, otherwise } = &outcome
                    && let Some(ran) = self.ran.get(table).cloned()
                {
                    let mut node = otherwise.clone();
                    for (actions, case) in cases.iter().rev() {
                        let is_one = any_equal(&ran, actions);
                        node = self.decide(is_one, case.clone(), node, stmt.span, pipeline);
                    }
                    outcome = Outcome::Always(node);
                }
                if let Some(exited) = self.exited.clone()
                    && self.may_exit(*table)
                {
                    outcome = outcome.map(|next| {
                        let is_set = binary("==", exited.operand(), number(1u32, 8));
                        self.decide(is_set, ends.exit.clone(), next, stmt.span, pipeline)
                    });
                }
                self.applied(*table, outcome, stmt.span, pipeline)
            }
            _ => {
                self.unsupported(stmt.span, "this statement in a control");
                next
            }
        }
    }

    /// Finds the tables that are applied for their hits here and for their actions there. BMv2 tells only one of them, so their
    /// actions note that they ran.
    pub(super) fn find_mixed_tables(&mut self) {
        let mut kinds = IndexMap::new();
        branch_kinds(&self.program.ingress, &mut kinds);
        branch_kinds(&self.program.egress, &mut kinds);
        for (table, (hits, actions)) in kinds {
            if hits && actions {
                let field = self.layout.temporary("ran", Scalar::Bits(32));
                self.ran.insert(table, field);
            }
        }
    }

    /// Has actions note that they end egress if one of them may: BMv2 would skip what follows it.
    pub(super) fn find_exits(&mut self) {
        let mut tables = IndexMap::new();
        count_places(&self.program.egress, &mut tables);
        if tables.keys().any(|table| self.may_exit(*table)) {
            self.exited = Some(self.layout.temporary("exited", Scalar::Bits(8)));
        }
    }

    /// Whether an action of a table may end the control.
    fn may_exit(&self, table: TableId) -> bool {
        fn exits(block: &[Stmt]) -> bool {
            block.iter().any(|stmt| {
                matches!(stmt.kind, StmtKind::Exit) || inner_blocks(stmt).into_iter().any(exits)
            })
        }
        let program = self.program;
        let mut actions = program.tables[table.index()].actions.iter();
        actions.any(|listed| exits(&program.actions[listed.action.index()].body))
    }

    fn read(&mut self, field: &FieldRef, subject: &Expr) -> Json {
        super::expr::signed(field.operand(), subject.scalar)
    }

    fn outcome(
        &mut self,
        branch: &ApplyBranch,
        next: Next,
        ends: &Ends,
        pipeline: &mut Pipeline,
    ) -> Outcome {
        match branch {
            ApplyBranch::None => Outcome::Always(next),
            ApplyBranch::Hit { hit, miss } => {
                let hit = self.flow(hit, next.clone(), ends, pipeline);
                let miss = self.flow(miss, next, ends, pipeline);
                match hit == miss {
                    true => Outcome::Always(hit),
                    false => Outcome::Hit { hit, miss },
                }
            }
            ApplyBranch::Action { cases, default } => {
                let otherwise = self.flow(default, next.clone(), ends, pipeline);
                let cases = cases
                    .iter()
                    .map(|(actions, block)| {
                        let case = self.flow(block, next.clone(), ends, pipeline);
                        (actions.clone(), case)
                    })
                    .collect();
                Outcome::Action { cases, otherwise }
            }
        }
    }

    /// Notes where a table goes from one place, and returns the first node there.
    fn applied(
        &mut self,
        table: TableId,
        outcome: Outcome,
        span: Span,
        pipeline: &mut Pipeline,
    ) -> Next {
        let several = pipeline
            .places
            .get(&table)
            .is_some_and(|places| *places > 1);
        if !pipeline.applied.contains_key(&table) {
            let place = several.then(|| self.layout.temporary("applied", Scalar::Bits(16)));
            let outcomes = Vec::new();
            pipeline.applied.insert(table, Applied { outcomes, place });
        }
        let name = self.table_name(table);
        // From the end to the beginning: what was applied first is written last.
        let mut primitives = Vec::new();
        self.prepare_keys(table, &mut primitives);
        if let Some(applied) = pipeline.applied.get_mut(&table) {
            if let Some(field) = &applied.place {
                let at = number(applied.outcomes.len(), 16);
                let parameters = vec![field.operand(), at];
                primitives.push(primitive("assign", parameters, span));
            }
            applied.outcomes.push(outcome);
        }
        match primitives.is_empty() {
            true => Some(name),
            false => self.run(primitives, span, Some(name), pipeline),
        }
    }

    /// Where a table goes, whatever the place that applied it.
    fn merged(&mut self, table: TableId, applied: Applied, pipeline: &mut Pipeline) -> Outcome {
        let program = self.program;
        let span = program.tables[table.index()].span;
        let mut outcomes = applied.outcomes.into_iter();
        let Some(first) = outcomes.next() else {
            return Outcome::Always(None);
        };
        let rest: Vec<Outcome> = outcomes.collect();
        let Some(field) = applied.place else {
            return first;
        };
        if rest.iter().all(|outcome| *outcome == first) {
            return first;
        }
        let all: Vec<Outcome> = std::iter::once(first).chain(rest).collect();
        let mut select = |pick: &dyn Fn(&Outcome) -> Next| -> Next {
            let nexts: Vec<Next> = all.iter().map(pick).collect();
            let mut node = nexts.last().cloned().flatten();
            for (at, next) in nexts.into_iter().enumerate().rev().skip(1) {
                let operand = field.operand();
                let place = number(at, 16);
                let condition = binary("==", operand, place);
                node = self.decide(condition, next, node, span, pipeline);
            }
            node
        };
        let is_hit = |outcome: &Outcome| matches!(outcome, Outcome::Hit { .. });
        let is_action = |outcome: &Outcome| matches!(outcome, Outcome::Action { .. });
        if all.iter().any(is_hit) {
            return Outcome::Hit {
                hit: select(&|outcome| outcome.on_hit()),
                miss: select(&|outcome| outcome.on_miss()),
            };
        }
        if !all.iter().any(is_action) {
            return Outcome::Always(select(&|outcome| outcome.on_hit()));
        }
        let actions = &program.tables[table.index()].actions;
        let cases = (actions.iter())
            .map(|listed| {
                let next = select(&|outcome| outcome.on_action(listed.action));
                (vec![listed.action], next)
            })
            .collect();
        Outcome::Action {
            cases,
            otherwise: None,
        }
    }

    /// Writes a condition.
    fn decide(
        &mut self,
        expression: Json,
        then: Next,
        otherwise: Next,
        span: Span,
        pipeline: &mut Pipeline,
    ) -> Next {
        if then == otherwise {
            return then;
        }
        let id = self.conditionals;
        self.conditionals += 1;
        let name = self.nodes.unique(&format!("$if_{id}"));
        pipeline.conditionals.push(object! {
            "name": name.clone(),
            "id": id,
            "source_info": Json::Place(span),
            "expression": expression,
            "true_next": then,
            "false_next": otherwise,
        });
        Some(name)
    }

    /// Writes a table that always runs these primitives.
    fn run(
        &mut self,
        primitives: Vec<Json>,
        span: Span,
        next: Next,
        pipeline: &mut Pipeline,
    ) -> Next {
        let table = self.new_table();
        let name = table.1.clone();
        self.run_named(table, primitives, span, next, pipeline);
        Some(name)
    }

    /// The number and name of a table of this back end's own.
    fn new_table(&mut self) -> (usize, String) {
        let id = self.tables;
        self.tables += 1;
        (id, self.nodes.unique(&format!("$run_{id}")))
    }

    fn run_named(
        &mut self,
        (id, name): (usize, String),
        primitives: Vec<Json>,
        span: Span,
        next: Next,
        pipeline: &mut Pipeline,
    ) {
        let (action, action_id) = self.hidden_action(primitives, span);
        pipeline.tables.push(object! {
            "name": name,
            "id": id,
            "source_info": Json::Place(span),
            "key": array![],
            "match_type": "exact",
            "type": "simple",
            "max_size": 1024u32,
            "with_counters": false,
            "support_timeout": false,
            "direct_meters": Json::Null,
            "action_ids": array![action_id.0],
            "actions": array![action.clone()],
            "base_default_next": next.clone(),
            "next_tables": Json::Object(vec![(action.into(), next.into())]),
            "default_entry": object! {
                "action_id": action_id.0,
                "action_const": true,
                "action_data": array![],
                "action_entry_const": true,
            },
        });
    }
}

/// Whether a field holds the number of one of these actions.
fn any_equal(field: &FieldRef, actions: &[ActionId]) -> Json {
    let equal = |action: &ActionId| binary("==", field.operand(), number(action.0, 32));
    let any = (actions.iter().map(equal)).reduce(|any, equal| binary("or", any, equal));
    any.unwrap_or_else(|| object! { "type": "bool", "value": false })
}

/// Notes of each table whether a block asks for its hits and whether for its actions.
fn branch_kinds(block: &[Stmt], kinds: &mut IndexMap<TableId, (bool, bool)>) {
    for stmt in block {
        if let StmtKind::Apply(table, branch) = &stmt.kind {
            let (hits, actions) = kinds.entry(*table).or_default();
            *hits |= matches!(branch, ApplyBranch::Hit { .. });
            *actions |= matches!(branch, ApplyBranch::Action { .. });
        }
        for inner in inner_blocks(stmt) {
            branch_kinds(inner, kinds);
        }
    }
}

/// Counts the places of a block that apply each table.
pub(super) fn count_places(block: &[Stmt], places: &mut IndexMap<TableId, usize>) {
    for stmt in block {
        if let StmtKind::Apply(table, _) = stmt.kind {
            *places.entry(table).or_insert(0) += 1;
        }
        for inner in inner_blocks(stmt) {
            count_places(inner, places);
        }
    }
}

/// The blocks that a statement has.
pub(super) fn inner_blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match &stmt.kind {
        StmtKind::If(_, then, otherwise) => vec![then, otherwise],
        StmtKind::Switch(_, cases, default) => {
            let cases = cases.iter().map(|(_, block)| block.as_slice());
            cases.chain([default.as_slice()]).collect()
        }
        StmtKind::Scope(block) => vec![block],
        StmtKind::Loop { body, update } => vec![body, update],
        StmtKind::Apply(_, ApplyBranch::Hit { hit, miss }) => vec![hit, miss],
        StmtKind::Apply(_, ApplyBranch::Action { cases, default }) => {
            let cases = cases.iter().map(|(_, block)| block.as_slice());
            cases.chain([default.as_slice()]).collect()
        }
        _ => Vec::new(),
    }
}
