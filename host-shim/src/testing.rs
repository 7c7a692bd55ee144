//! Frames for tests.

use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Ipv6, Probe, Tcp, Udp};
use dpr_p4::host_stage::{
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, PROTOCOL_DESTINATION, PROTOCOL_FRAGMENT, PROTOCOL_ICMP,
    PROTOCOL_TCP, PROTOCOL_UDP,
};

use crate::{Direction, FiveTuple, Service};
use std::net::{IpAddr, Ipv4Addr};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

pub(crate) const SERVICE: Service = Service {
    address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    protocol: 6,
    port_low: 80,
    port_high: 80,
};

pub(crate) fn flow(client_port: u16) -> FiveTuple {
    FiveTuple {
        src: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
        dst: SERVICE.address,
        protocol: 6,
        src_port: client_port,
        dst_port: 80,
    }
}

fn ip_frame(src: IpAddr, dst: IpAddr, protocol: u8, body: &[u8]) -> Vec<u8> {
    let ether_type = if src.is_ipv4() {
        ETHERTYPE_IPV4
    } else {
        ETHERTYPE_IPV6
    };
    let mut frame = vec![0; Ethernet::LEN];
    Ethernet {
        dst: 0x0200_0000_0001,
        src: 0x0200_0000_0002,
        ether_type,
    }
    .emit(&mut frame);
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
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
                src: src.to_bits(),
                dst: dst.to_bits(),
            };
            frame.resize(Ethernet::LEN + Ipv4::LEN, 0);
            ipv4.emit(&mut frame[Ethernet::LEN..]);
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            // With destination options of eight bytes, and as the first of two fragments.
            let extensions = [
                PROTOCOL_FRAGMENT,
                0,
                1,
                4,
                0,
                0,
                0,
                0,
                protocol,
                0,
                0,
                1,
                0,
                0,
                0,
                9,
            ];
            let ipv6 = Ipv6 {
                version: 6,
                dscp: 0,
                ecn: 0,
                flow_label: 0,
                payload_length: (extensions.len() + body.len()) as u16,
                next_header: PROTOCOL_DESTINATION,
                hop_limit: 64,
                src: src.to_bits(),
                dst: dst.to_bits(),
            };
            frame.resize(Ethernet::LEN + Ipv6::LEN, 0);
            ipv6.emit(&mut frame[Ethernet::LEN..]);
            frame.extend(extensions);
        }
        _ => panic!("{src} and {dst} are of two families"),
    }
    frame.extend_from_slice(body);
    frame
}

/// An end of a connection.
type End = (IpAddr, u16);

/// The addresses and ports of a packet of this direction: source, destination.
fn ends(direction: Direction, flow: FiveTuple) -> (End, End) {
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
    let address = |bits: u32| Ipv4Addr::from_bits(bits).into();
    Some(ip_frame(
        address(ipv4.dst),
        address(ipv4.src),
        PROTOCOL_ICMP,
        &body,
    ))
}
