//! Magnitude and gradient together.

use super::{Rule, Settings, Weight};
use crate::Columns;

/// Score `abs(w) + lambda * abs(g)`, lowest first; `g` is the gradient of the previous step.
///
/// Source: Yuan et al., *MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge*, NeurIPS 2021
/// (weight importance of the elastic mutation).
#[derive(Clone, Copy, Debug)]
pub struct Mest;

impl Rule for Mest {
    fn name(&self) -> &'static str {
        "mest"
    }

    fn summary(&self) -> &'static str {
        "smallest |w| + lambda |g|"
    }

    fn columns(&self) -> Columns {
        Columns { gradient: true, ..Columns::VALUES }
    }

    fn score(&self, weight: &Weight, settings: &Settings) -> f64 {
        weight.value.abs() + settings.lambda * weight.gradient.abs()
    }
}
