//! The Rust back end: what it generates for a program is kept here, compiled into this test and run.
//!
//! With `DPR_UPDATE=1` the generated file is written anew.

mod program;

use dpr_codegen::backend::rust::{Options, rust};
use dpr_runtime::{Entity, Ingress, Packet, Pipeline, Query, Verdict, Worker};
use generated::{Tags, by_id, ports, tags};
use std::path::Path;

#[allow(dead_code)]
mod generated {
    include!("tags.rs");
}

#[test]
fn the_generated_file_is_up_to_date() {
    let generated = rust(&program::tags(), &Options::default()).expect("the program is supported");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rust_backend/tags.rs");
    if std::env::var_os("DPR_UPDATE").is_some() {
        std::fs::write(&path, &generated).expect("the generated file can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("the generated file is there");
    assert!(
        kept == generated,
        "{} is not what is generated now; DPR_UPDATE=1 writes it",
        path.display()
    );
}

/// Sends a packet through, from a port.
fn send(pipeline: &Tags, port: u16, bytes: &[u8]) -> (Verdict, Vec<u8>) {
    let mut packet = Packet::from_bytes(bytes);
    let verdict = pipeline.process(
        &mut Worker::seeded(1),
        Ingress { port, now_us: 0 },
        &mut packet,
    );
    (verdict, packet.bytes().to_vec())
}

const ADDRESSES: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x17, 2];

fn frame(rest: &[u8]) -> Vec<u8> {
    [&ADDRESSES[..], rest].concat()
}

/// The last byte of the destination becomes bits 15 to 8 of the addresses, exclusive or with 1 + CRC-16 modulo 10.
fn changed(ether_type: [u8; 2], rest: &[u8]) -> Vec<u8> {
    let hash = dpr_runtime::hash::crc16(&[&ADDRESSES[..], &ether_type].concat());
    let mut frame = frame(rest);
    frame[5] = 0x17 ^ (1 + hash % 10) as u8;
    frame
}

#[test]
fn a_frame_without_a_tag_takes_the_default_port() {
    let pipeline = Tags::new();
    let (verdict, bytes) = send(&pipeline, 1, &frame(&[0x08, 0x00, 1, 2, 3]));
    assert_eq!(verdict, Verdict::Send { port: 2 });
    assert_eq!(bytes, changed([0x08, 0x00], &[0x08, 0x00, 1, 2, 3]));
}

#[test]
fn an_entry_of_the_source_rewrites_the_tag_and_leaves_the_bits_around_it() {
    let pipeline = Tags::new();
    let (verdict, bytes) = send(&pipeline, 1, &frame(&[0x81, 0x00, 0xf0, 7, 0x08, 0x00, 9]));
    assert_eq!(verdict, Verdict::Send { port: 9 });
    assert_eq!(
        bytes,
        changed([0x81, 0x00], &[0x81, 0x00, 0xf0, 70, 0x08, 0x00, 9])
    );
    let mut counted = Vec::new();
    pipeline.read(
        &Query::Counters {
            counter: Some(by_id::ID),
            index: Some(70),
        },
        &mut |entity| counted.push(entity),
    );
    assert!(
        matches!(counted[..], [Entity::Counter { value, .. }] if value.packets == 1 && value.bytes == 19),
        "{counted:?}"
    );
}

#[test]
fn a_tag_that_is_taken_off_leaves_the_payload_where_it_is() {
    let pipeline = Tags::new();
    let entry = tags::Entry::new(tags::Key { id: 3 }, tags::Action::Strip);
    pipeline.write(&entry.insert()).expect("the entry fits");
    let (verdict, bytes) = send(
        &pipeline,
        1,
        &frame(&[0x81, 0x00, 0, 3, 0x86, 0xdd, 1, 2, 3, 4]),
    );
    assert_eq!(verdict, Verdict::Send { port: 2 });
    assert_eq!(bytes, changed([0x81, 0x00], &[0x86, 0xdd, 1, 2, 3, 4]));
}

#[test]
fn options_of_variable_length_stay_with_their_packet() {
    let pipeline = Tags::new();
    let entry = tags::Entry::new(tags::Key { id: 3 }, tags::Action::Strip);
    pipeline.write(&entry.insert()).expect("the entry fits");
    let tagged = [0x81, 0x00, 0, 3, 0x88, 0xb5, 2, 0xaa, 0xbb, 0xcc];
    let (_, bytes) = send(&pipeline, 1, &frame(&tagged));
    assert_eq!(
        bytes,
        changed([0x81, 0x00], &[0x88, 0xb5, 2, 0xaa, 0xbb, 0xcc])
    );
    // Longer than the field can be; longer than the packet is.
    for options in [&[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[3, 1, 2]] {
        let (verdict, _) = send(&pipeline, 1, &frame(&[&tagged[..6], options].concat()));
        assert_eq!(verdict, Verdict::Drop);
    }
}

#[test]
fn parser_errors_and_misses_drop() {
    let pipeline = Tags::new();
    for bytes in [
        &frame(&[0x81])[..],
        &frame(&[0x81, 0x00, 0, 0, 0x86, 0xdd]),
        &frame(&[0x81, 0x00, 0, 5, 0x86, 0xdd]),
        &[],
    ] {
        assert_eq!(send(&pipeline, 1, bytes).0, Verdict::Drop);
    }
}

#[test]
fn ranges_and_masks_select_by_priority() {
    use dpr_runtime::{Range, Ternary};
    let pipeline = Tags::new();
    let key = |mask, low, high| ports::Key {
        src: Ternary {
            value: 0x0200_0000_1702 & mask,
            mask,
        },
        port: Range { low, high },
    };
    for (key, priority, action) in [
        (key(0, 1, 5), 1, ports::Action::Send { port: 4 }),
        (key(0xff00, 5, 6), 2, ports::Action::Drop),
    ] {
        let entry = ports::Entry::with_priority(key, priority, action);
        pipeline.write(&entry.insert()).expect("the entry fits");
    }
    let verdicts = [1, 5, 6, 7].map(|port| send(&pipeline, port, &frame(&[0, 0])).0);
    assert_eq!(
        verdicts,
        [
            Verdict::Send { port: 4 },
            Verdict::Drop,
            Verdict::Drop,
            Verdict::Send { port: 2 }
        ]
    );
}

#[test]
fn random_bytes_never_panic() {
    let pipeline = Tags::new();
    let mut state = 1u64;
    for length in (0..64).cycle().take(20_000) {
        let mut bytes = Vec::with_capacity(length);
        for _ in 0..length {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            bytes.push((state >> 33) as u8);
        }
        if length > 14 && bytes[0] & 1 == 0 {
            let ether_type = if bytes[1] & 1 == 0 {
                [0x81, 0x00]
            } else {
                [0x88, 0xb5]
            };
            bytes[12..14].copy_from_slice(&ether_type);
        }
        send(&pipeline, 1, &bytes);
    }
}
