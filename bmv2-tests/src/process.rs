use crate::eventually::PATIENCE;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// A process whose output is read all the time and shown if the test fails. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    command: String,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (sender, lines) = mpsc::channel();
        let mut readers = Vec::new();
        if let Some(output) = child.stdout.take() {
            readers.push(drain(output, "out", Arc::clone(&log), Some(sender)));
        }
        if let Some(errors) = child.stderr.take() {
            readers.push(drain(errors, "err", Arc::clone(&log), None));
        }
        Process {
            command: shown,
            child,
            log,
            lines,
            readers,
        }
    }

    /// Waits for a line on standard output that begins so; what follows the beginning.
    pub fn wait_for_line(&self, beginning: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(beginning) {
                        return rest.to_owned();
                    }
                }
                Err(error) => {
                    let why = match error {
                        RecvTimeoutError::Timeout => "within 10 s",
                        RecvTimeoutError::Disconnected => "before it ended",
                    };
                    panic!("no line `{beginning}…` {why}\n{}", self.report());
                }
            }
        }
    }

    /// Waits for something that the process brings about.
    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            if Instant::now() > deadline {
                panic!("not so within {PATIENCE:?}: {what}\n{}", self.report());
            }
            thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Ends the process as an operator would (SIGTERM); whether it then ended well.
    pub fn terminate(&mut self) -> bool {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.is_ok_and(|status| status.success()), "kill {id}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if Instant::now() < deadline => {
                    thread::sleep(std::time::Duration::from_millis(5));
                }
                other => panic!("it does not end: {other:?}\n{}", self.report()),
            }
        }
    }

    /// The command and all that it printed.
    pub fn report(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = format!("$ {}\n", self.command);
        for line in log.iter() {
            // Writing to a string does not fail.
            let _ = writeln!(report, "{line}");
        }
        report
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        if thread::panicking() {
            eprintln!("{}", self.report());
        }
    }
}

fn drain(
    pipe: impl Read + Send + 'static,
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
    lines: Option<mpsc::Sender<String>>,
) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(format!("{name}: {line}"));
            if let Some(lines) = &lines {
                // Nobody waits for lines any more.
                let _ = lines.send(line);
            }
        }
    })
}
