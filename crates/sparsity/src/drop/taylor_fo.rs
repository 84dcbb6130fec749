//! First-order Taylor expansion of the loss.

use super::{Rule, Settings, Weight};
use crate::Columns;

/// Score `abs(g * w)`, lowest first; `g` is the gradient of the previous step.
///
/// Source: Molchanov et al., *Importance Estimation for Neural Network Pruning*, CVPR 2019 (there squared).
#[derive(Clone, Copy, Debug)]
pub struct TaylorFo;

impl Rule for TaylorFo {
    fn name(&self) -> &'static str {
        "taylor_fo"
    }

    fn summary(&self) -> &'static str {
        "smallest change of the loss to first order, |g * w|"
    }

    fn columns(&self) -> Columns {
        Columns { gradient: true, ..Columns::VALUES }
    }

    fn score(&self, weight: &Weight, _: &Settings) -> f64 {
        (weight.gradient * weight.value).abs()
    }
}
