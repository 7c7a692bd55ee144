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
    assert_eq!(text(&output.stderr), "", "our programs have no warnings");
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

#[test]
fn json_and_p4info_are_written_in_the_forms_that_their_names_say() {
    let p4 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../p4");
    let folder = tempfile::tempdir().unwrap();
    let program = p4.join("front_router.p4").display().to_string();
    let arguments = [
        &program,
        "-o",
        "out.json",
        "--p4info",
        "info.txtpb",
        "--p4runtime-files",
        "info.bin,info.json",
        "--std",
        "p4-16",
    ];
    let output = compile(&arguments, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let program: serde_json::Value = serde_json::from_slice(&read("out.json")).unwrap();
    assert!(program["pipelines"].is_array());
    let info: serde_json::Value = serde_json::from_slice(&read("info.json")).unwrap();
    let tables = info["tables"].as_array().unwrap();
    let name = tables[0]["preamble"]["name"].as_str().unwrap();
    assert!(text(&read("info.txtpb")).contains(name));
    assert!(text(&read("info.bin")).contains(name));
}

#[test]
fn what_an_output_is_to_hold_must_be_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.p4"), "").unwrap();
    for (arguments, part) in [
        (vec!["a.p4", "-o", "out.xyz"], "out.xyz"),
        (vec!["a.p4", "--p4info", "info.xyz"], ".xyz"),
        (vec!["a.p4", "a.p4", "-o", "out.json"], "one program"),
        (vec!["a.p4", "--Wdisable=nonsense"], "there are unused, "),
        (
            vec!["a.p4", "--Werror=invalid_haeder"],
            "did you mean `invalid-header`?",
        ),
        (vec!["a.p4", "--std", "p4-14"], "p4-14"),
    ] {
        let output = compile(&arguments, folder.path());
        assert!(!output.status.success(), "{arguments:?}");
        let errors = text(&output.stderr);
        assert!(errors.contains(part), "`{part}` is missing in:\n{errors}");
    }
}

#[test]
fn warnings_obey_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = "control C(inout bit<8> x) {\n    bit<8> idle;\n    apply { x = 300; }\n}\n";
    std::fs::write(folder.path().join("a.p4"), program).unwrap();
    let outcome = |options: &[&str]| {
        let output = compile(&[&["a.p4"], options].concat(), folder.path());
        let errors = text(&output.stderr);
        let shown = ["W0401", "W0408"].map(|code| errors.contains(code));
        (output.status.success(), shown)
    };
    assert_eq!(outcome(&[]), (true, [true, true]));
    assert_eq!(outcome(&["--Wdisable"]), (true, [false, false]));
    assert_eq!(outcome(&["--Wdisable=unused"]), (true, [false, true]));
    assert_eq!(outcome(&["--Werror=overflow"]), (false, [true, true]));
    assert_eq!(
        outcome(&["--Werror", "--Wwarn=overflow,unused"]),
        (true, [true, true])
    );
    assert_eq!(outcome(&["--Wdisable=branch"]), (true, [true, true]));
}

#[test]
fn editors_get_one_object_per_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = "const bit<8> A = 1;\nconst bit<8> A = 2;\nconst bit<8> B = AA;\n";
    std::fs::write(folder.path().join("a.p4"), program).unwrap();
    let output = compile(&["a.p4", "--message-format", "json"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = text(&output.stderr)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let first = serde_json::json!({
        "level": "error",
        "code": "E0302",
        "message": "`A` is declared twice",
        "file": "a.p4", "line": 2, "column": 14, "end_line": 2, "end_column": 15,
        "spans": [
            {"file": "a.p4", "line": 2, "column": 14, "end_line": 2, "end_column": 15, "primary": true},
            {
                "file": "a.p4", "line": 1, "column": 14, "end_line": 1, "end_column": 15,
                "primary": false, "label": "first declared here"
            }
        ]
    });
    assert_eq!(lines[0], first);
    assert_eq!(lines[1]["hint"], "did you mean `A`?");
}
