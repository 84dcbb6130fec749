//! To layers of large weights.

use super::{Rule, mean};
use crate::Active;

/// In proportion to the mean `abs(w)` of the existing weights.
///
/// Source: the published code of Liu et al., ICLR 2022; the idea is that of Mostafa & Wang, *Parameter Efficient Training of Deep
/// Convolutional Neural Networks by Dynamic Sparse Reparameterization*, ICML 2019.
#[derive(Clone, Copy, Debug)]
pub struct Magnitude;

impl Rule for Magnitude {
    fn name(&self) -> &'static str {
        "magnitude"
    }

    fn summary(&self) -> &'static str {
        "in proportion to the mean absolute weight"
    }

    fn stat(&self, layer: &Active<'_>, _: u64) -> f64 {
        mean(layer.values)
    }
}
