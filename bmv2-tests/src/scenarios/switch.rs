//! What a target does whatever its program.

use super::group::{SELF, bucket, pin, segment, syn};
use super::router::Router;
use super::stage::Stage;
use crate::Platform;
use crate::frame::ACK;
use dpr_p4::front_router;
use dpr_p4::host_stage::{
    self, Arrival, DropReason, NO_HOST, Outcome, PORT_NETWORK, buckets, flow_state,
};
use dpr_p4runtime::v1;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_runtime::TableEntry;
use tonic::Code;

pub(super) fn another_program_is_refused(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let config = v1::ForwardingPipelineConfig {
        p4_device_config: front_router::PROGRAM.digest.to_vec(),
        ..v1::ForwardingPipelineConfig::default()
    };
    let refused = stage.target.client.set_config(config).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(
        refused.message().contains(&*host_stage::PROGRAM.name),
        "{refused}"
    );
    stage.serves(&syn(Arrival::Router), Outcome::ServedAsOwner);
}

pub(super) fn another_program_replaces_it(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&syn(Arrival::Router), Outcome::ServedAsOwner);
    stage.target.run(&front_router::PROGRAM);
    let mut router = Router::around(stage.target);
    router.answers_arp();
    router.target.run(&host_stage::PROGRAM);
    let mut stage = Stage::around(router.target);
    stage
        .target
        .client
        .write(&[bucket(SELF, NO_HOST, 0).insert()]);
    stage.serves(&syn(Arrival::Router), Outcome::ServedAsOwner);
}

pub(super) fn entries_are_read_as_written(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 1);
    let pins: Vec<_> = (0..2500)
        .map(|port| pin(&segment(port, ACK, Arrival::Router), 2))
        .collect();
    let insertions: Vec<_> = pins.iter().map(flow_state::Entry::insert).collect();
    stage.target.client.write(&insertions);
    let mut found = stage.target.client.entries(flow_state::ID);
    found.sort_by_key(|entry| entry.matches.clone());
    let mut expected: Vec<_> = pins.iter().map(TableEntry::from).collect();
    expected.sort_by_key(|entry| entry.matches.clone());
    assert_eq!(found, expected);
    assert_eq!(
        stage.target.client.entries(buckets::ID),
        [TableEntry::from(bucket(SELF, NO_HOST, 1))]
    );

    let failure = stage
        .target
        .client
        .try_write(&[insertions[0].clone(), pins[1].delete()])
        .unwrap_err();
    let codes: Vec<_> = failure
        .updates
        .iter()
        .map(|(position, code, _)| (*position, *code))
        .collect();
    assert_eq!(codes, [(0, Code::AlreadyExists)], "{failure}");
}

pub(super) fn a_push_clears(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&syn(Arrival::Router), Outcome::ServedAsOwner);
    stage.target.client.push(2);
    assert_eq!(stage.target.client.entries(buckets::ID), []);
    let outcomes = stage.target.client.counters(host_stage::outcomes::ID);
    assert!(
        outcomes.iter().all(|value| value.packets == 0),
        "{outcomes:?}"
    );
    stage
        .target
        .port(PORT_NETWORK)
        .inject(&syn(Arrival::Router).bytes());
    crate::eventually("drops[not_to_me]", 1, || {
        stage.target.client.counters(host_stage::drops::ID)[DropReason::NotToMe as usize].packets
    });
}

pub(super) fn a_backup_takes_over(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let mut second = stage.target.connect(2);
    match stage.target.client.hear() {
        Told::Arbitration(update) => {
            let code = update.status.map(|status| Code::from_i32(status.code));
            assert_eq!(code, Some(Code::AlreadyExists));
        }
        other => panic!("not about arbitration: {other:?}"),
    }
    let denied = stage
        .target
        .client
        .try_write(&[bucket(2, NO_HOST, 0).modify()])
        .unwrap_err();
    assert_eq!(denied.status.code(), Code::PermissionDenied, "{denied}");
    second.write(&[bucket(SELF, 2, 0).modify()]);
    stage.reroutes(
        &syn(Arrival::Router),
        2,
        Arrival::Chain,
        Outcome::ReroutedToPrevious,
    );
}

pub(super) fn the_process_ends_well(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    assert!(stage.target.terminate(), "exit status of SIGTERM");
}
