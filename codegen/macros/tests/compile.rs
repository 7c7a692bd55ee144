//! What compiles, and what does not and says why.

use std::{fs, path::Path};

#[test]
fn macros() {
    lay_out_p4_files();
    let cases = trybuild::TestCases::new();
    cases.pass("tests/derive/ok.rs");
    cases.compile_fail("tests/derive/fail_*.rs");
    cases.pass("tests/mirror/ok.rs");
    cases.compile_fail("tests/mirror/fail_*.rs");
}

/// Puts the P4 files where the package that `trybuild` makes of the cases has its folder.
fn lay_out_p4_files() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("a folder in the target folder");
    let package = target
        .join("tests/trybuild")
        .join(env!("CARGO_PKG_NAME"))
        .join("p4");
    fs::create_dir_all(&package).expect("a folder that can be written");
    for file in ["wire.p4", "widths.p4", "broken.p4"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/mirror")
            .join(file);
        fs::copy(&from, package.join(file))
            .unwrap_or_else(|error| panic!("copying {}: {error}", from.display()));
    }
}
