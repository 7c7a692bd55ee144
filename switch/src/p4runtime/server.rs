use super::device::Device;
use super::forwarding::{Loader, Loading};
use super::service::Service;
use crate::PipelineSlot;
use crate::port::MemoryPort;
use dpr_p4runtime::channel::{MAX_MESSAGE_BYTES, WINDOW_BYTES};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use dpr_p4runtime::v1::p4_runtime_server::P4RuntimeServer as Generated;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use prost::Message;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// How long a client that says nothing is believed to be there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How long connections may take to end at a shutdown.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// A P4Runtime server with one device.
pub struct P4RuntimeServer;

impl P4RuntimeServer {
    /// Serves a pipeline that has no CPU port; for the program's digests, give the slot that the switch runs. Port 0 lets the system choose one; the address says which.
    ///
    /// # Errors
    /// The address cannot be bound, or the pipeline's P4Info is none.
    pub async fn bind(
        address: SocketAddr,
        device_id: u64,
        pipeline: impl Into<PipelineSlot>,
    ) -> io::Result<(SocketAddr, ServerHandle)> {
        serve(address, device_id, pipeline.into(), None, None).await
    }

    /// Serves a device that runs whatever program `SetForwardingPipelineConfig` brings, in the slot of a switch. `initial` is
    /// committed first, as if by that.
    ///
    /// # Errors
    /// The address cannot be bound, or the loader does not take the initial configuration.
    pub async fn bind_loadable(
        address: SocketAddr,
        device_id: u64,
        slot: PipelineSlot,
        loader: Arc<dyn Loader>,
        initial: Option<ForwardingPipelineConfig>,
        cpu_port: Option<MemoryPort>,
    ) -> io::Result<(SocketAddr, ServerHandle)> {
        let loading = (loader, initial);
        serve(address, device_id, slot, cpu_port, Some(loading)).await
    }

    /// Serves a pipeline whose switch has the other end of `cpu_port` as a port: what the pipeline sends there goes to the
    /// primaries, what they send comes in there, each behind its controller header if the program has one.
    ///
    /// # Errors
    /// As [`P4RuntimeServer::bind`].
    pub async fn bind_with_cpu_port(
        address: SocketAddr,
        device_id: u64,
        pipeline: impl Into<PipelineSlot>,
        cpu_port: MemoryPort,
    ) -> io::Result<(SocketAddr, ServerHandle)> {
        serve(address, device_id, pipeline.into(), Some(cpu_port), None).await
    }
}

async fn serve(
    address: SocketAddr,
    device_id: u64,
    slot: PipelineSlot,
    cpu_port: Option<MemoryPort>,
    loading: Option<(Arc<dyn Loader>, Option<ForwardingPipelineConfig>)>,
) -> io::Result<(SocketAddr, ServerHandle)> {
    let pipeline = slot.load();
    let p4info = P4Info::decode(&*pipeline.program().p4info).map_err(io::Error::other)?;
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (packet_out, packet_in) = cpu_port.map(MemoryPort::split).unzip();
    let digests = slot.listen();
    let (loader, initial) = loading.unzip();
    let loading = loader.map(|loader| Loading { loader, slot });
    let device = Arc::new(Device::new(
        device_id, pipeline, p4info, packet_out, loading,
    ));
    if let Some(config) = initial.flatten() {
        let mut forwarding = device.forwarding.write().await;
        let set = forwarding.set(Action::VerifyAndCommit, Some(config));
        set.map_err(|status| io::Error::other(status.message().to_owned()))?;
        device.set_headers(forwarding.p4info());
    }
    let mut tasks = vec![
        tokio::spawn(Arc::clone(&device).digests_in(digests)),
        tokio::spawn(Arc::clone(&device).ages()),
    ];
    if let Some(receiver) = packet_in {
        let device = Arc::clone(&device);
        tasks.push(tokio::spawn(
            async move { device.packets_in(receiver).await },
        ));
    }
    let service = Generated::new(Service::new(Arc::clone(&device)))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let router = Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .add_service(service);
    let (stop, stopped) = oneshot::channel::<()>();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tokio::spawn(async move {
        // Dropping the sender stops as well.
        let stopped = async { drop(stopped.await) };
        if let Err(error) = router.serve_with_incoming_shutdown(incoming, stopped).await {
            tracing::error!(%error, "the P4Runtime server ended");
        }
    });
    let handle = ServerHandle {
        device,
        stop: Some(stop),
        server: Some(server),
        tasks,
    };
    Ok((address, handle))
}

/// A running server. It ends when this is dropped.
pub struct ServerHandle {
    device: Arc<Device>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    tasks: Vec<JoinHandle<()>>,
}

impl ServerHandle {
    /// What a restart of the target does: tables, configuration, clients and election ids are as at the start.
    pub async fn restart(&self) {
        self.device.restart().await;
    }

    /// Ends the clients' streams and the server, and waits until it is done.
    pub async fn shutdown(mut self) {
        let server = self.server.take();
        self.stop();
        if let Some(mut server) = server
            && tokio::time::timeout(SHUTDOWN, &mut server).await.is_err()
        {
            server.abort();
        }
    }

    fn stop(&mut self) {
        drop(self.stop.take());
        self.device.end_streams();
        self.tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.stop();
    }
}
