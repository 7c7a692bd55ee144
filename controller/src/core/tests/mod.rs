//! The core against stages with real tables, step by step.

mod changes;
mod chaos;
mod computers;
mod criteria;
mod faults;
mod hold;
mod leaving;
mod services;
mod steady;
mod world;
