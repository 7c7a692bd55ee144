//! `dpr bench` as its users run it; what it says of speed is not looked at.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dpr"))
        .arg("bench")
        .args(arguments)
        .output()
        .expect("the command runs")
}

#[test]
fn a_group_is_compared_with_a_plain_hash_and_a_router_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let drawing = folder.path().join("group.svg");
    let small = [
        "group",
        "--hosts",
        "4,8",
        "--connections",
        "600",
        "--seconds",
        "12",
    ];
    let more = ["--json", "--svg", drawing.to_str().unwrap()];
    let output = bench(&[&small[..], &more[..]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = report["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for group in groups {
        let open = group["open_connections"].as_u64().unwrap();
        let [dpr, hash, central] = &group["ways"].as_array().unwrap()[..] else {
            panic!("{group}");
        };
        assert_eq!(dpr["way"], "dpr");
        assert_eq!(dpr["broken"], 0, "{group}");
        assert!(dpr["share_error"].as_f64().unwrap() <= 0.005, "{group}");
        assert!(dpr["entries"].as_u64().unwrap() < open, "{group}");
        // What the two others are known for.
        assert_eq!(
            (&hash["way"], &hash["entries"]),
            (&"plain_hash".into(), &0.into())
        );
        assert!(hash["broken"].as_u64().unwrap() > 0, "{group}");
        assert_eq!(central["busiest_box"], 1.0);
        assert!(central["entries"].as_u64().unwrap() >= open, "{group}");
    }
    let drawing = std::fs::read_to_string(&drawing).unwrap();
    assert!(drawing.contains("Connections broken") && drawing.ends_with("</svg>\n"));
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let output = bench(&["group", "--hosts", "2"]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("--hosts takes 4 to 512, not 2"), "{errors}");
}
