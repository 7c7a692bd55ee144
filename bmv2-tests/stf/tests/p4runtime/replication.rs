//! Multicast groups, clone sessions and value sets.

use super::target::{operands, targets};
use dpr_p4runtime::convert::entity_to_proto;
use dpr_p4runtime::v1;
use dpr_runtime::{Entity, MatchValue, Query, Replica};
use tonic::Code;
use v1::entity::Entity as Kind;
use v1::packet_replication_engine_entry::Type;
use v1::update::Type as Operation;

const fn replica(port: u16, instance: u16) -> Replica {
    Replica { port, instance }
}

fn group(id: u32, replicas: &[Replica]) -> Entity {
    let replicas = replicas.to_vec();
    Entity::MulticastGroup { id, replicas }
}

fn session(id: u32, replicas: &[Replica], packet_length_bytes: u32) -> Entity {
    Entity::CloneSession {
        id,
        replicas: replicas.to_vec(),
        class_of_service: 2,
        packet_length_bytes,
    }
}

#[tokio::test]
async fn multicast_groups_say_where_copies_go() {
    for mut target in targets("multicast").await {
        let (two, one) = (
            group(7, &[replica(2, 5), replica(3, 0)]),
            group(7, &[replica(4, 9)]),
        );
        assert_eq!(target.modify(&two).await, Code::NotFound);
        assert_eq!(target.insert(&two).await, Code::Ok);
        assert_eq!(target.insert(&two).await, Code::AlreadyExists);
        target.send(1, &operands(7, 0, 0));
        assert_eq!(target.receive(2).await[2..4], [0, 5]);
        assert_eq!(target.receive(3).await[2..4], [0, 0]);

        assert_eq!(target.insert(&group(9, &[])).await, Code::Ok);
        let all = Query::MulticastGroups { id: None };
        let found = target.read(all.clone()).await;
        assert_eq!(found, Ok(vec![two, group(9, &[])]));
        assert_eq!(target.modify(&one).await, Code::Ok);
        target.send(1, &operands(7, 0, 0));
        assert_eq!(target.receive(4).await[2..4], [0, 9]);
        assert!(target.is_silent(2) && target.is_silent(3));
        let this = |id| Query::MulticastGroups { id: Some(id) };
        assert_eq!(target.read(this(7)).await, Ok(vec![one.clone()]));
        assert_eq!(target.read(this(8)).await, Ok(vec![]));

        let twice = group(8, &[replica(2, 5), replica(2, 5)]);
        assert_eq!(target.insert(&twice).await, Code::InvalidArgument);
        assert_eq!(target.insert(&group(0, &[])).await, Code::InvalidArgument);
        // A deletion is its key.
        let mut message = entity_to_proto(&one);
        let Some(Kind::PacketReplicationEngineEntry(entry)) = &mut message.entity else {
            panic!("{message:?}")
        };
        let Some(Type::MulticastGroupEntry(entry)) = &mut entry.r#type else {
            panic!("{entry:?}")
        };
        entry.metadata = b"mine".to_vec();
        let with_metadata = message.clone();
        let code = target.write_raw(Operation::Modify, message.clone()).await;
        assert_eq!(code, Code::Ok);
        let found = target.read_raw(message.clone()).await;
        assert_eq!(found, Ok(vec![with_metadata]));
        if let Some(Kind::PacketReplicationEngineEntry(entry)) = &mut message.entity
            && let Some(Type::MulticastGroupEntry(entry)) = &mut entry.r#type
        {
            entry.replicas = vec![v1::Replica::default()];
        }
        assert_eq!(target.write_raw(Operation::Delete, message).await, Code::Ok);
        assert_eq!(target.delete(&one).await, Code::NotFound);
        assert_eq!(target.read(all).await, Ok(vec![group(9, &[])]));
    }
}

#[tokio::test]
async fn clone_sessions_say_where_clones_go_and_how_long_they_are() {
    for mut target in targets("clones").await {
        let made = session(5, &[replica(3, 1)], 2);
        assert_eq!(target.insert(&made).await, Code::Ok);
        target.send(2, &[1, 0, 0, 0]);
        assert_eq!(target.receive(1).await.len(), 4);
        assert_eq!(target.receive(3).await.len(), 2);
        let whole = session(5, &[replica(3, 1), replica(4, 1)], 0);
        assert_eq!(target.modify(&whole).await, Code::Ok);
        target.send(2, &[1, 0, 0, 0]);
        assert_eq!(target.receive(1).await.len(), 4);
        assert_eq!(target.receive(3).await.len(), 4);
        assert_eq!(target.receive(4).await.len(), 4);
        let all = Query::CloneSessions { id: None };
        assert_eq!(target.read(all.clone()).await, Ok(vec![whole.clone()]));
        let other = Query::CloneSessions { id: Some(6) };
        assert_eq!(target.read(other).await, Ok(vec![]));
        assert_eq!(target.insert(&whole).await, Code::AlreadyExists);
        let zero = session(0, &[], 0);
        assert_eq!(target.insert(&zero).await, Code::InvalidArgument);
        assert_eq!(target.delete(&whole).await, Code::Ok);
        assert_eq!(target.delete(&whole).await, Code::NotFound);
        target.send(2, &[1, 0, 0, 0]);
        target.receive(1).await;
        assert!(target.is_silent(3) && target.is_silent(4));
        assert_eq!(target.read(all).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn value_sets_decide_how_packets_are_parsed() {
    for mut target in targets("value_sets").await {
        let id = target.program.value_sets[0].id;
        let set = |values: &[u32]| {
            let member = |value: &u32| vec![MatchValue::Exact((*value).into())];
            let members = values.iter().map(member).collect();
            Entity::ValueSet { id, members }
        };
        target.send(4, &[0, 7, 1]);
        target.receive(2).await;
        assert_eq!(target.modify(&set(&[7, 9])).await, Code::Ok);
        target.send(4, &[0, 7, 1]);
        target.receive(1).await;
        for query in [None, Some(id)] {
            let found = target.read(Query::ValueSets { id: query }).await;
            assert_eq!(found, Ok(vec![set(&[7, 9])]));
        }
        assert_eq!(target.insert(&set(&[7])).await, Code::InvalidArgument);
        assert_eq!(target.delete(&set(&[7])).await, Code::InvalidArgument);
        assert_eq!(target.modify(&set(&[7, 7])).await, Code::AlreadyExists);
        let five = set(&[1, 2, 3, 4, 5]);
        assert_eq!(target.modify(&five).await, Code::ResourceExhausted);
        let unknown = Query::ValueSets { id: Some(3) };
        assert_eq!(target.read(unknown).await, Err(Code::NotFound));
        assert_eq!(target.modify(&set(&[])).await, Code::Ok);
        target.send(4, &[0, 7, 1]);
        target.receive(2).await;
    }
}
