//! Back ends: pure functions from an [`ir::Program`](crate::ir::Program) to what a target or a tool needs.

pub mod bmv2;
pub mod p4info;
pub mod rust;
