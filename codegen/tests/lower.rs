//! The real programs, from source to the IR.

use std::path::{Path, PathBuf};

use dpr_codegen::diagnostic::Style;
use dpr_codegen::ir::Program;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{PreprocessorOptions, check, lower, parse};

/// Lowers the program at a path, or panics with what the compiler says of it.
fn lowered(path: &Path) -> Program {
    let mut sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let (program, diagnostics) = parse(&mut sources, path, &PreprocessorOptions::default());
    assert!(
        !diagnostics.has_errors(),
        "{}",
        diagnostics.render(&sources, Style::Plain)
    );
    let (typed, diagnostics) = check::check(&program);
    assert!(
        !diagnostics.has_errors(),
        "{}",
        diagnostics.render(&sources, Style::Plain)
    );
    lower::lower(&typed, &sources, "program").unwrap_or_else(|diagnostics| {
        panic!("{}", diagnostics.render(&sources, Style::Plain));
    })
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../p4")
        .join(name)
}

fn table_names(program: &Program) -> Vec<&str> {
    program
        .tables
        .iter()
        .map(|table| table.control.name.as_str())
        .collect()
}

#[test]
fn the_host_stage_lowers() {
    let program = lowered(&source("host_stage.p4"));
    assert_eq!(
        table_names(&program),
        [
            "StageIngress.decapsulate.tunnel_peers",
            "StageIngress.decide.server_ids",
            "StageIngress.decide.flow_state",
            "StageIngress.decide.flow_state6",
            "StageIngress.decide.sessions",
            "StageIngress.decide.clients",
            "StageIngress.decide.buckets",
            "StageIngress.decide.former_buckets",
            "StageIngress.identity",
            "StageIngress.published_addresses",
            "StageIngress.gatherers",
            "StageIngress.services",
            "StageIngress.computers",
            "StageEgress.reroute.hosts",
        ]
    );
}

#[test]
fn the_front_router_lowers() {
    let program = lowered(&source("front_router.p4"));
    assert_eq!(
        table_names(&program),
        [
            "RouterIngress.answer_arp.gateways",
            "RouterIngress.answer_arp.gateways6",
            "RouterIngress.route.routes",
            "RouterIngress.route.routes6",
            "RouterIngress.route.members",
            "RouterIngress.ports",
        ]
    );
}
