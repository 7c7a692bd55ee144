use super::{Layer4, emit};
use dpr_p4::host_stage::headers::{Ipv4, Ipv6};
use dpr_p4::host_stage::{
    ICMP_CODE_TOO_BIG, ICMP_ECHO_REQUEST, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE,
    ICMPV6_ECHO_REQUEST, ICMPV6_TIME_EXCEEDED, ICMPV6_TOO_BIG, PROTOCOL_FRAGMENT,
};
use dpr_runtime::checksum;
use std::net::IpAddr;

/// The flag that says that a datagram goes on.
const MORE_FRAGMENTS: u8 = 0b001;

/// An IP packet; its addresses' family is its own. What is to be expected of a sent one is mostly the same, `..sent.clone()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// DSCP and ECN.
    pub traffic_class: u8,
    /// IPv4's.
    pub identification: u16,
    /// IPv4's: reserved, don't fragment, more fragments.
    pub flags: u8,
    /// IPv4's, in 8 bytes.
    pub fragment_offset: u16,
    /// IPv4's: whole words, up to 40 bytes.
    pub options: Vec<u8>,
    /// IPv6's.
    pub flow_label: u32,
    /// IPv6's, in the order in which they stand.
    pub extensions: Vec<Extension>,
    /// What it carries.
    pub layer_4: Layer4,
}

/// An IPv6 extension header (RFC 8200).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Protocol number.
    pub kind: u8,
    /// What follows the next header and the length: six bytes and a multiple of eight.
    pub data: Vec<u8>,
}

impl Extension {
    /// A fragment header (RFC 8200, section 4.5); the offset is in 8 bytes.
    pub fn fragment(identification: u32, offset: u16, has_more: bool) -> Self {
        let mut data = (offset << 3 | u16::from(has_more)).to_be_bytes().to_vec();
        data.extend(identification.to_be_bytes());
        Extension {
            kind: PROTOCOL_FRAGMENT,
            data,
        }
    }
}

impl Packet {
    /// A packet with what it carries.
    pub fn new(src: IpAddr, dst: IpAddr, layer_4: Layer4) -> Self {
        Packet {
            src,
            dst,
            ttl: 64,
            traffic_class: 0,
            identification: 0x1234,
            flags: 0b010,
            fragment_offset: 0,
            options: Vec::new(),
            flow_label: 0,
            extensions: Vec::new(),
            layer_4,
        }
    }

    /// A TCP segment.
    pub fn tcp(from: (IpAddr, u16), to: (IpAddr, u16), flags: u8) -> Self {
        let layer_4 = Layer4::Tcp {
            src_port: from.1,
            dst_port: to.1,
            flags,
            payload: Vec::new(),
        };
        Packet::new(from.0, to.0, layer_4)
    }

    /// A UDP datagram.
    pub fn udp(from: (IpAddr, u16), to: (IpAddr, u16), payload: &[u8]) -> Self {
        let layer_4 = Layer4::Udp {
            src_port: from.1,
            dst_port: to.1,
            payload: payload.to_vec(),
            is_summed: true,
        };
        Packet::new(from.0, to.0, layer_4)
    }

    /// An echo request.
    pub fn echo(from: IpAddr, to: IpAddr, payload: &[u8]) -> Self {
        let layer_4 = Layer4::Icmp {
            kind: match from {
                IpAddr::V4(_) => ICMP_ECHO_REQUEST,
                IpAddr::V6(_) => ICMPV6_ECHO_REQUEST,
            },
            code: 0,
            rest: 0x0007_0001,
            payload: payload.to_vec(),
        };
        Packet::new(from, to, layer_4)
    }

    /// What somebody says to a packet's source, quoting so many bytes of it.
    pub fn error(&self, by: IpAddr, (kind, code): (u8, u8), rest: u32, quoted: usize) -> Self {
        let mut payload = self.bytes();
        payload.truncate(quoted);
        let layer_4 = Layer4::Icmp {
            kind,
            code,
            rest,
            payload,
        };
        Packet::new(by, self.src, layer_4)
    }

    /// That the packet is larger than this.
    pub fn too_big(&self, by: IpAddr, mtu: u16, quoted: usize) -> Self {
        let kind = match by {
            IpAddr::V4(_) => (ICMP_UNREACHABLE, ICMP_CODE_TOO_BIG),
            IpAddr::V6(_) => (ICMPV6_TOO_BIG, 0),
        };
        self.error(by, kind, mtu.into(), quoted)
    }

    /// That the packet has gone as far as it may.
    pub fn time_exceeded(&self, by: IpAddr, quoted: usize) -> Self {
        let kind = match by {
            IpAddr::V4(_) => ICMP_TIME_EXCEEDED,
            IpAddr::V6(_) => ICMPV6_TIME_EXCEEDED,
        };
        self.error(by, (kind, 0), 0, quoted)
    }

