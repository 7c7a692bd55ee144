use super::*;
use v1::entity::Entity as Kind;
use v1::update::Type;

async fn ready() -> (Client, ServerHandle) {
    let (address, server) = serve(Small::new()).await;
    (Client::primary(address).await, server)
}

/// The code of a batch's items that a read ended with.
fn codes(status: &Status) -> Vec<Code> {
    assert_eq!(status.code(), Code::Unknown, "{status:?}");
    let errors = dpr_p4runtime::status::errors(status);
    errors
        .iter()
        .map(|error| Code::from_i32(error.canonical_code))
        .collect()
}

#[tokio::test]
async fn entries_are_inserted_modified_deleted_and_read_as_written() {
    let (mut client, _server) = ready().await;
    let mut ternary = route(2, 5, 3);
    ternary.r#match.push(v1::FieldMatch {
        field_id: 2,
        field_match_type: Some(v1::field_match::FieldMatchType::Ternary(
            v1::field_match::Ternary {
                value: vec![0x50],
                mask: vec![0xf0],
            },
        )),
    });
    ternary.metadata = b"mine".to_vec();
    let written = [route(1, 3, 1), ternary];
    for entry in &written {
        client
            .write_one(Type::Insert, Kind::TableEntry(entry.clone()))
            .await
            .unwrap();
    }
    let all = Kind::TableEntry(v1::TableEntry::default());
    let (found, end) = client.read(vec![all.clone()]).await;
    end.unwrap();
    assert_eq!(found, written.clone().map(Kind::TableEntry));

    let again = client
        .write_one(Type::Insert, Kind::TableEntry(written[0].clone()))
        .await;
    assert_eq!(
        again.unwrap_err(),
        (
            Code::AlreadyExists,
            "table routes: an entry with this key exists".into()
        )
    );
    let modified = v1::TableEntry {
        action: Some(send_to(9)),
        ..written[1].clone()
    };
    client
        .write_one(Type::Modify, Kind::TableEntry(modified.clone()))
        .await
        .unwrap();
    // Without an action the entry keeps its own.
    let without = v1::TableEntry {
        action: None,
        metadata: vec![],
        ..modified.clone()
    };
    client
        .write_one(Type::Modify, Kind::TableEntry(without))
        .await
        .unwrap();
    let (found, _) = client.read(vec![all.clone()]).await;
    let modified = v1::TableEntry {
        metadata: vec![],
        ..modified
    };
    assert_eq!(found[1], Kind::TableEntry(modified.clone()));

    client
        .write_one(Type::Delete, Kind::TableEntry(modified.clone()))
        .await
        .unwrap();
    let gone = client
        .write_one(Type::Delete, Kind::TableEntry(modified))
        .await
        .unwrap_err();
    assert_eq!(gone.0, Code::NotFound);
    let (found, _) = client.read(vec![all]).await;
    assert_eq!(found, [Kind::TableEntry(written[0].clone())]);
}

