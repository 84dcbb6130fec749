//! To layers of large momentum.

use super::{Rule, mean};
use crate::{Active, Columns};

/// In proportion to the mean `abs(m)` of the existing weights, `m` the optimizer's momentum.
///
/// Source: Dettmers & Zettlemoyer, *Sparse Networks from Scratch*, 2019 (SNFS).
#[derive(Clone, Copy, Debug)]
pub struct Momentum;

impl Rule for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn summary(&self) -> &'static str {
        "in proportion to the mean absolute momentum"
    }

    fn columns(&self) -> Columns {
        Columns { momentum: true, ..Columns::VALUES }
    }

    fn stat(&self, layer: &Active<'_>, _: u64) -> f64 {
        mean(layer.momentum)
    }
}
