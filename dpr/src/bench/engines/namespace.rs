//! A network namespace for the measurement: the command runs again in one.

use std::env;
use std::process::{Command, ExitStatus};

/// Set in the process that has a namespace of its own.
const INSIDE: &str = "DPR_BENCH_IN_NAMESPACE";

/// Where this process is.
pub enum Place {
    /// In a namespace of its own.
    Inside,
    /// The command has run again in one, and ended so.
    Done(ExitStatus),
    /// There is none to be had; why.
    Outside(String),
}

/// Runs the command again in a namespace of its own, as root or else as root of a user namespace, unless it runs there already.
pub fn enter() -> std::io::Result<Place> {
    if env::var_os(INSIDE).is_some() {
        return Ok(Place::Inside);
    }
    let ways: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];
    for way in ways {
        let mut attempt = Command::new("unshare");
        let attempt = attempt.args(way).args(["ip", "link"]);
        if attempt.output().is_ok_and(|output| output.status.success()) {
            let mut again = Command::new("unshare");
            again.args(way).arg(env::current_exe()?);
            let ended = again
                .args(env::args_os().skip(1))
                .env(INSIDE, "1")
                .status()?;
            return Ok(Place::Done(ended));
        }
    }
    let why =
        "neither root nor the right to make user namespaces, or unshare or ip is not installed";
    Ok(Place::Outside(why.to_owned()))
}
