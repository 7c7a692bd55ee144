//! The probe header is born in Rust: the pipeline parses what `probe.rs` says.

use dpr_codegen::{Goal, PreprocessorOptions, compile, diagnostic::Style, source::SourceMap};
use dpr_p4::{host_stage, probe};
use std::path::Path;

#[test]
fn rust_and_p4_agree_on_the_wire() {
    assert_eq!(usize::from(host_stage::PROBE_T_BYTES), probe::Probe::LEN);
    assert_eq!(host_stage::PROBE_MAGIC, probe::PROBE_MAGIC);
    let sent = probe::Probe {
        magic: probe::PROBE_MAGIC,
        prober: 2,
        target: 3,
        sequence: 4,
    };
    let bytes = sent.encode();
    let (parsed, rest) = host_stage::headers::Probe::parse(&bytes).expect("a whole header");
    assert!(rest.is_empty());
    assert_eq!(
        (parsed.magic, parsed.prober, parsed.target, parsed.sequence),
        (sent.magic, 2, 3, 4)
    );
    assert_eq!(probe::Probe::decode(&bytes), Some(sent));
}

/// The generated module when `probe.rs` is changed by `edit`.
fn generated(edit: impl Fn(String) -> String + Send + Sync + 'static) -> Result<String, String> {
    let loader = move |path: &Path| {
        let text = std::fs::read(path)?;
        Ok(match path.ends_with("src/probe.rs") {
            true => edit(String::from_utf8_lossy(&text).into_owned()).into_bytes(),
            false => text,
        })
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("host_stage.p4");
    let outcome = compile(
        SourceMap::new(loader),
        &root,
        &PreprocessorOptions::default(),
        Goal::Rust,
    );
    match outcome.output {
        Some(module) => Ok(String::from_utf8_lossy(&module).into_owned()),
        None => Err(outcome.diagnostics.render(&outcome.sources, Style::Plain)),
    }
}

#[test]
fn another_width_in_rust_is_another_pipeline() {
    let before = generated(|text| text).expect("the program compiles");
    assert!(
        before.contains("PROBE_T_BYTES: u16 = 12")
            && before.contains("PROBE_IPV4_LENGTH: u16 = 40")
    );
    let after = generated(|text| text.replace("sequence: u32", "sequence: u64"))
        .expect("the program compiles");
    assert!(
        after.contains("PROBE_T_BYTES: u16 = 16") && after.contains("PROBE_IPV4_LENGTH: u16 = 44")
    );
    assert!(
        after.contains("first_chunk::<16>"),
        "the parser takes 16 bytes"
    );
}

#[test]
fn what_is_no_header_in_rust_is_an_error_in_p4() {
    let error =
        generated(|text| text.replace("sequence: u32", "sequence: String")).expect_err("no header");
    assert!(
        error.contains("probe.rs") && error.contains("String"),
        "{error}"
    );
}
