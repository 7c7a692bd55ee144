//! What other ways would have done with the same connections and the same changes of the group. They are given the best: no delay,
//! no lost control message, and no memory that runs full.

use dpr_controller::core::hash_five_tuple;
use dpr_controller::placer::{self, HostId};
use dpr_simulator::Lifetime;

use super::churn::{Members, Timeline};
use super::{Figures, Way};

/// Stages that hash into the same buckets, which change owners at once, by the fewest moves, and remember nothing.
pub fn plain_hash(timeline: &Timeline, lifetimes: &[Lifetime]) -> Figures {
    let mut owners = vec![0; timeline.buckets];
    let maps: Vec<Vec<HostId>> = timeline
        .members
        .iter()
        .map(|members| {
            owners = placer::place(&owners, &members.weights, |_| false);
            owners.clone()
        })
        .collect();
    let bucket = |lifetime: &Lifetime| hash_five_tuple(&lifetime.flow) as usize % timeline.buckets;
    let owner = |lifetime: &Lifetime, position: usize| maps[position][bucket(lifetime)];
    let broken = lifetimes.iter().filter(|lifetime| {
        let (first, last) = (timeline.at(lifetime.from), timeline.at(lifetime.to));
        let server = owner(lifetime, first);
        let moves = (first..=last).find(|position| owner(lifetime, *position) != server);
        moves.is_some_and(|position| !timeline.has_died(server, timeline.members[position].from))
    });
    let rerouted = lifetimes.iter().map(|lifetime| {
        let members = in_use(&timeline.members[timeline.at(lifetime.from)]);
        1.0 - 1.0 / members.max(1.0)
    });
    let rerouted = rerouted.sum::<f64>() / lifetimes.len().max(1) as f64;
    let last = timeline.members.last().zip(maps.last());
    let (share_error, largest) = last.map_or((0.0, 0.0), |(members, map)| {
        let sum: f64 = members.weights.values().sum();
        let shares = members.weights.iter().map(|(host, weight)| {
            let owned = map.iter().filter(|owner| *owner == host).count();
            (weight / sum, owned as f64 / map.len() as f64)
        });
        shares.fold(
            (0.0, 0.0),
            |(error, largest): (f64, f64), (target, owned)| {
                (error.max((target - owned).abs()), largest.max(owned))
            },
        )
    });
    let members = last.map_or(1.0, |(members, _)| in_use(members).max(1.0));
    Figures {
        way: Way::PlainHash,
        share_error,
        reroutes_per_packet: rerouted,
        // What is sprayed to it, and what the others send it.
        busiest_box: 1.0 / members + largest * (1.0 - 1.0 / members),
        entries: 0,
        broken: broken.count() as u64,
    }
}

fn in_use(members: &Members) -> f64 {
    let weights = members.weights.values();
    weights.filter(|weight| **weight > 0.0).count() as f64
}

/// A router in the middle with a table of all connections. When it is replaced, the new one has only the consistent hash to go by.
pub fn central_router(timeline: &Timeline, lifetimes: &[Lifetime]) -> Figures {
    let tables: Vec<Vec<HostId>> = timeline.members.iter().map(maglev).collect();
    let choice = |lifetime: &Lifetime, position: usize| {
        let table = &tables[position];
        let slot = hash_five_tuple(&lifetime.flow) as usize % table.len().max(1);
        table.get(slot).copied().unwrap_or(0)
    };
    let broken = lifetimes.iter().filter(|lifetime| {
        let (first, last) = (timeline.at(lifetime.from), timeline.at(lifetime.to));
        let server = choice(lifetime, first);
        (first + 1..=last).any(|position| {
            let members = &timeline.members[position];
            members.forgets
                && choice(lifetime, position) != server
                && !timeline.has_died(server, members.from)
        })
    });
    let last = timeline.members.last().zip(tables.last());
    let share_error = last.map_or(0.0, |(members, table)| {
        let sum: f64 = members.weights.values().sum();
        let errors = members.weights.iter().map(|(host, weight)| {
            let owned = table.iter().filter(|owner| *owner == host).count();
            (weight / sum - owned as f64 / table.len().max(1) as f64).abs()
        });
        errors.fold(0.0, f64::max)
    });
    Figures {
        way: Way::CentralRouter,
        share_error,
        reroutes_per_packet: 0.0,
        busiest_box: 1.0,
        entries: most_at_once(lifetimes),
        broken: broken.count() as u64,
    }
}

/// The most connections that are open at one time.
fn most_at_once(lifetimes: &[Lifetime]) -> u64 {
    let begins = lifetimes.iter().map(|lifetime| (lifetime.from, 1));
    let ends = lifetimes.iter().map(|lifetime| (lifetime.to, -1));
    let mut changes: Vec<(u64, i64)> = begins.chain(ends).collect();
    changes.sort_unstable();
    let (mut open, mut most) = (0, 0);
    for (_, change) in changes {
        open += change;
        most = most.max(open);
    }
    most as u64
}

