//! Packets to measure with.

use dpr_p4::host_stage::{ETHERTYPE_IPV4, PROTOCOL_TCP};
use dpr_runtime::checksum;

/// A client's connection to the published address.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Client address.
    pub src: u32,
    /// Client port.
    pub src_port: u16,
}

/// The published address and port.
pub const SERVICE: (u32, u16) = (0xc633_6401, 80);

impl Flow {
    /// The flow with this number; different numbers below 2^30 make different flows.
    pub fn numbered(number: u32) -> Self {
        // An odd factor spreads neighbours over all addresses and ports, and stays one to one.
        let spread = number.wrapping_mul(0x9e37_79b1) & 0x3fff_ffff;
        Flow {
            src: 0x0a00_0000 | spread >> 14,
            src_port: 1024 + (spread & 0x3fff) as u16,
        }
    }

    /// A segment of 26 bytes of data, 80 bytes with all headers, that a stage or router with this MAC takes.
    pub fn segment(self, dst_mac: u64) -> [u8; 80] {
        let mut bytes = [0; 80];
        bytes[0..6].copy_from_slice(&dst_mac.to_be_bytes()[2..]);
        bytes[6..12].copy_from_slice(&[0x02, 0, 0, 0, 0xff, 1]);
        bytes[12..14].copy_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
        bytes[14..24].copy_from_slice(&[0x45, 0, 0, 66, 0, 0, 0x40, 0, 64, PROTOCOL_TCP]);
        bytes[26..30].copy_from_slice(&self.src.to_be_bytes());
        bytes[30..34].copy_from_slice(&SERVICE.0.to_be_bytes());
        bytes[34..36].copy_from_slice(&self.src_port.to_be_bytes());
        bytes[36..38].copy_from_slice(&SERVICE.1.to_be_bytes());
        // Data offset 5; ACK and PSH.
        bytes[46..48].copy_from_slice(&[0x50, 0x18]);
        let sum = checksum::internet(&bytes[14..34]);
        bytes[24..26].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn flows_differ() {
        let flows: HashSet<_> = (0..200_000)
            .map(Flow::numbered)
            .map(|flow| (flow.src, flow.src_port))
            .collect();
        assert_eq!(flows.len(), 200_000);
    }
}
