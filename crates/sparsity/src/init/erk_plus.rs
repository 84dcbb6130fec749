//! Erdős–Rényi-Kernel with a classifier of its own density.

use super::{Problem, Rule, erk};
use crate::{Layer, SparsityError, proportional};

/// The last linear layer has density `--fc-density` (1 by default), the others are `erk` over what is left of the budget.
///
/// Source: Liu et al., *The Unreasonable Effectiveness of Random Pruning*, ICLR 2022 (ERK+).
#[derive(Clone, Copy, Debug)]
pub struct ErkPlus;

impl Rule for ErkPlus {
    fn name(&self) -> &'static str {
        "erk_plus"
    }

    fn summary(&self) -> &'static str {
        "classifier at --fc-density, the others as erk"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let score = |layer: &Layer| erk::score(layer, problem.options);
        let Some(classifier) = problem.classifier else {
            return Ok(proportional::densities(problem, score));
        };
        if problem.density.is_dense() && problem.options.fc_density.is_dense() {
            return Ok(vec![1.0; problem.layers.len()]);
        }
        let all = problem.weights() as f64;
        let fc_density = problem.options.fc_density.get();
        let spent = fc_density * problem.layers[classifier].weights() as f64;
        let mut others: Vec<&Layer> = problem.layers.iter().collect();
        others.remove(classifier);
        let room: f64 = others.iter().map(|layer| layer.weights() as f64).sum();
        let rest = problem.density.get() * all - spent;
        if rest <= 0.0 || rest > room {
            let least = spent + others.len() as f64;
            return Err(problem.infeasible(self.name(), classifier, least, spent + room));
        }
        let mut densities = proportional::solve(&others, rest, score);
        densities.insert(classifier, fc_density);
        Ok(densities)
    }
}
