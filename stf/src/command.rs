//! What a line of a test says.

use crate::{Number, Place};
use dpr_runtime::{Integer, Replica};

/// Something with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub node: T,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `packet PORT DATA`: a packet comes in.
    Packet {
        /// By this port.
        port: u16,
        /// With these bytes.
        bytes: Vec<u8>,
    },
    /// `expect PORT [DATA [$]]`: the next packet that leaves by a port.
    Expect {
        /// By this port.
        port: u16,
        /// What it must be; `None` if any packet will do.
        packet: Option<Expectation>,
    },
    /// `no_packet [PORT]`: no packet has left, other than those that were expected so far.
    NoPacket {
        /// By this port, or by any.
        port: Option<u16>,
    },
    /// `wait`: time passes.
    Wait,
    /// `add TABLE [PRIORITY] KEY:VALUE ... ACTION(NAME:VALUE, ...) [= NAME]`: an entry. In tables whose actions are those of a
    /// profile, `=> member ID` or `=> group ID` stands for the action.
    Add {
        /// The entry.
        entry: Entry,
        /// What runs.
        action: EntryAction,
        /// What it is called further down.
        name: Option<String>,
    },
    /// `modify TABLE [PRIORITY] KEY:VALUE ... ACTION(NAME:VALUE, ...)`: what an entry that is there runs from now on.
    Modify {
        /// The entry.
        entry: Entry,
        /// What runs.
        action: EntryAction,
    },
    /// `setdefault TABLE ACTION(...)`: what runs on a miss.
    SetDefault {
        /// The table.
        table: String,
        /// What runs.
        action: Call,
    },
    /// `member PROFILE ID ACTION(...)`: a member of an action profile or selector, new or changed.
    Member {
        /// The profile.
        profile: String,
        /// Its number.
        id: u32,
        /// What it runs.
        action: Call,
    },
    /// `group SELECTOR ID MEMBER[/WEIGHT] ...`: a group of an action selector, new or changed.
    Group {
        /// The selector.
        profile: String,
        /// Its number.
        id: u32,
        /// Its members' numbers and weights.
        members: Vec<(u32, u32)>,
    },
    /// `multicast GROUP PORT[/INSTANCE] ...`: a multicast group, new or changed.
    Multicast {
        /// The group.
        group: u32,
        /// All of its copies.
        replicas: Vec<Replica>,
    },
    /// `clone_session SESSION PORT[/INSTANCE] ...`: a clone session, new or changed.
    CloneSession {
        /// The session.
        session: u32,
        /// All of its copies.
        replicas: Vec<Replica>,
    },
    /// `delete ...`: one thing less that is no table entry.
    Delete(Deletion),
    /// `value_set NAME VALUE ...`: all that a parser value set holds; the fields of one value have commas between them.
    ValueSet {
        /// The set.
        set: String,
        /// By member and field.
        members: Vec<Vec<MatchText>>,
    },
    /// `expect_digest NAME FIELD:VALUE ...`: the next digest of those that packets have caused so far.
    ExpectDigest {
        /// The digest.
        digest: String,
        /// Fields, and what they must be.
        fields: Vec<(String, Number)>,
    },
    /// `no_digest`: there is no digest other than those that were expected so far.
    NoDigest,
    /// `remove all`: every entry that this test added.
    RemoveAll,
    /// `remove TABLE [PRIORITY] KEY:VALUE ...`: one entry.
    Remove(Entry),
    /// `check_counter NAME(INDEX) [packets|bytes OP VALUE]`; without a condition, that it counted no packets.
    CheckCounter {
        /// The counter.
        counter: String,
        /// Its cell.
        cell: Cell,
        /// Packets or bytes.
        part: CounterPart,
        /// How they compare ...
        comparison: Comparison,
        /// ... to this.
        value: u64,
    },
    /// `counter_read NAME INDEX`: shows a cell.
    CounterRead {
        /// The counter.
        counter: String,
        /// Its cell.
        index: u64,
    },
    /// `counter_write NAME INDEX PACKETS BYTES`.
    CounterWrite {
        /// The counter.
        counter: String,
        /// Its cell.
        index: u64,
        /// Packets from now on.
        packets: u64,
        /// Bytes from now on.
        bytes: u64,
    },
    /// `register_read NAME INDEX [OP VALUE]`: shows a cell, and checks it if there is a condition.
    RegisterRead {
        /// The register.
        register: String,
        /// Its cell.
        index: u64,
        /// What it must hold.
        check: Option<(Comparison, Integer)>,
    },
    /// `register_write NAME INDEX VALUE`.
    RegisterWrite {
        /// The register.
        register: String,
        /// Its cell.
        index: u64,
        /// What it holds from now on.
        value: Integer,
    },
    /// `register_reset NAME`: all cells are 0.
    RegisterReset {
        /// The register.
        register: String,
    },
    /// `mirroring_add SESSION PORT`: clones of a session leave by a port.
    MirroringAdd {
        /// The clone session.
        session: u32,
        /// The port.
        port: u16,
    },
    /// `mirroring_add_mc SESSION GROUP`: clones of a session are replicated to a multicast group.
    MirroringAddGroup {
        /// The clone session.
        session: u32,
        /// The group.
        group: u32,
    },
    /// `mirroring_delete SESSION`.
    MirroringDelete {
        /// The clone session.
        session: u32,
    },
    /// `mirroring_get SESSION`: shows a session.
    MirroringGet {
        /// The clone session.
        session: u32,
    },
    /// `mc_mgrp_create GROUP`: a multicast group without members.
    GroupCreate {
        /// The group.
        group: u32,
    },
    /// `mc_node_create RID PORT ...`: replicas; the first such line makes node 0, the next node 1, and so on.
    NodeCreate {
        /// `egress_rid` of the replicas.
        rid: u16,
        /// Where they leave.
        ports: Vec<u16>,
    },
    /// `mc_node_update NODE PORT ...`.
    NodeUpdate {
        /// The node.
        node: usize,
        /// Where its replicas leave from now on.
        ports: Vec<u16>,
    },
    /// `mc_node_associate GROUP NODE`: the node's replicas join the group.
    NodeAssociate {
        /// The group.
        group: u32,
        /// The node.
        node: usize,
    },
    /// `meter_get_rates NAME INDEX`: shows a meter's cell.
    MeterGet {
        /// The meter.
        meter: String,
        /// Its cell.
        index: u64,
    },
    /// `meter_set_rates NAME INDEX RATE:BURST RATE:BURST` or `meter_array_set_rates NAME RATE:BURST RATE:BURST`.
    MeterSet {
        /// The meter.
        meter: String,
        /// Its cell, or all of them.
        index: Option<u64>,
        /// Above it a packet is not green.
        committed: Rate,
        /// Above it a packet is red.
        peak: Rate,
    },
}

