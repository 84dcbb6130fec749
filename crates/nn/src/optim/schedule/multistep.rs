//! Steps down at milestones.

use super::Decay;

pub(super) const DECAY: Decay = Decay {
    name: "multistep",
    summary: "multiplied by gamma at each milestone (an epoch, counted from 0 with the warm-up)",
    factor: |schedule, epoch| multistep(&schedule.milestones, schedule.gamma, epoch),
};

/// `gamma` to the number of milestones at or before `epoch`; a milestone inside the warm-up counts after it.
fn multistep(milestones: &[usize], gamma: f64, epoch: usize) -> f64 {
    milestones.iter().filter(|&&milestone| milestone <= epoch).map(|_| gamma).product()
}

/// The published milestones of a run of `epochs * multiplier`: `floor(epochs / 2)` and `floor(3 epochs / 4)`, each times
/// `multiplier`.
pub fn half_and_three_quarters(epochs: usize, multiplier: usize) -> [usize; 2] {
    [epochs / 2, 3 * epochs / 4].map(|milestone| milestone * multiplier)
}
