//! Whatever an entity of a program is, its message says it.

use super::{entity, entity_to_proto, update, update_to_proto};
use dpr_runtime::{
    CounterUnit, DigestConfig, DigestSchema, Entity, FieldSchema, MatchKind, MatchValue,
    MeterConfig, MeterSchema, Operation, ProfileSchema, ProgramInfo, Replica, Update,
    ValueSetSchema,
};
use proptest::prelude::*;
use std::borrow::Cow::{self, Borrowed};

const ID: u32 = 7;

fn program() -> ProgramInfo {
    let name = || Borrowed("it");
    ProgramInfo {
        name: name(),
        p4info: Borrowed(&[]),
        p4info_text: name(),
        digest: [0; 32],
        tables: Borrowed(&[]),
        actions: Borrowed(&[]),
        counters: Borrowed(&[]),
        registers: Borrowed(&[]),
        meters: Cow::Owned(vec![MeterSchema {
            id: ID,
            name: name(),
            alias: name(),
            size: 4,
            unit: CounterUnit::Bytes,
        }]),
        profiles: Cow::Owned(vec![ProfileSchema {
            id: ID,
            name: name(),
            alias: name(),
            size: 4,
            has_groups: true,
            max_group_size: 0,
        }]),
        digests: Cow::Owned(vec![DigestSchema {
            id: ID,
            name: name(),
            alias: name(),
            fields: Borrowed(&[]),
        }]),
        value_sets: Cow::Owned(vec![ValueSetSchema {
            id: ID,
            name: name(),
            alias: name(),
            size: 4,
            fields: Cow::Owned(vec![FieldSchema {
                id: 1,
                name: name(),
                bits: 32,
                kind: MatchKind::Exact,
            }]),
        }]),
    }
}

fn replicas() -> impl Strategy<Value = Vec<Replica>> {
    let replica = (0u16..512, any::<u16>());
    prop::collection::vec(
        replica.prop_map(|(port, instance)| Replica { port, instance }),
        0..5,
    )
}

/// A number that the protocol has as a signed one of 32 bits, or of 64.
fn small() -> impl Strategy<Value = u32> {
    0..=i32::MAX as u32
}

fn large() -> impl Strategy<Value = u64> {
    0..=i64::MAX as u64
}

fn entities() -> impl Strategy<Value = Entity> {
    let config = (large(), large(), large(), large());
    let config = config.prop_map(|(cir, cburst, pir, pburst)| MeterConfig {
        cir,
        cburst,
        pir,
        pburst,
    });
    let digest = (large(), small(), large());
    let digest = digest.prop_map(
        |(max_timeout_ns, max_list_size, ack_timeout_ns)| DigestConfig {
            max_timeout_ns,
            max_list_size,
            ack_timeout_ns,
        },
    );
    let members = prop::collection::vec((any::<u32>(), small()), 0..5);
    let values = prop::collection::vec(any::<u32>(), 0..5);
    prop_oneof![
        (any::<u32>(), replicas())
            .prop_map(|(id, replicas)| Entity::MulticastGroup { id, replicas }),
        (any::<u32>(), replicas(), any::<u32>(), small()).prop_map(
            |(id, replicas, class_of_service, packet_length_bytes)| Entity::CloneSession {
                id,
                replicas,
                class_of_service,
                packet_length_bytes,
            }
        ),
        (large(), prop::option::of(config)).prop_map(|(index, config)| Entity::Meter {
            meter: ID,
            index,
            config,
        }),
        any::<u32>().prop_map(|id| Entity::Member {
            profile: ID,
            id,
            action: None,
        }),
        (any::<u32>(), small(), members).prop_map(|(id, max_size, members)| Entity::Group {
            profile: ID,
            id,
            max_size,
            members,
        }),
        values.prop_map(|values| Entity::ValueSet {
            id: ID,
            members: (values.into_iter())
                .map(|value| vec![MatchValue::Exact(value.into())])
                .collect(),
        }),
        prop::option::of(digest).prop_map(|config| Entity::Digest { id: ID, config }),
    ]
}

proptest! {
    #[test]
    fn entities_survive_the_way_there_and_back(given in entities()) {
        let program = program();
        prop_assert_eq!(entity(&program, &entity_to_proto(&given)), Ok(given.clone()));
        let operation = Operation::Modify;
        let given = Update { operation, entity: given };
        prop_assert_eq!(update(&program, &update_to_proto(&given)), Ok(given));
    }
}
