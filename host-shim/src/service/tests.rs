use dpr_protocol::address;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_stream::wrappers::{TcpListenerStream, UnboundedReceiverStream};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use wire::shim_message::Message as FromShim;
use wire::shim_service_server::{ShimService, ShimServiceServer};

use super::*;
use crate::Direction::{FromHost, ToHost};
use crate::source::memory_link;
use crate::testing::{ACK, SERVICE, SYN, flow, tcp};

type Streams = UnboundedSender<(
    Streaming<wire::ShimMessage>,
    UnboundedSender<wire::ControllerMessage>,
)>;

/// A controller whose streams the test answers itself.
struct Controller {
    streams: Mutex<Streams>,
}

#[tonic::async_trait]
impl ShimService for Controller {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<wire::ControllerMessage, Status>> + Send>>;

    async fn attach(
        &self,
        request: Request<Streaming<wire::ShimMessage>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let (send, receive) = mpsc::unbounded_channel();
        let _ = self.streams.lock().await.send((request.into_inner(), send));
        Ok(Response::new(Box::pin(
            UnboundedReceiverStream::new(receive).map(Ok),
        )))
    }
}

async fn next(stream: &mut Streaming<wire::ShimMessage>) -> Option<FromShim> {
    loop {
        match stream.message().await.ok()??.message? {
            FromShim::Load(_) | FromShim::ProbeReport(_) => {}
            message => return Some(message),
        }
    }
}

fn registered(snapshot_wanted: bool, received_seq: u64) -> wire::ControllerMessage {
    let service = wire::Service {
        address: address::to_bytes(SERVICE.address),
        protocol: 6,
        port_low: 80,
        port_high: 80,
    };
    wire::Registered {
        received_seq,
        snapshot_wanted,
        linger_ms: 1,
        services: vec![service],
        ..Default::default()
    }
    .into()
}

#[tokio::test]
async fn a_shim_attaches_reports_and_comes_back() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    let (streams, mut attached) = mpsc::unbounded_channel();
    let controller = ShimServiceServer::new(Controller {
        streams: Mutex::new(streams),
    });
    let server = tonic::transport::Server::builder().add_service(controller);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    let (tap, source) = memory_link();
    let tap = Arc::new(tap);
    let session = SessionConfig::new(1, "h1", 1, 2, random_session());
    let settings = Settings {
        backoff_min: Duration::from_millis(1),
        ..Settings::new(session, uri)
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let shim = tokio::spawn(run(settings, source, async {
        let _ = stopped.await;
    }));

    let (mut stream, answer) = attached.recv().await.ok_or("no stream")?;
    let Some(FromShim::Register(register)) = next(&mut stream).await else {
        panic!("a registration comes first")
    };
    assert_eq!(register.host, 1);
    answer.send(registered(true, 0))?;
    assert!(matches!(
        next(&mut stream).await,
        Some(FromShim::Snapshot(_))
    ));

    tap.show(ToHost, &tcp(ToHost, flow(9), SYN, 1, 0, 0));
    tap.show(FromHost, &tcp(FromHost, flow(9), SYN | ACK, 1, 2, 0));
    tap.show(ToHost, &tcp(ToHost, flow(9), ACK, 2, 2, 0));
    answer.send(wire::Flush { marker: 5 }.into())?;
    let Some(FromShim::Events(events)) = next(&mut stream).await else {
        panic!("events precede the marker")
    };
    assert_eq!((events.seq, events.events.len()), (2, 1));
    assert_eq!(
        next(&mut stream).await,
        Some(FromShim::FlushDone(wire::FlushDone { marker: 5 }))
    );

    // The stream breaks before the events are acknowledged.
    drop((stream, answer));
    let (mut stream, answer) = attached.recv().await.ok_or("no second stream")?;
    assert!(matches!(
        next(&mut stream).await,
        Some(FromShim::Register(_))
    ));
    answer.send(registered(false, 1))?;
    assert!(matches!(
        next(&mut stream).await,
        Some(FromShim::Events(wire::Events { seq: 2, .. }))
    ));

    stop.send(()).map_err(|()| "the shim has ended")?;
    shim.await??;
    server.abort();
    Ok(())
}

