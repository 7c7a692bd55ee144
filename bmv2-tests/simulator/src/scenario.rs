//! What a simulation is to show.

use dpr_controller::core::FlowKey as Flow;
use dpr_controller::core::{Affinity, Faults, Rewriting};
use dpr_controller::criteria::LoadMeasure;

use super::observer::{Finding, Lifetime};
use super::queue::{MILLISECOND, Micros, SECOND};

/// Something that goes wrong, or is done, at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The controller is cut off from all stages and shims, for this long.
    Outage(Micros),
    /// The controller's process is killed and started again.
    RestartController,
    /// A stage loses its tables, registers and control connection.
    RestartStage(u16),
    /// A host dies, with its stage and its shim.
    Kill(u16),
    /// The front router loses its tables and its control connection.
    RestartRouter,
    /// A host that is not in the group yet comes.
    Join(u16),
    /// A host is taken out of use.
    Drain(u16),
    /// A host's weight changes, in percent of the usual; that ends its draining.
    Weight(u16, u32),
    /// Only these hosts (bit 0 is host 1) hold the data from now on.
    Data(u16),
    /// Whether a host finds that it holds the data. At the start it does.
    Holds(u16, bool),
    /// Shares follow this load, or nothing any more.
    Load(Option<LoadMeasure>),
    /// A host is left out by the front router while its stage is replaced.
    Hold(u16),
    /// That is over.
    Release(u16),
    /// A host leaves for good as soon as it may.
    Remove(u16),
    /// Something else of a connection chooses its bucket from now on.
    Affinity(Affinity),
    /// Clients' prefixes are dealt out to three QoS classes, which have hosts of their own, and to none; another way for each
    /// number, and all to none for 0.
    Classes(u8),
}

/// How the hosts stand to each other, and what their clients speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Topology {
    /// LANs, over which the hosts are dealt out; the front router joins them.
    pub lans: u16,
    /// How packets get from host to host in one LAN.
    pub within: Rewriting,
    /// How they get to another.
    pub between: Rewriting,
    /// Share of the connections that are IPv6.
    pub ipv6: f64,
    /// Share of the connections whose segments travel in UDP datagrams.
    pub udp: f64,
    /// Addresses that clients have, of each family.
    pub clients: u32,
}

impl Default for Topology {
    fn default() -> Self {
        Topology {
            lans: 1,
            within: Rewriting::Mac,
            between: Rewriting::Ipip,
            ipv6: 0.0,
            udp: 0.0,
            clients: 65_536,
        }
    }
}

/// A flood of SYNs to the published address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// In a second.
    pub syns: u64,
    /// When it begins.
    pub from: Micros,
    /// When it ends.
    pub to: Micros,
}

/// Parameters of a simulation.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// All chance follows from it.
    pub seed: u64,
    /// Hosts are numbered from 1.
    pub hosts: u16,
    /// Of these, the last so many are not in the group at the start.
    pub waiting: u16,
    /// Of the one map.
    pub buckets: u32,
    /// Where the hosts are.
    pub topology: Topology,
    /// What of a connection chooses its bucket.
    pub affinity: Affinity,
    /// New connections per second, without those that use ports again.
    pub connections_per_second: f64,
    /// For how long connections are begun.
    pub duration: Micros,
    /// How long the simulation goes on after that.
    pub drain: Micros,
    /// Buckets that are told to move per second, each to any other host.
    pub moves_per_second: f64,
    /// Of SYN-ACKs.
    pub syn_ack_loss: f64,
    /// Of other segments.
    pub loss: f64,
    /// Share of clients that are 0.3 s to 1.2 s away.
    pub slow_clients: f64,
    /// Share of connections whose ports are used again soon after the close.
    pub port_reuse: f64,
    /// Share of connections whose FIN comes a second time, late.
    pub late_fin: f64,
    /// Share of connections that the client aborts.
    pub abort: f64,
    /// Bursts of data per connection: 2 up to this.
    pub bursts: u64,
    /// Mean time between two bursts.
    pub think: Micros,
    /// Share of the reports that are up to 2 s late; the others are 5 ms to 100 ms.
    pub late_reports: f64,
    /// Between two probes of a peer; half of it is the longest that an answer may take.
    pub probe_interval: Micros,
    /// Parts of the protocol that are left out.
    pub faults: Faults,
    /// The stages do not remember SYNs.
    pub no_recent: bool,
    /// SYNs that nobody follows up, from random addresses: how many in a second, from when to when.
    pub flood: Option<Flood>,
    /// Hosts that a multicast address of each family stands for; if there are any, datagrams are sent there.
    pub several: Vec<u16>,
    /// When what is done.
    pub script: Vec<(Micros, Step)>,
    /// Writes down what happens to the connections of these ports.
    pub trace: Option<Flow>,
}

