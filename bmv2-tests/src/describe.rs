//! Frames as people read them.

use dpr_p4::host_stage::headers::{Arp, Ethernet, Ipv4, Tcp, Udp};
use dpr_p4::host_stage::{ETHERTYPE_ARP, ETHERTYPE_IPV4, PROTOCOL_TCP, PROTOCOL_UDP};
use dpr_runtime::checksum;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

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
        match ethernet.ether_type {
            ETHERTYPE_IPV4 => ipv4(rest, &mut lines),
            ETHERTYPE_ARP => arp(rest, &mut lines),
            _ => {}
        }
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
    match ip.protocol {
        PROTOCOL_TCP => {
            if let Some((tcp, _)) = Tcp::parse(rest) {
                lines.push(format!(
                    "tcp {} > {} flags {:#04x}",
                    tcp.src_port, tcp.dst_port, tcp.flags
                ));
            }
        }
        PROTOCOL_UDP => {
            if let Some((udp, _)) = Udp::parse(rest) {
                lines.push(format!(
                    "udp {} > {} length {}",
                    udp.src_port, udp.dst_port, udp.length
                ));
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
    use crate::frame::{Ipv4Frame, SYN};

    #[test]
    fn a_difference_shows_the_header_that_differs() {
        let expected = Ipv4Frame::tcp(([10, 0, 0, 1].into(), 5), ([10, 0, 0, 2].into(), 80), SYN);
        let received = Ipv4Frame {
            ttl: 63,
            ..expected.clone()
        };
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
}
