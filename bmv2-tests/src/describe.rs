//! Frames as people read them.

use dpr_p4::host_stage::headers::{Arp, Ethernet, Icmp, Ipv4, Ipv6, Ipv6Extension, Tcp, Udp, Vlan};
use dpr_p4::host_stage::{
    ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN,
    ICMP_PARAMETER_PROBLEM, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, ICMPV6_PARAMETER_PROBLEM,
    ICMPV6_UNREACHABLE, PROTOCOL_DESTINATION, PROTOCOL_FRAGMENT, PROTOCOL_HOP_BY_HOP,
    PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_IPIP, PROTOCOL_IPV6, PROTOCOL_ROUTING, PROTOCOL_TCP,
    PROTOCOL_UDP,
};
use dpr_runtime::checksum;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A frame: a line for each header, then the bytes.
pub fn describe(frame: &[u8]) -> String {
    lines(frame).join("\n")
}

/// How two frames differ, line by line; `None` if they do not.
pub fn difference(expected: &[u8], received: &[u8]) -> Option<String> {
    if expected == received {
        return None;
    }
    let (expected, received) = (lines(expected), lines(received));
    let mut text = "another frame than expected (- expected, + received):".to_owned();
    for position in 0..expected.len().max(received.len()) {
        let (old, new) = (expected.get(position), received.get(position));
        if old == new {
            push(&mut text, ' ', old);
        } else {
            push(&mut text, '-', old);
            push(&mut text, '+', new);
        }
    }
    Some(text)
}

fn push(text: &mut String, mark: char, line: Option<&String>) {
    if let Some(line) = line {
        // Writing to a string does not fail.
        let _ = write!(text, "\n{mark} {line}");
    }
}

fn lines(frame: &[u8]) -> Vec<String> {
    let mut lines = vec![format!("{} bytes", frame.len())];
    if let Some((ethernet, rest)) = Ethernet::parse(frame) {
        let (src, dst) = (mac(ethernet.src), mac(ethernet.dst));
        lines.push(format!(
            "ethernet {src} > {dst} type {:#06x}",
            ethernet.ether_type
        ));
        carried(ethernet.ether_type, rest, &mut lines);
    }
    for (row, bytes) in frame.chunks(16).enumerate() {
        let mut line = format!("{:#06x}", row * 16);
        for byte in bytes {
            let _ = write!(line, " {byte:02x}");
        }
        lines.push(line);
    }
    lines
}

/// What follows an EtherType.
fn carried(ether_type: u16, bytes: &[u8], lines: &mut Vec<String>) {
    match ether_type {
        ETHERTYPE_IPV4 => ipv4(bytes, lines),
        ETHERTYPE_IPV6 => ipv6(bytes, lines),
        ETHERTYPE_ARP => arp(bytes, lines),
        ETHERTYPE_VLAN | ETHERTYPE_SERVICE_VLAN => {
            if let Some((tag, rest)) = Vlan::parse(bytes) {
                lines.push(format!(
                    "vlan {} priority {} type {:#06x}",
                    tag.id, tag.priority, tag.ether_type
                ));
                carried(tag.ether_type, rest, lines);
            }
        }
        _ => {}
    }
}

fn arp(bytes: &[u8], lines: &mut Vec<String>) {
    let Some((arp, _)) = Arp::parse(bytes) else {
        return;
    };
    lines.push(format!(
        "arp operation {} sender {} {} target {} {}",
        arp.operation,
        mac(arp.sender_mac),
        Ipv4Addr::from(arp.sender_address),
        mac(arp.target_mac),
        Ipv4Addr::from(arp.target_address)
    ));
}

fn ipv4(bytes: &[u8], lines: &mut Vec<String>) {
    let Some((ip, _)) = Ipv4::parse(bytes) else {
        return;
    };
    let header_bytes = usize::from(ip.ihl) * 4;
    let Some((header, rest)) = bytes.split_at_checked(header_bytes) else {
        return;
    };
    let sum = if checksum::internet(header) == 0 {
        "good"
    } else {
        "bad"
    };
    let (src, dst) = (Ipv4Addr::from(ip.src), Ipv4Addr::from(ip.dst));
    lines.push(format!(
        "ipv4 {src} > {dst} protocol {} ttl {} length {} id {} flags {} offset {} header {header_bytes} bytes checksum {sum}",
        ip.protocol, ip.ttl, ip.total_length, ip.identification, ip.flags, ip.fragment_offset
    ));
    if ip.fragment_offset == 0 {
        layer_4(ip.protocol, rest, lines);
    }
}

