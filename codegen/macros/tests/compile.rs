//! What compiles, and what does not and says why.

#[test]
fn macros() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/derive/ok.rs");
    cases.compile_fail("tests/derive/fail_*.rs");
}
