//! Random pruning at initialization.

use super::{Preset, STATIC};

/// Nothing moves. `R_s` is the density.
///
/// Source: Liu et al., *The Unreasonable Effectiveness of Random Pruning*, ICLR 2022.
pub(super) const PRESET: Preset = STATIC;
