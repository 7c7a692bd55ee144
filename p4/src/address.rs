//! Addresses as the programs keep them: 128 bits, with IPv4 ones as IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// As the tables have it.
pub fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// What a table's bits mean.
pub fn from_bits(bits: u128) -> IpAddr {
    Ipv6Addr::from_bits(bits).to_canonical()
}

/// An IPv4 address as the tables that know both families have it.
pub const fn mapped(address: u32) -> u128 {
    0xffff << 32 | address as u128
}

/// The IPv4 address, if it is one.
pub fn ipv4(bits: u128) -> Option<u32> {
    match from_bits(bits) {
        IpAddr::V4(address) => Some(Ipv4Addr::to_bits(address)),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_fit() {
        for text in ["192.0.2.1", "2001:db8::1", "::"] {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(from_bits(to_bits(address)), address);
        }
        assert_eq!(
            to_bits(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            mapped(0xc000_0201)
        );
        assert_eq!(ipv4(mapped(7)), Some(7));
        assert_eq!(ipv4(1), None);
    }
}
