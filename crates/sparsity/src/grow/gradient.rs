//! Largest gradient.

use super::{DenseScore, Rule};

/// Largest `abs(g)` over positions without a weight, `g` the gradient of the loss on the batch of the update.
///
/// Source: Evci et al., *Rigging the Lottery*, ICML 2020 (RigL), grow criterion.
#[derive(Clone, Copy, Debug)]
pub struct Gradient;

impl Rule for Gradient {
    fn name(&self) -> &'static str {
        "gradient"
    }

    fn summary(&self) -> &'static str {
        "largest gradient of the loss"
    }

    fn dense(&self) -> DenseScore {
        DenseScore::Gradient
    }
}
