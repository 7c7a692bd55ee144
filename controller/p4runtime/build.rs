//! Makes Rust of the `.proto` files, and a descriptor for the text format; needs no `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(["p4/v1/p4runtime.proto", "p4/config/v1/p4info.proto"])?;
    let descriptors = compiler.file_descriptor_set();
    // The text format needs no comments.
    compiler.include_source_info(false);
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    tonic_prost_build::configure()
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
