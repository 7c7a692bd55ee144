//! `dpr compile` as its users see it.

use std::path::Path;
use std::process::{Command, Output};

fn compile(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dpr"))
        .arg("compile")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("dpr starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn our_own_programs_have_the_right_syntax() {
    let p4 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../p4");
    let output = compile(&["--parse-only", "host_stage.p4", "front_router.p4"], &p4);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn our_own_programs_become_rust_and_p4info() {
    let p4 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../p4");
    let output = compile(&["--check", "host_stage.p4", "front_router.p4"], &p4);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (emit, part) in [
        ("rust", "pub struct HostStage"),
        ("p4info", "alias: \"flow_state\""),
        ("p4info-binary", "flow_state"),
    ] {
        let output = compile(&["host_stage.p4", "--emit", emit], &p4);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains(part), "no `{part}` in {emit}");
    }
}

#[test]
fn a_wrong_type_is_shown_in_the_file_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("inc.p4"), "const bool B = 1 + true;\n").unwrap();
    std::fs::write(folder.path().join("a.p4"), "#include \"inc.p4\"\n").unwrap();
    let output = compile(&["a.p4"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("inc.p4:1:"), "{errors}");
}

#[test]
fn errors_go_to_standard_error_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("bad.p4"),
        "header h_t {\n    bit<8> a\n}\n",
    )
    .unwrap();
    let output = compile(&["--parse-only", "bad.p4"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let errors = text(&output.stderr);
    for part in [
        "error[E0202]",
        "bad.p4:2:13",
        "bit<8> a",
        "help: add `;`",
        "1 error",
    ] {
        assert!(errors.contains(part), "`{part}` is missing in:\n{errors}");
    }
}

#[test]
fn macros_and_include_paths_are_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("include")).unwrap();
    std::fs::write(folder.path().join("include/width.p4"), "#define W WIDTH\n").unwrap();
    std::fs::write(
        folder.path().join("a.p4"),
        "#include <width.p4>\n#ifdef GONE\nno\n#endif\nconst bit<W> A = 1; // one\n",
    )
    .unwrap();
    let arguments = [
        "a.p4",
        "--emit",
        "preprocessed",
        "-I",
        "include",
        "-D",
        "WIDTH=8",
        "-DGONE",
        "-UGONE",
        "-o",
        "out.p4",
    ];
    let output = compile(&arguments, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(folder.path().join("out.p4")).unwrap();
    assert_eq!(written, "const bit<8> A = 1;\n");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = compile(&["--parse-only", "nowhere.p4"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot read `nowhere.p4`"));
}
