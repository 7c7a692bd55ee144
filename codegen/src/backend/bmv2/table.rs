//! Tables, their entries, and action profiles.

use super::emitter::Emitter;
use super::expr::{digits, ones};
use super::externs::algorithm;
use super::graph::{Next, Pipeline};
use super::json::{Json, object};
use crate::ir::{
    ActionCall, ActionId, ActionProfileId, EntryMatch, Expr, ExprKind, HashAlgorithm, HeaderRef,
    Key, MatchKind, Table, TableEntry, TableId,
};
use num_bigint::BigUint;
use num_traits::Zero;

/// Where a table goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// There, whatever happened.
    Always(Next),
    /// By whether an entry matched.
    Hit {
        /// If one did.
        hit: Next,
        /// If none did.
        miss: Next,
    },
    /// By the action that ran.
    Action {
        /// The actions that are asked for.
        cases: Vec<(Vec<ActionId>, Next)>,
        /// For all others.
        otherwise: Next,
    },
}

impl Outcome {
    pub(super) fn on_hit(&self) -> Next {
        match self {
            Outcome::Always(next) => next.clone(),
            Outcome::Hit { hit, .. } => hit.clone(),
            Outcome::Action { otherwise, .. } => otherwise.clone(),
        }
    }

    pub(super) fn on_miss(&self) -> Next {
        match self {
            Outcome::Hit { miss, .. } => miss.clone(),
            _ => self.on_hit(),
        }
    }

    /// With other places to go to.
    pub(super) fn map(self, mut to: impl FnMut(Next) -> Next) -> Outcome {
        match self {
            Outcome::Always(next) => Outcome::Always(to(next)),
            Outcome::Hit { hit, miss } => Outcome::Hit {
                hit: to(hit),
                miss: to(miss),
            },
            Outcome::Action { cases, otherwise } => Outcome::Action {
                cases: (cases.into_iter())
                    .map(|(actions, next)| (actions, to(next)))
                    .collect(),
                otherwise: to(otherwise),
            },
        }
    }

    pub(super) fn on_action(&self, action: ActionId) -> Next {
        match self {
            Outcome::Action { cases, otherwise } => (cases.iter())
                .find(|(actions, _)| actions.contains(&action))
                .map_or_else(|| otherwise.clone(), |(_, next)| next.clone()),
            _ => self.on_hit(),
        }
    }
}

/// Whether BMv2 can match an expression as it stands.
fn is_field(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Variable(_)
            | ExprKind::Field(HeaderRef::Instance(_), _)
            | ExprKind::IsValid(HeaderRef::Instance(_))
    )
}

fn match_type(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::Exact | MatchKind::Selector => "exact",
        MatchKind::Lpm => "lpm",
        MatchKind::Ternary | MatchKind::Optional => "ternary",
        MatchKind::Range => "range",
    }
}

/// The match type of a table: that of its least exact key.
fn table_match_type(table: &Table) -> &'static str {
    let order = ["exact", "lpm", "ternary", "range"];
    let types = table.keys.iter().map(|key| match_type(key.match_kind));
    let rank = |name| order.iter().position(|other| *other == name);
    types.max_by_key(|name| rank(*name)).unwrap_or("exact")
}

impl<'a> Emitter<'a> {
    /// The fields of a table's keys; those of keys that are not fields are made once, and [`Emitter::prepare_keys`] fills them.
    fn key_field(&mut self, table: TableId, at: usize, key: &Key) -> super::layout::FieldRef {
        match is_field(&key.expr) {
            true => self.held(&key.expr, "key", &mut Vec::new()),
            false => {
                if let Some(field) = self.keys.get(&(table, at)) {
                    return field.clone();
                }
                let field = self.layout.temporary("key", key.expr.scalar);
                self.keys.insert((table, at), field.clone());
                field
            }
        }
    }

    /// Computes the keys that are not fields.
    pub(super) fn prepare_keys(&mut self, table: TableId, out: &mut Vec<Json>) {
        let keys = &self.program.tables[table.index()].keys;
        for (at, key) in keys.iter().enumerate() {
            if !is_field(&key.expr) {
                let field = self.key_field(table, at, key);
                let parameters = vec![field.operand(), self.argument(&key.expr)];
                out.push(super::primitive::primitive("assign", parameters, key.span));
            }
        }
    }