fn ipv6(bytes: &[u8], lines: &mut Vec<String>) {
    let Some((ip, mut rest)) = Ipv6::parse(bytes) else {
        return;
    };
    let (src, dst) = (Ipv6Addr::from(ip.src), Ipv6Addr::from(ip.dst));
    lines.push(format!(
        "ipv6 {src} > {dst} next {} hops {} length {} class {} label {}",
        ip.next_header,
        ip.hop_limit,
        ip.payload_length,
        ip.dscp << 2 | ip.ecn,
        ip.flow_label
    ));
    let mut protocol = ip.next_header;
    while matches!(
        protocol,
        PROTOCOL_HOP_BY_HOP | PROTOCOL_ROUTING | PROTOCOL_DESTINATION | PROTOCOL_FRAGMENT
    ) {
        let Some((extension, _)) = Ipv6Extension::parse(rest) else {
            return;
        };
        let Some(behind) = rest.get(8 + 8 * usize::from(extension.length)..) else {
            return;
        };
        lines.push(format!(
            "extension {protocol} next {} data {:#014x}",
            extension.next_header, extension.data
        ));
        if protocol == PROTOCOL_FRAGMENT && extension.data >> 35 != 0 {
            return;
        }
        (protocol, rest) = (extension.next_header, behind);
    }
    layer_4(protocol, rest, lines);
}

fn layer_4(protocol: u8, bytes: &[u8], lines: &mut Vec<String>) {
    match protocol {
        PROTOCOL_TCP => {
            if let Some((tcp, _)) = Tcp::parse(bytes) {
                lines.push(format!(
                    "tcp {} > {} flags {:#04x} checksum {:#06x}",
                    tcp.src_port, tcp.dst_port, tcp.flags, tcp.checksum
                ));
            }
        }
        PROTOCOL_UDP => {
            if let Some((udp, _)) = Udp::parse(bytes) {
                lines.push(format!(
                    "udp {} > {} length {} checksum {:#06x}",
                    udp.src_port, udp.dst_port, udp.length, udp.checksum
                ));
            }
        }
        PROTOCOL_IPIP => ipv4(bytes, lines),
        PROTOCOL_IPV6 => ipv6(bytes, lines),
        PROTOCOL_ICMP | PROTOCOL_ICMPV6 => {
            let Some((icmp, quoted)) = Icmp::parse(bytes) else {
                return;
            };
            lines.push(format!(
                "icmp type {} code {} rest {:#010x} checksum {:#06x}",
                icmp.r#type, icmp.code, icmp.rest, icmp.checksum
            ));
            match (protocol, icmp.r#type) {
                (PROTOCOL_ICMP, ICMP_UNREACHABLE | ICMP_TIME_EXCEEDED | ICMP_PARAMETER_PROBLEM) => {
                    ipv4(quoted, lines)
                }
                (PROTOCOL_ICMPV6, ICMPV6_UNREACHABLE..=ICMPV6_PARAMETER_PROBLEM) => {
                    ipv6(quoted, lines);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn mac(mac: u64) -> String {
    let bytes = mac.to_be_bytes();
    let shown: Vec<_> = bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    shown.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Packet, SYN, Tag};
    use std::net::IpAddr;

    #[test]
    fn a_difference_shows_the_header_that_differs() {
        let expected = Frame::tcp(([10, 0, 0, 1], 5), ([10, 0, 0, 2], 80), SYN);
        let received = expected.clone().with_ttl(63);
        assert_eq!(difference(&expected.bytes(), &expected.bytes()), None);
        let text = difference(&expected.bytes(), &received.bytes()).unwrap();
        let line = |mark, ttl| {
            format!(
                "\n{mark} ipv4 10.0.0.1 > 10.0.0.2 protocol 6 ttl {ttl} length 40 id 4660 flags 2 offset 0 header 20 bytes checksum good"
            )
        };
        assert!(
            text.contains(&line('-', 64)) && text.contains(&line('+', 63)),
            "{text}"
        );
        assert!(text.contains("\n  tcp 5 > 80 flags 0x02"), "{text}");
    }

    #[test]
    fn what_a_tunnel_carries_is_described() {
        let address = |last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        let inner = Packet::tcp(([10, 0, 0, 1].into(), 5), ([10, 0, 0, 2].into(), 80), SYN);
        let error = inner
            .tunnelled(address(1), address(2))
            .too_big(address(3), 1280, 200);
        let text = describe(&Frame::new(error).tagged(&[Tag::new(7)]).bytes());
        for line in [
            "vlan 7 priority 0 type 0x86dd",
            "ipv6 2001:db8::3 > 2001:db8::1 next 58 hops 64 length 88 class 0 label 0",
            "icmp type 2 code 0 rest 0x00000500",
            "ipv6 2001:db8::1 > 2001:db8::2 next 4",
            "ipv4 10.0.0.1 > 10.0.0.2 protocol 6",
            "tcp 5 > 80",
        ] {
            assert!(text.contains(&format!("\n{line}")), "{line}\n{text}");
        }
    }
}
