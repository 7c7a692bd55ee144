use super::*;
use crate::port::{self, Port};
use crate::{PortConfig, Switch};

fn metadata(port: u128) -> Vec<v1::PacketMetadata> {
    [(1, port), (2, 0)]
        .map(|(metadata_id, value)| v1::PacketMetadata {
            metadata_id,
            value: dpr_p4runtime::bytestring::encode(value),
        })
        .to_vec()
}

#[tokio::test]
async fn packets_pass_between_ports_and_the_primary() {
    let pipeline = Small::new();
    let (mut outside, inside) = port::memory::link(16);
    let (cpu, server_end) = port::memory::link(16);
    let ports = vec![
        (5, PortConfig::Memory(inside)),
        (CPU, PortConfig::Memory(cpu)),
    ];
    let switch = Switch::start(pipeline.clone(), ports, 1).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, _server) = P4RuntimeServer::bind_with_cpu_port(any, DEVICE, pipeline, server_end)
        .await
        .unwrap();
    let mut client = Client::primary(address).await;
    let mut backup = Client::connect(address).await;
    backup.arbitrate(0).await;
    assert_eq!(backup.told().await.0, Code::AlreadyExists);

    outside.send(b"from port 5").unwrap();
    let expected = v1::PacketIn {
        payload: b"from port 5".to_vec(),
        metadata: metadata(5),
    };
    assert_eq!(client.next().await.unwrap(), Some(Told::Packet(expected)));

    let packet = v1::PacketOut {
        payload: b"to port 5".to_vec(),
        metadata: metadata(5),
    };
    let packet = stream_message_request::Update::Packet(packet);
    client.send(packet.clone()).await;
    let sent = tokio::time::timeout(Duration::from_secs(10), outside.receive()).await;
    assert_eq!(sent.unwrap().unwrap().bytes(), b"to port 5");

    // A backup may not, and metadata are checked.
    backup.send(packet).await;
    let Ok(Some(Told::Error(error))) = backup.next().await else {
        panic!("no error")
    };
    assert_eq!(error.canonical_code, Code::PermissionDenied as i32);
    let bad = v1::PacketOut {
        payload: vec![],
        metadata: metadata(512),
    };
    client
        .send(stream_message_request::Update::Packet(bad.clone()))
        .await;
    let Ok(Some(Told::Error(error))) = client.next().await else {
        panic!("no error")
    };
    assert_eq!(error.canonical_code, Code::InvalidArgument as i32);
    let details = v1::PacketOutError {
        packet_out: Some(bad),
    };
    assert_eq!(
        error.details,
        Some(v1::stream_error::Details::PacketOut(details))
    );

    let counters: Vec<_> = switch.port_counters().collect();
    assert_eq!((counters[0].1.received, counters[0].1.sent), (1, 1));
    assert_eq!((counters[1].1.received, counters[1].1.sent), (1, 1));
}
