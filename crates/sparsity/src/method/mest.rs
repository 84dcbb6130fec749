//! Memory-economic sparse training.

use super::{Interval, Preset, STATIC};
use crate::schedule::Decay;

/// After every epoch 30 % (falling to 0 by a cosine at 3/4 of training) of each layer's weights of smallest
/// `abs(w) + lambda abs(g)` are replaced at random: elastic mutation under the hard memory bound. The paper's soft bound, which
/// exceeds the budget between growth and drop, is not kept: the density is exact after every update.
///
/// Source: Yuan et al., *MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge*, NeurIPS 2021.
pub(super) const PRESET: Preset = Preset {
    name: "mest",
    summary: "smallest in weight and gradient replaced at random (Yuan et al. 2021)",
    dynamic: true,
    drop: "mest",
    fraction: 0.3,
    decay: Decay::Cosine,
    every: Interval::Epoch,
    until: 0.75,
    ..STATIC
};
