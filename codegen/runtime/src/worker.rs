//! What one thread needs to send packets through pipelines.

use crate::{Integer, Packet};

/// A thread's own state: its random numbers, and scratch space that survives from packet to packet.
#[derive(Clone, Debug)]
pub struct Worker {
    random: fastrand::Rng,
    /// For a deparser's output. Cleared by whoever uses it.
    pub scratch: Vec<u8>,
    /// The packets that leave, in order, where the verdict is [`Verdict::Several`](crate::Verdict::Several). The caller drains them.
    pub outputs: Vec<Output>,
    /// What programs sent to the control plane. [`Pipeline::process`](crate::Pipeline::process) appends; the caller drains.
    pub digests: Vec<Digest>,
}

/// A packet that leaves.
#[derive(Clone, Debug)]
pub struct Output {
    /// Port number.
    pub port: u16,
    /// Its bytes.
    pub packet: Packet,
}

/// One message of a program to its control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Digest id.
    pub id: u32,
    /// By field of its schema.
    pub fields: Vec<Integer>,
}

impl Worker {
    /// A worker whose random numbers follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Worker {
            random: fastrand::Rng::with_seed(seed),
            scratch: Vec::with_capacity(256),
            outputs: Vec::new(),
            digests: Vec::new(),
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
