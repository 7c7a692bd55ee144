use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::PreprocessorOptions;
use crate::diagnostic::{Diagnostics, Style};
use crate::source::SourceMap;

fn run_files(
    files: &[(&str, &str)],
    options: &PreprocessorOptions,
) -> (String, Diagnostics, SourceMap) {
    let content: BTreeMap<String, String> = files
        .iter()
        .map(|(path, text)| (path.to_string(), text.to_string()))
        .collect();
    let mut sources = SourceMap::new(move |path: &Path| {
        content
            .get(&path.display().to_string())
            .map(|text| text.clone().into_bytes())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    });
    let (preprocessed, diagnostics) =
        crate::syntax::preprocess(&mut sources, Path::new(files[0].0), options);
    (preprocessed.text(), diagnostics, sources)
}

/// The text without line breaks; panics where there are diagnostics.
fn expanded(text: &str) -> String {
    let (text, diagnostics, sources) = run_files(&[("a.p4", text)], &Default::default());
    assert!(
        diagnostics.is_empty(),
        "{}",
        diagnostics.render(&sources, Style::Plain)
    );
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn codes(text: &str) -> Vec<&'static str> {
    let (_, diagnostics, _) = run_files(&[("a.p4", text)], &Default::default());
    diagnostics.iter().map(|error| error.code.0).collect()
}

#[test]
fn object_like_macros_expand_once_each() {
    assert_eq!(expanded("#define A B + A\n#define B 2\nA A"), "2 + A 2 + A");
    assert_eq!(expanded("#define A 1\n#undef A\nA"), "A");
}

#[test]
fn function_like_macros_need_their_parentheses() {
    let text = "#define F(x, y) x-y\nF F(1, (2, 3)) F\n(a,\n b)";
    assert_eq!(expanded(text), "F 1-(2, 3) a- b");
    assert_eq!(expanded("#define F() 7\n#define G(x) [x]\nF() G()"), "7 []");
    assert_eq!(expanded("#define F(x) x\nF(F(F(1)))"), "1");
    assert_eq!(
        expanded("#define G(x, ...) f(x, __VA_ARGS__)\nG(1, 2, 3)"),
        "f(1, 2, 3)"
    );
}

#[test]
fn a_macro_may_name_another_whose_arguments_follow() {
    let text = "#define F(x) <x>\n#define G F\nG(1) G";
    assert_eq!(expanded(text), "<1> F");
}

