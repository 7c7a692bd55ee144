//! The demo's network, in memory: links, a LAN, and what is known of frames.

mod capture;
mod frame;
mod lan;
mod link;
mod timeline;

pub use capture::Capture;
pub use frame::{Endpoint, Frame, Segment, destination, mac};
pub use lan::{Exit, Lan};
pub use link::{Conditions, Link};
pub use timeline::Timeline;
