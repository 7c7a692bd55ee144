//! `host_stage.p4` by hand, as far as it is about IPv4 without VLAN tags, tunnels, fragments, ICMP errors and `nat`, to hosts
//! that are reached by `mac`: the least that serves a LAN.

use super::parse::{
    self, Flow, Frame, Ipv4, ParserError, decrement_ttl, mac_at, put_mac, u16_at, u32_at,
};
use crate::host_stage::*;
use dpr_runtime::{
    Counters, Entity, ExactTable, Ingress, Packet, Pipeline, ProgramInfo, Query, Registers,
    TableSchema, TernaryTable, Update, Verdict as Fate, Worker, WriteError,
};

/// The pipeline of `host_stage.p4`, by hand.
pub struct HostStage {
    services: TernaryTable<3, 2>,
    flow_state: ExactTable<2, 1>,
    buckets: ExactTable<1, 1>,
    hosts: ExactTable<1, 4>,
    identity: ExactTable<0, 10>,
    outcomes: Counters,
    drops: Counters,
    probes: Counters,
    rerouted_to: Counters,
    recent: Registers,
}

impl Default for HostStage {
    fn default() -> Self {
        HostStage::new()
    }
}

/// Who a stage is.
struct Identity {
    host: u16,
    host_mac: u64,
    stage_mac: u64,
    address: u32,
}

/// What becomes of a packet.
enum Decision {
    Deliver(Outcome),
    Reroute {
        host: u16,
        arrival: Arrival,
        outcome: Outcome,
    },
    Drop(DropReason),
}

impl HostStage {
    /// A pipeline with empty tables.
    pub fn new() -> Self {
        HostStage {
            services: TernaryTable::new(schema(services::ID)),
            flow_state: ExactTable::new(schema(flow_state::ID)),
            buckets: ExactTable::new(schema(buckets::ID)),
            hosts: ExactTable::new(schema(hosts::ID)),
            identity: ExactTable::new(schema(identity::ID)),
            outcomes: Counters::new(outcomes::SIZE),
            drops: Counters::new(drops::SIZE),
            probes: Counters::new(probes::SIZE),
            rerouted_to: Counters::new(rerouted_to::SIZE),
            recent: Registers::new(recent::SIZE, 64),
        }
    }

    #[inline]
    fn identity(&self) -> Identity {
        let words = self.identity.lookup(&[]).words;
        if words[0] as u16 != 0 {
            return Identity {
                host: 0,
                host_mac: 0,
                stage_mac: 0,
                address: 0,
            };
        }
        Identity {
            host: (words[0] >> 16) as u16,
            host_mac: words[1],
            stage_mac: words[2],
            address: words[4] as u32,
        }
    }

    #[inline]
    fn decide(&self, identity: &Identity, ingress: Ingress, bytes: &[u8]) -> Decision {
        let frame = match parse::parse(bytes) {
            Ok(frame) => frame,
            Err(ParserError) => return Decision::Drop(DropReason::ParserError),
        };
        let mut probe = None;
        if let Frame::Ipv4(ipv4) = &frame {
            if is_probe(ipv4) {
                probe = bytes
                    .get(ipv4.layer_4 + 8..)
                    .and_then(|rest| rest.first_chunk::<12>());
                if probe.is_none() {
                    return Decision::Drop(DropReason::ParserError);
                }
            }
            if !ipv4.has_good_checksum {
                return Decision::Drop(DropReason::BadChecksum);
            }
        }
        match ingress.port & 0x1ff {
            PORT_HOST => return Decision::Deliver(Outcome::FromHost),
            PORT_NETWORK => {}
            _ => return Decision::Drop(DropReason::UnknownPort),
        }
        let to = mac_at(bytes, 0);
        let is_to_group = to >> 40 & 1 == 1;
        if !is_to_group && to >> 2 != identity.stage_mac >> 2 && to != identity.host_mac {
            return Decision::Drop(DropReason::NotToMe);
        }
        match frame {
            Frame::Other => Decision::Deliver(Outcome::OwnTraffic),
            Frame::Arp(arp) => {
                let is_for_another = arp.target_address != identity.address
                    && arp.target_address != arp.sender_address;
                if arp.operation == ARP_REQUEST && is_for_another {
                    Decision::Drop(DropReason::ArpForAnother)
                } else {
                    Decision::Deliver(Outcome::OwnTraffic)
                }
            }
            Frame::Ipv4(_) if is_to_group => Decision::Deliver(Outcome::OwnTraffic),
            Frame::Ipv4(ipv4) => match probe {
                Some(probe) if ipv4.flow.dst == identity.address => {
                    if u32_at(probe, 0) == PROBE_MAGIC {
                        self.probes.count(u16_at(probe, 4).into(), bytes.len());
                    }
                    Decision::Deliver(Outcome::OwnTraffic)
                }
                _ => self.decide_service(identity, ingress, to, &ipv4),
            },
        }
    }

