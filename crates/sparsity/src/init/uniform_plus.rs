//! Uniform, with a dense first layer and a denser classifier.

use super::{Problem, Rule};
use crate::{Layer, SparsityError};

/// Least density of the classifier.
const CLASSIFIER: f64 = 0.2;

/// The first convolution is dense. Below a density of 0.2 the last linear layer has 0.2 and the others share the rest
/// evenly; from 0.2 on it is one of the others. (At 0.2 exactly all but the first are slightly under 0.2.)
///
/// Source: Gale, Elsen & Hooker, *The State of Sparsity in Deep Neural Networks*, 2019, as the published code of
/// Liu et al., ICLR 2022 has it, with the budget met.
#[derive(Clone, Copy, Debug)]
pub struct UniformPlus;

impl Rule for UniformPlus {
    fn name(&self) -> &'static str {
        "uniform_plus"
    }

    fn summary(&self) -> &'static str {
        "first convolution dense, classifier at least 0.2, the others alike"
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let (layers, density) = (problem.layers, problem.density.get());
        if problem.density.is_dense() {
            return Ok(vec![1.0; layers.len()]);
        }
        let all = problem.weights() as f64;
        let mut densities = vec![None; layers.len()];
        if let Some(first) = problem.first {
            densities[first] = Some(1.0);
        }
        if density < CLASSIFIER
            && let Some(classifier) = problem.classifier
        {
            densities[classifier] = Some(CLASSIFIER);
        }
        let spent = |densities: &[Option<f64>]| -> f64 {
            let spent =
                densities.iter().zip(layers).map(|(d, layer)| d.unwrap_or(0.0) * layer.weights() as f64);
            spent.sum()
        };
        let others: f64 = weights_of(layers, &densities);
        let rest = (density * all - spent(&densities)) / others;
        if others == 0.0 || rest <= 0.0 {
            // One weight for each of the others.
            let least = spent(&densities) + densities.iter().filter(|d| d.is_none()).count() as f64;
            let from_fifth = problem.first.map_or(0.0, |first| layers[first].weights() as f64)
                + (layers.len() - usize::from(problem.first.is_some())) as f64;
            let least = if least < CLASSIFIER * all { least } else { from_fifth.max(CLASSIFIER * all) };
            let layer = problem.first.or(problem.classifier).unwrap_or(0);
            return Err(problem.infeasible(self.name(), layer, least, all));
        }
        Ok(densities.into_iter().map(|density| density.unwrap_or(rest.min(1.0))).collect())
    }
}

/// Weights of the layers without a density.
fn weights_of(layers: &[Layer], densities: &[Option<f64>]) -> f64 {
    let others = layers.iter().zip(densities).filter(|(_, density)| density.is_none());
    others.map(|(layer, _)| layer.weights() as f64).sum()
}
