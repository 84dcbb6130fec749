//! Rigging the lottery.

use super::{Order, Preset, STATIC};
use crate::schedule::Decay;

/// Every 100 steps, in place of the optimizer's step, 30 % (falling to 0 by a cosine at 3/4 of training) of each layer's
/// smallest weights are replaced where the gradient of the loss is largest. Meant with `erk` densities. `R_s` ends at two to
/// four times the density.
///
/// Source: Evci et al., *Rigging the Lottery: Making All Tickets Winners*, ICML 2020.
pub(super) const PRESET: Preset = Preset {
    name: "rigl",
    summary: "smallest replaced where the gradient is largest, every 100 steps (Evci et al. 2020)",
    dynamic: true,
    grow: "gradient",
    fraction: 0.3,
    decay: Decay::Cosine,
    until: 0.75,
    order: Order::Replace,
    ..STATIC
};
