//! Erdős–Rényi-Kernel.

use super::{Problem, Rule};
use crate::{Layer, Options, SparsityError, proportional};

/// `density_l = min(1, eps * (sum(shape) / product(shape))^power)` over the extents of the weight tensor (four of a
/// convolution, two of a linear layer), `eps` solving the budget; `power` is 1 unless `--erk-power` says otherwise.
///
/// Source: Evci et al., *Rigging the Lottery: Making All Tickets Winners*, ICML 2020 (RigL).
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
        Ok(proportional::densities(problem, |layer| score(layer, problem.options)))
    }
}

/// `(sum(shape) / product(shape))^power`.
pub(super) fn score(layer: &Layer, options: &Options) -> f64 {
    (layer.extents().iter().sum::<usize>() as f64 / layer.weights() as f64).powf(options.erk_power)
}
