//! Probes of the other hosts' data paths: an echo request through the peer's stage to the peer's own address, answered by the
//! peer's own network stack.

use std::collections::{BTreeMap, VecDeque};

use dpr_p4::host_stage::PROBE_MAGIC;
use dpr_p4::host_stage::headers::Probe;
use dpr_protocol::shim::v1 as wire;

use crate::wire::{Addresses, probe_request};

/// Every so many rounds all peers are reported.
const FULL_REPORT_ROUNDS: u64 = 10;

/// Who probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prober {
    pub host: u16,
    pub mac: u64,
    pub address: u32,
}

#[derive(Debug)]
struct Peer {
    address: u32,
    stage_mac: u64,
    /// Of the last probe.
    sequence: u32,
    /// Probes without an answer yet, and when they were sent.
    outstanding: VecDeque<(u32, u64)>,
    missed_in_a_row: u32,
    answered: u64,
    round_trip_us: u64,
    is_known: bool,
    is_to_report: bool,
}

/// The probes of one host.
#[derive(Debug)]
pub(crate) struct Probes {
    prober: Prober,
    peers: BTreeMap<u16, Peer>,
    interval_us: u64,
    timeout_us: u64,
    next_round_us: Option<u64>,
    /// No probe without an answer was sent before this. Answers do not move it: it is found again when it is due.
    oldest_us: Option<u64>,
    rounds: u64,
    /// Something changed that the controller waits for.
    is_urgent: bool,
}

impl Probes {
    pub(crate) fn new(prober: Prober) -> Self {
        Probes {
            prober,
            peers: BTreeMap::new(),
            interval_us: 0,
            timeout_us: 0,
            next_round_us: None,
            oldest_us: None,
            rounds: 0,
            is_urgent: false,
        }
    }

    /// Takes a new list. A peer that was on the last one with the same addresses keeps its count.
    pub(crate) fn set_peers(&mut self, now_us: u64, peers: &wire::Peers) {
        let mut former = std::mem::take(&mut self.peers);
        for peer in &peers.peers {
            let Ok(host) = u16::try_from(peer.host) else {
                continue;
            };
            if host == self.prober.host {
                continue;
            }
            let known = former
                .remove(&host)
                .filter(|known| known.address == peer.address && known.stage_mac == peer.stage_mac);
            let known = known.unwrap_or_else(|| Peer {
                address: peer.address,
                stage_mac: peer.stage_mac,
                sequence: 0,
                outstanding: VecDeque::new(),
                missed_in_a_row: 0,
                answered: 0,
                round_trip_us: 0,
                is_known: false,
                is_to_report: false,
            });
            self.peers.insert(
                host,
                Peer {
                    is_to_report: known.is_known,
                    ..known
                },
            );
        }
        self.interval_us = peers.probe_interval_ms.clamp(1, 86_400_000) * 1_000;
        self.timeout_us = peers.probe_timeout_ms.clamp(1, 86_400_000) * 1_000;
        let round_us = self
            .next_round_us
            .unwrap_or(now_us)
            .min(now_us + self.interval_us);
        self.next_round_us = (!self.peers.is_empty()).then_some(round_us);
        self.find_oldest();
    }

    pub(crate) fn handle_reply(&mut self, now_us: u64, reply: &Probe) {
        if reply.prober != self.prober.host {
            return;
        }
        let Some(peer) = self.peers.get_mut(&reply.target) else {
            return;
        };
        let Some(position) = peer
            .outstanding
            .iter()
            .position(|(sequence, _)| *sequence == reply.sequence)
        else {
            return;
        };
        // Answers do not overtake one another by much: what was sent before is not waited for.
        let sent_us = peer
            .outstanding
            .drain(..=position)
            .next_back()
            .map_or(now_us, |(_, sent_us)| sent_us);
        peer.round_trip_us = now_us.saturating_sub(sent_us);
        peer.answered += 1;
        peer.is_to_report |= !peer.is_known || peer.missed_in_a_row > 0;
        self.is_urgent |= peer.missed_in_a_row > 0;
        peer.is_known = true;
        peer.missed_in_a_row = 0;
    }

    fn find_oldest(&mut self) {
        let waiting = self
            .peers
            .values()
            .filter_map(|peer| peer.outstanding.front());
        self.oldest_us = waiting.map(|(_, sent_us)| *sent_us).min();
    }

    /// When there is something to do at the earliest; it is asked after every frame, and does not look at the peers.
    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        let missed_us = self.oldest_us.map(|sent_us| sent_us + self.timeout_us);
        missed_us.into_iter().chain(self.next_round_us).min()
    }

    pub(crate) fn handle_timeout(&mut self, now_us: u64, frames: &mut VecDeque<Vec<u8>>) {
        if self.poll_timeout().is_none_or(|due_us| due_us > now_us) {
            return;
        }
        for peer in self.peers.values_mut() {
            while peer
                .outstanding
                .front()
                .is_some_and(|(_, sent_us)| sent_us + self.timeout_us <= now_us)
            {
                peer.outstanding.pop_front();
                peer.missed_in_a_row = peer.missed_in_a_row.saturating_add(1);
                peer.is_known = true;
                peer.is_to_report = true;
                self.is_urgent = true;
            }
        }
        if self
            .next_round_us
            .is_some_and(|round_us| round_us <= now_us)
        {
            self.next_round_us = Some(now_us + self.interval_us);
            self.rounds += 1;
            let reports_all = self.rounds.is_multiple_of(FULL_REPORT_ROUNDS);
            for (host, peer) in &mut self.peers {
                peer.is_to_report |= reports_all && peer.is_known;
                self.is_urgent |= peer.is_to_report;
                peer.sequence = peer.sequence.wrapping_add(1);
                peer.outstanding.push_back((peer.sequence, now_us));
                let addresses = Addresses {
                    src_mac: self.prober.mac,
                    dst_mac: peer.stage_mac,
                    src: self.prober.address,
                    dst: peer.address,
                };
                let probe = Probe {
                    magic: PROBE_MAGIC,
                    prober: self.prober.host,
                    target: *host,
                    sequence: peer.sequence,
                };
                frames.push_back(probe_request(addresses, &probe));
            }
        }
        self.find_oldest();
    }

    /// The next report, if there is something that should not wait.
    pub(crate) fn poll_report(&mut self) -> Option<wire::ProbeReport> {
        if !std::mem::take(&mut self.is_urgent) {
            return None;
        }
        let peers = self.peers.iter_mut().filter_map(|(host, peer)| {
            std::mem::take(&mut peer.is_to_report).then_some(wire::PeerHealth {
                host: u32::from(*host),
                missed_in_a_row: peer.missed_in_a_row,
                answered: peer.answered,
                round_trip_us: peer.round_trip_us,
            })
        });
        Some(wire::ProbeReport {
            peers: peers.collect(),
        })
    }
}
