//! The JSON for BMv2: everything that it refers to is there, and two small programs as they come out.

mod structure;

use std::path::{Path, PathBuf};

use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, Outcome, PreprocessorOptions, compile};

fn json(path: &Path) -> String {
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let options = PreprocessorOptions::default();
    let Outcome {
        output,
        diagnostics,
        sources,
    } = compile(sources, path, &options, Goal::Bmv2Json);
    let output = output.unwrap_or_else(|| panic!("{}", diagnostics.render(&sources, Style::Plain)));
    String::from_utf8(output).unwrap()
}

fn refused(text: &str) -> String {
    let mut sources = SourceMap::new(|path: &Path| std::fs::read(path));
    sources.add("program.p4", text);
    let options = PreprocessorOptions::default();
    let outcome = compile(sources, Path::new("program.p4"), &options, Goal::Bmv2Json);
    assert!(outcome.output.is_none());
    outcome.diagnostics.render(&outcome.sources, Style::Plain)
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "p4"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing in {}", folder.display());
    paths
}

#[test]
fn all_that_is_referred_to_is_there() {
    let lowered = [
        "aggregates",
        "conditions",
        "loops_kept",
        "names",
        "numbers",
        "parser",
        "returns",
    ]
    .map(|name| package().join(format!("tests/lower/{name}.p4")));
    let folders = ["tests/bmv2/programs", "../p4"];
    let paths = folders
        .iter()
        .flat_map(|folder| programs(&package().join(folder)));
    for path in paths.chain(lowered) {
        let text = json(&path);
        let wrong = structure::check(&serde_json::from_str(&text).unwrap());
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
        assert_eq!(text, json(&path), "{} gives other bytes", path.display());
    }
}

/// Without the places in the source, which say nothing that the source does not.
fn without_places(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Array(elements) => elements.iter_mut().for_each(without_places),
        serde_json::Value::Object(members) => {
            members.remove("source_info");
            members.remove("program");
            members.values_mut().for_each(without_places);
        }
        _ => {}
    }
}

fn shown(program: &str) -> String {
    let path = package().join("tests/bmv2/programs").join(program);
    let mut json = serde_json::from_str(&json(&path)).unwrap();
    without_places(&mut json);
    structure::outline(&json)
}

#[test]
fn a_bridge_becomes_tables_and_conditions() {
    insta::assert_snapshot!(shown("counted_bridge.p4"));
}

#[test]
fn what_branches_becomes_jumps_states_and_nodes() {
    insta::assert_snapshot!(shown("control_flow.p4"));
}

/// A program whose blocks are empty but for what is given: declarations, the ingress's body and the deparser's.
fn program(header: &str, locals: &str, ingress: &str, deparser: &str) -> String {
    format!(
        "#include <core.p4>
#include <v1model.p4>
header h_t {{ {header} }}
struct headers_t {{ h_t h; }}
struct meta_t {{ bit<32> a; bit<32> b; }}
parser P(packet_in p, out headers_t h, inout meta_t m, inout standard_metadata_t s) {{
    state start {{ p.extract(h.h); transition accept; }}
}}
control V(inout headers_t h, inout meta_t m) {{ apply {{ }} }}
control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {{ {locals} apply {{ {ingress} }} }}
control E(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {{ apply {{ }} }}
control C(inout headers_t h, inout meta_t m) {{ apply {{ }} }}
control D(packet_out p, in headers_t h) {{ apply {{ {deparser} }} }}
V1Switch(P(), V(), I(), E(), C(), D()) main;
"
    )
}

#[test]
fn what_bmv2_cannot_do_is_refused_with_its_place() {
    let cases = [
        (program("bit<7> x;", "", "", ""), "7 bits"),
        (
            program(
                "bit<8> x;",
                "",
                "",
                "for (bit<8> i = 0; i < h.h.x; i = i + 1) { p.emit(h.h); }",
            ),
            "an `emit` in a loop",
        ),
        (
            program(
                "bit<8> x;",
                "table t { key = { m.a: lpm; m.b: lpm; } actions = { NoAction; } }",
                "t.apply();",
                "",
            ),
            "second key of kind `lpm`",
        ),
    ];
    for (text, part) in cases {
        let said = refused(&text);
        assert!(said.contains("E0770") && said.contains(part), "{said}");
        assert!(said.contains("program.p4:"), "{said}");
    }
}
