//! Thinner layer by layer.

use super::{Problem, Rule};
use crate::{Layer, SparsityError};

/// `density_l = p^l` for `l = 1..L` in forward order; `p` solves the budget.
///
/// Source: Gadhikar, Mukherjee & Burkholz, *Why Random Pruning Is All We Need to Start Sparse*, ICML 2023
/// (pyramidal ratios).
#[derive(Clone, Copy, Debug)]
pub struct Pyramidal;

impl Rule for Pyramidal {
    fn name(&self) -> &'static str {
        "pyramidal"
    }

    fn summary(&self) -> &'static str {
        "p^l in layer l: dense at the input, thinner towards the output"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let budget = problem.density.get() * problem.weights() as f64;
        // Never 0, however deep the network.
        let density = |p: f64, index: usize| p.powi(index as i32 + 1).max(f64::MIN_POSITIVE);
        let spent = |p: f64| -> f64 {
            let spent = |(index, layer): (usize, &Layer)| density(p, index) * layer.weights() as f64;
            problem.layers.iter().enumerate().map(spent).sum()
        };
        let (mut low, mut high) = (0.0, 1.0);
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if spent(middle) < budget {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok((0..problem.layers.len()).map(|index| density(high, index)).collect())
    }
}
