//! The parser that both programs share, on the bytes in place.

use dpr_runtime::{checksum, hash};

pub const ETHERNET: usize = 14;
const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];

/// What a packet is.
pub enum Frame {
    /// Neither IPv4 nor ARP.
    Other,
    Arp(Arp),
    Ipv4(Ipv4),
}

pub struct Arp {
    pub operation: u16,
    pub sender_address: u32,
    pub target_address: u32,
}

pub struct Ipv4 {
    pub flow: Flow,
    pub ttl: u8,
    pub total_length: u16,
    /// Bytes from the start of the packet to layer 4.
    pub layer_4: usize,
    /// Present if the packet has a TCP header.
    pub tcp_flags: Option<u8>,
    /// Present if the packet has an ICMP header.
    pub icmp_type: Option<u8>,
    pub has_good_checksum: bool,
}

#[derive(Clone, Copy)]
pub struct Flow {
    pub src: u32,
    pub dst: u32,
    pub protocol: u8,
    pub src_port: u16,
    pub dst_port: u16,
}

impl Flow {
    /// The hash that chooses buckets and members.
    #[inline]
    pub fn hash(&self) -> u32 {
        let mut bytes = [0; 13];
        bytes[0..4].copy_from_slice(&self.src.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.dst.to_be_bytes());
        bytes[8] = self.protocol;
        bytes[9..11].copy_from_slice(&self.src_port.to_be_bytes());
        bytes[11..13].copy_from_slice(&self.dst_port.to_be_bytes());
        hash::crc32(&bytes)
    }

    /// The hash that chooses buckets where a client's connections stay together.
    #[inline]
    pub fn client_hash(&self) -> u32 {
        hash::crc32(&self.src.to_be_bytes())
    }

    /// The hash that tells flows in one slot of `recent` apart.
    #[inline]
    pub fn fingerprint(&self) -> u32 {
        let mapped = |address| (0xffff << 32 | u128::from(address)).to_be_bytes();
        let mut bytes = [0; 37];
        bytes[0..2].copy_from_slice(&self.dst_port.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.src_port.to_be_bytes());
        bytes[4..20].copy_from_slice(&mapped(self.dst));
        bytes[20..36].copy_from_slice(&mapped(self.src));
        bytes[36] = self.protocol;
        hash::crc32(&bytes)
    }
}

/// The bytes end in the middle of a header, or its fields contradict one another.
pub struct ParserError;

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub fn mac_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u16_at(bytes, at)) << 32 | u64::from(u32_at(bytes, at + 2))
}

pub fn put_mac(bytes: &mut [u8], at: usize, mac: u64) {
    bytes[at..at + 6].copy_from_slice(&mac.to_be_bytes()[2..]);
}

#[inline]
pub fn parse(bytes: &[u8]) -> Result<Frame, ParserError> {
    let (ethernet, rest) = bytes.split_first_chunk::<ETHERNET>().ok_or(ParserError)?;
    match [ethernet[12], ethernet[13]] {
        ETHERTYPE_IPV4 => parse_ipv4(rest).map(Frame::Ipv4),
        ETHERTYPE_ARP => {
            let arp = rest.first_chunk::<28>().ok_or(ParserError)?;
            Ok(Frame::Arp(Arp {
                operation: u16_at(arp, 6),
                sender_address: u32_at(arp, 14),
                target_address: u32_at(arp, 24),
            }))
        }
        _ => Ok(Frame::Other),
    }
}

#[inline]
fn parse_ipv4(bytes: &[u8]) -> Result<Ipv4, ParserError> {
    let header = bytes.first_chunk::<20>().ok_or(ParserError)?;
    let length = usize::from(header[0] & 0x0f) * 4;
    let total_length = u16_at(header, 2);
    if header[0] >> 4 != 4 || length < 20 || usize::from(total_length) < length {
        return Err(ParserError);
    }
    let (with_options, payload) = bytes.split_at_checked(length).ok_or(ParserError)?;
    // All words with the checksum itself add up to 0xffff; a field of 0xffff is never what is computed.
    let has_good_checksum = checksum::sum(with_options) == 0xffff && header[10..12] != [0xff, 0xff];
    let fragment = u16_at(header, 6);
    let protocol = header[9];
    let mut ipv4 = Ipv4 {
        flow: Flow {
            src: u32_at(header, 12),
            dst: u32_at(header, 16),
            protocol,
            src_port: 0,
            dst_port: 0,
        },
        ttl: header[8],
        total_length,
        layer_4: ETHERNET + length,
        tcp_flags: None,
        icmp_type: None,
        has_good_checksum,
    };
    if fragment & 0x1fff == 0 {
        match protocol {
            6 => {
                let tcp = payload.first_chunk::<20>().ok_or(ParserError)?;
                (ipv4.flow.src_port, ipv4.flow.dst_port) = (u16_at(tcp, 0), u16_at(tcp, 2));
                ipv4.tcp_flags = Some(tcp[13]);
            }
            17 => {
                let udp = payload.first_chunk::<8>().ok_or(ParserError)?;
                (ipv4.flow.src_port, ipv4.flow.dst_port) = (u16_at(udp, 0), u16_at(udp, 2));
            }
            1 => ipv4.icmp_type = Some(payload.first_chunk::<8>().ok_or(ParserError)?[0]),
            _ => {}
        }
    }
    Ok(ipv4)
}

/// Takes one off the TTL (at least 1) of an IPv4 packet whose checksum is right, and keeps it right.
#[inline]
pub fn decrement_ttl(packet: &mut [u8]) {
    let Some(header) = packet
        .get_mut(ETHERNET..)
        .and_then(|rest| rest.first_chunk_mut::<20>())
    else {
        return;
    };
    let before = u16_at(header, 8);
    header[8] = header[8].wrapping_sub(1);
    let updated = checksum::update(u16_at(header, 10), before, u16_at(header, 8));
    header[10..12].copy_from_slice(&updated.to_be_bytes());
}
