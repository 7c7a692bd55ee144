//! A host's shim in the simulation: the real session, and its end of the stream to the controller.

use dpr_host_shim::{Session, SessionConfig};

use super::addresses;
use super::queue::Micros;

/// One host's shim.
#[derive(Debug)]
pub struct Shim {
    /// The real thing.
    pub session: Session,
    /// The stream that is open.
    pub connection: Option<u64>,
    /// When it is woken next.
    pub wakes_at: Option<Micros>,
    /// When the last message to the controller arrives: messages of a stream keep their order.
    pub to_controller: Micros,
    /// When the last message from the controller arrives.
    pub from_controller: Micros,
}

impl Shim {
    /// The shim of a host, without a stream.
    pub fn new(host: u16) -> Self {
        let name = addresses::host_name(host);
        let config = SessionConfig::new(
            host,
            name,
            addresses::host_mac(host),
            addresses::host_address(host),
            u64::from(host) + 1_000,
        );
        Shim {
            session: Session::new(config),
            connection: None,
            wakes_at: None,
            to_controller: 0,
            from_controller: 0,
        }
    }
}
