//! A small program that uses most of the format, written for these tests: headers with a stack and a variable-length field, numbers
//! of 200 bits, jumps, copies, digests. See `small.json`.

mod mutation;

use super::{Engine, Reason};
use dpr_runtime::{
    ActionCall, Entity, FieldMatch, Ingress, Integer, MatchValue, Operation, Packet, Pipeline,
    Query, Replica, TableEntry, Update, Verdict, Worker,
};
use serde_json::Value;

const SMALL: &str = include_str!("small.json");

fn engine() -> Engine {
    Engine::load(SMALL.as_bytes(), None).unwrap()
}

/// Lets packets of a kind run an action.
fn insert(engine: &Engine, kind: u128, action: &str, arguments: &[u128]) {
    let program = engine.program();
    let table = program
        .tables
        .iter()
        .find(|it| it.name == "ingress.kinds")
        .unwrap();
    let action = program.actions.iter().find(|it| it.name == action).unwrap();
    let entry = TableEntry {
        table: table.id,
        matches: vec![FieldMatch {
            field: 1,
            kind: MatchValue::Exact(kind.into()),
        }],
        action: Some(
            ActionCall {
                action: action.id,
                arguments: (1..).zip(arguments.iter().map(|it| (*it).into())).collect(),
            }
            .into(),
        ),
        ..TableEntry::default()
    };
    let entity = Entity::Table(entry);
    let operation = Operation::Insert;
    engine.write(&Update { operation, entity }).unwrap();
}