/// A prime number of slots, many for each host.
const SLOTS: usize = 65_537;

/// A consistent-hash table: each host in turn takes the next free slot of its own permutation, with more turns for more weight
/// (Eisenbud and others, "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4).
fn maglev(members: &Members) -> Vec<HostId> {
    struct Candidate {
        host: HostId,
        weight: f64,
        credit: f64,
        next: usize,
        skip: usize,
    }
    let heaviest = members.weights.values().copied().fold(0.0, f64::max);
    if heaviest <= 0.0 {
        return Vec::new();
    }
    let candidates = members.weights.iter().filter(|(_, weight)| **weight > 0.0);
    let mut candidates: Vec<Candidate> = candidates
        .map(|(host, weight)| {
            let [first, second] = [1u8, 2].map(|salt| {
                let [high, low] = host.to_be_bytes();
                dpr_runtime::hash::crc32(&[salt, high, low]) as usize
            });
            Candidate {
                host: *host,
                weight: weight / heaviest,
                credit: 0.0,
                next: first % SLOTS,
                skip: second % (SLOTS - 1) + 1,
            }
        })
        .collect();
    let mut table: Vec<HostId> = vec![0; SLOTS];
    let mut free = SLOTS;
    while free > 0 {
        for candidate in &mut candidates {
            candidate.credit += candidate.weight;
            if candidate.credit < 1.0 || free == 0 {
                continue;
            }
            candidate.credit -= 1.0;
            while table[candidate.next] != 0 {
                candidate.next = (candidate.next + candidate.skip) % SLOTS;
            }
            table[candidate.next] = candidate.host;
            free -= 1;
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use dpr_simulator::Flow;

    fn members(from: u64, weights: &[(HostId, f64)], forgets: bool) -> Members {
        Members {
            from,
            weights: weights.iter().copied().collect(),
            forgets,
        }
    }

    /// Connections that are open from 5 to 25.
    fn lifetimes() -> Vec<Lifetime> {
        let flow = |number: u16| Flow {
            src: 0x0a00_0001,
            dst: 0xcb00_710a,
            protocol: 6,
            src_port: 1_024 + number,
            dst_port: 80,
        };
        (0..2_000)
            .map(|number| Lifetime {
                flow: flow(number),
                host: 0,
                from: 5,
                to: 25,
            })
            .collect()
    }

    fn timeline(members: Vec<Members>, deaths: Vec<(HostId, u64)>) -> Timeline {
        Timeline {
            members,
            deaths,
            buckets: 256,
        }
    }

    const THREE: [(HostId, f64); 3] = [(1, 1.0), (2, 1.0), (3, 1.0)];

    #[test]
    fn a_table_gives_each_host_its_share_and_changes_little() {
        let before = maglev(&members(
            0,
            &[(1, 1.0), (2, 1.0), (3, 2.0), (4, 0.0)],
            false,
        ));
        let share = |table: &[HostId], host| {
            table.iter().filter(|owner| **owner == host).count() as f64 / SLOTS as f64
        };
        for (host, expected) in [(1, 0.25), (2, 0.25), (3, 0.5), (4, 0.0)] {
            assert!((share(&before, host) - expected).abs() < 0.005, "{host}");
        }
        let after = maglev(&members(
            0,
            &[(1, 1.0), (2, 1.0), (3, 2.0), (5, 1.0)],
            false,
        ));
        let slots = before.iter().zip(&after);
        let changed = slots.filter(|(before, after)| before != after).count();
        assert!(changed < SLOTS * 3 / 10, "{changed} slots changed");
    }

    #[test]
    fn a_host_that_joins_breaks_what_a_hash_alone_takes_from_others() {
        let joined = [(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)];
        let changes = vec![members(0, &THREE, false), members(10, &joined, false)];
        let timeline = timeline(changes, Vec::new());
        let hashed = plain_hash(&timeline, &lifetimes());
        assert!((400..600).contains(&hashed.broken), "{hashed:?}");
        let central = central_router(&timeline, &lifetimes());
        assert_eq!((central.broken, central.entries), (0, 2_000));
    }

    #[test]
    fn a_central_router_that_is_replaced_breaks_what_its_hash_has_moved() {
        let joined = [(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)];
        let changes = vec![
            members(0, &THREE, false),
            members(10, &joined, false),
            members(20, &joined, true),
        ];
        let central = central_router(&timeline(changes, Vec::new()), &lifetimes());
        assert!((400..900).contains(&central.broken), "{central:?}");
    }

    #[test]
    fn the_connections_of_a_host_that_dies_do_not_count() {
        let changes = vec![
            members(0, &THREE, false),
            members(10, &[(1, 1.0), (2, 1.0)], true),
        ];
        let timeline = timeline(changes, vec![(3, 10)]);
        assert_eq!(plain_hash(&timeline, &lifetimes()).broken, 0);
        let central = central_router(&timeline, &lifetimes());
        assert!(central.broken < 200, "{central:?}");
    }
}
