//! Ingress and egress: tables and conditions, and what follows each.

use super::table::TableProgram;
use crate::bmv2::action::Reader;
use crate::bmv2::error::Reason;
use crate::bmv2::expr::{Word, truth};
use crate::bmv2::json::{Loaded, fail, id, list, member, optional, text_of, unknown};
use serde_json::Value;
use std::collections::HashMap;

/// No node follows.
pub const END: u32 = u32::MAX;

/// A control.
#[derive(Debug)]
pub struct Control {
    pub nodes: Box<[Node]>,
    pub start: u32,
}

/// A step of a control.
#[derive(Debug)]
pub enum Node {
    /// The position of a table.
    Table(usize),
    /// A condition, and where it leads if it holds and if not.
    If(Word, u32, u32),
    /// The position of an action, and what follows.
    Call(usize, u32),
}

/// Nodes by name.
pub struct Nodes<'a> {
    names: HashMap<&'a str, u32>,
}

impl<'a> Nodes<'a> {
    /// The nodes of a pipeline: first its tables, then its conditions, then its calls.
    pub fn read(pipeline: &'a Value) -> Loaded<Self> {
        let mut names = HashMap::new();
        for kind in ["tables", "conditionals", "action_calls"] {
            for node in list(pipeline, kind)? {
                let name = text_of(node, "name")?;
                let position = names.len() as u32;
                if names.insert(name, position).is_some() {
                    let (kind, name) = ("node", name.to_owned());
                    return fail(node, Reason::Twice { kind, name });
                }
            }
        }
        Ok(Nodes { names })
    }

    /// The node with this name, or the end.
    pub fn next(&self, value: &Value) -> Loaded<u32> {
        match value {
            Value::Null => Ok(END),
            Value::String(name) => {
                let found = self.names.get(name.as_str()).copied();
                found.ok_or_else(|| unknown(value, "table or condition", name))
            }
            other => fail(other, Reason::Expected("the name of a table or condition")),
        }
    }
}

/// Reads a pipeline; its tables go to those that are there.
pub fn read<'a>(
    reader: &Reader<'_, 'a>,
    pipeline: &'a Value,
    actions: &super::read::Actions,
    tables: &mut Vec<TableProgram>,
) -> Loaded<Control> {
    let names = Nodes::read(pipeline)?;
    let mut nodes = Vec::new();
    for table in list(pipeline, "tables")? {
        nodes.push(Node::Table(tables.len()));
        let table = super::table::read(reader, table, actions, &names)?;
        tables.push(table);
    }
    for condition in list(pipeline, "conditionals")? {
        let expression = reader.names(&[]).truth(member(condition, "expression")?)?;
        nodes.push(Node::If(
            truth(reader.layout, &expression),
            names.next(optional(condition, "true_next"))?,
            names.next(optional(condition, "false_next"))?,
        ));
    }
    for call in list(pipeline, "action_calls")? {
        let action = member(call, "action_id")?;
        let position = actions.by_id(action, id(action)?)?;
        nodes.push(Node::Call(
            position,
            names.next(optional(call, "next_node"))?,
        ));
    }
    Ok(Control {
        nodes: nodes.into(),
        start: names.next(optional(pipeline, "init_table"))?,
    })
}
