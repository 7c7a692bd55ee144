//! The RPCs.

use super::device::Device;
use super::read::{Chunks, read};
use super::sessions::Outgoing;
use super::stream;
use super::write::apply;
use dpr_p4runtime::v1::p4_runtime_server::P4Runtime;
use dpr_p4runtime::v1::write_request::Atomicity;
use dpr_p4runtime::v1::{
    CapabilitiesRequest, CapabilitiesResponse, Error, GetForwardingPipelineConfigRequest,
    GetForwardingPipelineConfigResponse, ReadRequest, ReadResponse,
    SetForwardingPipelineConfigRequest, SetForwardingPipelineConfigResponse, StreamMessageRequest,
    WriteRequest, WriteResponse,
};
use dpr_p4runtime::{API_VERSION, status};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};

/// The service over a device.
pub struct Service {
    device: Arc<Device>,
}

impl Service {
    pub fn new(device: Arc<Device>) -> Self {
        Service { device }
    }
}

#[tonic::async_trait]
impl P4Runtime for Service {
    type ReadStream = tokio_stream::Iter<std::vec::IntoIter<Result<ReadResponse, Status>>>;
    type StreamChannelStream = ReceiverStream<Outgoing>;

    async fn write(
        &self,
        request: Request<WriteRequest>,
    ) -> Result<Response<WriteResponse>, Status> {
        let request = request.into_inner();
        let device = Arc::clone(&self.device);
        device.check_id(request.device_id)?;
        device.check_primary(&request.role, request.election_id.as_ref())?;
        let atomicity = request.atomicity();
        if atomicity != Atomicity::ContinueOnError {
            let name = atomicity.as_str_name();
            return Err(Status::unimplemented(format!(
                "batches are not {name}: this target does CONTINUE_ON_ERROR only"
            )));
        }
        let mut forwarding = Arc::clone(&device.forwarding).write_owned().await;
        // Another client may have become primary while this one waited.
        device.check_primary(&request.role, request.election_id.as_ref())?;
        let write = move || {
            let (pipeline, annotations) = forwarding.target_mut()?;
            let updates = request.updates.iter();
            let results = updates.map(|update| apply(pipeline, annotations, update));
            let outcome = of_results("updates", results.collect());
            device.configure_digests(&forwarding);
            outcome
        };
        spawn_blocking(write).await.map_err(internal)??;
        Ok(Response::new(WriteResponse {}))
    }

    async fn read(
        &self,
        request: Request<ReadRequest>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        let request = request.into_inner();
        self.device.check_id(request.device_id)?;
        let forwarding = Arc::clone(&self.device.forwarding).read_owned().await;
        // All of it is read before any is sent: a slow client must not hold up Writes.
        let read_all = move || {
            let (pipeline, annotations) = forwarding.target()?;
            let mut chunks = Chunks::default();
            let requests = request.entities.iter();
            let results = requests.map(|entity| read(pipeline, annotations, entity, &mut chunks));
            let outcome = of_results("requests", results.collect());
            Ok::<_, Status>((chunks.into_responses(), outcome))
        };
        let (responses, outcome) = spawn_blocking(read_all).await.map_err(internal)??;
        let mut messages: Vec<_> = responses.into_iter().map(Ok).collect();
        messages.extend(outcome.err().map(Err));
        Ok(Response::new(tokio_stream::iter(messages)))
    }

    async fn set_forwarding_pipeline_config(
        &self,
        request: Request<SetForwardingPipelineConfigRequest>,
    ) -> Result<Response<SetForwardingPipelineConfigResponse>, Status> {
        let request = request.into_inner();
        let device = Arc::clone(&self.device);
        device.check_id(request.device_id)?;
        device.check_primary(&request.role, request.election_id.as_ref())?;
        let mut forwarding = Arc::clone(&device.forwarding).write_owned().await;
        device.check_primary(&request.role, request.election_id.as_ref())?;
        let action = request.action();
        let set = move || {
            forwarding.set(action, request.config)?;
            device.set_headers(forwarding.p4info());
            device.configure_digests(&forwarding);
            Ok::<_, Status>(())
        };
        spawn_blocking(set).await.map_err(internal)??;
        tracing::info!(
            action = action.as_str_name(),
            "forwarding pipeline configuration"
        );
        Ok(Response::new(SetForwardingPipelineConfigResponse {}))
    }

    async fn get_forwarding_pipeline_config(
        &self,
        request: Request<GetForwardingPipelineConfigRequest>,
    ) -> Result<Response<GetForwardingPipelineConfigResponse>, Status> {
        let request = request.into_inner();
        self.device.check_id(request.device_id)?;
        let config = self
            .device
            .forwarding
            .read()
            .await
            .get(request.response_type());
        Ok(Response::new(GetForwardingPipelineConfigResponse {
            config,
        }))
    }

    async fn stream_channel(
        &self,
        request: Request<Streaming<StreamMessageRequest>>,
    ) -> Result<Response<Self::StreamChannelStream>, Status> {
        let (stream, receiver) = self.device.sessions.open();
        tokio::spawn(stream::serve(
            Arc::clone(&self.device),
            stream,
            request.into_inner(),
        ));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn capabilities(
        &self,
        request: Request<CapabilitiesRequest>,
    ) -> Result<Response<CapabilitiesResponse>, Status> {
        let device_id = request.into_inner().device_id;
        if device_id != 0 {
            self.device.check_id(device_id)?;
        }
        Ok(Response::new(CapabilitiesResponse {
            p4runtime_api_version: API_VERSION.to_owned(),
            ..CapabilitiesResponse::default()
        }))
    }
}

/// The status of a batch: OK, or the error or OK of each item.
fn of_results(items: &str, results: Vec<Result<(), Error>>) -> Result<(), Status> {
    let failed = results.iter().filter(|result| result.is_err()).count();
    if failed == 0 {
        return Ok(());
    }
    let message = format!("{failed} of {} {items} failed", results.len());
    let ok = || status::error(Code::Ok, "");
    let errors: Vec<_> = results
        .into_iter()
        .map(|result| result.err().unwrap_or_else(ok))
        .collect();
    Err(status::of_batch(&message, &errors))
}

fn internal(error: tokio::task::JoinError) -> Status {
    Status::internal(format!("the request was not carried through: {error}"))
}