#[tokio::test]
async fn what_is_not_well_formed_is_refused_with_the_reason() {
    let (mut client, _server) = ready().await;
    let wide = v1::TableEntry {
        action: Some(send_to(512)),
        ..route(1, 1, 1)
    };
    let no_priority = route(1, 0, 1);
    let missing = v1::TableEntry {
        r#match: vec![],
        ..route(1, 1, 1)
    };
    let default_only = v1::TableEntry {
        action: Some(call(MISS, vec![])),
        ..route(1, 1, 1)
    };
    let is_const = v1::TableEntry {
        is_const: true,
        ..route(1, 1, 1)
    };
    let keyless = v1::TableEntry {
        table_id: WHO,
        action: Some(send_to(1)),
        ..v1::TableEntry::default()
    };
    let unknown = v1::TableEntry {
        table_id: 5,
        ..route(1, 1, 1)
    };
    let profile = v1::TableAction {
        r#type: Some(v1::table_action::Type::ActionProfileMemberId(1)),
    };
    let member = v1::TableEntry {
        action: Some(profile),
        ..route(1, 1, 1)
    };
    for (entry, code, why) in [
        (
            wide,
            Code::OutOfRange,
            "action send, parameter port: the value does not fit into 9 bits",
        ),
        (
            no_priority,
            Code::InvalidArgument,
            "table routes: the table's match kinds need a positive priority",
        ),
        (
            missing,
            Code::InvalidArgument,
            "table routes: exact match field 1 (dst) is missing",
        ),
        (
            default_only,
            Code::PermissionDenied,
            "table routes: the action is for the default action only",
        ),
        (
            is_const,
            Code::InvalidArgument,
            "table routes: is_const is for the target to say",
        ),
        (
            keyless,
            Code::InvalidArgument,
            "table who: a table without key has no entries but its default action",
        ),
        (
            unknown,
            Code::NotFound,
            "the program has no table with id 0x00000005",
        ),
        (
            member,
            Code::InvalidArgument,
            "table routes has no action profile",
        ),
    ] {
        let refusal = client
            .write_one(Type::Insert, Kind::TableEntry(entry))
            .await
            .unwrap_err();
        assert_eq!(refusal, (code, why.to_owned()));
    }
    let unspecified = client
        .write_one(Type::Unspecified, Kind::TableEntry(route(1, 1, 1)))
        .await;
    assert_eq!(unspecified.unwrap_err().0, Code::InvalidArgument);
    let digest = client
        .write_one(Type::Insert, Kind::DigestEntry(v1::DigestEntry::default()))
        .await;
    let expected = "the program has no digest with id 0x00000000".to_owned();
    assert_eq!(digest.unwrap_err(), (Code::NotFound, expected));
}

#[tokio::test]
async fn each_update_of_a_batch_has_its_own_result() {
    let (mut client, _server) = ready().await;
    let batch = (0..10).map(|dst| update(Type::Insert, Kind::TableEntry(route(dst, 1, 1))));
    let status = client.write(batch.collect()).await.unwrap_err();
    assert_eq!(status.message(), "2 of 10 updates failed");
    let mut expected = vec![Code::Ok; 8];
    expected.extend([Code::ResourceExhausted; 2]);
    assert_eq!(codes(&status), expected);
}

#[tokio::test]
async fn a_status_holds_the_errors_of_a_large_batch() {
    let (mut client, _server) = ready().await;
    let batch = (0..10_000).map(|dst| update(Type::Delete, Kind::TableEntry(route(dst, 1, 1))));
    let status = client.write(batch.collect()).await.unwrap_err();
    assert_eq!(codes(&status), vec![Code::NotFound; 10_000]);
}

#[tokio::test]
async fn default_actions_are_modified_reset_and_read() {
    let (mut client, _server) = ready().await;
    let default = |table_id, action| v1::TableEntry {
        table_id,
        action,
        is_default_action: true,
        ..v1::TableEntry::default()
    };
    let set = default(WHO, Some(send_to(4)));
    client
        .write_one(Type::Modify, Kind::TableEntry(set.clone()))
        .await
        .unwrap();
    let (found, _) = client
        .read(vec![Kind::TableEntry(default(WHO, None))])
        .await;
    assert_eq!(found, [Kind::TableEntry(set.clone())]);
    client
        .write_one(Type::Modify, Kind::TableEntry(default(WHO, None)))
        .await
        .unwrap();
    let (found, _) = client
        .read(vec![Kind::TableEntry(default(WHO, None))])
        .await;
    assert_eq!(
        found,
        [Kind::TableEntry(default(WHO, Some(call(MISS, vec![]))))]
    );
    let inserted = client
        .write_one(Type::Insert, Kind::TableEntry(set))
        .await
        .unwrap_err();
    assert_eq!(inserted.0, Code::InvalidArgument);
    let fixed = client
        .write_one(
            Type::Modify,
            Kind::TableEntry(default(FIXED, Some(send_to(1)))),
        )
        .await;
    assert_eq!(fixed.unwrap_err().0, Code::PermissionDenied);
}