    /// Writes a table that goes on as `outcome` says.
    pub(super) fn table(&mut self, id: TableId, outcome: Outcome, pipeline: &mut Pipeline) {
        let table = &self.program.tables[id.index()];
        let lpm = table
            .keys
            .iter()
            .filter(|key| key.match_kind == MatchKind::Lpm);
        if let Some(second) = lpm.clone().nth(1) {
            self.unsupported(second.span, "a second key of kind `lpm` in a table");
        }
        let mut keys = Vec::new();
        for (at, key) in table.keys.iter().enumerate() {
            if key.match_kind != MatchKind::Selector {
                keys.push(object! {
                    "match_type": match_type(key.match_kind),
                    "name": key.name.clone(),
                    "target": self.key_field(id, at, key).pair(),
                    "mask": Json::Null,
                });
            }
        }
        let names = table
            .actions
            .iter()
            .map(|listed| self.action_name(listed.action));
        let names: Vec<Json> = names.collect();
        let numbers = table.actions.iter().map(|listed| listed.action.0.into());
        let number = self.tables;
        self.tables += 1;
        pipeline.profiles.extend(table.implementation);
        // A table with constant entries takes no others, so that it never asks its action profile. BMv2 takes a program's entries only in
        // tables without one.
        let is_fixed = table.const_entries && !table.entries.is_empty();
        let implementation = table.implementation.filter(|_| !is_fixed);
        let mut members = vec![
            ("name".into(), table.control.name.clone().into()),
            ("id".into(), number.into()),
            ("source_info".into(), Json::Place(table.span)),
            ("key".into(), keys.into()),
            ("match_type".into(), table_match_type(table).into()),
        ];
        let kind = match implementation {
            None => "simple",
            Some(profile) => {
                let profile = &self.program.action_profiles[profile.index()];
                match profile.selector {
                    Some(_) => "indirect_ws",
                    None => "indirect",
                }
            }
        };
        members.push(("type".into(), kind.into()));
        if let Some(profile) = implementation {
            let profile = &self.program.action_profiles[profile.index()];
            members.push(("action_profile".into(), profile.control.name.clone().into()));
        }
        // Where the control plane may add to the program's entries, there must be room for its own.
        let entries = table.entries.len() as u64;
        let size = if is_fixed {
            entries
        } else {
            table.size.max(entries)
        };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let meter = table.meter.map(|meter| {
            let meter = &self.program.meters[meter.index()];
            meter.control.name.clone()
        });
        let missed = match &outcome {
            Outcome::Always(next) => next.clone(),
            Outcome::Hit { .. } => None,
            Outcome::Action { .. } => outcome.on_action(table.default_action.action),
        };
        members.extend([
            ("max_size".into(), size.into()),
            ("with_counters".into(), table.counter.is_some().into()),
            ("support_timeout".into(), table.support_timeout.into()),
            ("direct_meters".into(), meter.into()),
            ("action_ids".into(), Json::Array(numbers.collect())),
            ("actions".into(), names.into()),
            ("base_default_next".into(), missed.into()),
            ("next_tables".into(), self.next_tables(table, &outcome)),
        ]);
        if implementation.is_none() {
            let call = &table.default_action;
            let entry = object! {
                "action_id": call.action.0,
                "action_const": table.const_default_action,
                "action_data": self.action_data(call),
                "action_entry_const": table.const_default_action,
            };
            members.push(("default_entry".into(), entry));
        }
        if !table.entries.is_empty() {
            if implementation.is_some() {
                let what = "a table with an action profile and entries that are not constant";
                self.unsupported(table.span, what);
            }
            members.push(("entries".into(), self.entries(table)));
        }
        pipeline.tables.push(Json::Object(members));
    }

    fn action_name(&self, action: ActionId) -> Json {
        self.program.actions[action.index()]
            .control
            .name
            .clone()
            .into()
    }

    fn next_tables(&self, table: &Table, outcome: &Outcome) -> Json {
        if let Outcome::Hit { hit, miss } = outcome {
            return object! { "__HIT__": hit.clone(), "__MISS__": miss.clone() };
        }
        let actions = table.actions.iter().map(|listed| {
            let name = self.program.actions[listed.action.index()]
                .control
                .name
                .clone();
            (name.into(), outcome.on_action(listed.action).into())
        });
        Json::Object(actions.collect())
    }

