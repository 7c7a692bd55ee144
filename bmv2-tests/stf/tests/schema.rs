//! What a client learns of a program from its P4Info is what the program's own schema says.

use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::schema::program_info;
use dpr_runtime::{ProgramInfo, TableSchema};
use dpr_stf_programs::PROGRAMS;
use prost::Message;

/// All that clients go by, each thing on a line. Where P4Info says less, so does this.
fn lines(program: &ProgramInfo) -> Vec<String> {
    let mut lines: Vec<String> = program.tables.iter().map(table).collect();
    lines.extend(program.actions.iter().map(|it| format!("{it:?}")));
    lines.extend(program.counters.iter().map(|it| format!("{it:?}")));
    lines.extend(program.meters.iter().map(|it| format!("{it:?}")));
    lines.extend(program.profiles.iter().map(|it| format!("{it:?}")));
    lines.extend(program.digests.iter().map(|it| format!("{it:?}")));
    lines.extend(program.value_sets.iter().map(|it| format!("{it:?}")));
    lines.sort();
    lines
}

fn table(table: &TableSchema) -> String {
    let mut actions: Vec<_> = (table.actions.iter())
        .map(|entry| format!("{entry:?}"))
        .collect();
    actions.sort();
    format!(
        "{:#010x} {} {} {:?} {actions:?} {} {} {:?} {:?} {:?} {}",
        table.id,
        table.name,
        table.alias,
        table.fields,
        table.const_default,
        table.const_entries,
        table.direct_counter,
        table.direct_meter,
        table.implementation,
        table.has_idle_timeout
    )
}

/// To clients, fields and parameters of its translated types are as wide as the annotation says, not as the type.
const TRANSLATED: &str = "translated_types";

#[test]
fn clients_see_translated_types_in_the_control_planes_width() {
    let program = PROGRAMS.iter().find(|(name, _)| *name == TRANSLATED);
    let (_, pipeline) = program.expect("the program with translated types");
    let pipeline = pipeline();
    let own = pipeline.program();
    let learnt = program_info(&P4Info::decode(&*own.p4info).expect("the compiler's own P4Info"));
    let widths = |program: &ProgramInfo| {
        let table = &program.tables[0];
        let action = table.actions.iter().find(|it| !it.action.params.is_empty());
        let params = action.map(|it| {
            it.action
                .params
                .iter()
                .map(|it| it.bits)
                .collect::<Vec<_>>()
        });
        (table.fields[0].bits, params)
    };
    assert_eq!(widths(own), (9, Some(vec![9, 32])));
    assert_eq!(widths(&learnt), (32, Some(vec![32, 32])));
}

#[test]
fn p4info_tells_clients_what_the_program_is() {
    let mut compared = 0;
    for (name, pipeline) in PROGRAMS.iter().filter(|(name, _)| *name != TRANSLATED) {
        let pipeline = pipeline();
        let p4info = P4Info::decode(&*pipeline.program().p4info);
        let p4info = p4info.unwrap_or_else(|error| panic!("{name}: {error}"));
        let (own, learnt) = (lines(pipeline.program()), lines(&program_info(&p4info)));
        for line in &own {
            assert!(learnt.contains(line), "{name}: not in P4Info: {line}");
        }
        // P4Info has actions that no table uses, too.
        for line in &learnt {
            let unused = line.starts_with("ActionSchema");
            assert!(
                unused || own.contains(line),
                "{name}: only in P4Info: {line}"
            );
        }
        compared += own.len();
    }
    assert!(compared > 30, "only {compared} things compared");
}
