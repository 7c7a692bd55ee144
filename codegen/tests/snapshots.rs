//! Small programs and what lowering makes of them.

use std::path::Path;

use dpr_codegen::diagnostic::Style;
use dpr_codegen::ir::dump;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{PreprocessorOptions, check, lower, parse};

fn lowered(path: &Path) -> String {
    let mut sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let (program, diagnostics) = parse(&mut sources, path, &PreprocessorOptions::default());
    if diagnostics.has_errors() {
        panic!("{}", diagnostics.render(&sources, Style::Plain));
    }
    let (typed, diagnostics) = check::check(&program);
    if diagnostics.has_errors() {
        panic!("{}", diagnostics.render(&sources, Style::Plain));
    }
    match lower::lower(&typed, &sources, "program") {
        Ok(program) => dump::dump(&program),
        Err(diagnostics) => panic!("{}", diagnostics.render(&sources, Style::Plain)),
    }
}

macro_rules! snapshots {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/lower")
                .join(concat!(stringify!($name), ".p4"));
            let source = std::fs::read_to_string(&path).unwrap();
            insta::with_settings!({ description => source, omit_expression => true }, {
                insta::assert_snapshot!(lowered(&path));
            });
        }
    )*};
}

snapshots! {
    aggregates
    arguments
    arrays
    conditions
    entries
    externs
    generics
    loops
    loops_kept
    names
    numbers
    order
    parser
    returns
    shared
}
