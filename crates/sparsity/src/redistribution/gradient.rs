//! To layers of large gradients.

use super::{Rule, mean};
use crate::{Active, Columns};

/// In proportion to the mean `abs(g)` of the existing weights, `g` the gradient of the previous step.
#[derive(Clone, Copy, Debug)]
pub struct Gradient;

impl Rule for Gradient {
    fn name(&self) -> &'static str {
        "gradient"
    }

    fn summary(&self) -> &'static str {
        "in proportion to the mean absolute gradient"
    }

    fn columns(&self) -> Columns {
        Columns { gradient: true, ..Columns::VALUES }
    }

    fn stat(&self, layer: &Active<'_>, _: u64) -> f64 {
        mean(layer.gradient)
    }
}
