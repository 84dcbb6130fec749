//! The same density everywhere.

use super::{Problem, Rule};
use crate::SparsityError;

/// `density_l = d` for every layer, the first convolution and the classifier included.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

impl Rule for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn summary(&self) -> &'static str {
        "the same density in every layer"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        Ok(vec![problem.density.get(); problem.layers.len()])
    }
}
