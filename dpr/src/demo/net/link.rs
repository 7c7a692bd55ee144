//! Links in memory: each delays frames, and may lose and reorder them.

use fastrand::Rng;

/// What a link does to the frames on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// The share of frames that are lost, 0 to 1.
    pub loss: f64,
    /// Whether some frames are held back, so that later ones overtake them.
    pub reorder: bool,
}

impl Conditions {
    /// How many times longer TCP takes for what is said once and must be heard: on links that lose frames a handshake takes 3 s
    /// more when its SYN-ACK is lost twice, and so does a last FIN. What waits for such waits so much longer.
    pub fn slowness(&self) -> u32 {
        if self.loss > 0.0 { 4 } else { 1 }
    }
}

/// One in so many frames is held back on a link that reorders.
const HELD_BACK_ONE_IN: u32 = 16;
/// The longest that a frame is held back.
const HELD_BACK_AT_MOST_US: u64 = 4_000;

/// A link between two ports.
#[derive(Debug)]
pub struct Link {
    /// How long a frame takes.
    pub delay_us: u64,
    /// What else becomes of frames.
    pub conditions: Conditions,
    /// A cut link carries nothing.
    pub is_cut: bool,
}

impl Link {
    /// How long a frame sent now takes; nothing if it does not arrive.
    pub fn carry(&self, rng: &mut Rng) -> Option<u64> {
        if self.is_cut || (self.conditions.loss > 0.0 && rng.f64() < self.conditions.loss) {
            return None;
        }
        let mut delay_us = self.delay_us;
        if self.conditions.reorder && rng.u32(..HELD_BACK_ONE_IN) == 0 {
            delay_us += rng.u64(100..=HELD_BACK_AT_MOST_US);
        }
        Some(delay_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(conditions: Conditions) -> Link {
        Link {
            delay_us: 50,
            conditions,
            is_cut: false,
        }
    }

    #[test]
    fn a_clean_link_only_delays() {
        let mut rng = Rng::with_seed(1);
        let link = link(Conditions::default());
        assert!((0..1000).all(|_| link.carry(&mut rng) == Some(50)));
    }

    #[test]
    fn a_lossy_link_loses_about_its_share() {
        let mut rng = Rng::with_seed(1);
        let link = link(Conditions {
            loss: 0.1,
            reorder: false,
        });
        let lost = (0..10_000)
            .filter(|_| link.carry(&mut rng).is_none())
            .count();
        assert!((800..1200).contains(&lost), "{lost} of 10,000");
    }

    #[test]
    fn a_reordering_link_holds_some_back() {
        let mut rng = Rng::with_seed(1);
        let link = link(Conditions {
            loss: 0.0,
            reorder: true,
        });
        let held = (0..1600)
            .filter(|_| link.carry(&mut rng).is_some_and(|delay| delay > 50))
            .count();
        assert!((50..200).contains(&held), "{held} of 1,600");
    }

    #[test]
    fn a_cut_link_carries_nothing() {
        let link = Link {
            is_cut: true,
            ..link(Conditions::default())
        };
        assert_eq!(link.carry(&mut Rng::with_seed(1)), None);
    }
}
