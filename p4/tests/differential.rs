//! The generated pipelines and the engine that runs the JSON of the same programs do the same with random entries and packets of
//! all kinds; those written by hand, with what they know.

mod common;

use common::side_by_side::{front_routers, host_stages};
use dpr_bmv2_tests::random::Kinds;
use dpr_p4::{by_hand, front_router, host_stage};
use dpr_p4runtime::config::P4Info;
use dpr_runtime::{Pipeline, ProgramInfo};
use dpr_switch::bmv2::Engine;
use prost::Message;

const RUNS: u64 = 250;

/// Fewer of the engine, which debug builds do not optimise.
const ENGINE_RUNS: u64 = 60;

#[test]
fn host_stages_written_by_hand() {
    host_stages(RUNS, Kinds::PLAIN, || Box::new(by_hand::HostStage::new()));
}

#[test]
fn front_routers_written_by_hand() {
    front_routers(RUNS, Kinds::PLAIN_AND_TUNNELS, || {
        Box::new(by_hand::FrontRouter::new())
    });
}

fn engine(json: &str, program: &ProgramInfo) -> Box<dyn Pipeline> {
    let p4info = P4Info::decode(&*program.p4info).expect("the compiler's own P4Info");
    Box::new(Engine::load(json.as_bytes(), Some(&p4info)).expect("the compiler's own JSON"))
}

#[test]
fn host_stages_in_json() {
    host_stages(ENGINE_RUNS, Kinds::ALL, || {
        engine(host_stage::BMV2_JSON, &host_stage::PROGRAM)
    });
}

#[test]
fn front_routers_in_json() {
    front_routers(ENGINE_RUNS, Kinds::ALL, || {
        engine(front_router::BMV2_JSON, &front_router::PROGRAM)
    });
}