    /// The packet in a tunnel between these addresses.
    pub fn tunnelled(&self, src: IpAddr, dst: IpAddr) -> Self {
        Packet::new(src, dst, Layer4::Packet(Box::new(self.clone())))
    }

    /// The packet as fragments that carry so many bytes each, a multiple of 8, but for the last.
    pub fn fragments(&self, identification: u32, bytes_each: usize) -> Vec<Packet> {
        let protocol = self.layer_4.protocol(self.src);
        let whole = self.layer_4.bytes(self.src, self.dst);
        let count = whole.len().div_ceil(bytes_each);
        let pieces = whole.chunks(bytes_each).enumerate();
        let fragment = |(position, piece): (usize, &[u8])| {
            let has_more = position + 1 < count;
            let offset = (position * bytes_each / 8) as u16;
            let mut fragment = self.clone();
            fragment.layer_4 = Layer4::Other {
                protocol,
                bytes: piece.to_vec(),
            };
            match self.src {
                IpAddr::V4(_) => {
                    fragment.identification = identification as u16;
                    fragment.flags = if has_more { MORE_FRAGMENTS } else { 0 };
                    fragment.fragment_offset = offset;
                }
                IpAddr::V6(_) => {
                    fragment
                        .extensions
                        .push(Extension::fragment(identification, offset, has_more))
                }
            }
            fragment
        };
        pieces.map(fragment).collect()
    }

    /// The bytes with all checksums.
    pub fn bytes(&self) -> Vec<u8> {
        let layer_4 = self.layer_4.bytes(self.src, self.dst);
        let mut bytes = match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => self.ipv4(src.into(), dst.into(), layer_4.len()),
            (IpAddr::V6(src), IpAddr::V6(dst)) => self.ipv6(src.into(), dst.into(), layer_4.len()),
            (src, dst) => panic!("a packet of two families, from {src} to {dst}"),
        };
        bytes.extend(layer_4);
        bytes
    }

    fn ipv4(&self, src: u32, dst: u32, layer_4: usize) -> Vec<u8> {
        let header_bytes = Ipv4::LEN + self.options.len();
        let header = Ipv4 {
            version: 4,
            ihl: (header_bytes / 4) as u8,
            dscp: self.traffic_class >> 2,
            ecn: self.traffic_class & 3,
            total_length: (header_bytes + layer_4) as u16,
            identification: self.identification,
            flags: self.flags,
            fragment_offset: self.fragment_offset,
            ttl: self.ttl,
            protocol: self.layer_4.protocol(self.src),
            header_checksum: 0,
            src,
            dst,
        };
        let mut bytes = emit(Ipv4::LEN, |bytes| header.emit(bytes));
        bytes.extend_from_slice(&self.options);
        let sum = checksum::internet(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn ipv6(&self, src: u128, dst: u128, layer_4: usize) -> Vec<u8> {
        let protocol = self.layer_4.protocol(self.src);
        let kinds = self.extensions.iter().map(|extension| extension.kind);
        let mut next_headers = kinds.chain([protocol]);
        let mut next_header = || next_headers.next().unwrap_or(protocol);
        let mut header = Ipv6 {
            version: 6,
            dscp: self.traffic_class >> 2,
            ecn: self.traffic_class & 3,
            flow_label: self.flow_label,
            payload_length: 0,
            next_header: next_header(),
            hop_limit: self.ttl,
            src,
            dst,
        };
        let mut extensions = Vec::new();
        for extension in &self.extensions {
            extensions.extend([next_header(), (extension.data.len() / 8) as u8]);
            extensions.extend_from_slice(&extension.data);
        }
        header.payload_length = (extensions.len() + layer_4) as u16;
        let mut bytes = emit(Ipv6::LEN, |bytes| header.emit(bytes));
        bytes.extend(extensions);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_headers_say_what_follows_them() {
        let (src, dst) = (IpAddr::from([1u16; 8]), IpAddr::from([2u16; 8]));
        let mut packet = Packet::udp((src, 1), (dst, 2), &[0; 24]);
        packet.extensions.push(Extension {
            kind: 60,
            data: vec![0; 14],
        });
        let fragments = packet.fragments(7, 16);
        assert_eq!(fragments.len(), 2);
        let last = fragments[1].bytes();
        assert_eq!((last[6], last[40], last[41], last[56]), (60, 44, 1, 17));
        assert_eq!(last[57..64], [0, 0, 16, 0, 0, 0, 7]);
        assert_eq!(usize::from(last[5]), 16 + 8 + 16);
        assert_eq!(last.len(), 40 + 40);
    }
}
