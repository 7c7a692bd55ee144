//! Action profiles: members, groups with weights, and groups of entries' own.

use super::target::{Target, operands, targets};
use dpr_runtime::{Entity, Query, TableActionRef};
use tonic::Code;

fn member(target: &Target, profile: &str, id: u32, port: u32) -> Entity {
    Entity::Member {
        profile: target.profile(profile),
        id,
        action: Some(target.call("set_port", &[port])),
    }
}

fn group(target: &Target, id: u32, max_size: u32, members: &[(u32, u32)]) -> Entity {
    Entity::Group {
        profile: target.profile("spread"),
        id,
        max_size,
        members: members.to_vec(),
    }
}

/// How many of 64 packets that hit the entry for `right` leave by each port.
async fn spread(target: &mut Target, right: u16) -> (usize, usize) {
    for result in 0..64 {
        target.send(1, &operands(0, right, result * 0x0101_0101));
    }
    // They are all behind this one.
    target.send(1, &operands(5, 0, 0));
    target.receive(1).await;
    let mut count = |port| {
        let mut packets = 0;
        while !target.is_silent(port) {
            packets += 1;
        }
        packets
    };
    (count(3), count(4))
}

#[tokio::test]
async fn groups_spread_packets_over_members_by_weight() {
    for mut target in targets("action_profiles").await {
        let marker = member(&target, "members", 1, 1);
        assert_eq!(target.insert(&marker).await, Code::Ok);
        let entry = Entity::Table(target.entry("by_left", 5, TableActionRef::Member(1)));
        assert_eq!(target.insert(&entry).await, Code::Ok);
        for (id, port) in [(1, 3), (2, 4)] {
            let member = member(&target, "spread", id, port);
            assert_eq!(target.insert(&member).await, Code::Ok);
        }
        let weighted = group(&target, 1, 0, &[(1, 3), (2, 1)]);
        assert_eq!(target.insert(&weighted).await, Code::Ok);
        let entry = Entity::Table(target.entry("by_right", 7, TableActionRef::Group(1)));
        assert_eq!(target.insert(&entry).await, Code::Ok);
        let (third, fourth) = spread(&mut target, 7).await;
        assert_eq!(third + fourth, 64, "{}", target.name);
        assert!(
            third > fourth && fourth > 0,
            "{}: {third} and {fourth}",
            target.name
        );
        let single = group(&target, 1, 0, &[(2, 5)]);
        assert_eq!(target.modify(&single).await, Code::Ok);
        assert_eq!(spread(&mut target, 7).await, (0, 64));
        let moved = member(&target, "spread", 2, 3);
        assert_eq!(target.modify(&moved).await, Code::Ok);
        assert_eq!(spread(&mut target, 7).await, (64, 0));

        let all = Query::Groups {
            profile: None,
            id: None,
        };
        assert_eq!(target.read(all).await, Ok(vec![single]));
        let tables = Query::Tables {
            table: None,
            filter: dpr_runtime::EntryFilter::All,
        };
        let found = target.read(tables).await.unwrap();
        assert!(found.contains(&entry), "{found:?}");
    }
}

