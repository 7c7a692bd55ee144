//! Looks at what tells which data the host holds.

use std::time::Duration;

use hyper::header::{CONNECTION, HOST};
use hyper::{Request, StatusCode, Uri, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, timeout};

use crate::{DataCheck, Evidence};

/// Carries all checks out until it is dropped.
pub(super) struct Checks {
    results: UnboundedReceiver<(usize, bool)>,
    _tasks: JoinSet<()>,
}

impl Checks {
    pub(super) fn start(checks: &[DataCheck]) -> Self {
        let (sender, results) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for (index, check) in checks.iter().enumerate() {
            tasks.spawn(watch(index, check.clone(), sender.clone()));
        }
        Checks {
            results,
            _tasks: tasks,
        }
    }

    /// What the next look finds, and which check it is of. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> (usize, bool) {
        match self.results.recv().await {
            Some(result) => result,
            // There are no checks.
            None => std::future::pending().await,
        }
    }
}

async fn watch(index: usize, check: DataCheck, results: UnboundedSender<(usize, bool)>) {
    let mut looks = tokio::time::interval(Duration::from_micros(check.interval_us));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let limit = Duration::from_micros(check.timeout_us);
    let mut lookup = None;
    let mut before = None;
    loop {
        looks.tick().await;
        let found = match &check.evidence {
            Evidence::Path(path) => {
                let path = path.clone();
                let look = || tokio::task::spawn_blocking(move || path.exists());
                finish(lookup.get_or_insert_with(look), limit).await
            }
            Evidence::Tcp(address) => answers(limit, TcpStream::connect(address)).await,
            Evidence::Http(uri, status) => answers(limit, get(uri, *status)).await,
        };
        // A file system that hangs is not asked again until it has answered.
        if lookup.as_ref().is_some_and(JoinHandle::is_finished) {
            lookup = None;
        }
        if before.replace(found) != Some(found) {
            tracing::info!(map = check.map, evidence = ?check.evidence, found, "looked for data");
        }
        if results.send((index, found)).is_err() {
            return;
        }
    }
}

async fn finish(lookup: &mut JoinHandle<bool>, limit: Duration) -> bool {
    matches!(timeout(limit, lookup).await, Ok(Ok(true)))
}

async fn answers<T, E>(limit: Duration, look: impl Future<Output = Result<T, E>>) -> bool {
    matches!(timeout(limit, look).await, Ok(Ok(_)))
}

/// Why a server's answer does not count.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Connect(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    #[error("it has no host")]
    NoHost,
    #[error("status {0}")]
    Status(StatusCode),
}

/// The head of an answer is enough; what follows is not read.
async fn get(uri: &Uri, expected: Option<u16>) -> Result<(), Unanswered> {
    let authority = uri.authority().ok_or(Unanswered::NoHost)?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(CONNECTION, "close")
        .body(String::new())?;
    let response = tokio::select! {
        response = sender.send_request(request) => response?,
        // It ends only with the answer, or with an error that the request's future tells as well.
        Err(error) = connection => return Err(error.into()),
    };
    let status = response.status();
    let is_good = match expected {
        Some(expected) => status.as_u16() == expected,
        None => status.is_success() || status.is_redirection(),
    };
    is_good.then_some(()).ok_or(Unanswered::Status(status))
}
