//! Digests: asked for, told in lists, acknowledged.

use super::target::{Target, operands, targets};
use dpr_p4runtime::v1::stream_message_request::Update as Said;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_p4runtime::v1::{DigestList, DigestListAck, P4Data, p4_data::Data};
use dpr_runtime::{DigestConfig, Entity, Query};
use tonic::Code;

const NEVER_NS: u64 = 1 << 60;

/// A packet whose left operand the program tells, and its way out.
async fn cause(target: &mut Target, left: u16) {
    target.send(3, &operands(left, 1, 0));
    target.receive(1).await;
}

async fn told(target: &mut Target) -> DigestList {
    match target.told().await {
        Told::Digest(list) => list,
        other => panic!("{other:?}"),
    }
}

/// The left operands of a list, all of which came in at port 3.
fn operands_of(list: &DigestList) -> Vec<u8> {
    let values = list.data.iter().map(|data| {
        let Some(Data::Struct(fields)) = &data.data else {
            panic!("{data:?}")
        };
        let [left, port] = fields.members.as_slice() else {
            panic!("{fields:?}")
        };
        let bits = |value: &P4Data| match &value.data {
            Some(Data::Bitstring(bytes)) => bytes.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bits(port), [3]);
        bits(left)[0]
    });
    values.collect()
}

#[tokio::test]
async fn digests_are_told_once_until_they_are_acknowledged() {
    for mut target in targets("digests").await {
        let id = target.program.digests[0].id;
        let entity = |max_list_size, max_timeout_ns| Entity::Digest {
            id,
            config: Some(DigestConfig {
                max_timeout_ns,
                max_list_size,
                ack_timeout_ns: NEVER_NS,
            }),
        };
        let all = Query::Digests { id: None };
        assert_eq!(target.read(all.clone()).await, Ok(vec![]));
        let (single, pairs) = (entity(1, NEVER_NS), entity(2, NEVER_NS));
        assert_eq!(target.modify(&single).await, Code::NotFound);
        // Before anyone asks, nothing is told.
        cause(&mut target, 1).await;
        assert_eq!(target.insert(&single).await, Code::Ok);
        assert_eq!(target.insert(&single).await, Code::AlreadyExists);
        assert_eq!(target.read(all.clone()).await, Ok(vec![single.clone()]));

        cause(&mut target, 2).await;
        cause(&mut target, 2).await;
        cause(&mut target, 3).await;
        let first = told(&mut target).await;
        assert_eq!((operands_of(&first), first.digest_id), (vec![2], id));
        assert!(first.timestamp > 0);
        let second = told(&mut target).await;
        assert_eq!(operands_of(&second), [3], "2 is not acknowledged");
        assert_ne!(first.list_id, second.list_id);
        let ack = |digest_id| {
            Said::DigestAck(DigestListAck {
                digest_id,
                list_id: first.list_id,
            })
        };
        // The answer to the second one says that the first one has been heard.
        target.say(ack(id)).await;
        target.say(ack(5)).await;
        match target.told().await {
            Told::Error(error) => {
                assert_eq!(Code::from_i32(error.canonical_code), Code::InvalidArgument);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(target.modify(&pairs).await, Code::Ok);
        for left in [3, 2, 2, 4] {
            cause(&mut target, left).await;
        }
        let third = told(&mut target).await;
        assert_eq!(operands_of(&third), [2, 4], "3 is not acknowledged");
        // What waits is told in the end.
        let soon = entity(100, 1_000_000);
        assert_eq!(target.modify(&soon).await, Code::Ok);
        cause(&mut target, 5).await;
        assert_eq!(operands_of(&told(&mut target).await), [5]);

        assert_eq!(target.delete(&soon).await, Code::Ok);
        assert_eq!(target.delete(&soon).await, Code::NotFound);
        assert_eq!(target.read(all).await, Ok(vec![]));
        let unknown = Query::Digests { id: Some(5) };
        assert_eq!(target.read(unknown).await, Err(Code::NotFound));
    }
}
