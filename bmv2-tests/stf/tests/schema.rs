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

#[test]
fn p4info_tells_clients_what_the_program_is() {
    let mut compared = 0;
    for (name, pipeline) in PROGRAMS {
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
