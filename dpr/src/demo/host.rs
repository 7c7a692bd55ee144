//! A host: its network stack with a web server that listens at the published address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustc_hash::FxHashMap;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::tcp;
use smoltcp::time::Duration;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    EthernetRepr, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet, Ipv6Repr, NdiscRepr,
};

use super::http::Server;
use super::net::{Endpoint, Frame, Segment, Timeline};
use super::stack::{Connection, Stack};

const RECEIVE_BUFFER: usize = 4 << 10;
const SEND_BUFFER: usize = 32 << 10;
/// From the last acknowledgement to the FIN. smoltcp takes late duplicates of that acknowledgement for a reason to repeat data; when
/// a FIN is all that is on its way, and it is lost, nothing repeats it any more.
const QUIET_US: u64 = 30_000;
/// A peer that has not been heard of for so long while it should is gone.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Who a host is.
#[derive(Clone, Debug)]
pub struct HostAddresses {
    /// Its card's.
    pub mac: EthernetAddress,
    /// Its own IPv4 address.
    pub own: Ipv4Addr,
    /// All its addresses, with the lengths of their prefixes.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Where its web server listens.
    pub serves: Vec<Endpoint>,
    /// The front router's addresses in the LAN, one of a family.
    pub gateways: Vec<IpAddr>,
}

struct Served {
    client: Endpoint,
    connection: Connection,
    server: Server,
    deadline_us: Option<u64>,
    /// When it is closed, once all is sent and acknowledged.
    closes_us: Option<u64>,
}

/// A host that serves connections.
pub struct Host {
    addresses: HostAddresses,
    stack: Stack,
    served: Vec<Option<Served>>,
    free: Vec<usize>,
    by_client: FxHashMap<Endpoint, usize>,
    deadlines: Timeline<usize>,
}

impl Host {
    /// A host that starts now.
    pub fn new(addresses: HostAddresses, seed: u64, now_us: u64) -> Self {
        let (own, gateways) = (&addresses.addresses, &addresses.gateways);
        Self {
            stack: Stack::new(addresses.mac, own, gateways, seed, now_us),
            addresses,
            served: Vec::new(),
            free: Vec::new(),
            by_client: FxHashMap::default(),
            deadlines: Timeline::default(),
        }
    }

    /// Takes a frame from the host's link. `segment` is the TCP segment in it, if there is one.
    pub fn receive(&mut self, now_us: u64, frame: Frame, segment: Option<&Segment>) {
        let slot = segment
            .filter(|segment| self.addresses.serves.contains(&segment.dst))
            .and_then(|segment| self.slot_for(segment));
        let Some(slot) = slot else {
            self.stack.receive(now_us, frame, None);
            return;
        };
        if let Some(served) = &mut self.served[slot] {
            self.stack
                .receive(now_us, frame, Some(&mut served.connection));
        }
        self.serve(now_us, slot);
    }

    /// Does what is due.
    pub fn poll(&mut self, now_us: u64) {
        while let Some((at_us, slot)) = self.deadlines.pop_due(now_us) {
            if self.served[slot]
                .as_ref()
                .is_some_and(|served| served.deadline_us == Some(at_us))
            {
                self.serve(now_us, slot);
            }
        }
    }

    /// When [`Host::poll`] has something to do.
    pub fn next_us(&self) -> Option<u64> {
        self.deadlines.next_us()
    }

    /// What the host has sent since it was last asked.
    pub fn take_sent(&mut self) -> Vec<Frame> {
        self.stack.take_sent()
    }

    /// Its gateways' addresses.
    pub fn gateways(&self) -> &[IpAddr] {
        &self.addresses.gateways
    }

    /// A request for a neighbour's MAC, as a host sends it that starts: by ARP, or by a neighbor solicitation (RFC 4861).
    pub fn ask_for(&self, neighbour: IpAddr) -> Frame {
        match neighbour {
            IpAddr::V4(neighbour) => self.ask_by_arp(neighbour),
            IpAddr::V6(neighbour) => self.ask_by_ndp(neighbour),
        }
    }

