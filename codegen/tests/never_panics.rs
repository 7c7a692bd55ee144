//! Whatever the text, the compiler ends without a panic, and its front end in time linear in the length.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use dpr_codegen::diagnostic::{Diagnostics, Style};
use dpr_codegen::source::{NoFiles, SourceMap};
use dpr_codegen::{Goal, PreprocessorOptions, compile, compile_for, parse};
use proptest::prelude::*;

fn parse_text(text: &str) -> Diagnostics {
    let mut sources = SourceMap::new(NoFiles);
    sources.add("a.p4", text);
    let (program, diagnostics) = parse(
        &mut sources,
        Path::new("a.p4"),
        &PreprocessorOptions::default(),
    );
    drop(program.clone());
    for diagnostic in diagnostics.iter().take(3) {
        diagnostic.render(&sources, Style::Plain);
    }
    diagnostics
}

/// Words and symbols of the language, those that open something more often than not.
const PIECES: &[&str] = &[
    "header",
    "struct",
    "header_union",
    "enum",
    "typedef",
    "type",
    "const",
    "extern",
    "parser",
    "control",
    "package",
    "action",
    "table",
    "state",
    "apply",
    "key",
    "actions",
    "entries",
    "default_action",
    "transition",
    "select",
    "if",
    "else",
    "switch",
    "for",
    "in",
    "out",
    "inout",
    "return",
    "exit",
    "break",
    "continue",
    "error",
    "match_kind",
    "void",
    "bit",
    "int",
    "varbit",
    "bool",
    "string",
    "tuple",
    "list",
    "value_set",
    "abstract",
    "this",
    "default",
    "true",
    "_",
    "h_t",
    "x",
    "y",
    "T",
    "main",
    "1",
    "8w0xFF",
    "0b2",
    "\"s\"",
    "\"",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ">>",
    ";",
    ",",
    ":",
    ".",
    "=",
    "+=",
    ">>=",
    "==",
    "<=",
    "+",
    "-",
    "*",
    "/",
    "&&&",
    "..",
    "...",
    "++",
    "+:",
    "|+|",
    "?",
    "!",
    "~",
    "@",
    "@name",
    "@pragma",
    "{#}",
    "#",
    "##",
    "\n#define M(a, b) a##b #a\n",
    "M(",
    "\n#define x y\n",
    "\n#define y x x\n",
    "\n#if x\n",
    "\n#elif (\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#include \"a.p4\"\n",
    "\n#include <core.p4>\n",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\n",
    "ä",
    "\0",
];

/// A whole pipeline in one text.
static PIPELINE: LazyLock<String> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../p4/host_stage.p4");
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let options = PreprocessorOptions::default();
    let outcome = compile(sources, &root, &options, Goal::Preprocessed);
    String::from_utf8(outcome.output.expect("the program is right")).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// A whole pipeline with words removed, put in, replaced or swapped, through all phases.
    #[test]
    fn damaged_pipelines(
        edits in prop::collection::vec(
            (0u8..4, any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            0..4,
        ),
    ) {
        let is_end = |c: char| c.is_whitespace() || ";,(){}<>.".contains(c);
        let mut words: Vec<&str> = PIPELINE.split_inclusive(is_end).collect();
        let undamaged = edits.is_empty();
        for (edit, one, other) in edits {
            let (one, other) = (one.index(words.len()), other.index(words.len()));
            match edit {
                0 => drop(words.remove(one)),
                1 => words.insert(one, words[other]),
                2 => words[one] = words[other],
                _ => words.swap(one, other),
            }
        }
        let mut sources = SourceMap::new(NoFiles);
        sources.add("a.p4", words.concat());
        let options = PreprocessorOptions::default();
        let goals = [Goal::Rust, Goal::Bmv2Json, Goal::P4InfoText, Goal::P4InfoJson];
        let outcomes = compile_for(sources, Path::new("a.p4"), &options, &goals);
        outcomes.diagnostics.render(&outcomes.sources, Style::Plain);
        prop_assert!(!undamaged || outcomes.outputs.is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        parse_text(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut sources = SourceMap::new(move |_: &Path| Ok(bytes.clone()));
        parse(&mut sources, Path::new("a.p4"), &PreprocessorOptions::default());
    }

    #[test]
    fn any_tokens(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..80)) {
        parse_text(&pieces.join(" "));
    }

    /// Good programs with a piece removed, put in or cut short.
    #[test]
    fn damaged_programs(
        program in 0usize..4,
        at in any::<prop::sample::Index>(),
        length in 0usize..40,
        piece in prop::sample::select(PIECES),
        cut in any::<bool>(),
    ) {
        let text = [
            include_str!("parse/declarations.p4"),
            include_str!("parse/statements.p4"),
            include_str!("parse/names.p4"),
            include_str!("parse/preprocessed.p4"),
        ][program];
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((start + length).min(text.len()));
        let rest = if cut { "" } else { &text[end..] };
        parse_text(&format!("{} {piece} {rest}", &text[..start]));
    }
}

fn assert_code(text: &str, code: &str) {
    let diagnostics = parse_text(text);
    assert!(
        diagnostics.iter().any(|error| error.code.0 == code),
        "{:?}",
        diagnostics.iter().next()
    );
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = 20_000;
    for opening in [
        "(", "{", "-", "(bit<8>)", "x[", "f(", "x ? ", "1 + (", "x.y(", "!",
    ] {
        assert_code(
            &format!("const bit<8> X = {}", opening.repeat(deep)),
            "E0210",
        );
    }
    for opening in [
        "{",
        "if (x) ",
        "if (x) x = 1; else ",
        "for (;x;) ",
        "switch (x) { 1: {",
    ] {
        let text = format!("control c() {{ apply {{ {}", opening.repeat(deep));
        assert_code(&text, "E0210");
    }
    for opening in ["tuple<", "T<"] {
        assert_code(&format!("typedef {}", opening.repeat(deep)), "E0210");
    }
}

#[test]
fn long_chains_of_operators_are_an_error_or_fine_but_never_deep() {
    assert!(!parse_text(&format!("const bit<8> X = 1{};", " + 1".repeat(200))).has_errors());
    for operator in [" + 1", "[0]", ".x", "()", " ++ x", " == 1"] {
        let text = format!("const bit<8> X = x{};", operator.repeat(20_000));
        assert_code(&text, "E0210");
    }
}

#[test]
fn time_is_linear() {
    // Each would take minutes if some lookahead were quadratic.
    let many = 10_000;
    for (prefix, piece) in [
        ("const bit<8> X = ", "x < y<"),
        ("const bit<8> X = ", "f(x < "),
        ("struct T {} const bit<8> X = ", "T < T, "),
        ("struct T {} const bit<8> X = { ", "(T<T>) x < T, "),
        ("control c() { apply { ", "x < "),
        ("parser p() { state s { transition select(x) { ", "(1, "),
        ("parser p() { state s { transition select(x) { ", "(1): s; "),
        ("", "extern T<"),
        ("", "extern T< {"),
        ("", "} "),
        ("@a", "("),
        ("", "\"\\"),
        ("", "/*"),
        ("", "#if 1\n"),
        ("#define f(x) x\n", "f("),
        ("#define f(x) x\n", "f\n"),
    ] {
        let text = format!("{prefix}{}", piece.repeat(many));
        let start = Instant::now();
        parse_text(&text);
        let elapsed = start.elapsed();
        assert!(
            elapsed < Duration::from_secs(3),
            "{prefix}{piece}..: {elapsed:?}"
        );
    }
}
