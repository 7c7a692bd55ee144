//! `front_router.p4` by hand, as far as it is about IPv4 without VLAN tags.

use super::parse::{self, Arp, Frame, Ipv4, ParserError, decrement_ttl, mac_at, put_mac};
use crate::front_router::*;
use dpr_runtime::{
    Counters, Entity, ExactTable, Ingress, LpmTable, Packet, Pipeline, ProgramInfo, Query,
    TableSchema, Update, Verdict as Fate, Worker, WriteError,
};

/// The egress port of v1model that drops.
const DROP_PORT: u16 = 511;

/// The pipeline of `front_router.p4`, by hand.
pub struct FrontRouter {
    ports: ExactTable<1, 2>,
    gateways: ExactTable<1, 1>,
    routes: LpmTable<1, 3>,
    members: ExactTable<1, 3>,
    outcomes: Counters,
    drops: Counters,
    sprayed_to: Counters,
}

impl Default for FrontRouter {
    fn default() -> Self {
        FrontRouter::new()
    }
}

impl FrontRouter {
    /// A pipeline with empty tables.
    pub fn new() -> Self {
        FrontRouter {
            ports: ExactTable::new(schema(ports::ID)),
            gateways: ExactTable::new(schema(gateways::ID)),
            routes: LpmTable::new(schema(routes::ID)),
            members: ExactTable::new(schema(members::ID)),
            outcomes: Counters::new(outcomes::SIZE),
            drops: Counters::new(drops::SIZE),
            sprayed_to: Counters::new(sprayed_to::SIZE),
        }
    }

    #[inline]
    fn forward(
        &self,
        worker: &mut Worker,
        ingress: Ingress,
        packet: &mut Packet,
    ) -> Result<(Outcome, u16), DropReason> {
        let frame = parse::parse(packet.bytes()).map_err(|ParserError| DropReason::ParserError)?;
        if let Frame::Ipv4(Ipv4 {
            has_good_checksum: false,
            ..
        }) = frame
        {
            return Err(DropReason::BadChecksum);
        }
        let ingress_port = ingress.port & 0x1ff;
        let port = self.ports.lookup(&[ingress_port.into()]);
        if !port.hit {
            return Err(DropReason::UnknownPort);
        }
        let [mac, outside] = port.words;
        let (port_mac, is_outside) = (mac >> 16, outside & 1 == 1);
        match frame {
            Frame::Arp(arp) => self.answer_arp(&arp, ingress_port, port_mac, packet),
            Frame::Ipv4(ipv4) if mac_at(packet.bytes(), 0) == port_mac => {
                self.route(worker, &ipv4, is_outside, packet)
            }
            Frame::Ipv4(_) | Frame::Other => Err(DropReason::NotToMe),
        }
    }

    fn answer_arp(
        &self,
        arp: &Arp,
        port: u16,
        port_mac: u64,
        packet: &mut Packet,
    ) -> Result<(Outcome, u16), DropReason> {
        let key = u64::from(port) | u64::from(arp.target_address) << 9;
        if arp.operation != ARP_REQUEST || !self.gateways.lookup(&[key]).hit {
            return Err(DropReason::NotToMe);
        }
        let bytes = packet.bytes_mut();
        let Some((ethernet, arp_bytes)) = bytes.split_at_mut_checked(parse::ETHERNET) else {
            return Err(DropReason::ParserError);
        };
        ethernet.copy_within(6..12, 0);
        put_mac(ethernet, 6, port_mac);
        arp_bytes[6..8].copy_from_slice(&ARP_REPLY.to_be_bytes());
        arp_bytes.copy_within(8..18, 18);
        put_mac(arp_bytes, 8, port_mac);
        arp_bytes[14..18].copy_from_slice(&arp.target_address.to_be_bytes());
        Ok((Outcome::AnsweredArp, port))
    }