    /// The decision rule.
    #[inline]
    fn decide_service(
        &self,
        identity: &Identity,
        ingress: Ingress,
        to: u64,
        ipv4: &Ipv4,
    ) -> Decision {
        let flow = &ipv4.flow;
        let key = [
            0xffff << 32 | u64::from(flow.dst),
            0,
            u64::from(flow.protocol) | u64::from(flow.dst_port) << 8,
        ];
        let is_own = flow.dst == identity.address;
        let service = self.services.lookup(&key).words[0];
        let (map, mask) = match service as u16 {
            0 => ((service >> 16) as u16, (service >> 32) as u16),
            _ if is_own => return Decision::Deliver(Outcome::OwnTraffic),
            2 => return Decision::Deliver(Outcome::AnsweredHere),
            _ => return Decision::Drop(DropReason::NoService),
        };
        let hash = flow.hash();
        let by_client = service >> 48 & 3 == Affinity::Client as u64;
        let arrival = if to >> 2 == identity.stage_mac >> 2 {
            to & 3
        } else {
            Arrival::Router as u64
        };
        let decision = if arrival == Arrival::Final as u64 {
            Decision::Deliver(Outcome::ServedFinal)
        } else {
            let low = u64::from(flow.src) | u64::from(flow.dst) << 32;
            let high = u64::from(flow.protocol)
                | u64::from(flow.src_port) << 8
                | u64::from(flow.dst_port) << 24;
            let state = self.flow_state.lookup(&[low, high]);
            let server = (state.words[0] >> 16) as u16;
            match state.hit {
                true if server == identity.host => Decision::Deliver(Outcome::ServedByState),
                true => Decision::Reroute {
                    host: server,
                    arrival: Arrival::Final,
                    outcome: Outcome::ReroutedByState,
                },
                false => {
                    let bucket_hash = if by_client { flow.client_hash() } else { hash };
                    let bucket = bucket_hash as u16 & mask;
                    self.decide_by_bucket(identity, ingress, arrival, map, bucket, hash, flow)
                }
            }
        };
        let counts_as_syn = match (&decision, ipv4.tcp_flags) {
            (Decision::Deliver(_), Some(flags)) => {
                flags & (TCP_FLAG_SYN | TCP_FLAG_ACK) == TCP_FLAG_SYN
            }
            (Decision::Deliver(Outcome::ServedByChain | Outcome::ServedAsOwner), None) => {
                ipv4.icmp_type.is_none()
            }
            _ => false,
        };
        if counts_as_syn {
            self.recent.write(
                slot(hash),
                u64::from(flow.fingerprint() | 1) << 32 | u64::from(ticks(ingress)),
            );
        }
        decision
    }

    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn decide_by_bucket(
        &self,
        identity: &Identity,
        ingress: Ingress,
        arrival: u64,
        map: u16,
        bucket: u16,
        hash: u32,
        flow: &Flow,
    ) -> Decision {
        let found = self
            .buckets
            .lookup(&[u64::from(map) | u64::from(bucket) << 16]);
        if !found.hit {
            return Decision::Drop(DropReason::NoBucket);
        }
        let [words] = found.words;
        let (owner, previous, accept) = (
            (words >> 16) as u16,
            (words >> 32) as u16,
            words >> 48 & 1 == 1,
        );
        if arrival == Arrival::Chain as u64 {
            let cell = self.recent.read(slot(hash));
            let is_recent = (cell >> 32) as u32 == flow.fingerprint() | 1
                && ticks(ingress).wrapping_sub(cell as u32) < RECENT_TTL;
            if is_recent || owner == identity.host {
                Decision::Deliver(Outcome::ServedByChain)
            } else {
                Decision::Reroute {
                    host: owner,
                    arrival: Arrival::Final,
                    outcome: Outcome::ReroutedByChain,
                }
            }
        } else if owner != identity.host && !(arrival == Arrival::Peer as u64 && accept) {
            Decision::Reroute {
                host: owner,
                arrival: Arrival::Peer,
                outcome: Outcome::ReroutedToOwner,
            }
        } else if previous != NO_HOST {
            Decision::Reroute {
                host: previous,
                arrival: Arrival::Chain,
                outcome: Outcome::ReroutedToPrevious,
            }
        } else {
            Decision::Deliver(Outcome::ServedAsOwner)
        }
    }

    fn drop(&self, reason: DropReason, length: usize) -> Fate {
        self.drops.count(reason as u64, length);
        self.outcomes.count(Outcome::Dropped as u64, length);
        Fate::Drop
    }

