//! Connection sensitivity.

use super::Rule;
use crate::saliency::{Need, Saliency};

/// Score `abs(g * w)`, `g` the gradient of the mean loss over `--samples-per-class` samples of each class.
///
/// Source: Lee, Ajanthan & Torr, *SNIP: Single-shot Network Pruning based on Connection Sensitivity*, ICLR 2019.
#[derive(Clone, Copy, Debug)]
pub struct Snip;

impl Rule for Snip {
    fn name(&self) -> &'static str {
        "snip"
    }

    fn summary(&self) -> &'static str {
        "share of the largest |g w|, the effect on the loss"
    }

    fn saliency(&self) -> Option<Saliency> {
        Some(Saliency {
            need: Need::Gradient,
            score: |weight, gradient| (gradient * weight).abs(),
            iterative: false,
        })
    }
}
