//! Gradual pruning with zero-cost neuroregeneration.

use super::{Interval, Preset, STATIC};
use crate::drop::Scope;
use crate::schedule::{Decay, DensitySchedule};

/// Starts at density 0.5 and falls to the final one along a cubic curve, after every 1000th step and where the curve ends: epoch 110 of
/// 160. At each of these a share of what remains (0.5, falling by a cosine to 0.005) is exchanged too: smallest weights of the network
/// for largest gradients. The published code prunes over the whole network and then exchanges in each layer; here what goes is looked
/// for over the whole network both times.
///
/// Source: Liu et al., *Sparse Training via Boosting Pruning Plasticity with Neuroregeneration*, NeurIPS 2021
/// (GraNet, sparse to sparse); numbers of the published code for CIFAR.
pub(super) const PRESET: Preset = Preset {
    name: "granet",
    summary: "gradual pruning from density 0.5, with regrowth by gradient (Liu et al. 2021)",
    dynamic: true,
    scope: Scope::Global,
    grow: "gradient",
    fraction: 0.5,
    fraction_end: 0.005,
    decay: Decay::Cosine,
    every: Interval::Steps(1000),
    until: 1.0,
    density: DensitySchedule::Cubic { initial: 0.5, from: 0.0, to: 0.6875 },
    ..STATIC
};
