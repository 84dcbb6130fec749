//! Gradual pruning with zero-cost neuroregeneration.

use super::{Interval, Order, Preset, STATIC};
use crate::drop::Scope;
use crate::schedule::{Decay, DensitySchedule};

/// Starts at density 0.5 and falls to the final one along a cubic curve until half of training, every 1000 steps (and where
/// the curve ends); at each of these a share of what remains (0.5, falling by a cosine) is exchanged too: smallest weights of
/// the network for largest gradients.
///
/// Source: Liu et al., *Sparse Training via Boosting Pruning Plasticity with Neuroregeneration*, NeurIPS 2021
/// (GraNet, sparse to sparse).
pub(super) const PRESET: Preset = Preset {
    name: "granet",
    summary: "gradual pruning from density 0.5, with regrowth by gradient (Liu et al. 2021)",
    dynamic: true,
    scope: Scope::Global,
    grow: "gradient",
    fraction: 0.5,
    decay: Decay::Cosine,
    every: Interval::Steps(1000),
    until: 0.75,
    order: Order::Replace,
    density: DensitySchedule::Cubic { initial: 0.5, from: 0.0, to: 0.5 },
    ..STATIC
};
