//! Puts tables and actions, which are lowered in the order of their use, in the order of the source.

use crate::ir::{self, ActionId, ApplyBranch, StmtKind, TableId};

/// Sorts tables and actions by their positions; what shares a position keeps its order.
pub(super) fn reorder(program: &mut ir::Program, tables: &[u32], actions: &[u32]) {
    let tables = Order::new(tables);
    let actions = Order::new(actions);
    program.tables = tables.sorted(&program.tables);
    program.actions = actions.sorted(&program.actions);
    for table in &mut program.tables {
        for listed in &mut table.actions {
            listed.action = ActionId(actions.new_index(listed.action.0));
        }
        table.default_action.action = ActionId(actions.new_index(table.default_action.action.0));
        for entry in &mut table.entries {
            entry.action.action = ActionId(actions.new_index(entry.action.action.0));
        }
    }
    let mut bodies: Vec<&mut ir::Block> = vec![
        &mut program.verify_checksum,
        &mut program.ingress,
        &mut program.egress,
        &mut program.compute_checksum,
        &mut program.deparser,
    ];
    bodies.extend(program.actions.iter_mut().map(|action| &mut action.body));
    bodies.extend(
        program
            .parser
            .states
            .iter_mut()
            .map(|state| &mut state.body),
    );
    for body in bodies {
        rename(body, &tables, &actions);
    }
}

struct Order {
    /// New position to old.
    sorted: Vec<usize>,
    /// Old position to new.
    new: Vec<u32>,
}

impl Order {
    fn new(positions: &[u32]) -> Order {
        let mut sorted: Vec<usize> = (0..positions.len()).collect();
        sorted.sort_by_key(|&at| positions[at]);
        let mut new = vec![0; positions.len()];
        for (to, &from) in sorted.iter().enumerate() {
            new[from] = to as u32;
        }
        Order { sorted, new }
    }

    fn sorted<T: Clone>(&self, items: &[T]) -> Vec<T> {
        self.sorted
            .iter()
            .filter_map(|&at| items.get(at).cloned())
            .collect()
    }

    fn new_index(&self, old: u32) -> u32 {
        self.new.get(old as usize).copied().unwrap_or(old)
    }
}

fn rename(block: &mut ir::Block, tables: &Order, actions: &Order) {
    for stmt in block {
        match &mut stmt.kind {
            StmtKind::If(_, then, otherwise) => {
                rename(then, tables, actions);
                rename(otherwise, tables, actions);
            }
            StmtKind::Switch(_, cases, default) => {
                for (_, block) in cases {
                    rename(block, tables, actions);
                }
                rename(default, tables, actions);
            }
            StmtKind::Scope(block) => rename(block, tables, actions),
            StmtKind::Loop { body, update } => {
                rename(body, tables, actions);
                rename(update, tables, actions);
            }
            StmtKind::Apply(table, branch) => {
                *table = TableId(tables.new_index(table.0));
                match branch {
                    ApplyBranch::None => {}
                    ApplyBranch::Hit { hit, miss } => {
                        rename(hit, tables, actions);
                        rename(miss, tables, actions);
                    }
                    ApplyBranch::Action { cases, default } => {
                        for (labels, block) in cases {
                            for label in labels {
                                *label = ActionId(actions.new_index(label.0));
                            }
                            rename(block, tables, actions);
                        }
                        rename(default, tables, actions);
                    }
                }
            }
            _ => {}
        }
    }
}
