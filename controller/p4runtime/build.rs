//! Makes Rust of the `.proto` files, and a descriptor for the text format; needs no `protoc`.

use std::env;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::Compiler::new(["proto"])?
        .include_imports(true)
        .include_source_info(true)
        .open_files(["p4/v1/p4runtime.proto", "p4/config/v1/p4info.proto"])?
        .file_descriptor_set();
    tonic_prost_build::configure()
        .btree_map(".")
        .file_descriptor_set_path(out.join("descriptors.bin"))
        .compile_fds(descriptors)?;
    Ok(())
}
