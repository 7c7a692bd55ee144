//! The shim as a task: a packet source on one side, the controller's gRPC stream on the other.

mod checks;
mod cpu;
mod stream;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use dpr_protocol::shim::v1 as wire;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use self::checks::Checks;
use self::cpu::CpuMeter;
use self::stream::{StreamEvent, StreamTask};
use crate::source::{Captured, PacketSource};
use crate::{Session, SessionConfig};

/// Frames that are taken in before the controller is listened to again.
const FRAMES_IN_A_ROW: usize = 256;
/// Without anything to do for longer, the loop looks at the clock all the same.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// What a running shim is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who it is.
    pub session: SessionConfig,
    /// The controller's URI, as `http://192.0.2.1:9000`.
    pub controller: String,
    /// The first pause before the stream is opened again; it doubles each time.
    pub backoff_min: Duration,
    /// The longest.
    pub backoff_max: Duration,
}

impl Settings {
    /// With the usual pauses.
    pub fn new(session: SessionConfig, controller: impl Into<String>) -> Self {
        Settings {
            session,
            controller: controller.into(),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
        }
    }
}

/// Why a shim ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The controller's URI is none.
    #[error("`{uri}` is not a URI of a controller: {source}")]
    Uri {
        /// As configured.
        uri: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// The packet source has ended.
    #[error("the host's link is gone")]
    LinkGone,
}

/// A number for [`SessionConfig::session`] that no other run has.
pub fn random_session() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Runs a shim until `shutdown` completes or the source ends. A controller that is away is waited for.
pub async fn run(
    settings: Settings,
    source: impl PacketSource,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServiceError> {
    let stream = StreamTask::start(&settings)?;
    let checks = Checks::start(&settings.session.data);
    let mut shim = Shim {
        session: Session::new(settings.session),
        source,
        start: Instant::now(),
        to_controller: None,
        cpu: CpuMeter::default(),
    };
    shim.serve(stream, checks, shutdown).await
}

struct Shim<S> {
    session: Session,
    source: S,
    start: Instant,
    to_controller: Option<UnboundedSender<wire::ShimMessage>>,
    cpu: CpuMeter,
}

impl<S: PacketSource> Shim<S> {
    async fn serve(
        &mut self,
        mut stream: StreamTask,
        mut checks: Checks,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServiceError> {
        tokio::pin!(shutdown);
        loop {
            let due = self
                .session
                .poll_timeout()
                .map(|due_us| self.start + Duration::from_micros(due_us));
            let due = due.unwrap_or_else(|| Instant::now() + LONGEST_SLEEP);
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                event = stream.next() => self.handle_stream(event),
                (check, is_held) = checks.next() => self.session.handle_check(check, is_held),
                captured = self.source.recv() => {
                    self.handle_captured(&captured.ok_or(ServiceError::LinkGone)?);
                    self.drain(FRAMES_IN_A_ROW);
                }
                () = tokio::time::sleep_until(due) => {
                    self.session.handle_cpu(self.cpu.permille());
                    self.session.handle_timeout(self.now_us());
                }
            }
            self.send();
        }
    }

    fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    fn handle_captured(&mut self, captured: &Captured) {
        self.session
            .handle_frame(self.now_us(), captured.direction, &captured.bytes);
    }

    fn drain(&mut self, at_most: usize) {
        for _ in 0..at_most {
            let Some(captured) = self.source.try_recv() else {
                return;
            };
            self.handle_captured(&captured);
        }
    }

    fn handle_stream(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Connected(to_controller) => {
                self.to_controller = Some(to_controller);
                self.session.handle_connected(self.now_us());
            }
            StreamEvent::Message(message) => {
                // The answer to a flush covers what the host has seen before it.
                if let Some(wire::controller_message::Message::Flush(_)) = message.message {
                    self.drain(usize::MAX);
                }
                self.session.handle_message(self.now_us(), message);
            }
            StreamEvent::Down => {
                self.to_controller = None;
                self.session.handle_disconnected(self.now_us());
            }
        }
    }

    fn send(&mut self) {
        while let Some(message) = self.session.poll_message() {
            if let Some(to_controller) = &self.to_controller {
                // A stream that has just ended says so by itself.
                let _ = to_controller.send(message);
            }
        }
        while let Some(frame) = self.session.poll_frame() {
            if let Err(error) = self.source.send(&frame) {
                tracing::debug!(%error, "a frame of the shim was not sent");
            }
        }
    }
}
