//! Chance, from one seed.

use super::queue::Micros;

/// Draws what is random in a simulation.
#[derive(Clone, Debug)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// All draws follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Dice(fastrand::Rng::with_seed(seed))
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Uniform in `low..=high`.
    pub fn between(&mut self, low: Micros, high: Micros) -> Micros {
        self.0.u64(low..=high.max(low))
    }

    /// Exponentially distributed.
    pub fn exponential(&mut self, mean: Micros) -> Micros {
        (-(1.0 - self.0.f64()).ln() * mean as f64) as Micros
    }

    /// Any 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.0.u32(..)
    }
}
