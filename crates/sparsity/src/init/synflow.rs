//! Synaptic flow.

use super::Rule;
use crate::saliency::{Need, Saliency};

/// Score `abs(w * dR/dw)`, `R` the output of the network of absolute values for an image of ones; rescored in every round.
///
/// Source: Tanaka et al., *Pruning neural networks without any data by iteratively conserving synaptic flow*, NeurIPS 2020.
#[derive(Clone, Copy, Debug)]
pub struct Synflow;

impl Rule for Synflow {
    fn name(&self) -> &'static str {
        "synflow"
    }

    fn summary(&self) -> &'static str {
        "share of the largest |w dR/dw| without data, in --saliency-rounds rounds"
    }

    fn saliency(&self) -> Option<Saliency> {
        Some(Saliency {
            need: Need::AbsLinear,
            score: |weight, derivative| (weight * derivative).abs(),
            iterative: true,
        })
    }
}
