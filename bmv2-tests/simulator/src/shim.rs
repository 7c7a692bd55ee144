//! A host's shim in the simulation: the real session, and its end of the stream to the controller.

use dpr_host_shim::{DataCheck, Evidence, Session, SessionConfig};

use super::addresses;
use super::queue::Micros;
use super::scenario::{Scenario, Step};

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
    pub fn new(host: u16, scenario: &Scenario) -> Self {
        let name = addresses::host_name(host);
        let watches = |(_, step): &(Micros, Step)| matches!(step, Step::Holds(..));
        let data = scenario.script.iter().any(watches).then(|| DataCheck {
            map: 1,
            // The script says what is found, and when.
            evidence: Evidence::Path("data".into()),
            interval_us: 0,
            timeout_us: 0,
            rise: 1,
            fall: 1,
        });
        let mut config = SessionConfig::new(
            host,
            name,
            addresses::host_mac(host),
            addresses::host_address(host),
            u64::from(host) + 1_000,
        );
        config.data.extend(data);
        let mut session = Session::new(config);
        session.handle_check(0, true);
        Shim {
            session,
            connection: None,
            wakes_at: None,
            to_controller: 0,
            from_controller: 0,
        }
    }
}