    #[inline]
    fn reroute(
        &self,
        identity: &Identity,
        host: u16,
        arrival: Arrival,
        outcome: Outcome,
        packet: &mut Packet,
    ) -> Fate {
        let length = packet.len();
        let bytes = packet.bytes_mut();
        if bytes[parse::ETHERNET + 8] <= 1 {
            return self.drop(DropReason::TtlExpired, length);
        }
        let found = self.hosts.lookup(&[host.into()]);
        if !found.hit {
            return self.drop(DropReason::UnknownHost, length);
        }
        let stage_mac = found.words[0] >> 16;
        put_mac(bytes, 0, stage_mac & !3 | arrival as u64);
        put_mac(bytes, 6, identity.stage_mac);
        decrement_ttl(bytes);
        self.rerouted_to.count(host.into(), length);
        self.outcomes.count(outcome as u64, length);
        Fate::Send { port: PORT_NETWORK }
    }
}

/// Whether the parser takes a probe after the ICMP header.
fn is_probe(ipv4: &Ipv4) -> bool {
    ipv4.icmp_type == Some(ICMP_ECHO_REQUEST) && ipv4.total_length == PROBE_IPV4_LENGTH
}

fn slot(hash: u32) -> u64 {
    (hash >> 15).into()
}

fn ticks(ingress: Ingress) -> u32 {
    ((ingress.now_us & 0xffff_ffff_ffff) >> 10) as u32
}

impl Pipeline for HostStage {
    fn program(&self) -> &ProgramInfo {
        &PROGRAM
    }

    fn process(&self, _worker: &mut Worker, ingress: Ingress, packet: &mut Packet) -> Fate {
        let identity = self.identity();
        let length = packet.len();
        match self.decide(&identity, ingress, packet.bytes()) {
            Decision::Drop(reason) => self.drop(reason, length),
            Decision::Reroute {
                host,
                arrival,
                outcome,
            } => self.reroute(&identity, host, arrival, outcome, packet),
            Decision::Deliver(outcome) => {
                self.outcomes.count(outcome as u64, length);
                if outcome == Outcome::FromHost {
                    return Fate::Send { port: PORT_NETWORK };
                }
                let bytes = packet.bytes_mut();
                if mac_at(bytes, 0) >> 2 == identity.stage_mac >> 2 {
                    put_mac(bytes, 0, identity.host_mac);
                }
                Fate::Send { port: PORT_HOST }
            }
        }
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        match &update.entity {
            Entity::Table(entry) => match entry.table {
                services::ID => self.services.write(update.operation, entry),
                flow_state::ID => self.flow_state.write(update.operation, entry),
                buckets::ID => self.buckets.write(update.operation, entry),
                hosts::ID => self.hosts.write(update.operation, entry),
                identity::ID => self.identity.write(update.operation, entry),
                id => Err(WriteError::UnknownId { kind: "table", id }),
            },
            Entity::Counter {
                counter,
                index,
                value,
            } => match *counter {
                outcomes::ID => self.outcomes.modify(update.operation, *index, *value),
                drops::ID => self.drops.modify(update.operation, *index, *value),
                probes::ID => self.probes.modify(update.operation, *index, *value),
                rerouted_to::ID => self.rerouted_to.modify(update.operation, *index, *value),
                id => Err(WriteError::UnknownId {
                    kind: "counter",
                    id,
                }),
            },
            Entity::Register {
                register,
                index,
                value,
            } => match *register {
                recent::ID => self.recent.modify(update.operation, *index, value),
                id => Err(WriteError::UnknownId {
                    kind: "register",
                    id,
                }),
            },
            _ => Err(WriteError::Unimplemented {
                what: "this entity",
            }),
        }
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        self.services.answer(query, visit);
        self.flow_state.answer(query, visit);
        self.buckets.answer(query, visit);
        self.hosts.answer(query, visit);
        self.identity.answer(query, visit);
        self.outcomes.answer(outcomes::ID, query, visit);
        self.drops.answer(drops::ID, query, visit);
        self.probes.answer(probes::ID, query, visit);
        self.rerouted_to.answer(rerouted_to::ID, query, visit);
        self.recent.answer(recent::ID, query, visit);
    }

    fn clear(&self) {
        self.services.clear();
        self.flow_state.clear();
        self.buckets.clear();
        self.hosts.clear();
        self.identity.clear();
        for counters in [&self.outcomes, &self.drops, &self.probes, &self.rerouted_to] {
            counters.clear();
        }
        self.recent.clear();
    }
}

/// What the program says of a table.
fn schema(id: u32) -> &'static TableSchema {
    PROGRAM.table(id).expect("the program has the table")
}
