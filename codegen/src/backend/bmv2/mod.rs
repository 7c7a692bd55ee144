//! BMv2's JSON (behavioral-model, docs/JSON_format.md): what `simple_switch` loads.
//!
//! The program's storage becomes headers and one header of scalars (`layout`); expressions become trees (`expr`); statements become
//! primitives (`primitive`, `externs`), which actions run in a row with jumps (`action`), the parser as operations of its states
//! (`parser`, `select`), and ingress and egress as tables without keys between the program's tables and conditions (`graph`,
//! `table`). Names are those of the control plane; what only this back end has is named with a `$`.

mod action;
mod arrange;
mod checksum;
mod deparser;
mod emitter;
mod expr;
mod externs;
mod graph;
mod json;
mod layout;
mod objects;
mod parser;
mod primitive;
mod select;
mod table;

use crate::diagnostic::{Code, Diagnostics};
use crate::ir::{Block, Program};
use crate::source::SourceMap;
use arrange::Arranged;
use json::{Json, array, object};

/// A part of the language that BMv2 cannot do.
pub const UNSUPPORTED: Code = Code("E0770");

/// The version of the format that is written.
const VERSION: (u32, u32) = (2, 23);

/// The JSON of `program`, whose spans are of `sources`. The same program gives the same bytes.
///
/// # Errors
/// What BMv2 cannot do, each with its place.
pub fn emit(program: &Program, sources: &SourceMap) -> Result<String, Diagnostics> {
    let Arranged {
        program,
        before_ingress,
        after_egress,
    } = arrange::arranged(program)?;
    let mut emitter = emitter::Emitter::new(&program);
    let root = (sources.files().first()).map_or_else(
        || format!("{}.p4", program.name),
        |file| file.path.to_string_lossy().into_owned(),
    );
    let json = program_json(&mut emitter, root, &before_ingress, &after_egress);
    let diagnostics = emitter.into_diagnostics();
    match diagnostics.has_errors() {
        true => Err(diagnostics),
        false => Ok(json.to_text(sources)),
    }
}

fn program_json(
    emitter: &mut emitter::Emitter<'_>,
    root: String,
    before_ingress: &Block,
    after_egress: &[Block],
) -> Json {
    let program = emitter.program;
    let parsers = emitter.parser();
    emitter.find_mixed_tables();
    if !after_egress.is_empty() {
        emitter.find_exits();
    }
    emitter.program_actions();
    emitter.checksums();
    let ingress = emitter.pipeline(0, "ingress", before_ingress, &program.ingress, &[]);
    let egress = emitter.pipeline(1, "egress", &[], &program.egress, after_egress);
    let deparsers = emitter.deparser();
    let meter_arrays = emitter.meters();
    let field_lists = emitter.field_list_arrays();
    let register_arrays = emitter.registers();
    // Everything that needs storage has been written.
    let (header_types, headers) = emitter.declare_storage();
    let (header_union_types, header_unions) = emitter.layout.unions();
    object! {
        "program": root,
        "__meta__": object! {
            "version": array![VERSION.0, VERSION.1],
            "compiler": concat!("dpr ", env!("CARGO_PKG_VERSION")),
        },
        "header_types": header_types,
        "headers": headers,
        "header_stacks": emitter.layout.stacks(),
        "header_union_types": header_union_types,
        "header_unions": header_unions,
        "header_union_stacks": array![],
        "field_lists": field_lists,
        "errors": emitter.errors(),
        "enums": emitter.enums(),
        "parsers": parsers,
        "parse_vsets": emitter.value_sets(),
        "deparsers": deparsers,
        "meter_arrays": meter_arrays,
        "counter_arrays": emitter.counters(),
        "register_arrays": register_arrays,
        "calculations": std::mem::take(&mut emitter.calculations),
        "learn_lists": emitter.learn_lists(),
        "actions": std::mem::take(&mut emitter.actions),
        "pipelines": array![ingress, egress],
        "checksums": std::mem::take(&mut emitter.checksums),
        "force_arith": array![],
        "extern_instances": emitter.extern_instances(),
        "field_aliases": emitter.field_aliases(),
    }
}
