//! The P4Runtime server over a pipeline.

mod arbitration;
mod device;
mod digests;
mod forwarding;
mod read;
mod saved;
mod server;
mod service;
mod sessions;
mod stream;
mod write;

pub use forwarding::Loader;
pub use server::{P4RuntimeServer, ServerHandle};

#[cfg(test)]
mod loading_tests;
#[cfg(test)]
mod tests;
