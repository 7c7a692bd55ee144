//! What `dpr demo` can be told, and what follows from it.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};

use super::clients::PORTS_PER_CLIENT;
use super::net::Conditions;
use super::observer::HostId;
use super::topology::{Topology, TopologyKind};
use super::traffic::Shape;

/// The most hosts that the demo's network stacks can keep apart.
const MOST_HOSTS: usize = 16;
/// The most clients: they are in a /15.
const MOST_CLIENTS: usize = 100_000;

/// A part of the protocol to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// A bucket's new owner does not ask the previous one.
    #[value(name = "no-chain")]
    Chain,
    /// Stages do not remember the SYNs that they deliver.
    #[value(name = "no-recent")]
    Recent,
    /// The entries of a move change in any order.
    #[value(name = "no-order")]
    Order,
    /// Moves do not wait for reports that are under way.
    #[value(name = "no-flush")]
    Flush,
}

impl Fault {
    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "no-chain",
            Self::Recent => "no-recent",
            Self::Order => "no-order",
            Self::Flush => "no-flush",
        }
    }
}

/// Which host is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// The third, if there are three.
    Default,
    /// None.
    None,
    /// This one.
    Host(HostId),
}

impl FromStr for Kill {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let number = text
            .strip_prefix('h')
            .and_then(|number| number.parse().ok())
            .filter(|number| *number > 0);
        number
            .map(Self::Host)
            .ok_or_else(|| "a host is named h1, h2 and so on; `none` kills none".to_owned())
    }
}

/// Whether another host joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Join {
    /// One more host joins.
    One,
    /// None does.
    None,
}

/// Options of `dpr demo`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How the group is put together.
    #[arg(long, value_enum, default_value_t)]
    pub topology: TopologyKind,
    /// Let the clients speak IPv6.
    #[arg(long)]
    pub ipv6: bool,
    /// Hosts at the start.
    #[arg(long, default_value_t = 4)]
    pub hosts: usize,
    /// TCP connections to open.
    #[arg(long, default_value_t = 3000)]
    pub connections: usize,
    /// Client addresses that they come from.
    #[arg(long, default_value_t = 200)]
    pub clients: usize,
    /// What the traffic and all else that is random is drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Weights that the hosts get while traffic runs (they start with equal ones); one for each, and one more for the host
    /// that joins if you like. [default: 4,2,1,1 and so on]
    #[arg(long, value_delimiter = ',', value_name = "W1,W2,…")]
    pub weights: Option<Vec<f64>>,
    /// Buckets that begin to move, at most, in a second.
    #[arg(long, default_value_t = 100.0)]
    pub moves_per_second: f64,
    /// Host to kill while traffic runs, or `none`. [default: h3, if there are three and no address dies with a host]
    #[arg(long, value_name = "HOST", default_value = "default", hide_default_value = true, value_parser = parse_kill)]
    pub kill: Kill,
    /// Whether another host joins while traffic runs.
    #[arg(long, value_enum, default_value = "one", num_args = 0..=1, default_missing_value = "one")]
    pub join: Join,
    /// Share of frames that each link loses, 0 to 0.2.
    #[arg(long, default_value_t = 0.0)]
    pub loss: f64,
    /// Let frames overtake each other on the links.
    #[arg(long)]
    pub reorder: bool,
    /// Leave a part of the protocol out, to see the observer notice.
    #[arg(long, value_enum)]
    pub fault: Option<Fault>,
    /// How much later than they are sent the shims' reports arrive, in milliseconds. [default: 0; 2500 with `--fault no-flush`]
    #[arg(long, value_name = "MS")]
    pub report_delay: Option<u64>,
    /// How long a move takes to settle, in milliseconds; a handshake must not take as long. [default: 1000; 4000 with `--loss`]
    #[arg(long, value_name = "MS")]
    pub settle: Option<u64>,
    /// Print one JSON object instead of the summary.
    #[arg(long)]
    pub json: bool,
    /// Write what crosses the links to a pcapng file.
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
}

fn parse_kill(text: &str) -> Result<Kill, String> {
    if text == "default" {
        Ok(Kill::Default)
    } else {
        text.parse()
    }
}

/// The options, checked and completed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who is where.
    pub topology: Topology,
    /// Hosts at the start; the one that joins is the next.
    pub hosts: usize,
    /// Whether one joins.
    pub joins: bool,
    /// By host, the one that joins included.
    pub weights: Vec<f64>,
    /// Who is killed.
    pub kill: Option<HostId>,
    /// What the traffic is drawn from.
    pub shape: Shape,
    /// The seed.
    pub seed: u64,
    /// Bucket moves in a second.
    pub moves_per_second: f64,
    /// What the links do.
    pub conditions: Conditions,
    /// What is left out.
    pub fault: Option<Fault>,
    /// How late reports are.
    pub report_delay_ms: u64,
    /// How long a move takes to settle.
    pub settle_ms: u64,
    /// Where the capture goes.
    pub pcap: Option<PathBuf>,
}

