//! A pipeline from `p4_program!` does what its P4 says.

mod reflect {
    dpr_codegen_macros::p4_program!(
        "tests/program/reflect.p4",
        include = ["tests/program/include"],
        define = ["PORT=7"]
    );
}

use dpr_runtime::{Ingress, Packet, Pipeline, Verdict, Worker};

fn frame(ether_type: u16) -> Vec<u8> {
    let mut frame = vec![0xd; 6];
    frame.extend([0x5; 6]);
    frame.extend(ether_type.to_be_bytes());
    frame.extend(b"payload");
    frame
}

#[test]
fn frames_are_sent_back_or_dropped() {
    let pipeline = reflect::Reflect::new();
    let mut worker = Worker::seeded(1);
    let ingress = Ingress { port: 1, now_us: 0 };

    let mut packet = Packet::from_bytes(&frame(0x0800));
    let verdict = pipeline.process(&mut worker, ingress, &mut packet);
    assert_eq!(verdict, Verdict::Send { port: 7 });
    let mut expected = frame(0x0800);
    expected[..12].rotate_left(6);
    assert_eq!(packet.bytes(), expected);

    let mut packet = Packet::from_bytes(&frame(0x86dd));
    let verdict = pipeline.process(&mut worker, ingress, &mut packet);
    assert_eq!(verdict, Verdict::Drop);
}
