//! Largest momentum.

use super::{DenseScore, Rule};

/// Largest `abs(m)` over positions without a weight, `m` an exponential average of the dense gradient.
///
/// Source: Dettmers & Zettlemoyer, *Sparse Networks from Scratch*, 2019 (SNFS).
#[derive(Clone, Copy, Debug)]
pub struct Momentum;

impl Rule for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn summary(&self) -> &'static str {
        "largest running average of the gradient"
    }

    fn dense(&self) -> DenseScore {
        DenseScore::Momentum
    }
}
