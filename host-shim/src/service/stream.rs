//! The stream to the controller, opened again whenever it ends.

use std::time::Duration;

use dpr_protocol::shim::v1 as wire;
use dpr_protocol::shim::v1::shim_service_client::ShimServiceClient;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};

use super::{ServiceError, Settings};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A controller that vanished without a word is noticed within the sum of these.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(4);

/// What happened to the stream.
#[derive(Debug)]
pub(super) enum StreamEvent {
    /// It is open, and takes messages here.
    Connected(UnboundedSender<wire::ShimMessage>),
    /// The controller sent this.
    Message(wire::ControllerMessage),
    /// It is closed.
    Down,
}

/// Keeps a stream open until it is dropped.
pub(super) struct StreamTask {
    events: UnboundedReceiver<StreamEvent>,
    task: JoinHandle<()>,
}

impl StreamTask {
    pub(super) fn start(settings: &Settings) -> Result<Self, ServiceError> {
        let uri = settings.controller.clone();
        let endpoint = Endpoint::from_shared(uri.clone())
            .map_err(|source| ServiceError::Uri { uri, source })?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        let (send, events) = unbounded_channel();
        let backoff = Backoff {
            min: settings.backoff_min,
            max: settings.backoff_max,
            seed: settings.session.session,
            failures: 0,
        };
        let task = tokio::spawn(keep_open(endpoint, backoff, send));
        Ok(StreamTask { events, task })
    }

    /// Waits for what happens next. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> StreamEvent {
        match self.events.recv().await {
            Some(event) => event,
            // The task ends only with this value.
            None => std::future::pending().await,
        }
    }
}

impl Drop for StreamTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Backoff {
    min: Duration,
    max: Duration,
    /// Spreads the shims of a group that all lost the same controller.
    seed: u64,
    failures: u32,
}

impl Backoff {
    /// Between half of and the whole of a time that doubles with each failure.
    fn pause(&mut self) -> Duration {
        let whole = self
            .min
            .saturating_mul(1 << self.failures.min(20))
            .min(self.max);
        self.failures += 1;
        let share = (self.seed >> (self.failures % 32)) & 0xff;
        whole / 2 + whole.mul_f64(share as f64 / 510.0)
    }
}

async fn keep_open(endpoint: Endpoint, mut backoff: Backoff, events: UnboundedSender<StreamEvent>) {
    loop {
        let end = attach(&endpoint, &mut backoff, &events).await;
        match end {
            Ok(()) => tracing::info!("the controller closed the stream"),
            Err(AttachError::Connect(error)) => {
                tracing::info!(%error, "the controller cannot be reached")
            }
            Err(AttachError::Stream(status)) => {
                tracing::warn!(%status, "the stream to the controller ended")
            }
        }
        if events.send(StreamEvent::Down).is_err() {
            return;
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

enum AttachError {
    Connect(tonic::transport::Error),
    Stream(Box<tonic::Status>),
}

impl From<tonic::Status> for AttachError {
    fn from(status: tonic::Status) -> Self {
        AttachError::Stream(Box::new(status))
    }
}

async fn attach(
    endpoint: &Endpoint,
    backoff: &mut Backoff,
    events: &UnboundedSender<StreamEvent>,
) -> Result<(), AttachError> {
    let channel: Channel = endpoint.connect().await.map_err(AttachError::Connect)?;
    let (to_controller, messages) = unbounded_channel();
    // The first message is on its way before the controller answers the call.
    let _ = events.send(StreamEvent::Connected(to_controller));
    let mut client = ShimServiceClient::new(channel).max_decoding_message_size(64 << 20);
    let mut stream = client
        .attach(UnboundedReceiverStream::new(messages))
        .await?
        .into_inner();
    while let Some(message) = stream.message().await? {
        backoff.failures = 0;
        let _ = events.send(StreamEvent::Message(message));
    }
    Ok(())
}
