//! The same runner as a process of its own, for programs that were compiled into one.

use crate::{Script, run};
use dpr_runtime::Pipeline;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit status where the test ran and failed.
pub const FAILED: u8 = 1;
/// Exit status where there was no test to run.
pub const NO_TEST: u8 = 2;

/// Runs the test whose file is the process' only argument against a pipeline. Standard output tells what happened, one thing a
/// line; the exit status is 0 if all was as expected, else [`FAILED`] or [`NO_TEST`].
pub fn main(pipeline: impl FnOnce() -> Arc<dyn Pipeline>) -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        println!("the argument with the test's file is missing");
        return NO_TEST.into();
    };
    let path = Path::new(&path);
    let name = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            println!("{name}: {error}");
            return NO_TEST.into();
        }
    };
    match Script::parse(&text) {
        Err(error) => {
            println!("{name}:{error}");
            NO_TEST.into()
        }
        Ok(script) => {
            let summary = run(&script, pipeline().as_ref());
            print!("{}", summary.render(&name.to_string()));
            match summary.passed() {
                true => ExitCode::SUCCESS,
                false => FAILED.into(),
            }
        }
    }
}
