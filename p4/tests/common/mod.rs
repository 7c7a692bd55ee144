//! What tests of the pipelines share.

#![allow(dead_code)]

pub mod side_by_side;
pub mod whole;
