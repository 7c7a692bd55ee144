//! Everything that a P4Runtime client can do with a program, over the wire, on every engine: written, read back, refused, and seen
//! by packets.

#[path = "../common/mod.rs"]
mod common;
mod digests;
mod idle;
mod measured;
mod profiles;
mod replication;
mod saved;
mod target;
