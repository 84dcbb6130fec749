//! Deep rewiring.

use super::{Hook, Interval, Preset, STATIC};

/// Every position has a sign, drawn once. A step pulls every weight towards zero (L1) and shakes it (noise); every tenth step
/// the weights that have crossed zero go, and as many grow at random, from zero.
///
/// The paper rewires at every step; `--update-every 1` does. Signs are those of the initial weights where there are any.
///
/// Source: Bellec et al., *Deep Rewiring: Training very sparse deep networks*, ICLR 2018 (hard bound).
pub(super) const PRESET: Preset = Preset {
    name: "deepr",
    summary: "weights that cross zero are replaced at random, with L1 and noise (Bellec et al. 2018)",
    dynamic: true,
    drop: "sign_flip",
    every: Interval::Steps(10),
    hook: Hook::FixedSigns,
    ..STATIC
};
