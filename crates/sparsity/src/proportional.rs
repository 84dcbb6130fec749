//! Densities proportional to a score, as far as no layer passes 1.

use crate::{Layer, init::Problem};

/// `min(1, eps * score_l)` with `eps` such that `sum density_l * n_l = d * N`; scores must be above 0.
///
/// `eps` is solved over the layers not yet dense; while the largest score among them would pass density 1, all layers of
/// that score become dense and `eps` is solved again.
pub(crate) fn densities(problem: &Problem<'_>, score: impl Fn(&Layer) -> f64) -> Vec<f64> {
    let scores: Vec<f64> = problem.layers.iter().map(score).collect();
    let weights: Vec<f64> = problem.layers.iter().map(|layer| layer.weights() as f64).collect();
    let mut dense = vec![problem.density.is_dense(); scores.len()];
    let mut budget = problem.density.get() * problem.weights() as f64;
    loop {
        let sparse = || (0..scores.len()).filter(|&layer| !dense[layer]);
        let eps = budget / sparse().map(|layer| scores[layer] * weights[layer]).sum::<f64>();
        let largest = sparse().map(|layer| scores[layer]).fold(0.0, f64::max);
        if largest == 0.0 || eps * largest <= 1.0 {
            let density = |layer: usize| if dense[layer] { 1.0 } else { eps * scores[layer] };
            return (0..scores.len()).map(density).collect();
        }
        for layer in 0..scores.len() {
            if !dense[layer] && scores[layer] == largest {
                dense[layer] = true;
                budget -= weights[layer];
            }
        }
    }
}
