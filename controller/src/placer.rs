//! Turns weights into the fewest bucket moves. Pure and deterministic.

use std::collections::BTreeMap;

/// A host as the placer sees it.
pub type HostId = u16;

/// How many of `total` buckets each host should own: in proportion to the weights, by largest remainder, so that each is within
/// one bucket of its exact share. Of equal remainders the host gets one that owns it already, then the one with the smaller number.
pub fn quotas(
    total: usize,
    weights: &BTreeMap<HostId, f64>,
    owned: &BTreeMap<HostId, usize>,
) -> BTreeMap<HostId, usize> {
    let usable = |weight: f64| {
        if weight.is_finite() && weight > 0.0 {
            weight
        } else {
            0.0
        }
    };
    let sum: f64 = weights.values().copied().map(usable).sum();
    if sum <= 0.0 {
        return weights.keys().map(|host| (*host, 0)).collect();
    }
    let mut quotas = BTreeMap::new();
    let mut remainders = Vec::new();
    let mut given = 0;
    for (&host, &weight) in weights {
        let exact = total as f64 * usable(weight) / sum;
        let floor = (exact.floor() as usize).min(total - given);
        given += floor;
        quotas.insert(host, floor);
        if usable(weight) > 0.0 {
            // Compared in billionths: what should be equal is equal in spite of rounding.
            remainders.push((
                ((exact - floor as f64) * 1e9).round() as i64,
                owned.get(&host).is_some_and(|owned| *owned > floor),
                host,
            ));
        }
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    for (_, _, host) in remainders.iter().cycle().take(total - given) {
        *quotas.entry(*host).or_default() += 1;
    }
    quotas
}

/// Where each bucket should go. `owners[b]` is bucket b's owner now. Buckets whose owner has no weight here and for whom `is_frozen`
/// holds stay and do not count; the others of owners without weight find a new one. No placement with the same [`quotas`] moves
/// fewer buckets.
pub fn place(
    owners: &[HostId],
    weights: &BTreeMap<HostId, f64>,
    is_frozen: impl Fn(HostId) -> bool,
) -> Vec<HostId> {
    let stays = |owner: HostId| !weights.contains_key(&owner) && is_frozen(owner);
    let mut owned: BTreeMap<HostId, usize> = BTreeMap::new();
    for owner in owners.iter().filter(|owner| weights.contains_key(owner)) {
        *owned.entry(*owner).or_default() += 1;
    }
    let total = owners.iter().filter(|owner| !stays(**owner)).count();
    let quotas = quotas(total, weights, &owned);
    if quotas.values().all(|quota| *quota == 0) {
        return owners.to_vec();
    }
    // The first buckets of each host stay, up to its quota; the others go to hosts that lack some, in turn, so that what one
    // host loses spreads over the others.
    let mut kept: BTreeMap<HostId, usize> = BTreeMap::new();
    let mut targets = owners.to_vec();
    let mut homeless = Vec::new();
    for (bucket, &owner) in owners.iter().enumerate() {
        if stays(owner) {
            continue;
        }
        let quota = quotas.get(&owner).copied().unwrap_or(0);
        let count = kept.entry(owner).or_default();
        if *count < quota {
            *count += 1;
        } else {
            homeless.push(bucket);
        }
    }
    let mut lacking: Vec<(HostId, usize)> = quotas
        .iter()
        .map(|(host, quota)| (*host, quota - kept.get(host).copied().unwrap_or(0)))
        .filter(|(_, lack)| *lack > 0)
        .collect();
    let mut turn = 0;
    for bucket in homeless {
        if lacking.is_empty() {
            break;
        }
        turn %= lacking.len();
        targets[bucket] = lacking[turn].0;
        lacking[turn].1 -= 1;
        if lacking[turn].1 == 0 {
            lacking.remove(turn);
        } else {
            turn += 1;
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights(of: &[(HostId, f64)]) -> BTreeMap<HostId, f64> {
        of.iter().copied().collect()
    }

    fn count(owners: &[HostId], host: HostId) -> usize {
        owners.iter().filter(|owner| **owner == host).count()
    }

    #[test]
    fn a_first_placement_follows_the_weights() {
        let targets = place(
            &[0; 80],
            &weights(&[(1, 4.0), (2, 2.0), (3, 1.0), (4, 1.0)]),
            |_| false,
        );
        assert_eq!(
            [1, 2, 3, 4].map(|host| count(&targets, host)),
            [40, 20, 10, 10]
        );
    }

    #[test]
    fn a_joining_host_takes_its_share_and_nothing_else_moves() {
        let owners: Vec<HostId> = (0..64).map(|bucket| bucket % 4 + 1).collect();
        let targets = place(
            &owners,
            &weights(&[(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, 4.0)]),
            |_| false,
        );
        assert_eq!(count(&targets, 5), 32);
        let moved = owners
            .iter()
            .zip(&targets)
            .filter(|(owner, target)| owner != target)
            .count();
        assert_eq!(moved, 32);
    }

    #[test]
    fn buckets_of_a_host_that_nobody_can_ask_stay() {
        let owners = [1, 1, 2, 2, 3, 3];
        let targets = place(&owners, &weights(&[(1, 1.0), (2, 3.0)]), |host| host == 3);
        assert_eq!(targets, [1, 2, 2, 2, 3, 3]);
    }

    #[test]
    fn without_any_weight_everything_stays() {
        assert_eq!(
            place(&[1, 2, 1], &weights(&[(1, 0.0), (2, 0.0)]), |_| false),
            [1, 2, 1]
        );
    }

    proptest! {
        #[test]
        fn each_host_is_within_one_bucket_of_its_share_by_the_fewest_moves(
            owners in prop::collection::vec(0u16..9, 1..300),
            given in prop::collection::btree_map(1u16..9, 0u32..10, 1..8),
        ) {
            let weights: BTreeMap<HostId, f64> = given.iter().map(|(host, weight)| (*host, f64::from(*weight))).collect();
            let sum: f64 = weights.values().sum();
            let targets = place(&owners, &weights, |_| false);
            prop_assert_eq!(targets.len(), owners.len());
            if sum == 0.0 {
                prop_assert_eq!(targets, owners);
                return Ok(());
            }
            let mut fewest = 0;
            for host in 0u16..9 {
                let share = owners.len() as f64 * weights.get(&host).copied().unwrap_or(0.0) / sum;
                let after = count(&targets, host);
                prop_assert!((after as f64 - share).abs() < 1.0, "host {} has {} of {}", host, after, share);
                fewest += count(&owners, host).saturating_sub(after);
            }
            // What a host has too much must move, and no more than that.
            let moved = owners.iter().zip(&targets).filter(|(owner, target)| owner != target).count();
            prop_assert_eq!(moved, fewest);
            prop_assert_eq!(place(&targets, &weights, |_| false), targets);
        }
    }
}
