//! Frames for tests.

use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Probe, Tcp, Udp};
use dpr_p4::host_stage::{ETHERTYPE_IPV4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP};

use crate::{Direction, FiveTuple, Service};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

pub(crate) const SERVICE: Service = Service {
    address: 0xc633_6401,
    protocol: 6,
    port_low: 80,
    port_high: 80,
};

pub(crate) fn flow(client_port: u16) -> FiveTuple {
    FiveTuple {
        src: 0xcb00_7107,
        dst: SERVICE.address,
        protocol: 6,
        src_port: client_port,
        dst_port: 80,
    }
}

fn ip_frame(src: u32, dst: u32, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; Ethernet::LEN + Ipv4::LEN];
    Ethernet {
        dst: 0x0200_0000_0001,
        src: 0x0200_0000_0002,
        ether_type: ETHERTYPE_IPV4,
    }
    .emit(&mut frame);
    let ipv4 = Ipv4 {
        version: 4,
        ihl: 5,
        dscp: 0,
        ecn: 0,
        total_length: (Ipv4::LEN + body.len()) as u16,
        identification: 0,
        flags: 0,
        fragment_offset: 0,
        ttl: 64,
        protocol,
        header_checksum: 0,
        src,
        dst,
    };
    ipv4.emit(&mut frame[Ethernet::LEN..]);
    frame.extend_from_slice(body);
    frame
}

/// The addresses and ports of a packet of this direction: source, destination.
fn ends(direction: Direction, flow: FiveTuple) -> ((u32, u16), (u32, u16)) {
    let (client, service) = ((flow.src, flow.src_port), (flow.dst, flow.dst_port));
    match direction {
        Direction::ToHost => (client, service),
        Direction::FromHost => (service, client),
    }
}

pub(crate) fn tcp(
    direction: Direction,
    flow: FiveTuple,
    flags: u8,
    sequence: u32,
    ack: u32,
    payload: usize,
) -> Vec<u8> {
    let ((src, src_port), (dst, dst_port)) = ends(direction, flow);
    let mut body = vec![0; Tcp::LEN + payload];
    let header = Tcp {
        src_port,
        dst_port,
        sequence_number: sequence,
        acknowledgment_number: ack,
        data_offset: 5,
        reserved: 0,
        flags,
        window: 65_000,
        checksum: 0,
        urgent_pointer: 0,
    };
    header.emit(&mut body);
    ip_frame(src, dst, PROTOCOL_TCP, &body)
}

pub(crate) fn udp(direction: Direction, flow: FiveTuple) -> Vec<u8> {
    let ((src, src_port), (dst, dst_port)) = ends(direction, flow);
    let mut body = vec![0; Udp::LEN];
    Udp {
        src_port,
        dst_port,
        length: Udp::LEN as u16,
        checksum: 0,
    }
    .emit(&mut body);
    ip_frame(src, dst, PROTOCOL_UDP, &body)
}

/// What a peer's network stack answers to a probe.
pub(crate) fn probe_reply(request: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = Ethernet::parse(request)?;
    let (ipv4, rest) = Ipv4::parse(rest)?;
    let (icmp, rest) = Icmp::parse(rest)?;
    let (probe, _) = Probe::parse(rest)?;
    let mut body = vec![0; Icmp::LEN + Probe::LEN];
    Icmp { r#type: 0, ..icmp }.emit(&mut body);
    probe.emit(&mut body[Icmp::LEN..]);
    Some(ip_frame(ipv4.dst, ipv4.src, PROTOCOL_ICMP, &body))
}
