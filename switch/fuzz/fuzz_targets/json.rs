//! Any document as a program in BMv2's JSON: it is refused, or loaded, filled with entries and given packets; no panic, and an end.
//!
//! Start it from programs: `dpr compile prog.p4 -o corpus/prog.json`, then `cargo +nightly fuzz run json corpus -- -max_len=300000`.

#![no_main]

mod change;
mod fill;

use dpr_runtime::{Ingress, Packet, Pipeline, Worker};
use dpr_switch::bmv2::Engine;
use fastrand::Rng;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde_json::Value;

/// Packets of each program.
const PACKETS: usize = 8;

/// An Ethernet, an IPv4 and a TCP header, which most programs know what to do with.
const SEGMENT: [u8; 54] = [
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0x26, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0,
    0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x12, 0xff, 0xff, 0, 0, 0, 0,
];

fuzz_target!(|document: &[u8]| {
    let Ok(engine) = Engine::load(document, None) else {
        return;
    };
    // The same document, the same run.
    let mut rng = Rng::with_seed(document.len() as u64);
    fill::fill(&engine, &mut rng);
    let mut worker = Worker::seeded(1);
    for number in 0..PACKETS {
        let mut packet = Packet::from_bytes(&frame(number, &mut rng));
        let ingress = Ingress {
            port: number as u16,
            now_us: number as u64 * 1000,
        };
        engine.process(&mut worker, ingress, &mut packet);
        worker.outputs.clear();
        worker.digests.clear();
    }
    engine.clear();
});

fn frame(number: usize, rng: &mut Rng) -> Vec<u8> {
    let mut frame = SEGMENT.to_vec();
    match number % 4 {
        0 => {}
        1 => frame.truncate(rng.usize(..frame.len())),
        2 => frame.iter_mut().for_each(|byte| *byte = rng.u8(..)),
        _ => {
            let at = rng.usize(..frame.len());
            frame[at] = rng.u8(..);
        }
    }
    frame
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut rng = Rng::with_seed(seed.into());
    let parsed = serde_json::from_slice::<Value>(&data[..size]);
    // Bytes are changed now and then, so that the JSON itself is tried too.
    if let Ok(mut document) = parsed
        && rng.u8(..16) > 0
    {
        for _ in 0..rng.u8(1..4) {
            change::change(&mut document, &mut rng);
        }
        let text = serde_json::to_vec(&document).unwrap_or_default();
        if let Some(room) = data.get_mut(..text.len().min(max_size)).filter(|room| room.len() == text.len()) {
            room.copy_from_slice(&text);
            return text.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});
