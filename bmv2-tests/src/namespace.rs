//! Network namespaces for tests with real interfaces: each thread can have one of its own, and so have the processes and threads
//! that it starts. That needs root, or the right to make user namespaces.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::{self, Command};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

/// Set in the process that a test starts to become root in a user namespace.
const INSIDE: &str = "DPR_TEST_IN_USER_NAMESPACE";

/// How the line begins that says that a test is skipped.
const SKIPPED: &str = "SKIPPED ";

/// Where tests must not be skipped.
const REQUIRED: &str = "DPR_TEST_REQUIRE_NAMESPACES";

/// Runs `body` in a network namespace of its own: here, or as root of a user namespace in another process that runs the test with
/// this name. Where neither is allowed, or a tool is missing, the test is skipped and says so on standard error even where the
/// output of tests is not shown; with `DPR_TEST_REQUIRE_NAMESPACES` set it fails.
pub fn isolated(test: &str, tools: &[&str], body: impl FnOnce() + Send) {
    if let Some(missing) = tools.iter().find(|tool| !is_installed(tool)) {
        return skip(test, &format!("{missing} is not installed"));
    }
    if in_own_network(|| ()).is_ok() {
        let done = in_own_network(body);
        return done.unwrap_or_else(|error| panic!("a network namespace: {error}"));
    }
    if env::var_os(INSIDE).is_some() {
        return skip(
            test,
            "root of a user namespace cannot make a network namespace",
        );
    }
    let unshare = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--net", command]);
        unshare
    };
    if !unshare("true")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return skip(test, "neither root nor the right to make user namespaces");
    }
    let this = env::current_exe().expect("the path of the test");
    let output = unshare(&this.to_string_lossy())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let output = output.unwrap_or_else(|error| panic!("unshare: {error}"));
    assert!(
        output.status.success(),
        "in a user namespace: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        if line.starts_with(SKIPPED) {
            say(line);
        }
    }
}

/// A network namespace beside the calling thread's: a thread of its own that does there what it is given. The namespace is gone with
/// its interfaces when this is dropped and all that was started in it has ended.
#[derive(Debug)]
pub struct Namespace {
    id: u32,
    /// `None` only while it is dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Namespace {
    /// Makes one in which nothing is but a loopback interface that is up. It must be allowed, as it is within [`isolated`].
    pub fn new() -> Self {
        let (jobs, to_do) = mpsc::channel::<Job>();
        let (id_sender, id) = mpsc::channel();
        let thread = thread::spawn(move || {
            let made = unshare_network().map(|()| thread_id());
            if id_sender.send(made).is_ok() {
                to_do.iter().for_each(|job| job());
            }
        });
        let id = id.recv().expect("the thread says how it went");
        let namespace = Namespace {
            id: id.expect("a network namespace"),
            jobs: Some(jobs),
            thread: Some(thread),
        };
        namespace.run("ip link set lo up");
        namespace
    }

    /// What names it in `ip link set … netns`.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Does something in the namespace: what it starts stays there. A panic goes on in the caller.
    pub fn call<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (sender, result) = mpsc::channel();
        let job = Box::new(move || {
            // The caller waits for it.
            let _ = sender.send(panic::catch_unwind(AssertUnwindSafe(job)));
        });
        let jobs = self.jobs.as_ref().expect("it is not being dropped");
        jobs.send(job).expect("the thread waits for jobs");
        let result = result.recv().expect("the thread does its jobs");
        result.unwrap_or_else(|panic| panic::resume_unwind(panic))
    }

    /// [`run`] in the namespace.
    pub fn run(&self, command: &str) {
        let command = command.to_owned();
        self.call(move || run(&command));
    }

    /// [`set`] in the namespace.
    pub fn set(&self, parameter: &str, value: &str) {
        let (parameter, value) = (parameter.to_owned(), value.to_owned());
        self.call(move || set(&parameter, &value));
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Namespace::new()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic: what its jobs do is caught.
            let _ = thread.join();
        }
    }
}

/// Sets a parameter of the calling thread's network namespace, as `ipv4/conf/all/arp_ignore`. It must succeed.
pub fn set(parameter: &str, value: &str) {
    fs::write(format!("/proc/sys/net/{parameter}"), value)
        .unwrap_or_else(|error| panic!("{parameter} = {value}: {error}"));
}

/// Runs `body` in a thread that has a network namespace of its own, and waits for it.
///
/// # Errors
/// The process may not make one.
pub fn in_own_network<T: Send>(body: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            unshare_network()?;
            Ok(body())
        });
        match thread.join() {
            Ok(result) => result,
            Err(panic) => panic::resume_unwind(panic),
        }
    })
}

/// Gives the calling thread a network namespace of its own, in which nothing is but a loopback interface that is down.
///
/// # Errors
/// The process may not make one.
pub fn unshare_network() -> io::Result<()> {
    // SAFETY: it takes no memory; what it changes is this thread's own network namespace.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// What names the calling thread's network namespace in `ip link set … netns`.
pub fn thread_id() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// Runs a command, its words separated by spaces, in the calling thread's network namespace. It must succeed.
pub fn run(command: &str) {
    let mut words = command.split_whitespace();
    let program = words.next().expect("a command");
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{command}: {error}"));
    let (out, err) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{command}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    );
}

fn is_installed(tool: &str) -> bool {
    let version = Command::new(tool)
        .arg("--version")
        .stdin(process::Stdio::null())
        .output();
    !matches!(version, Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Says on standard error that a test is skipped, and why; fails it where that is not allowed, as [`isolated`] does.
pub fn skip(test: &str, why: &str) {
    assert!(env::var_os(REQUIRED).is_none(), "{test} cannot run: {why}");
    say(&format!("{SKIPPED}{test}: {why}"));
}

/// Says on standard error that a test is skipped that needs what few machines have, and why.
pub fn skip_optional(test: &str, why: &str) {
    say(&format!("{SKIPPED}{test}: {why}"));
}

/// Not by a macro: what those print is hidden when a test succeeds.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
