//! The core against stages with real tables, step by step.

mod changes;
mod chaos;
mod computers;
mod criteria;
mod faults;
mod leaving;
mod steady;
mod world;
