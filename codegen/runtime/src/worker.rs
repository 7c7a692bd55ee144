//! What one thread needs to send packets through pipelines.

/// A thread's own state: its random numbers, and scratch space that survives from packet to packet.
#[derive(Clone, Debug)]
pub struct Worker {
    random: fastrand::Rng,
    /// For a deparser's output. Cleared by whoever uses it.
    pub scratch: Vec<u8>,
}

impl Worker {
    /// A worker whose random numbers follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Worker {
            random: fastrand::Rng::with_seed(seed),
            scratch: Vec::with_capacity(256),
        }
    }

    /// Uniform in `low..=high`; `low` if `high` is less.
    #[inline]
    pub fn random(&mut self, low: u64, high: u64) -> u64 {
        if low < high {
            self.random.u64(low..=high)
        } else {
            low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_stay_in_range_and_follow_from_the_seed() {
        let mut worker = Worker::seeded(7);
        let drawn: Vec<u64> = (0..1000).map(|_| worker.random(3, 6)).collect();
        assert!(
            (3..=6).all(|value| drawn.contains(&value))
                && drawn.iter().all(|value| (3..=6).contains(value))
        );
        let mut again = Worker::seeded(7);
        assert!(drawn.iter().all(|value| *value == again.random(3, 6)));
        assert_eq!(worker.random(5, 2), 5);
    }
}
