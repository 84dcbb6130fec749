//! Erdős–Rényi-Kernel.

use super::{Problem, Rule};
use crate::{SparsityError, proportional};

/// `density_l = min(1, eps * sum(shape) / product(shape))` over the extents of the weight tensor (four of a convolution,
/// two of a linear layer), `eps` solving the budget.
///
/// Source: Evci et al., *Rigging the Lottery: Making All Tickets Winners*, ICML 2020 (RigL), section 3.
#[derive(Clone, Copy, Debug)]
pub struct Erk;

impl Rule for Erk {
    fn name(&self) -> &'static str {
        "erk"
    }

    fn summary(&self) -> &'static str {
        "Erdős–Rényi-Kernel: layers with few weights denser, kernels counted"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        Ok(proportional::densities(problem, |layer| {
            layer.extents().iter().sum::<usize>() as f64 / layer.weights() as f64
        }))
    }
}
