//! The controller: turns what the shims report into flow state, and weights, health and policy into the owners of buckets, and
//! writes both to the stages over P4Runtime.

pub mod core;
pub mod placer;
