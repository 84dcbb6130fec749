//! Largest momentum.

use super::{DenseScore, Inactive, Rule};
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Largest `abs(m)` over positions without a weight, `m` an exponential average of the dense gradient.
///
/// Source: Dettmers & Zettlemoyer, *Sparse Networks from Scratch*, 2019 (SNFS), section 3.
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

    fn choose(
        &self,
        layer: &Inactive<'_>,
        count: usize,
        _: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        layer.largest(self.name(), count, scratch)
    }
}
