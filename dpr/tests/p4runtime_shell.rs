//! Another implementation's client, p4runtime-shell, with `dpr switch`. It runs where `DPR_P4RUNTIME_SHELL` names a Python that has
//! it (`python3 -m venv V && V/bin/pip install p4runtime-shell`, then `DPR_P4RUNTIME_SHELL=V/bin/python`), and says so where not.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use dpr_bmv2_tests::Process;
use dpr_p4::host_stage::PROGRAM;

#[test]
fn p4runtime_shell_programs_a_host_stage() {
    let Some(python) = std::env::var_os("DPR_P4RUNTIME_SHELL") else {
        // Not by a macro: what those print is hidden when a test succeeds.
        let skipped =
            "SKIPPED p4runtime_shell_programs_a_host_stage: DPR_P4RUNTIME_SHELL is not set";
        let _ = writeln!(std::io::stderr(), "{skipped}");
        return;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_dpr"));
    command.args([
        "switch",
        "--program",
        &*PROGRAM.name,
        "--grpc",
        "127.0.0.1:0",
    ]);
    let switch = Process::start(command);
    let address = switch.wait_for_line("listening on ");

    let directory = tempfile::tempdir().unwrap();
    let p4info = directory.path().join("p4info.txtpb");
    let device_config = directory.path().join("digest");
    std::fs::write(&p4info, &*PROGRAM.p4info_text).unwrap();
    std::fs::write(&device_config, PROGRAM.digest).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/p4runtime_shell.py");
    let output = Command::new(python)
        .arg(script)
        .arg(address)
        .args([p4info, device_config])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