#[tokio::test]
async fn reads_select_by_table_key_priority_action_and_metadata() {
    let (mut client, _server) = ready().await;
    let noted = v1::TableEntry {
        metadata: vec![1],
        ..route(3, 2, 1)
    };
    let entries = [route(1, 1, 1), route(1, 2, 1), route(2, 1, 1), noted];
    let insert = |entry: &v1::TableEntry| update(Type::Insert, Kind::TableEntry(entry.clone()));
    client
        .write(entries.iter().map(insert).collect())
        .await
        .unwrap();
    let of_table = |more: v1::TableEntry| v1::TableEntry {
        table_id: ROUTES,
        ..more
    };
    for (request, expected) in [
        (of_table(v1::TableEntry::default()), 4),
        (
            v1::TableEntry {
                action: None,
                ..route(1, 2, 1)
            },
            1,
        ),
        (
            v1::TableEntry {
                action: None,
                ..route(1, 0, 1)
            },
            2,
        ),
        (
            v1::TableEntry {
                action: None,
                ..route(9, 1, 1)
            },
            0,
        ),
        (
            of_table(v1::TableEntry {
                priority: 1,
                ..v1::TableEntry::default()
            }),
            2,
        ),
        (
            of_table(v1::TableEntry {
                action: Some(call(SEND, vec![])),
                ..v1::TableEntry::default()
            }),
            4,
        ),
        (
            of_table(v1::TableEntry {
                action: Some(call(MISS, vec![])),
                ..v1::TableEntry::default()
            }),
            0,
        ),
        (
            of_table(v1::TableEntry {
                metadata: vec![1],
                ..v1::TableEntry::default()
            }),
            1,
        ),
        (
            v1::TableEntry {
                table_id: WHO,
                ..v1::TableEntry::default()
            },
            0,
        ),
        (
            v1::TableEntry {
                is_default_action: true,
                ..v1::TableEntry::default()
            },
            3,
        ),
    ] {
        let (found, end) = client.read(vec![Kind::TableEntry(request.clone())]).await;
        end.unwrap();
        assert_eq!(found.len(), expected, "{request:?}");
    }
    // Bad requests do not keep the good ones from being answered.
    let bad = Kind::TableEntry(v1::TableEntry {
        table_id: 5,
        ..v1::TableEntry::default()
    });
    let good = Kind::TableEntry(v1::TableEntry::default());
    let other = Kind::ExternEntry(v1::ExternEntry::default());
    let (found, end) = client.read(vec![good.clone(), bad, good, other]).await;
    assert_eq!(found.len(), 8);
    assert_eq!(
        codes(&end.unwrap_err()),
        [Code::Ok, Code::NotFound, Code::Ok, Code::Unimplemented]
    );
}

#[tokio::test]
async fn counters_are_set_and_read_in_chunks() {
    let (mut client, _server) = ready().await;
    let cell = |index, packet_count| v1::CounterEntry {
        counter_id: SEEN,
        index: Some(v1::Index { index }),
        data: Some(v1::CounterData {
            byte_count: 64 * packet_count,
            packet_count,
        }),
    };
    client
        .write_one(Type::Modify, Kind::CounterEntry(cell(7, 2)))
        .await
        .unwrap();
    let one = v1::CounterEntry {
        data: None,
        ..cell(7, 0)
    };
    let (found, _) = client.read(vec![Kind::CounterEntry(one)]).await;
    assert_eq!(found, [Kind::CounterEntry(cell(7, 2))]);
    // No data changes nothing; no index changes all.
    client
        .write_one(Type::Modify, Kind::CounterEntry(one))
        .await
        .unwrap();
    let all = v1::CounterEntry {
        index: None,
        ..cell(0, 1)
    };
    client
        .write_one(Type::Modify, Kind::CounterEntry(all))
        .await
        .unwrap();
    let (found, end) = client
        .read(vec![Kind::CounterEntry(v1::CounterEntry::default())])
        .await;
    assert_eq!((found.len(), end.unwrap()), (2500, 3));
    assert_eq!(found[7], Kind::CounterEntry(cell(7, 1)));

    for (kind, entry, code) in [
        (Type::Insert, cell(0, 1), Code::InvalidArgument),
        (Type::Delete, cell(0, 1), Code::InvalidArgument),
        (Type::Modify, cell(-1, 1), Code::InvalidArgument),
        (Type::Modify, cell(2500, 1), Code::OutOfRange),
        (
            Type::Modify,
            v1::CounterEntry {
                counter_id: 1,
                ..cell(0, 1)
            },
            Code::NotFound,
        ),
    ] {
        let refusal = client
            .write_one(kind, Kind::CounterEntry(entry))
            .await
            .unwrap_err();
        assert_eq!(refusal.0, code, "{refusal:?}");
    }
}

