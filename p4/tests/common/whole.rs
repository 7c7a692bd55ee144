//! Whether a frame is whole: all lengths fit, and all checksums are those that a library computes anew.

use etherparse::checksum::Sum16BitWords;
use etherparse::{
    Ipv4Header, LinkExtHeader, NetHeaders, PacketHeaders, PayloadSlice, TransportHeader, ip_number,
};

/// What is wrong with a frame; nothing if it is whole.
pub fn fault(frame: &[u8]) -> Option<String> {
    let headers = match PacketHeaders::from_ethernet_slice(frame) {
        Ok(headers) => headers,
        Err(error) => return Some(error.to_string()),
    };
    let tags = headers.link_exts.iter().map(LinkExtHeader::header_len);
    let ip = 14 + tags.sum::<usize>();
    check_ip(&headers, &frame[ip..]).err()
}

/// What is wrong with an IP packet; nothing if it is whole.
pub fn packet_fault(packet: &[u8]) -> Option<String> {
    match PacketHeaders::from_ip_slice(packet) {
        Ok(headers) => check_ip(&headers, packet).err(),
        Err(error) => Some(error.to_string()),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, computed: T) -> Result<(), String> {
    if found == computed {
        Ok(())
    } else {
        Err(format!("{what} {found:x?}, computed {computed:x?}"))
    }
}

/// An IPv4 header's own checksum.
fn check_ipv4(header: &Ipv4Header) -> Result<(), String> {
    same(
        "IPv4 checksum",
        header.header_checksum,
        header.calc_header_checksum(),
    )
}

/// A packet, from its IP header on.
fn check_ip(headers: &PacketHeaders<'_>, bytes: &[u8]) -> Result<(), String> {
    match &headers.net {
        Some(NetHeaders::Ipv4(header, _)) => {
            check_ipv4(header)?;
            same("length", usize::from(header.total_len), bytes.len())?;
        }
        Some(NetHeaders::Ipv6(header, _)) => {
            same(
                "length",
                usize::from(header.payload_length) + 40,
                bytes.len(),
            )?;
        }
        _ => return Ok(()),
    }
    match (&headers.transport, &headers.payload) {
        (None, PayloadSlice::Ip(payload))
            if matches!(payload.ip_number, ip_number::IPV4 | ip_number::IPV6)
                && !payload.fragmented =>
        {
            match PacketHeaders::from_ip_slice(payload.payload) {
                Ok(inner) => check_ip(&inner, payload.payload),
                Err(error) => Err(error.to_string()),
            }
        }
        (Some(transport), payload) => check_transport(headers, transport, bytes, payload.slice()),
        _ => Ok(()),
    }
}

fn check_transport(
    headers: &PacketHeaders<'_>,
    transport: &TransportHeader,
    bytes: &[u8],
    payload: &[u8],
) -> Result<(), String> {
    let too_long = |_| "too long".to_owned();
    let (found, computed) = match (transport, &headers.net) {
        (TransportHeader::Tcp(tcp), Some(NetHeaders::Ipv4(ip, _))) => (
            tcp.checksum,
            tcp.calc_checksum_ipv4(ip, payload).map_err(too_long)?,
        ),
        (TransportHeader::Tcp(tcp), Some(NetHeaders::Ipv6(ip, _))) => (
            tcp.checksum,
            tcp.calc_checksum_ipv6(ip, payload).map_err(too_long)?,
        ),
        (TransportHeader::Udp(udp), Some(NetHeaders::Ipv4(ip, _))) => {
            same("UDP length", usize::from(udp.length), 8 + payload.len())?;
            if udp.checksum == 0 {
                return Ok(());
            }
            (
                udp.checksum,
                udp.calc_checksum_ipv4(ip, payload).map_err(too_long)?,
            )
        }
        (TransportHeader::Udp(udp), Some(NetHeaders::Ipv6(ip, _))) => {
            same("UDP length", usize::from(udp.length), 8 + payload.len())?;
            (
                udp.checksum,
                udp.calc_checksum_ipv6(ip, payload).map_err(too_long)?,
            )
        }
        (TransportHeader::Icmpv4(_), _) => {
            let message = message(bytes, payload);
            check_quoted_by_icmpv4(message, payload)?;
            checksum_of_icmp(Sum16BitWords::new(), message)
        }
        (TransportHeader::Icmpv6(_), Some(NetHeaders::Ipv6(ip, _))) => {
            let message = message(bytes, payload);
            let pseudo_header = Sum16BitWords::new()
                .add_16bytes(ip.source)
                .add_16bytes(ip.destination)
                .add_4bytes((message.len() as u32).to_be_bytes())
                .add_2bytes([0, ip_number::IPV6_ICMP.0]);
            checksum_of_icmp(pseudo_header, message)
        }
        _ => return Ok(()),
    };
    same("checksum of layer 4", found, computed)
}

/// An ICMP message with its header, of which the library's representation does not have all.
fn message<'a>(bytes: &'a [u8], payload: &[u8]) -> &'a [u8] {
    &bytes[bytes.len() - payload.len() - 8..]
}

/// A message's checksum as it is and as computed.
fn checksum_of_icmp(pseudo_header: Sum16BitWords, message: &[u8]) -> (u16, u16) {
    let found = u16::from_be_bytes([message[2], message[3]]);
    let summed = pseudo_header
        .add_slice(&message[..2])
        .add_slice(&message[4..]);
    (found, summed.ones_complement().to_be())
}

/// The header of the packet that an error quotes, and that of one in it if that was a tunnel.
fn check_quoted_by_icmpv4(message: &[u8], payload: &[u8]) -> Result<(), String> {
    if !matches!(message[0], 3 | 11 | 12) {
        return Ok(());
    }
    let mut rest = payload;
    while let Ok((header, behind)) = Ipv4Header::from_slice(rest) {
        check_ipv4(&header)?;
        if header.protocol != ip_number::IPV4 {
            break;
        }
        rest = behind;
    }
    Ok(())
}