impl Options {
    /// Checks the options and completes them.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        ensure!(
            (2..=MOST_HOSTS).contains(&self.hosts),
            "--hosts must be 2 to {MOST_HOSTS}"
        );
        ensure!(self.connections > 0, "--connections must be at least 1");
        ensure!(
            (1..=MOST_CLIENTS).contains(&self.clients),
            "--clients must be 1 to {MOST_CLIENTS}"
        );
        ensure!(
            self.connections.div_ceil(self.clients) * 2 <= PORTS_PER_CLIENT,
            "--connections {} are too many for --clients {}: a client has {PORTS_PER_CLIENT} ports, and connections are dealt out at random",
            self.connections,
            self.clients
        );
        ensure!((0.0..=0.2).contains(&self.loss), "--loss must be 0 to 0.2");
        ensure!(
            self.moves_per_second > 0.0 && self.moves_per_second <= 10_000.0,
            "--moves-per-second must be more than 0 and at most 10000"
        );
        let joins = self.join == Join::One;
        let topology = Topology {
            kind: self.topology,
            ipv6: self.ipv6,
        };
        ensure!(
            !(topology.has_homes() && matches!(self.kill, Kill::Host(_))),
            "--kill: in this topology an address dies with its host, and nobody else can answer for it"
        );
        let kill = match self.kill {
            Kill::Default => (self.hosts >= 3 && !topology.has_homes()).then_some(3),
            Kill::None => None,
            Kill::Host(host) if usize::from(host) <= self.hosts => Some(host),
            Kill::Host(host) => bail!(
                "--kill h{host}: there are only h1 to h{} at the start",
                self.hosts
            ),
        };
        // Long handshakes are what the faults break; without a fault most clients are near.
        let far_clients = if self.fault.is_some() { 0.5 } else { 0.1 };
        let opening_us = (self.connections as u64 * 5_000).clamp(6_000_000, 14_000_000);
        let conditions = Conditions {
            loss: self.loss,
            reorder: self.reorder,
        };
        Ok(Settings {
            topology,
            hosts: self.hosts,
            joins,
            weights: self.all_weights(joins)?,
            kill,
            shape: Shape {
                connections: self.connections,
                clients: self.clients,
                opening_us,
                far_clients,
            },
            seed: self.seed,
            moves_per_second: self.moves_per_second,
            conditions,
            fault: self.fault,
            report_delay_ms: self
                .report_delay
                .unwrap_or(if self.fault == Some(Fault::Flush) {
                    2500
                } else {
                    0
                }),
            settle_ms: self
                .settle
                .unwrap_or(1000 * u64::from(conditions.slowness())),
            pcap: self.pcap.clone(),
        })
    }

    fn all_weights(&self, joins: bool) -> anyhow::Result<Vec<f64>> {
        let count = self.hosts + usize::from(joins);
        let mut weights = match &self.weights {
            Some(weights) => weights.clone(),
            None => [4.0, 2.0, 1.0, 1.0]
                .into_iter()
                .cycle()
                .take(self.hosts)
                .collect(),
        };
        ensure!(
            weights.len() == self.hosts || weights.len() == count,
            "--weights has {} numbers for {} hosts",
            weights.len(),
            self.hosts
        );
        ensure!(
            weights
                .iter()
                .all(|weight| weight.is_finite() && (0.0..=1000.0).contains(weight)),
            "--weights must be numbers from 0 to 1000"
        );
        ensure!(
            weights.iter().sum::<f64>() > 0.0,
            "--weights must not all be 0"
        );
        if weights.len() < count {
            let mean = weights.iter().sum::<f64>() / weights.len() as f64;
            weights.push(mean.round().max(1.0));
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn settings(arguments: &[&str]) -> anyhow::Result<Settings> {
        let line = Line::try_parse_from(["demo"].iter().chain(arguments))?;
        line.options.settings()
    }

    #[test]
    fn the_default_kills_one_and_lets_one_join() {
        let settings = settings(&[]).expect("the defaults are right");
        assert_eq!(settings.kill, Some(3));
        assert!(settings.joins);
        assert_eq!(settings.weights, [4.0, 2.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn both_can_be_turned_off() {
        let settings =
            settings(&["--kill", "none", "--join", "none", "--hosts", "2"]).expect("right");
        assert_eq!(settings.kill, None);
        assert!(!settings.joins);
        assert_eq!(settings.weights, [4.0, 2.0]);
    }

    #[test]
    fn join_needs_no_value() {
        assert!(settings(&["--join", "--json"]).expect("right").joins);
    }

    #[test]
    fn wrong_options_say_which_and_why() {
        for (arguments, part) in [
            (&["--hosts", "1"][..], "--hosts must be 2 to 16"),
            (&["--kill", "h9"], "--kill h9: there are only h1 to h4"),
            (&["--kill", "x"], "a host is named h1"),
            (
                &["--topology", "l3", "--kill", "h1"],
                "--kill: in this topology an address dies with its host",
            ),
            (&["--topology", "ring"], "two-lans"),
            (&["--weights", "1,2"], "--weights has 2 numbers for 4 hosts"),
            (&["--weights", "0,0,0,0"], "must not all be 0"),
            (&["--weights", "1,2,3,-1"], "numbers from 0 to 1000"),
            (&["--loss", "0.5"], "--loss must be 0 to 0.2"),
            (
                &["--connections", "1000000", "--clients", "1"],
                "too many for --clients 1",
            ),
            (&["--fault", "no-sense"], "no-chain"),
            (
                &["--moves-per-second", "0"],
                "--moves-per-second must be more than 0",
            ),
        ] {
            let error = settings(arguments).expect_err(part).to_string();
            assert!(error.contains(part), "{arguments:?}: {error}");
        }
    }
}
