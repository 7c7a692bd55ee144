//! A test that runs as a process of its own, so that nothing that a program does reaches another.

use super::{Outcome, Stage};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than any test of a few packets takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a program's binary with a test.
pub(super) fn run(binary: &Path, test: &Path) -> Outcome {
    let failed = |stage, message| Outcome::Failed { stage, message };
    let child = Command::new(binary)
        .arg(test)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(Stage::Load, format!("{}: {error}", binary.display())),
    };
    let output = drain(child.stdout.take());
    let errors = drain(child.stderr.take());
    let Ok(mut output) = output.recv_timeout(PATIENCE) else {
        // It may just have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        let seconds = PATIENCE.as_secs();
        return failed(
            Stage::Run,
            format!("it did not end within {seconds} seconds"),
        );
    };
    match child.wait().map(|status| status.code()) {
        Ok(Some(0)) => Outcome::Passed { output },
        Ok(Some(code)) if code == i32::from(dpr_stf::process::FAILED) => failed(Stage::Run, output),
        Ok(Some(code)) if code == i32::from(dpr_stf::process::NO_TEST) => {
            failed(Stage::Read, output)
        }
        status => {
            output.push_str(&errors.recv_timeout(PATIENCE).unwrap_or_default());
            failed(Stage::Run, format!("it ended badly: {status:?}\n{output}"))
        }
    }
}

/// Reads a pipe to its end on a thread of its own.
fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read up to an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody waits for it any more if the process took too long.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
