//! Two pipelines of one program side by side: the same writes and packets, the same outcomes.

use dpr_bmv2_tests::random::{Frames, Kinds, router_update, stage_update};
use dpr_bmv2_tests::{describe, difference};
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
        Query::MulticastGroups { id: None },
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

fn table(entity: &Entity) -> Option<u32> {
    match entity {
        Entity::Table(entry) => Some(entry.table),
        _ => None,
    }
}

fn is_default(entity: &Entity) -> bool {
    matches!(entity, Entity::Table(entry) if entry.is_default)
}

/// Runs both side by side and adds up what the counter `outcomes` or `drops` counted. How many packets left as several.
fn compare(
    seed: u64,
    generated: &dyn Pipeline,
    other: &dyn Pipeline,
    kinds: Kinds,
    update: impl Fn(&mut Rng, Kinds) -> Update,
    ports: &[u16],
    counted: &mut Counted,
) -> usize {
    let mut several = 0;
    let mut rng = Rng::with_seed(seed);
    let (mut worker, mut other_worker) = (Worker::seeded(seed), Worker::seeded(seed));
    let (mut packet, mut other_packet) = (Packet::new(), Packet::new());
    let mut now_us = rng.u64(..);
    let mut frames = Frames::new(kinds);
    for step in 0..STEPS {
        // A few tables fill first; later writes come between packets.
        if step < 200 || rng.u8(0..8) == 0 {
            let update = update(&mut rng, kinds);
            let outcome = generated.write(&update);
            assert_eq!(
                outcome,
                other.write(&update),
                "seed {seed}, step {step}: {update:?}"
            );
            continue;
        }
        let bytes = frames.next(&mut rng);
        let ingress = Ingress {
            port: *rng.choice(ports).unwrap_or(&1),
            now_us,
        };
        packet.set_bytes(&bytes);
        other_packet.set_bytes(&bytes);
        let verdict = generated.process(&mut worker, ingress, &mut packet);
        let other_verdict = other.process(&mut other_worker, ingress, &mut other_packet);
        let context = || {
            format!(
                "seed {seed}, step {step}, {ingress:?}\n{}",
                describe(&bytes)
            )
        };
        assert_eq!(verdict, other_verdict, "{}", context());
        let copies = |worker: &mut Worker| {
            let copies = worker.outputs.drain(..);
            let bytes = |copy: dpr_runtime::Output| (copy.port, copy.packet.bytes().to_vec());
            copies.map(bytes).collect::<Vec<_>>()
        };
        let these = copies(&mut worker);
        several += usize::from(these.len() > 1);
        assert_eq!(these, copies(&mut other_worker), "{}", context());
        if matches!(verdict, Verdict::Send { .. }) {
            let difference = difference(packet.bytes(), other_packet.bytes());
            assert_eq!(difference, None, "{}", context());
        }
        now_us = now_us.wrapping_add(if rng.u8(0..50) == 0 {
            rng.u64(0..70_000_000)
        } else {
            1000
        });
    }
    let mut state = state(generated);
    let other_state = self::state(other);
    if !kinds.others {
        // What is written by hand does not have all tables.
        state.retain(|entity| {
            !is_default(entity)
                || other_state
                    .iter()
                    .any(|other| table(other) == table(entity))
        });
    }
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
    several
}

/// Says which of a counter's cells no packet came to.
fn check_all_counted<T: Copy + std::fmt::Debug>(
    cells: &[u64],
    names: impl Iterator<Item = T>,
    index: fn(T) -> usize,
) {
    let missed: Vec<_> = names
        .filter(|name| cells.get(index(*name)).copied().unwrap_or(0) == 0)
        .collect();
    assert!(missed.is_empty(), "no packet came to {missed:?}");
}

/// Generated host stages beside others, until every outcome and every reason for a drop came up that these kinds of packets and
/// entries lead to.
pub fn host_stages(runs: u64, kinds: Kinds, other: impl Fn() -> Box<dyn Pipeline>) {
    use host_stage::{DropReason, HostStage, Outcome, drops, outcomes};
    let mut counted = [(outcomes::ID, Vec::new()), (drops::ID, Vec::new())];
    let ports = [1, 1, 1, 1, 1, 2, 3, 513];
    let mut several = 0;
    for seed in 0..runs {
        let generated = HostStage::new();
        several += compare(
            seed,
            &generated,
            &*other(),
            kinds,
            stage_update,
            &ports,
            &mut counted,
        );
    }
    assert_eq!(
        several > 0,
        kinds.others,
        "{several} packets left as several"
    );
    let outcomes = Outcome::ALL.iter().copied().filter(|outcome| {
        let is_plain = !matches!(
            outcome,
            Outcome::ServedById
                | Outcome::ReroutedById
                | Outcome::ServedBySession
                | Outcome::ReroutedBySession
                | Outcome::Gathered
                | Outcome::ServedAsFirst
                | Outcome::ReroutedAsFirst
                | Outcome::Forwarded
                | Outcome::ToldClient
        );
        kinds.others || is_plain
    });
    let reasons = DropReason::ALL.iter().copied().filter(|reason| {
        let is_plain = !matches!(
            reason,
            DropReason::Fragment | DropReason::TooBig | DropReason::StrayTunnel
        );
        kinds.others || is_plain
    });
    check_all_counted(&counted[0].1, outcomes, |it| it as usize);
    check_all_counted(&counted[1].1, reasons, |it| it as usize);
}

/// Generated front routers beside others, until every outcome and every reason for a drop came up.
pub fn front_routers(runs: u64, kinds: Kinds, other: impl Fn() -> Box<dyn Pipeline>) {
    use front_router::{DropReason, FrontRouter, Outcome, drops, outcomes};
    let mut counted = [(outcomes::ID, Vec::new()), (drops::ID, Vec::new())];
    let ports = [1, 1, 1, 2, 2, 3, 511];
    for seed in 0..runs {
        let generated = FrontRouter::new();
        compare(
            seed,
            &generated,
            &*other(),
            kinds,
            router_update,
            &ports,
            &mut counted,
        );
    }
    check_all_counted(&counted[0].1, Outcome::ALL.iter().copied(), |it| {
        it as usize
    });
    check_all_counted(&counted[1].1, DropReason::ALL.iter().copied(), |it| {
        it as usize
    });
}