    fn ask_by_arp(&self, neighbour: Ipv4Addr) -> Frame {
        let arp = ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Request,
            source_hardware_addr: self.addresses.mac,
            source_protocol_addr: self.addresses.own,
            target_hardware_addr: EthernetAddress([0; 6]),
            target_protocol_addr: neighbour,
        };
        let ethernet = EthernetRepr {
            src_addr: self.addresses.mac,
            dst_addr: EthernetAddress::BROADCAST,
            ethertype: EthernetProtocol::Arp,
        };
        let mut frame = vec![0; EthernetFrame::<&[u8]>::header_len() + arp.buffer_len()];
        let mut view = EthernetFrame::new_unchecked(&mut frame);
        ethernet.emit(&mut view);
        arp.emit(&mut ArpPacket::new_unchecked(view.payload_mut()));
        frame
    }

    fn ask_by_ndp(&self, neighbour: Ipv6Addr) -> Frame {
        let checksums = ChecksumCapabilities::default();
        let mut addresses = self.addresses.addresses.iter();
        let own = addresses.find_map(|(address, _)| match address {
            IpAddr::V6(address) => Some(*address),
            IpAddr::V4(_) => None,
        });
        let own = own.unwrap_or(Ipv6Addr::UNSPECIFIED);
        let icmp = Icmpv6Repr::Ndisc(NdiscRepr::NeighborSolicit {
            target_addr: neighbour,
            lladdr: Some(self.addresses.mac.into()),
        });
        // Its solicited-node address, and that one's MAC (RFC 4291, RFC 2464).
        let [.., a, b, c] = neighbour.octets();
        let low = |a: u8, b: u8| u16::from(a) << 8 | u16::from(b);
        let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, low(0xff, a), low(b, c));
        let ip = Ipv6Repr {
            src_addr: own,
            dst_addr: to,
            next_header: IpProtocol::Icmpv6,
            payload_len: icmp.buffer_len(),
            hop_limit: 255,
        };
        let ethernet = EthernetRepr {
            src_addr: self.addresses.mac,
            dst_addr: EthernetAddress([0x33, 0x33, 0xff, a, b, c]),
            ethertype: EthernetProtocol::Ipv6,
        };
        let length = EthernetFrame::<&[u8]>::header_len() + ip.buffer_len() + icmp.buffer_len();
        let mut frame = vec![0; length];
        let mut view = EthernetFrame::new_unchecked(&mut frame);
        ethernet.emit(&mut view);
        let mut packet = Ipv6Packet::new_unchecked(view.payload_mut());
        ip.emit(&mut packet);
        let mut message = Icmpv6Packet::new_unchecked(packet.payload_mut());
        icmp.emit(&own, &to, &mut message, &checksums);
        frame
    }

    /// The connection that a segment belongs to. A SYN of a new one finds a listening socket, made for it: the backlog is never full.
    fn slot_for(&mut self, segment: &Segment) -> Option<usize> {
        if let Some(&slot) = self.by_client.get(&segment.src) {
            return Some(slot);
        }
        if !segment.opens() {
            return None;
        }
        let mut connection = Connection::new(RECEIVE_BUFFER, SEND_BUFFER);
        let socket = connection.socket();
        socket.set_timeout(Some(GIVE_UP));
        socket.set_nagle_enabled(false);
        socket.listen(segment.dst.1).ok()?;
        let served = Served {
            client: segment.src,
            connection,
            server: Server::default(),
            deadline_us: None,
            closes_us: None,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.served[slot] = Some(served);
                slot
            }
            None => {
                self.served.push(Some(served));
                self.served.len() - 1
            }
        };
        self.by_client.insert(segment.src, slot);
        Some(slot)
    }

    /// Moves bytes between the connection and the web server, sends, and notes when to look again.
    fn serve(&mut self, now_us: u64, slot: usize) {
        let Some(served) = &mut self.served[slot] else {
            return;
        };
        let Served {
            connection,
            server,
            deadline_us,
            closes_us,
            client,
        } = served;
        let mut next_us;
        loop {
            let socket = connection.socket();
            while socket.can_recv() {
                let received = socket.recv(|bytes| {
                    server.receive(bytes);
                    (bytes.len(), ())
                });
                if received.is_err() {
                    break;
                }
            }
            while server.has_output() && socket.can_send() {
                if socket.send(|space| (server.transmit(space), ())).is_err() {
                    break;
                }
            }
            let has_no_more = server.is_done()
                || (socket.state() == tcp::State::CloseWait && !server.has_output());
            if has_no_more
                && socket.send_queue() == 0
                && now_us >= *closes_us.get_or_insert(now_us + QUIET_US)
            {
                socket.close();
            }
            let queued = socket.send_queue();
            let close_us = closes_us.filter(|closes_us| *closes_us > now_us);
            next_us = [self.stack.transmit(now_us, connection), close_us]
                .into_iter()
                .flatten()
                .min();
            // Sending may have made room (nothing of it was acknowledged, so rarely); then there may be more to write.
            if !(server.has_output()
                && connection.socket().can_send()
                && connection.socket().send_queue() < queued)
            {
                break;
            }
        }
        if matches!(
            connection.socket().state(),
            tcp::State::Closed | tcp::State::Listen
        ) {
            self.by_client.remove(client);
            self.served[slot] = None;
            self.free.push(slot);
            return;
        }
        if next_us != *deadline_us {
            *deadline_us = next_us;
            if let Some(next_us) = next_us {
                self.deadlines.push(next_us, slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use smoltcp::wire::{Icmpv4Message, Icmpv4Packet, Icmpv4Repr, Ipv4Packet, Ipv4Repr};

    use super::*;
    use crate::demo::net::mac;
    use crate::demo::topology::{Topology, host_mac};

    const PUBLISHED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    fn address(host: u16) -> Ipv4Addr {
        Topology::default().address(host)
    }

    fn host(number: u16) -> Host {
        Host::new(Topology::default().host_addresses(number, 2), 1, 0)
    }

    /// An echo request of host 2's.
    fn echo_request(to: Ipv4Addr) -> Frame {
        let checksums = ChecksumCapabilities::default();
        let echo = Icmpv4Repr::EchoRequest {
            ident: 1,
            seq_no: 2,
            data: &[7; 12],
        };
        let ip = Ipv4Repr {
            src_addr: address(2),
            dst_addr: to,
            next_header: IpProtocol::Icmp,
            payload_len: echo.buffer_len(),
            hop_limit: 64,
        };
        let ethernet = EthernetRepr {
            src_addr: mac(host_mac(2)),
            dst_addr: mac(host_mac(1)),
            ethertype: EthernetProtocol::Ipv4,
        };
        let mut frame = vec![0; 14 + ip.buffer_len() + echo.buffer_len()];
        let mut view = EthernetFrame::new_unchecked(&mut frame);
        ethernet.emit(&mut view);
        let mut packet = Ipv4Packet::new_unchecked(view.payload_mut());
        ip.emit(&mut packet, &checksums);
        echo.emit(
            &mut Icmpv4Packet::new_unchecked(packet.payload_mut()),
            &checksums,
        );
        frame
    }

    #[test]
    fn a_host_answers_echo_requests_to_both_its_addresses() {
        let (mut host, neighbour) = (host(1), host(2));
        host.receive(0, neighbour.ask_for(address(1).into()), None);
        assert_eq!(host.take_sent().len(), 1, "the answer to the ARP request");
        for asked in [address(1), PUBLISHED] {
            host.receive(0, echo_request(asked), None);
            let sent = host.take_sent();
            let frame =
                EthernetFrame::new_checked(sent.first().expect("an answer")).expect("a frame");
            let packet = Ipv4Packet::new_checked(frame.payload()).expect("a packet");
            assert_eq!((packet.src_addr(), packet.dst_addr()), (asked, address(2)));
            let echo = Icmpv4Packet::new_checked(packet.payload()).expect("an ICMP message");
            assert_eq!(echo.msg_type(), Icmpv4Message::EchoReply);
        }
    }
}
