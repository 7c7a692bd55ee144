//! Packets in and out of BMv2's `simple_switch_grpc` without interfaces: its service `p4.bm.DataplaneInterface`.

use super::{TestPort, Wire};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

const METHOD: &str = "/p4.bm.DataplaneInterface/PacketStream";

/// `PacketStreamRequest` and `PacketStreamResponse`, which have the same fields.
#[derive(Clone, PartialEq, Message)]
struct Packet {
    /// Of the request that a response is of, if that had one.
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    device_id: u64,
    #[prost(uint32, tag = "3")]
    port: u32,
    #[prost(bytes = "vec", tag = "4")]
    packet: Vec<u8>,
}

/// The near end of a port on a stream. The stream ends with the last of them.
#[derive(Debug)]
pub struct StreamPort {
    number: u16,
    device_id: u64,
    to_target: UnboundedSender<Packet>,
    // Ends with the last port.
    _runtime: Arc<StreamRuntime>,
}

/// The runtime in which a stream lives.
#[derive(Debug)]
struct StreamRuntime(Option<Runtime>);

impl StreamRuntime {
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(work);
        }
    }
}

impl Drop for StreamRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The target may have ended, and answers nobody.
            runtime.shutdown_background();
        }
    }
}

impl StreamPort {
    pub fn send(&self, frame: &[u8]) {
        let packet = Packet {
            device_id: self.device_id,
            port: self.number.into(),
            packet: frame.to_vec(),
            ..Packet::default()
        };
        let sent = self.to_target.send(packet);
        assert!(sent.is_ok(), "port {}: the stream has ended", self.number);
    }
}

/// Connects a target's ports with these numbers over one stream.
pub fn connect(uri: &str, device_id: u64, numbers: &[u16]) -> BTreeMap<u16, TestPort> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime for packets");
    let endpoint = Endpoint::from_shared(uri.to_owned());
    let endpoint = endpoint.unwrap_or_else(|error| panic!("{uri}: {error}"));
    let connected = runtime.block_on(endpoint.connect());
    let connection = connected.unwrap_or_else(|error| panic!("{uri}: {error:?}"));
    let runtime = Arc::new(StreamRuntime(Some(runtime)));
    let (to_target, requests) = unbounded_channel();
    let (mut ports, mut senders) = (BTreeMap::new(), BTreeMap::new());
    for number in numbers {
        let (sender, received) = channel();
        let wire = StreamPort {
            number: *number,
            device_id,
            to_target: to_target.clone(),
            _runtime: Arc::clone(&runtime),
        };
        let port = TestPort::new(*number, received, Wire::Stream(wire));
        ports.insert(*number, port);
        senders.insert(*number, sender);
    }
    runtime.spawn(run(connection, requests, senders));
    ports
}

/// Carries packets both ways until the target ends.
async fn run(
    connection: Channel,
    mut requests: UnboundedReceiver<Packet>,
    ports: BTreeMap<u16, Sender<Vec<u8>>>,
) {
    // Until it has started its packet path, the target refuses streams with all that they have brought.
    let mut again = Vec::new();
    loop {
        let (to_stream, stream) = unbounded_channel();
        for packet in &again {
            // Its receiver is here.
            let _ = to_stream.send(Packet::clone(packet));
        }
        let mut response = Box::pin(open(&connection, stream));
        let opened = loop {
            tokio::select! {
                opened = &mut response => break opened,
                packet = requests.recv() => {
                    let Some(packet) = packet else { return };
                    again.push(packet.clone());
                    let _ = to_stream.send(packet);
                }
            }
        };
        match opened {
            Ok(responses) => {
                tokio::join!(
                    forward(&mut requests, &to_stream),
                    deliver(responses, &ports)
                );
                return;
            }
            Err(status) if status.code() == Code::Unavailable => {}
            Err(status) => {
                eprintln!("PacketStream: {status}");
                return;
            }
        }
    }
}

/// Opens a stream. The target answers with its first packet.
async fn open(
    connection: &Channel,
    requests: UnboundedReceiver<Packet>,
) -> Result<Streaming<Packet>, Status> {
    let mut client = Grpc::new(connection.clone());
    let ready = client.ready().await;
    ready.map_err(|error| Status::internal(error.to_string()))?;
    let request = Request::new(UnboundedReceiverStream::new(requests));
    let codec: ProstCodec<Packet, Packet> = ProstCodec::default();
    let streaming = client.streaming(request, PathAndQuery::from_static(METHOD), codec);
    Ok(streaming.await?.into_inner())
}

async fn forward(requests: &mut UnboundedReceiver<Packet>, stream: &UnboundedSender<Packet>) {
    while let Some(packet) = requests.recv().await {
        if stream.send(packet).is_err() {
            return;
        }
    }
}

async fn deliver(mut responses: Streaming<Packet>, ports: &BTreeMap<u16, Sender<Vec<u8>>>) {
    while let Ok(Some(Packet { port, packet, .. })) = responses.message().await {
        let port = u16::try_from(port).ok().and_then(|port| ports.get(&port));
        if let Some(port) = port {
            // Whoever had the port may have gone.
            let _ = port.send(packet);
        }
    }
}
