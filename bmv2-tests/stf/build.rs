//! Compiles every program of `programs/` to Rust, and lists them for the library.

use dpr_codegen::PreprocessorOptions;
use dpr_codegen::backend::rust::pipeline_name;
use dpr_codegen::build_script::compile_to_rust;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=programs");
    let mut programs: Vec<PathBuf> = std::fs::read_dir("programs")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    programs.retain(|path| path.extension().is_some_and(|ending| ending == "p4"));
    programs.sort();
    let (mut modules, mut list) = (String::new(), String::new());
    for program in programs {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        let module = compile_to_rust(&program, &PreprocessorOptions::default())?;
        let pipeline = pipeline_name(&name);
        writeln!(
            modules,
            "#[allow(dead_code)]\nmod {name} {{\n    include!({module:?});\n}}"
        )?;
        writeln!(
            list,
            "    (\"{name}\", || Arc::new({name}::{pipeline}::new())),"
        )?;
    }
    let text = format!(
        "{modules}\n/// Every program, by its file's name.\n\
         pub const PROGRAMS: &[(&str, Build)] = &[\n{list}];\n"
    );
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("programs.rs"), text)?;
    Ok(())
}
