//! A device that runs what configurations bring.

use super::forwarding::{Forwarding, Loading};
use crate::PipelineSlot;
use crate::bmv2::JsonLoader;
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::text::parse_p4info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_runtime::{
    ActionCall, Entity, EntryFilter, FieldMatch, Ingress, MatchValue, Operation, Packet, Pipeline,
    Query, TableEntry, Update, Verdict, Worker,
};
use std::sync::Arc;
use tonic::Code;

const PROGRAM: &str = include_str!("../bmv2/tests/small.json");

const P4INFO: &str = r#"
    tables {
      preamble { id: 33554433 name: "ingress.kinds" alias: "kinds" }
      match_fields { id: 1 name: "kind" bitwidth: 4 match_type: EXACT }
      action_refs { id: 16777217 }
      action_refs { id: 16777218 }
      size: 16
    }
    actions {
      preamble { id: 16777217 name: "ingress.send" alias: "send" }
      params { id: 1 name: "port" bitwidth: 9 }
      params { id: 2 name: "address" bitwidth: 128 }
    }
    actions { preamble { id: 16777218 name: "ingress.discard" alias: "discard" } }
"#;

fn p4info() -> P4Info {
    parse_p4info(P4INFO).unwrap()
}

fn config(json: &str, cookie: u64) -> Option<ForwardingPipelineConfig> {
    Some(ForwardingPipelineConfig {
        p4info: Some(p4info()),
        p4_device_config: json.as_bytes().to_vec(),
        cookie: Some(dpr_p4runtime::v1::forwarding_pipeline_config::Cookie { cookie }),
    })
}

fn device() -> (Forwarding, PipelineSlot) {
    let slot = PipelineSlot::empty();
    let loading = Loading {
        loader: Arc::new(JsonLoader),
        slot: slot.clone(),
    };
    let forwarding = Forwarding::new(slot.load(), Arc::default());
    (forwarding.loading(loading), slot)
}

/// Packets of kind 4 leave by a port.
fn entry(port: u128) -> Update {
    let call = ActionCall {
        action: 16_777_217,
        arguments: vec![(1, port.into()), (2, 0u8.into())],
    };
    let entry = TableEntry {
        table: 33_554_433,
        matches: vec![FieldMatch {
            field: 1,
            kind: MatchValue::Exact(4u8.into()),
        }],
        action: Some(call.into()),
        ..TableEntry::default()
    };
    Update {
        operation: Operation::Insert,
        entity: Entity::Table(entry),
    }
}

/// What becomes of a packet of kind 4.
fn sent(slot: &PipelineSlot) -> Verdict {
    let mut bytes = vec![0x40];
    bytes.extend([0; 18]);
    let ingress = Ingress { port: 1, now_us: 0 };
    let mut packet = Packet::from_bytes(&bytes);
    let pipeline = slot.load();
    pipeline.process(&mut Worker::seeded(1), ingress, &mut packet)
}

fn entries(pipeline: &dyn Pipeline) -> usize {
    let mut count = 0;
    let query = Query::Tables {
        table: None,
        filter: EntryFilter::All,
    };
    pipeline.read(&query, &mut |_| count += 1);
    count
}

#[test]
fn a_configuration_is_verified_committed_and_replaced() {
    let (mut forwarding, slot) = device();
    assert_eq!(sent(&slot), Verdict::Drop);
    assert!(forwarding.target().is_err(), "nothing is configured");
    let broken = PROGRAM.replacen("\"ingress.kinds\"", "\"ingress.kin\"", 1);
    let refused = forwarding
        .set(Action::Verify, config(&broken, 1))
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("$.pipelines[0]"),
        "{}",
        refused.message()
    );
    forwarding.set(Action::Verify, config(PROGRAM, 1)).unwrap();
    assert!(forwarding.target().is_err(), "only verified");

    forwarding
        .set(Action::VerifyAndCommit, config(PROGRAM, 1))
        .unwrap();
    let (pipeline, _) = forwarding.target().unwrap();
    pipeline.write(&entry(7)).unwrap();
    assert_eq!(sent(&slot), Verdict::Send { port: 7 });
    assert_eq!(entries(pipeline), 1, "hidden tables are not read");
    assert_eq!(**forwarding.p4info(), p4info());

    // Another program: what the tables hold is kept if asked for, else not.
    let other = PROGRAM.replacen("small.p4", "other.p4", 1);
    forwarding
        .set(Action::ReconcileAndCommit, config(&other, 2))
        .unwrap();
    assert_eq!(slot.load().program().name, "other");
    assert_eq!(sent(&slot), Verdict::Send { port: 7 });
    forwarding
        .set(Action::VerifyAndCommit, config(PROGRAM, 3))
        .unwrap();
    assert_eq!(sent(&slot), Verdict::Drop);
}

#[test]
fn a_saved_configuration_runs_once_it_is_committed() {
    let (mut forwarding, slot) = device();
    forwarding
        .set(Action::VerifyAndCommit, config(PROGRAM, 1))
        .unwrap();
    forwarding.target().unwrap().0.write(&entry(7)).unwrap();
    let other = PROGRAM.replacen("small.p4", "other.p4", 1);
    forwarding
        .set(Action::VerifyAndSave, config(&other, 2))
        .unwrap();
    forwarding.target().unwrap().0.write(&entry(8)).unwrap();
    assert_eq!(sent(&slot), Verdict::Send { port: 7 }, "not committed yet");
    forwarding.set(Action::Commit, None).unwrap();
    assert_eq!(slot.load().program().name, "other");
    assert_eq!(sent(&slot), Verdict::Send { port: 8 });
    let refused = forwarding.set(Action::Commit, None).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn the_p4info_of_another_version_is_refused() {
    let (mut forwarding, _) = device();
    let mut without_key = config(PROGRAM, 1).unwrap();
    let p4info = without_key.p4info.as_mut().unwrap();
    p4info.tables[0].match_fields.clear();
    let mut with_parameter = config(PROGRAM, 1).unwrap();
    let p4info = with_parameter.p4info.as_mut().unwrap();
    p4info.actions[1].params = p4info.actions[0].params.clone();
    for (config, expected) in [
        (
            without_key,
            "the P4Info's table ingress.kinds: match fields: 1 are needed, 0 are there",
        ),
        (
            with_parameter,
            "the P4Info's action ingress.discard: parameters: 0 are needed, 2 are there",
        ),
    ] {
        let refused = forwarding.set(Action::Verify, Some(config)).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(expected), "{refused}");
    }
}
