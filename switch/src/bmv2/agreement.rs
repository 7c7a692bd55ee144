//! Whether a P4Info is that of a document: one of an earlier version would give entries another meaning.

use super::error::{LoadError, Reason};
use super::program::Program;
use dpr_p4runtime::config::{P4Info, Preamble};

/// Compares keys and parameters of what both have. A compiler may leave out of the document what its P4Info has.
///
/// # Errors
/// A table with another number of key fields, or an action with another number of parameters.
pub fn check(program: &Program, p4info: &P4Info) -> Result<(), LoadError> {
    let name = |preamble: &Option<Preamble>| preamble.as_ref().map(|it| it.name.clone());
    for known in &p4info.tables {
        let name = name(&known.preamble);
        let mut tables = program.tables.iter();
        if let Some(table) = tables.find(|table| name.as_ref() == Some(&table.name)) {
            let (there, given) = (table.key.len(), known.match_fields.len());
            same("table", &table.name, "match fields", there, given)?;
        }
    }
    for known in &p4info.actions {
        let name = name(&known.preamble);
        let actions = program.actions.iter();
        for action in actions.filter(|action| name.as_ref() == Some(&action.name)) {
            let (there, given) = (action.params.len(), known.params.len());
            same("action", &action.name, "parameters", there, given)?;
        }
    }
    Ok(())
}

fn same(
    kind: &str,
    name: &str,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), LoadError> {
    if expected == found {
        return Ok(());
    }
    Err(LoadError {
        path: format!("the P4Info's {kind} {name}"),
        reason: Reason::Count {
            what,
            expected,
            found,
        },
    })
}
