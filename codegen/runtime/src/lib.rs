//! What generated packet pipelines call, and what the control plane says to them: packets, the pipeline trait, tables that
//! packets read without locks, hashes and checksums as v1model computes them, counters, registers, and the neutral model of
//! table entries with the typed face that generated code gives it.

mod action_words;
mod age;
mod bits;
pub mod checksum;
mod counter;
mod entry;
mod error;
pub mod hash;
mod integer;
mod layout;
pub mod message;
mod meter;
mod packet;
mod pipeline;
mod profile;
mod register;
pub mod replication;
mod schema;
mod table;
mod typed;
mod value_set;
mod varbits;
mod wide;
mod worker;

pub use bits::{BitList, BitWriter, Truncated, get_bits, put_bits};
pub use counter::{CounterValue, Counters};
pub use entry::{
    ActionCall, DigestConfig, Entity, EntryFilter, FieldMatch, MatchValue, Operation, Query,
    Replica, TableActionRef, TableEntry, Update,
};
pub use error::{DecodeError, Invalid, WriteError};
pub use integer::{Integer, TooLarge};
pub use layout::{
    ACTION_BITS, Place, action_places, get_integer, get_word_bits, key_places, next_place,
    put_integer, put_word_bits,
};
pub use meter::{Color, MeterConfig, Meters};
pub use packet::{HEADROOM, Packet};
pub use pipeline::{Ingress, Pipeline, Verdict};
pub use profile::ActionProfile;
pub use register::Registers;
pub use schema::{
    ActionSchema, ActionScope, CounterSchema, CounterUnit, DefaultAction, DigestSchema,
    FieldSchema, InitialEntry, List, MatchKind, MeterSchema, Name, ParamSchema, ProfileSchema,
    ProgramInfo, RegisterSchema, TableActionSchema, TableSchema, ValueSetSchema,
};
pub use table::{
    ExactStore, ExactTable, Lookup, LpmStore, LpmTable, MatchTable, Refused, Rule, Store,
    TernaryStore, TernaryTable, WordCell,
};
pub use typed::{
    Entry, KeyField, Lpm, Range, Table, TableAction, TableKey, Ternary, Unsigned, argument, field,
};
pub use value_set::ValueSet;
pub use varbits::Varbits;
pub use wide::Wide;
pub use worker::{Digest, Output, Worker};
