//! Largest gradient.

use super::{DenseScore, Inactive, Rule};
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Largest `abs(g)` over positions without a weight, `g` the gradient of the loss on the batch of the update.
///
/// Source: Evci et al., *Rigging the Lottery*, ICML 2020 (RigL), section 3, grow criterion.
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