    #[inline]
    fn route(
        &self,
        worker: &mut Worker,
        ipv4: &Ipv4,
        is_outside: bool,
        packet: &mut Packet,
    ) -> Result<(Outcome, u16), DropReason> {
        if ipv4.ttl <= 1 {
            return Err(DropReason::TtlExpired);
        }
        if is_outside && matches!(ipv4.flow.protocol, PROTOCOL_IPIP | PROTOCOL_IPV6) {
            return Err(DropReason::TunnelFromOutside);
        }
        let [word, src_mac, dst_mac] = self.routes.lookup(&[ipv4.flow.dst.into()]).words;
        let (set, last) = ((word >> 16) as u16, word >> 32 & 0xffff);
        let index = match word as u16 {
            0 => {
                send(packet, src_mac, dst_mac);
                return Ok((Outcome::Routed, (word >> 16) as u16 & 0x1ff));
            }
            1 => worker.random(0, last),
            2 => (u64::from(ipv4.flow.hash()) * (last + 1)) >> 32,
            _ => return Err(DropReason::NoRoute),
        };
        let found = self.members.lookup(&[u64::from(set) | index << 16]);
        if !found.hit {
            return Err(DropReason::NoMember);
        }
        let length = packet.len();
        let [word, src_mac, stage_mac] = found.words;
        send(packet, src_mac, stage_mac & !3 | Arrival::Router as u64);
        self.sprayed_to.count(word >> 16 & 0xffff, length);
        Ok((Outcome::Sprayed, (word >> 32) as u16 & 0x1ff))
    }
}

/// Addresses the frame and decrements the TTL.
#[inline]
fn send(packet: &mut Packet, src_mac: u64, dst_mac: u64) {
    let bytes = packet.bytes_mut();
    put_mac(bytes, 0, dst_mac);
    put_mac(bytes, 6, src_mac);
    decrement_ttl(bytes);
}

impl Pipeline for FrontRouter {
    fn program(&self) -> &ProgramInfo {
        &PROGRAM
    }

    fn process(&self, worker: &mut Worker, ingress: Ingress, packet: &mut Packet) -> Fate {
        let length = packet.len();
        match self.forward(worker, ingress, packet) {
            Ok((outcome, port)) => {
                self.outcomes.count(outcome as u64, length);
                if port == DROP_PORT {
                    Fate::Drop
                } else {
                    Fate::Send { port }
                }
            }
            Err(reason) => {
                self.drops.count(reason as u64, length);
                self.outcomes.count(Outcome::Dropped as u64, length);
                Fate::Drop
            }
        }
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        match &update.entity {
            Entity::Table(entry) => match entry.table {
                ports::ID => self.ports.write(update.operation, entry),
                gateways::ID => self.gateways.write(update.operation, entry),
                routes::ID => self.routes.write(update.operation, entry),
                members::ID => self.members.write(update.operation, entry),
                id => Err(WriteError::UnknownId { kind: "table", id }),
            },
            Entity::Counter {
                counter,
                index,
                value,
            } => match *counter {
                outcomes::ID => self.outcomes.modify(update.operation, *index, *value),
                drops::ID => self.drops.modify(update.operation, *index, *value),
                sprayed_to::ID => self.sprayed_to.modify(update.operation, *index, *value),
                id => Err(WriteError::UnknownId {
                    kind: "counter",
                    id,
                }),
            },
            Entity::Register { register: id, .. } => Err(WriteError::UnknownId {
                kind: "register",
                id: *id,
            }),
            _ => Err(WriteError::Unimplemented {
                what: "this entity",
            }),
        }
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        self.ports.answer(query, visit);
        self.gateways.answer(query, visit);
        self.routes.answer(query, visit);
        self.members.answer(query, visit);
        self.outcomes.answer(outcomes::ID, query, visit);
        self.drops.answer(drops::ID, query, visit);
        self.sprayed_to.answer(sprayed_to::ID, query, visit);
    }

    fn clear(&self) {
        self.ports.clear();
        self.gateways.clear();
        self.routes.clear();
        self.members.clear();
        for counters in [&self.outcomes, &self.drops, &self.sprayed_to] {
            counters.clear();
        }
    }
}

/// What the program says of a table.
fn schema(id: u32) -> &'static TableSchema {
    PROGRAM.table(id).expect("the program has the table")
}