impl Scenario {
    /// Constant moves and nothing else wrong.
    pub fn new(seed: u64) -> Self {
        Scenario {
            seed,
            hosts: 8,
            waiting: 0,
            buckets: 256,
            topology: Topology::default(),
            affinity: Affinity::Connection,
            connections_per_second: 150.0,
            duration: 40 * SECOND,
            drain: 20 * SECOND,
            moves_per_second: 20.0,
            syn_ack_loss: 0.05,
            loss: 0.002,
            slow_clients: 0.1,
            port_reuse: 0.1,
            late_fin: 0.1,
            abort: 0.03,
            bursts: 30,
            think: 250 * MILLISECOND,
            late_reports: 0.01,
            probe_interval: SECOND,
            faults: Faults::default(),
            no_recent: false,
            flood: None,
            several: Vec::new(),
            script: Vec::new(),
            trace: None,
        }
    }
}

/// What a simulation has shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Connections that clients began.
    pub begun: u64,
    /// Connections that hosts accepted.
    pub accepted: u64,
    /// Of those begun: closed in order, reset by a host, given up, and not over at the end.
    pub completed: u64,
    /// See `completed`.
    pub reset: u64,
    /// See `completed`.
    pub timed_out: u64,
    /// See `completed`.
    pub unfinished: u64,
    /// Of those reset or given up: at a host that died.
    pub failed_with_host: u64,
    /// Promises that were broken.
    pub findings: Vec<Finding>,
    /// Connections that a host's death broke.
    pub lost_with_host: u64,
    /// Connections that the restart of a stage broke.
    pub lost_with_register: u64,
    /// Commits of moves that the stages have seen.
    pub moves: u64,
    /// Connections that were open in a bucket when it was committed to another host.
    pub crossed: u64,
    /// Commits of changes of affinities and classes that the stages have seen, by service and prefix.
    pub rule_commits: u64,
    /// Segments that hosts got.
    pub delivered: u64,
    /// Of those, by how many stages they passed.
    pub hops: Vec<u64>,
    /// Packets that passed more than five stages.
    pub looped: u64,
    /// Packets of connections that each stage has had on its network port, by host from 1.
    pub stage_packets: Vec<u64>,
    /// The most flow-state entries that each stage held, by host from 1: looked at once a second.
    pub most_entries: Vec<u64>,
    /// The most connections that were open, looked at when the entries are.
    pub most_open: u64,
    /// What each host was to have of the buckets and what it had, at the end, by host from 1: 0 to 1.
    pub shares: Vec<(f64, f64)>,
    /// Connections that hosts accepted, in the order in which they were.
    pub lifetimes: Vec<Lifetime>,
    /// Packets that a stage or the router dropped while it was up.
    pub dropped: u64,
    /// Packets that came to a host or left it for a client with a wrong checksum or length.
    pub damaged: u64,
    /// SYNs of a flood that came to a host.
    pub flooded: u64,
    /// The datagrams to several hosts: when each was sent, and who got it, by arrival.
    pub several: Vec<(Micros, Vec<u16>)>,
    /// Packets that passed a tunnel.
    pub tunnelled: u64,
    /// Flow-state entries in the live stages at the end, of connections that their hosts have seen end: at which stage, and whose.
    pub remaining: Vec<(u16, Flow)>,
    /// Ports of clients that were not done at the end, but for those of a host that died.
    pub stuck: Vec<Flow>,
    /// What happened to the traced ports.
    pub trace: Vec<String>,
}
