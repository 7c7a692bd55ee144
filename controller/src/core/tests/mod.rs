//! The core against stages with real tables, step by step.

mod chaos;
mod faults;
mod steady;
mod world;
