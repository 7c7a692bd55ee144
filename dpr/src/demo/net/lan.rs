//! A switch that learns which MAC is behind which port from the frames that come in (IEEE 802.1D), without aging.

use rustc_hash::FxHashMap;
use smoltcp::wire::EthernetAddress;

use super::frame;

/// Where a frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By one port.
    Port(usize),
    /// By all ports but the one it came in by.
    Flood,
    /// Nowhere: it is not a frame, or its addressee is behind the port it came in by.
    Nowhere,
}

/// The group's LAN.
#[derive(Default)]
pub struct Lan {
    learned: FxHashMap<EthernetAddress, usize>,
}

impl Lan {
    /// Learns from a frame that came in, and says where it goes.
    pub fn forward(&mut self, port: usize, frame: &[u8]) -> Exit {
        let Some((to, from)) = frame::addresses(frame) else {
            return Exit::Nowhere;
        };
        if from.is_unicast() {
            self.learned.insert(from, port);
        }
        if !to.is_unicast() {
            return Exit::Flood;
        }
        match self.learned.get(&to) {
            Some(&known) if known == port => Exit::Nowhere,
            Some(&known) => Exit::Port(known),
            None => Exit::Flood,
        }
    }

    /// Forgets what is behind a port whose link went down.
    pub fn forget(&mut self, port: usize) {
        self.learned.retain(|_, known| *known != port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(to: u64, from: u64) -> Vec<u8> {
        let mut bytes = vec![0; 60];
        bytes[..6].copy_from_slice(&frame::mac(to).0);
        bytes[6..12].copy_from_slice(&frame::mac(from).0);
        bytes
    }

    const A: u64 = 0x0200_0000_000a;
    const B: u64 = 0x0200_0000_000b;

    #[test]
    fn floods_until_it_has_heard_from_the_addressee() {
        let mut lan = Lan::default();
        assert_eq!(lan.forward(0, &frame(B, A)), Exit::Flood);
        assert_eq!(lan.forward(1, &frame(A, B)), Exit::Port(0));
        assert_eq!(lan.forward(0, &frame(B, A)), Exit::Port(1));
        lan.forget(1);
        assert_eq!(lan.forward(0, &frame(B, A)), Exit::Flood);
    }

    #[test]
    fn follows_a_mac_that_moves_and_never_sends_back() {
        let mut lan = Lan::default();
        lan.forward(0, &frame(B, A));
        lan.forward(2, &frame(B, A));
        assert_eq!(lan.forward(1, &frame(A, B)), Exit::Port(2));
        assert_eq!(lan.forward(2, &frame(A, B)), Exit::Nowhere);
    }

    #[test]
    fn broadcasts_flood_and_runts_do_not() {
        let mut lan = Lan::default();
        assert_eq!(lan.forward(0, &frame(0xffff_ffff_ffff, A)), Exit::Flood);
        assert_eq!(lan.forward(0, &[0; 13]), Exit::Nowhere);
    }
}