#[tokio::test]
async fn a_shim_ends_with_its_link_and_refuses_what_is_no_uri() {
    let session = SessionConfig::new(1, "h1", 1, 2, 3);
    let (tap, source) = memory_link();
    drop(tap);
    let ended = run(
        Settings::new(session.clone(), "http://127.0.0.1:1"),
        source,
        std::future::pending(),
    )
    .await;
    assert!(matches!(ended, Err(ServiceError::LinkGone)));
    let (_tap, source) = memory_link();
    let refused = run(
        Settings::new(session, "http://a b"),
        source,
        std::future::pending(),
    )
    .await;
    assert!(matches!(refused, Err(ServiceError::Uri { .. })));
}

/// Answers every GET of `/ready` with the status that the test sets, and all others with 404.
async fn serve_http(listener: TcpListener, status: Arc<std::sync::atomic::AtomicU16>) {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut line = String::new();
        let mut reader = BufReader::new(&mut stream);
        let read = reader.read_line(&mut line).await;
        let status = match (read, line.as_str()) {
            (Ok(_), "GET /ready HTTP/1.1\r\n") => status.load(std::sync::atomic::Ordering::Relaxed),
            _ => 404,
        };
        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        // To the end: a reset would overtake the answer.
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn files_ports_and_answers_say_which_data_the_host_holds()
-> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    let (streams, mut attached) = mpsc::unbounded_channel();
    let controller = ShimServiceServer::new(Controller {
        streams: Mutex::new(streams),
    });
    let server = tonic::transport::Server::builder().add_service(controller);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    let directory = tempfile::tempdir()?;
    let file = directory.path().join("ready");
    let port = TcpListener::bind("127.0.0.1:0").await?;
    let address = port.local_addr()?;
    let web = TcpListener::bind("127.0.0.1:0").await?;
    let web_address = web.local_addr()?;
    let status = Arc::new(std::sync::atomic::AtomicU16::new(204));
    let web = tokio::spawn(serve_http(web, Arc::clone(&status)));

    let text = format!(
        r#"
host = 1
name = "h1"
controller = "{uri}"
interface = "eth1"
address = "192.0.2.11"
mac = "02:00:00:00:01:01"
[[data]]
map = 1
path = "{}"
interval_ms = 20
[[data]]
map = 2
tcp = "{address}"
interval_ms = 20
[[data]]
map = 3
http = "http://{web_address}/ready"
interval_ms = 20
timeout_ms = 5000
[[data]]
map = 4
http = "http://{web_address}/"
status = 404
interval_ms = 20
timeout_ms = 5000
"#,
        file.display()
    );
    let config = crate::Config::parse(std::path::Path::new("host.toml"), &text)?;
    let (_tap, source) = memory_link();
    let shim = tokio::spawn(run(config.settings(), source, std::future::pending()));
    let (mut stream, answer) = attached.recv().await.ok_or("no stream")?;
    let Some(FromShim::Register(register)) = next(&mut stream).await else {
        panic!("a registration comes first")
    };
    assert_eq!(register.watched_maps, [1, 2, 3, 4]);
    answer.send(registered(false, 0))?;
    let mut said = async || match next(&mut stream).await {
        Some(FromShim::DataHeld(held)) => held.maps,
        other => panic!("{other:?}"),
    };
    assert_eq!(said().await, [2, 3, 4]);
    std::fs::write(&file, "")?;
    assert_eq!(said().await, [1, 2, 3, 4]);
    drop(port);
    assert_eq!(said().await, [1, 3, 4]);
    status.store(503, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(said().await, [1, 4]);
    status.store(302, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(said().await, [1, 3, 4]);
    std::fs::remove_file(&file)?;
    assert_eq!(said().await, [3, 4]);
    let port = TcpListener::bind(address).await?;
    assert_eq!(said().await, [2, 3, 4]);
    web.abort();
    assert!(web.await.is_err());
    // The listener is gone: both checks of it fail, one after the other.
    assert_eq!(said().await.first(), Some(&2));
    assert_eq!(said().await, [2]);
    drop(port);
    shim.abort();
    server.abort();
    Ok(())
}
