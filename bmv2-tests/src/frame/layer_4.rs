use super::{Packet, emit};
use dpr_p4::host_stage::headers::{Icmp, Tcp, Udp};
use dpr_p4::host_stage::{
    PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_IPIP, PROTOCOL_IPV6, PROTOCOL_TCP, PROTOCOL_UDP,
};
use dpr_runtime::checksum;
use std::net::IpAddr;

/// What an IP packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer4 {
    /// A TCP segment without options.
    Tcp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// Flags.
        flags: u8,
        /// Data.
        payload: Vec<u8>,
    },
    /// A UDP datagram.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// Data.
        payload: Vec<u8>,
        /// Whether it has a checksum (RFC 768: IPv4's need not).
        is_summed: bool,
    },
    /// An ICMP or ICMPv6 message, by the packet's family.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// The second word.
        rest: u32,
        /// Data after the first 8 bytes.
        payload: Vec<u8>,
    },
    /// Another packet, in this one as a tunnel.
    Packet(Box<Packet>),
    /// Anything else.
    Other {
        /// Protocol number.
        protocol: u8,
        /// What follows the IP header.
        bytes: Vec<u8>,
    },
}

impl Layer4 {
    /// The protocol's number, in packets between these addresses.
    pub fn protocol(&self, src: IpAddr) -> u8 {
        match self {
            Layer4::Tcp { .. } => PROTOCOL_TCP,
            Layer4::Udp { .. } => PROTOCOL_UDP,
            Layer4::Icmp { .. } if src.is_ipv4() => PROTOCOL_ICMP,
            Layer4::Icmp { .. } => PROTOCOL_ICMPV6,
            Layer4::Packet(inner) if inner.src.is_ipv4() => PROTOCOL_IPIP,
            Layer4::Packet(_) => PROTOCOL_IPV6,
            Layer4::Other { protocol, .. } => *protocol,
        }
    }

    /// The bytes with their checksum, in a packet between these addresses.
    pub fn bytes(&self, src: IpAddr, dst: IpAddr) -> Vec<u8> {
        let sum = |bytes: &[u8]| internet_checksum(src, dst, self.protocol(src), bytes);
        match self {
            Layer4::Tcp {
                src_port,
                dst_port,
                flags,
                payload,
            } => {
                let header = Tcp {
                    src_port: *src_port,
                    dst_port: *dst_port,
                    sequence_number: 1000,
                    acknowledgment_number: 2000,
                    data_offset: 5,
                    flags: *flags,
                    window: 0xffff,
                    ..Tcp::default()
                };
                let mut bytes = emit(Tcp::LEN, |bytes| header.emit(bytes));
                bytes.extend_from_slice(payload);
                let sum = sum(&bytes);
                bytes[16..18].copy_from_slice(&sum.to_be_bytes());
                bytes
            }
            Layer4::Udp {
                src_port,
                dst_port,
                payload,
                is_summed,
            } => {
                let header = Udp {
                    src_port: *src_port,
                    dst_port: *dst_port,
                    length: (Udp::LEN + payload.len()) as u16,
                    ..Udp::default()
                };
                let mut bytes = emit(Udp::LEN, |bytes| header.emit(bytes));
                bytes.extend_from_slice(payload);
                // RFC 768: a sum of 0 is sent as all ones.
                let sum = match sum(&bytes) {
                    _ if !is_summed => 0,
                    0 => 0xffff,
                    sum => sum,
                };
                bytes[6..8].copy_from_slice(&sum.to_be_bytes());
                bytes
            }
            Layer4::Icmp {
                kind,
                code,
                rest,
                payload,
            } => {
                let header = Icmp {
                    r#type: *kind,
                    code: *code,
                    checksum: 0,
                    rest: *rest,
                };
                let mut bytes = emit(Icmp::LEN, |bytes| header.emit(bytes));
                bytes.extend_from_slice(payload);
                let sum = match src {
                    IpAddr::V4(_) => checksum::internet(&bytes),
                    IpAddr::V6(_) => sum(&bytes),
                };
                bytes[2..4].copy_from_slice(&sum.to_be_bytes());
                bytes
            }
            Layer4::Packet(inner) => inner.bytes(),
            Layer4::Other { bytes, .. } => bytes.clone(),
        }
    }
}

/// The checksum over a pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1) and the bytes of layer 4.
pub fn internet_checksum(src: IpAddr, dst: IpAddr, protocol: u8, bytes: &[u8]) -> u16 {
    let mut summed = Vec::with_capacity(40 + bytes.len());
    for address in [src, dst] {
        match address {
            IpAddr::V4(address) => summed.extend(address.octets()),
            IpAddr::V6(address) => summed.extend(address.octets()),
        }
    }
    summed.extend((bytes.len() as u32).to_be_bytes());
    summed.extend([0, 0, 0, protocol]);
    summed.extend_from_slice(bytes);
    checksum::internet(&summed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    #[test]
    fn checksums_are_those_of_captured_packets() {
        // An ordinary ping of iputils.
        let bytes = Frame::echo([10, 0, 0, 1], [10, 0, 0, 2], &[]).bytes();
        assert_eq!(checksum::internet(&bytes[14..34]), 0);
        assert_eq!(checksum::internet(&bytes[34..]), 0);
        // The example of RFC 1071, section 3, within datagrams: the whole sums to 0 with its pseudo-header.
        for (src, dst) in [
            (IpAddr::from([1, 2, 3, 4]), IpAddr::from([6, 7, 8, 9])),
            (IpAddr::from([1u16; 8]), IpAddr::from([2u16; 8])),
        ] {
            let datagram = Packet::udp((src, 5), (dst, 10), &[0, 1, 0xf2]);
            let bytes = datagram.layer_4.bytes(src, dst);
            assert_eq!(internet_checksum(src, dst, PROTOCOL_UDP, &bytes), 0);
            assert_eq!(bytes.len(), 8 + 3);
        }
    }
}
