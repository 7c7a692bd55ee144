use super::*;
use crate::criteria::normalized;
use proptest::prelude::*;
use std::collections::VecDeque;

const S: f64 = 1e6;
const INTERVAL: f64 = 10.0;

#[test]
fn the_mean_of_reports_fades_with_time() {
    let sample = |cpu_permille| LoadSample {
        cpu_permille,
        ..LoadSample::default()
    };
    let mut average = LoadAverage::default();
    assert_eq!(average.get(LoadMeasure::Cpu), None);
    average.observe(sample(100.0), 0, 1_000);
    average.observe(sample(200.0), 1_000, 1_000);
    let expected = 200.0 - 100.0 / std::f64::consts::E;
    assert!((average.get(LoadMeasure::Cpu).expect("reported") - expected).abs() < 1e-9);
}

#[test]
fn an_idle_group_is_left_alone() {
    let mut state = LoadState::default();
    let base = [(1, 1.0), (2, 1.0)].into();
    assert!(!state.round(LoadMeasure::Cpu, &base, &[(1, 0.0), (2, 40.0)].into()));
    assert!(state.round(LoadMeasure::Cpu, &base, &[(1, 100.0), (2, 400.0)].into()));
    assert!(state.factor(1) > 1.0 && state.factor(2) < 1.0);
}

#[test]
fn connections_count_by_unit_of_weight() {
    let mut state = LoadState::default();
    let base = [(1, 1.0), (2, 3.0)].into();
    let even = [(1, 100.0), (2, 300.0)].into();
    assert!(!state.round(LoadMeasure::Connections, &base, &even));
    assert!(state.round(LoadMeasure::Cpu, &base, &even));
}

#[test]
fn what_the_hosts_own_is_where_a_controller_that_starts_goes_on() {
    let mut state = LoadState::default();
    let base: Shares = [(1, 1.0), (2, 3.0), (3, 1.0), (4, 0.0)].into();
    state.adopt(&base, &[(1, 500), (2, 524)].into());
    let shares: Shares = base
        .iter()
        .map(|(host, share)| (*host, share * state.factor(*host)))
        .collect();
    assert!((shares[&1] / shares[&2] - 500.0 / 524.0).abs() < 1e-9);
    assert_eq!(state.factor(3), 1.0);
}

/// Hosts of different speeds under a constant load, whose processors follow their shares with a lag, and whose reports are late.
struct Plant {
    speeds: Vec<f64>,
    shares: Vec<f64>,
    used: Vec<f64>,
    lag: f64,
}

impl Plant {
    fn advance(&mut self, seconds: f64) {
        let part = if self.lag > 0.0 {
            1.0 - (-seconds / self.lag).exp()
        } else {
            1.0
        };
        let load = 400.0 * self.speeds.len() as f64;
        for ((used, share), speed) in self.used.iter_mut().zip(&self.shares).zip(&self.speeds) {
            *used += (load * share / speed - *used) * part;
        }
    }

    fn worst(&self) -> f64 {
        let mean = self.used.iter().sum::<f64>() / self.used.len() as f64;
        self.used
            .iter()
            .map(|used| (used / mean - 1.0).abs())
            .fold(0.0, f64::max)
    }
}

proptest! {
    #[test]
    fn it_converges_without_oscillation_whatever_the_speeds_and_delays(
        speeds in prop::collection::vec(0.5f64..4.0, 2..9),
        delay in 0.0f64..10.0,
        lag in prop::sample::select(vec![0.0, 5.0, 20.0, 60.0]),
        settle in 1.0f64..8.0,
    ) {
        const TICK: f64 = 0.5;
        const REPORT: f64 = 2.0;
        let count = speeds.len();
        let hosts: Vec<HostId> = (1..=count as HostId).collect();
        let base: Shares = hosts.iter().map(|host| (*host, 1.0)).collect();
        let mut plant = Plant { shares: vec![1.0 / count as f64; count], used: vec![0.0; count], lag: 0.0, speeds };
        plant.advance(1.0);
        plant.lag = lag;
        let mut state = LoadState::default();
        let mut averages = vec![LoadAverage::default(); count];
        let mut late: VecDeque<(f64, Vec<f64>)> = VecDeque::new();
        let mut target = plant.shares.clone();
        let (mut moved_at, mut is_quiet, mut last_step) = (f64::MIN, false, 0.0);
        let mut directions = vec![0i8; count];
        let mut turns = vec![0; count];
        for tick in 1..=7200u32 {
            let now = f64::from(tick) * TICK;
            if now >= moved_at + settle {
                plant.shares.clone_from(&target);
            }
            plant.advance(TICK);
            if now % REPORT == 0.0 {
                late.push_back((now + delay, plant.used.clone()));
            }
            while late.front().is_some_and(|(at, _)| *at <= now) {
                let (_, used) = late.pop_front().expect("there is one");
                for (average, cpu_permille) in averages.iter_mut().zip(used) {
                    let sample = LoadSample { cpu_permille, ..LoadSample::default() };
                    average.observe(sample, (now * S) as u64, (INTERVAL / 4.0 * S) as u64);
                }
            }
            if now % INTERVAL != 0.0 || now < moved_at + settle {
                is_quiet &= now >= moved_at + settle;
                continue;
            }
            if !std::mem::replace(&mut is_quiet, true) {
                continue;
            }
            let loads: BTreeMap<HostId, f64> = hosts.iter().zip(&averages)
                .filter_map(|(host, average)| Some((*host, average.get(LoadMeasure::Cpu)?)))
                .collect();
            if !state.round(LoadMeasure::Cpu, &base, &loads) {
                continue;
            }
            (moved_at, is_quiet, last_step) = (now, false, now);
            let parts = normalized(&hosts.iter().map(|host| (*host, state.factor(*host))).collect());
            for (index, host) in hosts.iter().enumerate() {
                let (was, is) = (target[index], parts[host]);
                // Bounded: by a step, and another by which all factors are brought back to their mean.
                prop_assert!(is / was < STEP * STEP && was / is < STEP * STEP, "{} -> {}", was, is);
                prop_assert!(is >= LEAST_FACTOR / count as f64 * 0.99, "host {} is starved", host);
                target[index] = is;
                // Beyond the mean and back again is a turn.
                let direction = match state.deviation(*host).unwrap_or(0.0) {
                    above if above > DEAD_BAND.ln() => 1,
                    below if below < -DEAD_BAND.ln() => -1,
                    _ => 0,
                };
                if direction != 0 {
                    turns[index] += usize::from(directions[index] == -direction);
                    directions[index] = direction;
                }
            }
        }
        prop_assert!(plant.worst() <= 0.11, "{} off the mean in the end", plant.worst());
        prop_assert!(last_step <= 1800.0, "still changing after {} s", last_step);
        prop_assert!(turns.iter().all(|turns| *turns <= 2), "{:?}", turns);
    }
}