/// What `delete` can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// `member PROFILE ID`.
    Member {
        /// The profile.
        profile: String,
        /// Its number.
        id: u32,
    },
    /// `group SELECTOR ID`.
    Group {
        /// The selector.
        profile: String,
        /// Its number.
        id: u32,
    },
    /// `multicast GROUP`.
    Multicast {
        /// The group.
        group: u32,
    },
    /// `clone_session SESSION`.
    CloneSession {
        /// The session.
        session: u32,
    },
}

/// A table's key, and the entry's priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table.
    pub table: String,
    /// The larger wins.
    pub priority: Option<u32>,
    /// What the named fields must be.
    pub matches: Vec<Match>,
}

/// What one key field must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where it stands.
    pub place: Place,
    /// The field.
    pub field: String,
    /// What it must be.
    pub value: MatchText,
}

/// A match as it is written; what it means depends on the field's match kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchText {
    /// `0x0a**`.
    Number(Number),
    /// `0x0a000000/8`.
    Prefix(Number, u32),
    /// `0x0a00&&&0xff00`.
    Masked(Number, Number),
    /// `1->9`, both included.
    Range(Number, Number),
}

/// An action with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where it stands.
    pub place: Place,
    /// The action.
    pub action: String,
    /// By parameter name.
    pub arguments: Vec<(String, Number)>,
}

/// What an entry runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryAction {
    /// This action.
    Call(Call),
    /// That of a member of the table's profile.
    Member(u32),
    /// That of a member that a group of the table's selector chooses.
    Group(u32),
}

/// A counter's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// By index.
    Index(u64),
    /// `$NAME`: that of the entry of this name, in a direct counter.
    Entry(String),
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterPart {
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
}

/// How a value compares to the one in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Comparison {
    /// All of them, those with longer signs first.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];

    /// Whether two values compare so.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }

    /// Its sign.
    pub fn sign(self) -> &'static str {
        Comparison::ALL
            .iter()
            .find(|(_, comparison)| *comparison == self)
            .map_or("", |(sign, _)| sign)
    }
}

/// What a packet must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// How it must begin.
    pub nibbles: Vec<Nibble>,
    /// Whether it must end there, too.
    pub exact_length: bool,
}

/// Half a byte of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nibble {
    /// This value.
    Is(u8),
    /// Any value.
    Any,
}

/// A meter's rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Packets or bytes per microsecond.
    pub per_microsecond: f64,
    /// Packets or bytes at once.
    pub burst: u64,
}

// A rate is read from digits, so that it is never NaN.
impl Eq for Rate {}
