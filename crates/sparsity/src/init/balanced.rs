//! The same number of weights everywhere.

use super::{Problem, Rule};
use crate::{Layer, SparsityError};

/// Every layer keeps `min(n_l, k)` weights; `k` solves the budget.
///
/// Source: Gadhikar, Mukherjee & Burkholz, *Why Random Pruning Is All We Need to Start Sparse*, ICML 2023
/// (balanced ratios).
#[derive(Clone, Copy, Debug)]
pub struct Balanced;

impl Rule for Balanced {
    fn name(&self) -> &'static str {
        "balanced"
    }

    fn summary(&self) -> &'static str {
        "the same number of weights in every layer, small ones dense"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let weights: Vec<f64> =
            problem.layers.iter().map(Layer::weights).map(|weights| weights as f64).collect();
        if problem.density.is_dense() {
            return Ok(vec![1.0; weights.len()]);
        }
        let mut ascending = weights.clone();
        ascending.sort_by(f64::total_cmp);
        let mut budget = problem.density.get() * problem.weights() as f64;
        let mut each = 0.0;
        for (index, &smallest) in ascending.iter().enumerate() {
            each = budget / (ascending.len() - index) as f64;
            if each < smallest {
                break;
            }
            budget -= smallest;
        }
        Ok(weights.iter().map(|&weights| (each / weights).min(1.0)).collect())
    }
}