    fn action_data(&self, call: &ActionCall) -> Json {
        let parameters = &self.program.actions[call.action.index()].parameters;
        let data = call.arguments.iter().zip(parameters);
        Json::Array(
            data.map(|(value, parameter)| digits(value, parameter.scalar.width()).into())
                .collect(),
        )
    }

    /// The entries in the source's order. To BMv2 the smallest priority wins; those of a control plane become what is left of the
    /// largest number of 31 bits there, and so do these, that they stand among them as they should.
    fn entries(&self, table: &Table) -> Json {
        let entries = table.entries.iter().zip(1..).map(|(entry, place)| {
            let priority = match table.p4runtime_priority(entry) {
                0 => place,
                given => i32::MAX - given,
            };
            object! {
                "source_info": Json::Place(entry.span),
                "match_key": self.match_key(table, entry),
                "action_entry": object! {
                    "action_id": entry.action.action.0,
                    "action_data": self.action_data(&entry.action),
                },
                "priority": i64::from(priority),
            }
        });
        Json::Array(entries.collect())
    }

    fn match_key(&self, table: &Table, entry: &TableEntry) -> Json {
        let keys = table.keys.iter().zip(&entry.matches);
        let keys = keys.filter(|(key, _)| key.match_kind != MatchKind::Selector);
        Json::Array(keys.map(|(key, value)| entry_key(key, value)).collect())
    }

    /// One element of `action_profiles`.
    pub(super) fn action_profile(&mut self, id: ActionProfileId) -> Json {
        let profile = &self.program.action_profiles[id.index()];
        let mut members = vec![
            ("name".into(), profile.control.name.clone().into()),
            ("id".into(), id.index().into()),
            ("source_info".into(), Json::Place(profile.span)),
            ("max_size".into(), (profile.size as i64).into()),
        ];
        if let Some((hash, _)) = profile.selector {
            if hash == HashAlgorithm::Random {
                let what = "a selector that chooses at random";
                self.unsupported(profile.span, what);
            }
            let mut inputs: Vec<Vec<Json>> = Vec::new();
            for (at, table) in self.program.tables.iter().enumerate() {
                if table.implementation == Some(id) {
                    let keys = table.keys.iter().enumerate();
                    let keys = keys.filter(|(_, key)| key.match_kind == MatchKind::Selector);
                    let table = TableId(at as u32);
                    let fields = keys.map(|(at, key)| self.key_field(table, at, key).operand());
                    inputs.push(fields.collect());
                }
            }
            inputs.dedup();
            if inputs.len() > 1 {
                let what = "a selector whose tables have different selector keys";
                self.unsupported(profile.span, what);
            }
            let input = inputs.into_iter().next().unwrap_or_default();
            let selector = object! { "algo": algorithm(hash), "input": input };
            members.push(("selector".into(), selector));
        }
        Json::Object(members)
    }
}

/// How an entry matches one key.
fn entry_key(key: &Key, value: &EntryMatch) -> Json {
    let width = key.expr.scalar.width();
    let all = || ones(width);
    let hex = |value: &BigUint| digits(value, width);
    let kind = match_type(key.match_kind);
    match (kind, value) {
        ("lpm", _) => {
            let (value, prefix) = match value {
                EntryMatch::Lpm(value, prefix) => (value.clone(), *prefix),
                EntryMatch::Exact(value) => (value.clone(), width),
                EntryMatch::Ternary(value, mask) => (value.clone(), mask.count_ones() as u32),
                _ => (BigUint::zero(), 0),
            };
            object! { "match_type": kind, "key": hex(&value), "prefix_length": prefix }
        }
        ("ternary", _) => {
            let (value, mask) = match value {
                EntryMatch::Ternary(value, mask) => (value.clone(), mask.clone()),
                EntryMatch::Exact(value) => (value.clone(), all()),
                _ => (BigUint::zero(), BigUint::zero()),
            };
            object! { "match_type": kind, "key": hex(&value), "mask": hex(&mask) }
        }
        ("range", _) => {
            let (start, end) = match value {
                EntryMatch::Range(start, end) => (start.clone(), end.clone()),
                EntryMatch::Exact(value) => (value.clone(), value.clone()),
                _ => (BigUint::zero(), all()),
            };
            object! { "match_type": kind, "start": hex(&start), "end": hex(&end) }
        }
        _ => {
            let value = match value {
                EntryMatch::Exact(value) => value.clone(),
                _ => BigUint::zero(),
            };
            object! { "match_type": kind, "key": hex(&value) }
        }
    }
}
