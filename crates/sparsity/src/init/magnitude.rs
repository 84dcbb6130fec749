//! Magnitude at initialization.

use super::Rule;
use crate::saliency::{Need, Saliency};

/// Score `abs(w)` of the initial weights.
///
/// Source: the published code of Liu et al., ICLR 2022 (`global_magnitude`); Frankle et al., *Pruning Neural Networks at
/// Initialization: Why Are We Missing the Mark?*, ICLR 2021.
#[derive(Clone, Copy, Debug)]
pub struct Magnitude;

impl Rule for Magnitude {
    fn name(&self) -> &'static str {
        "magnitude"
    }

    fn summary(&self) -> &'static str {
        "share of the largest |w|"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["global_magnitude"]
    }

    fn saliency(&self) -> Option<Saliency> {
        Some(Saliency { need: Need::Magnitude, score: |weight, _| weight.abs(), iterative: false })
    }
}
