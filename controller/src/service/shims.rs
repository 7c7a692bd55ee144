//! The gRPC service that shims talk to.

use super::actor::Letter;
use crate::core::Input;
use dpr_protocol::shim::v1::{ControllerMessage, ShimMessage, shim_service_server::ShimService};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tonic::{Request, Response, Status, Streaming};

pub(super) struct Shims {
    letters: UnboundedSender<Letter>,
    connections: AtomicU64,
}

impl Shims {
    pub fn new(letters: UnboundedSender<Letter>) -> Self {
        Shims {
            letters,
            connections: AtomicU64::new(1),
        }
    }
}

#[tonic::async_trait]
impl ShimService for Shims {
    type AttachStream = UnboundedReceiverStream<Result<ControllerMessage, Status>>;

    async fn attach(
        &self,
        request: Request<Streaming<ShimMessage>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let mut messages = request.into_inner();
        let (stream, receiver) = unbounded_channel();
        let letters = self.letters.clone();
        let gone = || Status::unavailable("the controller is stopping");
        letters
            .send(Letter::ShimOpened {
                connection,
                stream: stream.clone(),
            })
            .map_err(|_| gone())?;
        tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    message = messages.next() => message,
                    // The core has ended the stream, or the shim does not listen any more.
                    () = stream.closed() => None,
                    // The controller has ended.
                    () = letters.closed() => None,
                };
                let Some(Ok(message)) = message else { break };
                if letters
                    .send(Letter::Input(Input::Shim {
                        connection,
                        message,
                    }))
                    .is_err()
                {
                    return;
                }
            }
            // Without a core there is nobody to tell.
            let _ = letters.send(Letter::Input(Input::ShimClosed { connection }));
        });
        Ok(Response::new(UnboundedReceiverStream::new(receiver)))
    }
}
