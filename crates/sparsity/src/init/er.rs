//! Erdős–Rényi.

use super::{Problem, Rule};
use crate::{SparsityError, proportional};
use rarefy_core::WeightShape;

/// `density_l = min(1, eps * ((out + in) / (out * in))^power)`, `eps` solving the budget; the kernel's extent does not count.
/// `power` is 1 unless `--erk-power` says otherwise.
///
/// Source: Mocanu et al., *Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
/// network science*, Nature Communications 9, 2018 (SET), there for linear layers.
#[derive(Clone, Copy, Debug)]
pub struct Er;

impl Rule for Er {
    fn name(&self) -> &'static str {
        "er"
    }

    fn summary(&self) -> &'static str {
        "Erdős–Rényi: narrow layers denser, kernels not counted"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        Ok(proportional::densities(problem, |layer| {
            let WeightShape { outputs, inputs, .. } = layer.shape;
            ((outputs + inputs) as f64 / (outputs * inputs) as f64).powf(problem.options.erk_power)
        }))
    }
}