#[tokio::test]
async fn direct_counters_belong_to_entries() {
    let (mut client, _server) = ready().await;
    let data = |packet_count| {
        Some(v1::CounterData {
            byte_count: 9,
            packet_count,
        })
    };
    let counted = v1::TableEntry {
        counter_data: data(5),
        ..route(1, 1, 1)
    };
    client
        .write_one(Type::Insert, Kind::TableEntry(counted.clone()))
        .await
        .unwrap();
    let all = v1::TableEntry::default();
    let (found, _) = client.read(vec![Kind::TableEntry(all.clone())]).await;
    assert_eq!(found, [Kind::TableEntry(route(1, 1, 1))]);
    let with_counter = v1::TableEntry {
        counter_data: Some(v1::CounterData::default()),
        ..all
    };
    let (found, _) = client.read(vec![Kind::TableEntry(with_counter)]).await;
    assert_eq!(found, [Kind::TableEntry(counted)]);

    let key = v1::TableEntry {
        action: None,
        ..route(1, 1, 1)
    };
    let direct = v1::DirectCounterEntry {
        table_entry: Some(key),
        data: data(6),
    };
    client
        .write_one(Type::Modify, Kind::DirectCounterEntry(direct.clone()))
        .await
        .unwrap();
    let request = v1::DirectCounterEntry {
        data: None,
        ..direct.clone()
    };
    let (found, _) = client.read(vec![Kind::DirectCounterEntry(request)]).await;
    assert_eq!(found, [Kind::DirectCounterEntry(direct.clone())]);
    let inserted = client
        .write_one(Type::Insert, Kind::DirectCounterEntry(direct))
        .await;
    assert_eq!(inserted.unwrap_err().0, Code::InvalidArgument);
    let nowhere = v1::TableEntry {
        action: None,
        ..route(2, 1, 1)
    };
    let nowhere = v1::DirectCounterEntry {
        table_entry: Some(nowhere),
        data: data(1),
    };
    let refusal = client
        .write_one(Type::Modify, Kind::DirectCounterEntry(nowhere))
        .await;
    assert_eq!(refusal.unwrap_err().0, Code::NotFound);
}

#[tokio::test]
async fn registers_are_the_programs_own() {
    let (mut client, _server) = ready().await;
    let cell = Kind::RegisterEntry(v1::RegisterEntry {
        register_id: LAST,
        index: Some(v1::Index { index: 3 }),
        data: Some(v1::P4Data {
            data: Some(v1::p4_data::Data::Bitstring(vec![1, 0, 0])),
        }),
    });
    let why = "registers over P4Runtime are not supported by this target".to_owned();
    let refusal = client.write_one(Type::Modify, cell.clone()).await;
    assert_eq!(refusal.unwrap_err(), (Code::Unimplemented, why));
    let (_, end) = client.read(vec![cell]).await;
    assert_eq!(codes(&end.unwrap_err()), [Code::Unimplemented]);
}