#[test]
fn tokens_are_pasted_and_made_strings() {
    assert_eq!(expanded("#define P(a, b) a##b ## _t\nP(x, 1)"), "x1_t");
    assert_eq!(expanded("#define S(a) #a\nS(x + \"y\")"), r#""x + \"y\"""#);
    assert_eq!(expanded("#define P(a) [a##a]\nP()"), "[]");
    assert_eq!(codes("#define P(a, b) a##b\nP(+, x)"), ["E0107"]);
}

#[test]
fn conditions_are_full_expressions() {
    for (condition, holds) in [
        ("1", true),
        ("0 || 1 && 1", true),
        ("defined A && !defined(B)", true),
        ("A == 3 && (A << 2) == 12 && A >> 1 == 1", true),
        ("UNKNOWN", false),
        ("1 ? 0 : 1", false),
        ("0 && 1 / 0", false),
        ("-1 < 0 && ~0 == -1 && 7 % 4 == 3", true),
        ("0x10 == 16 && 3UL == 3", true),
        ("1 + 2 * 3 == 7", true),
        ("F(2) == 4", true),
    ] {
        let text =
            format!("#define A 3\n#define F(x) x*2\n#if {condition}\nyes\n#else\nno\n#endif");
        let expected = if holds { "yes" } else { "no" };
        assert_eq!(expanded(&text), expected, "{condition}");
    }
    assert_eq!(codes("#if 1 +\n#endif"), ["E0105"]);
    assert_eq!(codes("#if 1 / 0\n#endif"), ["E0105"]);
    assert_eq!(codes("#if\n#endif"), ["E0105"]);
}

#[test]
fn one_branch_is_read() {
    let text = "#if 0\na\n#if 1\nb\n#endif\n#elif 1\nc don't\n#elif 1\nd\n#else\ne\n#endif\nf";
    assert_eq!(expanded(&text.replace("don't", "")), "c f");
    assert_eq!(
        expanded("#ifndef A\nx\n#else\n' \" /* \n*/ #include <nothing>\n#endif\n\"y\""),
        "x \"y\""
    );
    assert_eq!(codes("#if 1\n"), ["E0104"]);
    assert_eq!(codes("#endif"), ["E0104"]);
    assert_eq!(codes("#else"), ["E0104"]);
    assert_eq!(codes("#if 1\n#else\n#else\n#endif"), ["E0104"]);
}

#[test]
fn includes_are_found_beside_the_file_then_in_the_paths() {
    let files = [
        ("src/a.p4", "#include \"b.p4\"\n#include <c.p4>\na"),
        ("src/b.p4", "b"),
        ("b.p4", "wrong"),
        ("inc/c.p4", "#include \"../inc/d.p4\"\n"),
        ("inc/d.p4", "#pragma once\n#include \"d.p4\"\nd"),
    ];
    let options = PreprocessorOptions {
        include_paths: vec!["none".into(), "inc".into()],
        ..Default::default()
    };
    let (text, diagnostics, sources) = run_files(&files, &options);
    assert!(
        diagnostics.is_empty(),
        "{}",
        diagnostics.render(&sources, Style::Plain)
    );
    assert_eq!(text, "b\nd\na\n");
}

#[test]
fn a_missing_file_is_an_error_at_its_name() {
    let (_, diagnostics, sources) =
        run_files(&[("a.p4", "#include <x/y.p4>")], &Default::default());
    let error = diagnostics.iter().next().unwrap();
    assert_eq!(
        (error.code.0, sources.text(error.span)),
        ("E0101", "<x/y.p4>")
    );
}

#[test]
fn a_file_that_includes_itself_ends() {
    assert_eq!(codes("#include \"a.p4\"\n#include \"a.p4\"\n"), ["E0102"]);
}

#[test]
fn expansion_that_doubles_ends() {
    let mut text = String::from("#define A0 x x\n");
    for level in 1..60 {
        text.push_str(&format!("#define A{level} A{0} A{0}\n", level - 1));
    }
    text.push_str("A59");
    assert_eq!(codes(&text), ["E0108"]);
}

#[test]
fn macros_of_the_command_line() {
    let options = PreprocessorOptions {
        defines: vec!["A".into(), "B=x y".into(), "F(a)=a+a".into(), "C".into()],
        undefines: vec!["C".into()],
        ..Default::default()
    };
    let (text, diagnostics, _) = run_files(&[("a.p4", "A B F(2) C")], &options);
    assert!(diagnostics.is_empty());
    assert_eq!(text, "1 x y 2+2 C\n");
}

#[test]
fn line_and_file_are_those_of_the_use() {
    assert_eq!(expanded("\n#define L __LINE__\nL __FILE__"), "3 \"a.p4\"");
}

#[test]
fn expanded_tokens_have_the_place_of_their_use() {
    let text = "#define WIDTH 99w\nbit<WIDTH> x;";
    let (_, _, mut sources) = run_files(&[("a.p4", text)], &Default::default());
    let (_, diagnostics) =
        crate::syntax::parse(&mut sources, Path::new("a.p4"), &Default::default());
    let rendered = diagnostics.render(&sources, Style::Plain);
    assert!(rendered.contains("a.p4:2:5"), "{rendered}");
    assert!(rendered.contains("from macro `WIDTH`"), "{rendered}");
}

#[test]
fn directives_that_do_not_exist_are_errors() {
    assert_eq!(codes("#inclode <a>"), ["E0103"]);
    assert_eq!(codes("#error no\n"), ["E0106"]);
    assert_eq!(
        codes("#define\n#define 1\n#undef\n"),
        ["E0103", "E0103", "E0103"]
    );
    assert_eq!(codes("#define A 1\n#define A 1\n#define A 2\n"), ["W0109"]);
    assert_eq!(codes("#line 3 \"x\"\n# 7 \"y\"\n#pragma x\n#\n"), [""; 0]);
}

#[test]
fn what_is_no_token_is_an_error() {
    assert_eq!(codes("a ` b\n/* open"), ["E0120", "E0121"]);
    assert_eq!(codes("a \"open\nb"), ["E0121"]);
}
