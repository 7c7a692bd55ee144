//! Entries that no packet hits.

use super::target::{operands, targets};
use dpr_p4runtime::convert::{field_match_to_proto, table_entry_to_proto};
use dpr_p4runtime::v1;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_runtime::{Entity, TableActionRef, TableEntry};
use tonic::Code;
use v1::entity::Entity as Kind;
use v1::update::Type;

#[tokio::test]
async fn entries_that_are_idle_are_told_again_and_again() {
    for mut target in targets("direct_meters").await {
        let call = target.call("measure", &[]);
        let entry = TableEntry {
            idle_timeout_ns: 1_000_000,
            ..target.entry("by_left", 2, call.clone())
        };
        let mut message = table_entry_to_proto(&entry);
        message.metadata = b"mine".to_vec();
        let entity = |message: &v1::TableEntry| v1::Entity {
            entity: Some(Kind::TableEntry(message.clone())),
        };
        let inserted = target.write_raw(Type::Insert, entity(&message)).await;
        assert_eq!(inserted, Code::Ok);
        // This one is never idle.
        let other = Entity::Table(target.entry("by_left", 3, call));
        assert_eq!(target.insert(&other).await, Code::Ok);
        target.send(4, &operands(2, 0, 0));
        target.receive(1).await;
        for _ in 0..2 {
            let Told::IdleTimeoutNotification(idle) = target.told().await else {
                panic!("{}: something else is told", target.name)
            };
            let expected = v1::TableEntry {
                action: None,
                ..message.clone()
            };
            assert_eq!(idle.table_entry, [expected]);
            assert!(idle.timestamp > 0);
        }
        // Times are told to those who ask.
        let request = |since: Option<v1::table_entry::IdleTimeout>| v1::TableEntry {
            table_id: entry.table,
            r#match: vec![field_match_to_proto(&entry.matches[0])],
            time_since_last_hit: since,
            ..v1::TableEntry::default()
        };
        let asked = request(Some(v1::table_entry::IdleTimeout::default()));
        let found = target.read_raw(entity(&asked)).await.unwrap();
        let Some(Kind::TableEntry(found)) = &found[0].entity else {
            panic!("{found:?}")
        };
        assert!(found.time_since_last_hit.unwrap().elapsed_ns > 0);
        assert_eq!(found.idle_timeout_ns, 1_000_000);
        let found = target.read_raw(entity(&request(None))).await;
        assert_eq!(found, Ok(vec![entity(&message)]));
        // It is for the target to say.
        let mut told = message.clone();
        told.time_since_last_hit = Some(v1::table_entry::IdleTimeout::default());
        let refused = target.write_raw(Type::Modify, entity(&told)).await;
        assert_eq!(refused, Code::InvalidArgument);
        let default = v1::TableEntry {
            table_id: entry.table,
            is_default_action: true,
            idle_timeout_ns: 5,
            ..v1::TableEntry::default()
        };
        let refused = target.write_raw(Type::Modify, entity(&default)).await;
        assert_eq!(refused, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn tables_without_support_for_it_have_no_idle_entries() {
    for mut target in targets("action_profiles").await {
        let entry = TableEntry {
            idle_timeout_ns: 5,
            ..target.entry("by_left", 2, TableActionRef::Member(1))
        };
        let code = target.insert(&Entity::Table(entry)).await;
        assert_eq!(code, Code::InvalidArgument);
    }
}
