//! Compiles the P4 programs to the modules and the JSON that the library includes.

use dpr_codegen::PreprocessorOptions;
use dpr_codegen::build_script::{BuildError, compile_to_rust_and_json};

fn main() -> Result<(), BuildError> {
    let options = PreprocessorOptions::default();
    for program in ["host_stage.p4", "front_router.p4"] {
        compile_to_rust_and_json(program, &options)?;
    }
    Ok(())
}
