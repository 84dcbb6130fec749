//! Sparse momentum.

use super::{Interval, Preset, STATIC};
use crate::schedule::Decay;

/// After every epoch half (falling to 0 by a cosine) of each layer's smallest weights go; layers share what regrows by the
/// mean momentum of their weights, each where a running average of the dense gradient is largest. Every step pays for a dense
/// weight gradient. Layer densities drift away from those drawn.
///
/// Source: Dettmers & Zettlemoyer, *Sparse Networks from Scratch: Faster Training without Losing Performance*, 2019.
pub(super) const PRESET: Preset = Preset {
    name: "snfs",
    summary: "smallest replaced where a running average of the gradient is largest (Dettmers & Zettlemoyer 2019)",
    dynamic: true,
    grow: "momentum",
    redistribution: "momentum",
    fraction: 0.5,
    decay: Decay::Cosine,
    every: Interval::Epoch,
    ..STATIC
};
