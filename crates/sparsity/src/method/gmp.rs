//! Gradual magnitude pruning.

use super::{Preset, STATIC};
use crate::drop::Scope;
use crate::schedule::DensitySchedule;

/// Starts dense; from a tenth to three quarters of training the smallest weights of the whole network go every 100 steps, along
/// a cubic curve, and nothing grows. The final density is exact from then on. `R_s` is 1.
///
/// Source: Zhu & Gupta, *To prune, or not to prune*, 2017; Gale et al., *The State of Sparsity*, 2019.
pub(super) const PRESET: Preset = Preset {
    name: "gmp",
    summary: "dense at first, the network's smallest weights go along a cubic curve (Zhu & Gupta 2017)",
    dynamic: true,
    scope: Scope::Global,
    until: 0.75,
    density: DensitySchedule::Cubic { initial: 1.0, from: 0.1, to: 0.75 },
    ..STATIC
};
