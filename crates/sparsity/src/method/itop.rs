//! In-time over-parameterization, as the published code trains without `--fix`.

use super::{Preset, STATIC};
use crate::schedule::Decay;

/// Every 100 steps half (falling to 0.005 by a cosine) of the smallest weights are replaced at random, after the optimizer's
/// step: the defaults of the published CIFAR code. `R_s` approaches 1 in long runs.
///
/// Source: Liu et al., *Do We Actually Need Dense Over-Parameterization?*, ICML 2021, and the code of Liu et al.,
/// ICLR 2022.
pub(super) const PRESET: Preset = Preset {
    name: "itop",
    summary: "smallest replaced at random every 100 steps, the published dynamic training (Liu et al. 2021)",
    dynamic: true,
    fraction: 0.5,
    fraction_end: 0.005,
    decay: Decay::Cosine,
    ..STATIC
};
