//! What a run came to, for programs and for people.

use std::fmt::Write;

use serde::Serialize;

use super::multicast::Deliveries;
use super::net::Endpoint;
use super::observer::ViolationKind;
use super::options::Settings;
use super::topology::host_name;
use super::world::Progress;
use std::net::SocketAddr;

/// A host at the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostReport {
    /// Its name.
    pub id: String,
    /// Whether it was in the group at the end.
    pub alive: bool,
    /// The share of buckets that it should have by its weight, 0 to 1.
    pub target_share: f64,
    /// Connections that it accepted.
    pub connections: u64,
    /// The most that it held at once, as far as was looked (ten times a second).
    pub most_connections: u64,
    /// The most entries of flow state that its stage held at once: one for each connection that it holds, and one for each of
    /// another host's whose bucket it owns.
    pub most_flow_entries: u64,
    /// Packets that its stage gave to it.
    pub packets_served: u64,
    /// Packets that its stage sent to another host's.
    pub packets_rerouted: u64,
}

/// What became of the connections.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Connections {
    /// All.
    pub opened: u64,
    /// With the right bytes, and closed by both sides.
    pub completed: u64,
    /// Not so, and not because of a killed host.
    pub failed: u64,
    /// Not so, because the host that had accepted it was killed.
    pub failed_on_killed_host: u64,
}

/// Packets to the published address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Packets {
    /// By the front router.
    pub sprayed: u64,
    /// Given to hosts.
    pub served: u64,
    /// Sent from a stage to another.
    pub rerouted: u64,
}

/// Milliseconds from the report of a connection to its entries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstallTimes {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Entries in the tables of flow state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowState {
    /// Written.
    pub installed: u64,
    /// Removed.
    pub removed: u64,
    /// Left at the end.
    pub remaining: u64,
    /// How long it took to write them.
    pub install_ms: InstallTimes,
}

/// What `--json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// By number.
    pub hosts: Vec<HostReport>,
    /// Of all clients.
    pub connections: Connections,
    /// In all.
    pub packets: Packets,
    /// Datagrams to a destination that is several hosts, if there were such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub several: Option<Deliveries>,
    /// What the observer saw that must not be.
    pub pcc_violations: u64,
    /// Buckets that got another owner.
    pub bucket_moves: u64,
    /// Of all stages.
    pub flow_state: FlowState,
    /// From the start of the demo to its end, in seconds.
    pub elapsed_s: f64,
}

impl Report {
    /// Whether all is as it should be: every connection that was not on the killed host completed, no violation, nothing left.
    pub fn is_good(&self) -> bool {
        let ended = self.connections.completed + self.connections.failed_on_killed_host;
        self.connections.failed == 0
            && ended == self.connections.opened
            && self.pcc_violations == 0
            && self.flow_state.remaining == 0
            && self.several.as_ref().is_none_or(Deliveries::is_exact)
    }