/// The outer header, its checksum 0.
fn outer(kind: u8, flags: u8, address: u128) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | flags];
    bytes.extend(address.to_be_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// Sends a packet from port 3; what leaves by which port.
fn send(engine: &Engine, worker: &mut Worker, bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut packet = Packet::from_bytes(bytes);
    let ingress = Ingress { port: 3, now_us: 7 };
    match engine.process(worker, ingress, &mut packet) {
        Verdict::Drop => Vec::new(),
        Verdict::Send { port } => vec![(port, packet.bytes().to_vec())],
        Verdict::Several => {
            let outputs = worker.outputs.drain(..);
            outputs
                .map(|output| (output.port, output.packet.bytes().to_vec()))
                .collect()
        }
    }
}

fn send_one(engine: &Engine, bytes: &[u8]) -> (u16, Vec<u8>) {
    let mut sent = send(engine, &mut Worker::seeded(1), bytes);
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

#[test]
fn arguments_reach_fields_and_the_checksum_is_updated() {
    let engine = engine();
    let address = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
    insert(&engine, 4, "ingress.send", &[2, address]);
    let mut frame = outer(4, 1, 5);
    frame.extend(b"payload");
    let (port, sent) = send_one(&engine, &frame);
    let mut input = vec![0x41, 0];
    input.extend(address.to_be_bytes());
    let mut expected = outer(4, 1, address);
    expected[17..].copy_from_slice(&dpr_runtime::checksum::internet(&input).to_be_bytes());
    expected.extend(b"payload");
    assert_eq!((port, sent), (2, expected));
    let mut counted = Vec::new();
    let query = Query::Counters {
        counter: None,
        index: Some(2),
    };
    engine.read(&query, &mut |entity| counted.push(entity));
    let Some(Entity::Counter { value, .. }) = counted.first() else {
        panic!("{counted:?}");
    };
    assert_eq!((value.packets, value.bytes), (1, frame.len() as u64));
}

#[test]
fn entries_of_the_document_come_first_and_misses_run_the_default() {
    let engine = engine();
    insert(&engine, 4, "ingress.send", &[2, 0]);
    let mut worker = Worker::seeded(1);
    assert_eq!(send(&engine, &mut worker, &outer(4, 1, 0xdd)), []);
    assert_eq!(send(&engine, &mut worker, &outer(5, 1, 0)), []);
    assert_eq!(send(&engine, &mut worker, &outer(4, 1, 0)).len(), 1);
}

#[test]
fn numbers_of_any_width_are_right() {
    let engine = engine();
    insert(&engine, 6, "ingress.compute", &[3]);
    insert(&engine, 7, "ingress.compute", &[0xfd]);
    let address = 0xffee_ddcc_bbaa_9988_7766_5544_3322_1100;
    let found = |kind| {
        let (_, sent) = send_one(&engine, &outer(kind, 0, address));
        u128::from_be_bytes(sent[1..17].try_into().unwrap())
    };
    // Minus three is negative, minus 253 in eight bits is three.
    assert_eq!(found(6), address + 1);
    assert_eq!(found(7), address + 2);
}

#[test]
fn stacks_are_parsed_pushed_and_written() {
    let engine = engine();
    insert(&engine, 1, "ingress.labels", &[]);
    let mut frame = outer(1, 0, 0);
    frame.extend([0x20, 0x41, 0x99]);
    let (_, sent) = send_one(&engine, &frame);
    // Two labels were extracted and one pushed: the last index is 2, written into the new first one.
    assert_eq!(sent[19..], [0x04, 0x20, 0x41, 0x99]);
    let mut full = outer(1, 0, 0);
    full.extend([0x20, 0x20, 0x20, 0x20]);
    let (_, sent) = send_one(&engine, &full);
    assert_eq!(
        sent[19..],
        [0x04, 0x20, 0x20, 0x20],
        "a full stack loses its last; the fourth was payload"
    );
}

#[test]
fn variable_length_headers_leave_as_they_came() {
    let engine = engine();
    insert(&engine, 2, "ingress.send", &[2, 9]);
    let mut frame = outer(2, 0, 9);
    frame.extend([3, b'a', b'b', b'c', b'd']);
    let (_, sent) = send_one(&engine, &frame);
    assert_eq!(sent[19..], frame[19..]);
    // Longer than the header may be, and longer than the packet: parsing ends, and what was not taken is payload.
    for length in [9, 200] {
        frame[19] = length;
        let (_, sent) = send_one(&engine, &frame);
        assert_eq!(sent[19..], frame[19..]);
    }
}

#[test]
fn clones_digests_and_registers() {
    let engine = engine();
    insert(&engine, 4, "ingress.copies", &[]);
    let session = Entity::CloneSession {
        id: 7,
        replicas: vec![
            Replica {
                port: 8,
                instance: 1,
            },
            Replica {
                port: 9,
                instance: 2,
            },
        ],
        class_of_service: 0,
        packet_length_bytes: 0,
    };
    let operation = Operation::Insert;
    let entity = session;
    engine.write(&Update { operation, entity }).unwrap();
    let mut worker = Worker::seeded(1);
    let address = u128::MAX - 5;
    let sent = send(&engine, &mut worker, &outer(4, 0, address));
    let shown: Vec<_> = sent
        .iter()
        .map(|(port, bytes)| {
            let address = u128::from_be_bytes(bytes[1..17].try_into().unwrap());
            (*port, bytes[0], address)
        })
        .collect();
    // Clones keep 42 and have instance type 1; the original is as ingress left it.
    assert_eq!(shown, [(8, 0x41, 43), (9, 0x41, 44), (5, 0x40, address)]);
    let digests: Vec<_> = worker
        .digests
        .drain(..)
        .map(|digest| digest.fields)
        .collect();
    assert_eq!(digests, [vec![Integer::from(address), Integer::new(3)]]);
    let mut cells = Vec::new();
    let query = Query::Registers {
        register: None,
        index: None,
    };
    engine.read(&query, &mut |entity| cells.push(entity));
    let cells = cells.iter().map(|cell| match cell {
        Entity::Register { value, .. } => value.to_u128(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        cells.collect::<Vec<_>>(),
        [Some(0), Some(address & (u128::MAX >> 28))]
    );
}

#[test]
fn a_wrong_document_is_refused_with_its_place() {
    let document: Value = serde_json::from_str(SMALL).unwrap();
    let refused = |path: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(path).unwrap() = value;
        let text = serde_json::to_vec(&document).unwrap();
        Engine::load(&text, None).unwrap_err().to_string()
    };
    assert_eq!(
        refused("/pipelines/0/tables/0/key/0/target/1", "kinb".into()),
        "$.pipelines[0].tables[0].key[0].target: there is no field `outer.kinb`"
    );
    assert_eq!(
        refused("/actions/0/primitives/2/op", "count_up".into()),
        "$.actions[0].primitives[2]: the primitive `count_up` is not supported"
    );
    assert_eq!(
        refused("/__meta__/version/0", 3.into()),
        "$.__meta__.version: format version [3,23] is not 2.x"
    );
    let error = Engine::load(b"{", None).unwrap_err();
    assert!(
        matches!(error.reason, Reason::Syntax { line: 1, .. }),
        "{error}"
    );
}