#[tokio::test]
async fn entries_may_have_groups_of_their_own() {
    for mut target in targets("action_profiles").await {
        let marker = member(&target, "members", 1, 1);
        assert_eq!(target.insert(&marker).await, Code::Ok);
        let entry = Entity::Table(target.entry("by_left", 5, TableActionRef::Member(1)));
        assert_eq!(target.insert(&entry).await, Code::Ok);
        let call = |port| target.call("set_port", &[port]);
        let own = TableActionRef::OneShot(vec![(call(3), 1), (call(4), 2), (call(4), 1)]);
        let unweighted = TableActionRef::OneShot(vec![(call(3), 0)]);
        let own = Entity::Table(target.entry("by_right", 7, own));
        let unweighted = Entity::Table(target.entry("by_right", 8, unweighted));
        assert_eq!(target.insert(&own).await, Code::Ok);
        let (third, fourth) = spread(&mut target, 7).await;
        assert!(third + fourth == 64 && fourth > third && third > 0);
        let table = Query::Tables {
            table: Some(target.entry("by_right", 0, TableActionRef::Member(1)).table),
            filter: dpr_runtime::EntryFilter::All,
        };
        assert_eq!(target.read(table).await, Ok(vec![own.clone()]));
        assert_eq!(target.insert(&unweighted).await, Code::InvalidArgument);
        // Entries have groups of their own, or refer to members and groups.
        let shared = member(&target, "spread", 1, 3);
        assert_eq!(target.insert(&shared).await, Code::Ok);
        let other = Entity::Table(target.entry("by_right", 8, TableActionRef::Member(1)));
        assert_eq!(target.insert(&other).await, Code::InvalidArgument);
        assert_eq!(target.delete(&own).await, Code::Ok);
        assert_eq!(target.insert(&other).await, Code::Ok);
        assert_eq!(target.insert(&own).await, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn what_profiles_do_not_take_has_the_code_of_the_specification() {
    for mut target in targets("action_profiles").await {
        let this = |id, port| member(&target, "spread", id, port);
        let (first, zero) = (this(1, 3), this(0, 3));
        let unsaid = Entity::Member {
            profile: target.profile("spread"),
            id: 2,
            action: None,
        };
        let unknown = Entity::Member {
            profile: 5,
            id: 2,
            action: None,
        };
        let of_profile = Entity::Group {
            profile: target.profile("members"),
            id: 1,
            max_size: 0,
            members: vec![],
        };
        let groups = [
            (group(&target, 1, 2, &[(1, 2)]), Code::Ok),
            (group(&target, 1, 2, &[]), Code::AlreadyExists),
            (group(&target, 2, 1, &[(1, 2)]), Code::ResourceExhausted),
            (group(&target, 2, 0, &[(9, 1)]), Code::NotFound),
            (group(&target, 2, 0, &[(1, 0)]), Code::InvalidArgument),
            (
                group(&target, 2, 0, &[(1, 1), (1, 1)]),
                Code::InvalidArgument,
            ),
            (group(&target, 0, 0, &[]), Code::InvalidArgument),
            (of_profile, Code::InvalidArgument),
        ];
        let resized = group(&target, 1, 3, &[(1, 1)]);
        let entry = |id| Entity::Table(target.entry("by_right", 7, TableActionRef::Group(id)));
        let (entry, nowhere) = (entry(1), entry(4));
        let no_group = target.entry("by_left", 7, TableActionRef::Group(1));
        let direct = target.entry("by_left", 7, target.call("set_port", &[1]));
        assert_eq!(target.insert(&first).await, Code::Ok);
        assert_eq!(target.insert(&first).await, Code::AlreadyExists);
        assert_eq!(target.insert(&zero).await, Code::InvalidArgument);
        assert_eq!(target.insert(&unsaid).await, Code::InvalidArgument);
        assert_eq!(target.modify(&unsaid).await, Code::NotFound);
        assert_eq!(target.delete(&unsaid).await, Code::NotFound);
        assert_eq!(target.insert(&unknown).await, Code::NotFound);
        for (group, code) in &groups {
            assert_eq!(target.insert(group).await, *code, "{group:?}");
        }
        assert_eq!(target.modify(&resized).await, Code::InvalidArgument);
        assert_eq!(target.insert(&nowhere).await, Code::NotFound);
        for entry in [no_group, direct] {
            let code = target.insert(&Entity::Table(entry)).await;
            assert_eq!(code, Code::InvalidArgument);
        }
        assert_eq!(target.insert(&entry).await, Code::Ok);
        assert_eq!(target.delete(&first).await, Code::FailedPrecondition);
        assert_eq!(target.delete(&groups[0].0).await, Code::FailedPrecondition);
        assert_eq!(target.delete(&entry).await, Code::Ok);
        assert_eq!(target.delete(&groups[0].0).await, Code::Ok);
        assert_eq!(target.delete(&first).await, Code::Ok);

        // The profile holds eight.
        for id in 1..=9 {
            let code = match id {
                9 => Code::ResourceExhausted,
                _ => Code::Ok,
            };
            let member = member(&target, "members", id, 1);
            assert_eq!(target.insert(&member).await, code);
        }
        let (members, spread) = (target.profile("members"), target.profile("spread"));
        let query = |profile, id| Query::Members { profile, id };
        for (query, expected) in [
            (query(None, None), Ok(8)),
            (query(Some(members), None), Ok(8)),
            (query(Some(members), Some(3)), Ok(1)),
            (query(Some(spread), None), Ok(0)),
            (query(Some(5), None), Err(Code::NotFound)),
            (query(None, Some(3)), Err(Code::InvalidArgument)),
        ] {
            let found = target.read(query.clone()).await;
            assert_eq!(found.map(|found| found.len()), expected, "{query:?}");
        }
    }
}