    /// For people.
    pub fn summary(&self, settings: &Settings, progress: &Progress) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_summary(&mut text, settings, progress);
        text
    }

    fn write_summary(
        &self,
        out: &mut String,
        settings: &Settings,
        progress: &Progress,
    ) -> std::fmt::Result {
        let Connections {
            opened,
            completed,
            failed,
            failed_on_killed_host,
        } = &self.connections;
        writeln!(out)?;
        write!(
            out,
            "{} hosts served {} TCP connections of {} clients to {} in {:.1} s",
            settings.hosts,
            grouped(*opened),
            grouped(settings.shape.clients as u64),
            targets(&settings.topology.targets(settings.hosts)),
            self.elapsed_s
        )?;
        if settings.joins {
            write!(out, "; {} joined", host_name(settings.hosts as u16 + 1))?;
        }
        if let Some(host) = settings.kill {
            write!(out, "; {} was killed", host_name(host))?;
        }
        writeln!(out, ".\n")?;

        writeln!(
            out,
            "  {:<6}{:<7}{:>12}{:>14}{:>11}{:>14}{:>16}{:>18}",
            "host",
            "alive",
            "target share",
            "connections",
            "at once",
            "flow entries",
            "packets served",
            "packets rerouted"
        )?;
        for host in &self.hosts {
            writeln!(
                out,
                "  {:<6}{:<7}{:>11.1}%{:>14}{:>11}{:>14}{:>16}{:>18}",
                host.id,
                if host.alive { "yes" } else { "no" },
                host.target_share * 100.0,
                grouped(host.connections),
                grouped(host.most_connections),
                grouped(host.most_flow_entries),
                grouped(host.packets_served),
                grouped(host.packets_rerouted)
            )?;
        }
        writeln!(out)?;

        write!(
            out,
            "  connections   {} completed with the right bytes, {} failed",
            grouped(*completed),
            grouped(*failed)
        )?;
        if let Some(host) = settings.kill {
            write!(
                out,
                ", {} lost with {}",
                grouped(*failed_on_killed_host),
                host_name(host)
            )?;
        }
        writeln!(out)?;
        let Packets {
            sprayed,
            served,
            rerouted,
        } = &self.packets;
        writeln!(
            out,
            "  packets       {} sprayed at random by the front router, {} served, {} reroutes between hosts ({:.2} for each served)",
            grouped(*sprayed),
            grouped(*served),
            grouped(*rerouted),
            *rerouted as f64 / (*served).max(1) as f64
        )?;
        if let Some(several) = &self.several {
            writeln!(
                out,
                "  multicast     {} datagrams to {} ({}): {} copies received; {} missing, {} repeated, {} astray",
                grouped(several.sent),
                several.destination,
                several.members.join(", "),
                grouped(several.received),
                grouped(several.missing),
                grouped(several.repeated),
                grouped(several.astray)
            )?;
        }
        writeln!(
            out,
            "  bucket moves  {} while traffic ran",
            grouped(self.bucket_moves)
        )?;
        let FlowState {
            installed,
            removed,
            remaining,
            install_ms,
        } = &self.flow_state;
        writeln!(
            out,
            "  flow state    {} entries installed ({:.1} ms after the report at the median, 99% within {:.1} ms), {} removed, {} left",
            grouped(*installed),
            install_ms.p50,
            install_ms.p99,
            grouped(*removed),
            grouped(*remaining)
        )?;
        self.write_verdict(out, settings, progress)
    }

    fn write_verdict(
        &self,
        out: &mut String,
        settings: &Settings,
        progress: &Progress,
    ) -> std::fmt::Result {
        writeln!(out, "  violations    {}", grouped(self.pcc_violations))?;
        for kind in [
            ViolationKind::AtAnotherHost,
            ViolationKind::AcceptedTwice,
            ViolationKind::UnaskedReset,
        ] {
            let of_kind = progress
                .violations
                .iter()
                .filter(|violation| violation.kind == kind);
            let count = of_kind.clone().count();
            if let Some(first) = of_kind.clone().next() {
                let acceptor = first.accepted_by.map_or_else(
                    || "by none".to_owned(),
                    |host| format!("by {}", host_name(host)),
                );
                writeln!(
                    out,
                    "                {count} times {}; first {}:{} at {:.2} s, accepted {acceptor}, seen at {}",
                    kind.words(),
                    first.client.0,
                    first.client.1,
                    first.at_us as f64 / 1e6,
                    host_name(first.at)
                )?;
            }
        }
        for ((address, port), failure) in progress.failures.iter().take(5) {
            writeln!(out, "                {address}:{port} failed: {failure:?}")?;
        }
        writeln!(out)?;
        if self.is_good() {
            writeln!(
                out,
                "Every packet of every connection reached the one host that held it, although the front router knows no connections\n\
                 and no host knows all of them."
            )
        } else if let Some(fault) = settings.fault {
            writeln!(
                out,
                "Connections broke, as they must with --fault {}.",
                fault.name()
            )
        } else if self.connections.failed == 0 && self.pcc_violations == 0 {
            writeln!(
                out,
                "Every connection was right, but not all came to its end: see above what is left."
            )
        } else {
            writeln!(
                out,
                "Something is wrong: connections broke that should not have."
            )
        }
    }
}

/// A number with a comma before every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One address and port, or the first and how many more.
fn targets(targets: &[Endpoint]) -> String {
    let shown = |(address, port): &Endpoint| SocketAddr::new(*address, *port).to_string();
    match targets {
        [] => String::new(),
        [one] => shown(one),
        [first, others @ ..] => format!("{} and {} more", shown(first), others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            hosts: vec![HostReport {
                id: "h1".to_owned(),
                alive: true,
                target_share: 1.0,
                connections: 9,
                most_connections: 4,
                most_flow_entries: 7,
                packets_served: 90,
                packets_rerouted: 10,
            }],
            connections: Connections {
                opened: 10,
                completed: 9,
                failed: 0,
                failed_on_killed_host: 1,
            },
            packets: Packets {
                sprayed: 100,
                served: 90,
                rerouted: 10,
            },
            several: None,
            pcc_violations: 0,
            bucket_moves: 7,
            flow_state: FlowState {
                installed: 12,
                removed: 12,
                remaining: 0,
                install_ms: InstallTimes { p50: 1.5, p99: 4.0 },
            },
            elapsed_s: 20.0,
        }
    }

    #[test]
    fn good_is_only_what_is_wholly_good() {
        assert!(report().is_good());
        let with = |change: fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.is_good()
        };
        assert!(!with(|report| report.connections.failed = 1));
        assert!(!with(|report| report.connections.completed = 8));
        assert!(!with(|report| report.pcc_violations = 1));
        assert!(!with(|report| report.flow_state.remaining = 1));
        let several = |lossy, missing, repeated| Deliveries {
            lossy,
            missing,
            repeated,
            ..Deliveries::default()
        };
        assert!(several(false, 0, 0).is_exact() && several(true, 1, 0).is_exact());
        assert!(!several(false, 1, 0).is_exact() && !several(true, 0, 1).is_exact());
        assert!(!with(|report| {
            report.several = Some(Deliveries {
                astray: 1,
                ..Deliveries::default()
            });
        }));
    }

    #[test]
    fn the_object_has_the_fields_that_scripts_read() {
        let object = serde_json::to_value(report()).expect("numbers and strings");
        assert_eq!(object["flow_state"]["install_ms"]["p99"], 4.0);
        assert_eq!(object["hosts"][0]["packets_rerouted"], 10);
        assert_eq!(object["connections"]["failed_on_killed_host"], 1);
    }

    #[test]
    fn numbers_are_grouped() {
        let numbers = [0, 12, 999, 1_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
    }
}
