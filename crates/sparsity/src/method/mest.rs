//! Memory-economic sparse training.

use super::{Interval, MemoryBound, Preset, STATIC};
use crate::schedule::Decay;

/// After every epoch weights are added at random, 30 % of the budget (falling to 0 by a cosine at 3/4 of training), and as many as
/// the last epoch added go: those of smallest `abs(w) + lambda abs(g)` in each layer. So a weight is trained for an epoch before it
/// has to compete (elastic mutation under the soft memory bound), and the network exceeds its density by that share until the first
/// update after 3/4 of training, which only removes. `--memory-bound hard` keeps the density: what goes is replaced at once.
///
/// Source: Yuan et al., *MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge*, NeurIPS 2021.
pub(super) const PRESET: Preset = Preset {
    name: "mest",
    summary: "random growth, an epoch later the smallest in weight and gradient go (Yuan et al. 2021)",
    dynamic: true,
    drop: "mest",
    fraction: 0.3,
    decay: Decay::Cosine,
    every: Interval::Epoch,
    until: 0.75,
    bound: MemoryBound::Soft,
    ..STATIC
};
