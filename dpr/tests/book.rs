//! The configurations that the book shows are ones that the commands take.

use std::path::{Path, PathBuf};
use std::process::Command;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/examples")
        .join(name)
}

#[test]
fn the_group_is_taken_by_the_controller() {
    let output = Command::new(env!("CARGO_BIN_EXE_dpr"))
        .args(["controller", "--check", "--config"])
        .arg(example("group.toml"))
        .output()
        .expect("the command runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_host_is_taken_by_the_shim() {
    let config = dpr_host_shim::Config::read(&example("host.toml"));
    assert!(config.is_ok(), "{}", config.unwrap_err());
}
