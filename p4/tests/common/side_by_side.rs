//! Two pipelines of one program side by side: the same writes and packets, the same outcomes.

use super::entries::{router_update, stage_update};
use super::frame;
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{
    CounterValue, Entity, EntryFilter, Ingress, Packet, Pipeline, Query, Update, Verdict, Worker,
};
use fastrand::Rng;

/// Writes and packets of one run.
const STEPS: usize = 2_000;

/// Counters and what was added up of each of their cells.
type Counted = [(u32, Vec<u64>)];

/// Entries, and counters and registers that are not 0.
fn state(pipeline: &dyn Pipeline) -> Vec<Entity> {
    let mut state = Vec::new();
    for query in [
        Query::Tables {
            table: None,
            filter: EntryFilter::All,
        },
        Query::Tables {
            table: None,
            filter: EntryFilter::Default,
        },
        Query::Counters {
            counter: None,
            index: None,
        },
        Query::Registers {
            register: None,
            index: None,
        },
    ] {
        pipeline.read(&query, &mut |entity| match entity {
            Entity::Register { value, .. } if value.is_zero() => {}
            Entity::Counter {
                value: CounterValue { packets: 0, .. },
                ..
            } => {}
            entity => state.push(entity),
        });
    }
    state.sort_by_cached_key(|entity| format!("{entity:?}"));
    state
}

/// Runs both side by side and adds up what the counter `outcomes` or `drops` counted.
fn compare(
    seed: u64,
    generated: &dyn Pipeline,
    other: &dyn Pipeline,
    update: impl Fn(&mut Rng) -> Update,
    ports: &[u16],
    counted: &mut Counted,
) {
    let mut rng = Rng::with_seed(seed);
    let (mut worker, mut other_worker) = (Worker::seeded(seed), Worker::seeded(seed));
    let (mut packet, mut other_packet) = (Packet::new(), Packet::new());
    let mut now_us = rng.u64(..);
    for step in 0..STEPS {
        // A few tables fill first; later writes come between packets.
        if step < 120 || rng.u8(0..8) == 0 {
            let update = update(&mut rng);
            let outcome = generated.write(&update);
            assert_eq!(
                outcome,
                other.write(&update),
                "seed {seed}, step {step}: {update:?}"
            );
            continue;
        }
        let bytes = frame(&mut rng);
        let ingress = Ingress {
            port: *rng.choice(ports).unwrap_or(&1),
            now_us,
        };
        packet.set_bytes(&bytes);
        other_packet.set_bytes(&bytes);
        let verdict = generated.process(&mut worker, ingress, &mut packet);
        let other_verdict = other.process(&mut other_worker, ingress, &mut other_packet);
        let context = || format!("seed {seed}, step {step}, {ingress:?}\n{bytes:02x?}");
        assert_eq!(verdict, other_verdict, "{}", context());
        if verdict != Verdict::Drop {
            assert_eq!(packet.bytes(), other_packet.bytes(), "{}", context());
        }
        now_us = now_us.wrapping_add(if rng.u8(0..50) == 0 {
            rng.u64(0..70_000_000)
        } else {
            1000
        });
    }
    let state = state(generated);
    let other_state = self::state(other);
    let only_here: Vec<_> = state
        .iter()
        .filter(|entity| !other_state.contains(entity))
        .collect();
    let only_there: Vec<_> = other_state
        .iter()
        .filter(|entity| !state.contains(entity))
        .collect();
    assert!(
        only_here.is_empty() && only_there.is_empty(),
        "seed {seed}: {only_here:#?} against {only_there:#?}"
    );
    for entity in state {
        if let Entity::Counter {
            counter,
            index,
            value,
        } = entity
            && let Some((_, cells)) = counted.iter_mut().find(|(id, _)| *id == counter)
        {
            cells.resize(cells.len().max(index as usize + 1), 0);
            cells[index as usize] += value.packets;
        }
    }
}

/// Says which of a counter's cells no packet came to.
fn check_all_counted<T: Copy + std::fmt::Debug>(cells: &[u64], names: &[T], index: fn(T) -> usize) {
    for name in names {
        let count = cells.get(index(*name)).copied().unwrap_or(0);
        assert!(count > 0, "no packet came to {name:?}");
    }
}

/// Generated host stages beside others, until every outcome and every reason for a drop came up.
pub fn host_stages(runs: u64, other: impl Fn() -> Box<dyn Pipeline>) {
    use host_stage::{DropReason, HostStage, Outcome, drops, outcomes};
    let mut counted = [(outcomes::ID, Vec::new()), (drops::ID, Vec::new())];
    let ports = [1, 1, 1, 1, 1, 2, 3, 513];
    for seed in 0..runs {
        let generated = HostStage::new();
        compare(
            seed,
            &generated,
            &*other(),
            stage_update,
            &ports,
            &mut counted,
        );
    }
    check_all_counted(&counted[0].1, Outcome::ALL, |it| it as usize);
    check_all_counted(&counted[1].1, DropReason::ALL, |it| it as usize);
}

/// Generated front routers beside others, until every outcome and every reason for a drop came up.
pub fn front_routers(runs: u64, other: impl Fn() -> Box<dyn Pipeline>) {
    use front_router::{DropReason, FrontRouter, Outcome, drops, outcomes};
    let mut counted = [(outcomes::ID, Vec::new()), (drops::ID, Vec::new())];
    let ports = [1, 1, 1, 2, 2, 3, 511];
    for seed in 0..runs {
        let generated = FrontRouter::new();
        compare(
            seed,
            &generated,
            &*other(),
            router_update,
            &ports,
            &mut counted,
        );
    }
    check_all_counted(&counted[0].1, Outcome::ALL, |it| it as usize);
    check_all_counted(&counted[1].1, DropReason::ALL, |it| it as usize);
}
