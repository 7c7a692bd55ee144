//! Addresses in messages: four bytes of IPv4 or sixteen of IPv6, in network order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// As a message has it.
pub fn to_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// From a message; absent if it has neither four nor sixteen bytes.
pub fn from_bytes(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(octets).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(from_bytes(&to_bytes(address)), Some(address));
        }
        for length in [0, 3, 5, 15, 17] {
            assert_eq!(from_bytes(&vec![1; length]), None);
        }
    }
}
