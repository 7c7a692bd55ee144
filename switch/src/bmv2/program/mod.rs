//! A program as it was read: all names resolved, nothing that refers to the document any more.

mod control;
mod read;
mod table;

pub use control::{Control, END, Node};
pub use read::read;
pub use table::{InitialRule, KeyPart, KeySource, NextNode, TableProgram};

use super::action::{Action, Primitive};
use super::calculation::{Calculation, Checksum, Fields};
use super::layout::FieldRef;
use super::parser::{Parser, ValueSet};
use std::collections::BTreeMap;

/// An array of registers.
#[derive(Debug)]
pub struct RegisterArray {
    pub name: String,
    pub id: u32,
    pub size: u64,
    pub bits: u32,
}

/// An array of counters.
#[derive(Debug)]
pub struct CounterArray {
    pub name: String,
    pub id: u32,
    pub size: u64,
}

/// An array of meters, or a direct meter.
#[derive(Debug)]
pub struct MeterArray {
    pub name: String,
    pub id: u32,
    pub size: u64,
    /// Whether it measures bytes; else packets.
    pub bytes: bool,
    /// The table that it belongs to and the field that gets the colour.
    pub direct: Option<(String, FieldRef)>,
}

/// An action profile.
#[derive(Debug)]
pub struct Profile {
    pub name: String,
    pub id: u32,
    pub size: u64,
    /// What chooses a group's member.
    pub selector: Option<Calculation>,
}

/// What a digest carries.
#[derive(Debug)]
pub struct LearnList {
    pub name: String,
    pub fields: Vec<FieldRef>,
}

/// The metadata that the switch itself reads and writes, where the program has it.
#[derive(Debug, Default)]
pub struct Standard {
    pub ingress_port: Option<FieldRef>,
    pub egress_spec: Option<FieldRef>,
    pub egress_port: Option<FieldRef>,
    pub packet_length: Option<FieldRef>,
    pub instance_type: Option<FieldRef>,
    pub parser_error: Option<FieldRef>,
    pub checksum_error: Option<FieldRef>,
    pub mcast_grp: Option<FieldRef>,
    pub egress_rid: Option<FieldRef>,
    pub ingress_timestamp: Option<FieldRef>,
    pub egress_timestamp: Option<FieldRef>,
    pub enqueue_timestamp: Option<FieldRef>,
}

/// A program.
#[derive(Debug)]
pub struct Program {
    /// The source's file stem.
    pub name: String,
    /// What a packet's words start with.
    pub initial: Vec<u64>,
    /// How many of them, from the start, are metadata.
    pub metadata_words: usize,
    pub parser: Parser,
    pub value_sets: Vec<ValueSet>,
    pub ingress: Control,
    pub egress: Control,
    pub tables: Vec<TableProgram>,
    pub actions: Vec<Action>,
    pub calculations: Vec<Calculation>,
    pub checksums: Vec<Checksum>,
    pub deparser: Vec<Fields>,
    pub deparser_primitives: Vec<Primitive>,
    pub registers: Vec<RegisterArray>,
    pub counters: Vec<CounterArray>,
    pub meters: Vec<MeterArray>,
    pub profiles: Vec<Profile>,
    /// What clones, resubmitted and recirculated packets keep.
    pub field_lists: BTreeMap<u16, Vec<FieldRef>>,
    pub learn_lists: BTreeMap<u16, LearnList>,
    pub standard: Standard,
}
