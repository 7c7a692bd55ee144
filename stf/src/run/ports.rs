//! Ports in memory: what left by each, and what should have.

use super::Failure;
use crate::{Expectation, Place, compare::hex_bytes};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
struct Received {
    /// The packet that brought it about.
    cause: Place,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Expected {
    place: Place,
    packet: Option<Expectation>,
}

#[derive(Debug, Default)]
struct Port {
    received: Vec<Received>,
    expected: Vec<Expected>,
}

/// All ports.
#[derive(Debug, Default)]
pub(super) struct Ports {
    ports: BTreeMap<u16, Port>,
    /// Those that the test names. What leaves by another goes nowhere, as in a switch that does not have the port.
    named: BTreeSet<u16>,
}

impl Ports {
    pub(super) fn name(&mut self, port: u16) {
        self.named.insert(port);
    }

    pub(super) fn receive(&mut self, cause: Place, port: u16, bytes: &[u8]) {
        self.ports.entry(port).or_default().received.push(Received {
            cause,
            bytes: bytes.to_vec(),
        });
    }

    pub(super) fn expect(&mut self, place: Place, port: u16, packet: Option<Expectation>) {
        self.name(port);
        let expected = &mut self.ports.entry(port).or_default().expected;
        expected.push(Expected { place, packet });
    }

    pub(super) fn received(&self) -> usize {
        self.ports.values().map(|port| port.received.len()).sum()
    }

    /// That nothing beyond what was expected has left by a port, or by any. Extra packets are forgotten, so that they are not
    /// reported twice.
    pub(super) fn check_silence(&mut self, place: Place, only: Option<u16>) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (number, port) in &mut self.ports {
            if only.is_none_or(|only| only == *number) && port.received.len() > port.expected.len()
            {
                let extra = port.received.drain(port.expected.len()..);
                failures.extend(extra.map(|packet| Failure {
                    place,
                    message: format!(
                        "the packet at {} should not have left, but did by port {number}\n{}",
                        packet.cause,
                        hex_bytes(&packet.bytes)
                    ),
                }));
            }
        }
        failures
    }

    /// Compares all that left with all that should have.
    pub(super) fn compare(&self) -> Vec<Failure> {
        let ports = self.ports.iter();
        let named = ports.filter(|(number, _)| self.named.contains(number));
        let mut failures: Vec<_> = named
            .flat_map(|(number, port)| port.compare(*number))
            .collect();
        if !failures.is_empty() {
            failures.extend(self.elsewhere());
        }
        failures
    }

    /// What left by ports that the test does not name: a hint where a missing packet may be.
    fn elsewhere(&self) -> impl Iterator<Item = Failure> {
        let ports = self.ports.iter();
        ports
            .filter(|(number, _)| !self.named.contains(number))
            .flat_map(|(number, port)| port.received.iter().map(move |packet| (number, packet)))
            .map(|(number, packet)| Failure {
                place: packet.cause,
                message: format!(
                    "this packet left by port {number}, which the test does not name\n{}",
                    hex_bytes(&packet.bytes)
                ),
            })
    }
}

impl Port {
    fn compare(&self, number: u16) -> Vec<Failure> {
        let mut failures = Vec::new();
        let (received, expected) = (self.received.len(), self.expected.len());
        for (at, expected) in self.expected.iter().enumerate() {
            let nth = at + 1;
            let difference = match (self.received.get(at), &expected.packet) {
                (None, _) => Some(format!(
                    "packet {nth} on port {number} is missing: {received} left by it"
                )),
                (Some(_), None) => None,
                (Some(packet), Some(expectation)) => {
                    expectation.difference(&packet.bytes).map(|difference| {
                        let cause = packet.cause;
                        format!("packet {nth} on port {number}, from {cause}: {difference}")
                    })
                }
            };
            failures.extend(difference.map(|message| Failure {
                place: expected.place,
                message,
            }));
        }
        let extra = self.received.iter().enumerate().skip(expected);
        failures.extend(extra.map(|(at, packet)| Failure {
            place: packet.cause,
            message: format!(
                "packet {} on port {number} is not expected: the test has {expected} for this port\n{}",
                at + 1,
                hex_bytes(&packet.bytes)
            ),
        }));
        failures
    }
}
