//! The dpr command.
fn main() {}
