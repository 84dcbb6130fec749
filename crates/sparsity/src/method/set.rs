//! Sparse evolutionary training.

use super::{Interval, Preset, STATIC};

/// After every epoch 30 % of each layer's weights, half of each sign, nearest to zero, are replaced at random. Meant with
/// `er` densities. `R_s` grows by nearly 0.3 d an epoch at first.
///
/// Source: Mocanu et al., *Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
/// network science*, Nature Communications 9, 2018 (zeta = 0.3).
pub(super) const PRESET: Preset = Preset {
    name: "set",
    summary: "an epoch's smallest of each sign are replaced at random (Mocanu et al. 2018)",
    dynamic: true,
    init: Some("er"),
    drop: "set",
    fraction: 0.3,
    every: Interval::Epoch,
    ..STATIC
};
